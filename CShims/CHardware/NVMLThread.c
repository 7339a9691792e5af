#define _GNU_SOURCE
#include "CHardwareNVML.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "NVMLLibrary.h"

enum { STACK_BYTES = 256 * 1024 };

/// Shared by the owner and the thread; whoever goes last frees it.
struct chardware_nvml {
    pthread_mutex_t lock;
    pthread_cond_t asked;
    pthread_cond_t answered;
    int users;
    int is_abandoned;
    int has_question;
    int is_busy;
    int has_answer;
    int again;
    uint32_t masks[CHARDWARE_NVML_DEVICES];
    char *path;
    /// When the last question was asked.
    struct timespec asked_at;
    /// The newest answer and how long it took, under the lock.
    struct nvml_look answer;
    int64_t answer_milliseconds;
    /// The answer that the owner took in, and how long it took; its own.
    struct nvml_look seen;
    int64_t seen_milliseconds;
    /// The look that the thread is at; its own.
    struct nvml_look look;
};

static void release(struct chardware_nvml *nvml) {
    pthread_mutex_lock(&nvml->lock);
    int left = --nvml->users;
    pthread_mutex_unlock(&nvml->lock);
    if (left > 0) return;
    pthread_cond_destroy(&nvml->asked);
    pthread_cond_destroy(&nvml->answered);
    pthread_mutex_destroy(&nvml->lock);
    free(nvml->path);
    free(nvml);
}

/// How long ago `start` was, in ms rounded up; sleep counts.
static int64_t milliseconds_since(struct timespec start) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    int64_t nanoseconds = (int64_t)(now.tv_sec - start.tv_sec) * 1000000000 + (now.tv_nsec - start.tv_nsec);
    return (nanoseconds + 999999) / 1000000;
}

static void *run(void *argument) {
    struct chardware_nvml *nvml = argument;
    struct nvml_library *library = NULL;
    uint32_t masks[CHARDWARE_NVML_DEVICES];
    for (;;) {
        pthread_mutex_lock(&nvml->lock);
        while (!nvml->has_question && !nvml->is_abandoned) pthread_cond_wait(&nvml->asked, &nvml->lock);
        int ends = nvml->is_abandoned;
        int again = nvml->again;
        memcpy(masks, nvml->masks, sizeof masks);
        nvml->has_question = 0;
        pthread_mutex_unlock(&nvml->lock);
        if (ends) break;
        nvml->look.count = 0;
        if (library == NULL) library = nvml_load(nvml->path);
        if (library == NULL) {
            nvml->look.result = CHARDWARE_NVML_NO_LIBRARY;
        } else {
            nvml_look(library, masks, again, &nvml->look);
        }
        pthread_mutex_lock(&nvml->lock);
        nvml->answer = nvml->look;
        nvml->answer_milliseconds = milliseconds_since(nvml->asked_at);
        nvml->has_answer = 1;
        nvml->is_busy = 0;
        pthread_cond_signal(&nvml->answered);
        pthread_mutex_unlock(&nvml->lock);
    }
    if (library != NULL) nvml_unload(library);
    release(nvml);
    return NULL;
}

static int start(struct chardware_nvml *nvml) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    // Signals are the loop's.
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread, &attributes, run, nvml);
    if (failed == 0) pthread_setname_np(thread, "nvml");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failed;
}

long chardware_nvml_start(const char *library, struct chardware_nvml **made) {
    struct chardware_nvml *nvml = calloc(1, sizeof *nvml);
    if (nvml == NULL) return -ENOMEM;
    nvml->path = strdup(library);
    if (nvml->path == NULL) {
        free(nvml);
        return -ENOMEM;
    }
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&nvml->lock, NULL);
    pthread_cond_init(&nvml->asked, &attributes);
    pthread_cond_init(&nvml->answered, &attributes);
    pthread_condattr_destroy(&attributes);
    nvml->users = 2;
    int failed = start(nvml);
    if (failed != 0) {
        nvml->users = 1;
        release(nvml);
        return -failed;
    }
    *made = nvml;
    return 0;
}

void chardware_nvml_abandon(struct chardware_nvml *nvml) {
    pthread_mutex_lock(&nvml->lock);
    nvml->is_abandoned = 1;
    pthread_cond_signal(&nvml->asked);
    pthread_mutex_unlock(&nvml->lock);
    release(nvml);
}

int chardware_nvml_ask(struct chardware_nvml *nvml, const uint32_t *masks, int again) {
    pthread_mutex_lock(&nvml->lock);
    int accepted = !nvml->is_busy;
    if (accepted) {
        memcpy(nvml->masks, masks, sizeof nvml->masks);
        nvml->again = again;
        clock_gettime(CLOCK_BOOTTIME, &nvml->asked_at);
        nvml->has_question = 1;
        nvml->is_busy = 1;
        nvml->has_answer = 0;
        pthread_cond_signal(&nvml->asked);
    }
    pthread_mutex_unlock(&nvml->lock);
    return accepted;
}

int chardware_nvml_take(struct chardware_nvml *nvml, int64_t milliseconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + milliseconds % 1000 * 1000000;
    until.tv_sec += (time_t)(milliseconds / 1000 + nanoseconds / 1000000000);
    until.tv_nsec = (long)(nanoseconds % 1000000000);
    pthread_mutex_lock(&nvml->lock);
    while (nvml->is_busy && pthread_cond_timedwait(&nvml->answered, &nvml->lock, &until) == 0) {
    }
    int taken = nvml->has_answer;
    if (taken) {
        nvml->seen = nvml->answer;
        nvml->seen_milliseconds = nvml->answer_milliseconds;
        nvml->has_answer = 0;
    }
    pthread_mutex_unlock(&nvml->lock);
    return taken;
}

int32_t chardware_nvml_result(const struct chardware_nvml *nvml) { return nvml->seen.result; }

int64_t chardware_nvml_milliseconds(const struct chardware_nvml *nvml) { return nvml->seen_milliseconds; }

uint32_t chardware_nvml_count(const struct chardware_nvml *nvml) { return nvml->seen.count; }

const char *chardware_nvml_name(const struct chardware_nvml *nvml, uint32_t device) {
    return device < nvml->seen.count && nvml->seen.boards[device].has_name ? nvml->seen.boards[device].name : NULL;
}

const char *chardware_nvml_identity(const struct chardware_nvml *nvml, uint32_t device) {
    return device < nvml->seen.count && nvml->seen.boards[device].has_identity ? nvml->seen.boards[device].identity
                                                                             : NULL;
}

struct chardware_nvml_value chardware_nvml_metric(const struct chardware_nvml *nvml, uint32_t device,
                                                  uint32_t metric) {
    if (device >= nvml->seen.count || metric >= CHARDWARE_NVML_METRICS) {
        return (struct chardware_nvml_value){CHARDWARE_NVML_NOT_ASKED, 0};
    }
    return nvml->seen.boards[device].metrics[metric];
}
