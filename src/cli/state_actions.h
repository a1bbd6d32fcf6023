/*
 * The actions of `state` on the state as a whole: pull, push, restore. They do without the state
 * that verb_state.c reads for the others, since it may be damaged or gone.
 */
#ifndef LITEFORM_CLI_STATE_ACTIONS_H
#define LITEFORM_CLI_STATE_ACTIONS_H

#include "cli/session.h"

/** Prints what is stored; takes no lock. */
enum exit_code state_pull(struct run *run);
/** Puts the file of word 2 in the place of what is stored. */
enum exit_code state_push(struct run *run);
/** Word 2: a serial of the history, or "latest"; without it the copies are listed. */
enum exit_code state_restore(struct run *run);

/** Says that there is no state, and what to do about it. */
enum exit_code state_none(struct run *run);
/** EXIT_ERROR, and what to do, where the journal of an apply that did not end is open. */
enum exit_code state_settled(struct run *run, struct session *session);
/** Whether the state under the lock is one that was stored: not a new one in its place. */
bool state_readable(const struct state *state);
/**
 * Makes the state under the lock what `from` is, with a serial that lets the commit be above all
 * that was ever stored here.
 */
enum exit_code state_take(
    struct run *run, const char *operation, struct state *into, const struct state *from);

/** The serial in "history/00000007-RUN.json"; -1 when it has none. */
int64_t state_name_serial(const char *name, const char *folder);

/** What becomes of the objects when one state follows another. */
struct state_diff {
    struct strings added, removed, changed; /* addresses, sorted */
    struct strings members; /* of each changed one: what is different, "fields, id" */
    size_t same;
    bool lineage, target; /* are different */
};
struct state_diff state_compare(
    struct arena *arena, const struct state *before, const struct state *after);
/** One line each, and their counts. */
void state_diff_text(const struct state_diff *diff, struct buf *out);
struct node *state_diff_node(struct arena *arena, const struct state_diff *diff);

#endif
