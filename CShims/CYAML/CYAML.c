#include "CYAML.h"
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct cyaml_parser {
    yaml_parser_t parser;
    yaml_event_t event;
    int has_event;
};

cyaml_parser *cyaml_open(const uint8_t *bytes, size_t length) {
    cyaml_parser *self = calloc(1, sizeof *self);
    if (self == NULL) return NULL;
    if (!yaml_parser_initialize(&self->parser)) {
        free(self);
        return NULL;
    }
    yaml_parser_set_input_string(&self->parser, bytes, length);
    return self;
}

static void drop_event(cyaml_parser *self) {
    if (self->has_event) yaml_event_delete(&self->event);
    self->has_event = 0;
}

static void describe_error(const cyaml_parser *self, cyaml_event *event) {
    event->kind = CYAML_ERROR;
    event->line = self->parser.problem_mark.line + 1;
    const char *problem = self->parser.problem != NULL ? self->parser.problem : "out of memory";
    event->text = (const uint8_t *)problem;
    event->length = strlen(problem);
}

void cyaml_next(cyaml_parser *self, cyaml_event *event) {
    for (;;) {
        drop_event(self);
        memset(event, 0, sizeof *event);
        if (!yaml_parser_parse(&self->parser, &self->event)) {
            describe_error(self, event);
            return;
        }
        self->has_event = 1;
        event->line = self->event.start_mark.line + 1;
        switch (self->event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT: continue;
        case YAML_DOCUMENT_START_EVENT: event->kind = CYAML_DOCUMENT; return;
        case YAML_SCALAR_EVENT:
            event->kind = CYAML_SCALAR;
            event->is_plain = self->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
            event->has_anchor = self->event.data.scalar.anchor != NULL;
            event->has_tag = self->event.data.scalar.tag != NULL;
            event->text = self->event.data.scalar.value;
            event->length = self->event.data.scalar.length;
            return;
        case YAML_SEQUENCE_START_EVENT:
            event->kind = CYAML_SEQUENCE_START;
            event->has_anchor = self->event.data.sequence_start.anchor != NULL;
            event->has_tag = self->event.data.sequence_start.tag != NULL;
            return;
        case YAML_SEQUENCE_END_EVENT: event->kind = CYAML_SEQUENCE_END; return;
        case YAML_MAPPING_START_EVENT:
            event->kind = CYAML_MAPPING_START;
            event->has_anchor = self->event.data.mapping_start.anchor != NULL;
            event->has_tag = self->event.data.mapping_start.tag != NULL;
            return;
        case YAML_MAPPING_END_EVENT: event->kind = CYAML_MAPPING_END; return;
        case YAML_ALIAS_EVENT: event->kind = CYAML_ALIAS; return;
        default: event->kind = CYAML_END; return;
        }
    }
}

void cyaml_close(cyaml_parser *self) {
    drop_event(self);
    yaml_parser_delete(&self->parser);
    free(self);
}
