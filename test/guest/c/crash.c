/* Dies three calls deep in a handler of SIGUSR1: its crash report has a signal frame in the backtrace. */
#include <signal.h>
#include <stdlib.h>

static int *volatile nowhere;
static volatile int calls;

__attribute__((noinline)) static void store_nowhere(int value) {
  *nowhere = value;
  abort();
}

__attribute__((noinline)) static void handler(int signal) {
  store_nowhere(signal);
  calls++;
}

__attribute__((noinline)) static int comparing(const void *a, const void *b) {
  raise(SIGUSR1);
  return *(const char *)a - *(const char *)b;
}

int main(void) {
  char letters[] = "cab";
  signal(SIGUSR1, handler);
  qsort(letters, 3, 1, comparing);
  return letters[0];
}
