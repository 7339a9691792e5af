#define _GNU_SOURCE
#include "CLinuxFiles.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "Result.h"

long clinux_open(const char *path, uint32_t flags, uint32_t mode) {
    static const int access[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR};
    int native = access[flags & CLINUX_OPEN_ACCESS] | O_CLOEXEC | O_NOCTTY;
    if (flags & CLINUX_OPEN_CREATE) native |= O_CREAT;
    if (flags & CLINUX_OPEN_EXCLUSIVE) native |= O_EXCL;
    if (flags & CLINUX_OPEN_TRUNCATE) native |= O_TRUNC;
    if (flags & CLINUX_OPEN_APPEND) native |= O_APPEND;
    if (flags & CLINUX_OPEN_NO_FOLLOW) native |= O_NOFOLLOW;
    if (flags & CLINUX_OPEN_DIRECTORY) native |= O_DIRECTORY;
    if (flags & CLINUX_OPEN_NONBLOCKING) native |= O_NONBLOCK;
    return clinux_result(open(path, native, (mode_t)mode));
}

long clinux_close(int descriptor) { return clinux_result(close(descriptor)); }

long clinux_duplicate(int descriptor) { return clinux_result(fcntl(descriptor, F_DUPFD_CLOEXEC, 3)); }

long clinux_pipe(int *read_end, int *write_end) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    *read_end = ends[0];
    *write_end = ends[1];
    return 0;
}

long clinux_unread(int descriptor) {
    int count = 0;
    return ioctl(descriptor, FIONREAD, &count) < 0 ? -(long)errno : count;
}

long clinux_set_nonblocking(int descriptor, int enabled) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0) return -errno;
    return clinux_result(fcntl(descriptor, F_SETFL, enabled ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

long clinux_read(int descriptor, uint8_t *bytes, size_t count) {
    return clinux_result(read(descriptor, bytes, count));
}

long clinux_pread(int descriptor, uint8_t *bytes, size_t count, int64_t offset) {
    return clinux_result(pread(descriptor, bytes, count, offset));
}

long clinux_write(int descriptor, const uint8_t *bytes, size_t count) {
    return clinux_result(write(descriptor, bytes, count));
}

long clinux_pwrite(int descriptor, const uint8_t *bytes, size_t count, int64_t offset) {
    return clinux_result(pwrite(descriptor, bytes, count, offset));
}

long clinux_write_two(int descriptor, const uint8_t *first, size_t first_count, const uint8_t *second,
                      size_t second_count) {
    struct iovec pieces[] = {{(void *)first, first_count}, {(void *)second, second_count}};
    return clinux_result(writev(descriptor, pieces, 2));
}

long clinux_fsync(int descriptor) { return clinux_result(fsync(descriptor)); }

long clinux_truncate(int descriptor, int64_t size) { return clinux_result(ftruncate(descriptor, size)); }

long clinux_set_mode(int descriptor, uint32_t mode) { return clinux_result(fchmod(descriptor, (mode_t)mode)); }

long clinux_try_lock(int descriptor) { return clinux_result(flock(descriptor, LOCK_EX | LOCK_NB)); }

static void describe(const struct stat *from, struct clinux_status *to) {
    to->size = from->st_size;
    to->modified_milliseconds = (int64_t)from->st_mtim.tv_sec * 1000 + from->st_mtim.tv_nsec / 1000000;
    to->device = from->st_dev;
    to->inode = from->st_ino;
    to->mode = from->st_mode & 07777;
    to->owner = from->st_uid;
    to->group = from->st_gid;
    switch (from->st_mode & S_IFMT) {
        case S_IFREG: to->kind = CLINUX_KIND_FILE; break;
        case S_IFDIR: to->kind = CLINUX_KIND_DIRECTORY; break;
        case S_IFLNK: to->kind = CLINUX_KIND_LINK; break;
        case S_IFSOCK: to->kind = CLINUX_KIND_SOCKET; break;
        case S_IFCHR: to->kind = CLINUX_KIND_CHARACTER_DEVICE; break;
        case S_IFBLK: to->kind = CLINUX_KIND_BLOCK_DEVICE; break;
        case S_IFIFO: to->kind = CLINUX_KIND_PIPE; break;
        default: to->kind = CLINUX_KIND_OTHER;
    }
}

long clinux_status_of_path(const char *path, int follow, struct clinux_status *status) {
    struct stat found;
    if (fstatat(AT_FDCWD, path, &found, follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    describe(&found, status);
    return 0;
}

long clinux_status_of_descriptor(int descriptor, struct clinux_status *status) {
    struct stat found;
    if (fstat(descriptor, &found) < 0) return -errno;
    describe(&found, status);
    return 0;
}

long clinux_make_directory(const char *path, uint32_t mode) { return clinux_result(mkdir(path, (mode_t)mode)); }

long clinux_remove_directory(const char *path) { return clinux_result(rmdir(path)); }

long clinux_unlink(const char *path) { return clinux_result(unlink(path)); }

long clinux_rename(const char *from, const char *to, int replace) {
    if (replace) return clinux_result(rename(from, to));
    long renamed = clinux_result(renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE));
    if (renamed != -EINVAL && renamed != -ENOSYS) return renamed;
    // A file system without RENAME_NOREPLACE: a hard link refuses an existing name as well.
    if (link(from, to) < 0) return -errno;
    return clinux_result(unlink(from));
}

long clinux_set_path_mode(const char *path, uint32_t mode) { return clinux_result(chmod(path, (mode_t)mode)); }

long clinux_read_link(const char *path, uint8_t *bytes, size_t capacity) {
    return clinux_result(readlink(path, (char *)bytes, capacity));
}

long clinux_space(const char *path, uint64_t *available, uint64_t *total) {
    struct statvfs found;
    if (statvfs(path, &found) < 0) return -errno;
    *available = (uint64_t)found.f_bavail * found.f_frsize;
    *total = (uint64_t)found.f_blocks * found.f_frsize;
    return 0;
}

long clinux_directory_open(const char *path, struct clinux_directory **directory) {
    DIR *opened = opendir(path);
    if (opened == NULL) return -errno;
    *directory = (struct clinux_directory *)opened;
    return 0;
}

long clinux_directory_next(struct clinux_directory *directory, uint8_t *name, size_t capacity) {
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir((DIR *)directory);
        if (entry == NULL) return -(long)errno;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        size_t length = strlen(entry->d_name);
        if (length > capacity) return -ENAMETOOLONG;
        memcpy(name, entry->d_name, length);
        return (long)length;
    }
}

void clinux_directory_close(struct clinux_directory *directory) { closedir((DIR *)directory); }
