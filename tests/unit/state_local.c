#include "base/clock.h"
#include "base/file.h"
#include "state/state.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* The state in local files, between processes that race, die, and are stopped in the middle. */

static const struct session_options options = {.operation = "apply", .tool = "liteform test"};

struct fixture {
    struct arena *arena;
    struct diags diags;
    char folder[64]; /* of the test; the state's is below it */
    const char *state;
    struct backend *backend;
};

static int set_up(void **context)
{
    struct arena *arena = arena_new();
    struct fixture *f = ARENA_NEW(arena, struct fixture);
    f->arena = arena;
    f->diags = diags_init(arena);
    snprintf(f->folder, sizeof(f->folder), "/tmp/liteform-state-XXXXXX");
    if (mkdtemp(f->folder) == NULL)
        return -1;
    f->state = file_join(arena, f->folder, "state/prod");
    f->backend = backend_local_open(arena, f->state, &f->diags);
    *context = f;
    return f->backend == NULL ? -1 : 0;
}

static void remove_tree(struct arena *arena, const char *folder)
{
    struct strings names = {0};
    file_list(arena, folder, "", &names);
    for (size_t i = 0; i < names.count; i++) {
        const char *path = file_join(arena, folder, names.at[i]);
        if (file_is_folder(path))
            remove_tree(arena, path);
        else
            unlink(path);
    }
    rmdir(folder);
}

static int tear_down(void **context)
{
    struct fixture *f = *context;
    f->backend->ops->close(f->backend);
    remove_tree(f->arena, f->folder);
    arena_free(f->arena);
    return 0;
}

static enum session_result open_session(struct fixture *f, int64_t wait_ms, struct session **ret)
{
    struct session_options waiting = options;
    waiting.wait_ms = wait_ms;
    return session_open(f->arena, f->backend, "prod", &waiting, ret, &f->diags);
}

static void intend(struct session *session, const char *address)
{
    struct journal_entry entry = {.address = address, .kind = "team", .action = "create"};
    session_intend(session, &entry);
}

