/*
 * A run as apply makes it, against a store in memory, and what it was told. Shared by the tests of
 * sessions.
 */
#ifndef LITEFORM_TESTS_STATE_RUN_H
#define LITEFORM_TESTS_STATE_RUN_H

#include "base/file.h"
#include "state/journal.h"
#include "state/state.h"
#include "unit/state_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char recovery[] = "/tmp/liteform-state-XXXXXX"; /* for what could not be stored */

static const struct session_options options = {
    .operation = "apply", .tool = "liteform test", .recovery_folder = recovery};

static inline int make_recovery(void **context)
{
    (void)context;
    return mkdtemp(recovery) == NULL ? -1 : 0;
}

static inline size_t empty_recovery(void)
{
    struct arena *arena = arena_new();
    struct strings names = {0};
    file_list(arena, recovery, "", &names);
    for (size_t i = 0; i < names.count; i++)
        file_remove(file_join(arena, recovery, names.at[i]));
    arena_free(arena);
    return names.count;
}

static inline int remove_recovery(void **context)
{
    (void)context;
    empty_recovery();
    return rmdir(recovery);
}

/* What the run was told; only that may be counted on. */
struct outcome {
    bool opened, begun, committed, closed;
    unsigned flushed; /* how many flushes were answered with SESSION_OK: 0..3 */
    unsigned fenced;
};

struct run {
    struct fake fake;
    struct arena *arena;
    struct diags diags;
    struct session *session;
    struct outcome outcome;
};

/* Whether the runs that are made now write their journals in a thread. */
static bool threaded;

static inline void run_init(struct run *run, struct fake_store *store)
{
    *run = (struct run){.fake = fake_open(store), .arena = arena_new()};
    run->diags = diags_init(run->arena);
    if (threaded)
        run->fake.backend.ops = &fake_threaded_ops;
}

static inline void run_end(struct run *run)
{
    if (run->session != NULL)
        session_close(run->session, &run->diags);
    run->session = NULL;
    arena_free(run->arena);
}

static inline int64_t intend(struct run *run, const char *address)
{
    struct journal_entry entry = {
        .address = address, .kind = "team", .action = "create", .id = "id-of-it"};
    return session_intend(run->session, &entry);
}

static inline bool note(struct run *run, enum session_result result)
{
    if (result == SESSION_FENCED)
        run->outcome.fenced++;
    return result == SESSION_OK;
}

static inline bool open_run(struct run *run)
{
    run->outcome.opened = note(run,
        session_open(run->arena, &run->fake.backend, "prod", &options, &run->session, &run->diags));
    return run->outcome.opened;
}

static inline bool begin_run(struct run *run)
{
    run->outcome.begun = note(run, session_begin(run->session, NULL, &run->diags));
    return run->outcome.begun;
}

static inline bool flush_run(struct run *run)
{
    enum session_result result = threaded ? session_flush_begin(run->session, NULL, &run->diags)
                                          : session_flush(run->session, &run->diags);
    if (threaded && result == SESSION_OK)
        result = session_flush_end(run->session, &run->diags);
    bool ok = note(run, result);
    run->outcome.flushed += ok ? 1 : 0;
    return ok;
}

/* Three flushes: intents a and b; a done, intent c; b failed, c done. Goes on after nothing. */
static inline bool work(struct run *run)
{
    int64_t a = intend(run, "team/a"), b = intend(run, "team/b");
    if (!flush_run(run))
        return false;
    session_outcome(run->session, a, "done");
    int64_t c = intend(run, "team/c");
    if (!flush_run(run))
        return false;
    session_outcome(run->session, b, "failed");
    session_outcome(run->session, c, "done");
    return flush_run(run);
}

static inline void whole_run(struct run *run)
{
    if (!open_run(run) || !begin_run(run) || !work(run))
        return;
    struct known_object object = {.address = "team/a", .kind = "team", .id = "id-of-it"};
    state_put(run->arena, session_state(run->session), &object);
    run->outcome.committed = note(run, session_commit(run->session, "clean", &run->diags));
    if (!run->outcome.committed)
        return;
    session_close(run->session, &run->diags);
    run->session = NULL;
    run->outcome.closed = true;
}

/* --- before each case ------------------------------------------------------------------------- */

enum prelude { NOTHING, ONE_RUN, DEAD_RUN, PRELUDES };

static inline int64_t prepare(struct fake_store *store, enum prelude prelude)
{
    if (prelude == NOTHING)
        return 0;
    struct run run;
    run_init(&run, store);
    whole_run(&run);
    assert_true(run.outcome.closed);
    run_end(&run);
    if (prelude == ONE_RUN)
        return 1;
    run_init(&run, store);
    assert_true(open_run(&run) && begin_run(&run));
    intend(&run, "team/old");
    assert_true(flush_run(&run));
    run.fake.dead = true;
    run_end(&run);
    store->ms += 200000;
    return 1;
}

static const struct journal_entry *entry_of(
    const struct journal_entries *entries, const char *address)
{
    VEC_EACH(entry, &entries->list) {
        if (strcmp(entry->address, address) == 0)
            return entry;
    }
    return NULL;
}

static inline void assert_result(
    const struct journal_entries *entries, const char *address, const char *result)
{
    const struct journal_entry *entry = entry_of(entries, address);
    assert_non_null(entry);
    if (result != NULL) {
        assert_non_null(entry->result);
        assert_string_equal(entry->result, result);
    }
}

/* An old holder that comes back finds every door shut. */
static inline void assert_fenced(struct run *old)
{
    if (old->session == NULL || old->outcome.committed)
        return;
    old->fake.fault = FAKE_NONE;
    old->fake.dead = false;
    if (!old->outcome.begun) {
        assert_int_equal(session_begin(old->session, NULL, &old->diags), SESSION_FENCED);
        return;
    }
    intend(old, "team/late");
    assert_int_equal(session_flush(old->session, &old->diags), SESSION_FENCED);
    assert_false(session_alive(old->session));
    assert_int_equal(session_commit(old->session, "clean", &old->diags), SESSION_FENCED);
}

#endif
