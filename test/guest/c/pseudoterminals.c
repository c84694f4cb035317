/* Pseudoterminals: the pair, the line discipline, raw modes, requests, and ends that close; one line for each call. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#define CHECK(expression)                                                                       \
  do {                                                                                          \
    errno = 0;                                                                                  \
    long result_ = (long)(expression);                                                          \
    printf("%s = %ld %s\n", #expression, result_, result_ == -1 ? strerrorname_np(errno) : ""); \
  } while (0)
/* For calls whose result is a descriptor. */
#define CHECK_OPEN(expression) CHECK((expression) < 0 ? -1 : 0)

static int master, slave;
static char name[64], buffer[6000];
static struct termios settings;

static void show_events(int fd) {
  struct pollfd watched = {fd, POLLIN | POLLOUT, 0};
  poll(&watched, 1, 0);
  printf("events %x\n", watched.revents);
}

static void show(long count) {
  printf("%ld:", count);
  for (long i = 0; i < count; i++) printf(" %02x", (unsigned char)buffer[i]);
  printf("\n");
}

static void open_pair(void) {
  struct stat status;
  master = posix_openpt(O_RDWR | O_NOCTTY);
  CHECK(ptsname_r(master, name, sizeof name));
  CHECK_OPEN(open(name, O_RDWR | O_NOCTTY));
  CHECK(grantpt(master));
  CHECK(unlockpt(master));
  slave = open(name, O_RDWR | O_NOCTTY);
  fstat(slave, &status);
  printf("%o %u\n", status.st_mode & S_IFMT, major(status.st_rdev));
  CHECK(isatty(slave));
  CHECK(isatty(master));
}

static void defaults(void) {
  CHECK(tcgetattr(slave, &settings));
  printf("%o %o %o %o\n", settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag);
  for (int i = 0; i < 19; i++) printf("%d ", settings.c_cc[i]);
  printf("\n%u %u\n", cfgetispeed(&settings), cfgetospeed(&settings));
}

/* What is typed, the echo of it, and the lines that result. */
static void edit(const char *typed, tcflag_t toggled) {
  long count;
  struct termios changed = settings;
  changed.c_lflag ^= toggled;
  changed.c_iflag |= IUTF8;
  tcsetattr(slave, TCSAFLUSH, &changed);
  write(master, typed, strlen(typed));
  usleep(10000);
  show(read(master, buffer, sizeof buffer));
  while (fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK), (count = read(slave, buffer, sizeof buffer)) >= 0) show(count);
}

static void editing(void) {
  edit("ab\177c\r", 0);
  edit("one two  \027!\r", 0);
  edit("abc\025z\r", 0);
  edit("\303\244\177\026\001\177b\t\177\r", 0);
  edit("ab\004\004", 0);
  edit("a\tb\t\177\177\177\r", 0);
  edit("xy\022z\r", 0);
  edit("ab\177c\025d\r", ECHOE);
  edit("abc\177\177d\r", ECHOPRT);
  edit("abc\025d\r", ECHOKE);
  edit("a\001b\177\177\177\r", ECHOCTL);
  edit("abc\n", ECHO | ECHONL);
  edit("  foo_bar-baz \027\027\r", 0);
  edit("a\033b\r", 0);
}

static void requests(void) {
  int readable = 0;
  struct winsize size = {33, 44, 0, 0};
  tcsetattr(slave, TCSAFLUSH, &settings);
  fcntl(slave, F_SETFL, O_RDWR);
  write(slave, "out\n", 4);
  CHECK(read(master, buffer, 100));
  write(master, "ab\ncd", 5);
  usleep(10000);
  CHECK(ioctl(slave, FIONREAD, &readable));
  printf("%d\n", readable);
  CHECK(tcflush(slave, TCIFLUSH));
  CHECK(ioctl(slave, FIONREAD, &readable));
  printf("%d\n", readable);
  CHECK(ioctl(master, TIOCSWINSZ, &size));
  memset(&size, 0, sizeof size);
  CHECK(ioctl(slave, TIOCGWINSZ, &size));
  printf("%u %u\n", size.ws_row, size.ws_col);
  CHECK(tcgetpgrp(slave));
  CHECK(tcgetsid(slave));
  CHECK(tcdrain(slave));
  CHECK(tcsendbreak(slave, 0));
  CHECK(ioctl(slave, TIOCGPTN, &readable));
  CHECK(ioctl(slave, 0x1234, 0));
  CHECK_OPEN(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
}

static void raw(void) {
  cfmakeraw(&settings);
  settings.c_cc[VMIN] = 0;
  settings.c_cc[VTIME] = 1;
  CHECK(tcsetattr(slave, TCSAFLUSH, &settings));
  CHECK(read(slave, buffer, 10));
  write(master, "\3\r", 2);
  show(read(slave, buffer, 10));
  settings.c_cc[VMIN] = 4;
  settings.c_cc[VTIME] = 0;
  CHECK(tcsetattr(slave, TCSANOW, &settings));
  write(master, "xy", 2);
  usleep(10000);
  show_events(slave);
  write(master, "zw", 2);
  usleep(10000);
  show_events(slave);
  CHECK(read(slave, buffer, 10));
  fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
  CHECK(read(slave, buffer, 10));
}

static void closed_ends(void) {
  int other = posix_openpt(O_RDWR | O_NOCTTY);
  struct winsize size;
  grantpt(other);
  unlockpt(other);
  ptsname_r(other, name, sizeof name);
  int end = open(name, O_RDWR | O_NOCTTY);
  write(end, "left", 4);
  close(end);
  show_events(other);
  CHECK(read(other, buffer, 10));
  CHECK(read(other, buffer, 10));
  end = open(name, O_RDWR | O_NOCTTY);
  close(other);
  show_events(end);
  CHECK(read(end, buffer, 1));
  CHECK(write(end, buffer, 1));
  CHECK(ioctl(end, TIOCGWINSZ, &size));
  CHECK_OPEN(open(name, O_RDWR | O_NOCTTY));
}

int main(void) {
  open_pair();
  defaults();
  editing();
  requests();
  raw();
  closed_ends();
  return 0;
}
