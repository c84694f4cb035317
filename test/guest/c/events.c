/* poll, select, epoll, eventfd, timerfd and signalfd; one line for each call. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CHECK(expression)                                                                       \
  do {                                                                                          \
    errno = 0;                                                                                  \
    long result_ = (long)(expression);                                                          \
    printf("%s = %ld %s\n", #expression, result_, result_ == -1 ? strerrorname_np(errno) : ""); \
  } while (0)

static char buffer[100];
static volatile int caught;
/* An address that no program has. */
static void *volatile nowhere = (void *)8;

static void handler(int signal) { caught = signal; }

static void polling(void) {
  int ends[2];
  struct timespec limit = {0, 20000000};
  struct timeval interval = {0, 20000};
  fd_set readable, writable;
  pipe(ends);
  struct pollfd watched[3] = {{ends[0], POLLIN, 0}, {-1, POLLIN, 0}, {99, POLLIN, 0}};
  CHECK(poll(watched, 3, 0));
  printf("%x %x %x\n", watched[0].revents, watched[1].revents, watched[2].revents);
  CHECK(poll(watched, 2, 20));
  CHECK(ppoll(watched, 2, &limit, 0));
  CHECK(poll(0, 0, 0));
  CHECK(poll(nowhere, 1, 0));
  FD_ZERO(&readable);
  FD_ZERO(&writable);
  FD_SET(ends[0], &readable);
  FD_SET(ends[1], &writable);
  CHECK(select(ends[1] + 1, &readable, &writable, 0, 0));
  printf("%d %d\n", !!FD_ISSET(ends[0], &readable), !!FD_ISSET(ends[1], &writable));
  FD_SET(ends[0], &readable);
  CHECK(select(ends[0] + 1, &readable, 0, 0, &interval));
  printf("%d %ld\n", !!FD_ISSET(ends[0], &readable), (long)interval.tv_usec);
  FD_SET(60, &readable);
  CHECK(select(61, &readable, 0, 0, 0));
  CHECK(select(-1, 0, 0, 0, 0));
  struct pollfd devices[3] = {{open("/dev/null", O_RDWR), POLLIN | POLLOUT, 0},
                              {open("/dev/urandom", O_RDONLY), POLLIN | POLLOUT, 0},
                              {open("/tmp", O_RDONLY), POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM, 0}};
  CHECK(poll(devices, 3, 0));
  printf("%x %x %x\n", devices[0].revents, devices[1].revents, devices[2].revents);
}

static int epoll, ends[2];
static struct epoll_event wanted, reported[8];

static int control(int instance, int operation, int fd, uint32_t events) {
  wanted.events = events;
  wanted.data.u64 = 0x1122334455667788;
  return epoll_ctl(instance, operation, fd, &wanted);
}

static void triggers(void) {
  epoll = epoll_create1(0);
  pipe2(ends, O_NONBLOCK);
  CHECK(epoll_create1(5));
  CHECK(epoll_create(0));
  CHECK(control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN));
  CHECK(control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN));
  CHECK(epoll_wait(epoll, reported, 8, 0));
  write(ends[1], "ab", 2);
  CHECK(epoll_wait(epoll, reported, 8, -1));
  printf("%x %llx\n", reported[0].events, (unsigned long long)reported[0].data.u64);
  read(ends[0], buffer, 1);
  CHECK(epoll_wait(epoll, reported, 8, 0));
  read(ends[0], buffer, 9);
  CHECK(epoll_wait(epoll, reported, 8, 0));
  CHECK(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET));
  write(ends[1], "abc", 3);
  CHECK(epoll_wait(epoll, reported, 8, 0));
  read(ends[0], buffer, 1);
  CHECK(epoll_wait(epoll, reported, 8, 0));
  write(ends[1], "z", 1);
  CHECK(epoll_wait(epoll, reported, 8, 0));
  CHECK(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT));
  CHECK(epoll_wait(epoll, reported, 8, 0));
  CHECK(epoll_wait(epoll, reported, 8, 0));
  CHECK(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN));
  CHECK(epoll_wait(epoll, reported, 8, 0));
}

