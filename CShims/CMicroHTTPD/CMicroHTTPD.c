#define _GNU_SOURCE
#include "CMicroHTTPD.h"

#include "MicroHTTPDLibrary.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

// A connection, with the time at which its client was last waited for anew.
struct connection {
    struct connection *previous, *next;
    int socket;
    int64_t since;
    // The client waits for us, and not we for it.
    int is_ours;
    // An answer is on its way to it.
    int is_answered;
    int is_closed;
    // Runs at whose end the client had ended its side with something of it still awaited.
    int ended_runs;
};

// Who is waited for so long gives up its place where others wait for one.
enum { CROWDED_MILLISECONDS = 500 };

struct cmicrohttpd_server {
    struct MHD_Daemon *daemon;
    int descriptor;
    // The library's, to see whether anybody waits for a place.
    int listener;
    // When that was last looked at.
    int64_t looked;
    struct cmicrohttpd_limits limits;
    int64_t now;
    struct connection *connections;
    uint32_t connection_count;
    // Whole requests nobody has taken, and those that were taken and not answered.
    struct cmicrohttpd_exchange *first_whole, *last_whole, *taken;
};

struct cmicrohttpd_exchange {
    struct cmicrohttpd_exchange *previous, *next;
    struct cmicrohttpd_server *server;
    struct MHD_Connection *connection;
    struct connection *state;
    struct MHD_Response *response;
    uint32_t status;
    char *target;
    char method[24];
    uint8_t *body;
    size_t body_count, body_capacity, received;
    int is_begun, is_too_large, is_waiting, is_sent;
    // It was found too large while its body came in. The library takes no answer then: it is `text`, with its fields
    // in the first `head_count` bytes.
    int is_cut;
    char *text;
    size_t text_count, head_count;
};

static struct connection *state_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        library.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    struct cmicrohttpd_server *server = context;
    struct connection *state = *socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            library.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        int socket = info == NULL ? -1 : info->connect_fd;
        state = calloc(1, sizeof *state);
        if (state == NULL) {
            // Without its state nobody would notice that it is slow.
            if (socket >= 0) shutdown(socket, SHUT_RDWR);
            return;
        }
        state->socket = socket;
        state->since = server->now;
        state->next = server->connections;
        if (state->next != NULL) state->next->previous = state;
        server->connections = state;
        server->connection_count++;
        *socket_context = state;
    } else if (state != NULL) {
        if (state->previous != NULL) state->previous->next = state->next;
        else server->connections = state->next;
        if (state->next != NULL) state->next->previous = state->previous;
        server->connection_count--;
        free(state);
        *socket_context = NULL;
    }
}

// The target as it was sent; its answer becomes the request's context.
static void *on_target(void *context, const char *target, struct MHD_Connection *connection) {
    struct cmicrohttpd_exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) return NULL;
    exchange->server = context;
    exchange->connection = connection;
    exchange->state = state_of(connection);
    exchange->target = strdup(target);
    if (exchange->target != NULL && exchange->state != NULL) return exchange;
    free(exchange->target);
    free(exchange);
    return NULL;
}

// Targets are decoded by whoever reads them.
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

static void unlink_exchange(struct cmicrohttpd_exchange *exchange) {
    struct cmicrohttpd_server *server = exchange->server;
    if (exchange->previous != NULL) exchange->previous->next = exchange->next;
    if (exchange->next != NULL) exchange->next->previous = exchange->previous;
    if (server->first_whole == exchange) server->first_whole = exchange->next;
    if (server->last_whole == exchange) server->last_whole = exchange->previous;
    if (server->taken == exchange) server->taken = exchange->next;
    exchange->previous = exchange->next = NULL;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code) {
    (void)connection;
    (void)code;
    struct cmicrohttpd_server *server = context;
    struct cmicrohttpd_exchange *exchange = *request;
    *request = NULL;
    if (exchange == NULL) return;
    if (exchange->is_waiting) unlink_exchange(exchange);
    exchange->state->since = server->now;
    exchange->state->is_ours = 0;
    exchange->state->is_answered = 0;
    if (exchange->response != NULL) library.MHD_destroy_response(exchange->response);
    free(exchange->body);
    free(exchange->text);
    free(exchange->target);
    free(exchange);
}

// Whether the request says that its body is longer than `limit`; what is no number is the library's to refuse.
static int announces_more(struct MHD_Connection *connection, uint32_t limit) {
    const char *text = library.MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    uint64_t length = 0;
    for (; text != NULL && *text >= '0' && *text <= '9'; text++) {
        length = length * 10 + (uint64_t)(*text - '0');
        if (length > limit) return 1;
    }
    return 0;
}

