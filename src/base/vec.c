#include "base/vec.h"

#include "base/fail.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Growing vectors in an arena; what was outgrown stays there until the arena ends. */

void *vec_grow(struct arena *arena, void *at, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        /* The slot may hold what was there before the count went down. */
        memset((char *)at + count * size, 0, size);
        return at;
    }
    if (*cap > SIZE_MAX / 2)
        fail_memory();
    size_t grown = *cap == 0 ? 4 : *cap * 2;
    void *moved = arena_array(arena, grown, size);
    if (count > 0)
        memcpy(moved, at, count * size);
    *cap = grown;
    return moved;
}

void strings_add(struct arena *arena, struct strings *strings, const char *text)
{
    *VEC_ADD(arena, strings) = text;
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void strings_sort(struct strings *strings)
{
    if (strings->count > 1)
        qsort(strings->at, strings->count, sizeof(*strings->at), compare_strings);
}

int strings_has(const struct strings *strings, const char *text)
{
    for (size_t i = 0; i < strings->count; i++) {
        if (strcmp(strings->at[i], text) == 0)
            return 1;
    }
    return 0;
}
