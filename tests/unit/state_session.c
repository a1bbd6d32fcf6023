#include "state/journal.h"
#include "state/state.h"
#include "unit/state_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/*
 * One run that dies, or is overtaken, at every single operation on the store; then the next run.
 * Nothing that was flushed may be lost, and the first may write nothing once there is a second.
 */

static const struct session_options options = {.operation = "apply", .tool = "liteform test"};

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

static void run_init(struct run *run, struct fake_store *store)
{
    *run = (struct run){.fake = fake_open(store), .arena = arena_new()};
    run->diags = diags_init(run->arena);
}

static void run_end(struct run *run)
{
    if (run->session != NULL)
        session_close(run->session, &run->diags);
    run->session = NULL;
    arena_free(run->arena);
}

static int64_t intend(struct run *run, const char *address)
{
    struct journal_entry entry = {
        .address = address, .kind = "team", .action = "create", .id = "id-of-it"};
    return session_intend(run->session, &entry);
}

static bool note(struct run *run, enum session_result result)
{
    if (result == SESSION_FENCED)
        run->outcome.fenced++;
    return result == SESSION_OK;
}

static bool open_run(struct run *run)
{
    run->outcome.opened = note(run,
        session_open(run->arena, &run->fake.backend, "prod", &options, &run->session, &run->diags));
    return run->outcome.opened;
}

static bool begin_run(struct run *run)
{
    run->outcome.begun = note(run, session_begin(run->session, NULL, &run->diags));
    return run->outcome.begun;
}

static bool flush_run(struct run *run)
{
    bool ok = note(run, session_flush(run->session, &run->diags));
    run->outcome.flushed += ok ? 1 : 0;
    return ok;
}

/* Three flushes: intents a and b; a done, intent c; b failed, c done. Goes on after nothing. */
static bool work(struct run *run)
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

static void whole_run(struct run *run)
{
    if (!open_run(run) || !begin_run(run) || !work(run))
        return;
    struct known_object object = {.address = "team/a", .kind = "team", .id = "id-of-it"};
    state_put(run->arena, session_state(run->session), &object);
    run->outcome.committed =
        note(run, session_commit(run->session, "clean", &run->diags));
    if (!run->outcome.committed)
        return;
    session_close(run->session, &run->diags);
    run->session = NULL;
    run->outcome.closed = true;
}

/* --- before each case ------------------------------------------------------------------------- */

enum prelude { NOTHING, ONE_RUN, DEAD_RUN, PRELUDES };

static int64_t prepare(struct fake_store *store, enum prelude prelude)
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

static void assert_result(
    const struct journal_entries *entries, const char *address, const char *result)
{
    const struct journal_entry *entry = entry_of(entries, address);
    assert_non_null(entry);
    if (result != NULL) {
        assert_non_null(entry->result);
        assert_string_equal(entry->result, result);
    }
}

/* What a second run must find of what the first was told. */
static void assert_found(
    struct session *session, const struct outcome *first, int64_t serial, enum prelude prelude)
{
    const struct state *state = session_state(session);
    const struct journal_entries *entries = session_resume(session);
    bool committed = state->known.serial > serial;
    if (first->committed)
        assert_true(committed);
    if (committed) {
        assert_int_equal(state->known.serial, serial + 1);
        assert_string_equal(state->status, "clean");
        assert_non_null(map_get(&state->known.objects, "team/a"));
        assert_int_equal(entries->list.count, 0);
        return;
    }
    if (first->begun || prelude == DEAD_RUN)
        assert_string_equal(state->status, "applying");
    if (prelude == DEAD_RUN)
        assert_result(entries, "team/old", NULL);
    if (first->flushed > 0)
        assert_result(entries, "team/b", first->flushed > 2 ? "failed" : NULL);
    if (first->flushed > 1) {
        assert_result(entries, "team/a", "done");
        assert_result(entries, "team/c", first->flushed > 2 ? "done" : NULL);
    }
}

