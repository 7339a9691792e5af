#define _GNU_SOURCE
#include "NVMLLibrary.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// Names and values as in NVML's API reference; results are its nvmlReturn_t.
enum { GPU_SENSOR = 0, GRAPHICS_CLOCK = 0 };

typedef void *handle;

struct temperature_v1 {
    uint32_t version;
    int32_t sensor;
    int32_t temperature;
};
struct memory_v1 {
    uint64_t total, free, used;
};
struct memory_v2 {
    uint32_t version;
    uint32_t padding;
    uint64_t total, reserved, free, used;
};
struct utilization {
    uint32_t gpu, memory;
};

struct nvml_library {
    void *library;
    int is_initialised;
    uint32_t count;
    int has_handle[CHARDWARE_NVML_DEVICES];
    handle handles[CHARDWARE_NVML_DEVICES];
    int (*init)(void);
    int (*shutdown)(void);
    int (*device_count)(uint32_t *);
    int (*device)(uint32_t, handle *);
    int (*name)(handle, char *, uint32_t);
    int (*uuid)(handle, char *, uint32_t);
    int (*power)(handle, uint32_t *);
    int (*energy)(handle, unsigned long long *);
    int (*limit)(handle, uint32_t *);
    int (*temperature)(handle, int, uint32_t *);
    int (*temperature_v)(handle, struct temperature_v1 *);
    int (*memory)(handle, struct memory_v1 *);
    int (*memory_v2)(handle, struct memory_v2 *);
    int (*load)(handle, struct utilization *);
    int (*clock)(handle, int, uint32_t *);
    int (*clock_maximum)(handle, int, uint32_t *);
    int (*reasons)(handle, unsigned long long *);
};

static void *symbol(void *library, const char *name, const char *older) {
    void *found = dlsym(library, name);
    return found == NULL && older != NULL ? dlsym(library, older) : found;
}

struct nvml_library *nvml_load(const char *path) {
    void *opened = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (opened == NULL) return NULL;
    struct nvml_library *l = calloc(1, sizeof *l);
    if (l == NULL) {
        dlclose(opened);
        return NULL;
    }
    l->library = opened;
    *(void **)&l->init = symbol(opened, "nvmlInit_v2", NULL);
    *(void **)&l->shutdown = symbol(opened, "nvmlShutdown", NULL);
    *(void **)&l->device_count = symbol(opened, "nvmlDeviceGetCount_v2", NULL);
    *(void **)&l->device = symbol(opened, "nvmlDeviceGetHandleByIndex_v2", NULL);
    *(void **)&l->name = symbol(opened, "nvmlDeviceGetName", NULL);
    *(void **)&l->uuid = symbol(opened, "nvmlDeviceGetUUID", NULL);
    *(void **)&l->power = symbol(opened, "nvmlDeviceGetPowerUsage", NULL);
    *(void **)&l->energy = symbol(opened, "nvmlDeviceGetTotalEnergyConsumption", NULL);
    *(void **)&l->limit = symbol(opened, "nvmlDeviceGetEnforcedPowerLimit", NULL);
    *(void **)&l->temperature = symbol(opened, "nvmlDeviceGetTemperature", NULL);
    *(void **)&l->temperature_v = symbol(opened, "nvmlDeviceGetTemperatureV", NULL);
    *(void **)&l->memory = symbol(opened, "nvmlDeviceGetMemoryInfo", NULL);
    *(void **)&l->memory_v2 = symbol(opened, "nvmlDeviceGetMemoryInfo_v2", NULL);
    *(void **)&l->load = symbol(opened, "nvmlDeviceGetUtilizationRates", NULL);
    *(void **)&l->clock = symbol(opened, "nvmlDeviceGetClockInfo", NULL);
    *(void **)&l->clock_maximum = symbol(opened, "nvmlDeviceGetMaxClockInfo", NULL);
    *(void **)&l->reasons =
        symbol(opened, "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons");
    return l;
}

void nvml_unload(struct nvml_library *library) {
    if (library->is_initialised && library->shutdown != NULL) library->shutdown();
    dlclose(library->library);
    free(library);
}

static int32_t initialise(struct nvml_library *l) {
    if (l->init == NULL || l->device_count == NULL || l->device == NULL) return CHARDWARE_NVML_NO_FUNCTION;
    if (l->is_initialised && l->shutdown != NULL) l->shutdown();
    l->is_initialised = 0;
    l->count = 0;
    int result = l->init();
    if (result != 0) return result;
    l->is_initialised = 1;
    uint32_t count = 0;
    result = l->device_count(&count);
    if (result != 0) return result;
    // A machine has no hundred graphics boards.
    if (count > 99) return CHARDWARE_NVML_MALFORMED;
    l->count = count < CHARDWARE_NVML_DEVICES ? count : CHARDWARE_NVML_DEVICES;
    for (uint32_t n = 0; n < l->count; n++) l->has_handle[n] = l->device(n, &l->handles[n]) == 0;
    return 0;
}

