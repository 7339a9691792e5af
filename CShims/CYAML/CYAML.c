#include "CYAML.h"
typedef int CYAML_unit;
