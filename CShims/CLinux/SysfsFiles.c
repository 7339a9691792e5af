#define _GNU_SOURCE
#include "CLinuxSysfs.h"
#include <linux/magic.h>
#include <sys/vfs.h>

int clinux_is_sysfs(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 && (unsigned long)status.f_type == SYSFS_MAGIC;
}
