// What the program was started with, and on what machine.
#ifndef CLINUX_PROGRAM_H
#define CLINUX_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

int clinux_argument_count(void);
/// An argument of the program; 0 is its own name.
const char *_Nonnull clinux_argument(int index);
/// A variable of the environment, or NULL.
const char *_Nullable clinux_environment(const char *_Nonnull name);

int clinux_process_id(void);
uint32_t clinux_effective_user(void);
uint32_t clinux_effective_group(void);
_Noreturn void clinux_exit(int code);

/// 1 where the descriptor is a terminal.
int clinux_is_terminal(int descriptor);
long clinux_terminal_size(int descriptor, int *_Nonnull columns, int *_Nonnull rows);

/// The effective user's home folder by the password database; the length of the text copied into `bytes`.
long clinux_home_folder(uint8_t *_Nonnull bytes, size_t capacity);

enum {
    CLINUX_HOST_NAME = 0,
    CLINUX_HOST_KERNEL = 1,
    CLINUX_HOST_MACHINE = 2,
};
/// The length of the text copied into `bytes`.
long clinux_host_text(int which, uint8_t *_Nonnull bytes, size_t capacity);
/// Gives back the pages of the program and its libraries that were read from their files and never changed; what is
/// needed again is mapped again, without reading where the system still has it.
void clinux_release_file_pages(void);

long clinux_processor_count(void);
long clinux_page_bytes(void);

/// What an errno means; the length of the text copied into `bytes`.
long clinux_error_text(int code, uint8_t *_Nonnull bytes, size_t capacity);

#endif
