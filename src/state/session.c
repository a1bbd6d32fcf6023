#include "base/clock.h"
#include "base/digest.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "state/codec.h"
#include "state/journal.h"
#include "state/lock.h"
#include "state/state.h"
#include "state/store.h"

#include <string.h>

/* One run under the lock: claim, journal, commit. The order is the protocol; see state/README.md. */

struct session {
    struct arena *arena;
    struct backend *backend;
    const char *environment, *operation, *tool, *recovery_folder;
    bool repair;
    struct lock *lock;

    struct state *state;
    struct buf stored;     /* the text of state.json as it is stored, for history/ */
    int64_t stored_serial; /* -1: nothing is stored */
    const char *etag;      /* of it, or NULL */
    const struct node *last_clean; /* as the caller found it */

    struct journal_entries resumed;
    int64_t next_index, next_n;
    int64_t first_index; /* of our own parts in this serial; those before are of runs that died */

    /* Noted, not written yet. */
    struct journal_part noted;
    /* A part whose write failed: it may be there all the same, so it goes first, as it was. */
    struct buf pending;

    bool begun, fenced, kept;
};

/* --- diagnostics ------------------------------------------------------------------------------ */

static enum session_result fenced(struct session *session, const char *met, struct diags *diags)
{
    if (!session->fenced) {
        struct diag *diag = diag_add(diags, "LF406",
            "somebody else has taken over the lock of \"%s\" (seen at %s)", session->environment,
            met);
        diag->fix = arena_printf(diags->arena,
            "nothing more was started; see who it is, wait, then: liteform plan %s",
            session->environment);
    }
    session->fenced = true;
    lock_set_lost(session->lock);
    return SESSION_FENCED;
}

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

/* --- opening ---------------------------------------------------------------------------------- */

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
static bool is_current(const struct session *session, const struct state *state, struct diags *diags)
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
    switch (store_read(
        session->backend, session->arena, "state.json", &bytes, &length, &etag, diags)) {
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
    struct state *state =
        state_decode(session->arena, bytes, length, session->environment, diags);
    if (state == NULL && session->repair) {
        diags_take_back(diags, point);
        session->stored_serial = lock_state_serial(session->lock);
        return begin_repair(session, diags);
    }
    if (state == NULL || !is_current(session, state, diags))
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
            .index = index,
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
    return fenced(session, "the journal", diags);
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
    struct journal_part part = {0};
    if (result == BACKEND_ABSENT)
        reason = "it vanished while it was read";
    if (reason == NULL && journal_decode(session->arena, bytes, length, &part, &reason)) {
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
        "an earlier run (%s by %s, begun %s) did not end: it noted %zu changes, %zu of them without "
        "a result",
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
    if (strcmp(session->state->status, "applying") != 0)
        return SESSION_OK;
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
        return fenced(session, "lock.json", diags);
    default:
        return SESSION_FAILED;
    }
    lock_renew_begin(session->lock, diags);
    return resume(session, diags);
}

static void end(struct session *session)
{
    lock_free(session->lock);
    buf_release(&session->stored);
    buf_release(&session->pending);
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
    session->stored = BUF_INIT(CODEC_MAX);
    session->pending = BUF_INIT(CODEC_MAX);
    session->stored_serial = -1;
    session->lock = lock_new(backend, options);
    enum session_result result = take_lock(session, options, diags);
    if (result == SESSION_OK)
        result = open_locked(session, diags);
    if (result != SESSION_OK) {
        lock_release(session->lock, false, diags);
        end(session);
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
        return fenced(session, "state.json", diags);
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
        return fenced(session, "an earlier write", diags);
    switch (lock_prove(session->lock, diags)) {
    case LOCK_OURS:
        return SESSION_OK;
    case LOCK_LOST:
        return fenced(session, "lock.json", diags);
    default:
        return SESSION_FAILED;
    }
}

static void set_once(
    struct arena *arena, struct node *map, const char *key, const char *text)
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
    if (session->stored_serial < 0)
        return;
    history_keep(session->backend, session->stored_serial,
        text_or(node_get_text(run, "id"), lock_id(session->lock)), buf_text(&session->stored),
        session->stored.len, diags);
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
    part->index = session->next_index;
    part->epoch = lock_epoch(session->lock);
    part->lineage = session->state->known.lineage;
    part->lock_id = lock_id(session->lock);
    part->written_at = clock_format(scratch, store_now(session->backend));
    journal_encode(scratch, part, &session->pending);
    part->written_at = NULL;
    part->entries.list.count = 0;
    part->outcomes.count = 0;
}

static enum session_result write_part(struct session *session, struct diags *diags)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    if (session->pending.overflow)
        fail_bug("a part of the journal beyond all bounds", NULL);
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
        return fenced(session, write.name, diags);
    default:
        return SESSION_FAILED;
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

/* Where the state is put that cannot be stored: beside local files, else where we were told to. */
static const char *recovery_path(
    const struct session *session, struct arena *arena, const char *folder, int64_t serial)
{
    return arena_printf(arena, "%s/%s-recovery-%08lld.json", folder, session->environment,
        (long long)serial);
}

static const char *write_recovery(
    const struct session *session, struct arena *arena, const struct buf *text, int64_t serial)
{
    const char *shown = session->backend->ops->show(session->backend);
    const char *folders[] = {session->recovery_folder,
        text_starts(shown, "file:") ? shown + strlen("file:") : NULL, "."};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (folders[i] == NULL || file_make_folders(folders[i], 0700) != 0)
            continue;
        const char *path = recovery_path(session, arena, folders[i], serial);
        if (file_write_atomic(path, text->at, text->len, 0600) == 0)
            return path;
    }
    return NULL;
}

static void recover(
    struct session *session, const struct buf *text, int64_t serial, struct diags *diags)
{
    if (text->overflow)
        return;
    const char *path = write_recovery(session, diags->arena, text, serial);
    struct diag *diag = NULL;
    if (path == NULL) {
        diag = diag_add(diags, "LF417",
            "the state of \"%s\" could not be written, and no recovery file either",
            session->environment);
        diag->fix = "what was done is found again: the next plan looks at what is live";
        return;
    }
    diag = diag_add(diags, "LF417", "the state of \"%s\" could not be written; it is in %s",
        session->environment, path);
    diag->fix = session->fenced
                    ? arena_printf(diags->arena,
                          "plan anew; what the other run does not know of is in that file")
                    : arena_printf(diags->arena,
                          "when the store is well again: liteform state push %s %s",
                          session->environment, path);
}

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

enum session_result session_commit(
    struct session *session, const char *status, struct diags *diags)
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
    recover(session, &text, next.known.serial, diags);
    return result;
}

void session_close(struct session *session, struct diags *diags)
{
    lock_release(session->lock, session->kept || session->fenced, diags);
    end(session);
}
