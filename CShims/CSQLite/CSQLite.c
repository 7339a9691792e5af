#include "CSQLite.h"
typedef int CSQLite_unit;
