#define _GNU_SOURCE
#include "CBenchmarkPeers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "Measured.h"

enum { MOST_CLIENTS = 64, ANSWER_BYTES = 1 << 17, LIMIT_MILLISECONDS = 30000 };

struct client {
    int descriptor;
    // An answer has come over this connection before: the server may have closed it in the meantime.
    int is_used;
    size_t request;
    int64_t begin;
    char *answer;
    size_t received;
};

static int connect_to(uint16_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    if (connect(descriptor, (struct sockaddr *)&to, sizeof to) == 0) return descriptor;
    int error = errno;
    close(descriptor);
    return -error;
}

static int send_all(int descriptor, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = send(descriptor, bytes, count, MSG_NOSIGNAL);
        if (sent < 0) return errno;
        bytes += sent;
        count -= (size_t)sent;
    }
    return 0;
}

// The bytes of a whole answer; 0 where more is to come, -1 where it ends with the connection.
static ssize_t whole(const char *answer, size_t received) {
    const char *end = memmem(answer, received, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    const char *line = answer;
    for (; line < end; line = (const char *)memmem(line, (size_t)(end + 2 - line), "\r\n", 2) + 2) {
        if (strncasecmp(line, "content-length:", 15) == 0) {
            size_t length = (size_t)(end + 4 - answer) + strtoul(line + 15, NULL, 10);
            return received >= length ? (ssize_t)length : 0;
        }
    }
    return -1;
}

static int closes(const char *answer) {
    const char *end = strstr(answer, "\r\n\r\n");
    const char *field = strcasestr(answer, "\r\nconnection: close");
    return memcmp(answer, "HTTP/1.0", 8) == 0 || (field != NULL && end != NULL && field < end);
}

struct load {
    uint16_t port;
    const char *head;
    int keeps_open;
    const uint8_t *bodies;
    const size_t *ends;
};

static int begin(const struct load *load, struct client *client, size_t request) {
    client->request = request;
    client->received = 0;
    client->begin = now_nanoseconds();
    char message[ANSWER_BYTES];
    size_t start = request == 0 ? 0 : load->ends[request - 1], length = load->ends[request] - start;
    int head = snprintf(message, sizeof message, "%s%zu\r\n\r\n", load->head, length);
    if (head <= 0 || (size_t)head + length > sizeof message) return EMSGSIZE;
    memcpy(message + head, load->bodies + start, length);
    for (;;) {
        int is_used = client->descriptor >= 0 && client->is_used;
        if (client->descriptor < 0) {
            client->descriptor = connect_to(load->port);
            client->is_used = 0;
            if (client->descriptor < 0) return -client->descriptor;
        }
        int error = send_all(client->descriptor, message, (size_t)head + length);
        if (error == 0) return 0;
        close(client->descriptor);
        client->descriptor = -1;
        if (!is_used) return error;
    }
}

// Takes what has come; 1 where the answer is whole, 0 where more is to come, else a negative error number.
static int receive(const struct load *load, struct client *client) {
    ssize_t count =
        recv(client->descriptor, client->answer + client->received, ANSWER_BYTES - 1 - client->received, 0);
    if (count < 0) return -errno;
    client->received += (size_t)count;
    client->answer[client->received] = 0;
    ssize_t length = whole(client->answer, client->received);
    if (length == 0 && count == 0) {
        // Closed before the request came: it goes over another connection.
        if (client->received > 0 || !client->is_used) return -ECONNRESET;
        close(client->descriptor);
        client->descriptor = -1;
        int64_t began = client->begin;
        int error = begin(load, client, client->request);
        client->begin = began;
        return -error;
    }
    if (length == 0 || (length < 0 && count > 0)) return 0;
    client->is_used = 1;
    if (!load->keeps_open || length < 0 || closes(client->answer)) {
        close(client->descriptor);
        client->descriptor = -1;
    }
    return 1;
}

int32_t peers_posts(const struct peers_load *what, const uint8_t *bodies, const size_t *ends, size_t count,
                    int64_t *nanoseconds, char *problem, size_t capacity) {
    static struct client clients[MOST_CLIENTS];
    char head[512];
    snprintf(head, sizeof head,
             "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: ", what->path,
             what->keeps_open ? "" : "Connection: close\r\n");
    struct load load = {what->port, head, what->keeps_open, bodies, ends};
    size_t number = what->clients < count ? what->clients : count, next = 0, done = 0;
    if (number > MOST_CLIENTS) return EINVAL;
    struct pollfd waiting[MOST_CLIENTS];
    int result = 0;
    for (size_t index = 0; index < number; index++) {
        clients[index] = (struct client){.descriptor = -1, .answer = malloc(ANSWER_BYTES)};
        if (clients[index].answer == NULL) return ENOMEM;
    }
    for (size_t index = 0; index < number && result == 0; index++) result = begin(&load, &clients[index], next++);
    while (done < count && result == 0) {
        for (size_t index = 0; index < number; index++)
            waiting[index] = (struct pollfd){clients[index].descriptor, POLLIN, 0};
        int ready = poll(waiting, number, LIMIT_MILLISECONDS);
        if (ready <= 0) result = ready == 0 ? ETIMEDOUT : errno;
        for (size_t index = 0; index < number && result == 0; index++) {
            struct client *client = &clients[index];
            if (waiting[index].fd < 0 || waiting[index].revents == 0) continue;
            int state = receive(&load, client);
            if (state < 0) result = -state;
            if (state <= 0) continue;
            nanoseconds[client->request] = now_nanoseconds() - client->begin;
            done++;
            if (strncmp(client->answer + 8, " 200", 4) != 0) {
                const char *body = strstr(client->answer, "\r\n\r\n");
                snprintf(problem, capacity, "%s", body == NULL ? client->answer : body + 4);
                result = EPROTO;
            } else if (next < count) {
                struct timespec pause = {what->pause_milliseconds / 1000, what->pause_milliseconds % 1000 * 1000000L};
                nanosleep(&pause, NULL);
                result = begin(&load, client, next++);
            }
        }
    }
    for (size_t index = 0; index < number; index++) {
        if (clients[index].descriptor >= 0) close(clients[index].descriptor);
        free(clients[index].answer);
    }
    return result;
}
