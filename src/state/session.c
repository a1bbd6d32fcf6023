#include "state/session.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "state/codec.h"
#include "state/store.h"

#include <string.h>

/* One run under the lock: claim and commit; the journal between them is in session_journal.c. The order is the protocol; see state/README.md. */

enum session_result session_fenced(struct session *session, const char *met, struct diags *diags)
{
    if (!session->fenced) {
        struct diag *diag =
            diag_add(diags, "LF406", "somebody else has taken over the lock of \"%s\" (seen at %s)",
                session->environment, met);
        diag->fix = arena_printf(diags->arena,
            "nothing more was started; see who it is, wait, then: liteform plan %s",
            session->environment);
    }
    session->fenced = true;
    lock_set_lost(session->lock);
    return SESSION_FENCED;
}

void session_end(struct session *session)
{
    if (session->flight.backend != NULL)
        session->flight.backend->ops->close(session->flight.backend);
    pthread_mutex_destroy(&session->flight.mutex);
    lock_free(session->lock);
    buf_release(&session->stored);
    buf_release(&session->pending);
}

/* --- writing the state ------------------------------------------------------------------------ */

static void stamp(struct session *session, struct state *state, const char *status)
{
    state->status = arena_strdup(session->arena, status);
    state->epoch = lock_epoch(session->lock);
    state->tool = session->tool;
    state->written_at = clock_format(session->arena, store_now(session->backend));
    state->write_id = digest_uuid(session->arena);
}

/* On success it is the state of the session and `text` is what is stored. */
static enum session_result write_state(
    struct session *session, const struct state *state, struct buf *text, struct diags *diags)
{
    if (text->overflow) {
        diag_add(diags, "LF407", "the state of \"%s\" would be larger than %zu MiB",
            session->environment, CODEC_MAX >> 20);
        return SESSION_FAILED;
    }
    struct store_write write = {.name = "state.json",
        .bytes = buf_text(text),
        .length = text->len,
        .expect = session->etag == NULL ? BACKEND_MUST_NOT_EXIST : session->etag};
    const char *etag = NULL;
    switch (store_write(session->backend, session->arena, &write, &etag, diags)) {
    case BACKEND_OK:
        break;
    case BACKEND_CONFLICT:
        return session_fenced(session, "state.json", diags);
    default:
        return SESSION_FAILED;
    }
    *session->state = *state;
    session->state->etag = etag;
    session->etag = etag;
    session->stored_serial = state->known.serial;
    struct buf before = session->stored;
    session->stored = *text;
    *text = before;
    return SESSION_OK;
}

/* The lease must hold before a write, and a write that took long proves nothing. */
enum session_result session_prove(struct session *session, struct diags *diags)
{
    if (session->fenced)
        return session_fenced(session, "an earlier write", diags);
    switch (lock_prove(session->lock, diags)) {
    case LOCK_OURS:
        return SESSION_OK;
    case LOCK_LOST:
        return session_fenced(session, "lock.json", diags);
    default:
        return SESSION_FAILED;
    }
}

static void set_once(struct arena *arena, struct node *map, const char *key, const char *text)
{
    if (text != NULL && node_get(map, key) == NULL)
        node_set_string(arena, map, key, text);
}

static const struct node *run_record(struct session *session, const struct node *run)
{
    struct arena *arena = session->arena;
    struct node *record = node_is(run, NODE_MAP) ? codec_copy(arena, run) : node_map(arena);
    node_set_int(arena, record, "epoch", lock_epoch(session->lock));
    set_once(arena, record, "id", lock_id(session->lock));
    set_once(arena, record, "operation", session->operation);
    set_once(arena, record, "who", lock_who(arena));
    set_once(arena, record, "host", lock_host(arena));
    set_once(arena, record, "started_at", clock_format(arena, store_now(session->backend)));
    return record;
}

static void keep_history(struct session *session, const struct node *run, struct diags *diags)
{
    const char *id = node_get_text(run, "id");
    if (session->stored_serial < 0)
        return;
    history_keep(session->backend, session->stored_serial, id == NULL ? lock_id(session->lock) : id,
        buf_text(&session->stored), session->stored.len, diags);
}

