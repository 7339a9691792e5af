#define _GNU_SOURCE
#include "CLinuxCrash.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "AlternateStack.h"
#include "CLinuxTerminal.h"
#include "Result.h"

// Room for the largest vector registers that a kernel saves (AVX-512, SVE), and the handler.
enum { alternate_stack_bytes = 64 * 1024 };

// Where the journal reads the line, it takes a priority in front of it: 2 is "critical" (sd-daemon(3)).
static const char *prefix = "";
static char program_text[96];
static char note_text[64];

void *clinux_alternate_stack_install(void) {
    void *memory = malloc(alternate_stack_bytes);
    if (memory == NULL) return NULL;
    stack_t stack = {.ss_sp = memory, .ss_size = alternate_stack_bytes};
    if (sigaltstack(&stack, NULL) == 0) return memory;
    free(memory);
    return NULL;
}

void clinux_alternate_stack_remove(void *memory) {
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    free(memory);
}

static const char *signal_name(int number) {
    switch (number) {
        case SIGSEGV: return "SIGSEGV";
        case SIGILL: return "SIGILL";
        case SIGBUS: return "SIGBUS";
        case SIGABRT: return "SIGABRT";
        case SIGFPE: return "SIGFPE";
        case SIGTRAP: return "SIGTRAP";
        default: return "signal";
    }
}

static size_t append(char *line, size_t used, size_t capacity, const char *text) {
    while (*text != 0 && used < capacity) line[used++] = *text++;
    return used;
}

// The terminal back as it was, one write of one line, then the default action of the signal:
// SA_RESETHAND has restored it, and the raised signal is delivered when this handler returns.
static void report(int number) {
    char line[256];
    clinux_terminal_end();
    size_t used = append(line, 0, sizeof line, prefix);
    used = append(line, used, sizeof line, "crash: ");
    used = append(line, used, sizeof line, signal_name(number));
    used = append(line, used, sizeof line, " in ");
    used = append(line, used, sizeof line, program_text);
    if (note_text[0] != 0) {
        used = append(line, used, sizeof line, ", last: ");
        used = append(line, used, sizeof line, note_text);
    }
    used = append(line, used, sizeof line, "\n");
    ssize_t written = write(STDERR_FILENO, line, used);
    (void)written;
    raise(number);
}

// Printable ASCII only, so that the report is one line whatever it was given.
static void copy_text(char *to, size_t capacity, const uint8_t *from, size_t count) {
    size_t used = 0;
    for (; used < count && used + 1 < capacity; used++)
        to[used] = from[used] < 32 || from[used] > 126 ? '?' : from[used];
    to[used] = 0;
}

long clinux_crash_install(const uint8_t *program, size_t count) {
    static const int faults[] = {SIGSEGV, SIGILL, SIGBUS, SIGABRT, SIGFPE, SIGTRAP};
    copy_text(program_text, sizeof program_text, program, count);
    if (getenv("JOURNAL_STREAM") != NULL) prefix = "<2>";
    if (clinux_alternate_stack_install() == NULL) return -ENOMEM;
    struct sigaction action = {.sa_handler = report, .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND)};
    for (size_t index = 0; index < sizeof faults / sizeof faults[0]; index++) {
        if (sigaction(faults[index], &action, NULL) < 0) return -errno;
    }
    return 0;
}

void clinux_crash_note(const uint8_t *label, size_t count) { copy_text(note_text, sizeof note_text, label, count); }
