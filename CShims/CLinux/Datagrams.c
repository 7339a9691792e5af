#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "Addresses.h"
#include "CLinuxSockets.h"
#include "Result.h"

struct clinux_datagrams {
    uint32_t slots;
    uint32_t slot_bytes;
    struct mmsghdr *headers;
    struct iovec *pieces;
    struct sockaddr_in6 *addresses;
    uint8_t *bytes;
};

static void from_native(const struct sockaddr_in6 *from, struct clinux_address *to) {
    if (from->sin6_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, from, sizeof four);
        to->high = 0;
        to->low = clinux_mapped_prefix | ntohl(four.sin_addr.s_addr);
        to->port = ntohs(four.sin_port);
        return;
    }
    uint64_t words[2];
    memcpy(words, &from->sin6_addr, sizeof words);
    to->high = be64toh(words[0]);
    to->low = be64toh(words[1]);
    to->port = ntohs(from->sin6_port);
}

long clinux_datagram_socket(int *ipv6) {
    int made = -1;
    if (*ipv6) {
        made = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (made < 0 && errno != EAFNOSUPPORT) return -errno;
        *ipv6 = made >= 0;
    }
    if (!*ipv6) return clinux_result(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    int off = 0;
    if (setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0) {
        long refused = -(long)errno;
        close(made);
        return refused;
    }
    return made;
}

long clinux_datagram_bind(int socket, int ipv6, const struct clinux_address *address) {
    struct sockaddr_in6 native;
    struct clinux_address wanted = *address;
    // The IPv4 spelling of "every address" for a machine without IPv6.
    if (!ipv6 && wanted.high == 0 && wanted.low == 0) wanted.low = clinux_mapped_prefix;
    socklen_t length = clinux_to_native(&wanted, ipv6, &native);
    return clinux_result(bind(socket, (struct sockaddr *)&native, length));
}

long clinux_datagram_local_address(int socket, struct clinux_address *address) {
    struct sockaddr_in6 native;
    socklen_t length = sizeof native;
    if (getsockname(socket, (struct sockaddr *)&native, &length) < 0) return -errno;
    from_native(&native, address);
    return 0;
}

static long set_buffer(int socket, int option, int *bytes) {
    if (*bytes > 0 && setsockopt(socket, SOL_SOCKET, option, bytes, sizeof *bytes) < 0) return -errno;
    socklen_t length = sizeof *bytes;
    return clinux_result(getsockopt(socket, SOL_SOCKET, option, bytes, &length));
}

long clinux_socket_buffers(int socket, int *receive_bytes, int *send_bytes) {
    long refused = set_buffer(socket, SO_RCVBUF, receive_bytes);
    return refused < 0 ? refused : set_buffer(socket, SO_SNDBUF, send_bytes);
}

struct clinux_datagrams *clinux_datagrams_create(uint32_t slots, uint32_t slot_bytes) {
    struct clinux_datagrams *made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    made->slots = slots;
    made->slot_bytes = slot_bytes;
    made->headers = calloc(slots, sizeof *made->headers);
    made->pieces = calloc(slots, sizeof *made->pieces);
    made->addresses = calloc(slots, sizeof *made->addresses);
    made->bytes = calloc(slots, slot_bytes);
    if (!made->headers || !made->pieces || !made->addresses || !made->bytes) {
        clinux_datagrams_free(made);
        return NULL;
    }
    for (uint32_t slot = 0; slot < slots; slot++) {
        made->pieces[slot].iov_base = made->bytes + (size_t)slot * slot_bytes;
        made->headers[slot].msg_hdr.msg_iov = &made->pieces[slot];
        made->headers[slot].msg_hdr.msg_iovlen = 1;
        made->headers[slot].msg_hdr.msg_name = &made->addresses[slot];
    }
    return made;
}

void clinux_datagrams_free(struct clinux_datagrams *datagrams) {
    free(datagrams->headers);
    free(datagrams->pieces);
    free(datagrams->addresses);
    free(datagrams->bytes);
    free(datagrams);
}

long clinux_datagrams_receive(int socket, struct clinux_datagrams *datagrams) {
    for (uint32_t slot = 0; slot < datagrams->slots; slot++) {
        datagrams->pieces[slot].iov_len = datagrams->slot_bytes;
        datagrams->headers[slot].msg_hdr.msg_namelen = sizeof datagrams->addresses[slot];
    }
    return clinux_result(recvmmsg(socket, datagrams->headers, datagrams->slots, MSG_DONTWAIT, NULL));
}

const uint8_t *clinux_datagrams_received(const struct clinux_datagrams *datagrams, uint32_t slot, size_t *count,
                                         struct clinux_address *source) {
    const struct mmsghdr *header = &datagrams->headers[slot];
    from_native(&datagrams->addresses[slot], source);
    *count = header->msg_len;
    return header->msg_hdr.msg_flags & MSG_TRUNC ? NULL : datagrams->pieces[slot].iov_base;
}

void clinux_datagrams_fill(struct clinux_datagrams *datagrams, uint32_t slot, const uint8_t *bytes, size_t count,
                           int ipv6, const struct clinux_address *destination) {
    if (count > 0) memcpy(datagrams->pieces[slot].iov_base, bytes, count);
    datagrams->pieces[slot].iov_len = count;
    datagrams->headers[slot].msg_hdr.msg_namelen = clinux_to_native(destination, ipv6, &datagrams->addresses[slot]);
}

long clinux_datagrams_send(int socket, struct clinux_datagrams *datagrams, uint32_t first, uint32_t count) {
    return clinux_result(sendmmsg(socket, datagrams->headers + first, count, MSG_DONTWAIT | MSG_NOSIGNAL));
}

void clinux_datagrams_destination(const struct clinux_datagrams *datagrams, uint32_t slot,
                                  struct clinux_address *destination) {
    from_native(&datagrams->addresses[slot], destination);
}
