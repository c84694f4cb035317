/* Reading the clock, as glibc does it (vDSO). usage: clock [calls]; prints the nanoseconds of one call. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv) {
  long calls = argc > 1 ? atol(argv[1]) : 1000000;
  struct timespec first, last;
  clock_gettime(CLOCK_MONOTONIC, &first);
  for (long i = 0; i < calls; i++) clock_gettime(CLOCK_MONOTONIC, &last);
  printf("%.1f\n", ((last.tv_sec - first.tv_sec) * 1e9 + (last.tv_nsec - first.tv_nsec)) / calls);
  return 0;
}
