/* A tour of what a program sees: arguments, environment, system, memory, processor and files. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void heading(const char *text) { printf("\n== %s ==\n", text); }

static void show_arguments(int argc, char **argv) {
  heading("arguments");
  for (int i = 0; i < argc; i++) printf("argv[%d] = %s\n", i, argv[i]);
}

static void show_environment(void) {
  heading("environment");
  for (char **entry = environ; *entry; entry++) printf("%s\n", *entry);
}

static void show_system(void) {
  struct utsname system;
  char directory[4096];
  heading("system");
  uname(&system);
  printf("%s %s on %s, host name %s\n", system.sysname, system.release, system.machine, system.nodename);
  printf("process %d, user %d, group %d\n", (int)getpid(), (int)getuid(), (int)getgid());
  printf("working directory %s\n", getcwd(directory, sizeof directory) ? directory : "?");
  printf("standard input is %s\n", isatty(0) ? "a terminal" : "not a terminal");
}

static void show_memory(void) {
  struct sysinfo info;
  const size_t size = 16 << 20;
  heading("memory");
  if (sysinfo(&info) == 0) {
    printf("total %lu MiB, free %lu MiB\n", (unsigned long)(info.totalram / 1048576 * info.mem_unit),
           (unsigned long)(info.freeram / 1048576 * info.mem_unit));
  }
  char *block = malloc(size);
  if (block) {
    memset(block, 0x5a, size);
    printf("filled %zu MiB at %p\n", size >> 20, (void *)block);
    free(block);
  }
}

/* Counts primes, so that there is some time to measure. */
static void show_processor(void) {
  struct timespec begin, end;
  int primes = 0;
  heading("processor");
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (int n = 2; n < 20000; n++) {
    int is_prime = 1;
    for (int d = 2; d * d <= n && is_prime; d++) is_prime = n % d != 0;
    primes += is_prime;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  long ms = (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
  printf("%d primes below 20000, found in %ld ms\n", primes, ms);
}

static void show_files(const char *path) {
  DIR *directory = opendir(path);
  heading("files");
  if (!directory) {
    perror(path);
    return;
  }
  for (struct dirent *entry; (entry = readdir(directory));) {
    char name[4096];
    struct stat status;
    if (entry->d_name[0] == '.') continue;
    snprintf(name, sizeof name, "%s/%s", strcmp(path, "/") ? path : "", entry->d_name);
    if (lstat(name, &status) == 0)
      printf("%c %10lld  %s\n", S_ISDIR(status.st_mode) ? 'd' : S_ISLNK(status.st_mode) ? 'l' : '-',
             (long long)status.st_size, name);
  }
  closedir(directory);
}

int main(int argc, char **argv) {
  show_arguments(argc, argv);
  show_environment();
  show_system();
  show_memory();
  show_processor();
  show_files(argc > 1 ? argv[1] : "/");
  return 0;
}
