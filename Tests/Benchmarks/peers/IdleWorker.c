#define _GNU_SOURCE
#include "CBenchmarkPeers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The agent names tasks in characters that need no escape.
static int answer(const char *line) {
    static const char key[] = "\"id\":\"";
    const char *start = strstr(line, key);
    if (!start) return EPROTO;
    start += sizeof key - 1;
    const char *end = strchr(start, '"');
    if (!end) return EPROTO;
    printf("{\"id\":\"%.*s\",\"result\":{},\"quality\":1.0}\n", (int)(end - start), start);
    return fflush(stdout) ? errno : 0;
}

int32_t peers_work(void) {
    char *line = NULL;
    size_t capacity = 0;
    int code = puts("{\"ready\":true}") < 0 || fflush(stdout) ? errno : 0;
    while (code == 0 && getline(&line, &capacity, stdin) > 0) code = answer(line);
    free(line);
    return code;
}