static void epoll_errors(void) {
  int other[2];
  int directory = open("/tmp", O_RDONLY), null = open("/dev/null", O_RDWR), random = open("/dev/random", O_RDONLY);
  CHECK(control(epoll, EPOLL_CTL_ADD, directory, EPOLLIN));
  CHECK(control(epoll, EPOLL_CTL_ADD, null, EPOLLIN));
  CHECK(control(epoll, EPOLL_CTL_ADD, random, EPOLLIN));
  CHECK(control(epoll, EPOLL_CTL_DEL, random, 0));
  CHECK(control(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN));
  CHECK(control(epoll, EPOLL_CTL_ADD, 99, EPOLLIN));
  CHECK(control(directory, EPOLL_CTL_ADD, ends[0], EPOLLIN));
  CHECK(control(epoll, 9, ends[0], EPOLLIN));
  CHECK(epoll_ctl(epoll, EPOLL_CTL_MOD, ends[0], nowhere));
  CHECK(epoll_wait(epoll, reported, 0, 0));
  CHECK(epoll_wait(epoll, nowhere, 8, 0));
  CHECK(epoll_wait(epoll, reported, 8, 0));
  CHECK(epoll_wait(null, reported, 8, 0));
  pipe(other);
  CHECK(control(epoll, EPOLL_CTL_ADD, other[0], EPOLLIN | EPOLLEXCLUSIVE));
  CHECK(control(epoll, EPOLL_CTL_MOD, other[0], EPOLLIN));
  CHECK(control(epoll, EPOLL_CTL_ADD, other[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT));
}

static void nesting(void) {
  int instances[7];
  instances[0] = epoll_create1(0);
  CHECK(control(instances[0], EPOLL_CTL_ADD, epoll, EPOLLIN));
  CHECK(control(epoll, EPOLL_CTL_ADD, instances[0], EPOLLIN));
  CHECK(epoll_wait(instances[0], reported, 8, 0));
  for (int i = 1; i < 7; i++) {
    instances[i] = epoll_create1(0);
    CHECK(control(instances[i], EPOLL_CTL_ADD, instances[i - 1], EPOLLIN));
  }
}

static void closing(void) {
  int copy = dup(ends[0]);
  close(ends[0]);
  CHECK(epoll_wait(epoll, reported, 8, 0));
  close(copy);
  CHECK(epoll_wait(epoll, reported, 8, 0));
}

static void counters(void) {
  eventfd_t value;
  int counter = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK);
  CHECK(eventfd_read(counter, &value));
  printf("%lu\n", value);
  CHECK(read(counter, buffer, 4));
  CHECK(eventfd_write(counter, -1));
  CHECK(eventfd_write(counter, -2));
  CHECK(write(counter, &value, 4));
  CHECK(eventfd(0, 0x10));
  counter = eventfd(0, EFD_NONBLOCK);
  CHECK(control(epoll, EPOLL_CTL_ADD, counter, EPOLLIN | EPOLLOUT | EPOLLET));
  for (int i = 0; i < 3; i++) {
    CHECK(epoll_wait(epoll, reported, 8, 0));
    printf("%x\n", reported[0].events);
    eventfd_write(counter, 1);
  }
  eventfd_read(counter, &value);
  CHECK(epoll_wait(epoll, reported, 8, 0));
  printf("%x %lu\n", reported[0].events, value);
}

static void masks(void) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  struct itimerval soon = {{0, 0}, {0, 20000}};
  struct timespec at_once = {0, 0};
  sigset_t blocked, none;
  int idle = epoll_create1(0);
  sigaction(SIGALRM, &action, 0);
  sigemptyset(&none);
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGALRM);
  sigprocmask(SIG_BLOCK, &blocked, 0);
  setitimer(ITIMER_REAL, &soon, 0);
  CHECK(epoll_pwait(idle, reported, 8, 3000, &none));
  printf("caught %d\n", caught);
  caught = 0;
  raise(SIGALRM);
  CHECK(ppoll(0, 0, &at_once, &none));
  printf("caught %d\n", caught);
  caught = 0;
  raise(SIGALRM);
  CHECK(pselect(0, 0, 0, 0, &at_once, &none));
  printf("caught %d\n", caught);
  sigprocmask(SIG_UNBLOCK, &blocked, 0);
  setitimer(ITIMER_REAL, &soon, 0);
  CHECK(poll(0, 0, 3000));
}

static void timers(void) {
  uint64_t count = 0;
  struct timespec now;
  struct itimerspec setting = {{0, 10000000}, {0, 20000000}}, current;
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  CHECK(timerfd_settime(timer, 0, &setting, 0));
  CHECK(timerfd_gettime(timer, &current));
  printf("%ld %d\n", current.it_interval.tv_nsec, current.it_value.tv_nsec > 0 && current.it_value.tv_nsec <= 20000000);
  CHECK(read(timer, &count, 8));
  usleep(45000);
  CHECK(read(timer, &count, 8));
  printf("%d\n", count >= 3);
  clock_gettime(CLOCK_REALTIME, &now);
  setting = (struct itimerspec){{0, 0}, {now.tv_sec, now.tv_nsec / 2}};
  timer = timerfd_create(CLOCK_REALTIME, 0);
  CHECK(timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, 0));
  CHECK(read(timer, &count, 8));
  printf("%lu\n", count);
  setting.it_value.tv_nsec = 1000000000;
  CHECK(timerfd_settime(timer, 0, &setting, 0));
  CHECK(timerfd_settime(epoll, 0, &current, 0));
  CHECK(timerfd_create(CLOCK_THREAD_CPUTIME_ID, 0));
}

static void signals(void) {
  sigset_t set;
  struct signalfd_siginfo info[3];
  union sigval value = {.sival_int = 42};
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGRTMIN + 1);
  sigprocmask(SIG_BLOCK, &set, 0);
  int file = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  struct pollfd watched = {file, POLLIN, 0};
  CHECK(read(file, info, sizeof info));
  sigqueue(getpid(), SIGRTMIN + 1, value);
  sigqueue(getpid(), SIGRTMIN + 1, value);
  kill(getpid(), SIGUSR1);
  CHECK(poll(&watched, 1, 0));
  CHECK(read(file, info, sizeof info));
  for (int i = 0; i < 3; i++) {
    printf("%u %d %d %d\n", info[i].ssi_signo, info[i].ssi_code, info[i].ssi_pid == getpid(), info[i].ssi_int);
  }
  CHECK(read(file, info, 10));
  CHECK(signalfd(epoll, &set, 0));
  CHECK(fcntl(file, F_GETFD));
}

int main(void) {
  polling();
  triggers();
  epoll_errors();
  nesting();
  closing();
  counters();
  masks();
  timers();
  signals();
  return 0;
}