/* An old holder that comes back finds every door shut. */
static void assert_fenced(struct run *old)
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

static void crash_at(unsigned n, enum fake_fault fault, enum prelude prelude, bool *ret_reached)
{
    struct fake_store *store = fake_store_new();
    int64_t serial = prepare(store, prelude);
    struct run first, second;
    run_init(&first, store);
    first.fake.fail_at = n;
    first.fake.fault = fault;
    whole_run(&first);
    *ret_reached = first.fake.ops >= n;
    store->ms += 200000;

    run_init(&second, store);
    assert_true(open_run(&second));
    assert_found(second.session, &first.outcome, serial, prelude);
    assert_fenced(&first);
    int64_t seen = session_state(second.session)->known.serial;
    assert_true(begin_run(&second));
    assert_true(work(&second));
    assert_int_equal(session_commit(second.session, "clean", &second.diags), SESSION_OK);
    assert_int_equal(session_state(second.session)->known.serial, seen + 1);
    assert_fenced(&first);
    run_end(&second);
    run_end(&first);
    fake_store_free(store);
}

static void test_death_at_every_operation(void **context)
{
    (void)context;
    for (enum prelude prelude = NOTHING; prelude < PRELUDES; prelude++) {
        for (enum fake_fault fault = FAKE_BEFORE; fault <= FAKE_AFTER; fault++) {
            bool reached = true;
            unsigned n = 1;
            for (; reached; n++)
                crash_at(n, fault, prelude, &reached);
            assert_true(n > 12);
        }
    }
}

/* One lost answer, or one failed operation, is nothing that anybody need hear of. */
static void test_one_fault_is_settled(void **context)
{
    (void)context;
    for (enum prelude prelude = NOTHING; prelude < PRELUDES; prelude++) {
        for (enum fake_fault fault = FAKE_BEFORE; fault <= FAKE_AFTER; fault++) {
            bool reached = true;
            for (unsigned n = 1; reached; n++) {
                struct fake_store *store = fake_store_new();
                prepare(store, prelude);
                struct run run;
                run_init(&run, store);
                run.fake.fail_at = n;
                run.fake.fault = fault;
                run.fake.once = true;
                whole_run(&run);
                reached = run.fake.ops >= n;
                assert_true(run.outcome.closed);
                assert_int_equal(diags_errors(&run.diags), 0);
                run_end(&run);
                fake_store_free(store);
            }
        }
    }
}

/* --- overtaken in the middle ------------------------------------------------------------------ */

struct rival {
    struct fake_store *store;
    struct run run;
    const struct run *old;
    enum prelude prelude;
    bool whole; /* runs to its end; else it has just opened when the old one goes on */
    bool came, took_over;
    struct outcome old_then;
    int64_t serial;
};

/* Between two instructions of the old run: its lease ends, and all of this happens. */
static void rival_run(void *context)
{
    struct rival *rival = context;
    if (rival->came)
        return;
    rival->store->ms += 200000;
    run_init(&rival->run, rival->store);
    rival->old_then = rival->old->outcome;
    assert_true(open_run(&rival->run));
    rival->took_over = diags_has(&rival->run.diags, "LF412");
    rival->serial = session_state(rival->run.session)->known.serial;
    int64_t before = rival->prelude == NOTHING ? 0 : 1;
    struct outcome told = rival->old_then;
    /* An answer that is still under way does not count as told; one that was given does. */
    assert_found(rival->run.session, &told, before, rival->prelude);
    if (rival->whole) {
        assert_true(begin_run(&rival->run) && work(&rival->run));
        assert_int_equal(
            session_commit(rival->run.session, "clean", &rival->run.diags), SESSION_OK);
        session_close(rival->run.session, &rival->run.diags);
        rival->run.session = NULL;
    }
    rival->came = true;
}

