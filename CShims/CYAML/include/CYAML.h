// The YAML shim: libyaml's events, one after the other, in a struct that Swift can read.
#ifndef CYAML_H
#define CYAML_H
#include <stddef.h>
#include <stdint.h>

typedef struct cyaml_parser cyaml_parser;

enum {
    CYAML_END = 0,
    CYAML_DOCUMENT = 1,
    CYAML_SCALAR = 2,
    CYAML_SEQUENCE_START = 3,
    CYAML_SEQUENCE_END = 4,
    CYAML_MAPPING_START = 5,
    CYAML_MAPPING_END = 6,
    CYAML_ALIAS = 7,
    CYAML_ERROR = 8,
};

typedef struct {
    /// One of the constants above.
    int kind;
    /// Line of the event, from 1.
    size_t line;
    /// 1 for a scalar without quotes.
    int is_plain;
    /// 1 when an anchor stands before it.
    int has_anchor;
    /// 1 when a tag stands before it.
    int has_tag;
    /// The scalar's text, or what is wrong; valid until the next event is asked for.
    const uint8_t *_Nullable text;
    /// Bytes of `text`.
    size_t length;
} cyaml_event;

/// A parser of `length` bytes, which must outlive it; NULL without memory.
cyaml_parser *_Nullable cyaml_open(const uint8_t *_Nonnull bytes, size_t length);

/// The next event. After CYAML_END and CYAML_ERROR there are no more.
void cyaml_next(cyaml_parser *_Nonnull parser, cyaml_event *_Nonnull event);

/// Frees the parser.
void cyaml_close(cyaml_parser *_Nonnull parser);
#endif
