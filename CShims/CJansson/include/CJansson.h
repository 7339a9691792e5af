// What sage-edge uses of jansson: strict parsing into a tree that is walked from outside.
#ifndef CJANSSON_H
#define CJANSSON_H

#include <stddef.h>
#include <stdint.h>

enum cjansson_kind {
    CJANSSON_NULL = 0,
    CJANSSON_FALSE = 1,
    CJANSSON_TRUE = 2,
    CJANSSON_INTEGER = 3,
    CJANSSON_REAL = 4,
    CJANSSON_STRING = 5,
    CJANSSON_ARRAY = 6,
    CJANSSON_OBJECT = 7,
};

// Parses one JSON value (RFC 8259; any kind at the top, duplicate keys refused, nothing after it).
// Returns null and fills the message (with a final zero), line and column where it is not one.
void *_Nullable cjansson_parse(const char *_Nonnull text, size_t count, char *_Nonnull message, size_t capacity,
                               int32_t *_Nonnull line, int32_t *_Nonnull column);
void cjansson_free(void *_Nonnull root);

int32_t cjansson_kind(const void *_Nonnull value);
int64_t cjansson_integer(const void *_Nonnull value);
// Writes a real as Python does, with the least digits that read back as the same number; returns the number of bytes.
size_t cjansson_real_text(const void *_Nonnull value, char *_Nonnull out, size_t capacity);
const char *_Nonnull cjansson_string(const void *_Nonnull value, size_t *_Nonnull count);

// Elements of an array or members of an object.
size_t cjansson_count(const void *_Nonnull value);
const void *_Nonnull cjansson_element(const void *_Nonnull array, size_t index);
// Members in the order of the text: start with null, continue with what was returned, end at null.
void *_Nullable cjansson_next_member(const void *_Nonnull object, void *_Nullable previous);
const char *_Nonnull cjansson_member_key(void *_Nonnull member, size_t *_Nonnull count);
const void *_Nonnull cjansson_member_value(void *_Nonnull member);

#endif
