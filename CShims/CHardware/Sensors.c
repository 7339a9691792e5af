#define _GNU_SOURCE
#include "CHardwareSensors.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sensors/error.h>
#include <sensors/sensors.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_OF_DATE = -100, LARGEST = 1000000000 };

struct chardware_sensor {
    uint64_t generation;
    uint32_t count;
    int32_t kind;
    int is_computed;
    int number;
    const sensors_chip_name *chip;
    char name[CHARDWARE_SENSORS_TEXT];
    char label[CHARDWARE_SENSORS_TEXT];
    char file[CHARDWARE_SENSORS_PATH];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t generation;
static int is_started;

/// What is wrong with a configuration was told by the first search.
static void tell_nothing(const char *error, const char *file, int line) {
    (void)error;
    (void)file;
    (void)line;
}

/// Copies what fits whole.
static void copy(char *to, size_t capacity, const char *from) {
    if (strlen(from) < capacity) strcpy(to, from);
}

/// The number that a file of the kernel holds; 0 where it holds one.
static int raw_value(const char *path, long long *value) {
    char text[64];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return -1;
    text[count] = 0;
    char *end = text;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return end == text || errno != 0 ? -1 : 0;
}

static int millionths(const sensors_chip_name *chip, int number, int64_t *value) {
    double reading = 0;
    int result = sensors_get_value(chip, number, &reading);
    if (result < 0) return result;
    // Nothing but a number within these bounds passes; rounded here, so that no libm is needed.
    if (!(reading >= -LARGEST && reading <= LARGEST)) return -SENSORS_ERR_KERNEL;
    *value = (int64_t)(reading * 1000000 + (reading < 0 ? -0.5 : 0.5));
    return 0;
}

/// Whether the configuration changes what the kernel shows. Zero shows nothing, and what moves while it is looked at
/// neither: both count as computed.
static int is_computed(const struct chardware_sensor *sensor) {
    long long scale = sensor->kind == CHARDWARE_SENSORS_POWER ? 1 : 1000;
    for (int attempt = 0; attempt < 3; attempt++) {
        long long before = 0, after = 0;
        int64_t value = 0;
        if (raw_value(sensor->file, &before) != 0 || millionths(sensor->chip, sensor->number, &value) != 0 ||
            raw_value(sensor->file, &after) != 0 || before == 0) {
            return 1;
        }
        if (before == after && before < LARGEST * 1000LL && before > -LARGEST * 1000LL) return before * scale != value;
    }
    return 1;
}

static void list_feature(const sensors_chip_name *chip, const sensors_feature *feature, struct chardware_sensor *list,
                         uint32_t capacity, uint32_t *count) {
    const sensors_subfeature *input = NULL;
    int32_t kind = 0;
    if (feature->type == SENSORS_FEATURE_TEMP) {
        kind = CHARDWARE_SENSORS_TEMPERATURE;
        input = sensors_get_subfeature(chip, feature, SENSORS_SUBFEATURE_TEMP_INPUT);
    } else if (feature->type == SENSORS_FEATURE_POWER) {
        kind = CHARDWARE_SENSORS_POWER;
        input = sensors_get_subfeature(chip, feature, SENSORS_SUBFEATURE_POWER_INPUT);
        if (input == NULL) input = sensors_get_subfeature(chip, feature, SENSORS_SUBFEATURE_POWER_AVERAGE);
    }
    if (input == NULL || *count >= capacity) return;
    struct chardware_sensor *sensor = &list[*count];
    sensor->kind = kind;
    sensor->number = input->number;
    sensor->chip = chip;
    copy(sensor->name, sizeof sensor->name, chip->prefix);
    char *label = sensors_get_label(chip, feature);
    if (label != NULL) copy(sensor->label, sizeof sensor->label, label);
    free(label);
    int length = snprintf(sensor->file, sizeof sensor->file, "%s/%s", chip->path, input->name);
    if (length < 0 || (size_t)length >= sizeof sensor->file) sensor->file[0] = 0;
    sensor->is_computed = is_computed(sensor);
    ++*count;
}

long chardware_sensors_search(uint32_t capacity, struct chardware_sensor **made) {
    // One more, so that there is room for the count where nothing is found.
    struct chardware_sensor *list = calloc((size_t)capacity + 1, sizeof *list);
    if (list == NULL) return -ENOMEM;
    pthread_mutex_lock(&lock);
    if (is_started) sensors_cleanup();
    is_started = 0;
    if (generation++ > 0) sensors_parse_error_wfn = tell_nothing;
    int result = sensors_init(NULL);
    if (result != 0) {
        pthread_mutex_unlock(&lock);
        free(list);
        return -result < 0 ? -result : -EIO;
    }
    is_started = 1;
    uint32_t count = 0;
    int next = 0;
    const sensors_chip_name *chip;
    while ((chip = sensors_get_detected_chips(NULL, &next)) != NULL) {
        int position = 0;
        const sensors_feature *feature;
        while ((feature = sensors_get_features(chip, &position)) != NULL) {
            list_feature(chip, feature, list, capacity, &count);
        }
    }
    list->generation = generation;
    list->count = count;
    pthread_mutex_unlock(&lock);
    *made = list;
    return (long)count;
}

void chardware_sensors_forget(struct chardware_sensor *list) {
    pthread_mutex_lock(&lock);
    if (list->generation == generation && is_started) {
        sensors_cleanup();
        is_started = 0;
    }
    pthread_mutex_unlock(&lock);
    free(list);
}

int32_t chardware_sensors_kind(const struct chardware_sensor *list, uint32_t index) { return list[index].kind; }
const char *chardware_sensors_chip(const struct chardware_sensor *list, uint32_t index) { return list[index].name; }
const char *chardware_sensors_label(const struct chardware_sensor *list, uint32_t index) { return list[index].label; }
const char *chardware_sensors_file(const struct chardware_sensor *list, uint32_t index) { return list[index].file; }
int chardware_sensors_is_computed(const struct chardware_sensor *list, uint32_t index) {
    return list[index].is_computed;
}

long chardware_sensors_value(const struct chardware_sensor *list, uint32_t index, int64_t *value) {
    pthread_mutex_lock(&lock);
    long result = OUT_OF_DATE;
    if (index < list->count && list->generation == generation && is_started) {
        result = millionths(list[index].chip, list[index].number, value);
    }
    pthread_mutex_unlock(&lock);
    return result;
}
