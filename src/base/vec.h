/*
 * A typed vector in an arena.
 *
 *   VEC(struct change) changes = {0};
 *   *VEC_ADD(arena, &changes) = (struct change){...};
 *   VEC_EACH(c, &changes) { use(c); }      -- c is a pointer to the element
 *
 * VEC_ADD may move the elements: keep indices, or pointers to things allocated on their own.
 */
#ifndef LITEFORM_BASE_VEC_H
#define LITEFORM_BASE_VEC_H

#include "base/arena.h"

#include <stddef.h>

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t count, cap;                                                                         \
    }

/** The new, zeroed last element. */
#define VEC_ADD(arena, vec)                                                                        \
    ((vec)->at = vec_grow((arena), (vec)->at, (vec)->count, &(vec)->cap, sizeof(*(vec)->at)),      \
        &(vec)->at[(vec)->count++])

#define VEC_EACH(it, vec)                                                                          \
    for (__typeof__(*(vec)->at) *it = (vec)->at; it != NULL && it < (vec)->at + (vec)->count; it++)

/** Room for one more element, zeroed; not called directly. */
void *vec_grow(struct arena *arena, void *at, size_t count, size_t *cap, size_t size);

/** Strings, the most common vector. */
struct strings {
    const char **at;
    size_t count, cap;
};

void strings_add(struct arena *arena, struct strings *strings, const char *text);
void strings_sort(struct strings *strings);
/** Whether `text` is in it (exact, linear). */
int strings_has(const struct strings *strings, const char *text);

#endif
