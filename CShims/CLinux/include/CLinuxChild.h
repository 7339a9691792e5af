// Child processes with nothing inherited but what is named.
#ifndef CLINUX_CHILD_H
#define CLINUX_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "CLinuxClock.h"

/// A limit that is not set.
#define CLINUX_NO_LIMIT UINT64_MAX

struct clinux_spawn {
    const char *_Nonnull path;
    /// NULL-terminated.
    const char *_Nullable const *_Nonnull arguments;
    const char *_Nullable const *_Nonnull environment;
    /// Descriptor `from[i]` of the parent becomes `to[i]` of the child; `to` ascends strictly.
    const int *_Nonnull from;
    const int *_Nonnull to;
    uint32_t descriptors;
    int nice;
    uint64_t address_space_bytes;
    uint64_t cpu_seconds;
    uint64_t open_files;
    uint64_t processes;
    uint64_t file_bytes;
    /// How many of the processors that it may run on it keeps, those with the highest numbers; 0 for all.
    unsigned processors;
    /// 1 for a session of its own, working in the root folder, first to go where memory runs out; 0 for a group alone.
    int session;
    /// The open `cgroup.procs` of the control group that it joins before anything else, or -1.
    int control_group;
};

/// Which step of a start failed, beside the errno returned.
enum {
    CLINUX_SPAWN_FORK = 1,
    CLINUX_SPAWN_DESCRIPTORS = 2,
    CLINUX_SPAWN_LIMITS = 3,
    CLINUX_SPAWN_PRIVILEGES = 4,
    CLINUX_SPAWN_EXEC = 5,
    CLINUX_SPAWN_GROUP = 6,
    CLINUX_SPAWN_PROCESSORS = 7,
};

/// Starts a program in its own process group, killed when the calling thread ends, with default
/// signal handling, no core files and no way to new privileges; returns when it has been executed.
/// The process id, or the negated errno with `failed_step` set.
long clinux_spawn(const struct clinux_spawn *_Nonnull request, int *_Nonnull failed_step);

/// A descriptor that becomes readable when the process ends; -ENOSYS before Linux 5.3.
long clinux_process_descriptor(int process);

/// 1 where the process has ended, 0 where it has not; `code` is its exit code or the signal's number.
/// What is left of its process group is killed.
long clinux_wait(int process, int hang, int *_Nonnull code, int *_Nonnull signalled,
                 struct clinux_usage *_Nonnull usage);

#endif
