/* Preloaded into a program that starts one worker process: the worker runs in the program's own place. */
#include <sys/types.h>

pid_t fork(void) { return 0; }
