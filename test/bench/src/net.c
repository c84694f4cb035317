/* Network loads: an echoing server, and clients that measure.
 *
 *   net serve PORT              echoes what comes; connections that begin with 'S' are read and thrown away
 *   net stream HOST PORT MB     sends so many MB, prints MB/s once the server has taken all
 *   net rtt HOST PORT COUNT     sends a byte and waits for it, prints median and 99th percentile in us
 *   net idle HOST PORT COUNT    opens so many connections, prints "open", waits for a line of input
 *   net connects HOST PORT N    opens and closes N connections, one after the other, prints connections per second
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void raise_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int dial(const char *host, const char *port) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, port, &hints, &found) != 0) die("getaddrinfo");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) die("socket");
    if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) die("connect");
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    freeaddrinfo(found);
    return fd;
}

static char buffer[1 << 17];
/* 1: nothing known yet, 2: echoes, 3: throws away */
static unsigned char modes[1 << 20];

static void serve(int port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) die("bind");
    if (listen(listener, 4096) != 0) die("listen");
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                int client;
                while ((client = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    modes[client] = 1;
                    event.events = EPOLLIN;
                    event.data.fd = client;
                    epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
                }
                continue;
            }
            ssize_t got = read(fd, buffer, sizeof buffer);
            if (got <= 0) {
                if (got == 0 || errno != EAGAIN) close(fd);
                continue;
            }
            if (modes[fd] == 1) modes[fd] = buffer[0] == 'S' ? 3 : 2;
            if (modes[fd] == 2 && write(fd, buffer, got) != got) close(fd);
        }
    }
}

static void stream(int fd, long mb) {
    long left = mb << 20;
    memset(buffer, 'S', sizeof buffer);
    double start = now();
    while (left > 0) {
        ssize_t sent = write(fd, buffer, left < (long)sizeof buffer ? left : (long)sizeof buffer);
        if (sent <= 0) die("write");
        left -= sent;
    }
    shutdown(fd, SHUT_WR);
    /* The server closes when it has read all. */
    if (read(fd, buffer, 1) != 0) die("read");
    printf("%.1f\n", mb / (now() - start));
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void rtt(int fd, int count) {
    double *times = malloc(count * sizeof *times);
    for (int i = 0; i < count; i++) {
        double start = now();
        char byte = 'x';
        if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1) die("round trip");
        times[i] = now() - start;
    }
    qsort(times, count, sizeof *times, compare);
    printf("%.1f %.1f\n", times[count / 2] * 1e6, times[count * 99 / 100] * 1e6);
}

int main(int argc, char **argv) {
    raise_limit();
    if (argc == 3 && !strcmp(argv[1], "serve")) serve(atoi(argv[2]));
    if (argc != 5) return 2;
    long count = atol(argv[4]);
    if (!strcmp(argv[1], "stream")) stream(dial(argv[2], argv[3]), count);
    if (!strcmp(argv[1], "rtt")) rtt(dial(argv[2], argv[3]), count);
    if (!strcmp(argv[1], "idle")) {
        for (long i = 0; i < count; i++) dial(argv[2], argv[3]);
        puts("open");
        fflush(stdout);
        getchar();
    }
    if (!strcmp(argv[1], "connects")) {
        double start = now();
        for (long i = 0; i < count; i++) close(dial(argv[2], argv[3]));
        printf("%.0f\n", count / (now() - start));
    }
    return 0;
}
