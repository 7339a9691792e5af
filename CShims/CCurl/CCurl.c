#define _GNU_SOURCE
#include "CCurl.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// Names, values and layouts as in libcurl's documentation; they have not changed since its soname is 4. They stand here
// so that building needs none of its headers, of which there are three packages that exclude each other.
typedef void curl_easy;
typedef void curl_multi;
struct curl_list;
struct curl_waiting {
    int descriptor;
    short events;
    short ready;
};
struct curl_message {
    int kind;
    curl_easy *easy;
    union {
        void *other;
        int result;
    } data;
};
enum {
    WAIT_READABLE = 1,
    MESSAGE_DONE = 1,
    GLOBAL_DEFAULT = 3,
    ERROR_BYTES = 256,
    PROTOCOLS_HTTP_HTTPS = 3,
    HTTP_1_1 = 2,

    OPTION_POST = 47,
    OPTION_FOLLOW_LOCATION = 52,
    OPTION_VERIFY_PEER = 64,
    OPTION_VERIFY_HOST = 81,
    OPTION_HTTP_VERSION = 84,
    OPTION_NO_SIGNAL = 99,
    OPTION_TIMEOUT_MS = 155,
    OPTION_CONNECT_TIMEOUT_MS = 156,
    OPTION_PROTOCOLS = 181,
    OPTION_WRITE_DATA = 10001,
    OPTION_URL = 10002,
    OPTION_ERROR_BUFFER = 10010,
    OPTION_USER_AGENT = 10018,
    OPTION_HTTP_HEADER = 10023,
    OPTION_HEADER_DATA = 10029,
    OPTION_CA_INFO = 10065,
    OPTION_COPY_POST_FIELDS = 10165,
    OPTION_WRITE_FUNCTION = 20011,
    OPTION_HEADER_FUNCTION = 20079,
    OPTION_POST_FIELD_SIZE = 30120,

    INFO_RESPONSE_CODE = 0x200002,
    INFO_CONNECTIONS = 0x20001a,
    INFO_REDIRECT_URL = 0x10001f,

    RESULT_OK = 0,
    RESULT_UNSUPPORTED_PROTOCOL = 1,
    RESULT_MALFORMED_URL = 3,
    RESULT_NO_PROXY = 5,
    RESULT_NO_HOST = 6,
    RESULT_NO_CONNECTION = 7,
    RESULT_TIMED_OUT = 28,
    RESULT_NO_TLS = 35,
    RESULT_CERTIFICATE = 58,
    RESULT_CIPHER = 59,
    RESULT_NOT_VERIFIED = 60,
    RESULT_BAD_CA_FILE = 77,
    RESULT_ISSUER = 83,
};

// The functions used, all of them in every libcurl since 7.66.
#define FUNCTIONS(use)                                                                                                 \
    use(int, global_init, (long))                                                                                      \
    use(curl_easy *, easy_init, (void))                                                                                \
    use(int, easy_setopt, (curl_easy *, int, ...))                                                                     \
    use(int, easy_getinfo, (curl_easy *, int, ...))                                                                    \
    use(void, easy_cleanup, (curl_easy *))                                                                             \
    use(const char *, easy_strerror, (int))                                                                            \
    use(struct curl_list *, slist_append, (struct curl_list *, const char *))                                          \
    use(void, slist_free_all, (struct curl_list *))                                                                    \
    use(curl_multi *, multi_init, (void))                                                                              \
    use(int, multi_add_handle, (curl_multi *, curl_easy *))                                                            \
    use(int, multi_remove_handle, (curl_multi *, curl_easy *))                                                         \
    use(int, multi_perform, (curl_multi *, int *))                                                                     \
    use(int, multi_poll, (curl_multi *, struct curl_waiting *, unsigned, int, int *))                                  \
    use(struct curl_message *, multi_info_read, (curl_multi *, int *))                                                 \
    use(int, multi_cleanup, (curl_multi *))

#define MEMBER(result, name, arguments) result(*name) arguments;
static struct {
    void *handle;
    FUNCTIONS(MEMBER)
} library;

static int32_t open_library(char *problem, size_t capacity) {
    if (library.handle != NULL) return CCURL_READY;
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        snprintf(problem, capacity, "%s", dlerror());
        handle = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
    }
    if (handle == NULL) return CCURL_NO_LIBRARY;