static bool overtake_at(unsigned n, enum prelude prelude, bool whole)
{
    struct fake_store *store = fake_store_new();
    int64_t serial = prepare(store, prelude);
    struct run old;
    run_init(&old, store);
    struct rival rival = {.store = store, .old = &old, .prelude = prelude, .whole = whole};
    old.fake.hook_at = n;
    old.fake.hook = rival_run;
    old.fake.context = &rival;
    whole_run(&old);
    bool reached = rival.came;
    bool committed_before = reached && rival.serial > serial;
    if (reached && rival.took_over && !committed_before) {
        assert_int_equal(old.outcome.flushed, rival.old_then.flushed);
        assert_int_equal(old.outcome.begun, rival.old_then.begun);
        /* The end of the old run may still be written when the rival has written nothing; then
         * what the rival read is old, and it is the rival who can do nothing with it. */
        if (old.outcome.committed)
            assert_true(!whole && !begin_run(&rival.run));
        else
            assert_int_equal(old.outcome.fenced, 1);
        assert_fenced(&old);
    }
    if (reached && !whole && begin_run(&rival.run)) {
        assert_true(work(&rival.run));
        assert_int_equal(
            session_commit(rival.run.session, "clean", &rival.run.diags), SESSION_OK);
    }
    run_end(&old);
    if (reached)
        run_end(&rival.run);
    fake_store_free(store);
    return reached;
}

static void test_overtaken_at_every_operation(void **context)
{
    (void)context;
    for (enum prelude prelude = NOTHING; prelude < PRELUDES; prelude++) {
        unsigned n = 1;
        while (overtake_at(n, prelude, true) && overtake_at(n, prelude, false))
            n++;
        assert_true(n > 12);
    }
}

/* --- single promises -------------------------------------------------------------------------- */

struct fixture {
    struct fake_store *store;
    struct run a, b;
};

static int set_up(void **context)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->store = fake_store_new();
    run_init(&f->a, f->store);
    run_init(&f->b, f->store);
    *context = f;
    return 0;
}

static int tear_down(void **context)
{
    struct fixture *f = *context;
    run_end(&f->a);
    run_end(&f->b);
    fake_store_free(f->store);
    free(f);
    return 0;
}

static void count_waits(void *context, const struct lock_info *holder)
{
    assert_non_null(holder->id);
    assert_string_equal(holder->operation, "apply");
    ++*(unsigned *)context;
}

static void test_locked_and_waiting(void **context)
{
    struct fixture *f = *context;
    assert_true(open_run(&f->a));
    assert_int_equal(
        session_open(f->b.arena, &f->b.fake.backend, "prod", &options, &f->b.session, &f->b.diags),
        SESSION_LOCKED);
    assert_true(diags_has(&f->b.diags, "LF401"));
    unsigned waits = 0;
    struct session_options wait = options;
    wait.wait_ms = 30000;
    wait.waiting = count_waits;
    wait.context = &waits;
    int64_t begin = f->store->ms;
    assert_int_equal(
        session_open(f->b.arena, &f->b.fake.backend, "prod", &wait, &f->b.session, &f->b.diags),
        SESSION_LOCKED);
    assert_true(waits >= 3 && waits < 40);
    assert_true(f->store->ms - begin >= 30000 && f->store->ms - begin < 31000);
    /* Long enough, and the lease ends under the waiting. */
    wait.wait_ms = 600000;
    assert_int_equal(
        session_open(f->b.arena, &f->b.fake.backend, "prod", &wait, &f->b.session, &f->b.diags),
        SESSION_OK);
    assert_true(diags_has(&f->b.diags, "LF412"));
    assert_false(session_alive(f->a.session));
}

static void test_lease_is_renewed(void **context)
{
    struct fixture *f = *context;
    assert_true(open_run(&f->a));
    for (int i = 0; i < 20; i++) {
        f->store->ms += 40000;
        assert_true(session_alive(f->a.session));
    }
    assert_false(open_run(&f->b));
    /* A store that does not answer: alive until shortly before the lease ends. */
    f->a.fake.dead = true;
    f->store->ms += 40000;
    assert_true(session_alive(f->a.session));
    f->store->ms += 40000;
    assert_false(session_alive(f->a.session));
    /* It answers again before anybody took over. */
    f->a.fake.dead = false;
    f->a.fake.fault = FAKE_NONE;
    assert_true(session_alive(f->a.session));
}

