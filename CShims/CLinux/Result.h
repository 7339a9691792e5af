// What every shim function returns: the result of a system call, or the negated errno.
#ifndef CLINUX_RESULT_H
#define CLINUX_RESULT_H

#include <errno.h>

static inline long clinux_result(long value) {
    return value < 0 ? -(long)errno : value;
}

#endif
