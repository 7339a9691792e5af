#include "CSodium.h"

#include <sodium.h>

int32_t csodium_init(void) { return sodium_init() < 0 ? -1 : 0; }

void csodium_blake2b(uint8_t *out, size_t length, const uint8_t *in, size_t count, const uint8_t *key,
                     size_t key_length, const uint8_t *personal) {
    crypto_generichash_blake2b_salt_personal(out, length, in, count, key, key_length, NULL, personal);
}

void csodium_blake2b_for(uint8_t *out, size_t length, const uint8_t *in, size_t count, uint8_t purpose) {
    uint8_t personal[16] = "sage-edge";
    personal[15] = purpose;
    crypto_generichash_blake2b_salt_personal(out, length, in, count, NULL, 0, NULL, personal);
}

void csodium_sha256(uint8_t *out, const uint8_t *in, size_t count) { crypto_hash_sha256(out, in, count); }

void csodium_hmac_sha256(uint8_t *out, const uint8_t *key, size_t key_length, const uint8_t *in, size_t count) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_length);
    crypto_auth_hmacsha256_update(&state, in, count);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

void csodium_ed25519_keypair(uint8_t *public_key, uint8_t *secret, const uint8_t *seed) {
    crypto_sign_ed25519_seed_keypair(public_key, secret, seed);
}

void csodium_ed25519_sign(uint8_t *signature, const uint8_t *message, size_t count, const uint8_t *secret) {
    crypto_sign_ed25519_detached(signature, NULL, message, count, secret);
}

int32_t csodium_ed25519_verify(const uint8_t *signature, const uint8_t *message, size_t count,
                               const uint8_t *public_key) {
    return crypto_sign_ed25519_verify_detached(signature, message, count, public_key);
}

int32_t csodium_x25519(uint8_t *shared, const uint8_t *secret, const uint8_t *point) {
    return crypto_scalarmult_curve25519(shared, secret, point);
}

void csodium_x25519_base(uint8_t *public_key, const uint8_t *secret) {
    crypto_scalarmult_curve25519_base(public_key, secret);
}

void csodium_aead_seal(uint8_t *sealed, const uint8_t *message, size_t count, const uint8_t *header,
                       size_t header_count, const uint8_t *nonce, const uint8_t *key) {
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, message, count, header, header_count, NULL, nonce, key);
}

int32_t csodium_aead_open(uint8_t *message, const uint8_t *sealed, size_t sealed_count, const uint8_t *header,
                          size_t header_count, const uint8_t *nonce, const uint8_t *key) {
    return crypto_aead_chacha20poly1305_ietf_decrypt(message, NULL, NULL, sealed, sealed_count, header, header_count,
                                                     nonce, key);
}

void csodium_chacha20_stream(uint8_t *out, size_t count, const uint8_t *key) {
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
    crypto_stream_chacha20_ietf(out, count, nonce, key);
}

void csodium_wipe(uint8_t *bytes, size_t count) { sodium_memzero(bytes, count); }

int32_t csodium_equal(const uint8_t *left, const uint8_t *right, size_t count) {
    return sodium_memcmp(left, right, count) == 0;
}

size_t csodium_base64_length(size_t count) { return sodium_base64_ENCODED_LEN(count, sodium_base64_VARIANT_ORIGINAL); }

void csodium_base64_encode(char *out, size_t capacity, const uint8_t *in, size_t count) {
    sodium_bin2base64(out, capacity, in, count, sodium_base64_VARIANT_ORIGINAL);
}

ptrdiff_t csodium_base64_decode(uint8_t *out, size_t capacity, const char *in, size_t count) {
    size_t length = 0;
    const char *end = NULL;
    if (sodium_base642bin(out, capacity, in, count, "\r\n", &length, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != in + count) {
        return -1;
    }
    return (ptrdiff_t)length;
}