static void test_objects(void **context)
{
    struct fixture *f = *context;
    const struct backend_ops *ops = f->backend->ops;
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL, *other = NULL;
    struct strings names = {0};
    assert_int_equal(ops->read(f->backend, f->arena, "a.json", &bytes, &length, &etag, &f->diags),
        BACKEND_ABSENT);
    assert_int_equal(ops->list(f->backend, f->arena, "journal/", &names, &f->diags), BACKEND_OK);
    assert_int_equal(names.count, 0);
    assert_false(file_exists(f->state));
    assert_int_equal(
        ops->write(f->backend, f->arena, "a.json", "one", 3, "nonsense", &etag, &f->diags),
        BACKEND_CONFLICT);
    assert_int_equal(ops->write(f->backend, f->arena, "a.json", "one", 3, BACKEND_MUST_NOT_EXIST,
                         &etag, &f->diags),
        BACKEND_OK);
    assert_int_equal(ops->write(f->backend, f->arena, "a.json", "two", 3, BACKEND_MUST_NOT_EXIST,
                         &other, &f->diags),
        BACKEND_CONFLICT);
    assert_int_equal(
        ops->write(f->backend, f->arena, "a.json", "two", 3, etag, &other, &f->diags), BACKEND_OK);
    assert_string_not_equal(etag, other);
    assert_int_equal(
        ops->write(f->backend, f->arena, "a.json", "three", 5, etag, &other, &f->diags),
        BACKEND_CONFLICT);
    assert_int_equal(
        ops->read(f->backend, f->arena, "a.json", &bytes, &length, &etag, &f->diags), BACKEND_OK);
    assert_string_equal(bytes, "two");
    assert_string_equal(etag, other);
    static const char *const made[] = {"journal/2-1", "journal/1-2", "journal/1-1", "history/1-x"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            ops->write(f->backend, f->arena, made[i], "x", 1, NULL, &etag, &f->diags), BACKEND_OK);
    assert_int_equal(ops->list(f->backend, f->arena, "journal/1-", &names, &f->diags), BACKEND_OK);
    assert_int_equal(names.count, 2);
    assert_string_equal(names.at[0], "journal/1-1");
    assert_int_equal(ops->remove(f->backend, "journal/1-1", &f->diags), BACKEND_OK);
    assert_int_equal(ops->remove(f->backend, "journal/1-1", &f->diags), BACKEND_ABSENT);
    struct strings gone = {0};
    strings_add(f->arena, &gone, "journal/1-1");
    strings_add(f->arena, &gone, "journal/1-2");
    strings_add(f->arena, &gone, "journal/2-1");
    assert_int_equal(ops->remove_many(f->backend, &gone, &f->diags), BACKEND_OK);
    assert_int_equal(ops->list(f->backend, f->arena, "journal/", &names, &f->diags), BACKEND_OK);
    assert_int_equal(names.count, 0);
    assert_int_equal(diags_errors(&f->diags), 0);
    struct stat st;
    assert_int_equal(stat(file_join(f->arena, f->state, "a.json"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(f->state, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

#define BOTH_WRITE 50

struct writer {
    struct backend *backend;
    struct arena *arena;
    struct diags diags;
    unsigned wrote, met;
};

/* All names in a row; somebody else does the same. */
static void *write_all(void *context)
{
    struct writer *writer = context;
    for (int i = 0; i < BOTH_WRITE; i++) {
        const char *etag = NULL, *name = arena_printf(writer->arena, "journal/%d", i);
        enum backend_result result = writer->backend->ops->write(writer->backend, writer->arena,
            name, "x", 1, BACKEND_MUST_NOT_EXIST, &etag, &writer->diags);
        writer->wrote += result == BACKEND_OK ? 1 : 0;
        writer->met += result == BACKEND_CONFLICT ? 1 : 0;
    }
    return NULL;
}

static void test_two_handles(void **context)
{
    struct fixture *f = *context;
    struct writer writers[2];
    for (int i = 0; i < 2; i++) {
        struct arena *arena = arena_new();
        writers[i] =
            (struct writer){.backend = f->backend, .arena = arena, .diags = diags_init(arena)};
    }
    writers[1].backend = f->backend->ops->again(f->backend, f->arena, &f->diags);
    assert_non_null(writers[1].backend);
    assert_true(f->backend->ops->hold(f->backend, &f->diags));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_all, &writers[1]), 0);
    write_all(&writers[0]);
    pthread_join(thread, NULL);
    /* Each name went to one of them, and ending one handle does not end the lock of the other. */
    assert_int_equal(writers[0].wrote + writers[1].wrote, BOTH_WRITE);
    assert_int_equal(writers[0].met + writers[1].met, BOTH_WRITE);
    writers[1].backend->ops->close(writers[1].backend);
    struct backend *other = backend_local_open(f->arena, f->state, &f->diags);
    assert_true(other->ops->held(other));
    for (int i = 0; i < 2; i++)
        arena_free(writers[i].arena);
}

static void test_what_cannot_be(void **context)
{
    struct fixture *f = *context;
    const char *file = file_join(f->arena, f->folder, "file");
    assert_int_equal(file_write_new(file, "x", 1, 0600), 0);
    assert_null(backend_local_open(f->arena, file, &f->diags));
    assert_true(diags_has(&f->diags, "LF407"));
    struct diags diags = diags_init(f->arena);
    struct backend *below =
        backend_local_open(f->arena, file_join(f->arena, file, "state"), &diags);
    struct session *session = NULL;
    assert_int_equal(
        session_open(f->arena, below, "prod", &options, &session, &diags), SESSION_FAILED);
    assert_true(diags_has(&diags, "LF407"));
}

/* --- processes -------------------------------------------------------------------------------- */

/* Runs `body` in a child, which tells by its exit code whether all was as it should be. */
static pid_t child_of(struct fixture *f, bool (*body)(struct fixture *f, int number), int number)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(body(f, number) ? 0 : 1);
    return pid;
}

static void assert_good(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

enum { RACERS = 4, ROUNDS = 6 };

static bool race(struct fixture *f, int number)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct session *session = NULL;
        if (open_session(f, 60000, &session) != SESSION_OK ||
            session_begin(session, NULL, &f->diags) != SESSION_OK)
            return false;
        intend(session, "team/x");
        struct known_object object = {
            .address = arena_printf(f->arena, "team/%d-%d", number, i), .kind = "team"};
        state_put(f->arena, session_state(session), &object);
        if (session_flush(session, &f->diags) != SESSION_OK ||
            session_commit(session, "clean", &f->diags) != SESSION_OK)
            return false;
        session_close(session, &f->diags);
    }
    return true;
}

static void test_race(void **context)
{
    struct fixture *f = *context;
    pid_t pids[RACERS];
    for (int i = 0; i < RACERS; i++)
        pids[i] = child_of(f, race, i);
    for (int i = 0; i < RACERS; i++)
        assert_good(pids[i]);
    struct state *state = state_read(f->arena, f->backend, "prod", &f->diags);
    assert_non_null(state);
    assert_int_equal(state->known.serial, RACERS * ROUNDS);
    assert_int_equal(state->epoch, RACERS * ROUNDS);
    assert_int_equal(state->known.objects.count, RACERS * ROUNDS);
    assert_string_equal(state->status, "clean");
}

static void wait_for(const char *path)
{
    int64_t end = clock_ms() + 30000;
    while (!file_exists(path) && clock_ms() < end)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    assert_true(file_exists(path));
}

static bool hold_for_ever(struct fixture *f, int number)
{
    (void)number;
    struct session *session = NULL;
    if (open_session(f, 0, &session) != SESSION_OK ||
        session_begin(session, NULL, &f->diags) != SESSION_OK)
        return false;
    intend(session, "team/open");
    if (session_flush(session, &f->diags) != SESSION_OK)
        return false;
    file_write_new(file_join(f->arena, f->folder, "holding"), "", 0, 0600);
    for (;;)
        pause();
}

static void count_waits(void *context, const struct lock_info *holder)
{
    assert_string_equal(holder->operation, "apply");
    ++*(unsigned *)context;
}

static void test_killed_holder(void **context)
{
    struct fixture *f = *context;
    pid_t pid = child_of(f, hold_for_ever, 0);
    wait_for(file_join(f->arena, f->folder, "holding"));

    struct session *session = NULL;
    assert_int_equal(open_session(f, 0, &session), SESSION_LOCKED);
    assert_true(diags_has(&f->diags, "LF401"));
    struct lock_info info = lock_read(f->arena, f->backend, &f->diags);
    assert_true(info.held);
    assert_int_equal(info.pid, pid);
    assert_false(lock_break(f->arena, f->backend, info.id, &f->diags));
    assert_true(diags_has(&f->diags, "LF418"));
    unsigned waits = 0;
    struct session_options waiting = options;
    waiting.wait_ms = 500;
    waiting.waiting = count_waits;
    waiting.context = &waits;
    assert_int_equal(
        session_open(f->arena, f->backend, "prod", &waiting, &session, &f->diags), SESSION_LOCKED);
    assert_true(waits >= 1 && waits <= 4);

    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_false(lock_read(f->arena, f->backend, &f->diags).held);
    assert_int_equal(open_session(f, 0, &session), SESSION_OK);
    assert_true(diags_has(&f->diags, "LF412"));
    assert_true(diags_has(&f->diags, "LF410"));
    const struct journal_entries *entries = session_resume(session);
    assert_int_equal(entries->list.count, 1);
    assert_string_equal(entries->list.at[0].address, "team/open");
    assert_null(entries->list.at[0].result);
    assert_int_equal(session_begin(session, NULL, &f->diags), SESSION_OK);
    assert_int_equal(session_commit(session, "clean", &f->diags), SESSION_OK);
    session_close(session, &f->diags);
    assert_false(lock_read(f->arena, f->backend, &f->diags).held);
}

/* Looking whether somebody has the lock must never keep anybody from getting it. */
static bool look_for_ever(struct fixture *f, int number)
{
    while (number >= 0)
        f->backend->ops->held(f->backend);
    return true;
}

static void test_looking_is_harmless(void **context)
{
    struct fixture *f = *context;
    struct session *session = NULL;
    pid_t pid = child_of(f, look_for_ever, 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(open_session(f, 5000, &session), SESSION_OK);
        session_close(session, &f->diags);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void test_sweeping(void **context)
{
    struct fixture *f = *context;
    const char *folder = file_join(f->arena, f->state, "journal");
    assert_int_equal(file_make_folders(folder, 0700), 0);
    const char *half = file_join(f->arena, folder, ".00000001-000001.json.0123456789ab.tmp");
    assert_int_equal(file_write_new(half, "{", 1, 0600), 0);
    struct session *session = NULL;
    assert_int_equal(open_session(f, 0, &session), SESSION_OK);
    assert_false(file_exists(half));
    session_close(session, &f->diags);
}

/* --- leases over local files ------------------------------------------------------------------ */

/* The files without their lock: what an object store offers, but shared between processes. */
struct leased {
    struct backend backend;
    struct backend *files;
    struct backend_ops ops;
    const struct fixture *fixture;
    unsigned writes, stop_at; /* the write before which the process stops itself */
};

static const char *leased_show(const struct backend *backend)
{
    const struct leased *leased = (const struct leased *)backend;
    return leased->files->ops->show(leased->files);
}

static enum backend_result leased_read(struct backend *backend, struct arena *arena,
    const char *name, char **ret_bytes, size_t *ret_length, const char **ret_etag,
    struct diags *diags)
{
    struct leased *leased = (struct leased *)backend;
    return leased->files->ops->read(
        leased->files, arena, name, ret_bytes, ret_length, ret_etag, diags);
}

static enum backend_result leased_write(struct backend *backend, struct arena *arena,
    const char *name, const void *bytes, size_t length, const char *expect, const char **ret_etag,
    struct diags *diags)
{
    struct leased *leased = (struct leased *)backend;
    if (++leased->writes == leased->stop_at)
        raise(SIGSTOP);
    return leased->files->ops->write(
        leased->files, arena, name, bytes, length, expect, ret_etag, diags);
}

static enum backend_result leased_list(struct backend *backend, struct arena *arena,
    const char *prefix, struct strings *ret_names, struct diags *diags)
{
    struct leased *leased = (struct leased *)backend;
    return leased->files->ops->list(leased->files, arena, prefix, ret_names, diags);
}

static enum backend_result leased_remove(
    struct backend *backend, const char *name, struct diags *diags)
{
    struct leased *leased = (struct leased *)backend;
    return leased->files->ops->remove(leased->files, name, diags);
}

static void leased_close(struct backend *backend)
{
    (void)backend;
}

static struct backend *leased_again(
    struct backend *backend, struct arena *arena, struct diags *diags);

static struct leased *leased_open(const struct fixture *f, struct arena *arena, int64_t ttl)
{
    struct diags ignored = diags_init(arena);
    struct leased *leased = ARENA_NEW(arena, struct leased);
    leased->files = backend_local_open(arena, f->state, &ignored);
    leased->fixture = f;
    leased->ops = (struct backend_ops){.show = leased_show,
        .read = leased_read,
        .write = leased_write,
        .list = leased_list,
        .remove = leased_remove,
        .again = leased_again,
        .close = leased_close};
    leased->backend = (struct backend){.ops = &leased->ops, .leased = true, .ttl_seconds = ttl};
    return leased;
}

static struct backend *leased_again(
    struct backend *backend, struct arena *arena, struct diags *diags)
{
    (void)diags;
    struct leased *leased = (struct leased *)backend;
    return &leased_open(leased->fixture, arena, backend->ttl_seconds)->backend;
}

static void nap(int64_t ms)
{
    nanosleep(
        &(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}, NULL);
}

static void test_renewing_thread(void **context)
{
    struct fixture *f = *context;
    struct leased *a = leased_open(f, f->arena, 3), *b = leased_open(f, f->arena, 3);
    struct session *session = NULL, *other = NULL;
    assert_int_equal(
        session_open(f->arena, &a->backend, "prod", &options, &session, &f->diags), SESSION_OK);
    nap(4500);
    assert_true(session_alive(session));
    assert_int_equal(
        session_open(f->arena, &b->backend, "prod", &options, &other, &f->diags), SESSION_LOCKED);
    assert_int_equal(session_begin(session, NULL, &f->diags), SESSION_OK);
    /* The record is gone: the next renewal finds out, and nothing more is started. */
    assert_int_equal(b->files->ops->remove(b->files, "lock.json", &f->diags), BACKEND_OK);
    nap(1800);
    assert_false(session_alive(session));
    intend(session, "team/late");
    assert_int_equal(session_flush(session, &f->diags), SESSION_FENCED);
    session_close(session, &f->diags);
}

/* Stops itself after it has looked at its lease and before the write reaches the store. */
static bool stop_in_the_middle(struct fixture *f, int number)
{
    (void)number;
    struct leased *leased = leased_open(f, f->arena, 1);
    leased->ops.again = NULL; /* else the thread would count writes as well */
    struct session *session = NULL;
    if (session_open(f->arena, &leased->backend, "prod", &options, &session, &f->diags) !=
            SESSION_OK ||
        session_begin(session, NULL, &f->diags) != SESSION_OK)
        return false;
    intend(session, "team/first");
    if (session_flush(session, &f->diags) != SESSION_OK)
        return false;
    intend(session, "team/second");
    leased->stop_at = leased->writes + 1;
    return session_flush(session, &f->diags) == SESSION_FENCED && !session_alive(session) &&
           diags_has(&f->diags, "LF406");
}

static void test_stopped_holder(void **context)
{
    struct fixture *f = *context;
    for (int whole = 0; whole < 2; whole++) {
        pid_t pid = child_of(f, stop_in_the_middle, 0);
        int status = 0;
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
        assert_true(WIFSTOPPED(status));
        struct leased *leased = leased_open(f, f->arena, 3);
        struct session_options waiting = options;
        waiting.wait_ms = 20000;
        struct session *session = NULL;
        assert_int_equal(
            session_open(f->arena, &leased->backend, "prod", &waiting, &session, &f->diags),
            SESSION_OK);
        assert_int_equal(session_resume(session)->list.count, 1);
        if (whole != 0) {
            assert_int_equal(session_begin(session, NULL, &f->diags), SESSION_OK);
            assert_int_equal(session_commit(session, "clean", &f->diags), SESSION_OK);
        }
        kill(pid, SIGCONT);
        assert_good(pid);
        if (whole == 0) {
            assert_int_equal(session_begin(session, NULL, &f->diags), SESSION_OK);
            assert_int_equal(session_commit(session, "clean", &f->diags), SESSION_OK);
        }
        session_close(session, &f->diags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_objects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_handles, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_cannot_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_race, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_killed_holder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_looking_is_harmless, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sweeping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_renewing_thread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stopped_holder, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
