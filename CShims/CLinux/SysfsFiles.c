#define _GNU_SOURCE
#include "CLinuxSysfs.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int sysfs_open(const char *path) {
    int descriptor;
    do {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    } while (descriptor < 0 && errno == EINTR);
    return descriptor < 0 ? -errno : descriptor;
}

long sysfs_read(int descriptor, uint8_t *buffer, size_t capacity) {
    ssize_t got;
    do {
        got = pread(descriptor, buffer, capacity, 0);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

void sysfs_close(int descriptor) { close(descriptor); }

int sysfs_kind(const char *path) {
    struct stat status;
    if (lstat(path, &status) != 0) return errno == ENOENT ? SYSFS_ABSENT : -errno;
    if (S_ISREG(status.st_mode)) return SYSFS_FILE;
    if (S_ISDIR(status.st_mode)) return SYSFS_FOLDER;
    if (S_ISLNK(status.st_mode)) return SYSFS_LINK;
    return -EINVAL;
}

long sysfs_link(const char *path, uint8_t *buffer, size_t capacity) {
    ssize_t got = readlink(path, (char *)buffer, capacity);
    return got < 0 ? -errno : got;
}

long sysfs_list(const char *path, uint8_t *buffer, size_t capacity, int *left_out) {
    *left_out = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) return -errno;
    size_t used = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (entry == NULL) break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        size_t length = strlen(entry->d_name) + 1;
        if (length > capacity - used) {
            *left_out = 1;
            continue;
        }
        memcpy(buffer + used, entry->d_name, length);
        used += length;
    }
    int error = errno;
    closedir(folder);
    return error != 0 ? -error : (long)used;
}

int sysfs_is_live(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 && (unsigned long)status.f_type == SYSFS_MAGIC;
}

int sysfs_error_class(int error) {
    switch (error) {
    case EAGAIN: return SYSFS_EAGAIN;
    case ENODATA: return SYSFS_ENODATA;
    case EACCES:
    case EPERM: return SYSFS_EACCES;
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTDIR:
    case ELOOP: return SYSFS_ENOENT;
    case ETIMEDOUT: return SYSFS_ETIMEDOUT;
    default: return SYSFS_EOTHER;
    }
}
