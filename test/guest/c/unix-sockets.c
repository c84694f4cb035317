/* Unix domain sockets: pairs, messages, descriptors and credentials, names, connections; one line for each call. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CHECK(expression)                                                                       \
  do {                                                                                          \
    errno = 0;                                                                                  \
    long result_ = (long)(expression);                                                          \
    printf("%s = %ld %s\n", #expression, result_, result_ == -1 ? strerrorname_np(errno) : ""); \
  } while (0)

static int pair[2];
static char buffer[300000];

static void show_events(int fd) {
  struct pollfd watched = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
  poll(&watched, 1, 0);
  printf("events %x\n", watched.revents);
}

static void streams(void) {
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  CHECK(write(pair[0], "hello", 5));
  CHECK(recv(pair[1], buffer, 2, MSG_PEEK));
  CHECK(read(pair[1], buffer, 100));
  CHECK(recv(pair[1], buffer, 1, MSG_DONTWAIT));
  CHECK(send(pair[0], buffer, 0, 0));
  CHECK(shutdown(pair[0], SHUT_WR));
  show_events(pair[1]);
  CHECK(read(pair[1], buffer, 1));
  CHECK(write(pair[1], "q", 1));
  CHECK(write(pair[0], "q", 1));
  close(pair[0]);
  show_events(pair[1]);
  CHECK(write(pair[1], "q", 1));
  CHECK(read(pair[1], buffer, 1));
  CHECK(read(pair[1], buffer, 1));
  close(pair[1]);
}

static void messages(void) {
  struct iovec part = {buffer, 2};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
  CHECK(send(pair[0], "abc", 3, 0));
  CHECK(send(pair[0], "", 0, 0));
  CHECK(recv(pair[1], buffer, 2, MSG_TRUNC));
  CHECK(recv(pair[1], buffer, 10, 0));
  CHECK(recv(pair[1], buffer, 10, 0));
  CHECK(send(pair[0], buffer, sizeof buffer, 0));
  close(pair[1]);
  CHECK(send(pair[0], "x", 1, 0));
  CHECK(send(pair[0], "x", 1, 0));
  close(pair[0]);
  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
  CHECK(send(pair[0], "abc", 3, 0));
  CHECK(recvmsg(pair[1], &message, 0));
  printf("flags %x\n", message.msg_flags);
  close(pair[0]);
  CHECK(recv(pair[1], buffer, 1, 0));
  CHECK(send(pair[1], "x", 1, MSG_NOSIGNAL));
  close(pair[1]);
}

static void show_control(struct msghdr *message) {
  printf("flags %x control %zu\n", message->msg_flags, (size_t)message->msg_controllen);
  for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
    printf("type %d length %zu\n", header->cmsg_type, (size_t)header->cmsg_len);
    if (header->cmsg_type == SCM_RIGHTS) {
      int fd;
      eventfd_t value = 0;
      memcpy(&fd, CMSG_DATA(header), sizeof fd);
      CHECK(eventfd_read(fd, &value));
      printf("value %lu close-on-exec %d\n", value, fcntl(fd, F_GETFD));
    } else {
      struct ucred who;
      memcpy(&who, CMSG_DATA(header), sizeof who);
      printf("own pid %d own uid %d\n", who.pid == getpid(), who.uid == getuid());
    }
  }
}

static void control_data(void) {
  int on = 1, carried = eventfd(9, 0);
  char control[256] = "";
  struct iovec part = {"Z", 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof carried)};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  CHECK(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof carried);
  memcpy(CMSG_DATA(header), &carried, sizeof carried);
  CHECK(sendmsg(pair[0], &message, 0));
  close(carried);
  write(pair[0], "more", 4);
  part = (struct iovec){buffer, 100};
  message.msg_controllen = sizeof control;
  CHECK(recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC));
  show_control(&message);
  CHECK(read(pair[1], buffer, 100));
}

static void options(void) {
  struct ucred who;
  struct timeval limit = {0, 20000};
  int value;
  socklen_t length = sizeof who;
  CHECK(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &who, &length));
  printf("%d %u\n", who.pid == getpid(), length);
  length = sizeof value;
  CHECK(getsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &value, &length));
  printf("%d\n", value);
  value = 5000;
  CHECK(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &value, sizeof value));
  CHECK(getsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &value, &length));
  printf("%d\n", value);
  CHECK(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &value, &length));
  printf("%d\n", value);
  CHECK(getsockopt(pair[0], SOL_SOCKET, SO_DOMAIN, &value, &length));
  printf("%d\n", value);
  CHECK(getsockopt(pair[0], SOL_SOCKET, 999, &value, &length));
  CHECK(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
  CHECK(read(pair[0], buffer, 1));
  CHECK(listen(pair[0], 1));
  CHECK(getsockopt(99, SOL_SOCKET, SO_TYPE, &value, &length));
  CHECK(getsockopt(eventfd(0, 0), SOL_SOCKET, SO_TYPE, &value, &length));
}

static void *serve(void *listener) {
  int connection = accept4(*(int *)listener, 0, 0, SOCK_CLOEXEC);
  long count = read(connection, buffer + 1000, 100);
  write(connection, buffer + 1000, count);
  usleep(20000);
  shutdown(connection, SHUT_WR);
  read(connection, buffer + 1000, 1);
  close(connection);
  return 0;
}

static void connections(void) {
  struct sockaddr_un name = {AF_UNIX, "/tmp/elfdeck-test.sock"}, peer;
  struct stat status;
  pthread_t thread;
  socklen_t length = sizeof peer;
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  unlink(name.sun_path);
  show_events(listener);
  CHECK(recv(listener, buffer, 1, 0));
  CHECK(send(listener, buffer, 1, MSG_NOSIGNAL));
  CHECK(listen(listener, 1));
  CHECK(connect(client, (struct sockaddr *)&name, sizeof name));
  CHECK(bind(listener, (struct sockaddr *)&name, sizeof name));
  CHECK(bind(listener, (struct sockaddr *)&name, sizeof name));
  CHECK(connect(client, (struct sockaddr *)&name, sizeof name));
  CHECK(listen(listener, 1));
  CHECK(accept4(listener, 0, 0, 1));
  CHECK(stat(name.sun_path, &status));
  printf("type %o\n", status.st_mode & S_IFMT);
  CHECK(open(name.sun_path, O_RDONLY));
  pthread_create(&thread, 0, serve, &listener);
  CHECK(connect(client, (struct sockaddr *)&name, sizeof name));
  CHECK(connect(client, (struct sockaddr *)&name, sizeof name));
  CHECK(write(client, "ping", 4));
  CHECK(read(client, buffer, 10));
  CHECK(read(client, buffer, 10));
  CHECK(getpeername(client, (struct sockaddr *)&peer, &length));
  printf("%u %s\n", length, peer.sun_path);
  length = sizeof peer;
  CHECK(getsockname(client, (struct sockaddr *)&peer, &length));
  printf("%u\n", length);
  close(client);
  pthread_join(thread, 0);
  unlink(name.sun_path);
}

static void abstract_names(void) {
  struct sockaddr_un name = {AF_UNIX, "\0elfdeck-test"}, peer;
  struct sockaddr *address = (struct sockaddr *)&name;
  socklen_t length = 2 + 13, peer_length = sizeof peer;
  int receiver = socket(AF_UNIX, SOCK_DGRAM, 0), sender = socket(AF_UNIX, SOCK_DGRAM, 0), queued = 0;
  CHECK(bind(receiver, address, length));
  CHECK(bind(sender, address, length));
  CHECK(sendto(sender, "dg", 2, 0, address, length));
  CHECK(recvfrom(receiver, buffer, 10, 0, (struct sockaddr *)&peer, &peer_length));
  printf("%u\n", peer_length);
  CHECK(connect(sender, address, length));
  CHECK(connect(socket(AF_UNIX, SOCK_STREAM, 0), address, length));
  CHECK(bind(socket(AF_UNIX, SOCK_STREAM, 0), address, length));
  while (queued < 1000 && send(sender, "x", 1, MSG_DONTWAIT) == 1) queued++;
  printf("queued %d\n", queued);
  CHECK(socket(AF_UNIX, 99, 0));
  CHECK(socket(AF_UNIX, SOCK_STREAM, 99));
  CHECK(socket(77, SOCK_STREAM, 0));
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  streams();
  messages();
  control_data();
  options();
  connections();
  abstract_names();
  return 0;
}
