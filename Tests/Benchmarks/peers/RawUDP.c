#define _GNU_SOURCE
#include "CBenchmarkPeers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "Measured.h"

static const size_t warm_up = 200;

void peers_pin(uint32_t processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    // A machine with one processor keeps the thread where it is.
    sched_setaffinity(0, sizeof set, &set);
}

// Sends back whatever comes; a datagram of one byte ends it.
static void *answer(void *argument) {
    int descriptor = *(int *)argument;
    uint8_t bytes[2048];
    peers_pin(1);
    for (;;) {
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        ssize_t count = recvfrom(descriptor, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &length);
        if (count == 1) return NULL;
        if (count > 0) sendto(descriptor, bytes, (size_t)count, 0, (struct sockaddr *)&from, length);
    }
}

// Any error, a round trip of more than a second among them, ends the run.
static int32_t play(int descriptor, size_t size, size_t count, int64_t *nanoseconds) {
    uint8_t bytes[2048] = {0};
    for (size_t index = 0; index < warm_up + count; index++) {
        int64_t begin = now_nanoseconds();
        if (send(descriptor, bytes, size, 0) < 0 || recv(descriptor, bytes, sizeof bytes, 0) < 0) return errno;
        if (index >= warm_up) nanoseconds[index - warm_up] = now_nanoseconds() - begin;
    }
    return 0;
}

int32_t peers_udp_round_trips(size_t size, size_t count, int64_t *nanoseconds) {
    if (size < 2 || size > 1400) return EINVAL;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    struct timeval limit = {.tv_sec = 1};
    int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int32_t result = 0;
    pthread_t thread;
    if (server < 0 || client < 0 || bind(server, (struct sockaddr *)&address, sizeof address) < 0 ||
        getsockname(server, (struct sockaddr *)&address, &length) < 0 ||
        connect(client, (struct sockaddr *)&address, sizeof address) < 0 ||
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0) {
        result = errno;
    } else if ((result = pthread_create(&thread, NULL, answer, &server)) == 0) {
        result = play(client, size, count, nanoseconds);
        uint8_t end = 0;
        send(client, &end, 1, 0);
        pthread_join(thread, NULL);
    }
    if (server >= 0) close(server);
    if (client >= 0) close(client);
    return result;
}
