#include "unit/state_run.h"

/*
 * One run that dies, or is overtaken, at every single operation on the store; then the next run.
 * Nothing that was flushed may be lost, and the first may write nothing once there is a second.
 */

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
    bool whole;   /* runs to its end; else it has just opened when the old one goes on */
    bool by_hand; /* the lock is ended by hand: the old one still believes in its lease */
    char lock_before[64];
    bool came, took_over; /* from the old run, not from one before */
    struct outcome old_then;
    int64_t serial;
};

/* Between two instructions of the old run: its lease ends, and all of this happens. */
static void rival_run(void *context)
{
    struct rival *rival = context;
    if (rival->came)
        return;
    run_init(&rival->run, rival->store);
    rival->old_then = rival->old->outcome;
    struct lock_info now = lock_read(rival->run.arena, &rival->run.fake.backend, &rival->run.diags);
    rival->took_over = now.held && strcmp(now.id, rival->lock_before) != 0;
    if (!rival->by_hand)
        rival->store->ms += 200000;
    else if (now.held)
        assert_true(
            lock_break(rival->run.arena, &rival->run.fake.backend, now.id, &rival->run.diags));
    assert_true(open_run(&rival->run));
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

/* What the old run was told after the rival came. */
static void assert_overtaken(struct run *old, struct rival *rival)
{
    bool went_on = old->outcome.begun != rival->old_then.begun ||
                   old->outcome.flushed != rival->old_then.flushed || old->outcome.committed;
    if (rival->whole)
        assert_false(went_on);
    /* While the rival has written nothing the old run may get a write of the state through. Then
     * what the rival read is old, and it is the rival who can do nothing. */
    if (went_on)
        assert_false(begin_run(&rival->run));
    else
        assert_int_equal(old->outcome.fenced, 1);
    if (!rival->by_hand && !old->outcome.committed)
        assert_false(went_on);
    if (!went_on)
        assert_fenced(old);
}

static bool overtake_at(unsigned n, enum prelude prelude, bool whole, bool by_hand)
{
    struct fake_store *store = fake_store_new();
    int64_t serial = prepare(store, prelude);
    struct run old;
    run_init(&old, store);
    struct rival rival = {
        .store = store, .old = &old, .prelude = prelude, .whole = whole, .by_hand = by_hand};
    struct lock_info before = lock_read(old.arena, &old.fake.backend, &old.diags);
    snprintf(rival.lock_before, sizeof(rival.lock_before), "%s", before.held ? before.id : "");
    old.fake.ops = 0;
    old.fake.hook_at = n;
    old.fake.hook = rival_run;
    old.fake.context = &rival;
    whole_run(&old);
    bool reached = rival.came;
    bool committed_before = reached && rival.serial > serial;
    if (reached && rival.took_over && !committed_before)
        assert_overtaken(&old, &rival);
    if (reached && !whole && begin_run(&rival.run)) {
        assert_true(work(&rival.run));
        assert_int_equal(session_commit(rival.run.session, "clean", &rival.run.diags), SESSION_OK);
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
        for (unsigned way = 0; way < 4; way++) {
            unsigned n = 1;
            while (overtake_at(n, prelude, (way & 1) != 0, (way & 2) != 0))
                n++;
            assert_true(n > 12);
        }
    }
}

static int in_a_thread(void **context)
{
    (void)context;
    threaded = true;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_death_at_every_operation),
        cmocka_unit_test(test_one_fault_is_settled),
        cmocka_unit_test(test_overtaken_at_every_operation),
        cmocka_unit_test_setup(test_death_at_every_operation, in_a_thread),
        cmocka_unit_test_setup(test_one_fault_is_settled, in_a_thread),
        cmocka_unit_test_setup(test_overtaken_at_every_operation, in_a_thread),
    };
    return cmocka_run_group_tests(tests, make_recovery, remove_recovery);
}
