/*
 * For the readers of this room: building maps at once instead of key by key, and lengths known.
 */
#ifndef LITEFORM_VALUE_BUILD_H
#define LITEFORM_VALUE_BUILD_H

#include "value/node.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * How many slots the table of a list or map of `count` entries has: 1, 2, 3, 4, 6, 8, 12, ...
 * A node has no field for it, so every table is made this large and grows when it is full.
 */
size_t node_capacity(size_t count);

/** Sorts by key, equal keys by place; returns whether no key is there twice. */
bool pairs_sort(struct pair *pairs, size_t count);

/** Makes `map` hold a copy of these sorted pairs. */
void node_map_fill(struct arena *arena, struct node *map, const struct pair *pairs, size_t count);
/** Makes `list` hold these items. */
void node_list_fill(
    struct arena *arena, struct node *list, struct node *const *items, size_t count);

/** node_decimal() for text with a length. */
struct node *node_decimal_n(struct arena *arena, const char *text, size_t length);

/** Whether node_decimal() would take it. */
bool number_is_valid(const char *text, size_t length);

/** What a plain scalar of YAML 1.2's core schema is (NODE_STRING when none of the others). */
struct node *plain_scalar(struct arena *arena, const char *text);
/** What a YAML 1.1 reader would take this text for, when YAML 1.2 has it as text; else NULL. */
const char *plain_lookalike(const char *text);

#endif
