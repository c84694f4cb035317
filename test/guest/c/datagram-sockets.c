/* UDP, UDP-Lite, multicast on the loopback, ICMP: what goes along with datagrams, and who hears them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK(expression)                                                                       \
  do {                                                                                          \
    errno = 0;                                                                                  \
    long result_ = (long)(expression);                                                          \
    printf("%s = %ld %s\n", #expression, result_, result_ == -1 ? strerrorname_np(errno) : ""); \
  } while (0)

static char buffer[70000];
static struct sockaddr_in name;
static struct sockaddr *const address = (struct sockaddr *)&name;

static int set(int fd, int level, int which, int value) { return setsockopt(fd, level, which, &value, sizeof value); }

static int bound(int type, int protocol, const char *host) {
  socklen_t length = sizeof name;
  int fd = socket(AF_INET, type, protocol);
  name = (struct sockaddr_in){.sin_family = AF_INET};
  inet_pton(AF_INET, host, &name.sin_addr);
  CHECK(bind(fd, address, sizeof name));
  getsockname(fd, address, &length);
  return fd;
}

static void show_control(struct msghdr *message) {
  for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at)) {
    printf("control %d %d length %zu", at->cmsg_level, at->cmsg_type, at->cmsg_len);
    if (at->cmsg_level == IPPROTO_IP && at->cmsg_type != IP_ORIGDSTADDR)
      for (size_t i = 0; i < at->cmsg_len - CMSG_LEN(0); i++) printf(" %02x", CMSG_DATA(at)[i]);
    puts("");
  }
}

static void along_with(void) {
  char control[200], out[CMSG_SPACE(4) * 2];
  struct iovec part = {buffer, 100};
  struct msghdr in = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct msghdr message = {.msg_name = address, .msg_namelen = sizeof name, .msg_iov = &part, .msg_iovlen = 1};
  int receiver = bound(SOCK_DGRAM, 0, "127.0.0.1"), sender = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(set(receiver, IPPROTO_IP, IP_RECVTTL, 1));
  CHECK(set(receiver, IPPROTO_IP, IP_RECVTOS, 1));
  CHECK(set(receiver, SOL_SOCKET, SO_TIMESTAMP, 1));
  part.iov_len = 5;
  message.msg_control = out;
  message.msg_controllen = sizeof out;
  struct cmsghdr *at = CMSG_FIRSTHDR(&message);
  *at = (struct cmsghdr){CMSG_LEN(4), IPPROTO_IP, IP_TTL};
  *(int *)CMSG_DATA(at) = 7;
  at = CMSG_NXTHDR(&message, at);
  *at = (struct cmsghdr){CMSG_LEN(4), IPPROTO_IP, IP_TOS};
  *(int *)CMSG_DATA(at) = 0x10;
  CHECK(sendmsg(sender, &message, 0));
  CHECK(recvmsg(receiver, &in, 0));
  show_control(&in);
  *(int *)CMSG_DATA(at) = 999;
  CHECK(sendmsg(sender, &message, 0));
  at->cmsg_type = 99;
  CHECK(sendmsg(sender, &message, 0));
  CHECK(set(receiver, SOL_SOCKET, SO_TIMESTAMPNS, 1));
  CHECK(set(sender, IPPROTO_IP, IP_TTL, 9));
  CHECK(sendto(sender, "x", 1, 0, address, sizeof name));
  in.msg_controllen = sizeof control;
  CHECK(recvmsg(receiver, &in, 0));
  show_control(&in);
  CHECK(sendto(sender, "x", 1, 0, address, sizeof name));
  in.msg_controllen = 20;
  CHECK(recvmsg(receiver, &in, 0));
  printf("flags %x\n", in.msg_flags);
  close(receiver);
  close(sender);
}

static void corked(void) {
  int receiver = bound(SOCK_DGRAM, 0, "127.0.0.1"), sender = socket(AF_INET, SOCK_DGRAM, 0);
  connect(sender, address, sizeof name);
  CHECK(send(sender, "one ", 4, MSG_MORE));
  CHECK(recv(receiver, buffer, 100, MSG_DONTWAIT));
  CHECK(send(sender, "two", 3, 0));
  CHECK(recv(receiver, buffer, 100, MSG_DONTWAIT));
  CHECK(set(sender, IPPROTO_UDP, UDP_CORK, 1));
  CHECK(send(sender, "three ", 6, 0));
  CHECK(send(sender, "four", 4, 0));
  CHECK(recv(receiver, buffer, 100, MSG_DONTWAIT));
  CHECK(set(sender, IPPROTO_UDP, UDP_CORK, 0));
  CHECK(recv(receiver, buffer, 100, MSG_DONTWAIT));
  close(receiver);
  close(sender);
}

static void groups(void) {
  struct ip_mreqn group = {.imr_address.s_addr = htonl(INADDR_LOOPBACK)};
  struct in_addr link = {htonl(INADDR_LOOPBACK)}, found;
  socklen_t length = sizeof found;
  int member = bound(SOCK_DGRAM, 0, "0.0.0.0"), sender = socket(AF_INET, SOCK_DGRAM, 0);
  inet_pton(AF_INET, "239.1.2.3", &group.imr_multiaddr);
  CHECK(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
  CHECK(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
  CHECK(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &link, sizeof link));
  CHECK(getsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &found, &length));
  printf("%s %u\n", inet_ntoa(found), length);
  name.sin_addr = group.imr_multiaddr;
  CHECK(sendto(sender, "to all", 6, 0, address, sizeof name));
  CHECK(recv(member, buffer, 100, MSG_DONTWAIT));
  CHECK(set(sender, IPPROTO_IP, IP_MULTICAST_LOOP, 0));
  CHECK(setsockopt(member, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group));
  CHECK(setsockopt(member, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group, sizeof group));
  CHECK(set(sender, IPPROTO_IP, IP_MULTICAST_LOOP, 1));
  CHECK(sendto(sender, "to none", 7, 0, address, sizeof name));
  CHECK(recv(member, buffer, 100, MSG_DONTWAIT));
  inet_pton(AF_INET, "10.0.0.1", &group.imr_multiaddr);
  CHECK(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
  CHECK(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, 4));
  close(member);
  close(sender);
}

static void devices(void) {
  char found[20] = "";
  socklen_t length = sizeof found;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, found, &length));
  printf("%u\n", length);
  CHECK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nosuch0", 8));
  CHECK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
  length = sizeof found;
  CHECK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, found, &length));
  printf("%s %u\n", found, length);
  close(fd);
}

static void lite(void) {
  int receiver = bound(SOCK_DGRAM, IPPROTO_UDPLITE, "127.0.0.1");
  int sender = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE), plain = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(sendto(sender, "light", 5, 0, address, sizeof name));
  CHECK(recv(receiver, buffer, 100, MSG_DONTWAIT));
  CHECK(bind(plain, address, sizeof name));
  close(receiver);
  close(sender);
  close(plain);
}

static unsigned short checksum(const unsigned char *bytes, int length) {
  unsigned sum = 0;
  for (int i = 0; i < length; i += 2) sum += bytes[i] << 8 | bytes[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons(~sum);
}

static void raw_echo(void) {
  struct sockaddr_in from;
  socklen_t length = sizeof from;
  struct icmphdr request = {.type = ICMP_ECHO, .un.echo = {htons(4321), htons(1)}};
  unsigned char reply[200];
  int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  name = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  request.checksum = checksum((void *)&request, sizeof request);
  CHECK(sendto(fd, &request, sizeof request, 0, address, sizeof name));
  for (int i = 0; i < 2; i++) {
    CHECK(recvfrom(fd, reply, sizeof reply, MSG_DONTWAIT, (void *)&from, &length));
    printf("%02x protocol %d type %d id %d sum %x from %s\n", reply[0], reply[9], reply[20], reply[24] << 8 | reply[25],
           checksum(reply + 20, 8), inet_ntoa(from.sin_addr));
  }
  CHECK(recv(fd, reply, sizeof reply, MSG_DONTWAIT));
  CHECK(setsockopt(fd, SOL_RAW, 1, &(int){1 << ICMP_ECHO}, 4));
  CHECK(sendto(fd, &request, sizeof request, 0, address, sizeof name));
  CHECK(recv(fd, reply, sizeof reply, MSG_DONTWAIT));
  CHECK(recv(fd, reply, sizeof reply, MSG_DONTWAIT));
  close(fd);
}

static void kinds(void) {
  CHECK(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
  CHECK(socket(AF_INET, SOCK_RAW, 0));
  CHECK(socket(AF_INET, SOCK_SEQPACKET, 0));
  CHECK(socket(AF_INET, 77, 0));
  CHECK(socket(99, SOCK_STREAM, 0));
  CHECK(socketpair(AF_INET, SOCK_STREAM, 0, (int[2]){0}));
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  along_with();
  corked();
  groups();
  devices();
  lite();
  raw_echo();
  kinds();
  return 0;
}
