/*
 * Memory for secrets: locked as far as the system lets us, left out of core dumps, wiped at the end.
 * It only grows: what was handed out stays good until vault_free().
 */
#ifndef LITEFORM_CLIENT_VAULT_H
#define LITEFORM_CLIENT_VAULT_H

#include <stddef.h>

struct vault;

struct vault *vault_new(void);
/** Wipes and frees; NULL is fine. Returns NULL. */
struct vault *vault_free(struct vault *vault);
/** Zeroed memory of `size` bytes. Never NULL. */
char *vault_alloc(struct vault *vault, size_t size);
/** A copy of the bytes with a NUL behind. */
char *vault_copy(struct vault *vault, const void *bytes, size_t length);

#endif
