#ifndef CLINUX_USAGE_CONVERSION_H
#define CLINUX_USAGE_CONVERSION_H

#include <sys/resource.h>

#include "CLinuxClock.h"

static inline void clinux_convert_usage(const struct rusage *from, struct clinux_usage *to) {
    to->user_microseconds = (int64_t)from->ru_utime.tv_sec * 1000000 + from->ru_utime.tv_usec;
    to->system_microseconds = (int64_t)from->ru_stime.tv_sec * 1000000 + from->ru_stime.tv_usec;
    to->peak_resident_bytes = (int64_t)from->ru_maxrss * 1024;
    to->major_faults = from->ru_majflt;
}

#endif
