/*
 * Arenas: memory by lifetime.
 *
 * A function that takes `struct arena *` returns memory of that arena. A function that takes none
 * returns nothing to free, unless its name ends in `_take` or `_new`. Two lifetimes matter: the run
 * (spec, live, plan, diagnostics; freed at exit) and one request with its reply (client).
 *
 * Out of memory ends the process with one line. That is sound because every write to the outside
 * is journaled first: death at any point is survivable.
 *
 * With LITEFORM_ARENA_MALLOC each object is its own malloc, so that sanitizers and valgrind see
 * every object's bounds.
 */
#ifndef LITEFORM_BASE_ARENA_H
#define LITEFORM_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

/** A new, empty arena. Ended by arena_free(). */
struct arena *arena_new(void);
/** The same for what must not be left behind: all of it is overwritten before it is freed. */
struct arena *arena_new_secret(void);
bool arena_is_secret(const struct arena *arena);

/** Frees the arena and all it holds; NULL is fine. Returns NULL. */
struct arena *arena_free(struct arena *arena);

/** Zeroed memory of `size` bytes (0 is fine), aligned for any type. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/** Zeroed memory for `count` objects of `size` bytes; ends the process on overflow. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/**
 * Gives back a block of arena_alloc() or arena_array() that nothing points to any more, such as a
 * table that was outgrown: later allocations of the arena may get its memory. NULL is fine.
 */
void arena_recycle(struct arena *arena, void *at, size_t size);

/** A copy of `text` with its NUL; NULL stays NULL. */
char *arena_strdup(struct arena *arena, const char *text);

/** A copy of the `length` bytes at `bytes`, with a NUL behind. */
char *arena_strndup(struct arena *arena, const char *bytes, size_t length);

/** printf into the arena. */
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/** Bytes handed out so far. */
size_t arena_used(const struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

/** Cleanup attribute for an arena that ends with its scope. */
void arena_cleanup(struct arena **arena);
#define CLEANUP_ARENA __attribute__((cleanup(arena_cleanup)))

#endif
