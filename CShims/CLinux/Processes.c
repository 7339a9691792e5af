#define _GNU_SOURCE
#include "CLinuxProcesses.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "Result.h"

static int64_t microseconds_of_ticks(uint64_t ticks) {
    long second = sysconf(_SC_CLK_TCK);
    return (int64_t)(ticks * 1000000ULL / (uint64_t)(second > 0 ? second : 100));
}

long clinux_process_read(int identifier, struct clinux_process *process) {
    char text[1024];
    snprintf(text, sizeof text, "/proc/%d/stat", identifier);
    int file = open(text, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    ssize_t count = read(file, text, sizeof text - 1);
    int failed = errno;
    close(file);
    if (count < 0) return -failed;
    text[count] = 0;
    // The program's name may hold anything, brackets and spaces too; the last bracket closes it.
    const char *fields = strrchr(text, ')');
    if (fields == NULL) return -EIO;
    char state;
    uint64_t user, system, started;
    int64_t pages;
    int found = sscanf(fields + 1,
                       " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                       " %*d %*d %*d %*d %" SCNu64 " %*u %" SCNd64,
                       &state, &process->parent, &process->group, &process->session, &user, &system, &started, &pages);
    if (found != 8) return -EIO;
    process->identifier = identifier;
    process->ended = state == 'Z' || state == 'X';
    process->started = started;
    process->resident_bytes = pages * sysconf(_SC_PAGESIZE);
    process->waited_microseconds = microseconds_of_ticks(user + system);
    return 0;
}

long clinux_processes(struct clinux_process *list, size_t capacity) {
    DIR *folder = opendir("/proc");
    if (folder == NULL) return -errno;
    size_t count = 0;
    const struct dirent *entry;
    while (count < capacity && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
        // One that ends meanwhile is passed over.
        if (clinux_process_read(atoi(entry->d_name), &list[count]) == 0) count++;
    }
    closedir(folder);
    return (long)count;
}

long clinux_process_microseconds(int identifier) {
    clockid_t clock;
    int refused = clock_getcpuclockid(identifier, &clock);
    if (refused) return -refused;
    struct timespec used;
    if (clock_gettime(clock, &used) < 0) return -errno;
    return (long)(used.tv_sec * 1000000LL + used.tv_nsec / 1000);
}

long clinux_memory_file(const char *name, int64_t size) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return -errno;
    if (ftruncate(file, size) < 0 || fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        int failed = errno;
        close(file);
        return -failed;
    }
    return file;
}

long clinux_memory_clear(int descriptor, int64_t size) {
    return clinux_result(fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, size));
}
