/* An echoing server and its client, each in a machine of its own.
 *   network-peer serve       echoes connections at port 7000, one after the other
 *   network-peer ask HOST N  sends N lines and prints what comes back
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[4096];

static int serve(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7000)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16)) return 1;
    puts("listening");
    fflush(stdout);
    for (;;) {
        int client = accept(listener, 0, 0);
        ssize_t count;
        while ((count = read(client, buffer, sizeof buffer)) > 0)
            if (write(client, buffer, count) != count) break;
        close(client);
    }
}

static int ask(const char *host, int count) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7000)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    inet_pton(AF_INET, host, &address.sin_addr);
    if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
        perror("connect");
        return 1;
    }
    for (int i = 0; i < count; i++) {
        int length = sprintf(buffer, "line %d\n", i);
        if (write(fd, buffer, length) != length) return 2;
    }
    shutdown(fd, SHUT_WR);
    ssize_t got;
    while ((got = read(fd, buffer, sizeof buffer)) > 0) fwrite(buffer, 1, got, stdout);
    return got < 0 ? 3 : 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "serve")) return serve();
    if (argc == 4 && !strcmp(argv[1], "ask")) return ask(argv[2], atoi(argv[3]));
    return 64;
}
