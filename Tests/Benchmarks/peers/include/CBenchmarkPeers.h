// What sage-edge is measured beside, in the same process and in turns with it: raw UDP, libsodium and
// SQLite called directly, and the disk's own flush. Functions return 0 or an error number; where they
// take `nanoseconds` they write how long each of `count` runs took.
#ifndef CBENCHMARKPEERS_H
#define CBENCHMARKPEERS_H
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// Keeps the calling thread on one processor, so that its rounds are comparable.
void peers_pin(uint32_t processor);

/// Ping-pong of `bytes` over two blocking UDP sockets on loopback, the answering one on a thread on
/// processor 1; the caller's is the other.
int32_t peers_udp_round_trips(size_t bytes, size_t count, int64_t *nanoseconds);

/// GET of `path` from `port` on loopback, one connection each; writes how many bytes came. EPROTO where the answer is
/// not 200.
int32_t peers_scrape(uint16_t port, const char *path, size_t *bytes);

/// How bodies are posted: by so many clients at a time, each with a connection that stays open, or one for each body.
struct peers_load {
    uint16_t port;
    const char *path;
    size_t clients;
    int32_t keeps_open;
    // Between an answer and the client's next request.
    uint32_t pause_milliseconds;
};
/// Posts `count` bodies, each of which ends where `ends` says, to a server on loopback, in their order; writes how long
/// each took until its whole answer was there. EPROTO where an answer is not 200, with it in `problem`.
int32_t peers_posts(const struct peers_load *load, const uint8_t *bodies, const size_t *ends, size_t count,
                    int64_t *nanoseconds, char *problem, size_t capacity);

/// An external executor that does nothing: answers each line of the standard input until that ends.
int32_t peers_work(void);

/// Ed25519 signatures of `bytes` bytes by libsodium, and their verification.
int32_t peers_sign(size_t bytes, size_t count, int64_t *nanoseconds);
int32_t peers_verify(size_t bytes, size_t count, int64_t *nanoseconds);

/// 4 KiB appended to the file at `path`, each followed by fdatasync; the file is removed again.
int32_t peers_flushes(const char *path, size_t count, int64_t *nanoseconds);

/// Two-phase transfers in plain SQLite rows (WAL, synchronous=FULL): accounts with guarded balances,
/// transfers unique by id, one journal row per phase; locks and posts take turns.
typedef struct peers_rows peers_rows;
int32_t peers_rows_open(const char *path, peers_rows *_Nullable *_Nonnull rows);
/// `count` transactions of `group` phases each.
int32_t peers_rows_commit(peers_rows *rows, size_t group, size_t count, int64_t *nanoseconds);
void peers_rows_close(peers_rows *rows);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
