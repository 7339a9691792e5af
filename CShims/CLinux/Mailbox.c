#define _GNU_SOURCE
#include "CLinuxMailbox.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "AlternateStack.h"
#include "Result.h"

struct clinux_mailbox {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    int descriptor;
    int closed;
    uint32_t capacity;
    uint32_t oldest;
    uint32_t count;
    // Writes to the descriptor that were begun and not read back.
    uint64_t notices;
    void *items[];
};

long clinux_mailbox_create(uint32_t capacity, int notifies, struct clinux_mailbox **mailbox) {
    struct clinux_mailbox *made = calloc(1, sizeof *made + (size_t)capacity * sizeof made->items[0]);
    if (made == NULL) return -ENOMEM;
    made->descriptor = notifies ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    if (notifies && made->descriptor < 0) {
        free(made);
        return -errno;
    }
    made->capacity = capacity;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->filled, NULL);
    *mailbox = made;
    return 0;
}

void clinux_mailbox_free(struct clinux_mailbox *mailbox) {
    pthread_cond_destroy(&mailbox->filled);
    pthread_mutex_destroy(&mailbox->lock);
    if (mailbox->descriptor >= 0) close(mailbox->descriptor);
    free(mailbox);
}

// Whoever waits is woken after the lock is free: it would wait for that at once otherwise.
int clinux_mailbox_offer(struct clinux_mailbox *mailbox, void *item) {
    pthread_mutex_lock(&mailbox->lock);
    int accepted = !mailbox->closed && mailbox->count < mailbox->capacity;
    int notifies = 0;
    if (accepted) {
        mailbox->items[(mailbox->oldest + mailbox->count) % mailbox->capacity] = item;
        mailbox->count++;
        // Readable while not empty: written at the first item, read back at the last or when found empty.
        notifies = mailbox->descriptor >= 0 && mailbox->count == 1;
        mailbox->notices += notifies;
    }
    pthread_mutex_unlock(&mailbox->lock);
    if (notifies) eventfd_write(mailbox->descriptor, 1);
    if (accepted) pthread_cond_signal(&mailbox->filled);
    return accepted;
}

// With the lock held: the oldest item, or NULL where there is none.
static void *remove_oldest(struct clinux_mailbox *mailbox) {
    void *item = NULL;
    if (mailbox->count > 0) {
        item = mailbox->items[mailbox->oldest];
        mailbox->oldest = (mailbox->oldest + 1) % mailbox->capacity;
        mailbox->count--;
    }
    // A write that was only begun is read back the next time.
    eventfd_t written;
    if (mailbox->count == 0 && mailbox->notices > 0 && eventfd_read(mailbox->descriptor, &written) == 0)
        mailbox->notices -= written;
    return item;
}

void *clinux_mailbox_poll(struct clinux_mailbox *mailbox) {
    pthread_mutex_lock(&mailbox->lock);
    void *item = remove_oldest(mailbox);
    pthread_mutex_unlock(&mailbox->lock);
    return item;
}

void *clinux_mailbox_take(struct clinux_mailbox *mailbox) {
    pthread_mutex_lock(&mailbox->lock);
    while (mailbox->count == 0 && !mailbox->closed) pthread_cond_wait(&mailbox->filled, &mailbox->lock);
    void *item = remove_oldest(mailbox);
    pthread_mutex_unlock(&mailbox->lock);
    return item;
}

void clinux_mailbox_close(struct clinux_mailbox *mailbox) {
    pthread_mutex_lock(&mailbox->lock);
    mailbox->closed = 1;
    pthread_cond_broadcast(&mailbox->filled);
    pthread_mutex_unlock(&mailbox->lock);
}

int clinux_mailbox_descriptor(const struct clinux_mailbox *mailbox) { return mailbox->descriptor; }

struct clinux_thread {
    pthread_t thread;
    char name[16];
    clinux_thread_body body;
    void *context;
};

static void *run_thread(void *argument) {
    struct clinux_thread *thread = argument;
    pthread_setname_np(pthread_self(), thread->name);
    void *stack = clinux_alternate_stack_install();
    thread->body(thread->context);
    clinux_alternate_stack_remove(stack);
    return NULL;
}

long clinux_thread_start(const char *name, size_t stack_bytes, clinux_thread_body body, void *context,
                         struct clinux_thread **thread) {
    struct clinux_thread *made = calloc(1, sizeof *made);
    if (made == NULL) return -ENOMEM;
    strncpy(made->name, name, sizeof made->name - 1);
    made->body = body;
    made->context = context;

    // Signals for the process belong to the loop; a thread keeps only those of its own faults.
    static const int faults[] = {SIGSEGV, SIGILL, SIGBUS, SIGFPE, SIGABRT, SIGTRAP};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t index = 0; index < sizeof faults / sizeof faults[0]; index++) sigdelset(&blocked, faults[index]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    int refused = pthread_attr_setstacksize(&attributes, stack_bytes);
    if (!refused) refused = pthread_create(&made->thread, &attributes, run_thread, made);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (refused) {
        free(made);
        return -refused;
    }
    *thread = made;
    return 0;
}

void clinux_thread_join(struct clinux_thread *thread) {
    pthread_join(thread->thread, NULL);
    free(thread);
}
