// libsensors: what hwmon chips there are and what their sensors are called, by the user's sensors3.conf.
//
// The library keeps one state for the whole program. Calls from several threads follow one another, and a new search
// makes the numbers of an older one invalid.
#ifndef CHARDWARE_SENSORS_H
#define CHARDWARE_SENSORS_H

#include <stddef.h>
#include <stdint.h>

enum { CHARDWARE_SENSORS_TEXT = 128, CHARDWARE_SENSORS_PATH = 512 };

enum {
    CHARDWARE_SENSORS_TEMPERATURE = 1,
    CHARDWARE_SENSORS_POWER = 2,
};

struct chardware_sensor;

/// Reads the configuration, looks for chips, and lists their temperatures and powers: how many, at most `capacity`;
/// negative where the library cannot be started.
long chardware_sensors_search(uint32_t capacity, struct chardware_sensor *_Nullable *_Nonnull made);
/// Forgets a list; the library lets go of its own with the last one.
void chardware_sensors_forget(struct chardware_sensor *_Nonnull list);

int32_t chardware_sensors_kind(const struct chardware_sensor *_Nonnull list, uint32_t index);
/// The chip's name, the sensor's label, and the file it is read from; empty where they are too long.
const char *_Nonnull chardware_sensors_chip(const struct chardware_sensor *_Nonnull list, uint32_t index);
const char *_Nonnull chardware_sensors_label(const struct chardware_sensor *_Nonnull list, uint32_t index);
const char *_Nonnull chardware_sensors_file(const struct chardware_sensor *_Nonnull list, uint32_t index);
/// 1 where the configuration computes the value, so that it has to be read through the library.
int chardware_sensors_is_computed(const struct chardware_sensor *_Nonnull list, uint32_t index);
/// Reads a sensor in millionths of °C or W; 0, or a negative number: the library's, or -100 after a newer search.
long chardware_sensors_value(const struct chardware_sensor *_Nonnull list, uint32_t index, int64_t *_Nonnull value);

#endif
