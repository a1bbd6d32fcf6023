/* Child processes: output, exit codes, limits, what they inherit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "client/process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static struct process_result run(const char *script, size_t max_out, uint32_t timeout_ms)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const char *const environment[] = {"PATH=/usr/bin:/bin", "GREETING=hello", NULL};
    struct process_result result;

    process_run(argv, environment, max_out, timeout_ms, &result);
    return result;
}

static void release(struct process_result *result)
{
    buf_wipe(&result->out);
    buf_release(&result->err);
}

static void test_output(void **state)
{
    (void)state;
    struct process_result result = run("echo out; echo err >&2; exit 3", 100, 10000);

    assert_int_equal(result.exit_code, 3);
    assert_false(result.timed_out);
    assert_string_equal(buf_text(&result.out), "out\n");
    assert_string_equal(buf_text(&result.err), "err\n");
    release(&result);

    result = run("kill -9 $$", 100, 10000);
    assert_int_equal(result.exit_code, 128 + SIGKILL);
    release(&result);
}

static void test_not_there(void **state)
{
    static const char *const argv[] = {"no-such-program-anywhere", NULL};
    struct process_result result;

    (void)state;
    process_run(argv, NULL, 100, 10000, &result);
    assert_int_equal(result.exit_code, -1);
    assert_non_null(strstr(buf_text(&result.err), "No such file"));
    release(&result);
}

static void test_environment(void **state)
{
    (void)state;
    setenv("LITEFORM_TEST_LEAK", "leaked", 1);
    setenv("AWS_REGION", "ap-southeast-2", 1);
    int forgotten = dup(2); /* no close-on-exec */
    assert_true(forgotten > 2);
    struct process_result result =
        run("echo $GREETING $LITEFORM_TEST_LEAK; cat; ls /proc/self/fd | wc -l", 1000, 10000);
    close(forgotten);
    /* ls itself has the folder open. */
    assert_string_equal(buf_text(&result.out), "hello\n4\n");
    release(&result);

    struct arena *arena = arena_new();
    const char **clean = process_environment(arena);
    bool path = false, region = false;
    for (size_t i = 0; clean[i] != NULL; i++) {
        path = path || text_starts(clean[i], "PATH=");
        region = region || text_equal(clean[i], "AWS_REGION=ap-southeast-2");
        assert_false(text_starts(clean[i], "LITEFORM_TEST_LEAK"));
    }
    assert_true(path);
    assert_true(region);
    arena_free(arena);
    unsetenv("AWS_REGION");
}

static void test_too_much(void **state)
{
    (void)state;
    struct process_result result =
        run("head -c 300000 /dev/zero | tr '\\0' x; head -c 9000 /dev/zero | tr '\\0' y >&2", 1000,
            10000);

    assert_int_equal(result.exit_code, 0);
    assert_int_equal(result.out.len, 1000);
    assert_true(result.out.overflow);
    assert_int_equal(result.err.len, 4096);
    release(&result);
    result = run("printf 12345", 5, 10000);
    assert_string_equal(buf_text(&result.out), "12345");
    assert_false(result.out.overflow);
    release(&result);
}

/** Killed ones stay as zombies until whoever inherits them looks. */
static bool is_alive(pid_t pid)
{
    char path[64], status[2048] = "";

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    size_t got = fread(status, 1, sizeof(status) - 1, file);
    fclose(file);
    return got > 0 && strstr(status, "State:\tZ") == NULL && strstr(status, "State:\tX") == NULL;
}

static void test_too_long(void **state)
{
    (void)state;
    int64_t began = clock_ms();
    struct process_result result = run("echo begun; sleep 100 & sleep 100; echo never", 100, 300);

    assert_true(result.timed_out);
    assert_int_equal(result.exit_code, 128 + SIGTERM);
    assert_string_equal(buf_text(&result.out), "begun\n");
    assert_true(clock_ms() - began < 5000);
    release(&result);

    /* One that will not hear. Its grandchild is of the group, too. */
    began = clock_ms();
    result = run("trap '' TERM; sleep 100 & echo $!; while :; do sleep 1; done", 100, 200);
    assert_true(result.timed_out);
    assert_int_equal(result.exit_code, 128 + SIGKILL);
    assert_in_range(clock_ms() - began, 2000, 9000);
    pid_t grandchild = (pid_t)strtol(buf_text(&result.out), NULL, 10);
    assert_true(grandchild > 0);
    for (int64_t until = clock_ms() + 10000; is_alive(grandchild);)
        assert_true(clock_ms() < until);
    release(&result);
}

/* A program may leave an agent behind that holds its pipes: not waited for. */
static void test_left_behind(void **state)
{
    (void)state;
    int64_t began = clock_ms();
    struct process_result result = run("sleep 20 & echo done", 100, 15000);

    assert_int_equal(result.exit_code, 0);
    assert_string_equal(buf_text(&result.out), "done\n");
    assert_true(clock_ms() - began < 10000);
    release(&result);
}

static void test_side_by_side(void **state)
{
    enum { COUNT = 12, MOST = 4 };
    struct process_result results[COUNT];
    struct process_job jobs[COUNT];
    static const char *const argv[] = {"sh", "-c", "sleep 0.2; echo $$", NULL};
    static const char *const missing[] = {"no-such-program-anywhere", NULL};

    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        jobs[i] = (struct process_job){i == 5 ? missing : argv, NULL, 100, 10000, &results[i]};
    int64_t began = clock_ms();
    process_run_all(jobs, COUNT, MOST);
    int64_t took = clock_ms() - began;
    assert_true(took >= 400); /* never more than four at a time */
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(results[i].exit_code, i == 5 ? -1 : 0);
        assert_true(results[i].out.len > 1 || i == 5);
        release(&results[i]);
    }
    process_run_all(NULL, 0, MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output),
        cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_side_by_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
