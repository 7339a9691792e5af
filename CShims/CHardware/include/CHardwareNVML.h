// NVIDIA's management library on a thread of its own: a driver that hangs holds up nobody.
//
// All functions belong to one thread, the owner's; the library is called on the other one only.
#ifndef CHARDWARE_NVML_H
#define CHARDWARE_NVML_H

#include <stddef.h>
#include <stdint.h>

/// Most graphics boards that are looked at.
enum { CHARDWARE_NVML_DEVICES = 16 };

/// What can be asked about a board; `1 << n` in a mask.
enum {
    /// mW.
    CHARDWARE_NVML_POWER = 0,
    /// mJ since the driver was loaded.
    CHARDWARE_NVML_ENERGY = 1,
    /// mW.
    CHARDWARE_NVML_LIMIT = 2,
    /// °C.
    CHARDWARE_NVML_TEMPERATURE = 3,
    /// Bytes.
    CHARDWARE_NVML_MEMORY_TOTAL = 4,
    /// Bytes.
    CHARDWARE_NVML_MEMORY_FREE = 5,
    /// Percent.
    CHARDWARE_NVML_LOAD = 6,
    /// MHz.
    CHARDWARE_NVML_CLOCK = 7,
    /// MHz.
    CHARDWARE_NVML_CLOCK_MAXIMUM = 8,
    /// Bits: why the clocks are lower than they could be.
    CHARDWARE_NVML_REASONS = 9,
    CHARDWARE_NVML_METRICS = 10,
};

/// Results of the library that this shim gives too, and one of its own.
enum {
    CHARDWARE_NVML_SUCCESS = 0,
    /// The library has no such function.
    CHARDWARE_NVML_NO_FUNCTION = 13,
    /// There is no library.
    CHARDWARE_NVML_NO_LIBRARY = 12,
    /// Not asked for.
    CHARDWARE_NVML_NOT_ASKED = -1,
    /// What came back is not what the library is documented to give.
    CHARDWARE_NVML_MALFORMED = -2,
};

struct chardware_nvml_value {
    int32_t result;
    uint64_t value;
};

struct chardware_nvml;

/// Starts the thread; 0, or the negated errno. The library is loaded by the first question.
long chardware_nvml_start(const char *_Nonnull library, struct chardware_nvml *_Nullable *_Nonnull made);
/// Lets go of the thread, which ends by itself when a call that it is in returns; nobody waits for it.
void chardware_nvml_abandon(struct chardware_nvml *_Nonnull nvml);

/// Asks for a look at every board, of each the metrics in `masks`, which has CHARDWARE_NVML_DEVICES entries; the
/// library is initialised anew first where `again` is set. 0 where the last question is still being answered.
int chardware_nvml_ask(struct chardware_nvml *_Nonnull nvml, const uint32_t *_Nonnull masks, int again);
/// Waits for the answer to the last question, at most so long, and takes it in: 1; 0 where there is no new one.
int chardware_nvml_take(struct chardware_nvml *_Nonnull nvml, int64_t milliseconds);

/// Of the answer taken in last: how the library was found or initialised, how many boards it has, and what it says
/// about each.
/// It also says how long the answer took from the question on, in ms, rounded up.
int32_t chardware_nvml_result(const struct chardware_nvml *_Nonnull nvml);
int64_t chardware_nvml_milliseconds(const struct chardware_nvml *_Nonnull nvml);
uint32_t chardware_nvml_count(const struct chardware_nvml *_Nonnull nvml);
/// NULL where it is no text, or was not told.
const char *_Nullable chardware_nvml_name(const struct chardware_nvml *_Nonnull nvml, uint32_t device);
const char *_Nullable chardware_nvml_identity(const struct chardware_nvml *_Nonnull nvml, uint32_t device);
struct chardware_nvml_value chardware_nvml_metric(const struct chardware_nvml *_Nonnull nvml, uint32_t device,
                                                  uint32_t metric);

#endif
