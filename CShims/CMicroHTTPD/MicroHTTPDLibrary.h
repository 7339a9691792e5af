// The library itself, opened where it is needed first.
#ifndef MICROHTTPD_LIBRARY_H
#define MICROHTTPD_LIBRARY_H

#include "CMicroHTTPD.h"

#include <dlfcn.h>
#include <microhttpd.h>
#include <stdio.h>

// The functions used, all of them in every libmicrohttpd since 0.9.75.
#define FUNCTIONS(use)                                                                                                 \
    use(MHD_start_daemon) use(MHD_stop_daemon) use(MHD_run) use(MHD_get_timeout) use(MHD_get_daemon_info)              \
        use(MHD_get_connection_info) use(MHD_get_connection_values) use(MHD_lookup_connection_value)                   \
            use(MHD_suspend_connection) use(MHD_resume_connection) use(MHD_create_response_from_buffer)                \
                use(MHD_add_response_header) use(MHD_queue_response) use(MHD_destroy_response)

#define MEMBER(name) __typeof__(&name) name;
static struct {
    void *handle;
    FUNCTIONS(MEMBER)
} library;

static int32_t open_library(char *problem, size_t capacity) {
    if (library.handle != NULL) return CMICROHTTPD_STARTED;
    void *handle = dlopen("libmicrohttpd.so.12", RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL) {
        snprintf(problem, capacity, "%s", dlerror());
        return CMICROHTTPD_NO_LIBRARY;
    }
#define FIND(name)                                                                                                     \
    if ((*(void **)&library.name = dlsym(handle, #name)) == NULL) {                                                    \
        snprintf(problem, capacity, "%s", #name);                                                                      \
        dlclose(handle);                                                                                               \
        return CMICROHTTPD_OTHER_LIBRARY;                                                                              \
    }
    FUNCTIONS(FIND)
    library.handle = handle;
    return CMICROHTTPD_STARTED;
}

#endif
