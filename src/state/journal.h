/*
 * The journal: what a run was about to do and what came of it, as objects that are only ever added.
 *
 * Each is written under the condition that its name is free: "journal/<serial>-<n>.json", n counting
 * up within the serial of the state the run claimed. So the next name is a fence. Who takes over
 * writes it first, as an empty part that says `takeover`; a flush of the old holder then meets a
 * name that is taken and ends. That part is left behind when the journal is removed, for as long as
 * an old holder might come back (JOURNAL_FENCE_S). A fence of a lower epoch than one's own is that
 * of somebody who was overtaken before he wrote it: it stops nobody, the next name is tried.
 */
#ifndef LITEFORM_STATE_JOURNAL_H
#define LITEFORM_STATE_JOURNAL_H

#include "state/state.h"

#define JOURNAL_FOLDER "journal/"
#define JOURNAL_FENCE_S (7 * 86400)

struct journal_outcome {
    int64_t n;
    const char *result;
};

/** One object of the journal. */
struct journal_part {
    int64_t serial, epoch;
    const char *lineage, *lock_id, *written_at;
    bool takeover;
    struct journal_entries entries; /* results are not in here but in: */
    VEC(struct journal_outcome) outcomes;
};

char *journal_name(struct arena *arena, int64_t serial, int64_t index);
bool journal_name_parse(const char *name, int64_t *ret_serial, int64_t *ret_index);

/** Each call gives other bytes: a write_id is in them. */
void journal_encode(struct arena *arena, const struct journal_part *part, struct buf *out);
/** False with a reason: damage, or a newer format. */
bool journal_decode(struct arena *arena, const char *bytes, size_t length,
    struct journal_part *ret_part, const char **ret_reason);

/** Adds a part's entries and outcomes; parts come in the order of their index. */
void journal_fold(
    struct arena *arena, struct journal_entries *entries, const struct journal_part *part);

/** One object that is there. */
struct journal_ref {
    const char *name;
    int64_t serial, index;
};
struct journal_refs {
    VEC(struct journal_ref) list; /* by serial, then index */
};
/** `serial` < 0: all. */
bool journal_list(struct backend *backend, struct arena *arena, int64_t serial,
    struct journal_refs *ret_refs, struct diags *diags);

/**
 * Removes what is below `serial`, except young fences. What has the serial of `ours` and not a lower
 * index is known to be none, so it need not be read. Best effort: what stays is never read again,
 * and the next one tries anew.
 */
void journal_remove(struct backend *backend, int64_t serial, const struct journal_ref *ours);
/** Removes the parts of `serial` from `first` to before `next`, by their names. Best effort. */
void journal_remove_own(struct backend *backend, int64_t serial, int64_t first, int64_t next);

/**
 * Copies the old state to history/ and keeps the newest backend->keep; a warning when it cannot.
 * Where listing is a call over a network it is done every eighth time at most: up to seven more.
 */
#define HISTORY_KEPT 20
void history_keep(struct backend *backend, int64_t serial, const char *run, const char *bytes,
    size_t length, struct diags *diags);

#endif