/// The newer call where the library has it and the driver takes it, else the older one: without support (3), without
/// the function (13), or for another version of its argument (25, 26) the older one may still answer.
static int falls_back(int result) { return result == 3 || result == 13 || result == 25 || result == 26; }

static int temperature(struct nvml_library *l, handle device, uint64_t *value) {
    int result = CHARDWARE_NVML_NO_FUNCTION;
    if (l->temperature_v != NULL) {
        struct temperature_v1 reading = {.version = 0x0100000C, .sensor = GPU_SENSOR, .temperature = 0};
        result = l->temperature_v(device, &reading);
        *value = (uint64_t)(int64_t)reading.temperature;
    }
    if (falls_back(result) && l->temperature != NULL) {
        uint32_t degrees = 0;
        result = l->temperature(device, GPU_SENSOR, &degrees);
        *value = (uint64_t)(int64_t)(int32_t)degrees;
    }
    return result;
}

static int memory(struct nvml_library *l, handle device, struct chardware_nvml_value *total,
                  struct chardware_nvml_value *available) {
    int result = CHARDWARE_NVML_NO_FUNCTION;
    if (l->memory_v2 != NULL) {
        struct memory_v2 reading = {.version = 0x02000028};
        result = l->memory_v2(device, &reading);
        total->value = reading.total;
        available->value = reading.free;
    }
    if (falls_back(result) && l->memory != NULL) {
        struct memory_v1 reading = {0};
        result = l->memory(device, &reading);
        total->value = reading.total;
        available->value = reading.free;
    }
    total->result = available->result = result;
    return result;
}

static struct chardware_nvml_value metric(struct nvml_library *l, handle device, uint32_t which) {
    struct chardware_nvml_value out = {CHARDWARE_NVML_NO_FUNCTION, 0};
    uint32_t number = 0;
    unsigned long long large = 0;
    struct utilization load = {0, 0};
    switch (which) {
    case CHARDWARE_NVML_POWER:
        if (l->power != NULL) out.result = l->power(device, &number);
        out.value = number;
        break;
    case CHARDWARE_NVML_ENERGY:
        if (l->energy != NULL) out.result = l->energy(device, &large);
        out.value = large;
        break;
    case CHARDWARE_NVML_LIMIT:
        if (l->limit != NULL) out.result = l->limit(device, &number);
        out.value = number;
        break;
    case CHARDWARE_NVML_TEMPERATURE: out.result = temperature(l, device, &out.value); break;
    case CHARDWARE_NVML_LOAD:
        if (l->load != NULL) out.result = l->load(device, &load);
        out.value = load.gpu;
        break;
    case CHARDWARE_NVML_CLOCK:
        if (l->clock != NULL) out.result = l->clock(device, GRAPHICS_CLOCK, &number);
        out.value = number;
        break;
    case CHARDWARE_NVML_CLOCK_MAXIMUM:
        if (l->clock_maximum != NULL) out.result = l->clock_maximum(device, GRAPHICS_CLOCK, &number);
        out.value = number;
        break;
    case CHARDWARE_NVML_REASONS:
        if (l->reasons != NULL) out.result = l->reasons(device, &large);
        out.value = large;
        break;
    default: break;
    }
    return out;
}

static int text(int (*get)(handle, char *, uint32_t), handle device, char *buffer) {
    memset(buffer, 0xff, NVML_TEXT_BYTES);
    return get != NULL && get(device, buffer, NVML_TEXT_BYTES) == 0 && memchr(buffer, 0, NVML_TEXT_BYTES) != NULL;
}

void nvml_look(struct nvml_library *l, const uint32_t *masks, int again, struct nvml_look *look) {
    int begins = again || !l->is_initialised;
    look->result = begins ? initialise(l) : 0;
    look->count = look->result == 0 ? l->count : 0;
    for (uint32_t n = 0; n < look->count; n++) {
        struct nvml_board *board = &look->boards[n];
        handle device = l->handles[n];
        // What a board is called stays in the look from the first time on.
        if (begins) {
            board->has_name = l->has_handle[n] && text(l->name, device, board->name);
            board->has_identity = l->has_handle[n] && text(l->uuid, device, board->identity);
        }
        struct chardware_nvml_value *metrics = board->metrics;
        for (uint32_t which = 0; which < CHARDWARE_NVML_METRICS; which++) {
            metrics[which] = (struct chardware_nvml_value){CHARDWARE_NVML_NOT_ASKED, 0};
        }
        for (uint32_t which = 0; which < CHARDWARE_NVML_METRICS; which++) {
            if ((masks[n] & 1u << which) == 0) continue;
            if (!l->has_handle[n]) {
                // A board that cannot be opened is not there.
                metrics[which].result = 15;
            } else if (which == CHARDWARE_NVML_MEMORY_TOTAL) {
                memory(l, device, &metrics[which], &metrics[CHARDWARE_NVML_MEMORY_FREE]);
            } else if (which != CHARDWARE_NVML_MEMORY_FREE) {
                metrics[which] = metric(l, device, which);
            }
            if (metrics[which].result == 15) break;
        }
    }
}