// 1 where the piece is kept, 0 where there is no memory for it.
static int keep(struct cmicrohttpd_exchange *exchange, const char *bytes, size_t count) {
    size_t limit = exchange->server->limits.body_bytes;
    if (exchange->body_count + count > exchange->body_capacity) {
        size_t capacity = 2 * (exchange->body_count + count);
        if (capacity > limit) capacity = limit;
        uint8_t *body = realloc(exchange->body, capacity);
        if (body == NULL) return 0;
        exchange->body = body;
        exchange->body_capacity = capacity;
    }
    memcpy(exchange->body + exchange->body_count, bytes, count);
    exchange->body_count += count;
    return 1;
}

// The body turned out too long: nothing of it is kept.
static void cut(struct cmicrohttpd_exchange *exchange) {
    exchange->is_too_large = exchange->is_cut = 1;
    free(exchange->body);
    exchange->body = NULL;
    exchange->body_count = exchange->body_capacity = 0;
}

// Whether a client that was told that its body is too long may go on: were it closed at once with more of it on the
// way, it would not see why. The limit of time holds as well.
static enum MHD_Result pass_over(struct cmicrohttpd_exchange *exchange, size_t *count) {
    if (*count == 0) return MHD_NO;
    exchange->received += *count;
    *count = 0;
    return exchange->received <= 4 * (size_t)exchange->server->limits.body_bytes ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload, size_t *upload_count,
                                  void **request) {
    (void)url;
    (void)version;
    struct cmicrohttpd_server *server = context;
    struct cmicrohttpd_exchange *exchange = *request;
    if (exchange == NULL) return MHD_NO;
    // Releases of the library differ in whether they tell what they hold already of a suspended connection.
    if (exchange->is_waiting) return MHD_YES;
    if (exchange->is_sent) {
        if (exchange->is_cut && exchange->text != NULL) return pass_over(exchange, upload_count);
        if (exchange->response == NULL) return MHD_NO;
        return library.MHD_queue_response(connection, exchange->status, exchange->response);
    }
    if (!exchange->is_begun) {
        exchange->is_begun = 1;
        snprintf(exchange->method, sizeof exchange->method, "%s", method);
        exchange->is_too_large = announces_more(connection, server->limits.body_bytes);
        if (!exchange->is_too_large) return MHD_YES;
    } else if (*upload_count > 0) {
        size_t count = *upload_count;
        *upload_count = 0;
        exchange->received += count;
        if (exchange->received <= server->limits.body_bytes) return keep(exchange, upload, count) ? MHD_YES : MHD_NO;
        cut(exchange);
    }
    exchange->is_waiting = 1;
    exchange->state->is_ours = 1;
    exchange->previous = server->last_whole;
    if (server->last_whole != NULL) server->last_whole->next = exchange;
    else server->first_whole = exchange;
    server->last_whole = exchange;
    library.MHD_suspend_connection(connection);
    return MHD_YES;
}

int32_t cmicrohttpd_start(int32_t listener, const struct cmicrohttpd_limits *limits,
                          struct cmicrohttpd_server **result, char *problem, size_t capacity) {
    int32_t refusal = open_library(problem, capacity);
    struct cmicrohttpd_server *server = refusal == CMICROHTTPD_STARTED ? calloc(1, sizeof *server) : NULL;
    *result = NULL;
    if (server == NULL) {
        close(listener);
        return refusal == CMICROHTTPD_STARTED ? CMICROHTTPD_REFUSED : refusal;
    }
    server->limits = *limits;
    struct stat before = {.st_ino = 0}, after = {.st_ino = 0};
    fstat(listener, &before);
    struct MHD_OptionItem per_address[] = {
        {limits->connections_per_address == 0 ? MHD_OPTION_END : MHD_OPTION_PER_IP_CONNECTION_LIMIT,
         (intptr_t)limits->connections_per_address, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    server->daemon = library.MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET,
        (MHD_socket)listener, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)limits->connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)limits->connection_bytes, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_ARRAY, per_address, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        server->daemon == NULL ? NULL : library.MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL) {
        if (server->daemon != NULL) library.MHD_stop_daemon(server->daemon);
        // Releases of the library differ in whether they have closed it by now.
        if (fstat(listener, &after) == 0 && after.st_ino == before.st_ino && after.st_dev == before.st_dev)
            close(listener);
        free(server);
        return CMICROHTTPD_REFUSED;
    }
    server->descriptor = info->epoll_fd;
    server->listener = listener;
    *result = server;
    return CMICROHTTPD_STARTED;
}

