/*
 * Our mark on a live object, in its metadata, model_info or credential_info: who made or took it.
 *
 *   created/prod/1a2b3c4d   made by an apply of environment prod, by the state of that lineage
 *   adopted/prod/1a2b3c4d   was there before, and is managed by it
 *   retired/prod/1a2b3c4d   a key in its grace after a rotation
 *
 * The last part is the beginning of the state's lineage. It is what tells a second state that writes
 * to the same objects; a mark without it (put there by hand) is of whatever lineage.
 */
#ifndef LITEFORM_MODEL_MARK_H
#define LITEFORM_MODEL_MARK_H

#include "base/arena.h"
#include "model/known.h"

#include <stdbool.h>

char *mark_make(
    struct arena *arena, const char *word, const char *environment, const struct known *known);
/** Whether the mark (or NULL) says "created", "adopted" or "retired". */
bool mark_says(const char *mark, const char *word);
/** Whether it is of that environment, of whatever lineage. */
bool mark_is_of(const char *mark, const char *environment);
/** The environment it names, or NULL. */
char *mark_environment(struct arena *arena, const char *mark);
/** "1a2b3c4d", or NULL. */
const char *mark_lineage(const char *mark);
/** Whether it is of another lineage than that of the state, be it one that was taken over. */
bool mark_is_older(const char *mark, const struct known *known);
/** The same, and nobody took that lineage over: another state is at work. */
bool mark_is_strange(const char *mark, const struct known *known);

#endif
