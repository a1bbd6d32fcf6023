#include "state/session.h"

#include "base/clock.h"
#include "base/fail.h"
#include "state/codec.h"
#include "state/store.h"

#include <signal.h>

/* The journal of a run: what is noted is written as one part, now or beside the caller. */

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
    return session->flight.under_way || session->pending.len > 0 || is_noted(session);
}

/* --- writing one part: in whichever thread ---------------------------------------------------- */

/* Turns the part of the flight into its text. */
static void encode(struct session *session, struct backend *backend)
{
    struct flight *flight = &session->flight;
    CLEANUP_ARENA struct arena *scratch = arena_new();
    flight->part.written_at = clock_format(scratch, store_now(backend));
    journal_encode(scratch, &flight->part, &session->pending);
    flight->part = (struct journal_part){0};
}

/* Whether what stands in our way is a fence of somebody whom we have overtaken. */
static bool is_void_fence(const struct session *session, struct backend *backend, const char *name)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct diags ignored = diags_init(arena);
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL, *reason = NULL;
    struct journal_part part = {0};
    return store_read(backend, arena, name, &bytes, &length, &etag, &ignored) == BACKEND_OK &&
           journal_decode(arena, bytes, length, &part, &reason) && part.takeover &&
           part.epoch < lock_epoch(session->lock);
}

/* Writes the pending text under the next name that is free. */
static enum backend_result write_pending(struct session *session, struct backend *backend)
{
    struct flight *flight = &session->flight;
    if (session->pending.overflow)
        fail_bug("a part of the journal beyond all bounds", NULL);
    for (;;) {
        struct store_write write = {
            .name = journal_name(flight->arena, flight->serial, session->next_index),
            .bytes = buf_text(&session->pending),
            .length = session->pending.len,
            .expect = BACKEND_MUST_NOT_EXIST};
        const char *etag = NULL;
        enum backend_result result =
            store_write(backend, flight->arena, &write, &etag, &flight->diags);
        flight->met = write.name;
        if (result == BACKEND_CONFLICT && is_void_fence(session, backend, write.name)) {
            session->next_index++;
            continue;
        }
        if (result == BACKEND_OK) {
            buf_reset(&session->pending);
            session->next_index++;
        }
        return result;
    }
}

static void fly(struct session *session, struct backend *backend)
{
    struct flight *flight = &session->flight;
    if (flight->beside.before != NULL)
        flight->beside.before(flight->beside.context);
    /* What could not be written before goes first, as it was: it may be there all the same. */
    flight->result = session->pending.len == 0 ? BACKEND_OK : write_pending(session, backend);
    bool more = flight->part.entries.list.count > 0 || flight->part.outcomes.count > 0;
    if (flight->result == BACKEND_OK && more) {
        encode(session, backend);
        flight->result = write_pending(session, backend);
    }
}

/* --- before and after ------------------------------------------------------------------------- */

static void *fly_beside(void *context)
{
    struct session *session = context;
    struct flight *flight = &session->flight;
    struct session_beside beside = flight->beside;
    fly(session, flight->backend);
    pthread_mutex_lock(&flight->mutex);
    flight->landed = true;
    pthread_mutex_unlock(&flight->mutex);
    if (beside.landed != NULL)
        beside.landed(beside.context);
    return NULL;
}

/* For another thread; asked for once. */
static bool has_second_handle(struct session *session)
{
    struct flight *flight = &session->flight;
    struct backend *backend = session->backend;
    if (!flight->asked && backend->ops->again != NULL) {
        CLEANUP_ARENA struct arena *scratch = arena_new();
        struct diags ignored = diags_init(scratch);
        flight->backend = backend->ops->again(backend, session->arena, &ignored);
    }
    flight->asked = true;
    return flight->backend != NULL;
}

