// A stand-in for NVIDIA's management library that plays what the file `script` beside it says, line by line:
//     name value           what the call named so gives
//     name !code           the result that it fails with
//     name block           the call waits until the file `go` lies beside the library, or the library's file is gone,
//                          and is not supported then
//     name late            the call waits for it too, and then gives what the script says by then
//     name endless         a text without an end
// Names: init count device name uuid power energy limit temperature temperature_v memory memory_v2 load
// clock max_clock reasons. What the script does not name is not supported (3). Built with -DWITHOUT_NEWER it lacks
// the newer symbols, with -DWITHOUT_COUNT one that everything needs.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void beside(char *path, size_t capacity, const char *name) {
    Dl_info info;
    if (dladdr((void *)beside, &info) == 0) abort();
    snprintf(path, capacity, "%s", info.dli_fname);
    snprintf(strrchr(path, '/') + 1, capacity - 300, "%s", name);
}

/// The result of a call, and what the script says that it gives.
static int play(const char *call, char *value) {
    char path[4096], line[512], name[64];
    beside(path, sizeof path, "script");
    FILE *script = fopen(path, "r");
    if (script == NULL) return 999;
    int result = 3;
    while (fgets(line, sizeof line, script) != NULL) {
        int end = 0;
        if (sscanf(line, "%63s %n", name, &end) != 1 || strcmp(name, call) != 0) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(value, 256, "%.255s", line + end);
        result = value[0] == '!' ? atoi(value + 1) : 0;
    }
    fclose(script);
    int isLate = strcmp(value, "late") == 0;
    if (isLate || strcmp(value, "block") == 0) {
        char library[4096];
        beside(path, sizeof path, "go");
        beside(library, sizeof library, "libnvidia-ml.so.1");
        while (access(path, F_OK) != 0 && access(library, F_OK) == 0) usleep(1000);
        return isLate ? play(call, value) : 3;
    }
    return result;
}

static int number(const char *call, uint32_t *out) {
    char value[256] = "";
    int result = play(call, value);
    if (result == 0) *out = (uint32_t)strtoll(value, NULL, 0);
    return result;
}

static int large(const char *call, unsigned long long *out) {
    char value[256] = "";
    int result = play(call, value);
    if (result == 0) *out = strtoull(value, NULL, 0);
    return result;
}

static int text(const char *call, char *out, uint32_t length) {
    char value[256] = "";
    int result = play(call, value);
    if (result != 0) return result;
    if (strcmp(value, "endless") == 0) {
        memset(out, 'x', length);
    } else {
        snprintf(out, length, "%s", value);
    }
    return 0;
}

int nvmlInit_v2(void) {
    uint32_t ignored;
    return number("init", &ignored);
}
int nvmlShutdown(void) { return 0; }
#ifndef WITHOUT_COUNT
int nvmlDeviceGetCount_v2(uint32_t *count) { return number("count", count); }
#endif
int nvmlDeviceGetHandleByIndex_v2(uint32_t index, void **handle) {
    uint32_t ignored;
    *handle = (void *)(uintptr_t)(index + 1);
    return number("device", &ignored);
}
int nvmlDeviceGetName(void *device, char *out, uint32_t length) { return (void)device, text("name", out, length); }
int nvmlDeviceGetUUID(void *device, char *out, uint32_t length) { return (void)device, text("uuid", out, length); }
int nvmlDeviceGetPowerUsage(void *device, uint32_t *out) { return (void)device, number("power", out); }
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *out) {
    return (void)device, large("energy", out);
}
int nvmlDeviceGetEnforcedPowerLimit(void *device, uint32_t *out) { return (void)device, number("limit", out); }
int nvmlDeviceGetTemperature(void *device, int sensor, uint32_t *out) {
    return (void)device, sensor == 0 ? number("temperature", out) : 2;
}
int nvmlDeviceGetUtilizationRates(void *device, uint32_t *out) { return (void)device, number("load", out); }
int nvmlDeviceGetClockInfo(void *device, int type, uint32_t *out) {
    return (void)device, type == 0 ? number("clock", out) : 2;
}
int nvmlDeviceGetMaxClockInfo(void *device, int type, uint32_t *out) {
    return (void)device, type == 0 ? number("max_clock", out) : 2;
}

/// Total and free bytes.
static int memory(const char *call, uint64_t *total, uint64_t *available) {
    char value[256] = "", *rest = value;
    int result = play(call, value);
    if (result != 0) return result;
    *total = strtoull(rest, &rest, 0);
    *available = strtoull(rest, NULL, 0);
    return 0;
}
int nvmlDeviceGetMemoryInfo(void *device, uint64_t *out) { return (void)device, memory("memory", &out[0], &out[1]); }

#ifdef WITHOUT_NEWER
int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *out) {
    return (void)device, large("reasons", out);
}
#else
int nvmlDeviceGetCurrentClocksEventReasons(void *device, unsigned long long *out) {
    return (void)device, large("reasons", out);
}
int nvmlDeviceGetTemperatureV(void *device, uint32_t *reading) {
    if (reading[0] != 0x0100000C) return 25;
    return (void)device, reading[1] == 0 ? number("temperature_v", &reading[2]) : 2;
}
int nvmlDeviceGetMemoryInfo_v2(void *device, uint64_t *reading) {
    if ((uint32_t)reading[0] != 0x02000028) return 25;
    return (void)device, memory("memory_v2", &reading[1], &reading[3]);
}
#endif
