#include "CJansson.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

void *cjansson_parse(const char *text, size_t count, char *message, size_t capacity, int32_t *line, int32_t *column) {
    json_error_t error;
    json_t *root = json_loadb(text, count, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (root == NULL) {
        snprintf(message, capacity, "%s", error.text);
        *line = error.line;
        *column = error.column;
    }
    return root;
}

void cjansson_free(void *root) { json_decref(root); }

int32_t cjansson_kind(const void *value) {
    switch (json_typeof((const json_t *)value)) {
    case JSON_OBJECT: return CJANSSON_OBJECT;
    case JSON_ARRAY: return CJANSSON_ARRAY;
    case JSON_STRING: return CJANSSON_STRING;
    case JSON_INTEGER: return CJANSSON_INTEGER;
    case JSON_REAL: return CJANSSON_REAL;
    case JSON_TRUE: return CJANSSON_TRUE;
    case JSON_FALSE: return CJANSSON_FALSE;
    case JSON_NULL: return CJANSSON_NULL;
    }
    return CJANSSON_NULL;
}

int64_t cjansson_integer(const void *value) { return json_integer_value(value); }

size_t cjansson_real_text(const void *value, char *out, size_t capacity) {
    int count = snprintf(out, capacity, "%.17g", json_real_value(value));
    return count < 0 || (size_t)count >= capacity ? 0 : (size_t)count;
}

const char *cjansson_string(const void *value, size_t *count) {
    *count = json_string_length(value);
    return json_string_value(value);
}

size_t cjansson_count(const void *value) {
    return json_is_array((const json_t *)value) ? json_array_size(value) : json_object_size(value);
}

const void *cjansson_element(const void *array, size_t index) { return json_array_get(array, index); }

void *cjansson_next_member(const void *object, void *previous) {
    json_t *mutable_object = (json_t *)(uintptr_t)object;
    return previous == NULL ? json_object_iter(mutable_object) : json_object_iter_next(mutable_object, previous);
}

const char *cjansson_member_key(void *member, size_t *count) {
    const char *key = json_object_iter_key(member);
    *count = strlen(key);
    return key;
}

const void *cjansson_member_value(void *member) { return json_object_iter_value(member); }
