// The hardware profiles of this repository as bytes inside the program, so that it needs no folder to start.
#ifndef CHARDWAREPROFILES_H
#define CHARDWAREPROFILES_H
#include <stddef.h>
#include <stdint.h>

typedef struct {
    /// The profile's name, ended by NUL.
    const char *_Nonnull name;
    /// The file's bytes.
    const uint8_t *_Nonnull bytes;
    /// How many they are.
    size_t length;
} hardware_profile_file;

/// Every built-in file, as many as `count` says.
const hardware_profile_file *_Nonnull chardwareprofiles_files(size_t *_Nonnull count);
#endif
