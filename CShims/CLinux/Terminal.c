#define _GNU_SOURCE
#include "CLinuxTerminal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "Result.h"

static struct termios as_it_was;
static int terminal = -1;
static volatile sig_atomic_t is_taken;

static void write_text(const char *text) {
    ssize_t written = write(terminal, text, strlen(text));
    (void)written;
}

long clinux_terminal_begin(int descriptor) {
    static int is_registered;
    if (is_taken) return -EBUSY;
    if (tcgetattr(descriptor, &as_it_was) < 0) return -errno;
    if (!is_registered && atexit(clinux_terminal_end) != 0) return -ENOMEM;
    is_registered = 1;
    struct termios taken = as_it_was;
    taken.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    // Stopping the program would leave its screen behind.
    taken.c_cc[VSUSP] = _POSIX_VDISABLE;
    taken.c_cc[VMIN] = 1;
    taken.c_cc[VTIME] = 0;
    terminal = descriptor;
    if (tcsetattr(descriptor, TCSAFLUSH, &taken) < 0) return -errno;
    is_taken = 1;
    // Alternate screen, no cursor, cleared.
    write_text("\x1b[?1049h\x1b[?25l\x1b[2J");
    return 0;
}

void clinux_terminal_end(void) {
    if (!is_taken) return;
    is_taken = 0;
    int before = errno;
    // The end of an unfinished frame, plain text, the cursor, the screen that was there before.
    write_text("\x1b[?2026l\x1b[0m\x1b[?25h\x1b[?1049l");
    tcsetattr(terminal, TCSANOW, &as_it_was);
    errno = before;
}
