/* Secrets: the sources, what is refused, what gets out of them and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "client/secret.h"

#include <sys/stat.h>
#include <unistd.h>

static struct arena *arena;
static struct secrets *secrets;
static const char *folder;

static int setup(void **state)
{
    char name[] = "/tmp/liteform-secret-XXXXXX";

    (void)state;
    arena = arena_new();
    secrets = secrets_new(&(struct secrets_options){.guarded = false});
    folder = arena_strdup(arena, mkdtemp(name));
    return folder == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    char *command = arena_printf(arena, "rm -rf '%s'", folder);
    int code = system(command);
    secrets = secrets_free(secrets);
    arena = arena_free(arena);
    return code;
}

static const char *write_file(const char *name, const char *bytes, size_t length, mode_t mode)
{
    const char *path = arena_printf(arena, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
    return arena_printf(arena, "file:%s", path);
}

static const char *value(const char *reference)
{
    const char *reason = NULL;

    return secrets_value(secrets, reference, &reason);
}

/** The reason why there is no value; checks that there is none. */
static const char *refusal(const char *reference)
{
    const char *reason = NULL;

    assert_null(secrets_value(secrets, reference, &reason));
    assert_non_null(reason);
    return reason;
}

#define assert_says(text, part) assert_non_null(strstr((text), (part)))

static void test_env(void **state)
{
    (void)state;
    setenv("LITEFORM_TEST_A", "value-of-a", 1);
    setenv("LITEFORM_TEST_B", "", 1);
    setenv("LITEFORM_TEST_C", "\xff\xfe", 1);
    unsetenv("LITEFORM_TEST_D");
    assert_string_equal(value("env:LITEFORM_TEST_A"), "value-of-a");
    assert_says(refusal("env:LITEFORM_TEST_B"), "LITEFORM_TEST_B is not set");
    assert_says(refusal("env:LITEFORM_TEST_C"), "not text");
    assert_says(refusal("env:LITEFORM_TEST_D"), "not set");

    /* Resolved once; a failure is remembered, too, until it is forgotten. */
    const char *first = value("env:LITEFORM_TEST_A");
    setenv("LITEFORM_TEST_A", "another-value", 1);
    setenv("LITEFORM_TEST_D", "now-set", 1);
    assert_ptr_equal(value("env:LITEFORM_TEST_A"), first);
    refusal("env:LITEFORM_TEST_D");
    secrets_forget(secrets, "env:LITEFORM_TEST_A");
    secrets_forget(secrets, "env:LITEFORM_TEST_D");
    assert_string_equal(value("env:LITEFORM_TEST_A"), "another-value");
    assert_string_equal(value("env:LITEFORM_TEST_D"), "now-set");
    assert_string_equal(first, "value-of-a"); /* good until the end, and still cut */
    assert_string_equal(secrets_cut(secrets, arena, "a value-of-a b"), "a (sensitive) b");
}

static void test_file(void **state)
{
    (void)state;
    static char large[70000];

    memset(large, 'x', sizeof(large));
    assert_string_equal(value(write_file("a", "one\n", 4, 0600)), "one");
    assert_string_equal(value(write_file("b", "one\r\n", 5, 0644)), "one");
    assert_string_equal(value(write_file("c", "one\n\n", 5, 0400)), "one\n");
    assert_string_equal(value(write_file("d", "one\r", 4, 0400)), "one\r");
    assert_int_equal(strlen(value(write_file("e", large, 65536, 0600))), 65536);
    assert_says(refusal(write_file("f", large, 65537, 0600)), "larger than 64 KiB");
    assert_says(refusal(write_file("g", "\n", 1, 0600)), "is empty");
    assert_says(refusal(write_file("h", "a\0b", 3, 0600)), "not text");
    assert_says(refusal(write_file("i", "shared", 6, 0660)), "chmod go-w");
    assert_says(refusal(write_file("j", "shared", 6, 0602)), "0602");
    assert_says(refusal("file:/nonexistent/file"), "No such file");
    assert_says(refusal("file:/dev/zero"), "no regular file");
    assert_says(refusal(arena_printf(arena, "file:%s", folder)), "no regular file");
    const char *pipe = arena_printf(arena, "%s/pipe", folder);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_says(refusal(arena_printf(arena, "file:%s", pipe)), "no regular file");
}

