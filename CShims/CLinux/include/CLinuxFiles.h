// Descriptors, files and folders.
#ifndef CLINUX_FILES_H
#define CLINUX_FILES_H

#include <stddef.h>
#include <stdint.h>

// How a file is opened; the kernel's own numbers differ between architectures.
enum {
    CLINUX_OPEN_READ = 0,
    CLINUX_OPEN_WRITE = 1,
    CLINUX_OPEN_READ_WRITE = 2,
    CLINUX_OPEN_ACCESS = 3,
    CLINUX_OPEN_CREATE = 1 << 2,
    CLINUX_OPEN_EXCLUSIVE = 1 << 3,
    CLINUX_OPEN_TRUNCATE = 1 << 4,
    CLINUX_OPEN_APPEND = 1 << 5,
    CLINUX_OPEN_NO_FOLLOW = 1 << 6,
    CLINUX_OPEN_DIRECTORY = 1 << 7,
    CLINUX_OPEN_NONBLOCKING = 1 << 8,
};

/// Opens with O_CLOEXEC and O_NOCTTY always set.
long clinux_open(const char *_Nonnull path, uint32_t flags, uint32_t mode);
long clinux_close(int descriptor);
long clinux_duplicate(int descriptor);
long clinux_pipe(int *_Nonnull read_end, int *_Nonnull write_end);
/// Bytes in a pipe that nobody has read yet, asked at either end.
long clinux_unread(int descriptor);
long clinux_set_nonblocking(int descriptor, int enabled);

long clinux_read(int descriptor, uint8_t *_Nullable bytes, size_t count);
long clinux_pread(int descriptor, uint8_t *_Nullable bytes, size_t count, int64_t offset);
long clinux_write(int descriptor, const uint8_t *_Nullable bytes, size_t count);
long clinux_pwrite(int descriptor, const uint8_t *_Nullable bytes, size_t count, int64_t offset);
/// One writev of two pieces.
long clinux_write_two(int descriptor, const uint8_t *_Nullable first, size_t first_count,
                      const uint8_t *_Nullable second, size_t second_count);
long clinux_fsync(int descriptor);
long clinux_truncate(int descriptor, int64_t size);
long clinux_set_mode(int descriptor, uint32_t mode);

/// Takes an exclusive advisory lock without waiting; -EWOULDBLOCK where another holds it.
long clinux_try_lock(int descriptor);

enum {
    CLINUX_KIND_OTHER = 0,
    CLINUX_KIND_FILE = 1,
    CLINUX_KIND_DIRECTORY = 2,
    CLINUX_KIND_LINK = 3,
    CLINUX_KIND_SOCKET = 4,
    CLINUX_KIND_CHARACTER_DEVICE = 5,
    CLINUX_KIND_BLOCK_DEVICE = 6,
    CLINUX_KIND_PIPE = 7,
};

struct clinux_status {
    int64_t size;
    int64_t modified_milliseconds;
    uint64_t device;
    uint64_t inode;
    uint32_t kind;
    uint32_t mode;
    uint32_t owner;
    uint32_t group;
};

long clinux_status_of_path(const char *_Nonnull path, int follow, struct clinux_status *_Nonnull status);
long clinux_status_of_descriptor(int descriptor, struct clinux_status *_Nonnull status);

long clinux_make_directory(const char *_Nonnull path, uint32_t mode);
long clinux_remove_directory(const char *_Nonnull path);
long clinux_unlink(const char *_Nonnull path);
/// Renames; with `replace` 0 it fails with -EEXIST where `to` is there already.
long clinux_rename(const char *_Nonnull from, const char *_Nonnull to, int replace);
long clinux_set_path_mode(const char *_Nonnull path, uint32_t mode);
long clinux_read_link(const char *_Nonnull path, uint8_t *_Nonnull bytes, size_t capacity);
long clinux_space(const char *_Nonnull path, uint64_t *_Nonnull available, uint64_t *_Nonnull total);

/// A folder being listed.
struct clinux_directory;
long clinux_directory_open(const char *_Nonnull path, struct clinux_directory *_Nullable *_Nonnull directory);
/// The length of the next name but "." and "..", copied into `name`, or 0 at the end.
long clinux_directory_next(struct clinux_directory *_Nonnull directory, uint8_t *_Nonnull name, size_t capacity);
void clinux_directory_close(struct clinux_directory *_Nonnull directory);

#endif