static void start_thread(struct session *session)
{
    struct flight *flight = &session->flight;
    if (!has_second_handle(session))
        return;
    flight->threaded = true;
    /* Signals are for the main thread, which knows what to finish. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&flight->thread, NULL, fly_beside, session) != 0)
        flight->threaded = false;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Takes what is noted into the flight. */
static void board(struct session *session, const struct session_beside *beside)
{
    struct flight *flight = &session->flight;
    flight->under_way = true;
    flight->threaded = flight->landed = false;
    flight->beside = beside == NULL ? (struct session_beside){0} : *beside;
    flight->arena = arena_new();
    flight->diags = diags_init(flight->arena);
    flight->serial = session->state->known.serial;
    flight->part = session->noted;
    flight->part.serial = flight->serial;
    flight->part.epoch = lock_epoch(session->lock);
    flight->part.lineage = session->state->known.lineage;
    flight->part.lock_id = lock_id(session->lock);
    session->noted = (struct journal_part){0};
}

/* What did not come to be written is noted again, before what was noted meanwhile. */
static void take_back(struct session *session)
{
    struct journal_part *part = &session->flight.part, late = session->noted;
    if (part->entries.list.count == 0 && part->outcomes.count == 0)
        return;
    session->noted = (struct journal_part){.entries = part->entries, .outcomes = part->outcomes};
    VEC_EACH(entry, &late.entries.list)
        *VEC_ADD(session->arena, &session->noted.entries.list) = *entry;
    VEC_EACH(outcome, &late.outcomes)
        *VEC_ADD(session->arena, &session->noted.outcomes) = *outcome;
    *part = (struct journal_part){0};
}

static void tell(const struct diags *from, struct diags *to)
{
    VEC_EACH(diag, &from->list) {
        struct diag *told = diag_add(to, diag->id, "%s", diag->message);
        told->fix = arena_strdup(to->arena, diag->fix);
    }
}

enum session_result session_flush_begin(
    struct session *session, const struct session_beside *beside, struct diags *diags)
{
    struct flight *flight = &session->flight;
    if (!session->begun)
        fail_bug("a journal without a claim", NULL);
    if (flight->under_way)
        fail_bug("two flushes of a journal at a time", NULL);
    enum session_result result = session_prove(session, diags);
    if (result != SESSION_OK)
        return result;
    board(session, beside);
    start_thread(session);
    if (!flight->threaded)
        fly(session, session->backend);
    return SESSION_OK;
}

bool session_flushing(struct session *session, bool *ret_landed)
{
    struct flight *flight = &session->flight;
    bool landed = true;
    if (flight->under_way && flight->threaded) {
        pthread_mutex_lock(&flight->mutex);
        landed = flight->landed;
        pthread_mutex_unlock(&flight->mutex);
    }
    if (ret_landed != NULL)
        *ret_landed = landed;
    return flight->under_way;
}

enum session_result session_flush_end(struct session *session, struct diags *diags)
{
    struct flight *flight = &session->flight;
    if (!flight->under_way)
        return SESSION_OK;
    if (flight->threaded)
        pthread_join(flight->thread, NULL);
    flight->under_way = flight->threaded = false;
    take_back(session);
    tell(&flight->diags, diags);
    enum session_result result = SESSION_FAILED;
    if (flight->result == BACKEND_CONFLICT)
        result = session_fenced(session, arena_strdup(diags->arena, flight->met), diags);
    else if (flight->result == BACKEND_OK)
        /* We may have been stopped between the look at the lease and the write. */
        result = session_prove(session, diags);
    arena_free(flight->arena);
    flight->arena = NULL;
    return result;
}

/* Without a thread: nothing else is to be done meanwhile. */
static enum session_result flush_here(struct session *session, struct diags *diags)
{
    enum session_result result = session_prove(session, diags);
    if (result != SESSION_OK || !session_dirty(session))
        return result;
    board(session, NULL);
    fly(session, session->backend);
    return session_flush_end(session, diags);
}

enum session_result session_flush(struct session *session, struct diags *diags)
{
    if (!session->begun)
        fail_bug("a journal without a claim", NULL);
    enum session_result result = session_flush_end(session, diags);
    return result == SESSION_OK ? flush_here(session, diags) : result;
}
