/* The smallest useful program: shows that an instance boots and runs. */
#include <stdio.h>
#include <sys/utsname.h>

int main(void) {
  struct utsname system;
  uname(&system);
  printf("Hello from an unmodified %s program on %s!\n", system.machine, system.sysname);
  return 0;
}
