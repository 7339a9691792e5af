// Named threads, and the bounded queue of pointers that connects them.
#ifndef CLINUX_MAILBOX_H
#define CLINUX_MAILBOX_H

#include <stddef.h>
#include <stdint.h>

/// A first-in-first-out ring of pointers that any thread may offer to and take from.
struct clinux_mailbox;

/// `notifies` 1 makes a descriptor that is readable while the mailbox holds something.
long clinux_mailbox_create(uint32_t capacity, int notifies, struct clinux_mailbox *_Nullable *_Nonnull mailbox);
/// Nobody may be waiting in it, and it must be empty.
void clinux_mailbox_free(struct clinux_mailbox *_Nonnull mailbox);
/// 1 where the item was put in, 0 where the mailbox is full or closed.
int clinux_mailbox_offer(struct clinux_mailbox *_Nonnull mailbox, void *_Nonnull item);
/// The oldest item, or NULL where there is none.
void *_Nullable clinux_mailbox_poll(struct clinux_mailbox *_Nonnull mailbox);
/// The oldest item, waiting for one; NULL once the mailbox is closed and empty.
void *_Nullable clinux_mailbox_take(struct clinux_mailbox *_Nonnull mailbox);
/// Refuses new items and lets takers go once it is empty.
void clinux_mailbox_close(struct clinux_mailbox *_Nonnull mailbox);
/// The notifying descriptor, or -1.
int clinux_mailbox_descriptor(const struct clinux_mailbox *_Nonnull mailbox);

struct clinux_thread;
typedef void (*clinux_thread_body)(void *_Nonnull context);

/// Starts a thread with all signals blocked but those of its own faults; the name has at most 15 bytes.
long clinux_thread_start(const char *_Nonnull name, size_t stack_bytes, clinux_thread_body _Nonnull body,
                         void *_Nonnull context, struct clinux_thread *_Nullable *_Nonnull thread);
/// Waits until the thread has ended, and forgets it.
void clinux_thread_join(struct clinux_thread *_Nonnull thread);

#endif
