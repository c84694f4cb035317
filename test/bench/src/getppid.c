/* Round trip of a system call that does next to nothing. usage: getppid [calls]; prints the nanoseconds of one call. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv) {
  long calls = argc > 1 ? atol(argv[1]) : 1000000;
  double start = now_ns();
  for (long i = 0; i < calls; i++) syscall(SYS_getppid);
  printf("%.1f\n", (now_ns() - start) / calls);
  return 0;
}
