/* Says that it is there, then sleeps for good. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
  puts("idle");
  fflush(stdout);
  for (;;) pause();
}
