// The functions of NVIDIA's management library, and one look through them.
#ifndef NVML_LIBRARY_H
#define NVML_LIBRARY_H

#include "CHardwareNVML.h"

enum { NVML_TEXT_BYTES = 96 };

struct nvml_board {
    char name[NVML_TEXT_BYTES];
    char identity[NVML_TEXT_BYTES];
    int has_name;
    int has_identity;
    struct chardware_nvml_value metrics[CHARDWARE_NVML_METRICS];
};

struct nvml_look {
    int32_t result;
    uint32_t count;
    struct nvml_board boards[CHARDWARE_NVML_DEVICES];
};

struct nvml_library;

/// Loads the library; NULL where there is none, or it lacks what everything needs.
struct nvml_library *nvml_load(const char *path);
void nvml_unload(struct nvml_library *library);
/// Looks at all boards; initialises the library where it is not yet, or is to be again.
void nvml_look(struct nvml_library *library, const uint32_t *masks, int again, struct nvml_look *look);

#endif
