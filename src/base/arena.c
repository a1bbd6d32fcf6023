#include "base/arena.h"

#include "base/fail.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* gcc says it by a macro, clang by a feature. */
#ifdef __SANITIZE_ADDRESS__
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#endif

/* Bump allocation in chunks that are freed together. */

#define CHUNK_FIRST ((size_t)4 << 10)
#define CHUNK_MOST ((size_t)1 << 20)

struct chunk {
    struct chunk *next;
    size_t size, used; /* of the bytes behind this header */
};

/* Blocks that were given back, by size: each multiple of 8 below SMALL, then each power of two. */
#define SMALL ((size_t)1024)
#define SMALL_LISTS (SMALL / 8)
#define LARGE_LISTS 32

struct block {
    struct block *next;
    size_t size;
};

struct arena {
    struct chunk *chunks; /* the first is the one that is filled */
    size_t next_size;
    size_t handed_out;
    struct block **recycled; /* NULL until something is */
    bool secret;             /* overwritten at the end */
};

/* The header keeps what follows it aligned for any type. */
#define CHUNK_HEADER ((sizeof(struct chunk) + 15) & ~(size_t)15)

struct arena *arena_new(void)
{
    struct arena *arena = calloc(1, sizeof(*arena));
    if (arena == NULL)
        fail_memory();
    arena->next_size = CHUNK_FIRST;
    return arena;
}

struct arena *arena_new_secret(void)
{
    struct arena *arena = arena_new();
    arena->secret = true;
    return arena;
}

struct arena *arena_free(struct arena *arena)
{
    if (arena == NULL)
        return NULL;
    struct chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        if (arena->secret)
            explicit_bzero(chunk, CHUNK_HEADER + chunk->size);
        free(chunk);
        chunk = next;
    }
    free(arena->recycled);
    free(arena);
    return NULL;
}

void arena_cleanup(struct arena **arena)
{
    *arena = arena_free(*arena);
}

/* calloc: the system hands out zeroed pages, so clearing costs nothing for large chunks. */
static struct chunk *chunk_new(size_t size)
{
    if (size > SIZE_MAX - CHUNK_HEADER)
        fail_memory();
    struct chunk *chunk = calloc(1, CHUNK_HEADER + size);
    if (chunk == NULL)
        fail_memory();
    chunk->size = size;
    return chunk;
}

static char *chunk_bytes(struct chunk *chunk)
{
    return (char *)chunk + CHUNK_HEADER;
}

#ifdef LITEFORM_ARENA_MALLOC

/* One malloc for each object: sanitizers then see where it ends. */
static void *allocate(struct arena *arena, size_t size, size_t align)
{
    (void)align;
    struct chunk *chunk = chunk_new(size);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->handed_out += size;
    return chunk_bytes(chunk);
}

/* Not handed out again: whoever still points to it is found out. */
void arena_recycle(struct arena *arena, void *at, size_t size)
{
    (void)arena;
    (void)at;
    (void)size;
#ifdef WITH_ASAN
    if (at != NULL && !arena->secret) /* which is overwritten at its end */
        __asan_poison_memory_region(at, size);
#endif
}

/* Here every text is made to its measure. */
static char *rest_of(const struct arena *arena, size_t *ret_room)
{
    (void)arena;
    *ret_room = 0;
    return NULL;
}

#else

#define MOST_REST ((size_t)256) /* what does not fit is cleared again */

/* What is free of the chunk that is filled: most texts fit, and are formatted there once. */
static char *rest_of(const struct arena *arena, size_t *ret_room)
{
    struct chunk *chunk = arena->chunks;
    *ret_room = chunk == NULL ? 0 : chunk->size - chunk->used;
    if (*ret_room > MOST_REST)
        *ret_room = MOST_REST;
    return *ret_room == 0 ? NULL : chunk_bytes(chunk) + chunk->used;
}

static struct block **list_of(const struct arena *arena, size_t size)
{
    size_t list = size / 8;
    if (size >= SMALL) {
        unsigned bits = (unsigned)(63 - __builtin_clzll((unsigned long long)size));
        list = SMALL_LISTS + (bits - 10 < LARGE_LISTS ? bits - 10 : LARGE_LISTS - 1);
    }
    return &arena->recycled[list];
}

void arena_recycle(struct arena *arena, void *at, size_t size)
{
    if (at == NULL || size < sizeof(struct block) || size % 8 != 0)
        return;
    if (arena->recycled == NULL)
        arena->recycled = calloc(SMALL_LISTS + LARGE_LISTS, sizeof(*arena->recycled));
    if (arena->recycled == NULL)
        fail_memory();
    struct block **list = list_of(arena, size), *block = at;
    block->next = *list;
    block->size = size;
    *list = block;
}

/* A block of about this size that was given back, zeroed; or NULL. */
static void *reuse(struct arena *arena, size_t size, size_t align)
{
    if (arena->recycled == NULL || size < sizeof(struct block) || align < 8)
        return NULL;
    struct block **list = list_of(arena, size), *block = *list;
    if (block == NULL || block->size < size || (uintptr_t)block % align != 0)
        return NULL;
    *list = block->next;
    memset(block, 0, size);
    return block;
}

static void *allocate_alone(struct arena *arena, size_t size)
{
    struct chunk *chunk = chunk_new(size);
    chunk->used = size;
    /* Behind the first, which still has room for small objects. */
    if (arena->chunks == NULL) {
        arena->chunks = chunk;
    } else {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    }
    return chunk_bytes(chunk);
}

static void *allocate(struct arena *arena, size_t size, size_t align)
{
    arena->handed_out += size;
    void *again = reuse(arena, size, align);
    if (again != NULL)
        return again;
    struct chunk *chunk = arena->chunks;
    if (chunk != NULL) {
        size_t start = (chunk->used + align - 1) & ~(align - 1);
        if (start <= chunk->size && size <= chunk->size - start) {
            chunk->used = start + size;
            return chunk_bytes(chunk) + start;
        }
    }
    if (size > arena->next_size / 4)
        return allocate_alone(arena, size);
    chunk = chunk_new(arena->next_size);
    if (arena->next_size < CHUNK_MOST)
        arena->next_size *= 2;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    chunk->used = size;
    return chunk_bytes(chunk);
}

#endif

void *arena_alloc(struct arena *arena, size_t size)
{
    /* A type that needs 16 has a size that 16 divides; 8 keeps the many 24-byte nodes packed. */
    return allocate(arena, size, size % 16 == 0 ? 16 : 8);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total))
        fail_memory();
    return arena_alloc(arena, total);
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_strndup(arena, text, strlen(text));
}

char *arena_strndup(struct arena *arena, const char *bytes, size_t length)
{
    if (length == SIZE_MAX)
        fail_memory();
    char *copy = allocate(arena, length + 1, 1);
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    size_t room = 0;
    char *rest = rest_of(arena, &room);
    int length = vsnprintf(rest, room, format, args);
    if (length < 0)
        fail_bug("a format that cannot be printed", format);
    if ((size_t)length < room) {
        va_end(again);
        return allocate(arena, (size_t)length + 1, 1); /* just where it stands */
    }
    if (room > 0)
        memset(rest, 0, room);
    char *text = allocate(arena, (size_t)length + 1, 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

bool arena_is_secret(const struct arena *arena)
{
    return arena->secret;
}

size_t arena_used(const struct arena *arena)
{
    return arena->handed_out;
}
