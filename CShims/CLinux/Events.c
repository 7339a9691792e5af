#define _GNU_SOURCE
#include "CLinuxEvents.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "Result.h"

long clinux_poll_create(void) { return clinux_result(epoll_create1(EPOLL_CLOEXEC)); }

long clinux_poll_control(int poll, int operation, int descriptor, uint32_t interest, uint64_t token) {
    static const int operations[] = {EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL};
    if (operation < 0 || operation > 2) return -EINVAL;
    struct epoll_event event = {.events = 0, .data.u64 = token};
    if (interest & CLINUX_READABLE) event.events |= EPOLLIN | EPOLLRDHUP;
    if (interest & CLINUX_WRITABLE) event.events |= EPOLLOUT;
    return clinux_result(epoll_ctl(poll, operations[operation], descriptor, &event));
}

long clinux_poll_wait(int poll, struct clinux_event *events, size_t capacity, int timeout_milliseconds) {
    struct epoll_event found[CLINUX_POLL_EVENTS];
    int limit = capacity < CLINUX_POLL_EVENTS ? (int)capacity : CLINUX_POLL_EVENTS;
    int count = epoll_wait(poll, found, limit, timeout_milliseconds);
    if (count < 0) return -errno;
    for (int index = 0; index < count; index++) {
        uint32_t ready = 0;
        if (found[index].events & EPOLLIN) ready |= CLINUX_READABLE;
        if (found[index].events & EPOLLOUT) ready |= CLINUX_WRITABLE;
        if (found[index].events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) ready |= CLINUX_HANGUP;
        events[index].token = found[index].data.u64;
        events[index].ready = ready;
    }
    return count;
}

long clinux_timer_create(void) {
    return clinux_result(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
}

long clinux_timer_set(int timer, int64_t boot_milliseconds) {
    struct itimerspec at = {.it_value = {.tv_sec = boot_milliseconds / 1000,
                                         .tv_nsec = boot_milliseconds % 1000 * 1000000}};
    return clinux_result(timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL));
}

long clinux_wakeup_create(void) { return clinux_result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

long clinux_wakeup_signal(int wakeup) { return clinux_result(eventfd_write(wakeup, 1)); }

long clinux_wakeup_drain(int wakeup) {
    eventfd_t count;
    return clinux_result(eventfd_read(wakeup, &count));
}

long clinux_signals_create(uint64_t set) {
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal = 1; signal < 64; signal++) {
        if (set >> signal & 1) sigaddset(&signals, signal);
    }
    int refused = pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (refused != 0) return -refused;
    return clinux_result(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

long clinux_signals_next(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t count = read(descriptor, &info, sizeof info);
    if (count < 0) return -errno;
    return count == sizeof info ? (long)info.ssi_signo : -EIO;
}

long clinux_signal_ignore(int signal_number) {
    return signal(signal_number, SIG_IGN) == SIG_ERR ? -errno : 0;
}

long clinux_signal_send(int process, int signal) { return clinux_result(kill(process, signal)); }
