#include "unit/state_run.h"

#include <semaphore.h>

/* The journal written beside its run: what is noted meanwhile, and what becomes of what went wrong. */

struct fixture {
    struct fake_store *store;
    struct run run, next;
    sem_t reached, go; /* the write has begun; it may go on */
    unsigned before, landed, ops_before;
};

static int set_up(void **context)
{
    struct fixture *f = calloc(1, sizeof(*f));
    threaded = true;
    f->store = fake_store_new();
    run_init(&f->run, f->store);
    run_init(&f->next, f->store);
    sem_init(&f->reached, 0, 0);
    sem_init(&f->go, 0, 0);
    *context = f;
    return 0;
}

static int tear_down(void **context)
{
    struct fixture *f = *context;
    run_end(&f->run);
    run_end(&f->next);
    fake_store_free(f->store);
    sem_destroy(&f->reached);
    sem_destroy(&f->go);
    free(f);
    empty_recovery();
    return 0;
}

/* In the thread of the flush. */
static void wait_here(void *context)
{
    struct fixture *f = context;
    sem_post(&f->reached);
    sem_wait(&f->go);
}

static void hold_next_operation(struct fixture *f)
{
    f->run.fake.hook = wait_here;
    f->run.fake.context = f;
    f->run.fake.hook_at = f->run.fake.ops + 1;
}

static enum session_result begin_flush(struct run *run)
{
    return session_flush_begin(run->session, NULL, &run->diags);
}

static enum session_result end_flush(struct run *run)
{
    return session_flush_end(run->session, &run->diags);
}

static size_t parts(struct fixture *f)
{
    struct journal_refs refs = {0};
    assert_true(journal_list(&f->next.fake.backend, f->next.arena, -1, &refs, &f->next.diags));
    return refs.list.count;
}

static const struct journal_entries *resume(struct fixture *f)
{
    f->run.fake.dead = true;
    f->store->ms += 200000;
    assert_true(open_run(&f->next));
    return session_resume(f->next.session);
}

static void test_the_run_goes_on(void **context)
{
    struct fixture *f = *context;
    bool landed = true;
    assert_true(open_run(&f->run) && begin_run(&f->run));
    assert_int_equal(end_flush(&f->run), SESSION_OK);
    int64_t a = intend(&f->run, "team/a");
    hold_next_operation(f);
    assert_int_equal(begin_flush(&f->run), SESSION_OK);
    sem_wait(&f->reached);
    /* The store has not answered yet, and the run notes more. */
    assert_true(session_flushing(f->run.session, &landed));
    assert_false(landed);
    assert_true(session_dirty(f->run.session));
    assert_true(session_alive(f->run.session));
    session_outcome(f->run.session, a, "done");
    intend(&f->run, "team/b");
    assert_int_equal(parts(f), 0);
    sem_post(&f->go);
    assert_int_equal(end_flush(&f->run), SESSION_OK);
    assert_false(session_flushing(f->run.session, NULL));
    assert_int_equal(parts(f), 1);
    assert_true(session_dirty(f->run.session));
    assert_int_equal(begin_flush(&f->run), SESSION_OK);
    assert_int_equal(end_flush(&f->run), SESSION_OK);
    assert_false(session_dirty(f->run.session));
    assert_int_equal(parts(f), 2);
    const struct journal_entries *entries = resume(f);
    assert_int_equal(entries->list.count, 2);
    assert_string_equal(entries->list.at[0].address, "team/a");
    assert_string_equal(entries->list.at[0].result, "done");
    assert_string_equal(entries->list.at[1].address, "team/b");
    assert_null(entries->list.at[1].result);
}

static void count_before(void *context)
{
    struct fixture *f = context;
    f->before++;
    f->ops_before = f->run.fake.ops;
}

static void count_landed(void *context)
{
    struct fixture *f = context;
    f->landed++;
    sem_post(&f->reached);
}