/* Clocks may differ by hours: then whoever watches the record sees that it does not change. */
static void test_takeover_by_watching(void **context)
{
    struct fixture *f = *context;
    f->store->ms = INT64_C(86400000);
    assert_true(open_run(&f->a));
    f->store->ms = 0;
    struct session_options wait = options;
    wait.wait_ms = 100000;
    assert_int_equal(
        session_open(f->b.arena, &f->b.fake.backend, "prod", &wait, &f->b.session, &f->b.diags),
        SESSION_LOCKED);
    wait.wait_ms = 200000;
    assert_int_equal(
        session_open(f->b.arena, &f->b.fake.backend, "prod", &wait, &f->b.session, &f->b.diags),
        SESSION_OK);
}

static void test_break(void **context)
{
    struct fixture *f = *context;
    assert_true(open_run(&f->a) && begin_run(&f->a));
    struct lock_info info = lock_read(f->b.arena, &f->b.fake.backend, &f->b.diags);
    assert_true(info.held);
    assert_false(lock_break(f->b.arena, &f->b.fake.backend, "another", &f->b.diags));
    assert_true(diags_has(&f->b.diags, "LF411"));
    assert_true(lock_break(f->b.arena, &f->b.fake.backend, info.id, &f->b.diags));
    assert_false(lock_read(f->b.arena, &f->b.fake.backend, &f->b.diags).held);
    assert_true(lock_break(f->b.arena, &f->b.fake.backend, info.id, &f->b.diags));
    assert_true(diags_has(&f->b.diags, "LF419"));
    /* The old one is young by its own clock; the fence stops it all the same. */
    assert_true(open_run(&f->b));
    assert_true(begin_run(&f->b) && work(&f->b));
    assert_int_equal(session_commit(f->b.session, "clean", &f->b.diags), SESSION_OK);
    assert_fenced(&f->a);
}

static size_t count_names(const struct fake_store *store, const char *prefix)
{
    size_t count = 0;
    for (size_t i = 0; i < store->count; i++)
        count += strncmp(store->at[i].name, prefix, strlen(prefix)) == 0 ? 1 : 0;
    return count;
}

static void test_what_stays_behind(void **context)
{
    struct fixture *f = *context;
    for (int i = 0; i < 30; i++) {
        struct run run;
        run_init(&run, f->store);
        whole_run(&run);
        assert_true(run.outcome.closed);
        run_end(&run);
    }
    assert_int_equal(count_names(f->store, "journal/"), 0);
    assert_int_equal(count_names(f->store, "history/"), HISTORY_KEPT);
    assert_non_null(fake_find(f->store, "state.json"));
    /* A fence stays for as long as an old holder may come back, and no longer. */
    prepare(f->store, DEAD_RUN);
    whole_run(&f->a);
    assert_true(f->a.outcome.closed);
    assert_int_equal(count_names(f->store, "journal/"), 1);
    f->store->ms += (INT64_C(1000) * JOURNAL_FENCE_S);
    whole_run(&f->b);
    assert_true(f->b.outcome.closed);
    assert_int_equal(count_names(f->store, "journal/"), 0);
}

static void test_a_flush_writes_only_the_new(void **context)
{
    struct fixture *f = *context;
    assert_true(open_run(&f->a) && begin_run(&f->a));
    for (int i = 0; i < 200; i++)
        intend(&f->a, "team/long-enough-to-be-seen-in-the-size");
    assert_true(session_dirty(f->a.session));
    assert_true(flush_run(&f->a));
    assert_false(session_dirty(f->a.session));
    unsigned ops = f->a.fake.ops;
    int64_t n = intend(&f->a, "team/x");
    assert_int_equal(n, 201);
    assert_true(flush_run(&f->a));
    assert_int_equal(f->a.fake.ops, ops + 1);
    const struct fake_object *part = fake_find(f->store, "journal/00000000-000002.json");
    assert_non_null(part);
    assert_true(part->length < 700);
    assert_true(flush_run(&f->a));
    assert_int_equal(f->a.fake.ops, ops + 1);
}

