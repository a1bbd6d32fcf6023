/*
 * The value tree: what YAML, JSON, SQL rows and the state become, in one shape.
 *
 * A node lives in an arena and is not changed once it is shared; functions named node_set_* are
 * for building. Maps are kept sorted by key (bytewise), so two equal trees have the same canonical
 * text. Numbers keep their exact decimal text; no double is ever involved.
 *
 * A node from YAML knows its place; one from elsewhere has file 0, line 0.
 */
#ifndef LITEFORM_VALUE_NODE_H
#define LITEFORM_VALUE_NODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "diag/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum node_type {
    NODE_NULL,
    NODE_BOOL,
    NODE_INT,     /* fits int64_t */
    NODE_DECIMAL, /* any other number, canonical text: see node_decimal() */
    NODE_STRING,
    NODE_LIST,
    NODE_MAP,
};

enum node_mark {
    NODE_PLAIN = 1 << 0,  /* a YAML plain scalar: its type is decided by the field table */
    NODE_SECRET = 1 << 1, /* never printed: renderers write (sensitive) */
};

struct node {
    uint8_t type;
    uint8_t marks;
    uint16_t file;
    uint32_t line, column;
    uint32_t count; /* items of a list or map; bytes of a string or decimal */
    union {
        bool boolean;
        int64_t integer;
        const char *text; /* string, decimal */
        struct node **items;
        struct pair *pairs;
    };
};

struct pair {
    const char *key;
    struct node *value;
    /* Of the key; packed, as pairs are most of what a tree takes. */
    uint32_t line;
    uint32_t column : 20;
    uint32_t file : 12;
};

/** Beyond these a place of a key is told as the last that can be. */
#define PAIR_MAX_COLUMN ((UINT32_C(1) << 20) - 1)
#define PAIR_MAX_FILE ((UINT32_C(1) << 12) - 1)

/** Gives a pair the place of its key. */
void pair_place(struct pair *pair, struct span where);

/* Building. */
struct node *node_null(struct arena *arena);
struct node *node_bool(struct arena *arena, bool value);
struct node *node_int(struct arena *arena, int64_t value);
/** A number from its text ("1e-06", "10.0"): NODE_INT when whole and in range, else NODE_DECIMAL in
 *  canonical form (no exponent between 1e-20 and 1e20, no trailing zeros). NULL when it is none. */
struct node *node_decimal(struct arena *arena, const char *text);
/** A copy of `text`; NULL makes a null node. */
struct node *node_string(struct arena *arena, const char *text);
struct node *node_string_n(struct arena *arena, const char *bytes, size_t length);
struct node *node_list(struct arena *arena);
struct node *node_map(struct arena *arena);
void node_list_add(struct arena *arena, struct node *list, struct node *item);
/** Sets `key` (copied) of a map under construction; keeps it sorted; replaces what was there. */
void node_set(struct arena *arena, struct node *map, const char *key, struct node *value);
/** The same with a key that is not copied: a literal, a name of a table, one of the same arena. */
void node_put(struct arena *arena, struct node *map, const char *key, struct node *value);
void node_set_string(struct arena *arena, struct node *map, const char *key, const char *value);
void node_set_int(struct arena *arena, struct node *map, const char *key, int64_t value);
void node_set_bool(struct arena *arena, struct node *map, const char *key, bool value);
/** Removes `key` of a map under construction; nothing when it is not there. */
void node_unset(struct node *map, const char *key);
/** A copy of the map's own table (values are shared): for changing one key of a shared map. */
struct node *node_copy_shallow(struct arena *arena, const struct node *node);
/** A deep copy into `arena`, places and marks included. */
struct node *node_copy(struct arena *arena, const struct node *node);

/* Reading: all take NULL and answer NULL, 0 or false. */
/** The value of `key`, or NULL when absent or `map` is no map. */
struct node *node_get(const struct node *map, const char *key);
/** The pair of `key`, for its place. */
const struct pair *node_pair(const struct node *map, const char *key);
/** The value at a dotted path "metadata.team_member_budget_id". Keys with dots: use node_get(). */
struct node *node_path(const struct node *node, const char *path);
/** Sets the value at a dotted path, making maps on the way. */
void node_set_path(struct arena *arena, struct node *map, const char *path, struct node *value);
/** The text of a string node, else NULL. */
const char *node_text(const struct node *node);
/** node_text(node_get(map, key)) */
const char *node_get_text(const struct node *map, const char *key);
/** The integer, or `otherwise` when it is none. */
int64_t node_get_int(const struct node *map, const char *key, int64_t otherwise);
bool node_get_bool(const struct node *map, const char *key, bool otherwise);
static inline bool node_is(const struct node *node, enum node_type type)
{
    return node != NULL && node->type == type;
}
/** NULL, null, [] and {}: what LiteLLM uses to say nothing. A text is something, even "". */
bool node_is_nothing(const struct node *node);
struct span node_span(const struct node *node);
struct span pair_span(const struct pair *pair);
const char *node_type_name(enum node_type type);

/* Comparing. */
/** Same canonical text; numbers as decimals (10 = 10.0). */
bool node_equal(const struct node *a, const struct node *b);
/** As node_equal, but a list is a set of its items. */
bool node_equal_set(const struct node *a, const struct node *b);
/** Total order, for sorting lists. */
int node_compare(const struct node *a, const struct node *b);

/* Text. */
/** Canonical JSON: sorted keys, no blanks, exact numbers, minimal escapes. Secrets are written. */
void node_json(const struct node *node, struct buf *out);
/** Indented by two, for files people read. */
void node_json_pretty(const struct node *node, struct buf *out);
/** node_json into an arena. */
char *node_json_text(struct arena *arena, const struct node *node);
/** SHA-256 (hex) of the canonical text. */
char *node_digest(struct arena *arena, const struct node *node);
/** A JSON string literal with its quotes. */
void json_quote(struct buf *out, const char *text);

#endif
