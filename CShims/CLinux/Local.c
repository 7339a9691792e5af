#define _GNU_SOURCE
#include "CLinuxLocal.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "Result.h"

long clinux_local_socket(void) { return clinux_result(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

long clinux_local_send(int socket, const uint8_t *path, size_t length, const uint8_t *bytes, size_t count) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (length == 0 || memchr(path, 0, length) != NULL) return -EINVAL;
    // A path needs its final zero; an abstract name has a zero in place of its '@'.
    if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, length);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (path[0] == '@') address.sun_path[0] = 0;
    else size += 1;
    return clinux_result(sendto(socket, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&address, size));
}

long clinux_descriptors_send(int socket, const uint8_t *bytes, size_t count, const int *descriptors,
                             uint32_t descriptor_count) {
    union {
        char bytes[CMSG_SPACE(CLINUX_DESCRIPTORS_MAX * sizeof(int))];
        struct cmsghdr aligned;
    } control;
    if (descriptor_count == 0 || descriptor_count > CLINUX_DESCRIPTORS_MAX) return -EINVAL;
    memset(&control, 0, sizeof control);
    struct iovec piece = {(void *)bytes, count};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = CMSG_SPACE(descriptor_count * sizeof(int))};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptor_count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, descriptor_count * sizeof(int));
    return clinux_result(sendmsg(socket, &message, MSG_NOSIGNAL));
}

long clinux_descriptors_receive(int socket, uint8_t *bytes, size_t capacity, int *descriptors,
                                uint32_t *descriptor_count) {
    union {
        char bytes[CMSG_SPACE(CLINUX_DESCRIPTORS_MAX * sizeof(int))];
        struct cmsghdr aligned;
    } control;
    struct iovec piece = {bytes, capacity};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    *descriptor_count = 0;
    ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (count < 0) return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t found = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < found && *descriptor_count < CLINUX_DESCRIPTORS_MAX; index++) {
            memcpy(&descriptors[*descriptor_count], CMSG_DATA(header) + index * sizeof(int), sizeof(int));
            *descriptor_count += 1;
        }
    }
    if ((message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) == 0) return count;
    // What the kernel cut off it has closed itself.
    for (uint32_t index = 0; index < *descriptor_count; index++) close(descriptors[index]);
    *descriptor_count = 0;
    return -EMSGSIZE;
}
