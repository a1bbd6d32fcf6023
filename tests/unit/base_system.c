#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Time, digests and files against the real system. */

static struct arena *arena;
static char folder[] = "/tmp/liteform-base-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return rmdir(folder);
}

static const char *in_folder(const char *name)
{
    return file_join(arena, folder, name);
}

static void parses_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-24T08:30:00Z", 1795509000},
        {"2026-11-24T08:30:00", 1795509000},
        {"2026-11-24 08:30:00.123456+00", 1795509000},
        {"2026-11-24T08:30:00.999999+00:00", 1795509000},
        {"2026-11-24T10:30:00+02:00", 1795509000},
        {"2026-11-24T10:30:00+0200", 1795509000},
        {"2026-11-24T03:00:00-05:30", 1795509000},
        {"2026-11-24t08:30z", 1795509000},
        {"2026-11-24", 1795478400},
        {"2000-02-29T00:00:00Z", 951782400},
        {"1969-12-31T23:59:59Z", -1},
        {"0001-01-01T00:00:00Z", INT64_C(-62135596800)},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799)},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t seconds = 0;
        assert_true(clock_parse(good[i].text, &seconds));
        assert_true(seconds == good[i].seconds);
    }
    const char *const bad[] = {"", "now", "2026", "2026-13-01", "2026-02-29", "1900-02-29",
        "2026-11-24T", "2026-11-24T24:00:00", "2026-11-24T08:60", "2026-11-24T08:30:00.Z",
        "2026-11-24T08:30:00 Z", "2026-11-24T08:30:00+2", "2026-11-24T08:30:00Zx", "26-11-24",
        "2026-11-24T08:30:00+02:", "0000-01-01", " 2026-11-24", NULL};
    for (const char *const *text = bad; *text != NULL; text++) {
        int64_t seconds = 5;
        assert_false(clock_parse(*text, &seconds));
        assert_int_equal(seconds, 5);
    }
    int64_t seconds = 0;
    assert_false(clock_parse(NULL, &seconds));
}

static void formats_times(void **state)
{
    (void)state;
    assert_string_equal(clock_format(arena, 1795509000), "2026-11-24T08:30:00Z");
    assert_string_equal(clock_format(arena, INT64_MIN), "0001-01-01T00:00:00Z");
    assert_string_equal(clock_format(arena, INT64_MAX), "9999-12-31T23:59:59Z");
    for (int64_t at = -62135596800; at < 253402300799; at += 7777777777) {
        int64_t back = 0;
        assert_true(clock_parse(clock_format(arena, at), &back));
        assert_true(back == at);
    }
    assert_true(clock_now() > 1700000000);
    int64_t first = clock_ms();
    assert_true(clock_ms() >= first);
}

