/* Pages that hold secrets and nothing else. */
#include "client/vault.h"

#include "base/digest.h"
#include "base/fail.h"

#include <sys/mman.h>

#define BLOCK ((size_t)64 << 10)

struct block {
    struct block *next;
    size_t size, used; /* of the whole mapping, this head included */
};

struct vault {
    struct block *blocks;
};

struct vault *vault_new(void)
{
    struct vault *vault = calloc(1, sizeof(*vault));

    if (vault == NULL)
        fail_memory();
    return vault;
}

struct vault *vault_free(struct vault *vault)
{
    if (vault == NULL)
        return NULL;
    for (struct block *block = vault->blocks; block != NULL;) {
        struct block *next = block->next;
        size_t size = block->size;
        digest_wipe(block, size);
        munmap(block, size);
        block = next;
    }
    free(vault);
    return NULL;
}

static struct block *block_new(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        fail_memory();
    /* Best effort, both: an unprivileged process may lock little, and that is no reason to stop. */
    (void)mlock(at, size);
    (void)madvise(at, size, MADV_DONTDUMP);
    struct block *block = at;
    block->size = size;
    block->used = sizeof(*block);
    return block;
}

char *vault_alloc(struct vault *vault, size_t size)
{
    struct block *block = vault->blocks;

    if (size > ((size_t)1 << 30))
        fail_memory();
    if (block == NULL || block->size - block->used < size) {
        size_t whole = (sizeof(*block) + size + BLOCK - 1) / BLOCK * BLOCK;
        block = block_new(whole);
        block->next = vault->blocks;
        vault->blocks = block;
    }
    char *at = (char *)block + block->used;
    block->used += size;
    return at;
}

char *vault_copy(struct vault *vault, const void *bytes, size_t length)
{
    char *copy = vault_alloc(vault, length + 1);

    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}
