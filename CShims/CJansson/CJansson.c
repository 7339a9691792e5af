#include "CJansson.h"

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

// The next larger decimal in size of as many digits; 0 where that is a power of ten.
static int count_up(char *scientific) {
    char *digit = strchr(scientific, 'e') - 1;
    for (; *digit == '9' || *digit == '.'; digit--)
        if (*digit == '9') *digit = '0';
    if (*digit < '0' || *digit > '8') return 0;
    ++*digit;
    return 1;
}

// Writes d.ddddde±xx with the least digits that read back as `number`; returns how many.
static int least_digits(double number, char *scientific, size_t capacity) {
    int exponent;
    int first = 1;
    if (fabs(number) >= DBL_MIN) {
        // Decimals of so many digits survive the way through a double of full precision: where one of them is the
        // number, it is this one, less the zeros at its end.
        snprintf(scientific, capacity, "%.*e", DBL_DIG - 1, number);
        if (strtod(scientific, NULL) == number) {
            char *end = strchr(scientific, 'e'), *rest = end;
            while (rest[-1] == '0') rest--;
            int digits = DBL_DIG - (int)(end - rest);
            memmove(rest, end, strlen(end) + 1);
            return digits;
        }
        first = DBL_DIG + 1;
    }
    // Below a power of two the numbers are twice as dense: there the nearest decimal can miss where the next one fits.
    int is_power = fabs(frexp(number, &exponent)) == 0.5;
    for (int digits = first; digits < 17; digits++) {
        snprintf(scientific, capacity, "%.*e", digits - 1, number);
        if (strtod(scientific, NULL) == number) return digits;
        if (is_power && count_up(scientific) && strtod(scientific, NULL) == number) return digits;
    }
    snprintf(scientific, capacity, "%.16e", number);
    return 17;
}

// As repr() of Python writes it.
size_t cjansson_real_text(const void *value, char *out, size_t capacity) {
    char scientific[40];
    int digits = least_digits(json_real_value(value), scientific, sizeof scientific);
    const char *sign = scientific[0] == '-' ? "-" : "";
    const char *mantissa = scientific + (*sign != 0);
    int exponent = atoi(strchr(mantissa, 'e') + 1);
    char figures[20] = {mantissa[0]};
    if (digits > 1) memcpy(figures + 1, mantissa + 2, (size_t)digits - 1);
    int count;
    if (exponent < -4 || exponent >= 16)
        count = snprintf(out, capacity, "%s%c%s%se%c%02d", sign, figures[0], digits > 1 ? "." : "", figures + 1,
                         exponent < 0 ? '-' : '+', abs(exponent));
    else if (exponent < 0) count = snprintf(out, capacity, "%s0.%.*s%s", sign, -exponent - 1, "000", figures);
    else if (digits <= exponent + 1)
        count = snprintf(out, capacity, "%s%s%.*s.0", sign, figures, exponent + 1 - digits, "000000000000000");
    else count = snprintf(out, capacity, "%s%.*s.%s", sign, exponent + 1, figures, figures + exponent + 1);
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
