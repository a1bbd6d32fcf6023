#include "base/map.h"

#include "base/fail.h"

#include <stdbool.h>
#include <string.h>

/* Open addressing over a table of entries that has no holes. */

/* Both halves of the 128-bit product, folded. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * Keys come from servers that may be hostile: the seed is the arena's address, which they cannot
 * know, so that they cannot choose keys that all fall into one slot.
 */
static uint64_t hash_key(const struct map *map, const char *key)
{
    size_t left = strlen(key);
    uint64_t hash = mix((uint64_t)(uintptr_t)map->arena ^ UINT64_C(0xa0761d6478bd642f),
        (uint64_t)left ^ UINT64_C(0xe7037ed1a0b428db));
    while (left > 0) {
        uint64_t word = 0;
        size_t step = left < sizeof(word) ? left : sizeof(word);
        memcpy(&word, key, step);
        hash = mix(hash ^ word, UINT64_C(0x8ebc6af09c88c6e3) ^ (hash >> 7));
        key += step;
        left -= step;
    }
    return mix(hash, UINT64_C(0x589965cc75374cc3));
}

struct map map_init(struct arena *arena)
{
    return (struct map){.arena = arena};
}

/* The slot of `key`, or the free one where it would go. */
static size_t find_slot(const struct map *map, const char *key, uint64_t hash)
{
    size_t mask = map->slot_count - 1;
    for (size_t slot = (size_t)hash & mask;; slot = (slot + 1) & mask) {
        uint32_t index = map->slots[slot];
        if (index == 0)
            return slot;
        const struct map_entry *entry = &map->at[index - 1];
        if (entry->hash == hash && strcmp(entry->key, key) == 0)
            return slot;
    }
}

void *map_get(const struct map *map, const char *key)
{
    if (map->count == 0)
        return NULL;
    uint32_t index = map->slots[find_slot(map, key, hash_key(map, key))];
    return index == 0 ? NULL : map->at[index - 1].value;
}

static void grow(struct map *map)
{
    size_t cap = map->cap == 0 ? 8 : map->cap * 2;
    if (cap > UINT32_MAX / 2)
        fail_memory();
    struct map_entry *at = arena_array(map->arena, cap, sizeof(*at));
    if (map->count > 0)
        memcpy(at, map->at, map->count * sizeof(*at));
    arena_recycle(map->arena, map->at, map->cap * sizeof(*at));
    arena_recycle(map->arena, map->slots, map->slot_count * sizeof(*map->slots));
    map->at = at;
    map->cap = cap;
    /* Twice as many slots as entries: never more than half full. */
    map->slot_count = cap * 2;
    map->slots = arena_array(map->arena, map->slot_count, sizeof(*map->slots));
    size_t mask = map->slot_count - 1;
    for (size_t i = 0; i < map->count; i++) {
        size_t slot = (size_t)at[i].hash & mask;
        while (map->slots[slot] != 0)
            slot = (slot + 1) & mask;
        map->slots[slot] = (uint32_t)(i + 1);
    }
}

void *map_set(struct map *map, const char *key, void *value)
{
    uint64_t hash = hash_key(map, key);
    if (map->count > 0) {
        uint32_t index = map->slots[find_slot(map, key, hash)];
        if (index != 0) {
            void *before = map->at[index - 1].value;
            map->at[index - 1].value = value;
            return before;
        }
    }
    if (map->count == map->cap)
        grow(map);
    map->slots[find_slot(map, key, hash)] = (uint32_t)(map->count + 1);
    map->at[map->count++] = (struct map_entry){.key = key, .value = value, .hash = hash};
    return NULL;
}

/*
 * Gives a slot back. Who stands behind it without a gap may have wanted to stand at or before it:
 * such a one moves up and leaves the next hole, so that no search ends too early.
 */
static void free_slot(struct map *map, size_t slot)
{
    size_t mask = map->slot_count - 1, hole = slot;
    for (size_t next = (hole + 1) & mask; map->slots[next] != 0; next = (next + 1) & mask) {
        size_t home = (size_t)map->at[map->slots[next] - 1].hash & mask;
        if (((next - home) & mask) < ((next - hole) & mask))
            continue;
        map->slots[hole] = map->slots[next];
        hole = next;
    }
    map->slots[hole] = 0;
}

void *map_remove(struct map *map, const char *key)
{
    if (map->count == 0)
        return NULL;
    size_t slot = find_slot(map, key, hash_key(map, key));
    uint32_t index = map->slots[slot];
    if (index == 0)
        return NULL;
    void *value = map->at[index - 1].value;
    free_slot(map, slot);
    const struct map_entry *last = &map->at[map->count - 1];
    if (index != map->count) {
        map->slots[find_slot(map, last->key, last->hash)] = index;
        map->at[index - 1] = *last;
    }
    map->count--;
    return value;
}
