#include "base/digest.h"

#include "base/fail.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

/* Digests and random bytes; a failure of the library below ends the process. */

/* Looked up once: OpenSSL would do it for each digest, which takes longer than that of some bytes. */
static const EVP_MD *sha256;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

void digest_sha256(const void *bytes, size_t length, uint8_t ret_digest[DIGEST_SIZE])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    unsigned size = 0;
    pthread_once(&once, fetch_sha256);
    if (sha256 == NULL || EVP_Digest(bytes, length, ret_digest, &size, sha256, NULL) != 1)
        fail_bug("OpenSSL has no SHA-256", NULL);
}

char *digest_to_hex(struct arena *arena, const void *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = bytes;
    char *text = arena_array(arena, length + 1, 2);
    for (size_t i = 0; i < length; i++) {
        text[2 * i] = digits[from[i] >> 4];
        text[2 * i + 1] = digits[from[i] & 15];
    }
    return text;
}

char *digest_hex(struct arena *arena, const void *bytes, size_t length)
{
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(bytes, length, digest);
    return digest_to_hex(arena, digest, sizeof(digest));
}

void digest_hmac(const void *key, size_t key_length, const void *bytes, size_t length,
    uint8_t ret_digest[DIGEST_SIZE])
{
    uint8_t digest[DIGEST_SIZE];
    unsigned size = 0;
    if (key_length > INT32_MAX)
        fail_bug("a key beyond 2 GiB", NULL);
    /* An empty key is one, but NULL would mean "the key of the call before". */
    const void *some_key = key == NULL ? "" : key;
    if (HMAC(EVP_sha256(), some_key, (int)key_length, bytes, length, digest, &size) == NULL)
        fail_bug("OpenSSL has no HMAC-SHA-256", NULL);
    memcpy(ret_digest, digest, sizeof(digest));
    OPENSSL_cleanse(digest, sizeof(digest)); /* it may be the key of the next one */
}

char *digest_hmac_hex(
    struct arena *arena, const void *key, size_t key_length, const void *bytes, size_t length)
{
    uint8_t digest[DIGEST_SIZE];
    digest_hmac(key, key_length, bytes, length, digest);
    return digest_to_hex(arena, digest, sizeof(digest));
}

char *digest_sha1_hex(struct arena *arena, const void *bytes, size_t length)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(bytes, length, digest, &size, EVP_sha1(), NULL) != 1)
        fail_bug("OpenSSL has no SHA-1", NULL);
    return digest_to_hex(arena, digest, size);
}

void digest_random(void *ret_bytes, size_t length)
{
    uint8_t *at = ret_bytes;
    while (length > 0) {
        ssize_t got = getrandom(at, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            fail_bug("the system gives no random bytes", NULL);
        at += got;
        length -= (size_t)got;
    }
}

char *digest_uuid(struct arena *arena)
{
    uint8_t raw[16];
    digest_random(raw, sizeof(raw));
    raw[6] = (uint8_t)((raw[6] & 0x0f) | 0x40);
    raw[8] = (uint8_t)((raw[8] & 0x3f) | 0x80);
    const char *hex = digest_to_hex(arena, raw, sizeof(raw));
    return arena_printf(
        arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

char *digest_base64url(struct arena *arena, const void *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *from = bytes;
    char *text = arena_array(arena, length / 3 + 1, 4);
    char *to = text;
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)from[i] << 16;
        if (left > 1)
            group |= (uint32_t)from[i + 1] << 8;
        if (left > 2)
            group |= from[i + 2];
        *to++ = digits[group >> 18];
        *to++ = digits[(group >> 12) & 63];
        if (left > 1)
            *to++ = digits[(group >> 6) & 63];
        if (left > 2)
            *to++ = digits[group & 63];
    }
    *to = '\0';
    return text;
}

bool digest_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return false;
    size_t length = strlen(a);
    return length == strlen(b) && CRYPTO_memcmp(a, b, length) == 0;
}

void digest_wipe(void *bytes, size_t length)
{
    if (bytes != NULL)
        OPENSSL_cleanse(bytes, length);
}
