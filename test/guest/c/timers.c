/* Clocks, sleeping, interval timers and POSIX timers. Only what holds on any machine is printed. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static sem_t semaphore;
static volatile int hits;
static volatile long spins;

static void hit(int signal) {
  (void)signal;
  hits++;
}

static void notified(union sigval value) {
  hits += value.sival_int;
  sem_post(&semaphore);
}

static double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void spin_for(clockid_t clock, double seconds) {
  double start = now(clock);
  /* Reading a CPU clock is system time: most of it must be the loop's own. */
  while (now(clock) - start < seconds)
    for (int i = 0; i < 20000; i++) spins++;
}

static void show_clock(const char *name, clockid_t clock) {
  struct timespec first, second, resolution = {0, 0};
  int read = clock_gettime(clock, &first);
  int asked = clock_getres(clock, &resolution);
  clock_gettime(clock, &second);
  int forward = second.tv_sec > first.tv_sec || (second.tv_sec == first.tv_sec && second.tv_nsec >= first.tv_nsec);
  printf("%s: %d %d, forward %d, resolution %ld\n", name, read, asked, read != 0 || forward, resolution.tv_nsec);
}

static void clocks(void) {
  clockid_t clock;
  struct timeval day;
  struct timex adjust = {0};
  show_clock("realtime", CLOCK_REALTIME);
  show_clock("monotonic", CLOCK_MONOTONIC);
  show_clock("process", CLOCK_PROCESS_CPUTIME_ID);
  show_clock("thread", CLOCK_THREAD_CPUTIME_ID);
  show_clock("raw", CLOCK_MONOTONIC_RAW);
  show_clock("boot", CLOCK_BOOTTIME);
  show_clock("tai", CLOCK_TAI);
  show_clock("none", 12);
  clock_getcpuclockid(getpid(), &clock);
  show_clock("own process", clock);
  pthread_getcpuclockid(pthread_self(), &clock);
  show_clock("own thread", clock);
  gettimeofday(&day, NULL);
  printf("time of day %d\n", time(NULL) - day.tv_sec <= 1);
  printf("adjtimex %d %ld\n", adjtimex(&adjust) >= 0, adjust.tick);
}

static void sleeping(void) {
  struct timespec time = {0, 20000000};
  double start = now(CLOCK_MONOTONIC);
  clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
  printf("slept %d\n", now(CLOCK_MONOTONIC) - start >= 0.02);
  clock_gettime(CLOCK_REALTIME, &time);
  time.tv_sec++;
  start = now(CLOCK_MONOTONIC);
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, NULL);
  double slept = now(CLOCK_MONOTONIC) - start;
  printf("until %d\n", slept >= 0.99 && slept < 10);
  printf("thread clock %s\n", strerrorname_np(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &time, NULL)));
  start = now(CLOCK_PROCESS_CPUTIME_ID);
  spin_for(CLOCK_MONOTONIC, 0.05);
  printf("used CPU time %d\n", now(CLOCK_PROCESS_CPUTIME_ID) - start > 0.005);
}

static void interval_timer(const char *name, int which, clockid_t clock, int signal) {
  struct itimerval timer = {{0, 10000}, {0, 10000}}, old;
  struct sigaction action = {.sa_handler = hit, .sa_flags = SA_RESTART};
  sigaction(signal, &action, NULL);
  hits = 0;
  setitimer(which, &timer, NULL);
  double start = now(clock);
  while (hits < 4 && now(clock) - start < 10) spin_for(clock, 0.01);
  memset(&timer, 0, sizeof timer);
  setitimer(which, &timer, &old);
  printf("%s: hits %d, interval %ld\n", name, hits >= 4, (long)old.it_interval.tv_usec);
}

static void posix_timers(void) {
  timer_t timer;
  siginfo_t info;
  sigset_t set;
  struct itimerspec times = {{0, 5000000}, {0, 5000000}};
  struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_value.sival_int = 5};
  event.sigev_notify_function = notified;
  sem_init(&semaphore, 0, 0);
  hits = 0;
  timer_create(CLOCK_REALTIME, &event, &timer);
  timer_settime(timer, 0, &times, NULL);
  sem_wait(&semaphore);
  sem_wait(&semaphore);
  timer_gettime(timer, &times);
  printf("threads notified %d, interval %ld\n", hits >= 10, times.it_interval.tv_nsec);
  timer_delete(timer);

  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMIN + 2;
  event.sigev_value.sival_int = 99;
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  times.it_value.tv_nsec = times.it_interval.tv_nsec = 1000000;
  timer_settime(timer, 0, &times, NULL);
  usleep(50000);
  sigwaitinfo(&set, &info);
  printf("timer code %d value %d, overrun %d %d\n", info.si_code, info.si_value.sival_int, info.si_overrun > 30,
         timer_getoverrun(timer) == info.si_overrun);
  timer_delete(timer);
  printf("deleted %d %s\n", timer_gettime(timer, &times), strerrorname_np(errno));
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  clocks();
  sleeping();
  interval_timer("real", ITIMER_REAL, CLOCK_MONOTONIC, SIGALRM);
  interval_timer("profiling", ITIMER_PROF, CLOCK_PROCESS_CPUTIME_ID, SIGPROF);
  interval_timer("virtual", ITIMER_VIRTUAL, CLOCK_PROCESS_CPUTIME_ID, SIGVTALRM);
  posix_timers();
  alarm(100);
  printf("alarm %u %u\n", alarm(0), alarm(0));
  return 0;
}
