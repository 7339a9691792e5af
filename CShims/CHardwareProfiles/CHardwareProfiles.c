#include "CHardwareProfiles.h"

// #embed is C23; clang takes it as an extension everywhere.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t agx_orin_32gb[] = {
#embed "../../hardware-profiles/agx-orin-32gb.yaml"
};
static const uint8_t agx_orin_64gb[] = {
#embed "../../hardware-profiles/agx-orin-64gb.yaml"
};
static const uint8_t agx_thor[] = {
#embed "../../hardware-profiles/agx-thor.yaml"
};
static const uint8_t agx_thor_t4000[] = {
#embed "../../hardware-profiles/agx-thor-t4000.yaml"
};
static const uint8_t agx_xavier[] = {
#embed "../../hardware-profiles/agx-xavier.yaml"
};
static const uint8_t generic[] = {
#embed "../../hardware-profiles/generic.yaml"
};
static const uint8_t laptop[] = {
#embed "../../hardware-profiles/laptop.yaml"
};
static const uint8_t nano[] = {
#embed "../../hardware-profiles/nano.yaml"
};
static const uint8_t orin_nano_4gb[] = {
#embed "../../hardware-profiles/orin-nano-4gb.yaml"
};
static const uint8_t orin_nano_8gb[] = {
#embed "../../hardware-profiles/orin-nano-8gb.yaml"
};
static const uint8_t orin_nx_16gb[] = {
#embed "../../hardware-profiles/orin-nx-16gb.yaml"
};
static const uint8_t orin_nx_8gb[] = {
#embed "../../hardware-profiles/orin-nx-8gb.yaml"
};
static const uint8_t pc[] = {
#embed "../../hardware-profiles/pc.yaml"
};
static const uint8_t rpi5[] = {
#embed "../../hardware-profiles/rpi5.yaml"
};
static const uint8_t tx2[] = {
#embed "../../hardware-profiles/tx2.yaml"
};
static const uint8_t xavier_nx[] = {
#embed "../../hardware-profiles/xavier-nx.yaml"
};

#define PROFILE(name, bytes) {name, bytes, sizeof bytes}

static const hardware_profile_file files[] = {
    // Where memory is not known, a module made in both sizes is the first of them.
    PROFILE("agx-orin-64gb", agx_orin_64gb),
    PROFILE("agx-orin-32gb", agx_orin_32gb),
    PROFILE("agx-thor", agx_thor),
    PROFILE("agx-thor-t4000", agx_thor_t4000),
    PROFILE("agx-xavier", agx_xavier),
    PROFILE("generic", generic),
    PROFILE("laptop", laptop),
    PROFILE("nano", nano),
    PROFILE("orin-nano-4gb", orin_nano_4gb),
    PROFILE("orin-nano-8gb", orin_nano_8gb),
    PROFILE("orin-nx-16gb", orin_nx_16gb),
    PROFILE("orin-nx-8gb", orin_nx_8gb),
    PROFILE("pc", pc),
    PROFILE("rpi5", rpi5),
    PROFILE("tx2", tx2),
    PROFILE("xavier-nx", xavier_nx),
};

const hardware_profile_file *chardwareprofiles_files(size_t *count) {
    *count = sizeof files / sizeof files[0];
    return files;
}
