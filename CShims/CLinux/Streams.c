#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "Addresses.h"
#include "CLinuxSockets.h"
#include "Result.h"

static long unix_address(const uint8_t *path, size_t length, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    if (length == 0 || memchr(path, 0, length) != NULL) return -EINVAL;
    if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    return 0;
}

static long close_after(int socket, long refused) {
    close(socket);
    return refused;
}

long clinux_stream_listen(const uint8_t *path, size_t length, uint32_t mode, int backlog) {
    struct sockaddr_un address;
    long refused = unix_address(path, length, &address);
    if (refused < 0) return refused;
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0) return -errno;
    // The socket file gets the socket's own permissions less the umask, so that at no moment is it
    // more open than asked for; chmod then gives back what the umask took.
    if (fchmod(made, (mode_t)mode) < 0) return close_after(made, -errno);
    if (bind(made, (struct sockaddr *)&address, sizeof address) < 0) return close_after(made, -errno);
    if (chmod(address.sun_path, (mode_t)mode) < 0 || listen(made, backlog) < 0) {
        refused = -errno;
        unlink(address.sun_path);
        return close_after(made, refused);
    }
    return made;
}

long clinux_stream_listen_at(const struct clinux_address *address, int backlog) {
    struct sockaddr_in6 native;
    int ipv6 = !clinux_is_ipv4(address), on = 1, off = 0;
    socklen_t length = clinux_to_native(address, ipv6, &native);
    int made = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0) return -errno;
    // Connections of a program that ended a moment ago do not keep the port.
    if (setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        (ipv6 && setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0) ||
        bind(made, (struct sockaddr *)&native, length) < 0 || listen(made, backlog) < 0)
        return close_after(made, -errno);
    return made;
}

long clinux_stream_connect(const uint8_t *path, size_t length, int timeout_milliseconds) {
    struct sockaddr_un address;
    long refused = unix_address(path, length, &address);
    if (refused < 0) return refused;
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0) return -errno;
    struct timeval limit = {.tv_sec = timeout_milliseconds / 1000, .tv_usec = timeout_milliseconds % 1000 * 1000};
    if (setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
        connect(made, (struct sockaddr *)&address, sizeof address) < 0)
        return close_after(made, -errno);
    return made;
}

long clinux_stream_accept(int listener) {
    return clinux_result(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

long clinux_stream_finish(int connection) { return clinux_result(shutdown(connection, SHUT_WR)); }

long clinux_stream_adopt(int listener) {
    int found = 0;
    socklen_t length = sizeof found;
    if (getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &found, &length) < 0) return -errno;
    if (!found) return -ENOTSOCK;
    length = sizeof found;
    if (getsockopt(listener, SOL_SOCKET, SO_DOMAIN, &found, &length) < 0) return -errno;
    if (found != AF_UNIX) return -ENOTSOCK;
    int flags = fcntl(listener, F_GETFL);
    if (flags < 0 || fcntl(listener, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
    return clinux_result(fcntl(listener, F_SETFD, FD_CLOEXEC));
}

long clinux_stream_peer(int connection, int *process, uint32_t *user, uint32_t *group) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -errno;
    *process = peer.pid;
    *user = peer.uid;
    *group = peer.gid;
    return 0;
}
