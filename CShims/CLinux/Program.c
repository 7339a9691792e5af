#define _GNU_SOURCE
#include "CLinuxProgram.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "Result.h"

static int argument_count;
static char **arguments;

// glibc passes main's arguments to constructors; Embedded Swift has no other way to them.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    argument_count = count;
    arguments = values;
}

int clinux_argument_count(void) { return argument_count; }

const char *clinux_argument(int index) { return arguments[index]; }

const char *clinux_environment(const char *name) { return getenv(name); }

int clinux_process_id(void) { return getpid(); }

uint32_t clinux_effective_user(void) { return geteuid(); }

uint32_t clinux_effective_group(void) { return getegid(); }

void clinux_exit(int code) { exit(code); }

int clinux_is_terminal(int descriptor) { return isatty(descriptor); }

long clinux_terminal_size(int descriptor, int *columns, int *rows) {
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) < 0) return -errno;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return 0;
}

static long copy_text(const char *from, uint8_t *bytes, size_t capacity) {
    size_t length = strnlen(from, capacity);
    memcpy(bytes, from, length);
    return (long)length;
}

long clinux_home_folder(uint8_t *bytes, size_t capacity) {
    char text[4096];
    struct passwd entry, *found = NULL;
    int code = getpwuid_r(geteuid(), &entry, text, sizeof text, &found);
    if (code != 0) return -code;
    return found ? copy_text(found->pw_dir, bytes, capacity) : -ENOENT;
}

long clinux_host_text(int which, uint8_t *bytes, size_t capacity) {
    struct utsname found;
    if (uname(&found) < 0) return -errno;
    switch (which) {
        case CLINUX_HOST_NAME: return copy_text(found.nodename, bytes, capacity);
        case CLINUX_HOST_KERNEL: return copy_text(found.release, bytes, capacity);
        default: return copy_text(found.machine, bytes, capacity);
    }
}

long clinux_processor_count(void) { return clinux_result(sysconf(_SC_NPROCESSORS_ONLN)); }

long clinux_page_bytes(void) { return clinux_result(sysconf(_SC_PAGESIZE)); }

long clinux_error_text(int code, uint8_t *bytes, size_t capacity) {
    const char *text = strerrordesc_np(code);
    return copy_text(text != NULL ? text : "Unknown error", bytes, capacity);
}