enum session_result session_begin(
    struct session *session, const struct node *run, struct diags *diags)
{
    enum session_result result = session_prove(session, diags);
    if (result != SESSION_OK)
        return result;
    struct state next = *session->state;
    next.run = run_record(session, run);
    stamp(session, &next, "applying");
    keep_history(session, next.run, diags);
    CLEANUP_BUF struct buf text = BUF_INIT(CODEC_MAX);
    state_encode(&next, &text);
    result = write_state(session, &next, &text, diags);
    if (result != SESSION_OK)
        return result;
    session->begun = true;
    return session_prove(session, diags);
}

bool session_alive(struct session *session)
{
    return !session->fenced && lock_alive(session->lock);
}

/* --- ending ----------------------------------------------------------------------------------- */

static void set_last_clean(struct session *session, struct state *next)
{
    struct arena *arena = session->arena;
    struct node *clean = NULL;
    if (next->last_clean != session->last_clean && next->last_clean != NULL) {
        clean = node_copy_shallow(arena, next->last_clean);
    } else if (node_get_text(next->run, "fingerprint") != NULL) {
        static const char *const kept[] = {"fingerprint", "commit", "counts"};
        clean = node_map(arena);
        for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
            struct node *value = node_get(next->run, kept[i]);
            if (value != NULL)
                node_set(arena, clean, kept[i], value);
        }
    } else {
        return;
    }
    node_set_int(arena, clean, "serial", next->known.serial);
    node_set_string(arena, clean, "at", next->written_at);
    next->last_clean = clean;
}

/* Who wrote this serial, and what came of it: what `history` tells. */
static void set_last_run(struct session *session, struct state *next)
{
    struct node *run = node_copy_shallow(
        session->arena, session->begun ? session->state->run : run_record(session, NULL));
    node_set_string(session->arena, run, "ended_at", next->written_at);
    node_set_string(session->arena, run, "result", next->status);
    next->last_run = run;
}

static void committed(struct session *session, int64_t old_serial)
{
    const struct state *state = session->state;
    struct journal_ref ours = {.serial = old_serial, .index = session->first_index};
    lock_note_state(session->lock, state->known.lineage, state->known.serial);
    journal_remove(session->backend, state->known.serial, &ours);
    session->resumed = (struct journal_entries){0};
    session->noted = (struct journal_part){0};
    buf_reset(&session->pending);
    session->next_index = session->first_index = 1;
    session->next_n = 1;
    session->last_clean = state->last_clean;
    session->begun = false;
    session->kept = false;
}

enum session_result session_commit(struct session *session, const char *status, struct diags *diags)
{
    /* Its result is in the session: fenced, or a part that is still pending. */
    session_flush_end(session, diags);
    int64_t old_serial = session->state->known.serial;
    int64_t highest = lock_state_serial(session->lock);
    if (session->stored_serial > highest)
        highest = session->stored_serial;
    if (old_serial > highest)
        highest = old_serial;
    struct state next = *session->state;
    next.known.serial = highest + 1;
    next.known.exists = true;
    stamp(session, &next, status);
    set_last_run(session, &next);
    if (strcmp(status, "clean") == 0) {
        set_last_clean(session, &next);
        next.run = NULL;
    }
    CLEANUP_BUF struct buf text = BUF_INIT(CODEC_MAX);
    state_encode(&next, &text);
    enum session_result result = session_prove(session, diags);
    if (result == SESSION_OK && !session->begun)
        keep_history(session, session->state->run, diags);
    if (result == SESSION_OK)
        result = write_state(session, &next, &text, diags);
    if (result == SESSION_OK) {
        committed(session, old_serial);
        return SESSION_OK;
    }
    /* The journal is the second place for what came of the calls. */
    if (result == SESSION_FAILED && session->begun && session_dirty(session)) {
        struct diags_point point = diags_point(diags);
        session_flush(session, diags);
        diags_take_back(diags, point);
    }
    session->kept = true;
    session_recover(session, &text, next.known.serial, diags);
    return result;
}

void session_close(struct session *session, struct diags *diags)
{
    session_flush_end(session, diags);
    lock_release(session->lock, session->kept || session->fenced, diags);
    session_end(session);
}