static void set_serial_back(struct fake_store *store, const char *history)
{
    struct fake_object *old = fake_find(store, history), *state = fake_find(store, "state.json");
    assert_true(old != NULL && state != NULL);
    free(state->bytes);
    state->bytes = malloc(old->length + 1);
    memcpy(state->bytes, old->bytes, old->length);
    state->length = old->length;
    state->version = ++store->version;
}

static const char *find_history(const struct fake_store *store, const char *prefix)
{
    for (size_t i = 0; i < store->count; i++) {
        if (strncmp(store->at[i].name, prefix, strlen(prefix)) == 0)
            return store->at[i].name;
    }
    return NULL;
}

static enum session_result open_repair(struct run *run)
{
    struct session_options repair = options;
    repair.operation = "state push";
    repair.repair = true;
    return session_open(
        run->arena, &run->fake.backend, "prod", &repair, &run->session, &run->diags);
}

static void test_rolled_back_state(void **context)
{
    struct fixture *f = *context;
    for (int i = 0; i < 3; i++)
        prepare(f->store, ONE_RUN);
    set_serial_back(f->store, find_history(f->store, "history/00000001-"));
    assert_false(open_run(&f->a));
    assert_true(diags_has(&f->a.diags, "LF413"));
    assert_int_equal(open_repair(&f->b), SESSION_OK);
    assert_int_equal(session_state(f->b.session)->known.serial, 1);
    assert_int_equal(session_commit(f->b.session, "clean", &f->b.diags), SESSION_OK);
    assert_int_equal(session_state(f->b.session)->known.serial, 4);
}

static void test_missing_state(void **context)
{
    struct fixture *f = *context;
    prepare(f->store, DEAD_RUN);
    fake_erase(f->store, fake_find(f->store, "state.json"));
    assert_false(open_run(&f->a));
    assert_true(diags_has(&f->a.diags, "LF414"));
    assert_int_equal(open_repair(&f->b), SESSION_OK);
    assert_int_equal(session_commit(f->b.session, "clean", &f->b.diags), SESSION_OK);
    assert_int_equal(session_state(f->b.session)->known.serial, 2);
}

static void test_begin_anew(void **context)
{
    struct fixture *f = *context;
    prepare(f->store, DEAD_RUN);
    fake_erase(f->store, fake_find(f->store, "state.json"));
    fake_erase(f->store, fake_find(f->store, "lock.json"));
    /* What is left of the old journal is of another lineage. */
    assert_true(open_run(&f->a));
    assert_false(session_state(f->a.session)->known.exists);
    assert_int_equal(session_resume(f->a.session)->list.count, 0);
    assert_true(begin_run(&f->a) && work(&f->a));
    assert_int_equal(session_commit(f->a.session, "clean", &f->a.diags), SESSION_OK);
    assert_true(begin_run(&f->a));
    f->a.fake.dead = true;
    f->store->ms += 200000;
    assert_true(open_run(&f->b));
    assert_int_equal(session_resume(f->b.session)->list.count, 0);
}

static void test_other_lineage(void **context)
{
    struct fixture *f = *context;
    prepare(f->store, ONE_RUN);
    struct fake_object *state = fake_find(f->store, "state.json");
    struct state *other = state_new(f->a.arena, "prod");
    other->known.serial = 9;
    other->write_id = "w";
    struct buf text = BUF_INIT(0);
    state_encode(other, &text);
    free(state->bytes);
    state->length = text.len;
    state->bytes = buf_take(&text);
    assert_false(open_run(&f->a));
    assert_true(diags_has(&f->a.diags, "LF405"));
    assert_int_equal(open_repair(&f->b), SESSION_OK);
    assert_int_equal(session_commit(f->b.session, "clean", &f->b.diags), SESSION_OK);
    assert_int_equal(session_state(f->b.session)->known.serial, 10);
    session_close(f->b.session, &f->b.diags);
    f->b.session = NULL;
    assert_true(open_run(&f->a));
}

