#include "state/session.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "state/codec.h"
#include "state/store.h"

#include <string.h>

/* Getting hold of an environment: the lock, the state, and what a run that died has left. */

static const char *text_or(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

static void add_locked(
    const struct session *session, const struct lock_info *holder, struct diags *diags)
{
    if (holder->id == NULL) {
        diag_add(diags, "LF401", "\"%s\" is locked by somebody", session->environment)->fix =
            "wait for it: --lock-timeout 10m";
        return;
    }
    struct diag *diag = diag_add(diags, "LF401", "\"%s\" is locked: %s by %s since %s, lock %s",
        session->environment, text_or(holder->operation, "a run"),
        lock_holder_text(diags->arena, holder), text_or(holder->since, "an unknown time"),
        holder->id);
    diag->fix = arena_printf(diags->arena,
        "wait for it (--lock-timeout 10m); if it is surely gone: liteform unlock %s --id %s",
        session->environment, holder->id);
}

static void add_taken_over(
    const struct session *session, const struct lock_info *before, struct diags *diags)
{
    const char *who = lock_holder_text(diags->arena, before);
    const char *since = text_or(before->since, "an unknown time");
    if (session->backend->leased) {
        diag_add(diags, "LF412", "took over the lock of %s since %s (%s), last renewed at %s", who,
            since, text_or(before->operation, "a run"), text_or(before->renewed, "no known time"));
        return;
    }
    diag_add(diags, "LF412", "took over the lock of %s since %s (%s), a process that is gone", who,
        since, text_or(before->operation, "a run"));
}

/* Local: often, since asking costs nothing. Remote: 1 s to 15 s. */
static int64_t next_wait(const struct backend *backend, int64_t *interval, int64_t left)
{
    enum { LOCAL_MS = 200, FIRST_MS = 1000, MOST_MS = 15000 };
    if (!backend->leased)
        return left < LOCAL_MS ? left : LOCAL_MS;
    *interval = *interval == 0 ? FIRST_MS : *interval * 2;
    if (*interval > MOST_MS)
        *interval = MOST_MS;
    int64_t wait = store_jitter(*interval);
    return left < wait ? left : wait;
}

static enum session_result take_lock(
    struct session *session, const struct session_options *options, struct diags *diags)
{
    int64_t begin = store_ms(session->backend), interval = 0;
    for (;;) {
        CLEANUP_ARENA struct arena *scratch = arena_new();
        struct lock_info holder = {0};
        enum lock_take result = lock_take(session->lock, scratch, &holder, diags);
        if (result == LOCK_TAKEN)
            return SESSION_OK;
        if (result == LOCK_ERROR)
            return SESSION_FAILED;
        int64_t left = options->wait_ms - (store_ms(session->backend) - begin);
        if (left <= 0) {
            add_locked(session, &holder, diags);
            return SESSION_LOCKED;
        }
        if (options->waiting != NULL)
            options->waiting(options->context, &holder);
        store_pause(session->backend, next_wait(session->backend, &interval, left));
    }
}

/* Where the state is missing although one was written: not a beginning, a loss. */
static bool may_begin_anew(const struct session *session, struct diags *diags)
{
    int64_t serial = lock_state_serial(session->lock);
    if (serial == 0 || session->repair)
        return true;
    struct diag *diag = diag_add(diags, "LF414",
        "the state of \"%s\" is missing, while lock.json knows of serial %lld",
        session->environment, (long long)serial);
    diag->fix = arena_printf(diags->arena,
        "liteform state restore %s; to begin anew on purpose remove lock.json too",
        session->environment);
    return false;
}

/* Whether the state is the one that lock.json saw last, or one after it. */
static bool is_current(
    const struct session *session, const struct state *state, struct diags *diags)
{
    if (session->repair)
        return true;
    const char *lineage = lock_lineage(session->lock);
    if (lineage != NULL && !text_equal(lineage, state->known.lineage)) {
        struct diag *diag = diag_add(diags, "LF405",
            "the state of \"%s\" has lineage %s, and the one written last had %s",
            session->environment, state->known.lineage, lineage);
        diag->fix = arena_printf(diags->arena,
            "bring back the right one (liteform state restore %s), or take this one: liteform "
            "state push %s FILE --force",
            session->environment, session->environment);
        return false;
    }
    int64_t serial = lock_state_serial(session->lock);
    if (state->known.serial < serial) {
        struct diag *diag = diag_add(diags, "LF413",
            "the state of \"%s\" has serial %lld, and serial %lld was written already",
            session->environment, (long long)state->known.serial, (long long)serial);
        diag->fix = arena_printf(diags->arena,
            "put the newer one back; if this older one is meant: liteform state push %s FILE "
            "--force",
            session->environment);
        return false;
    }
    return true;
}

/* In repair: a new state above everything that was ever stored, and what it was in history/. */
static enum session_result begin_repair(struct session *session, struct diags *diags)
{
    struct journal_refs refs = {0};
    if (!journal_list(session->backend, session->arena, -1, &refs, diags))
        return SESSION_FAILED;
    struct state *state = state_new(session->arena, session->environment);
    state->known.serial = lock_state_serial(session->lock);
    if (refs.list.count > 0 && refs.list.at[refs.list.count - 1].serial > state->known.serial)
        state->known.serial = refs.list.at[refs.list.count - 1].serial;
    /* Nobody can tell whether a run was under way: fence it as if there were one. */
    if (state->known.serial > 0 || refs.list.count > 0)
        state->status = "applying";
    session->state = state;
    return SESSION_OK;
}

static enum session_result read_state(struct session *session, struct diags *diags)
{
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL;
    switch (
        store_read(session->backend, session->arena, "state.json", &bytes, &length, &etag, diags)) {
    case BACKEND_OK:
        break;
    case BACKEND_ABSENT:
        if (!may_begin_anew(session, diags))
            return SESSION_FAILED;
        if (session->repair)
            return begin_repair(session, diags);
        session->state = state_new(session->arena, session->environment);
        return SESSION_OK;
    default:
        return SESSION_FAILED;
    }
    session->etag = etag;
    buf_add(&session->stored, bytes, length);
    struct diags_point point = diags_point(diags);
    struct state *state = state_decode(session->arena, bytes, length, session->environment, diags);
    if (state == NULL && session->repair) {
        diags_take_back(diags, point);
        session->stored_serial = lock_state_serial(session->lock);
        return begin_repair(session, diags);
    }
    if (state == NULL || !is_current(session, state, diags))
        return SESSION_FAILED;
    if (!session->repair && !session->returning && state_has_moved(state, diags))
        return SESSION_FAILED;
    state->etag = etag;
    session->stored_serial = state->known.serial;
    session->state = state;
    return SESSION_OK;
}

/* Writes the part that fences whoever had the journal before; all parts before it are final then. */
static enum session_result write_fence(
    struct session *session, struct journal_refs *ret_refs, struct diags *diags)
{
    int64_t serial = session->state->known.serial;
    for (unsigned try = 0; try < 10; try++) {
        if (!journal_list(session->backend, session->arena, serial, ret_refs, diags))
            return SESSION_FAILED;
        size_t count = ret_refs->list.count;
        int64_t index = count == 0 ? 1 : ret_refs->list.at[count - 1].index + 1;
        struct journal_part part = {.serial = serial,
            .epoch = lock_epoch(session->lock),
            .lineage = session->state->known.lineage,
            .lock_id = lock_id(session->lock),
            .written_at = clock_format(session->arena, store_now(session->backend)),
            .takeover = true};
        CLEANUP_BUF struct buf text = BUF_INIT(CODEC_MAX);
        journal_encode(session->arena, &part, &text);
        struct store_write write = {.name = journal_name(session->arena, serial, index),
            .bytes = buf_text(&text),
            .length = text.len,
            .expect = BACKEND_MUST_NOT_EXIST};
        const char *etag = NULL;
        switch (store_write(session->backend, session->arena, &write, &etag, diags)) {
        case BACKEND_OK:
            session->next_index = session->first_index = index + 1;
            return SESSION_OK;
        case BACKEND_CONFLICT:
            break; /* the old holder wrote once more: its part counts, so look again */
        default:
            return SESSION_FAILED;
        }
    }
    return session_fenced(session, "the journal", diags);
}

static enum session_result fold_part(
    struct session *session, const struct journal_ref *ref, struct diags *diags)
{
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL, *reason = NULL;
    enum backend_result result =
        store_read(session->backend, session->arena, ref->name, &bytes, &length, &etag, diags);
    if (result == BACKEND_FAILED)
        return SESSION_FAILED;
    /* Listed a moment ago: only who has the lock removes these. */
    if (result == BACKEND_ABSENT)
        return session_fenced(session, ref->name, diags);
    struct journal_part part = {0};
    if (journal_decode(session->arena, bytes, length, &part, &reason)) {
        /* Another lineage: what is left of a state that somebody removed to begin anew. */
        if (session->repair || text_equal(part.lineage, session->state->known.lineage))
            journal_fold(session->arena, &session->resumed, &part);
        return SESSION_OK;
    }
    if (session->repair)
        return SESSION_OK;
    struct diag *diag = diag_add(diags, "LF415", "%s in %s cannot be understood: %s", ref->name,
        session->backend->ops->show(session->backend), reason);
    diag->fix = "move that object away: the plan then shows what its entries may have changed";
    return SESSION_FAILED;
}

static void add_resumed(const struct session *session, struct diags *diags)
{
    size_t open = 0;
    VEC_EACH(entry, &session->resumed.list)
        open += entry->result == NULL ? 1 : 0;
    const struct node *run = session->state->run;
    diag_add(diags, "LF410",
        "an earlier run (%s by %s, begun %s) did not end: it noted %zu changes ahead, %zu of them "
        "without a result",
        text_or(node_get_text(run, "operation"), "of an unknown kind"),
        text_or(node_get_text(run, "who"), "somebody"),
        text_or(node_get_text(run, "started_at"), "at an unknown time"),
        session->resumed.list.count, open);
}

/* What a run left that claimed the state and never committed. */
static enum session_result resume(struct session *session, struct diags *diags)
{
    session->next_index = session->first_index = 1;
    session->next_n = 1;
    struct lock_info before = {0};
    if (strcmp(session->state->status, "applying") != 0) {
        /* Who died behind its last write of the state has left a journal that says nothing more. */
        struct journal_ref none = {.serial = -1};
        if (lock_taken_over(session->lock, &before))
            journal_remove(session->backend, session->state->known.serial, &none);
        return SESSION_OK;
    }
    struct journal_refs refs = {0};
    enum session_result result = write_fence(session, &refs, diags);
    if (result != SESSION_OK)
        return result;
    VEC_EACH(ref, &refs.list) {
        result = fold_part(session, ref, diags);
        if (result != SESSION_OK)
            return result;
    }
    size_t count = session->resumed.list.count;
    if (count > 0)
        session->next_n = session->resumed.list.at[count - 1].n + 1;
    if (!session->repair)
        add_resumed(session, diags);
    return SESSION_OK;
}

static enum session_result open_locked(struct session *session, struct diags *diags)
{
    struct lock_info before = {0};
    if (lock_taken_over(session->lock, &before))
        add_taken_over(session, &before, diags);
    enum session_result result = read_state(session, diags);
    if (result != SESSION_OK)
        return result;
    session->last_clean = session->state->last_clean;
    switch (lock_raise(session->lock, session->state->epoch + 1, diags)) {
    case LOCK_OURS:
        break;
    case LOCK_LOST:
        return session_fenced(session, "lock.json", diags);
    default:
        return SESSION_FAILED;
    }
    lock_renew_begin(session->lock, diags);
    return resume(session, diags);
}

enum session_result session_open(struct arena *arena, struct backend *backend,
    const char *environment, const struct session_options *options, struct session **ret_session,
    struct diags *diags)
{
    struct session *session = ARENA_NEW(arena, struct session);
    session->arena = arena;
    session->backend = backend;
    session->environment = arena_strdup(arena, environment);
    session->operation = arena_strdup(arena, text_or(options->operation, "a run"));
    session->tool = arena_strdup(arena, options->tool);
    session->recovery_folder = arena_strdup(arena, options->recovery_folder);
    session->repair = options->repair;
    session->returning = options->returning;
    session->stored = BUF_INIT(CODEC_MAX);
    session->pending = BUF_INIT(CODEC_MAX);
    session->stored_serial = -1;
    if (pthread_mutex_init(&session->flight.mutex, NULL) != 0)
        fail_memory();
    session->lock = lock_new(backend, options);
    enum session_result result = take_lock(session, options, diags);
    if (result == SESSION_OK)
        result = open_locked(session, diags);
    if (result != SESSION_OK) {
        lock_release(session->lock, false, diags);
        session_end(session);
        return result;
    }
    *ret_session = session;
    return SESSION_OK;
}

struct state *session_state(struct session *session)
{
    return session->state;
}

const struct journal_entries *session_resume(struct session *session)
{
    return &session->resumed;
}