void cmicrohttpd_stop(struct cmicrohttpd_server *server) {
    static const char text[] = "{\"error\":{\"kind\":\"unavailable\",\"message\":\"the agent ends\",\"hint\":null}}";
    struct cmicrohttpd_exchange *exchange;
    // The library ends the program where it is stopped with a connection suspended.
    while ((exchange = cmicrohttpd_take(server)) != NULL) {}
    while ((exchange = server->taken) != NULL) {
        if (exchange->response == NULL && exchange->text == NULL)
            cmicrohttpd_answer(exchange, 503, (const uint8_t *)text, sizeof text - 1);
        cmicrohttpd_send(exchange, server->now);
    }
    library.MHD_run(server->daemon);
    library.MHD_stop_daemon(server->daemon);
    free(server);
}

int32_t cmicrohttpd_descriptor(const struct cmicrohttpd_server *server) { return server->descriptor; }

uint32_t cmicrohttpd_connections(const struct cmicrohttpd_server *server) { return server->connection_count; }

// Whether something of the client is waited for.
static int is_awaited(const struct connection *state) {
    return !state->is_ours && !state->is_answered && !state->is_closed && state->socket >= 0;
}

static void end_connection(struct connection *state) {
    state->is_closed = 1;
    if (state->socket >= 0) shutdown(state->socket, SHUT_RDWR);
}

// Whether nothing more can come from the client: it has ended its side, or is gone.
static int is_at_end(int socket) {
    char byte;
    ssize_t count = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

// Ends connections whose clients ended theirs in the middle of a request: the library would keep them until they are
// too slow. Whole requests that it has read already are begun within two runs. 1 where it is to be run again.
static int end_broken(struct cmicrohttpd_server *server) {
    int goes_on = 0;
    for (struct connection *state = server->connections; state != NULL; state = state->next) {
        if (!is_awaited(state) || !is_at_end(state->socket)) {
            state->ended_runs = 0;
            continue;
        }
        goes_on = 1;
        if (++state->ended_runs >= 3) end_connection(state);
    }
    return goes_on;
}

static int is_full(const struct cmicrohttpd_server *server) {
    return server->connection_count >= server->limits.connections;
}

// Where all places are taken and others wait for one, ends the connections of clients that send nothing, or too slowly.
// While all are taken the library does not tell that others wait.
static void make_room(struct cmicrohttpd_server *server) {
    if (!is_full(server) || server->now - server->looked < CROWDED_MILLISECONDS) return;
    server->looked = server->now;
    struct pollfd listener = {.fd = server->listener, .events = POLLIN};
    if (poll(&listener, 1, 0) != 1) return;
    for (struct connection *state = server->connections; state != NULL; state = state->next)
        if (is_awaited(state) && server->now - state->since >= CROWDED_MILLISECONDS) end_connection(state);
}

int32_t cmicrohttpd_run(struct cmicrohttpd_server *server, int64_t now) {
    server->now = now;
    make_room(server);
    for (struct connection *state = server->connections; state != NULL; state = state->next) {
        if (state->is_ours || state->is_closed || now - state->since < server->limits.timeout_milliseconds) continue;
        end_connection(state);
    }
    uint32_t before = server->connection_count;
    library.MHD_run(server->daemon);
    if (end_broken(server)) return 1;
    // Only a further run listens again where the limit of connections kept others waiting.
    if (server->connection_count < before) return 1;
    MHD_UNSIGNED_LONG_LONG wait;
    return library.MHD_get_timeout(server->daemon, &wait) == MHD_YES && wait == 0;
}

int64_t cmicrohttpd_deadline(const struct cmicrohttpd_server *server) {
    int64_t deadline = INT64_MAX;
    for (const struct connection *state = server->connections; state != NULL; state = state->next) {
        int64_t due = state->since + server->limits.timeout_milliseconds;
        if (!state->is_ours && !state->is_closed && due < deadline) deadline = due;
    }
    int64_t look = server->looked + CROWDED_MILLISECONDS;
    return is_full(server) && look < deadline ? look : deadline;
}

struct cmicrohttpd_exchange *cmicrohttpd_take(struct cmicrohttpd_server *server) {
    struct cmicrohttpd_exchange *exchange = server->first_whole;
    if (exchange == NULL) return NULL;
    unlink_exchange(exchange);
    exchange->next = server->taken;
    if (exchange->next != NULL) exchange->next->previous = exchange;
    server->taken = exchange;
    return exchange;
}

const char *cmicrohttpd_method(const struct cmicrohttpd_exchange *exchange) { return exchange->method; }

const char *cmicrohttpd_target(const struct cmicrohttpd_exchange *exchange) { return exchange->target; }

const uint8_t *cmicrohttpd_body(const struct cmicrohttpd_exchange *exchange, size_t *count) {
    *count = exchange->body_count;
    return exchange->body;
}

int32_t cmicrohttpd_is_too_large(const struct cmicrohttpd_exchange *exchange) { return exchange->is_too_large; }

int32_t cmicrohttpd_is_left(const struct cmicrohttpd_exchange *exchange) {
    struct pollfd socket = {.fd = exchange->state->socket, .events = POLLRDHUP};
    return poll(&socket, 1, 0) == 1;
}

struct header_list {
    struct cmicrohttpd_header *headers;
    size_t count, capacity;
};

static enum MHD_Result collect_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value) {
    (void)kind;
    struct header_list *list = context;
    if (list->count < list->capacity) {
        list->headers[list->count].name = name;
        list->headers[list->count].value = value == NULL ? "" : value;
    }
    list->count++;
    return MHD_YES;
}

