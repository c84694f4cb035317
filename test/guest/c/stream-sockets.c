/* TCP beyond the plain conversation: urgent data, transfers within the kernel, shared ports, exclusive wake-ups. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define CHECK(expression)                                                                       \
  do {                                                                                          \
    errno = 0;                                                                                  \
    long result_ = (long)(expression);                                                          \
    printf("%s = %ld %s\n", #expression, result_, result_ == -1 ? strerrorname_np(errno) : ""); \
  } while (0)

static char buffer[100000];
static struct sockaddr_in name = {.sin_family = AF_INET};
static struct sockaddr *const address = (struct sockaddr *)&name;
static int listener, client, server;

static int set(int fd, int level, int which, int value) { return setsockopt(fd, level, which, &value, sizeof value); }

static int events_of(int fd) {
  struct pollfd watched = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
  poll(&watched, 1, 0);
  return watched.revents;
}

static void listen_anew(void) {
  socklen_t length = sizeof name;
  name.sin_port = 0;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, address, sizeof name);
  listen(listener, 5);
  getsockname(listener, address, &length);
}

static void connected(void) {
  listen_anew();
  client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, address, sizeof name);
  server = accept(listener, 0, 0);
}

static void end(void) {
  close(client);
  close(server);
  close(listener);
}

static volatile int urgent_signals;
static void on_urgent(int number) { urgent_signals += number == SIGURG; }

static void urgent_data(void) {
  int at_mark, count;
  connected();
  signal(SIGURG, on_urgent);
  fcntl(server, F_SETOWN, getpid());
  CHECK(recv(server, buffer, 1, MSG_OOB));
  CHECK(send(client, "abc", 3, 0));
  CHECK(send(client, "de!", 3, MSG_OOB));
  CHECK(send(client, "fg", 2, 0));
  CHECK(events_of(server));
  CHECK(ioctl(server, FIONREAD, &count));
  printf("%d\n", count);
  CHECK(ioctl(server, SIOCATMARK, &at_mark));
  printf("%d\n", at_mark);
  CHECK(recv(server, buffer, 100, 0));
  CHECK(ioctl(server, SIOCATMARK, &at_mark));
  printf("%d\n", at_mark);
  CHECK(recv(server, buffer, 100, MSG_OOB));
  CHECK(buffer[0]);
  CHECK(recv(server, buffer, 100, MSG_OOB));
  CHECK(events_of(server));
  CHECK(recv(server, buffer, 100, 0));
  CHECK(set(server, SOL_SOCKET, SO_OOBINLINE, 1));
  CHECK(send(client, "hi!", 3, MSG_OOB));
  CHECK(recv(server, buffer, 100, MSG_OOB));
  CHECK(recv(server, buffer, 100, 0));
  CHECK(ioctl(server, SIOCATMARK, &at_mark));
  printf("%d\n", at_mark);
  CHECK(recv(server, buffer, 100, 0));
  CHECK(urgent_signals);
  end();
}

static void transfers(void) {
  int file = memfd_create("file", 0), ends[2];
  off_t offset = 5;
  struct iovec parts[3] = {{"one ", 4}, {"two ", 4}, {"three", 5}}, halves[2] = {{buffer, 6}, {buffer + 10, 20}};
  connected();
  write(file, "hello from a file", 17);
  CHECK(sendfile(client, file, &offset, 100));
  printf("%ld\n", (long)offset);
  CHECK(recv(server, buffer, 12, MSG_WAITALL));
  CHECK(writev(client, parts, 3));
  CHECK(readv(server, halves, 2));
  printf("%.6s %.7s\n", buffer, buffer + 10);
  pipe(ends);
  write(ends[1], "through a pipe", 14);
  CHECK(splice(ends[0], 0, client, 0, 100, SPLICE_F_MORE));
  CHECK(splice(server, 0, ends[1], 0, 100, 0));
  CHECK(read(ends[0], buffer, 100));
  fcntl(server, F_SETFL, O_NONBLOCK);
  CHECK(splice(server, 0, ends[1], 0, 100, SPLICE_F_NONBLOCK));
  shutdown(client, SHUT_WR);
  CHECK(splice(server, 0, ends[1], 0, 100, 0));
  CHECK(sendfile(client, file, 0, 100));
  close(file);
  close(ends[0]);
  close(ends[1]);
  end();
}

static void low_water(void) {
  connected();
  CHECK(set(server, SOL_SOCKET, SO_RCVLOWAT, 4));
  CHECK(send(client, "abc", 3, 0));
  CHECK(events_of(server) & POLLIN);
  CHECK(send(client, "d", 1, 0));
  CHECK(events_of(server) & POLLIN);
  end();
}

static void shared_port(void) {
  int listeners[3], clients[30], hits[3] = {0};
  socklen_t length = sizeof name;
  name.sin_port = 0;
  for (int i = 0; i < 3; i++) {
    listeners[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    set(listeners[i], SOL_SOCKET, SO_REUSEPORT, 1);
    CHECK(bind(listeners[i], address, sizeof name));
    CHECK(listen(listeners[i], 50));
    getsockname(listeners[i], address, &length);
  }
  for (int i = 0; i < 30; i++) {
    clients[i] = socket(AF_INET, SOCK_STREAM, 0);
    connect(clients[i], address, sizeof name);
  }
  for (int i = 0; i < 3; i++)
    for (int fd; (fd = accept(listeners[i], 0, 0)) >= 0; close(fd)) hits[i]++;
  printf("all %d, each some %d\n", hits[0] + hits[1] + hits[2], hits[0] > 0 && hits[1] > 0 && hits[2] > 0);
  for (int i = 0; i < 30; i++) close(clients[i]);
  for (int i = 0; i < 3; i++) close(listeners[i]);
}

static int pollers[2], woken;
static pthread_barrier_t ready;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *wait_exclusively(void *which) {
  struct epoll_event got;
  pthread_barrier_wait(&ready);
  if (epoll_wait(*(int *)which, &got, 1, 300) == 1) {
    pthread_mutex_lock(&lock);
    woken++;
    pthread_mutex_unlock(&lock);
  }
  return 0;
}

static void exclusive(void) {
  struct epoll_event wanted = {.events = EPOLLIN | EPOLLEXCLUSIVE};
  pthread_t threads[2];
  listen_anew();
  pthread_barrier_init(&ready, 0, 3);
  for (int i = 0; i < 2; i++) {
    pollers[i] = epoll_create1(0);
    CHECK(epoll_ctl(pollers[i], EPOLL_CTL_ADD, listener, &wanted));
    CHECK(epoll_ctl(pollers[i], EPOLL_CTL_MOD, listener, &wanted));
    pthread_create(&threads[i], 0, wait_exclusively, &pollers[i]);
  }
  pthread_barrier_wait(&ready);
  usleep(100000);
  client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, address, sizeof name);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], 0);
  printf("woken %d\n", woken);
  server = accept(listener, 0, 0);
  end();
}

static void messages(void) {
  struct mmsghdr many[3] = {0};
  struct iovec parts[3] = {{buffer, 3}, {buffer + 3, 4}, {buffer + 7, 20}};
  connected();
  for (int i = 0; i < 3; i++) many[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  CHECK(sendmmsg(client, many, 2, 0));
  printf("%u %u\n", many[0].msg_len, many[1].msg_len);
  CHECK(recvmmsg(server, many, 3, MSG_WAITFORONE, 0));
  printf("%u %u\n", many[0].msg_len, many[1].msg_len);
  CHECK(send(client, "x", 1, MSG_MORE));
  CHECK(recv(server, buffer, 10, 0));
  CHECK(recv(server, buffer, 10, MSG_ERRQUEUE));
  CHECK(set(client, SOL_SOCKET, SO_RCVTIMEO, 1));
  CHECK(send(client, 0, 5, 0));
  end();
}

static void tcp_info(void) {
  struct tcp_info info;
  socklen_t length = sizeof info;
  connected();
  CHECK(getsockopt(client, IPPROTO_TCP, TCP_INFO, &info, &length));
  CHECK(info.tcpi_state);
  shutdown(client, SHUT_WR);
  getsockopt(server, IPPROTO_TCP, TCP_INFO, &info, &length);
  CHECK(info.tcpi_state);
  getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &length);
  CHECK(info.tcpi_state);
  CHECK(info.tcpi_unacked);
  CHECK(info.tcpi_sacked);
  end();
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  urgent_data();
  transfers();
  low_water();
  shared_port();
  exclusive();
  messages();
  tcp_info();
  return 0;
}
