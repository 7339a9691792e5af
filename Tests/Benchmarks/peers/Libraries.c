#define _GNU_SOURCE
#include "CBenchmarkPeers.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "Measured.h"

static uint8_t message[4096];

static int32_t key(size_t bytes, uint8_t *public_key, uint8_t *secret) {
    static const uint8_t seed[crypto_sign_SEEDBYTES] = {7};
    if (bytes > sizeof message) return EINVAL;
    if (sodium_init() < 0 || crypto_sign_seed_keypair(public_key, secret, seed) != 0) return ENOSYS;
    return 0;
}

int32_t peers_sign(size_t bytes, size_t count, int64_t *nanoseconds) {
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], signature[crypto_sign_BYTES];
    int32_t refused = key(bytes, public_key, secret);
    if (refused) return refused;
    for (size_t index = 0; index < count; index++) {
        int64_t begin = now_nanoseconds();
        crypto_sign_detached(signature, NULL, message, bytes, secret);
        nanoseconds[index] = now_nanoseconds() - begin;
    }
    return 0;
}

int32_t peers_verify(size_t bytes, size_t count, int64_t *nanoseconds) {
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], signature[crypto_sign_BYTES];
    int32_t refused = key(bytes, public_key, secret);
    if (refused) return refused;
    crypto_sign_detached(signature, NULL, message, bytes, secret);
    for (size_t index = 0; index < count; index++) {
        int64_t begin = now_nanoseconds();
        if (crypto_sign_verify_detached(signature, message, bytes, public_key) != 0) return EBADMSG;
        nanoseconds[index] = now_nanoseconds() - begin;
    }
    return 0;
}

static int32_t flush_each(int file, size_t count, int64_t *nanoseconds) {
    for (size_t index = 0; index < count; index++) {
        int64_t begin = now_nanoseconds();
        ssize_t written = write(file, message, sizeof message);
        if (written != sizeof message) return written < 0 ? errno : ENOSPC;
        if (fdatasync(file) < 0) return errno;
        nanoseconds[index] = now_nanoseconds() - begin;
    }
    return 0;
}

int32_t peers_flushes(const char *path, size_t count, int64_t *nanoseconds) {
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) return errno;
    int32_t result = flush_each(file, count, nanoseconds);
    close(file);
    unlink(path);
    return result;
}
