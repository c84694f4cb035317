/* Pipes and FIFOs: capacity, atomicity, ends that go, packets, splice; one line for each call. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(expression)                                                                       \
  do {                                                                                          \
    errno = 0;                                                                                  \
    long result_ = (long)(expression);                                                          \
    printf("%s = %ld %s\n", #expression, result_, result_ == -1 ? strerrorname_np(errno) : ""); \
  } while (0)

static char buffer[70000];
static int ends[2];

static void show_events(int fd, short events) {
  struct pollfd watched = {fd, events, 0};
  int count = poll(&watched, 1, 0);
  printf("poll: %d events %x\n", count, watched.revents);
}

static void *write_later(void *unused) {
  usleep(20000);
  write(ends[1], "x", 1);
  return unused;
}

static void *close_later(void *unused) {
  usleep(20000);
  close(ends[1]);
  return unused;
}

static void capacity(void) {
  int readable = 0;
  struct stat status;
  CHECK(pipe2(ends, O_NONBLOCK));
  CHECK(write(ends[1], buffer, 70000));
  CHECK(write(ends[1], buffer, 1));
  CHECK(read(ends[0], buffer, 4095));
  show_events(ends[1], POLLOUT);
  CHECK(read(ends[0], buffer, 1));
  show_events(ends[1], POLLOUT);
  CHECK(ioctl(ends[0], FIONREAD, &readable));
  printf("readable %d\n", readable);
  CHECK(fcntl(ends[0], F_GETPIPE_SZ));
  CHECK(fcntl(ends[0], F_SETPIPE_SZ, 100));
  CHECK(fcntl(ends[1], F_SETPIPE_SZ, 200000));
  fstat(ends[0], &status);
  printf("mode %o size %ld\n", status.st_mode, (long)status.st_size);
  CHECK(lseek(ends[0], 0, SEEK_SET));
  CHECK(pread(ends[0], buffer, 1, 0));
  CHECK(write(ends[0], buffer, 1));
  CHECK(read(ends[1], buffer, 1));
}

static void ends_that_go(void) {
  pthread_t thread;
  close(ends[0]);
  signal(SIGPIPE, SIG_IGN);
  CHECK(write(ends[1], buffer, 1));
  CHECK(write(ends[1], buffer, 0));
  show_events(ends[1], POLLOUT);
  close(ends[1]);
  pipe(ends);
  pthread_create(&thread, 0, write_later, 0);
  CHECK(read(ends[0], buffer, 10));
  pthread_join(thread, 0);
  pthread_create(&thread, 0, close_later, 0);
  CHECK(read(ends[0], buffer, 10));
  pthread_join(thread, 0);
  show_events(ends[0], POLLIN);
  close(ends[0]);
}

static void packets_and_splice(void) {
  int other[2];
  pipe2(ends, O_DIRECT);
  write(ends[1], "abc", 3);
  write(ends[1], "de", 2);
  CHECK(read(ends[0], buffer, 2));
  CHECK(read(ends[0], buffer, 100));
  close(ends[0]);
  close(ends[1]);
  pipe(ends);
  pipe(other);
  write(ends[1], "hello", 5);
  CHECK(tee(ends[0], other[1], 100, 0));
  CHECK(splice(ends[0], 0, other[1], 0, 100, 0));
  CHECK(read(other[0], buffer, 100));
  CHECK(splice(ends[0], 0, other[1], 0, 100, SPLICE_F_NONBLOCK));
  CHECK(tee(ends[0], ends[1], 1, 0));
}

static void fifos(void) {
  const char *path = "/tmp/elfdeck-test.fifo";
  unlink(path);
  CHECK(mkfifo(path, 0600));
  CHECK(mkfifo(path, 0600));
  CHECK(open(path, O_WRONLY | O_NONBLOCK));
  int reader = open(path, O_RDONLY | O_NONBLOCK);
  show_events(reader, POLLIN);
  int writer = open(path, O_WRONLY);
  CHECK(write(writer, "hey", 3));
  CHECK(read(reader, buffer, 9));
  CHECK(read(reader, buffer, 9));
  close(writer);
  show_events(reader, POLLIN);
  CHECK(read(reader, buffer, 9));
  unlink(path);
}

int main(void) {
  capacity();
  ends_that_go();
  packets_and_splice();
  fifos();
  return 0;
}
