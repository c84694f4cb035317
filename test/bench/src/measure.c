/*
 * Runs a program and says what it cost.
 * usage: measure REPORT LIMIT_S PROGRAM [ARGS...]
 * Writes "wall_ns user_us system_us max_rss_kb status" to the file REPORT; the times are those of the program and of the
 * children it waited for. Status is 128+n for signal n; a program that runs longer than the limit is killed with its
 * process group.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void on_alarm(int signal) {
  (void)signal;
  kill(-child, SIGKILL);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  child = fork();
  if (child < 0) return 2;
  if (child == 0) {
    setpgid(0, 0);
    execv(argv[3], argv + 3);
    _exit(127);
  }
  setpgid(child, child);
  signal(SIGALRM, on_alarm);
  alarm((unsigned)atoi(argv[2]));
  int status;
  struct rusage usage;
  while (wait4(child, &status, 0, &usage) < 0)
    if (errno != EINTR) return 2;
  clock_gettime(CLOCK_MONOTONIC, &end);
  FILE *report = fopen(argv[1], "w");
  if (!report) return 2;
  fprintf(report, "%lld %lld %lld %ld %d\n", (end.tv_sec - start.tv_sec) * 1000000000LL + (end.tv_nsec - start.tv_nsec),
          usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec,
          usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec, usage.ru_maxrss,
          WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  return fclose(report) ? 2 : 0;
}