static void test_damage(void **context)
{
    struct fixture *f = *context;
    prepare(f->store, DEAD_RUN);
    struct fake_object *part = fake_find(f->store, "journal/00000001-000001.json");
    assert_non_null(part);
    char *team = strstr(part->bytes, "team/old");
    assert_non_null(team);
    *team = 'T';
    assert_false(open_run(&f->a));
    assert_true(diags_has(&f->a.diags, "LF415"));
    struct fake_object *state = fake_find(f->store, "state.json");
    state->length -= 10;
    assert_false(open_run(&f->a));
    assert_true(diags_has(&f->a.diags, "LF402"));
    struct fake_object *lock = fake_find(f->store, "lock.json");
    lock->bytes[0] = '[';
    assert_false(open_run(&f->a));
    assert_true(diags_has(&f->a.diags, "LF416"));
    fake_erase(f->store, lock);
    assert_int_equal(open_repair(&f->b), SESSION_OK);
    assert_int_equal(session_commit(f->b.session, "interrupted", &f->b.diags), SESSION_OK);
    assert_int_equal(session_state(f->b.session)->known.serial, 2);
    session_close(f->b.session, &f->b.diags);
    f->b.session = NULL;
    assert_true(open_run(&f->a));
    assert_string_equal(session_state(f->a.session)->status, "interrupted");
}

static void test_last_clean(void **context)
{
    struct fixture *f = *context;
    struct node *run = node_map(f->a.arena);
    node_set_string(f->a.arena, run, "fingerprint", "7f3a-91c2-04be-d1e7");
    assert_true(open_run(&f->a));
    assert_int_equal(session_begin(f->a.session, run, &f->a.diags), SESSION_OK);
    const struct state *state = session_state(f->a.session);
    assert_string_equal(node_get_text(state->run, "operation"), "apply");
    assert_int_equal(session_commit(f->a.session, "clean", &f->a.diags), SESSION_OK);
    assert_int_equal(node_get_int(state->last_clean, "serial", 0), 1);
    assert_string_equal(node_get_text(state->last_clean, "fingerprint"), "7f3a-91c2-04be-d1e7");
    assert_null(state->run);
    assert_true(begin_run(&f->a));
    assert_int_equal(session_commit(f->a.session, "clean", &f->a.diags), SESSION_OK);
    assert_int_equal(node_get_int(state->last_clean, "serial", 0), 1);
    assert_int_equal(state->known.serial, 2);
}

static void test_reading_without_a_lock(void **context)
{
    struct fixture *f = *context;
    struct state *state = state_read(f->b.arena, &f->b.fake.backend, "prod", &f->b.diags);
    assert_false(state->known.exists);
    prepare(f->store, DEAD_RUN);
    state = state_read(f->b.arena, &f->b.fake.backend, "prod", &f->b.diags);
    assert_true(state->known.exists);
    assert_string_equal(state->status, "applying");
    assert_non_null(state->etag);
    f->b.fake.dead = true;
    assert_null(state_read(f->b.arena, &f->b.fake.backend, "prod", &f->b.diags));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_death_at_every_operation),
        cmocka_unit_test(test_one_fault_is_settled),
        cmocka_unit_test(test_overtaken_at_every_operation),
        cmocka_unit_test_setup_teardown(test_locked_and_waiting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lease_is_renewed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_takeover_by_watching, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_break, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_stays_behind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_flush_writes_only_the_new, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rolled_back_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_begin_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_lineage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_last_clean, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reading_without_a_lock, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
