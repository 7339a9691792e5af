// What sage-edge uses of libmicrohttpd (GNU LGPL 2.1), declared without its headers so that the freestanding
// aarch64 target can read it.
//
// The library is opened only when a server is started: with it comes a TLS library that costs three megabytes of
// resident memory and twenty milliseconds, which commands and agents without HTTP need not pay. It runs in the
// caller's loop: one epoll descriptor to wait for, no thread. Nothing here calls back: whole requests are taken
// one by one and answered in any order; until then their connections are suspended.
#ifndef CMICROHTTPD_H
#define CMICROHTTPD_H

#include <stddef.h>
#include <stdint.h>

/// A server on one listening socket.
struct cmicrohttpd_server;
/// A whole request that has not been answered.
struct cmicrohttpd_exchange;

struct cmicrohttpd_limits {
    /// Connections at once; further ones wait in the kernel's queue, and those that have sent nothing whole for half a
    /// second make room for them.
    uint32_t connections;
    /// Connections of one address, further ones are closed at once; 0 for no limit of its own.
    uint32_t connections_per_address;
    /// Time for sending a request and for reading its answer, each; a connection that takes longer, or idles so long
    /// between two requests, is closed.
    uint32_t timeout_milliseconds;
    /// Memory of a connection: its request line and headers, and those of the answer.
    uint32_t connection_bytes;
    /// Longest body of a request.
    uint32_t body_bytes;
};

/// Why there is no server.
enum {
    CMICROHTTPD_STARTED = 0,
    /// The library is not installed; `problem` is the loader's text.
    CMICROHTTPD_NO_LIBRARY = 1,
    /// The library lacks a function; `problem` names it.
    CMICROHTTPD_OTHER_LIBRARY = 2,
    /// The library refuses: too little memory or too many descriptors.
    CMICROHTTPD_REFUSED = 3,
};

/// Starts a server on the non-blocking `listener`, which it owns from now on, also where it is not started.
int32_t cmicrohttpd_start(int32_t listener, const struct cmicrohttpd_limits *_Nonnull limits,
                          struct cmicrohttpd_server *_Nullable *_Nonnull server, char *_Nonnull problem,
                          size_t capacity);
/// Closes everything; requests without an answer get status 503.
void cmicrohttpd_stop(struct cmicrohttpd_server *_Nonnull server);

/// What to wait for: readable while something can be done.
int32_t cmicrohttpd_descriptor(const struct cmicrohttpd_server *_Nonnull server);
/// Does what can be done without waiting, and closes slow connections and those whose clients have ended theirs in the
/// middle of a request; 1 where more can be done at once.
int32_t cmicrohttpd_run(struct cmicrohttpd_server *_Nonnull server, int64_t now_milliseconds);
/// When the next connection becomes too slow, or it is to be seen whether others wait for its place; INT64_MAX where
/// none can.
int64_t cmicrohttpd_deadline(const struct cmicrohttpd_server *_Nonnull server);
uint32_t cmicrohttpd_connections(const struct cmicrohttpd_server *_Nonnull server);

/// The oldest whole request that was not taken; it stays valid until it is sent.
struct cmicrohttpd_exchange *_Nullable cmicrohttpd_take(struct cmicrohttpd_server *_Nonnull server);
const char *_Nonnull cmicrohttpd_method(const struct cmicrohttpd_exchange *_Nonnull exchange);
/// Path and query as they were sent.
const char *_Nonnull cmicrohttpd_target(const struct cmicrohttpd_exchange *_Nonnull exchange);
/// The body; NULL where it is empty.
const uint8_t *_Nullable cmicrohttpd_body(const struct cmicrohttpd_exchange *_Nonnull exchange,
                                          size_t *_Nonnull count);
/// 1 where the body is longer than allowed, and not here.
int32_t cmicrohttpd_is_too_large(const struct cmicrohttpd_exchange *_Nonnull exchange);
/// 1 where the client has ended its side, or is gone; whether it still reads cannot be seen.
int32_t cmicrohttpd_is_left(const struct cmicrohttpd_exchange *_Nonnull exchange);

struct cmicrohttpd_header {
    const char *_Nonnull name;
    const char *_Nonnull value;
};
/// The request's headers; their number, of which at most `capacity` are written.
size_t cmicrohttpd_headers(const struct cmicrohttpd_exchange *_Nonnull exchange,
                           struct cmicrohttpd_header *_Nonnull headers, size_t capacity);

/// Makes the answer of a request: a copy of `body`. 0, or -1 where there is no memory for it.
int32_t cmicrohttpd_answer(struct cmicrohttpd_exchange *_Nonnull exchange, uint32_t status,
                           const uint8_t *_Nullable body, size_t count);
/// Adds a header to the answer. 0, or -1 where it is none.
int32_t cmicrohttpd_add_header(struct cmicrohttpd_exchange *_Nonnull exchange, const char *_Nonnull name,
                               const char *_Nonnull value);
/// Sends the answer with the next run, or closes the connection where there is none. The client's time for reading it
/// begins at `now_milliseconds`: the last run may be long ago.
void cmicrohttpd_send(struct cmicrohttpd_exchange *_Nonnull exchange, int64_t now_milliseconds);

#endif
