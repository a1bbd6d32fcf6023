/*
 * Carrying out a plan: order, journal, calls, looking again, the state.
 *
 * A change starts when those it needs are done; changes of one lane go one after another; the rest
 * side by side within the window. Before a call starts its intent is in the journal, written ahead
 * and beside the calls of others. A write whose answer was lost, or was a 5xx, is looked for before
 * it is repeated. After the last change the kinds that were written are read again: what has not
 * arrived is reported, never called done.
 */
#ifndef LITEFORM_APPLY_APPLY_H
#define LITEFORM_APPLY_APPLY_H

#include "client/http.h"
#include "client/secret.h"
#include "plan/plan.h"
#include "state/state.h"

enum apply_event {
    APPLY_STARTED, /* a change's first call is about to go out */
    APPLY_DONE,
    APPLY_FAILED,
    APPLY_SKIPPED, /* not attempted: something it needs failed, or the run was stopped */
    APPLY_WAITING, /* note says for what: models to load, the lock, a retry */
    APPLY_TICK,    /* some time has passed: redraw the progress */
};

struct apply_report {
    enum apply_event event;
    const struct change *change; /* NULL for TICK and general WAITING */
    const char *note;
    unsigned done, total, failed;
    uint32_t elapsed_ms; /* of the change (DONE, FAILED) or of the run */
};

struct apply_options {
    bool keep_going;
    void (*report)(void *context, const struct apply_report *report);
    void *context;
    uint32_t load_wait_ms; /* how long models may take to load on every pod; 0: 40 s */
};

enum apply_end {
    APPLY_ALL,         /* everything done and seen again */
    APPLY_PARTLY,      /* stopped part-way or a change failed */
    APPLY_INTERRUPTED, /* SIGINT: what was in flight was finished */
    APPLY_FENCED,      /* the lock was lost */
};

struct apply_result {
    enum apply_end end;
    unsigned done, failed, skipped;
    bool cut_off; /* a change was left between two calls: keep the journal, commit nothing */
    struct strings not_arrived; /* addresses whose values were accepted but are not to be seen */
    uint32_t elapsed_ms;
};

/**
 * Carries out `plan` under `session` (claimed by session_begin). Puts what it did into the session's
 * state; the caller commits. Faults are diagnostics with the change's address.
 */
struct apply_result apply_run(struct arena *arena, const struct plan *plan,
    const struct kind_set *kinds, struct client *client, struct secrets *secrets,
    struct session *session, const struct apply_options *options, struct diags *diags);

/**
 * Settles what a run that died left open: with what is live now, each open entry either took
 * effect (the state learns that the object is ours) or did not (nothing to do: the next plan has
 * it). Returns how many were open.
 */
unsigned apply_settle(struct arena *arena, const struct journal_entries *entries,
    const struct live *live, const struct kind_set *kinds, struct state *state);

#endif
