// Datagrams to, and descriptors through, the Unix sockets of this machine.
#ifndef CLINUX_LOCAL_H
#define CLINUX_LOCAL_H

#include <stddef.h>
#include <stdint.h>

/// A non-blocking Unix datagram socket without a name of its own.
long clinux_local_socket(void);
/// Sends one datagram to the socket at `path`; one that begins with '@' is a name in the abstract namespace.
long clinux_local_send(int socket, const uint8_t *_Nonnull path, size_t length, const uint8_t *_Nullable bytes,
                       size_t count);

/// The most descriptors that one message carries.
#define CLINUX_DESCRIPTORS_MAX 4

/// Sends `bytes`, at least one, with `descriptors` beside them; the number of bytes sent.
long clinux_descriptors_send(int socket, const uint8_t *_Nonnull bytes, size_t count,
                             const int *_Nonnull descriptors, uint32_t descriptor_count);
/// Receives bytes and up to CLINUX_DESCRIPTORS_MAX descriptors, which the caller then owns; the number of bytes.
///
/// A message that brings more descriptors, or what the kernel had to cut, is refused with -EMSGSIZE and
/// all its descriptors are closed.
long clinux_descriptors_receive(int socket, uint8_t *_Nonnull bytes, size_t capacity, int *_Nonnull descriptors,
                                uint32_t *_Nonnull descriptor_count);

#endif
