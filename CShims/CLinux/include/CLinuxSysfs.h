// Telling a running kernel's files from a recording of them.
#ifndef CLINUX_SYSFS_H
#define CLINUX_SYSFS_H

/// 1 when the path lies in a kernel's sysfs, 0 when it does not or is not there.
int clinux_is_sysfs(const char *_Nonnull path);

#endif
