#include "unit/state_run.h"

/* The promises of a session one by one, over a store in memory whose clock is ours. */

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
    /* Over a network it is looked through every eighth time. */
    assert_in_range(count_names(f->store, "history/"), HISTORY_KEPT, HISTORY_KEPT + 7);
    assert_non_null(fake_find(f->store, "state.json"));
    /* A fence stays for as long as an old holder may come back, and no longer. */
    prepare(f->store, DEAD_RUN);
    whole_run(&f->a);
    assert_true(f->a.outcome.closed);
    assert_int_equal(count_names(f->store, "journal/"), 1);
    f->store->ms += (INT64_C(1000) * JOURNAL_FENCE_S);
    /* Looked for in every sixteenth run. */
    for (int i = 0; i < 16; i++) {
        struct run run;
        run_init(&run, f->store);
        whole_run(&run);
        assert_true(run.outcome.closed);
        run_end(&run);
    }
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

static void test_recovery_file(void **context)
{
    struct fixture *f = *context;
    empty_recovery();
    assert_true(open_run(&f->a) && begin_run(&f->a) && work(&f->a));
    struct known_object object = {.address = "team/a", .kind = "team", .id = "id-of-it"};
    state_put(f->a.arena, session_state(f->a.session), &object);
    f->a.fake.dead = true;
    assert_int_equal(session_commit(f->a.session, "clean", &f->a.diags), SESSION_FAILED);
    assert_true(diags_has(&f->a.diags, "LF417"));
    const char *path = arena_printf(f->a.arena, "%s/prod-recovery-00000001.json", recovery);
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(file_read(f->a.arena, path, 100000, &bytes, &length), 0);
    struct state *saved = state_decode(f->a.arena, bytes, length, "prod", &f->a.diags);
    assert_non_null(saved);
    assert_non_null(map_get(&saved->known.objects, "team/a"));
    /* The lock is kept: nobody works with the old state before the lease ends. */
    f->a.fake.dead = false;
    session_close(f->a.session, &f->a.diags);
    f->a.session = NULL;
    assert_false(open_run(&f->b));
    assert_true(diags_has(&f->b.diags, "LF401"));
}

/* A failed commit may be tried again in the same session. */
static void test_commit_again(void **context)
{
    struct fixture *f = *context;
    assert_true(open_run(&f->a) && begin_run(&f->a) && work(&f->a));
    f->a.fake.dead = true;
    assert_int_equal(session_commit(f->a.session, "clean", &f->a.diags), SESSION_FAILED);
    assert_int_equal(session_state(f->a.session)->known.serial, 0);
    f->a.fake.dead = false;
    assert_int_equal(session_commit(f->a.session, "clean", &f->a.diags), SESSION_OK);
    assert_int_equal(session_state(f->a.session)->known.serial, 1);
}

/* A flush that failed may have been stored; the next one must not take it for somebody else's. */
static void test_flush_again(void **context)
{
    struct fixture *f = *context;
    assert_true(open_run(&f->a) && begin_run(&f->a));
    int64_t n = intend(&f->a, "team/a");
    f->a.fake.fault = FAKE_AFTER;
    f->a.fake.fail_at = f->a.fake.ops + 1;
    assert_int_equal(session_flush(f->a.session, &f->a.diags), SESSION_FAILED);
    f->a.fake.dead = false;
    session_outcome(f->a.session, n, "done");
    intend(&f->a, "team/b");
    assert_true(flush_run(&f->a));
    assert_non_null(fake_find(f->store, "journal/00000000-000002.json"));
    f->a.fake.dead = true;
    f->store->ms += 200000;
    assert_true(open_run(&f->b));
    const struct journal_entries *entries = session_resume(f->b.session);
    assert_int_equal(entries->list.count, 2);
    assert_result(entries, "team/a", "done");
    assert_null(entry_of(entries, "team/b")->result);
}

/* So many runs while the first is stopped, and so far apart, that the fence is gone as well. */
static void pass_weeks(void *context)
{
    struct fake_store *store = context;
    for (int i = 0; i < 17; i++) {
        struct run run;
        store->ms += INT64_C(1000) * JOURNAL_FENCE_S;
        run_init(&run, store);
        whole_run(&run);
        assert_true(run.outcome.closed);
        run_end(&run);
    }
    assert_int_equal(count_names(store, "journal/"), 0);
}

static void test_stopped_for_weeks(void **context)
{
    struct fixture *f = *context;
    assert_true(open_run(&f->a) && begin_run(&f->a));
    intend(&f->a, "team/late");
    f->a.fake.hook = pass_weeks;
    f->a.fake.context = f->store;
    f->a.fake.hook_at = f->a.fake.ops + 1;
    /* The write itself meets nothing; the lease that ended long ago does. */
    assert_int_equal(session_flush(f->a.session, &f->a.diags), SESSION_FENCED);
    assert_int_equal(count_names(f->store, "journal/"), 1);
    /* What it left is of a serial that is past. */
    assert_true(open_run(&f->b));
    assert_int_equal(session_resume(f->b.session)->list.count, 0);
    assert_fenced(&f->a);
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
        cmocka_unit_test_setup_teardown(test_recovery_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_commit_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flush_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stopped_for_weeks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reading_without_a_lock, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, make_recovery, remove_recovery);
}