static void test_command(void **state)
{
    (void)state;
    setenv("LITEFORM_TEST_LEAK", "leaked", 1);
    assert_string_equal(value("command:[\"printf\",\"%s\\n\",\"a b\"]"), "a b");
    assert_string_equal(value("command:[\"sh\",\"-c\",\"echo x$LITEFORM_TEST_LEAK; cat\"]"), "x");
    assert_says(refusal("command:[\"false\"]"), "false ended with exit code 1");
    assert_says(refusal("command:[\"true\"]"), "what true printed is empty");
    assert_says(refusal("command:[\"no-such-program\"]"), "could not be started");
    assert_says(
        refusal("command:[\"sh\",\"-c\",\"echo not logged in >&2; exit 4\"]"), "not logged in");
    const char *reason =
        refusal("command:[\"sh\",\"-c\",\"echo hunter22; echo +hunter22 >&2; exit 1\"]");
    assert_null(strstr(reason, "hunter22"));
    assert_says(refusal("command:[\"head\",\"-c\",\"70000\",\"/dev/zero\"]"), "more than 64 KiB");
    assert_says(refusal("command:nonsense"), "no list");
    assert_says(refusal("secret:name/key"), "Kubernetes");
    assert_says(refusal("what:ever"), "no known form");
}

static void test_prefetch(void **state)
{
    (void)state;
    const char *log = arena_printf(arena, "%s/log", folder);
    const char *slow[9];
    size_t count = 0;

    for (; count < 7; count++)
        slow[count] = arena_printf(arena,
            "command:[\"sh\",\"-c\",\"echo %zu >> %s; sleep 0.3; echo value-%zu\"]", count, log,
            count);
    slow[count++] = slow[0]; /* asked for twice, run once */
    slow[count++] = "env:LITEFORM_TEST_NOT_THERE";
    int64_t began = clock_ms();
    secrets_prefetch(secrets, slow, count);
    assert_true(clock_ms() - began < 7 * 300); /* side by side */
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(value(slow[i]), arena_printf(arena, "value-%zu", i));
    refusal(slow[8]);
    secrets_prefetch(secrets, slow, count);
    FILE *file = fopen(log, "r");
    char line[16];
    size_t lines = 0;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL)
        lines++;
    fclose(file);
    assert_int_equal(lines, 7);
}

static void test_guarded(void **state)
{
    (void)state;
    const char *top = arena_printf(arena, "%s/repository", folder);
    const char *outside = write_file("outside", "out", 3, 0600);

    assert_int_equal(mkdir(top, 0700), 0);
    const char *inside = write_file("repository/file", "in", 2, 0600);
    /* A link that leads in, and one that leads out: both are in the hands of the branch. */
    assert_int_equal(symlink(inside + 5, arena_printf(arena, "%s/link-in", folder)), 0);
    assert_int_equal(symlink(outside + 5, arena_printf(arena, "%s/link-out", top)), 0);
    secrets_free(secrets);
    secrets = secrets_new(&(struct secrets_options){.guarded = true, .repository = top});
    assert_says(refusal(inside), "--trust-spec");
    assert_says(refusal(arena_printf(arena, "file:%s/link-in", folder)), "--trust-spec");
    assert_says(refusal(arena_printf(arena, "file:%s/link-out", top)), "--trust-spec");
    assert_says(refusal(arena_printf(arena, "file:%s/../repository/file", top)), "--trust-spec");
    assert_says(refusal("command:[\"echo\",\"hi\"]"), "--trust-spec");
    assert_string_equal(value(outside), "out");
    setenv("LITEFORM_TEST_A", "value-of-a", 1);
    assert_string_equal(value("env:LITEFORM_TEST_A"), "value-of-a");
    /* The repository's own path may go over a link. */
    const char *alias = arena_printf(arena, "%s/alias", folder);
    assert_int_equal(symlink(top, alias), 0);
    secrets_free(secrets);
    secrets = secrets_new(&(struct secrets_options){.guarded = true, .repository = alias});
    assert_says(refusal(arena_printf(arena, "file:%s/link-out", alias)), "--trust-spec");
    assert_says(refusal(inside), "--trust-spec");
    /* A folder whose name only begins like the repository's. */
    assert_int_equal(mkdir(arena_printf(arena, "%s/repository2", folder), 0700), 0);
    assert_string_equal(value(write_file("repository2/file", "near", 4, 0600)), "near");
}

