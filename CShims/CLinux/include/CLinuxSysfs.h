#ifndef CLINUX_SYSFS_H
#define CLINUX_SYSFS_H
#include <stddef.h>
#include <stdint.h>

/// Opens for reading, never following a link in the last component, never blocking on a pipe.
/// The descriptor, or -errno.
int sysfs_open(const char *_Nonnull path);

/// Reads at offset 0 in one call. The number of bytes, or -errno.
long sysfs_read(int descriptor, uint8_t *_Nonnull buffer, size_t capacity);

/// Closes.
void sysfs_close(int descriptor);

enum {
    SYSFS_ABSENT = 0,
    SYSFS_FILE = 1,
    SYSFS_FOLDER = 2,
    SYSFS_LINK = 3,
};

/// What stands at a path, without following a link in its last component: one of SYSFS_*, or -errno.
int sysfs_kind(const char *_Nonnull path);

/// The target of a link. The number of bytes, or -errno.
long sysfs_link(const char *_Nonnull path, uint8_t *_Nonnull buffer, size_t capacity);

/// Names in a folder, each ended by NUL, as many as fit in `capacity`; `.` and `..` are left out.
/// The number of bytes, or -errno; `left_out` becomes 1 when names did not fit.
long sysfs_list(const char *_Nonnull path, uint8_t *_Nonnull buffer, size_t capacity, int *_Nonnull left_out);

/// 1 when the path lies in a kernel's sysfs, 0 when it does not or is not there.
int sysfs_is_live(const char *_Nonnull path);

/// The values of errno that a reading distinguishes.
enum {
    SYSFS_EAGAIN = 1,
    SYSFS_ENODATA = 2,
    SYSFS_EACCES = 3,
    SYSFS_ENOENT = 4,
    SYSFS_ETIMEDOUT = 5,
    SYSFS_EOTHER = 6,
};

/// The class of an errno value: one of the constants above.
int sysfs_error_class(int error);
#endif
