/*
 * What the stored objects have in common: canonical JSON that carries its own checksum.
 *
 * The checksum is the SHA-256 of the canonical text (without the newline at its end) in which the
 * member "checksum" holds 64 zeros. It is taken over the canonical text of what was read, so blanks
 * and line ends do not matter, and a changed value does.
 */
#ifndef LITEFORM_STATE_CODEC_H
#define LITEFORM_STATE_CODEC_H

#include "base/arena.h"
#include "base/buf.h"
#include "value/node.h"

#include <stdbool.h>
#include <stddef.h>

#define CODEC_MAX ((size_t)256 << 20) /* bytes of one stored object */
#define CODEC_UNSEALED "0000000000000000000000000000000000000000000000000000000000000000"

enum codec_check {
    CODEC_SEALED, /* the checksum must be there and be right */
    CODEC_EDITED, /* whatever it is */
};

/** The map that a stored text holds, its checksum included; or NULL with a reason in the arena. */
struct node *codec_parse(
    struct arena *arena, const char *bytes, size_t length, const char **ret_reason);
/** Looks at the checksum of `map` and takes it out. */
bool codec_unseal(
    struct arena *arena, struct node *map, enum codec_check check, const char **ret_reason);

/** A stored text and what is in it: whoever still has the text need not write it anew to check it. */
struct codec_stored {
    const char *bytes;
    size_t length;
    struct node *map;
    bool canonical; /* the text is the canonical one of the map, maybe with the newline */
};

/** codec_parse() of `bytes`, into `map`; false with a reason in the arena. */
bool codec_parse_stored(struct arena *arena, struct codec_stored *stored, const char **ret_reason);
/** codec_unseal() of `map`, with the same outcome for every text. */
bool codec_unseal_stored(struct arena *arena, const struct codec_stored *stored,
    enum codec_check check, const char **ret_reason);

/** Fills in the checksum of the text that begins at `from` in `out` and whose zeros begin at
 *  `zeros`, and ends the line. */
void codec_seal(struct buf *out, size_t from, size_t zeros);

/** Writes `map` with its checksum. No key of it may sort before "checksum". */
void codec_write(struct arena *arena, struct node *map, struct buf *out);

/** A deep copy fit to be stored: what is marked as a secret becomes "(sensitive)". */
struct node *codec_copy(struct arena *arena, const struct node *node);

#endif
