/*
 * Digests, keyed hashes, random bytes and base64: the only door to OpenSSL.
 * Failures of the library end the process: there is no sensible way on without them.
 */
#ifndef LITEFORM_BASE_DIGEST_H
#define LITEFORM_BASE_DIGEST_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32
#define DIGEST_HEX 65 /* with the NUL */

/** SHA-256. */
void digest_sha256(const void *bytes, size_t length, uint8_t ret_digest[DIGEST_SIZE]);
/** SHA-256 as lower-case hex in the arena. */
char *digest_hex(struct arena *arena, const void *bytes, size_t length);
/** HMAC-SHA256. `ret_digest` may lie where the key does. */
void digest_hmac(const void *key, size_t key_length, const void *bytes, size_t length,
    uint8_t ret_digest[DIGEST_SIZE]);
/** HMAC-SHA256 as lower-case hex in the arena. */
char *digest_hmac_hex(
    struct arena *arena, const void *key, size_t key_length, const void *bytes, size_t length);
/** SHA-1 as lower-case hex: for names that others chose so (the AWS CLI's caches), for no proof. */
char *digest_sha1_hex(struct arena *arena, const void *bytes, size_t length);
/** `length` bytes from the system's random source. */
void digest_random(void *ret_bytes, size_t length);
/** A random (version 4) UUID in the arena. */
char *digest_uuid(struct arena *arena);
/** base64url without padding. */
char *digest_base64url(struct arena *arena, const void *bytes, size_t length);
/** Hex, lower case. */
char *digest_to_hex(struct arena *arena, const void *bytes, size_t length);
/** Compares without telling by its time where the difference is. */
bool digest_equal(const char *a, const char *b);
/** Overwrites memory in a way the compiler keeps. */
void digest_wipe(void *bytes, size_t length);

#endif
