// Waiting: epoll, one deadline timer, signals and wake-ups as descriptors.
#ifndef CLINUX_EVENTS_H
#define CLINUX_EVENTS_H

#include <stddef.h>
#include <stdint.h>

enum {
    CLINUX_READABLE = 1 << 0,
    CLINUX_WRITABLE = 1 << 1,
    CLINUX_HANGUP = 1 << 2,
};

struct clinux_event {
    uint64_t token;
    uint32_t ready;
};

enum {
    CLINUX_POLL_ADD = 0,
    CLINUX_POLL_CHANGE = 1,
    CLINUX_POLL_REMOVE = 2,
};

long clinux_poll_create(void);
long clinux_poll_control(int poll, int operation, int descriptor, uint32_t interest, uint64_t token);
/// Waits for events, level-triggered; at most CLINUX_POLL_EVENTS are reported at once.
long clinux_poll_wait(int poll, struct clinux_event *_Nonnull events, size_t capacity, int timeout_milliseconds);

enum { CLINUX_POLL_EVENTS = 64 };

long clinux_timer_create(void);
/// Makes the timer readable at a point of CLOCK_BOOTTIME; 0 disarms it.
long clinux_timer_set(int timer, int64_t boot_milliseconds);

long clinux_wakeup_create(void);
long clinux_wakeup_signal(int wakeup);
/// -EAGAIN where it was not signalled.
long clinux_wakeup_drain(int wakeup);

/// Blocks the signals of the set (bit n for signal n) in this thread and makes a descriptor of them.
long clinux_signals_create(uint64_t set);
/// The next pending signal; -EAGAIN where none is.
long clinux_signals_next(int descriptor);
long clinux_signal_ignore(int signal);
long clinux_signal_send(int process, int signal);

#endif