#define FIND(result, name, arguments)                                                                                  \
    if ((*(void **)&library.name = dlsym(handle, "curl_" #name)) == NULL) {                                            \
        snprintf(problem, capacity, "curl_%s", #name);                                                                 \
        dlclose(handle);                                                                                               \
        return CCURL_OTHER_LIBRARY;                                                                                    \
    }
    FUNCTIONS(FIND)
    if (library.global_init(GLOBAL_DEFAULT) != RESULT_OK) {
        dlclose(handle);
        return CCURL_REFUSED;
    }
    library.handle = handle;
    return CCURL_READY;
}

struct text {
    uint8_t *bytes;
    size_t count, limit;
    int is_full;
};

struct ccurl_call {
    curl_easy *easy;
    curl_multi *multi;
    struct curl_list *headers;
    struct text body, fields;
    char error[ERROR_BYTES];
    int is_begun, is_ended, result;
};

// Appends to a text, which keeps a zero behind its end; 0 where it is full or there is no memory.
static size_t append(struct text *text, const char *bytes, size_t count) {
    if (count > text->limit - text->count) {
        text->is_full = 1;
        return 0;
    }
    uint8_t *larger = realloc(text->bytes, text->count + count + 1);
    if (larger == NULL) return 0;
    text->bytes = larger;
    memcpy(text->bytes + text->count, bytes, count);
    text->count += count;
    text->bytes[text->count] = 0;
    return count;
}

// The library takes any other number than that of the bytes for a failure; none are never handed over.
static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
    return size * count == 0 ? 0 : append(context, bytes, size * count);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context) {
    struct text *fields = context;
    // Every answer begins with its own status line; an interim one comes before the one that counts.
    if (size * count > 5 && memcmp(bytes, "HTTP/", 5) == 0) fields->count = 0;
    // A zero would end the text that is searched later.
    if (memchr(bytes, 0, size * count) != NULL) return 0;
    return append(fields, bytes, size * count);
}

static int32_t set_up(struct ccurl_call *call, const char *url, const uint8_t *body, size_t count,
                      const char *authorities, const struct ccurl_limits *limits) {
    int failed = 0;
#define SET(option, value) failed |= library.easy_setopt(call->easy, option, value)
    SET(OPTION_ERROR_BUFFER, call->error);
    SET(OPTION_URL, url);
    SET(OPTION_PROTOCOLS, (long)PROTOCOLS_HTTP_HTTPS);
    SET(OPTION_FOLLOW_LOCATION, 0L);
    SET(OPTION_HTTP_VERSION, (long)HTTP_1_1);
    SET(OPTION_NO_SIGNAL, 1L);
    SET(OPTION_VERIFY_PEER, 1L);
    SET(OPTION_VERIFY_HOST, 2L);
    SET(OPTION_TIMEOUT_MS, (long)limits->total_milliseconds);
    SET(OPTION_CONNECT_TIMEOUT_MS, (long)limits->connect_milliseconds);
    SET(OPTION_USER_AGENT, "sage-edge");
    SET(OPTION_WRITE_FUNCTION, on_body);
    SET(OPTION_WRITE_DATA, &call->body);
    SET(OPTION_HEADER_FUNCTION, on_header);
    SET(OPTION_HEADER_DATA, &call->fields);
    if (authorities != NULL) SET(OPTION_CA_INFO, authorities);
    if (body != NULL) {
        SET(OPTION_POST, 1L);
        SET(OPTION_POST_FIELD_SIZE, (int64_t)count);
        SET(OPTION_COPY_POST_FIELDS, body);
    }
    return failed;
}

int32_t ccurl_make(const char *url, const uint8_t *body, size_t count, const char *authorities,
                   const struct ccurl_limits *limits, struct ccurl_call **result, char *problem, size_t capacity) {
    *result = NULL;
    int32_t opened = open_library(problem, capacity);
    if (opened != CCURL_READY) return opened;
    struct ccurl_call *call = calloc(1, sizeof *call);
    if (call == NULL) return CCURL_REFUSED;
    call->body.limit = limits->body_bytes;
    call->fields.limit = limits->header_bytes;
    call->easy = library.easy_init();
    call->multi = library.multi_init();
    if (call->easy == NULL || call->multi == NULL || set_up(call, url, body, count, authorities, limits) != 0) {
        snprintf(problem, capacity, "%s", call->error);
        ccurl_free(call);
        return CCURL_REFUSED;
    }
    // The library would wait for a permission to send what is longer than a kilobyte.
    if (ccurl_add_header(call, "Expect:") != 0) {
        ccurl_free(call);
        return CCURL_REFUSED;
    }
    *result = call;
    return CCURL_READY;
}

int32_t ccurl_add_header(struct ccurl_call *call, const char *line) {
    struct curl_list *longer = library.slist_append(call->headers, line);
    if (longer == NULL) return -1;
    call->headers = longer;
    return 0;
}

static void end(struct ccurl_call *call, int result) {
    call->is_ended = 1;
    call->result = result;
}

int32_t ccurl_step(struct ccurl_call *call, int32_t other, int32_t milliseconds) {
    enum { FAULT_OF_THE_LIBRARY = 2 };
    if (call->is_ended) return CCURL_ENDED;
    if (!call->is_begun) {
        call->is_begun = 1;
        if (library.easy_setopt(call->easy, OPTION_HTTP_HEADER, call->headers) != RESULT_OK ||
            library.multi_add_handle(call->multi, call->easy) != 0)
            end(call, FAULT_OF_THE_LIBRARY);
    }
    int running = 0, left;
    if (!call->is_ended && library.multi_perform(call->multi, &running) != 0) end(call, FAULT_OF_THE_LIBRARY);
    struct curl_message *message;
    while (!call->is_ended && (message = library.multi_info_read(call->multi, &left)) != NULL) {
        if (message->kind == MESSAGE_DONE) end(call, message->data.result);
    }
    if (call->is_ended) return CCURL_ENDED;
    struct curl_waiting waiting = {.descriptor = other, .events = WAIT_READABLE, .ready = 0};
    if (library.multi_poll(call->multi, &waiting, other < 0 ? 0 : 1, milliseconds, NULL) != 0)
        end(call, FAULT_OF_THE_LIBRARY);
    return waiting.ready & WAIT_READABLE ? CCURL_OTHER_READABLE : CCURL_RUNNING;
}

static long connections(const struct ccurl_call *call) {
    long count = 0;
    library.easy_getinfo(call->easy, INFO_CONNECTIONS, &count);
    return count;
}

int32_t ccurl_outcome(const struct ccurl_call *call) {
    if (call->body.is_full || call->fields.is_full) return CCURL_TOO_LONG;
    switch (call->result) {
    case RESULT_OK: return CCURL_ANSWERED;
    // Of the address, or of what answers.
    case RESULT_UNSUPPORTED_PROTOCOL: return connections(call) == 0 ? CCURL_BAD_ADDRESS : CCURL_BROKEN;
    case RESULT_MALFORMED_URL: return CCURL_BAD_ADDRESS;
    case RESULT_NO_PROXY:
    case RESULT_NO_HOST: return CCURL_NO_SUCH_HOST;
    case RESULT_NO_CONNECTION: return CCURL_NO_CONNECTION;
    case RESULT_TIMED_OUT: return CCURL_TOO_LATE;
    case RESULT_NO_TLS:
    case RESULT_CERTIFICATE:
    case RESULT_CIPHER:
    case RESULT_ISSUER:
    case RESULT_NOT_VERIFIED: return CCURL_NOT_SECURE;
    case RESULT_BAD_CA_FILE: return CCURL_BAD_AUTHORITIES;
    default: return CCURL_BROKEN;
    }
}

const char *ccurl_problem(const struct ccurl_call *call) {
    return call->error[0] != 0 ? call->error : library.easy_strerror(call->result);
}

int32_t ccurl_status(const struct ccurl_call *call) {
    long status = 0;
    library.easy_getinfo(call->easy, INFO_RESPONSE_CODE, &status);
    return (int32_t)status;
}

const uint8_t *ccurl_body(const struct ccurl_call *call, size_t *count) {
    *count = call->body.count;
    return call->body.bytes;
}

const char *ccurl_header(const struct ccurl_call *call, const char *name) {
    // One field is looked at at a time.
    static char value[512];
    size_t length = strlen(name);
    const char *line = (const char *)call->fields.bytes;
    while (line != NULL && *line != 0) {
        const char *line_end = strpbrk(line, "\r\n");
        if (line_end == NULL) line_end = line + strlen(line);
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            const char *begin = line + length + 1;
            while (begin < line_end && (*begin == ' ' || *begin == '\t')) begin++;
            while (line_end > begin && (line_end[-1] == ' ' || line_end[-1] == '\t')) line_end--;
            size_t count = (size_t)(line_end - begin);
            if (count >= sizeof value) return NULL;
            memcpy(value, begin, count);
            value[count] = 0;
            return value;
        }
        line = line_end + strspn(line_end, "\r\n");
    }
    return NULL;
}

const char *ccurl_redirect(const struct ccurl_call *call) {
    char *url = NULL;
    library.easy_getinfo(call->easy, INFO_REDIRECT_URL, &url);
    return url;
}

void ccurl_free(struct ccurl_call *call) {
    if (call->multi != NULL && call->easy != NULL && call->is_begun) {
        library.multi_remove_handle(call->multi, call->easy);
    }
    if (call->easy != NULL) library.easy_cleanup(call->easy);
    if (call->multi != NULL) library.multi_cleanup(call->multi);
    library.slist_free_all(call->headers);
    free(call->body.bytes);
    free(call->fields.bytes);
    free(call);
}
