/*
 * Decoders into nodes. Input is hostile: size, depth, number of nodes and text are bounded.
 */
#ifndef LITEFORM_VALUE_READ_H
#define LITEFORM_VALUE_READ_H

#include "diag/diag.h"
#include "value/node.h"

#include <stdbool.h>
#include <stddef.h>

#define READ_MAX_DEPTH 64
#define READ_MAX_NODES 10000000          /* about a gigabyte while reading */
#define READ_MAX_YAML ((size_t)64 << 20) /* bytes of one file */

/**
 * One YAML document (libyaml, by events). Refused, each with a diagnostic and place: several
 * documents, anchors and aliases, `<<`, explicit tags but !!str, duplicate keys, keys that are not
 * scalars, depth beyond READ_MAX_DEPTH, NUL, invalid UTF-8. A BOM is skipped. Plain scalars become
 * strings marked NODE_PLAIN (plain `null`, `~` and nothing: NODE_NULL marked NODE_PLAIN): the field
 * table decides their type, see node_plain_resolve().
 *
 * `source` is the index of the text in `diags`. An empty text gives an empty map. Returns NULL when
 * an error was added; several duplicate keys are all reported.
 */
struct node *yaml_read(struct arena *arena, struct diags *diags, uint16_t source);

/**
 * What a plain scalar means where no table says (free-form maps): YAML 1.2 core: null, true, false,
 * integers, decimals, else a string. Applied to a whole tree; other nodes are kept. Look-alikes of
 * YAML 1.1 (yes, no, on, off, 0777, 1_000, 12:30) stay strings; each is reported as LF018.
 */
struct node *node_plain_resolve(struct arena *arena, struct node *node, struct diags *diags);

/** The same, as a deep copy: nothing of `node` is shared with it. */
struct node *node_plain_copy(struct arena *arena, const struct node *node, struct diags *diags);

/**
 * JSON (cJSON inside). Refused: trailing text, duplicate members, \u0000, invalid UTF-8, depth.
 * Numbers keep their text as written, also beyond 2^53. Returns NULL with a short reason (in arena)
 * in *reterr_reason, e.g. "not JSON at byte 17", "two members \"a\"". No other copy is left behind where the arena is a secret one.
 */
struct node *json_read(
    struct arena *arena, const char *bytes, size_t length, const char **reterr_reason);

/**
 * json_read() that also tells whether the text is byte for byte what node_json() makes of the tree,
 * but for one newline that may be at the end. That is never said of one that is not, and left unsaid of few that are: with \u escapes.
 */
struct node *json_read_canonical(struct arena *arena, const char *bytes, size_t length,
    bool *ret_canonical, const char **reterr_reason);

/** YAML text of a tree (for `show`): sorted maps, strings quoted only where they must be. */
void yaml_write(const struct node *node, unsigned indent, struct buf *out);

#endif
