// Clocks, entropy and what processes have used.
#ifndef CLINUX_CLOCK_H
#define CLINUX_CLOCK_H

#include <stddef.h>
#include <stdint.h>

enum {
    CLINUX_CLOCK_BOOT = 0,
    CLINUX_CLOCK_WALL = 1,
    CLINUX_CLOCK_THREAD = 2,
    CLINUX_CLOCK_PROCESS = 3,
};

/// Nanoseconds since the origin of the clock.
int64_t clinux_clock_nanoseconds(int clock);
/// 1 where the kernel says that the wall clock is disciplined, 0 where not or where it cannot tell.
int clinux_clock_is_synchronized(void);

/// Up to `count` random bytes from the kernel; waits until its pool is ready.
long clinux_random(uint8_t *_Nonnull bytes, size_t count);

struct clinux_usage {
    int64_t user_microseconds;
    int64_t system_microseconds;
    int64_t peak_resident_bytes;
    int64_t major_faults;
};

/// What this process has used so far.
long clinux_usage_of_process(struct clinux_usage *_Nonnull usage);
/// What this thread has used so far.
long clinux_usage_of_thread(struct clinux_usage *_Nonnull usage);

#endif
