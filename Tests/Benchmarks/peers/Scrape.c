#define _GNU_SOURCE
#include "CBenchmarkPeers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "Measured.h"

// Sends a request and reads the whole answer, which ends with the connection.
static int32_t exchange(int descriptor, const char *path, size_t *bytes) {
    char request[512];
    const char *form = "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    int length = snprintf(request, sizeof request, form, path);
    if (length <= 0 || (size_t)length >= sizeof request) return EMSGSIZE;
    if (send(descriptor, request, (size_t)length, MSG_NOSIGNAL) != length) return errno ? errno : EIO;
    char answer[65536];
    size_t total = 0;
    int isRight = 0;
    for (;;) {
        ssize_t count = recv(descriptor, answer, sizeof answer, 0);
        if (count < 0) return errno;
        if (count == 0) break;
        if (total == 0) isRight = count > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0;
        total += (size_t)count;
    }
    *bytes = total;
    return isRight ? 0 : EPROTO;
}

int32_t peers_scrape(uint16_t port, const char *path, size_t *bytes) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return errno;
    struct timeval limit = {.tv_sec = 5};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    int32_t result = 0;
    if (connect(descriptor, (struct sockaddr *)&to, sizeof to) != 0) result = errno;
    if (result == 0) result = exchange(descriptor, path, bytes);
    close(descriptor);
    return result;
}
