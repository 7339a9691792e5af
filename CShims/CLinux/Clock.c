#define _GNU_SOURCE
#include "CLinuxClock.h"

#include <sys/random.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <time.h>

#include "Result.h"
#include "Usage.h"

int64_t clinux_clock_nanoseconds(int clock) {
    static const clockid_t clocks[] = {CLOCK_BOOTTIME, CLOCK_REALTIME, CLOCK_THREAD_CPUTIME_ID,
                                       CLOCK_PROCESS_CPUTIME_ID};
    struct timespec now = {0, 0};
    // Fails only for a clock that the kernel lacks, and every kernel since 2.6.39 has these four.
    clock_gettime(clocks[clock & 3], &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int clinux_clock_is_synchronized(void) {
    struct timex state = {.modes = 0};
    int outcome = adjtimex(&state);
    return outcome >= 0 && outcome != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

long clinux_random(uint8_t *bytes, size_t count) { return clinux_result(getrandom(bytes, count, 0)); }

static long usage_of(int who, struct clinux_usage *usage) {
    struct rusage found;
    if (getrusage(who, &found) < 0) return -errno;
    clinux_convert_usage(&found, usage);
    return 0;
}

long clinux_usage_of_process(struct clinux_usage *usage) { return usage_of(RUSAGE_SELF, usage); }

long clinux_usage_of_thread(struct clinux_usage *usage) { return usage_of(RUSAGE_THREAD, usage); }
