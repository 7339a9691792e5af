// What sage-edge uses of libcurl (the curl licence), declared without its headers so that the freestanding aarch64
// target can read it.
//
// The library is opened only by the commands that call a server over HTTP: with it come a TLS library and a dozen
// others, which the agent and all other commands need not pay. A call is made in steps, in the caller's thread;
// nothing here calls back.
#ifndef CCURL_H
#define CCURL_H

#include <stddef.h>
#include <stdint.h>

/// One call of a server.
struct ccurl_call;

struct ccurl_limits {
    /// Time for the whole call, and for the connection.
    int64_t total_milliseconds;
    int64_t connect_milliseconds;
    /// Longest body of the answer, and all its header lines together.
    size_t body_bytes;
    size_t header_bytes;
};

/// Why there is no call.
enum {
    CCURL_READY = 0,
    /// The library is not installed; `problem` is the loader's text.
    CCURL_NO_LIBRARY = 1,
    /// The library lacks a function; `problem` names it.
    CCURL_OTHER_LIBRARY = 2,
    /// The library refuses: too little memory, or an option that it does not know.
    CCURL_REFUSED = 3,
};

/// Opens the library and makes a call of `url`, a GET, or a POST of `body` where that is not NULL.
///
/// Only http and https, no redirect is followed, certificates are verified: against the file `authorities` where that
/// is not NULL, else as the library was built to.
int32_t ccurl_make(const char *_Nonnull url, const uint8_t *_Nullable body, size_t count,
                   const char *_Nullable authorities, const struct ccurl_limits *_Nonnull limits,
                   struct ccurl_call *_Nullable *_Nonnull call, char *_Nonnull problem, size_t capacity);
/// Adds a header line, `Name: value`. 0, or -1 where there is no memory for it.
int32_t ccurl_add_header(struct ccurl_call *_Nonnull call, const char *_Nonnull line);

/// How a call stands after a step.
enum {
    CCURL_RUNNING = 0,
    CCURL_ENDED = 1,
    /// The caller's own descriptor is readable.
    CCURL_OTHER_READABLE = 2,
};

/// Goes on with the call for at most `milliseconds`, or until `other` is readable where that is not -1.
int32_t ccurl_step(struct ccurl_call *_Nonnull call, int32_t other, int32_t milliseconds);

/// How a call ended.
enum {
    CCURL_ANSWERED = 0,
    /// The address is none that the library takes.
    CCURL_BAD_ADDRESS = 1,
    CCURL_NO_SUCH_HOST = 2,
    CCURL_NO_CONNECTION = 3,
    CCURL_TOO_LATE = 4,
    /// The server cannot show who it is, or no encrypted connection could be agreed on.
    CCURL_NOT_SECURE = 5,
    /// The file of authorities cannot be used.
    CCURL_BAD_AUTHORITIES = 6,
    CCURL_TOO_LONG = 7,
    /// What came is no whole answer.
    CCURL_BROKEN = 8,
};

int32_t ccurl_outcome(const struct ccurl_call *_Nonnull call);
/// What the library says of the outcome.
const char *_Nonnull ccurl_problem(const struct ccurl_call *_Nonnull call);
/// The status of the answer.
int32_t ccurl_status(const struct ccurl_call *_Nonnull call);
/// The body of the answer; NULL where it is empty.
const uint8_t *_Nullable ccurl_body(const struct ccurl_call *_Nonnull call, size_t *_Nonnull count);
/// The last answer's header field `name` in any letters, without blanks around it; NULL where there is none.
const char *_Nullable ccurl_header(const struct ccurl_call *_Nonnull call, const char *_Nonnull name);
/// Where the answer sends the caller; NULL where it does not.
const char *_Nullable ccurl_redirect(const struct ccurl_call *_Nonnull call);
void ccurl_free(struct ccurl_call *_Nonnull call);

#endif
