// What sage-edge uses of libsodium, declared without its headers so that the freestanding
// aarch64 target can read it. Deterministic only: entropy comes in from outside.
#ifndef CSODIUM_H
#define CSODIUM_H

#include <stddef.h>
#include <stdint.h>

// 0 when the library is ready, -1 when it is not. Safe to call again.
int32_t csodium_init(void);

// BLAKE2b (RFC 7693) of `count` bytes into `length` (16…64) bytes; key of 0…64 bytes;
// personalisation of exactly 16 bytes or null.
void csodium_blake2b(uint8_t *_Nonnull out, size_t length, const uint8_t *_Nullable in, size_t count,
                     const uint8_t *_Nullable key, size_t key_length, const uint8_t *_Nullable personal);

// BLAKE2b without a key, personalised by "sage-edge", six zero bytes and `purpose`.
void csodium_blake2b_for(uint8_t *_Nonnull out, size_t length, const uint8_t *_Nullable in, size_t count,
                         uint8_t purpose);

// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104) into 32 bytes.
void csodium_sha256(uint8_t *_Nonnull out, const uint8_t *_Nullable in, size_t count);
void csodium_hmac_sha256(uint8_t *_Nonnull out, const uint8_t *_Nonnull key, size_t key_length,
                         const uint8_t *_Nullable in, size_t count);

// Ed25519 (RFC 8032): secret is 64 bytes (seed ‖ public key), public 32, signature 64.
void csodium_ed25519_keypair(uint8_t *_Nonnull public_key, uint8_t *_Nonnull secret, const uint8_t *_Nonnull seed);
void csodium_ed25519_sign(uint8_t *_Nonnull signature, const uint8_t *_Nullable message, size_t count,
                          const uint8_t *_Nonnull secret);
// 0 when valid; small-order keys and non-canonical signatures are not.
int32_t csodium_ed25519_verify(const uint8_t *_Nonnull signature, const uint8_t *_Nullable message, size_t count,
                               const uint8_t *_Nonnull public_key);

// X25519 (RFC 7748); -1 where the shared secret would be all zero.
int32_t csodium_x25519(uint8_t *_Nonnull shared, const uint8_t *_Nonnull secret, const uint8_t *_Nonnull point);
void csodium_x25519_base(uint8_t *_Nonnull public_key, const uint8_t *_Nonnull secret);

// ChaCha20-Poly1305 (RFC 8439): sealed is count + 16 bytes. open returns -1 where it is not authentic.
void csodium_aead_seal(uint8_t *_Nonnull sealed, const uint8_t *_Nullable message, size_t count,
                       const uint8_t *_Nullable header, size_t header_count, const uint8_t *_Nonnull nonce,
                       const uint8_t *_Nonnull key);
int32_t csodium_aead_open(uint8_t *_Nullable message, const uint8_t *_Nonnull sealed, size_t sealed_count,
                          const uint8_t *_Nullable header, size_t header_count, const uint8_t *_Nonnull nonce,
                          const uint8_t *_Nonnull key);

// ChaCha20 (RFC 8439) key stream with a zero nonce.
void csodium_chacha20_stream(uint8_t *_Nonnull out, size_t count, const uint8_t *_Nonnull key);

// Overwrites memory in a way the compiler does not remove; compares in constant time (1 = equal).
void csodium_wipe(uint8_t *_Nonnull bytes, size_t count);
int32_t csodium_equal(const uint8_t *_Nonnull left, const uint8_t *_Nonnull right, size_t count);

// Base64 (RFC 4648 §4, padded). Encoding needs csodium_base64_length bytes (with a final zero);
// decoding returns the number of bytes or -1, skipping only the characters of `ignore`.
size_t csodium_base64_length(size_t count);
void csodium_base64_encode(char *_Nonnull out, size_t capacity, const uint8_t *_Nullable in, size_t count);
ptrdiff_t csodium_base64_decode(uint8_t *_Nonnull out, size_t capacity, const char *_Nonnull in, size_t count);

#endif
