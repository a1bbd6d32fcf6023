#include "state/session.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/fail.h"
#include "base/text.h"
#include "state/codec.h"
#include "state/store.h"

#include <string.h>

/* One run under the lock: claim, journal, commit. The order is the protocol; see state/README.md. */

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
static enum session_result prove(struct session *session, struct diags *diags)
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
    enum session_result result = prove(session, diags);
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
    return prove(session, diags);
}

/* --- the journal ------------------------------------------------------------------------------ */

int64_t session_intend(struct session *session, const struct journal_entry *entry)
{
    struct arena *arena = session->arena;
    int64_t n = session->next_n++;
    *VEC_ADD(arena, &session->noted.entries.list) = (struct journal_entry){
        .n = n,
        .address = arena_strdup(arena, entry->address),
        .kind = arena_strdup(arena, entry->kind),
        .action = arena_strdup(arena, entry->action),
        .id = arena_strdup(arena, entry->id),
        .note = codec_copy(arena, entry->note),
    };
    return n;
}

void session_outcome(struct session *session, int64_t n, const char *result)
{
    *VEC_ADD(session->arena, &session->noted.outcomes) =
        (struct journal_outcome){.n = n, .result = arena_strdup(session->arena, result)};
}

static bool is_noted(const struct session *session)
{
    return session->noted.entries.list.count > 0 || session->noted.outcomes.count > 0;
}

bool session_dirty(const struct session *session)
{
    return session->pending.len > 0 || is_noted(session);
}

/* Turns what is noted into the text of the next part. */
static void gather(struct session *session)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct journal_part *part = &session->noted;
    part->serial = session->state->known.serial;
    part->epoch = lock_epoch(session->lock);
    part->lineage = session->state->known.lineage;
    part->lock_id = lock_id(session->lock);
    part->written_at = clock_format(scratch, store_now(session->backend));
    journal_encode(scratch, part, &session->pending);
    part->written_at = NULL;
    part->entries.list.count = 0;
    part->outcomes.count = 0;
}

/* Whether what stands in our way is a fence of somebody whom we have overtaken. */
static bool is_void_fence(struct session *session, struct arena *arena, const char *name)
{
    struct diags ignored = diags_init(arena);
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL, *reason = NULL;
    struct journal_part part = {0};
    return store_read(session->backend, arena, name, &bytes, &length, &etag, &ignored) ==
               BACKEND_OK &&
           journal_decode(arena, bytes, length, &part, &reason) && part.takeover &&
           part.epoch < lock_epoch(session->lock);
}

static enum session_result write_part(struct session *session, struct diags *diags)
{
    if (session->pending.overflow)
        fail_bug("a part of the journal beyond all bounds", NULL);
    for (;;) {
        CLEANUP_ARENA struct arena *scratch = arena_new();
        struct store_write write = {
            .name = journal_name(scratch, session->state->known.serial, session->next_index),
            .bytes = buf_text(&session->pending),
            .length = session->pending.len,
            .expect = BACKEND_MUST_NOT_EXIST};
        const char *etag = NULL;
        switch (store_write(session->backend, scratch, &write, &etag, diags)) {
        case BACKEND_OK:
            buf_reset(&session->pending);
            session->next_index++;
            return SESSION_OK;
        case BACKEND_CONFLICT:
            if (!is_void_fence(session, scratch, write.name))
                return session_fenced(session, write.name, diags);
            session->next_index++;
            break;
        default:
            return SESSION_FAILED;
        }
    }
}

enum session_result session_flush(struct session *session, struct diags *diags)
{
    if (!session->begun)
        fail_bug("a journal without a claim", NULL);
    if (!session_dirty(session))
        return prove(session, diags);
    enum session_result result = prove(session, diags);
    while (result == SESSION_OK && session_dirty(session)) {
        if (session->pending.len == 0)
            gather(session);
        result = write_part(session, diags);
    }
    /* We may have been stopped between the look at the lease and the write. */
    return result == SESSION_OK ? prove(session, diags) : result;
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
    session->noted.entries.list.count = 0;
    session->noted.outcomes.count = 0;
    buf_reset(&session->pending);
    session->next_index = session->first_index = 1;
    session->next_n = 1;
    session->last_clean = state->last_clean;
    session->begun = false;
    session->kept = false;
}

enum session_result session_commit(struct session *session, const char *status, struct diags *diags)
{
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
    enum session_result result = prove(session, diags);
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
    lock_release(session->lock, session->kept || session->fenced, diags);
    session_end(session);
}
