/* The copies that history/ holds of earlier states. */
#ifndef LITEFORM_CLI_STATE_COPIES_H
#define LITEFORM_CLI_STATE_COPIES_H

#include "cli/run.h"

#define STATE_HISTORY "history/"

struct state_copy {
    const char *name;
    int64_t serial;
    const struct state *state; /* NULL: it cannot be read */
    const char *reason;        /* then */
};
struct state_copies {
    VEC(struct state_copy) list; /* the newest first */
};

/** Reads all of them; one that is damaged is in the list with the reason. */
enum exit_code state_copies(struct run *run, struct state_copies *ret_copies);
/** A serial that somebody typed; -1 when it is none. */
int64_t state_word_serial(const char *word);

#endif
