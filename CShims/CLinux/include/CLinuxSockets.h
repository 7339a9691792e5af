// Datagram sockets with batches in preallocated memory, and Unix stream sockets.
#ifndef CLINUX_SOCKETS_H
#define CLINUX_SOCKETS_H

#include <stddef.h>
#include <stdint.h>

/// An IPv6 or IPv6-mapped IPv4 address as two numbers, most significant first, and a port.
struct clinux_address {
    uint64_t high;
    uint64_t low;
    uint16_t port;
};

/// A non-blocking UDP socket: where `ipv6` is 1 of both families, or of IPv4 alone on a machine
/// without IPv6; `ipv6` then says which it became.
long clinux_datagram_socket(int *_Nonnull ipv6);
long clinux_datagram_bind(int socket, int ipv6, const struct clinux_address *_Nonnull address);
long clinux_datagram_local_address(int socket, struct clinux_address *_Nonnull address);
/// Asks for buffers of this many bytes (0: leaves them) and reports what the kernel gives.
long clinux_socket_buffers(int socket, int *_Nonnull receive_bytes, int *_Nonnull send_bytes);

/// Room for `slots` datagrams of up to `slot_bytes` bytes, with the kernel's descriptions of them.
struct clinux_datagrams;
struct clinux_datagrams *_Nullable clinux_datagrams_create(uint32_t slots, uint32_t slot_bytes);
void clinux_datagrams_free(struct clinux_datagrams *_Nonnull datagrams);

/// Receives up to all slots; the number received.
long clinux_datagrams_receive(int socket, struct clinux_datagrams *_Nonnull datagrams);
/// The bytes of a received datagram, or NULL where it was longer than a slot.
const uint8_t *_Nullable clinux_datagrams_received(const struct clinux_datagrams *_Nonnull datagrams, uint32_t slot,
                                                   size_t *_Nonnull count,
                                                   struct clinux_address *_Nonnull source);

/// Copies a datagram of at most `slot_bytes` into a slot for sending.
void clinux_datagrams_fill(struct clinux_datagrams *_Nonnull datagrams, uint32_t slot,
                           const uint8_t *_Nullable bytes, size_t count, int ipv6,
                           const struct clinux_address *_Nonnull destination);
/// Sends slots `first` to `first + count - 1`; the number sent, or the error of the first.
long clinux_datagrams_send(int socket, struct clinux_datagrams *_Nonnull datagrams, uint32_t first, uint32_t count);
void clinux_datagrams_destination(const struct clinux_datagrams *_Nonnull datagrams, uint32_t slot,
                                  struct clinux_address *_Nonnull destination);

/// A non-blocking listening socket at `path`, made with exactly the permissions `mode`.
long clinux_stream_listen(const uint8_t *_Nonnull path, size_t length, uint32_t mode, int backlog);
/// A non-blocking listening TCP socket; at `::` for both families.
long clinux_stream_listen_at(const struct clinux_address *_Nonnull address, int backlog);
/// A blocking connection whose reads and writes end with -EAGAIN after the timeout.
long clinux_stream_connect(const uint8_t *_Nonnull path, size_t length, int timeout_milliseconds);
/// The next connection, non-blocking.
long clinux_stream_accept(int listener);
/// Ends the sending direction; the other end reads its end, and can still answer.
long clinux_stream_finish(int connection);
/// Makes a descriptor that this process was started with one of its own: close-on-exec and non-blocking.
///
/// -ENOTSOCK where it is no listening Unix socket.
long clinux_stream_adopt(int listener);
long clinux_stream_peer(int connection, int *_Nonnull process, uint32_t *_Nonnull user, uint32_t *_Nonnull group);

#endif