static void test_what_is_done_along(void **context)
{
    struct fixture *f = *context;
    struct session_beside beside = {.context = f, .before = count_before, .landed = count_landed};
    assert_true(open_run(&f->run) && begin_run(&f->run));
    intend(&f->run, "team/a");
    unsigned ops = f->run.fake.ops;
    bool landed = false;
    assert_int_equal(session_flush_begin(f->run.session, &beside, &f->run.diags), SESSION_OK);
    sem_wait(&f->reached);
    assert_true(session_flushing(f->run.session, &landed) && landed);
    assert_int_equal(end_flush(&f->run), SESSION_OK);
    assert_int_equal(f->before, 1);
    assert_int_equal(f->landed, 1);
    assert_int_equal(f->ops_before, ops);
    assert_int_equal(f->run.fake.ops, ops + 1);
}

/* A store that answers again: the part that may be there goes first, and nothing is lost. */
static void test_a_flush_that_failed(void **context)
{
    struct fixture *f = *context;
    for (enum fake_fault fault = FAKE_BEFORE; fault <= FAKE_AFTER; fault++) {
        struct run run;
        run_init(&run, f->store);
        assert_true(open_run(&run) && begin_run(&run));
        int64_t a = intend(&run, "team/a");
        run.fake.fault = fault;
        run.fake.fail_at = run.fake.ops + 1;
        assert_int_equal(begin_flush(&run), SESSION_OK);
        session_outcome(run.session, a, "done");
        intend(&run, "team/b");
        assert_int_equal(end_flush(&run), SESSION_FAILED);
        assert_true(diags_has(&run.diags, "LF407"));
        assert_true(session_dirty(run.session));
        run.fake.dead = false;
        run.fake.fault = FAKE_NONE;
        assert_int_equal(begin_flush(&run), SESSION_OK);
        assert_int_equal(end_flush(&run), SESSION_OK);
        assert_false(session_dirty(run.session));
        run.fake.dead = true;
        f->store->ms += 200000;
        struct run next;
        run_init(&next, f->store);
        assert_true(open_run(&next));
        assert_result(session_resume(next.session), "team/a", "done");
        assert_result(session_resume(next.session), "team/b", NULL);
        assert_int_equal(session_resume(next.session)->list.count, 2);
        assert_true(begin_run(&next));
        assert_int_equal(session_commit(next.session, "clean", &next.diags), SESSION_OK);
        run_end(&next);
        run_end(&run);
    }
}

static void take_over(void *context)
{
    struct fixture *f = context;
    f->store->ms += 200000;
    f->next.outcome.opened = open_run(&f->next);
}

static void test_overtaken_in_flight(void **context)
{
    struct fixture *f = *context;
    assert_true(open_run(&f->run) && begin_run(&f->run));
    intend(&f->run, "team/a");
    f->run.fake.hook = take_over;
    f->run.fake.context = f;
    f->run.fake.hook_at = f->run.fake.ops + 1;
    assert_int_equal(begin_flush(&f->run), SESSION_OK);
    assert_int_equal(end_flush(&f->run), SESSION_FENCED);
    assert_true(f->next.outcome.opened);
    assert_int_equal(session_resume(f->next.session)->list.count, 0);
    assert_true(diags_has(&f->run.diags, "LF406"));
    assert_false(session_alive(f->run.session));
    assert_int_equal(begin_flush(&f->run), SESSION_FENCED);
    assert_int_equal(session_commit(f->run.session, "clean", &f->run.diags), SESSION_FENCED);
}

/* Whoever ends the session waits for what is under way. */
static void test_ends_with_a_flush_under_way(void **context)
{
    struct fixture *f = *context;
    assert_true(open_run(&f->run) && begin_run(&f->run));
    intend(&f->run, "team/a");
    assert_int_equal(begin_flush(&f->run), SESSION_OK);
    assert_int_equal(session_commit(f->run.session, "clean", &f->run.diags), SESSION_OK);
    assert_int_equal(parts(f), 0);
    assert_true(begin_run(&f->run));
    intend(&f->run, "team/b");
    assert_int_equal(begin_flush(&f->run), SESSION_OK);
    session_close(f->run.session, &f->run.diags);
    f->run.session = NULL;
    assert_int_equal(diags_errors(&f->run.diags), 0);
    assert_true(open_run(&f->next));
    assert_int_equal(session_resume(f->next.session)->list.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_run_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_done_along, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_flush_that_failed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_overtaken_in_flight, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ends_with_a_flush_under_way, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, make_recovery, remove_recovery);
}
