/* Sending, blocking, queueing and handling of signals; interrupted calls; FP state across handlers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fenv.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int count;
static volatile double sum;
static int pipe_ends[2];

static void count_it(int signal) {
  (void)signal;
  count++;
}

/* Uses every kind of FP register and changes the modes. */
static void spoil(int signal) {
  (void)signal;
  long double x = 1.5L;
  for (int i = 0; i < 10; i++) x *= 1.1L;
  sum = (double)x;
  for (int i = 0; i < 8; i++) sum += i * sum;
  fesetround(FE_UPWARD);
}

static void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(signal, &action, NULL);
}

static const char *result(long value) {
  static char text[64];
  snprintf(text, sizeof text, "%ld %s", value, value < 0 ? strerrorname_np(errno) : "");
  return text;
}

static void set_alarm(int first_us, int interval_us) {
  struct itimerval timer = {{0, interval_us}, {0, first_us}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

static void fp_state(void) {
  long double pi;
  handle(SIGUSR1, spoil, 0);
  fesetround(FE_DOWNWARD);
  asm volatile("fldpi");
  raise(SIGUSR1);
  asm volatile("fstpt %0" : "=m"(pi));
  printf("pi %.17Lf, rounding kept %d\n", pi, fegetround() == FE_DOWNWARD);
  fesetround(FE_TONEAREST);
}

static void queues(void) {
  sigset_t set, old;
  siginfo_t info;
  struct timespec no_time = {0, 0};
  int signal;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigaddset(&set, SIGRTMIN + 1);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, &old);
  for (int i = 0; i < 3; i++) {
    union sigval value = {.sival_int = i};
    sigqueue(getpid(), SIGRTMIN + 1, value);
    sigqueue(getpid(), SIGRTMIN, value);
    kill(getpid(), SIGUSR1);
  }
  while ((signal = sigtimedwait(&set, &info, &no_time)) > 0)
    printf("took %s code %d value %d, from here %d\n", sigabbrev_np(signal) ? sigabbrev_np(signal) : "RT", info.si_code,
           info.si_code == SI_QUEUE ? info.si_value.sival_int : -1, info.si_pid == getpid());
  printf("then %s\n", result(signal));
  sigprocmask(SIG_SETMASK, &old, NULL);
}

static void interrupted(void) {
  char byte;
  struct pollfd wait = {.fd = pipe_ends[0], .events = POLLIN};
  struct timespec second = {1, 0}, left = {0, 0};
  handle(SIGALRM, count_it, 0);
  set_alarm(20000, 0);
  printf("read %s\n", result(read(pipe_ends[0], &byte, 1)));
  handle(SIGALRM, count_it, SA_RESTART);
  set_alarm(20000, 20000);
  printf("poll %s\n", result(poll(&wait, 1, 1000)));
  printf("nanosleep %s", result(nanosleep(&second, &left)));
  printf(", most of it left %d\n", left.tv_sec == 0 && left.tv_nsec > 700000000);
  set_alarm(0, 0);
}

static void masks(void) {
  sigset_t set, old, none;
  struct timespec second = {1, 0};
  struct pollfd wait = {.fd = pipe_ends[0], .events = POLLIN};
  sigemptyset(&none);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, &old);
  handle(SIGUSR1, count_it, 0);
  count = 0;
  raise(SIGUSR1);
  printf("blocked %d\n", count);
  printf("sigsuspend %s", result(sigsuspend(&none)));
  printf(", count %d\n", count);
  raise(SIGUSR1);
  printf("ppoll %s", result(ppoll(&wait, 1, &second, &none)));
  printf(", count %d\n", count);
  sigprocmask(0, NULL, &set);
  printf("blocked again %d\n", sigismember(&set, SIGUSR1));
  sigprocmask(SIG_SETMASK, &old, NULL);
}

static void *wait_for_usr2(void *set) {
  int signal;
  sigwait(set, &signal);
  printf("thread got %s\n", sigabbrev_np(signal));
  return NULL;
}

static void said_goodbye(void *what) {
  printf("cleanup %s\n", (char *)what);
}

static void *wait_for_ever(void *unused) {
  char byte;
  pthread_cleanup_push(said_goodbye, "of the cancelled thread");
  if (read(pipe_ends[0], &byte, 1) == 1) return unused;
  pthread_cleanup_pop(0);
  return NULL;
}

static void threads(void) {
  pthread_t thread;
  sigset_t set;
  void *value;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  pthread_create(&thread, NULL, wait_for_usr2, &set);
  pthread_kill(thread, SIGUSR2);
  pthread_join(thread, NULL);
  pthread_create(&thread, NULL, wait_for_ever, NULL);
  usleep(10000);
  pthread_cancel(thread);
  pthread_join(thread, &value);
  printf("cancelled %d\n", value == PTHREAD_CANCELED);
}

static void errors(void) {
  struct sigaction action;
  stack_t stack = {.ss_sp = &action, .ss_size = 100};
  printf("sigaction SIGKILL %s\n", result(sigaction(SIGKILL, &(struct sigaction){.sa_handler = count_it}, NULL)));
  printf("sigaction 65 %s\n", result(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8)));
  printf("sigaction size %s\n", result(syscall(SYS_rt_sigaction, 1, NULL, NULL, 4)));
  printf("sigprocmask how %s\n", result(syscall(SYS_rt_sigprocmask, 9, &stack, NULL, 8)));
  printf("kill nobody %s\n", result(kill(99999999, 0)));
  printf("tgkill wrong group %s\n", result(syscall(SYS_tgkill, getpid() + 1, getpid(), 0)));
  printf("small stack %s\n", result(sigaltstack(&stack, NULL)));
  handle(SIGUSR1, count_it, SA_RESETHAND);
  raise(SIGUSR1);
  sigaction(SIGUSR1, NULL, &action);
  printf("reset %d\n", action.sa_handler == SIG_DFL);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  if (pipe(pipe_ends) != 0) return 1;
  fp_state();
  queues();
  interrupted();
  masks();
  threads();
  errors();
  abort();
}
