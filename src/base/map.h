/*
 * A hash map from text to pointer, in an arena, that keeps the order of insertion until something
 * is removed. Keys are not copied: they must live as long as the map.
 */
#ifndef LITEFORM_BASE_MAP_H
#define LITEFORM_BASE_MAP_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

struct map_entry {
    const char *key;
    void *value;
    uint64_t hash;
};

struct map {
    struct map_entry *at; /* in the order of insertion, but see map_remove() */
    size_t count, cap;
    uint32_t *slots; /* index + 1 into `at`; 0 is free */
    size_t slot_count;
    struct arena *arena;
};

/** An empty map; `arena` holds its tables. */
struct map map_init(struct arena *arena);
/** The value, or NULL. */
void *map_get(const struct map *map, const char *key);
/** Sets or replaces (the place in the order stays the first one); returns what was there. */
void *map_set(struct map *map, const char *key, void *value);
/**
 * Takes `key` out and returns its value, or NULL when it is not there. In constant time: the last
 * entry moves to the place that is free, all others stay where they are. To remove in a loop over
 * `at`, go from the end to the beginning.
 */
void *map_remove(struct map *map, const char *key);

/** map_set for something that the map's reader will not change. */
static inline void *map_hold(struct map *map, const char *key, const void *value)
{
    union {
        const void *in;
        void *out;
    } held = {.in = value};
    return map_set(map, key, held.out);
}

#endif
