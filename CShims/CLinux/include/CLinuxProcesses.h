// What other processes are, and what they use (proc(5)); memory that has a descriptor but no name.
#ifndef CLINUX_PROCESSES_H
#define CLINUX_PROCESSES_H

#include <stddef.h>
#include <stdint.h>

struct clinux_process {
    int identifier;
    int parent;
    int group;
    int session;
    /// 1 where it has ended and nobody has waited for it.
    int ended;
    /// When it started, in the kernel's ticks: with its number this names it for ever.
    uint64_t started;
    int64_t resident_bytes;
    /// Processor time of its children that it has waited for, in microseconds.
    int64_t waited_microseconds;
};

/// A descriptor of what /proc says of a process; it never comes to name a later one of its number.
long clinux_process_open(int identifier);
/// What /proc says of the process by such a descriptor now; -ESRCH once it has been waited for.
long clinux_process_look(int file, int identifier, struct clinux_process *_Nonnull process);
/// What /proc says of a process.
long clinux_process_read(int identifier, struct clinux_process *_Nonnull process);
/// The processes that this one may see, at most `capacity` of them; how many they are.
long clinux_processes(struct clinux_process *_Nonnull list, size_t capacity);
/// Processor time of all threads of a process, in microseconds.
long clinux_process_microseconds(int identifier);

/// A descriptor of `size` bytes of memory, all zeros, whose size nobody can change (memfd_create(2)).
long clinux_memory_file(const char *_Nonnull name, int64_t size);
/// Gives the memory of the first `size` bytes back; they are zeros again.
long clinux_memory_clear(int descriptor, int64_t size);

#endif
