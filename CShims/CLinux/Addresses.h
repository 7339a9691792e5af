// Addresses as the kernel has them.
#ifndef CLINUX_ADDRESSES_H
#define CLINUX_ADDRESSES_H

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "CLinuxSockets.h"

static const uint64_t clinux_mapped_prefix = 0xffff00000000;

static inline int clinux_is_ipv4(const struct clinux_address *address) {
    return address->high == 0 && address->low >> 32 == clinux_mapped_prefix >> 32;
}

/// Fills `to`, for a socket of IPv6 or of IPv4 alone; its length.
static inline socklen_t clinux_to_native(const struct clinux_address *from, int ipv6, struct sockaddr_in6 *to) {
    if (!ipv6 && clinux_is_ipv4(from)) {
        struct sockaddr_in four = {
            .sin_family = AF_INET, .sin_port = htons(from->port), .sin_addr.s_addr = htonl((uint32_t)from->low)};
        memcpy(to, &four, sizeof four);
        return sizeof four;
    }
    uint64_t words[] = {htobe64(from->high), htobe64(from->low)};
    memset(to, 0, sizeof *to);
    to->sin6_family = AF_INET6;
    to->sin6_port = htons(from->port);
    memcpy(&to->sin6_addr, words, sizeof words);
    return sizeof *to;
}

#endif
