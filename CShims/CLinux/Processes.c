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

long clinux_process_open(int identifier) {
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/stat", identifier);
    return clinux_result(open(path, O_RDONLY | O_CLOEXEC));
}

long clinux_process_look(int file, int identifier, struct clinux_process *process) {
    char text[1024];
    ssize_t count = pread(file, text, sizeof text - 1, 0);
    if (count < 0) return -errno;
    text[count] = 0;
    // The program's name may hold anything, brackets and spaces too; the last bracket closes it.
    const char *rest = strrchr(text, ')');
    if (rest == NULL || rest[1] != ' ') return -EIO;
    char state = rest[2];
    if (state == 0) return -EIO;
    rest += 3;
    // The fields from the fourth on, numbered as in proc(5).
    enum { PARENT = 4, GROUP = 5, SESSION = 6, CHILDREN_USER = 16, CHILDREN_SYSTEM = 17, STARTED = 22, PAGES = 24 };
    int64_t fields[PAGES + 1];
    for (int field = PARENT; field <= PAGES; field++) {
        char *end;
        // Some are unsigned, and none of those that are used is above what fits.
        fields[field] = (int64_t)strtoull(rest, &end, 10);
        if (end == rest) return -EIO;
        rest = end;
    }
    process->identifier = identifier;
    process->parent = (int)fields[PARENT];
    process->group = (int)fields[GROUP];
    process->session = (int)fields[SESSION];
    process->ended = state == 'Z' || state == 'X';
    process->started = (uint64_t)fields[STARTED];
    process->resident_bytes = fields[PAGES] * sysconf(_SC_PAGESIZE);
    process->waited_microseconds = microseconds_of_ticks((uint64_t)(fields[CHILDREN_USER] + fields[CHILDREN_SYSTEM]));
    return 0;
}

long clinux_process_read(int identifier, struct clinux_process *process) {
    long file = clinux_process_open(identifier);
    if (file < 0) return file;
    long failed = clinux_process_look((int)file, identifier, process);
    close((int)file);
    return failed;
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
    // What clock_getcpuclockid(3) gives, which would read the clock once more only to see whether it is there.
    clockid_t clock = (clockid_t)(~(unsigned)identifier << 3 | 2);
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
