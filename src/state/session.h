/* A session from the inside: opened by session_open.c, worked with by session.c, its journal
 * written by session_journal.c. */
#ifndef LITEFORM_STATE_SESSION_H
#define LITEFORM_STATE_SESSION_H

#include "base/buf.h"
#include "state/journal.h"
#include "state/lock.h"
#include "state/state.h"

#include <pthread.h>

/*
 * A part of the journal on its way to the store, while the caller does something else. The thread
 * has all this and session->pending from session_flush_begin() until it is joined; it never touches
 * the lock but for its epoch, which does not change any more.
 */
struct flight {
    bool under_way;          /* begun, not taken in by session_flush_end() */
    bool threaded;           /* else it was over when session_flush_begin() returned */
    bool asked;              /* for a second handle */
    struct backend *backend; /* that handle, or NULL: the backend has none */
    pthread_t thread;
    struct session_beside beside;

    struct arena *arena; /* of this flight: the diagnostics, and what is sent */
    struct diags diags;
    struct journal_part part;
    int64_t serial;
    enum backend_result result;
    const char *met; /* the name that was taken, with BACKEND_CONFLICT */

    pthread_mutex_t mutex;
    bool landed; /* under the mutex */
};

struct session {
    struct arena *arena;
    struct backend *backend;
    const char *environment, *operation, *tool, *recovery_folder;
    bool repair;
    struct lock *lock;

    struct state *state;
    struct buf stored;             /* the text of state.json as it is stored, for history/ */
    int64_t stored_serial;         /* -1: nothing is stored */
    const char *etag;              /* of it, or NULL */
    const struct node *last_clean; /* as the caller found it */

    struct journal_entries resumed;
    int64_t next_index, next_n;
    int64_t first_index; /* of our own parts in this serial; those before are of runs that died */

    /* Noted, not written yet. */
    struct journal_part noted;
    /* A part whose write failed: it may be there all the same, so it goes first, as it was. */
    struct buf pending;
    struct flight flight;

    bool begun, fenced, kept;
};

/** Somebody else has the lock, as was seen at the object `met`; nothing is written from now on. */
enum session_result session_fenced(struct session *session, const char *met, struct diags *diags);
/** Whether the lease holds: before a write, and after one that may have taken long. */
enum session_result session_prove(struct session *session, struct diags *diags);
/** Frees all but the arena; the lock is released already. */
void session_end(struct session *session);
/** Puts the text of a state that cannot be stored into a file, and says where. */
void session_recover(
    struct session *session, const struct buf *text, int64_t serial, struct diags *diags);

#endif
