#include "CSodium.h"
typedef int CSodium_unit;