static void test_facts(void **state)
{
    (void)state;
    secrets_put(secrets, "env:ONE", "sk-1234");
    secrets_put(secrets, "env:TWO", "sk-1234");
    secrets_put(secrets, "env:THREE", "other");
    struct secret_fact one = secrets_fact(secrets, arena, "env:ONE");
    assert_true(one.known);
    assert_true(one.sk_prefix);
    assert_int_equal(one.length, 7);
    assert_null(one.hash); /* no key yet */
    assert_string_equal(one.sha256, digest_hex(arena, "sk-1234", 7));

    secrets_set_hash_key(secrets, "key", 3);
    one = secrets_fact(secrets, arena, "env:ONE");
    assert_string_equal(
        one.hash, digest_hmac_hex(arena, "key", 3, "liteform-secret-v1\0sk-1234", 26));
    assert_string_equal(secrets_fact(secrets, arena, "env:TWO").hash, one.hash);
    assert_string_not_equal(secrets_fact(secrets, arena, "env:THREE").hash, one.hash);

    unsetenv("LITEFORM_TEST_D");
    struct secret_fact none = secrets_fact(secrets, arena, "env:LITEFORM_TEST_D");
    assert_false(none.known);
    assert_says(none.reason, "not set");
    assert_null(none.hash);
    assert_null(none.sha256);
}

static void test_cut(void **state)
{
    (void)state;
    assert_string_equal(secrets_cut(secrets, arena, "nothing known"), "nothing known");
    assert_null(secrets_cut(secrets, arena, NULL));
    secrets_put(secrets, "env:A", "abcd-1234");
    secrets_put(secrets, "env:B", "abcd-1234-longer");
    secrets_put(secrets, "env:C", "a\"b\\c\nd");
    secrets_put(secrets, "env:D", "abc"); /* too short: it is in every text */
    assert_string_equal(
        secrets_cut(secrets, arena, "abcd-1234abcd-1234-longerabc"), "(sensitive)(sensitive)abc");
    assert_string_equal(secrets_cut(secrets, arena, "x a\"b\\c\nd y"), "x (sensitive) y");
    assert_string_equal(
        secrets_cut(secrets, arena, "{\"k\":\"a\\\"b\\\\c\\nd\"}"), "{\"k\":\"(sensitive)\"}");
    assert_string_equal(secrets_cut(secrets, arena, "key abcd-1234-xx"), "key (sensitive)-xx");
    assert_string_equal(secrets_cut(secrets, arena, "key abcd-1234-lo"), "key (sensitive)");
    assert_string_equal(secrets_cut(secrets, arena, "key abcd-123"), "key (sensitive)");
    assert_string_equal(secrets_cut(secrets, arena, "key abcd-12"), "key abcd-12");
    assert_string_equal(secrets_cut(secrets, arena, ""), "");
}

/* Wherever the end lies, also within a secret: the same as of the whole. */
static void test_cut_start(void **state)
{
    (void)state;
    static const char text[] = "one abcd-1234abcd-1234-longer two abcd-1234-lon";
    assert_string_equal(secrets_cut_start(secrets, arena, text, 11), "one abcd-12");
    assert_null(secrets_cut_start(secrets, arena, NULL, 1));
    secrets_put(secrets, "env:A", "abcd-1234");
    secrets_put(secrets, "env:B", "abcd-1234-longer");
    const char *whole = secrets_cut(secrets, arena, text);
    assert_string_equal(whole, "one (sensitive)(sensitive) two (sensitive)");
    for (size_t most = 0; most < sizeof(text) + 2; most++)
        assert_string_equal(secrets_cut_start(secrets, arena, text, most),
            arena_strndup(arena, whole, strnlen(whole, most)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_env, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_command, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prefetch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guarded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_facts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_start, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