size_t cmicrohttpd_headers(const struct cmicrohttpd_exchange *exchange, struct cmicrohttpd_header *headers,
                           size_t capacity) {
    struct header_list list = {headers, 0, capacity};
    library.MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, collect_header, &list);
    return list.count;
}

// The answer to a request that was cut.
static int32_t begin_text(struct cmicrohttpd_exchange *exchange, uint32_t status, const uint8_t *body, size_t count) {
    char head[96];
    int length = snprintf(head, sizeof head, "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Length: %zu\r\n", status,
                          status == 413 ? "Content Too Large" : "Refused", count);
    char *text = malloc((size_t)length + count + 2);
    if (text == NULL) return -1;
    memcpy(text, head, (size_t)length);
    memcpy(text + length, "\r\n", 2);
    if (count > 0) memcpy(text + length + 2, body, count);
    free(exchange->text);
    exchange->text = text;
    exchange->head_count = (size_t)length;
    exchange->text_count = (size_t)length + 2 + count;
    return 0;
}

// Another field at the end of the head.
static int32_t add_to_text(struct cmicrohttpd_exchange *exchange, const char *name, const char *value) {
    size_t name_count = strlen(name), value_count = strlen(value), added = name_count + value_count + 4;
    char *text = realloc(exchange->text, exchange->text_count + added);
    if (text == NULL) return -1;
    char *field = text + exchange->head_count;
    memmove(field + added, field, exchange->text_count - exchange->head_count);
    memcpy(field, name, name_count);
    memcpy(field + name_count, ": ", 2);
    memcpy(field + name_count + 2, value, value_count);
    memcpy(field + name_count + 2 + value_count, "\r\n", 2);
    exchange->text = text;
    exchange->head_count += added;
    exchange->text_count += added;
    return 0;
}

int32_t cmicrohttpd_answer(struct cmicrohttpd_exchange *exchange, uint32_t status, const uint8_t *body, size_t count) {
    if (exchange->is_cut) return begin_text(exchange, status, body, count);
    // The library copies the body, and does not write into what it copies from.
    exchange->response = library.MHD_create_response_from_buffer(count, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    exchange->status = status;
    return exchange->response == NULL ? -1 : 0;
}

int32_t cmicrohttpd_add_header(struct cmicrohttpd_exchange *exchange, const char *name, const char *value) {
    if (exchange->text != NULL) return add_to_text(exchange, name, value);
    if (exchange->response == NULL) return -1;
    return library.MHD_add_response_header(exchange->response, name, value) == MHD_YES ? 0 : -1;
}

void cmicrohttpd_send(struct cmicrohttpd_exchange *exchange, int64_t now) {
    unlink_exchange(exchange);
    exchange->is_waiting = 0;
    exchange->is_sent = 1;
    // From here on the client is waited for again: it has to read.
    exchange->state->is_ours = 0;
    exchange->state->is_answered = !exchange->is_cut;
    exchange->state->since = now;
    if (exchange->text != NULL && exchange->state->socket >= 0) {
        // Nothing else was sent for this request, and so little always has room.
        send(exchange->state->socket, exchange->text, exchange->text_count, MSG_NOSIGNAL | MSG_DONTWAIT);
        shutdown(exchange->state->socket, SHUT_WR);
    }
    library.MHD_resume_connection(exchange->connection);
}
