/* TCP and UDP over the loopback: names, connections, endings, options, datagrams; one line for each call. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK(expression)                                                                       \
  do {                                                                                          \
    errno = 0;                                                                                  \
    long result_ = (long)(expression);                                                          \
    printf("%s = %ld %s\n", #expression, result_, result_ == -1 ? strerrorname_np(errno) : ""); \
  } while (0)

static char buffer[100000];
static struct sockaddr_in name;
static struct sockaddr *const address = (struct sockaddr *)&name;
static int listener, client, server;

static void show_events(int fd) {
  struct pollfd watched = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
  poll(&watched, 1, 0);
  printf("events %x\n", watched.revents);
}

static int option(int fd, int level, int which) {
  int value = -7;
  socklen_t length = sizeof value;
  return getsockopt(fd, level, which, &value, &length) ? -errno : value;
}

static int set(int fd, int level, int which, int value) { return setsockopt(fd, level, which, &value, sizeof value); }

static void named(const char *host, int port) {
  name = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &name.sin_addr);
}

static void show_name(int (*ask)(int, struct sockaddr *, socklen_t *), int fd) {
  struct sockaddr_storage found = {0};
  socklen_t length = sizeof found;
  char text[INET6_ADDRSTRLEN];
  if (ask(fd, (struct sockaddr *)&found, &length)) {
    printf("name %s\n", strerrorname_np(errno));
    return;
  }
  struct sockaddr_in *four = (void *)&found;
  struct sockaddr_in6 *six = (void *)&found;
  inet_ntop(found.ss_family, found.ss_family == AF_INET ? (void *)&four->sin_addr : &six->sin6_addr, text, sizeof text);
  printf("name %s port %d length %u\n", text, four->sin_port != 0, length);
}

static void listen_on(const char *host, int backlog) {
  socklen_t length = sizeof name;
  listener = socket(AF_INET, SOCK_STREAM, 0);
  named(host, 0);
  bind(listener, address, sizeof name);
  listen(listener, backlog);
  getsockname(listener, address, &length);
}

static void connected(void) {
  listen_on("127.0.0.1", 5);
  client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, address, sizeof name);
  server = accept(listener, 0, 0);
}

static void end(void) {
  close(client);
  close(server);
  close(listener);
}

static void names(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM, 0);
  show_events(fd);
  show_name(getsockname, fd);
  show_name(getpeername, fd);
  CHECK(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
  CHECK(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
  CHECK(bind(fd, address, 8));
  named("192.0.2.1", 0);
  CHECK(bind(fd, address, sizeof name));
  CHECK(read(fd, buffer, 1));
  CHECK(write(fd, buffer, 1));
  CHECK(accept(fd, 0, 0));
  CHECK(shutdown(fd, SHUT_WR));
  named("127.0.0.2", 40123);
  CHECK(bind(fd, address, sizeof name));
  CHECK(bind(fd, address, sizeof name));
  CHECK(bind(other, address, sizeof name));
  set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  set(other, SOL_SOCKET, SO_REUSEADDR, 1);
  CHECK(bind(other, address, sizeof name));
  CHECK(listen(fd, 1));
  CHECK(listen(other, 1));
  show_name(getsockname, fd);
  CHECK(connect(fd, address, sizeof name));
  name.sin_family = 77;
  CHECK(connect(other, address, sizeof name));
  close(other);
  close(fd);
}

static void conversation(void) {
  struct iovec parts[2] = {{buffer, 3}, {buffer + 50, 4}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  int count;
  connected();
  show_name(getpeername, server);
  show_name(getsockname, client);
  show_events(client);
  CHECK(connect(client, address, sizeof name));
  CHECK(sendto(client, "hello, world", 12, 0, address, sizeof name));
  CHECK(recv(server, buffer, 5, MSG_PEEK));
  CHECK(ioctl(server, FIONREAD, &count));
  printf("%d\n", count);
  CHECK(ioctl(client, SIOCOUTQ, &count));
  printf("%d\n", count);
  CHECK(recvmsg(server, &message, 0));
  CHECK(recv(server, buffer, 2, MSG_TRUNC));
  CHECK(recv(server, buffer, 100, 0));
  CHECK(recv(server, buffer, 100, MSG_DONTWAIT));
  CHECK(recv(server, buffer, 0, MSG_DONTWAIT));
  CHECK(recv(server, buffer, 1, MSG_OOB));
  show_events(server);
  CHECK(shutdown(client, SHUT_WR));
  show_events(server);
  show_events(client);
  CHECK(read(server, buffer, 10));
  CHECK(write(client, "x", 1));
  CHECK(write(server, "answer", 6));
  CHECK(read(client, buffer, 10));
  close(server);
  show_events(client);
  CHECK(read(client, buffer, 10));
  show_name(getpeername, client);
  end();
}

static void endings(void) {
  struct linger now = {1, 0};
  connected();
  close(server);
  show_events(client);
  CHECK(write(client, "a", 1));
  CHECK(option(client, SOL_SOCKET, SO_ERROR));
  CHECK(write(client, "a", 1));
  CHECK(read(client, buffer, 1));
  end();
  connected();
  write(client, "unread", 6);
  write(server, "data", 4);
  close(server);
  show_events(client);
  CHECK(read(client, buffer, 10));
  CHECK(read(client, buffer, 10));
  CHECK(read(client, buffer, 10));
  CHECK(write(client, "a", 1));
  end();
  connected();
  setsockopt(server, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(server);
  CHECK(write(client, "a", 1));
  show_name(getpeername, client);
  end();
  listen_on("127.0.0.1", 5);
  client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, address, sizeof name);
  close(listener);
  CHECK(read(client, buffer, 10));
  end();
}

static void non_blocking(void) {
  struct sockaddr none = {AF_UNSPEC};
  listen_on("0.0.0.0", 5);
  show_name(getsockname, listener);
  fcntl(listener, F_SETFL, O_NONBLOCK);
  CHECK(accept(listener, 0, 0));
  client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  CHECK(connect(client, address, sizeof name));
  show_events(client);
  CHECK(option(client, SOL_SOCKET, SO_ERROR));
  CHECK(connect(client, address, sizeof name));
  CHECK(connect(client, address, sizeof name));
  show_events(listener);
  server = accept4(listener, 0, 0, SOCK_NONBLOCK);
  show_name(getsockname, server);
  CHECK(read(server, buffer, 1));
  CHECK(connect(client, &none, sizeof none));
  CHECK(read(server, buffer, 1));
  close(client);
  close(listener);
  client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  CHECK(connect(client, address, sizeof name));
  show_events(client);
  CHECK(option(client, SOL_SOCKET, SO_ERROR));
  show_events(client);
  close(client);
  client = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(connect(client, address, sizeof name));
  CHECK(connect(client, address, sizeof name));
  end();
}

static void *drain(void *fd) {
  static char sink[50000];
  long total = 0, count;
  while ((count = read(*(int *)fd, sink, sizeof sink)) > 0) total += count;
  return (void *)total;
}

static void pressure(void) {
  struct epoll_event wanted = {.events = EPOLLOUT | EPOLLIN | EPOLLET}, got;
  pthread_t thread;
  void *total;
  long sent = 0, count;
  int poller = epoll_create1(0);
  connected();
  epoll_ctl(poller, EPOLL_CTL_ADD, client, &wanted);
  CHECK(epoll_wait(poller, &got, 1, 0));
  CHECK(epoll_wait(poller, &got, 1, 0));
  while ((count = send(client, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) sent += count;
  printf("%s %d\n", strerrorname_np(errno), sent > 100000);
  show_events(client);
  CHECK(epoll_wait(poller, &got, 1, 0));
  pthread_create(&thread, 0, drain, &server);
  CHECK(epoll_wait(poller, &got, 1, 1000));
  for (int i = 0; i < 50; i++) sent += send(client, buffer, sizeof buffer, 0);
  shutdown(client, SHUT_WR);
  pthread_join(thread, &total);
  printf("all arrived %d\n", (long)total == sent);
  close(poller);
  end();
}

static void options(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(option(fd, SOL_SOCKET, SO_SNDBUF));
  CHECK(option(fd, SOL_SOCKET, SO_RCVBUF));
  CHECK(option(fd, SOL_SOCKET, SO_PROTOCOL));
  CHECK(set(fd, IPPROTO_TCP, TCP_NODELAY, 5));
  CHECK(option(fd, IPPROTO_TCP, TCP_NODELAY));
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPIDLE));
  CHECK(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 0));
  CHECK(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30));
  CHECK(option(fd, IPPROTO_TCP, TCP_KEEPIDLE));
  CHECK(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT));
  CHECK(option(fd, IPPROTO_IP, IP_TTL));
  CHECK(set(fd, IPPROTO_IP, IP_TTL, 0));
  CHECK(option(fd, IPPROTO_IP, IP_MTU));
  CHECK(option(fd, IPPROTO_IPV6, IPV6_V6ONLY));
  CHECK(option(fd, IPPROTO_TCP, 999));
  CHECK(option(other, IPPROTO_TCP, TCP_NODELAY));
  CHECK(set(other, SOL_SOCKET, SO_BROADCAST, 1));
  close(fd);
  close(other);
}

static void datagrams(void) {
  char control[200];
  struct iovec part = {buffer, 3};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct sockaddr none = {AF_UNSPEC};
  socklen_t length = sizeof name;
  int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0), count;
  show_events(receiver);
  named("0.0.0.0", 0);
  CHECK(bind(receiver, address, sizeof name));
  CHECK(getsockname(receiver, address, &length));
  CHECK(set(receiver, IPPROTO_IP, IP_PKTINFO, 1));
  CHECK(send(sender, "x", 1, 0));
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 4);
  CHECK(sendto(sender, "hello", 5, 0, address, sizeof name));
  CHECK(sendto(sender, "", 0, 0, address, sizeof name));
  CHECK(sendto(sender, buffer, 65507, 0, address, sizeof name));
  CHECK(sendto(sender, buffer, 65508, 0, address, sizeof name));
  CHECK(ioctl(receiver, FIONREAD, &count));
  printf("%d\n", count);
  CHECK(recvmsg(receiver, &message, 0));
  printf("flags %x\n", message.msg_flags);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  struct in_pktinfo *info = (void *)CMSG_DATA(header);
  printf("%d %d %d %x %x\n", header->cmsg_level, header->cmsg_type, info->ipi_ifindex, ntohl(info->ipi_addr.s_addr),
         ntohl(info->ipi_spec_dst.s_addr));
  CHECK(recv(receiver, buffer, 100, 0));
  CHECK(recv(receiver, buffer, 100, MSG_TRUNC));
  CHECK(recv(receiver, buffer, 100, MSG_DONTWAIT));
  CHECK(connect(sender, address, sizeof name));
  show_name(getsockname, sender);
  CHECK(send(sender, "y", 1, 0));
  close(receiver);
  CHECK(send(sender, "y", 1, 0));
  show_events(sender);
  CHECK(recv(sender, buffer, 100, 0));
  CHECK(send(sender, "y", 1, 0));
  CHECK(option(sender, SOL_SOCKET, SO_ERROR));
  CHECK(connect(sender, &none, sizeof none));
  show_name(getpeername, sender);
  name.sin_port = 0;
  CHECK(sendto(sender, "x", 1, 0, address, sizeof name));
  CHECK(shutdown(sender, SHUT_RD));
  close(sender);
}

static void version_six(void) {
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
  socklen_t length = sizeof six;
  listener = socket(AF_INET6, SOCK_STREAM, 0);
  CHECK(option(listener, IPPROTO_IPV6, IPV6_V6ONLY));
  CHECK(bind(listener, (struct sockaddr *)&six, sizeof six));
  CHECK(set(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1));
  CHECK(listen(listener, 5));
  show_name(getsockname, listener);
  getsockname(listener, (struct sockaddr *)&six, &length);
  client = socket(AF_INET, SOCK_STREAM, 0);
  named("127.0.0.1", ntohs(six.sin6_port));
  CHECK(bind(client, address, sizeof name));
  CHECK(connect(client, address, sizeof name));
  server = accept(listener, 0, 0);
  show_name(getpeername, server);
  show_name(getsockname, server);
  close(client);
  close(server);
  client = socket(AF_INET6, SOCK_STREAM, 0);
  CHECK(connect(client, address, sizeof name));
  CHECK(connect(client, (struct sockaddr *)&six, sizeof six));
  server = accept(listener, 0, 0);
  show_name(getpeername, server);
  end();
}

static void link_requests(void) {
  struct ifreq request = {.ifr_name = "lo"};
  char text[IF_NAMESIZE];
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(ioctl(fd, SIOCGIFINDEX, &request));
  CHECK(request.ifr_ifindex);
  CHECK(ioctl(fd, SIOCGIFFLAGS, &request));
  CHECK(request.ifr_flags);
  CHECK(ioctl(fd, SIOCGIFMTU, &request));
  CHECK(request.ifr_mtu);
  CHECK(ioctl(fd, SIOCGIFNETMASK, &request));
  CHECK(((struct sockaddr_in *)&request.ifr_netmask)->sin_addr.s_addr);
  CHECK(if_nametoindex("lo"));
  CHECK(if_nametoindex("nosuch0"));
  puts(if_indextoname(1, text) ? text : "none");
  close(fd);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  signal(SIGPIPE, SIG_IGN);
  names();
  conversation();
  endings();
  non_blocking();
  pressure();
  options();
  datagrams();
  version_six();
  link_requests();
  return 0;
}
