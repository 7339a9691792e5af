// The hardware shim: NVIDIA's management library, taken by its name while the program runs, and libsensors.
//
// No header of either library is shown to Swift, and no floating point.
#ifndef CHARDWARE_H
#define CHARDWARE_H

#include "CHardwareNVML.h"
#include "CHardwareSensors.h"

#endif
