// The Linux shim: small typed functions over the C library, for Swift.
//
// Every header here is self-contained (stdint.h and stddef.h only), because the freestanding
// Embedded Swift target cannot digest glibc's. Unless a comment says otherwise a function
// returns its result, never negative, or the negated errno; none of them retries EINTR.
#ifndef CLINUX_H
#define CLINUX_H

#include "CLinuxChild.h"
#include "CLinuxClock.h"
#include "CLinuxCrash.h"
#include "CLinuxEvents.h"
#include "CLinuxFiles.h"
#include "CLinuxLocal.h"
#include "CLinuxMailbox.h"
#include "CLinuxProcesses.h"
#include "CLinuxProgram.h"
#include "CLinuxSockets.h"
#include "CLinuxSysfs.h"
#include "CLinuxTerminal.h"

#endif