static void digests(void **state)
{
    (void)state;
    assert_string_equal(digest_hex(arena, "", 0),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(digest_hex(arena, "abc", 3),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /* RFC 4231, test case 2 */
    assert_string_equal(digest_hmac_hex(arena, "Jefe", 4, "what do ya want for nothing?", 28),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_string_equal(digest_hmac_hex(arena, NULL, 0, "", 0),
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    assert_true(digest_equal("abc", "abc"));
    assert_false(digest_equal("abc", "abd"));
    assert_false(digest_equal("abc", "abcd"));
    assert_false(digest_equal(NULL, "a"));
    char secret[8] = "secret";
    digest_wipe(secret, sizeof(secret));
    assert_int_equal(secret[0], 0);
    digest_wipe(NULL, 0);
}

static void encodes_bytes(void **state)
{
    (void)state;
    assert_string_equal(digest_to_hex(arena, "\x00\xff\x1a", 3), "00ff1a");
    assert_string_equal(digest_to_hex(arena, "", 0), "");
    assert_string_equal(digest_base64url(arena, "", 0), "");
    assert_string_equal(digest_base64url(arena, "f", 1), "Zg");
    assert_string_equal(digest_base64url(arena, "fo", 2), "Zm8");
    assert_string_equal(digest_base64url(arena, "foo", 3), "Zm9v");
    assert_string_equal(digest_base64url(arena, "foob", 4), "Zm9vYg");
    assert_string_equal(digest_base64url(arena, "\xfb\xff\xfe", 3), "-__-");
}

static void makes_random_ids(void **state)
{
    (void)state;
    char *one = digest_uuid(arena), *two = digest_uuid(arena);
    assert_int_equal(strlen(one), 36);
    assert_string_not_equal(one, two);
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        assert_true(dash ? one[i] == '-' : strchr("0123456789abcdef", one[i]) != NULL);
    }
    assert_int_equal(one[14], '4');
    assert_non_null(strchr("89ab", one[19]));
    uint8_t bytes[1000] = {0};
    digest_random(bytes, sizeof(bytes));
    unsigned zeros = 0;
    for (size_t i = 0; i < sizeof(bytes); i++)
        zeros += bytes[i] == 0;
    assert_true(zeros < 100);
}

static void joins_paths(void **state)
{
    (void)state;
    assert_string_equal(file_join(arena, "a", "b"), "a/b");
    assert_string_equal(file_join(arena, "a/", "b"), "a/b");
    assert_string_equal(file_join(arena, "", "b"), "b");
    assert_string_equal(file_join(arena, NULL, "b"), "b");
    assert_string_equal(file_join(arena, "a", "/b"), "/b");
    setenv("HOME", "/home/x", 1);
    assert_string_equal(file_join(arena, "a", "~/b"), "/home/x/b");
    assert_string_equal(file_join(arena, "a", "~b"), "a/~b");
    unsetenv("HOME");
    assert_string_equal(file_join(arena, "a", "~/b"), "a/~/b");
    assert_string_equal(file_folder(arena, "a/b"), "a");
    assert_string_equal(file_folder(arena, "a/b/"), "a");
    assert_string_equal(file_folder(arena, "a//b"), "a");
    assert_string_equal(file_folder(arena, "b"), ".");
    assert_string_equal(file_folder(arena, "/b"), "/");
    assert_string_equal(file_folder(arena, "/"), "/");
    assert_string_equal(file_base("a/b"), "b");
    assert_string_equal(file_base("b"), "b");
}

static void writes_and_reads(void **state)
{
    (void)state;
    const char *path = in_folder("file");
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(file_read(arena, path, 100, &bytes, &length), ENOENT);
    assert_int_equal(file_write_atomic(path, "one", 3, 0600), 0);
    assert_int_equal(file_read(arena, path, 100, &bytes, &length), 0);
    assert_string_equal(bytes, "one");
    assert_int_equal(length, 3);
    assert_int_equal(file_read(arena, path, 3, &bytes, &length), 0);
    assert_int_equal(file_read(arena, path, 2, &bytes, &length), EFBIG);
    assert_int_equal(file_write_atomic(path, "a\0b", 3, 0600), 0);
    assert_int_equal(file_read(arena, path, 100, &bytes, &length), 0);
    assert_memory_equal(bytes, "a\0b", 4);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_write_new(path, "x", 1, 0600), EEXIST);
    assert_int_equal(file_write_atomic(in_folder("none/file"), "x", 1, 0600), ENOENT);
    struct strings names = {0};
    assert_int_equal(file_list(arena, folder, "", &names), 0);
    assert_int_equal(names.count, 1); /* nothing temporary is left */
    assert_int_equal(file_write_atomic(path, "", 0, 0600), 0);
    assert_int_equal(file_read(arena, path, 100, &bytes, &length), 0);
    assert_int_equal(length, 0);
    assert_int_equal(file_remove(path), 0);
    assert_int_equal(file_remove(path), 0);
    assert_int_equal(file_write_new(path, "x", 1, 0640), 0);
    assert_int_equal(file_remove(path), 0);
}

/* A writer that dies in the middle leaves nothing at the name, or the next one finds it taken. */
static void a_killed_writer_leaves_no_half(void **state)
{
    (void)state;
    const char *path = in_folder("half");
    pid_t child = fork();
    if (child == 0) {
        static const char text[4096] = "sk-";
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 1, .rlim_max = 1});
        signal(SIGXFSZ, SIG_DFL);
        _exit(file_write_new(path, text, sizeof(text), 0600) == 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_false(file_exists(path));
    assert_int_equal(file_write_new(path, "x", 1, 0600), 0);
    assert_int_equal(file_remove(path), 0);
    struct strings names = {0};
    assert_int_equal(file_list(arena, folder, ".tmp", &names), 0);
    for (size_t i = 0; i < names.count; i++)
        assert_int_equal(file_remove(file_join(arena, folder, names.at[i])), 0);
}

static void reads_what_has_no_size(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    char page[5000];
    memset(page, 'x', sizeof(page));
    for (int i = 0; i < 10; i++) /* less than a pipe holds */
        assert_int_equal(write(ends[1], page, sizeof(page)), sizeof(page));
    close(ends[1]);
    const char *path = arena_printf(arena, "/dev/fd/%d", ends[0]);
    assert_int_equal(file_read(arena, path, 10 << 20, &bytes, &length), 0);
    close(ends[0]);
    assert_int_equal(length, 50000);
    assert_int_equal(strspn(bytes, "x"), 50000);
    assert_int_equal(file_read(arena, "/dev/zero", 100000, &bytes, &length), EFBIG);
    assert_int_equal(file_read(arena, "/dev/null", 100, &bytes, &length), 0);
    assert_int_equal(length, 0);
    assert_int_equal(file_read(arena, "/tmp", 100, &bytes, &length), EISDIR);
}

static void makes_and_lists_folders(void **state)
{
    (void)state;
    assert_int_equal(file_make_folders(in_folder("a/b//c"), 0700), 0);
    assert_int_equal(file_make_folders(in_folder("a/b/c"), 0700), 0);
    assert_int_equal(file_make_folders(in_folder("a/b/"), 0700), 0);
    assert_true(file_is_folder(in_folder("a/b/c")));
    assert_int_equal(file_write_new(in_folder("a/two.yaml"), "", 0, 0600), 0);
    assert_int_equal(file_write_new(in_folder("a/one.yaml"), "", 0, 0600), 0);
    assert_int_equal(file_write_new(in_folder("a/note.txt"), "", 0, 0600), 0);
    assert_int_equal(file_make_folders(in_folder("a/one.yaml/x"), 0700), ENOTDIR);
    assert_true(file_exists(in_folder("a/note.txt")));
    assert_false(file_exists(in_folder("a/none.txt")));
    assert_false(file_is_folder(in_folder("a/note.txt")));
    struct strings names = {0};
    assert_int_equal(file_list(arena, in_folder("a"), ".yaml", &names), 0);
    assert_int_equal(names.count, 2);
    assert_string_equal(names.at[0], "one.yaml");
    assert_string_equal(names.at[1], "two.yaml");
    assert_int_equal(file_list(arena, in_folder("a"), "", &names), 0);
    assert_int_equal(names.count, 4);
    assert_int_equal(file_list(arena, in_folder("none"), "", &names), ENOENT);
    assert_int_equal(names.count, 4);
    for (size_t i = 1; i < names.count; i++)
        assert_int_equal(file_remove(file_join(arena, in_folder("a"), names.at[i])), 0);
    assert_int_equal(
        rmdir(in_folder("a/b/c")) | rmdir(in_folder("a/b")) | rmdir(in_folder("a")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_times),
        cmocka_unit_test(formats_times),
        cmocka_unit_test(digests),
        cmocka_unit_test(encodes_bytes),
        cmocka_unit_test(makes_random_ids),
        cmocka_unit_test(joins_paths),
        cmocka_unit_test(writes_and_reads),
        cmocka_unit_test(a_killed_writer_leaves_no_half),
        cmocka_unit_test(reads_what_has_no_size),
        cmocka_unit_test(makes_and_lists_folders),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
