// The last words of a crashing program.
#ifndef CLINUX_CRASH_H
#define CLINUX_CRASH_H

#include <stddef.h>
#include <stdint.h>

/// From now on a fatal fault writes one line to stderr, with the signal, `program` (name and
/// version, at most 95 bytes) and the last note, before it ends the program as it would have.
long clinux_crash_install(const uint8_t *_Nonnull program, size_t count);
/// Remembers up to 63 bytes of what is being done; for one thread.
void clinux_crash_note(const uint8_t *_Nullable label, size_t count);

#endif
