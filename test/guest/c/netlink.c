/* rtnetlink(7): dumps of the loopback's link, addresses and routes; what other requests answer. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
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

static char buffer[65536];
static int link_socket;

static void ask(int type, int flags, int family, int index) {
  struct {
    struct nlmsghdr header;
    struct ifinfomsg link;
  } request = {{sizeof request, type, NLM_F_REQUEST | flags, 7, 0}, {.ifi_family = family, .ifi_index = index}};
  CHECK(send(link_socket, &request, sizeof request, 0));
}

/* Attributes in the order of their types, those of lengths that hold everywhere. */
static void show_attributes(struct rtattr *first, int length) {
  for (int type = 1; type <= 8; type++) {
    int left = length;
    for (struct rtattr *at = first; RTA_OK(at, left); at = RTA_NEXT(at, left)) {
      if (at->rta_type != type) continue;
      printf(" %d:", type);
      for (unsigned i = 0; i < RTA_PAYLOAD(at); i++) printf("%02x", ((unsigned char *)RTA_DATA(at))[i]);
    }
  }
  puts("");
}

static int show(struct nlmsghdr *message) {
  int length = message->nlmsg_len;
  if (message->nlmsg_type == NLMSG_DONE) return 0;
  if (message->nlmsg_type == NLMSG_ERROR) {
    printf("error %d\n", ((struct nlmsgerr *)NLMSG_DATA(message))->error);
    return 0;
  }
  if (message->nlmsg_type == RTM_NEWADDR) {
    struct ifaddrmsg *of = NLMSG_DATA(message);
    if (of->ifa_index != 1) return 1;
    printf("address family %d prefix %d scope %d flags %x", of->ifa_family, of->ifa_prefixlen, of->ifa_scope, of->ifa_flags);
    struct rtattr *at = IFA_RTA(of);
    for (int left = IFA_PAYLOAD(message); RTA_OK(at, left); at = RTA_NEXT(at, left))
      if (at->rta_type == IFA_CACHEINFO) at->rta_type = 99;
    show_attributes(IFA_RTA(of), IFA_PAYLOAD(message));
  } else if (message->nlmsg_type == RTM_NEWLINK) {
    struct ifinfomsg *of = NLMSG_DATA(message);
    if (of->ifi_index != 1) return 1;
    printf("link type %d flags %x seq %d", of->ifi_type, of->ifi_flags, message->nlmsg_seq);
    struct rtattr *at = IFLA_RTA(of);
    for (int left = IFLA_PAYLOAD(message); RTA_OK(at, left); at = RTA_NEXT(at, left))
      if (at->rta_type == IFLA_STATS) at->rta_type = 99;
    show_attributes(IFLA_RTA(of), IFLA_PAYLOAD(message));
  } else {
    printf("type %d length %d\n", message->nlmsg_type, length > 0);
  }
  return message->nlmsg_flags & NLM_F_MULTI;
}

static void answer(void) {
  for (int more = 1; more;) {
    int length = recv(link_socket, buffer, sizeof buffer, 0);
    for (struct nlmsghdr *at = (void *)buffer; NLMSG_OK(at, length); at = NLMSG_NEXT(at, length)) more = show(at);
  }
}

int main(void) {
  struct sockaddr_nl name = {.nl_family = AF_NETLINK};
  socklen_t size = sizeof name;
  struct ifaddrs *all;
  setvbuf(stdout, 0, _IOLBF, 0);
  CHECK(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
  link_socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  CHECK(bind(link_socket, (struct sockaddr *)&name, 4));
  CHECK(bind(link_socket, (struct sockaddr *)&name, sizeof name));
  CHECK(getsockname(link_socket, (struct sockaddr *)&name, &size));
  printf("%d own %d length %u\n", name.nl_family, name.nl_pid == (unsigned)getpid(), size);
  CHECK(recv(link_socket, buffer, 10, MSG_DONTWAIT));
  ask(RTM_GETLINK, NLM_F_DUMP, AF_UNSPEC, 0);
  CHECK(recv(link_socket, buffer, 0, MSG_PEEK | MSG_TRUNC) > 300);
  answer();
  ask(RTM_GETLINK, 0, AF_UNSPEC, 1);
  answer();
  ask(RTM_GETLINK, NLM_F_ACK, AF_UNSPEC, 999);
  answer();
  ask(RTM_GETADDR, NLM_F_DUMP, AF_UNSPEC, 0);
  answer();
  ask(RTM_GETADDR, NLM_F_DUMP, AF_INET6, 0);
  answer();
  ask(NLMSG_NOOP, NLM_F_ACK, AF_UNSPEC, 0);
  answer();
  CHECK(shutdown(link_socket, SHUT_WR));
  CHECK(listen(link_socket, 1));
  CHECK(getifaddrs(&all));
  for (struct ifaddrs *at = all; at; at = at->ifa_next)
    if (!strcmp(at->ifa_name, "lo")) printf("%s %x family %d\n", at->ifa_name, at->ifa_flags, at->ifa_addr->sa_family);
  freeifaddrs(all);
  CHECK(if_nametoindex("lo"));
  return 0;
}
