/*
 * The state of an environment: what liteform last wrote. Never needed to find out what exists,
 * needed to tell whose change it was. Format: state/README.md.
 *
 * Life of one apply (the order is the protocol; facts in state/README.md):
 *   session_open          lock, read the state, refuse a newer format or another lineage
 *   session_resume        open journal entries of a run that died: handed to the caller to settle
 *   session_begin         claim: the state says "applying" under our epoch, history copy made
 *   session_intend ...    collects intents; session_flush writes them (and results) as one journal
 *                         object; only then may the calls start. session_flush_begin and _end do
 *                         the same beside calls whose intents were written before
 *   session_result ...    rides with the next flush
 *   session_commit        the new state, journal objects removed
 *   session_close         lock released (kept when the state could not be written)
 */
#ifndef LITEFORM_STATE_STATE_H
#define LITEFORM_STATE_STATE_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "diag/diag.h"
#include "model/known.h"
#include "state/backend.h"
#include "value/node.h"

#include <stdbool.h>
#include <stdint.h>

#define STATE_FORMAT 1

/** `lock ENV --reason`: nobody applies; plan goes on. */
struct freeze {
    const char *id, *reason, *who, *since; /* all NULL: not frozen */
};

struct state {
    struct known known; /* exists, lineage, serial, objects */
    int64_t epoch;
    const char *environment;
    const char *status; /* "clean", "applying", "interrupted" */
    const char *tool, *written_at, *write_id;
    const struct node *target;     /* identity of what it was applied to, or NULL (semantics 4) */
    const struct node *last_clean; /* {"serial","at","fingerprint","commit","counts"} or NULL */
    const struct node *run;        /* record of a run that has not ended clean, or NULL */
    const struct node *last_run;   /* record of the run that wrote this serial, or NULL */
    const struct node *unknown;    /* members of a newer minor format: kept as they were */
    struct freeze freeze;
    const char *etag; /* of the stored object */
};

/** An empty state for `environment` with a new lineage. */
struct state *state_new(struct arena *arena, const char *environment);
/** Decodes; damage, another environment, a newer format: a diagnostic and NULL. */
struct state *state_decode(struct arena *arena, const char *bytes, size_t length,
    const char *environment, struct diags *diags);
/** The same for a file that somebody edited on purpose: its checksum is not looked at. */
struct state *state_decode_edited(struct arena *arena, const char *bytes, size_t length,
    const char *environment, struct diags *diags);
/** Canonical JSON with a checksum, ending in a newline. */
void state_encode(const struct state *state, struct buf *out);
/** Reads without a lock (plan, show). BACKEND_ABSENT gives state_new(), whose known.exists is false.
 *  So it is in a state that was only ever claimed (serial 0): nothing in it was ever finished. */
struct state *state_read(
    struct arena *arena, struct backend *backend, const char *environment, struct diags *diags);
/** Adds or replaces; everything is copied into `arena`. */
void state_put(struct arena *arena, struct state *state, const struct known_object *object);
void state_drop(struct arena *arena, struct state *state, const char *address);
/** Whether `lock` froze the environment; then a diagnostic says who, since when and why. */
bool state_frozen(const struct state *state, struct diags *diags);

/** Who holds the lock. */
struct lock_info {
    bool held;
    const char *id, *operation, *who, *host, *since, *renewed;
    int64_t pid, epoch, ttl_seconds;
};

/** Reads lock.json without taking it; held = false when the holder is gone (local backend). */
struct lock_info lock_read(struct arena *arena, struct backend *backend, struct diags *diags);

struct session_options {
    const char *operation; /* "apply", "state mv" */
    const char *tool;      /* "liteform 0.1.0" */
    int64_t wait_ms;       /* --lock-timeout; 0: do not wait */
    void (*waiting)(void *context, const struct lock_info *holder); /* MAY; called while waiting */
    void *context;
    /* `state push --force`, `state restore`: a damaged, missing, foreign or rolled-back state is no
     * obstacle; where it cannot be read session_state() is a new one. */
    bool repair;
    const char *recovery_folder; /* MAY: where the state goes that could not be written */
};

struct session;

enum session_result { SESSION_OK, SESSION_LOCKED, SESSION_FENCED, SESSION_FAILED };

/**
 * Takes the lock and reads the state. SESSION_LOCKED comes with a diagnostic that names the holder,
 * since when, and how to wait or unlock.
 */
enum session_result session_open(struct arena *arena, struct backend *backend,
    const char *environment, const struct session_options *options, struct session **ret_session,
    struct diags *diags);
/** The state under the lock; changed by the caller with state_put and state_drop. */
struct state *session_state(struct session *session);

/** An entry of the journal. */
struct journal_entry {
    int64_t n;
    const char *address, *kind, *action, *id;
    const struct node *note; /* what the kind needs to settle it (key hash, alias); no secrets */
    const char *result;      /* NULL: open; "done", "failed" */
};
struct journal_entries {
    VEC(struct journal_entry) list;
};

/** The entries of a run that did not end, in order, folded to their last known result. */
const struct journal_entries *session_resume(struct session *session);
/** Claims the state for this run and copies the old one to history/ (best effort). */
enum session_result session_begin(
    struct session *session, const struct node *run, struct diags *diags);
/** Notes an intent and returns its number. Nothing is written yet. */
int64_t session_intend(struct session *session, const struct journal_entry *entry);
void session_outcome(struct session *session, int64_t n, const char *result);
/** Whether something noted is not written yet, or is being written. */
bool session_dirty(const struct session *session);
/** Writes what was noted as one journal object. SESSION_FENCED: somebody took over; stop. */
enum session_result session_flush(struct session *session, struct diags *diags);

/** What is done along with a flush, in its thread. */
struct session_beside {
    void *context;
    void (*before)(void *context); /* MAY. Before the journal is written */
    void (*landed)(void *context); /* MAY. session_flush_end() need not wait any more */
};

/**
 * Begins to write what was noted, in a thread where the backend has a second handle for it; else it
 * is written before this returns, with the result in session_flush_end(). One at a time; what is
 * noted from now on goes with the next. Only SESSION_OK has begun something, which must be ended.
 */
enum session_result session_flush_begin(
    struct session *session, const struct session_beside *beside, struct diags *diags);
/** Whether a flush was begun and not ended; with `ret_landed` whether its end need not wait. */
bool session_flushing(struct session *session, bool *ret_landed);
/** Waits for the flush that was begun: its result is that of session_flush(). SESSION_OK: none was. */
enum session_result session_flush_end(struct session *session, struct diags *diags);

/** Whether the lock is surely still ours; false: start nothing more (also a lost lease). */
bool session_alive(struct session *session);
/**
 * Writes the state (serial + 1, conditional) with `status`, then removes the journal. With "clean"
 * state->last_clean gets serial and time, when the caller set it in this session or the run has a
 * "fingerprint" (else it stays: `state mv` does not count). A state that cannot be written goes to a
 * recovery file, and the lock is kept.
 */
enum session_result session_commit(
    struct session *session, const char *status, struct diags *diags);
/** Releases the lock and frees. */
void session_close(struct session *session, struct diags *diags);

/** Ends a lock by its shown id: for a holder that is surely gone. */
bool lock_break(struct arena *arena, struct backend *backend, const char *id, struct diags *diags);

#endif
