// The Swift runtime seeds its hashing with arc4random_buf, which glibc has only since 2.36.
// This one keeps the program within GLIBC_2.34 (JetPack 6 has 2.35).
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/random.h>

__attribute__((visibility("hidden"))) void arc4random_buf(void *buffer, size_t count);

void arc4random_buf(void *buffer, size_t count) {
    unsigned char *next = buffer;
    while (count > 0) {
        ssize_t got = getrandom(next, count, 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            abort();
        }
        next += got;
        count -= (size_t)got;
    }
}
