/* ~/.aws/config and ~/.aws/credentials as people write them; and command lines in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "client/aws_internal.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static struct aws_ini read_text(const char *text, bool credentials)
{
    struct aws_ini ini = {.path = "config"};
    const char *reason = NULL;
    unsigned line = 0;

    if (!aws_ini_read(
            arena, arena_strdup(arena, text), strlen(text), credentials, &ini, &reason, &line))
        fail_msg("%s", reason);
    return ini;
}

static const char *value(const struct aws_ini *ini, const char *type, const char *name,
    const char *outer, const char *key)
{
    const struct aws_ini_entry *entry = aws_ini_find(ini, type, name, outer, key);
    return entry != NULL ? entry->value : NULL;
}

static void test_config(void **state)
{
    (void)state;
    struct aws_ini ini = read_text(
        "\xef\xbb\xbf# a comment\r\n  ; another\n\n[default]\r\nREGION=eu-west-1\r\n"
        "output = json # of no use\nempty =\n\n[ profile\tdev ]  # the team's\n"
        "  region : us-east-1\n  s3 =\n    endpoint_url = http://a=b\n    ; inside\n"
        "    addressing_style = path\n  credential_process = sh -c \"x # y\"\n    --more ; z\n"
        "[profile 'o k']\nkey=a#b;c\n[sso-session x]\nsso_region=r\n[services y]\ns3=\n "
        "endpoint_url=u\n"
        "[profile dev]\nregion = later\n[profiles z]\nkey=v\n[default\t]\nlast=1",
        false);
    assert_string_equal(value(&ini, "profile", "default", NULL, "region"), "eu-west-1");
    assert_string_equal(value(&ini, "profile", "default", NULL, "output"), "json");
    assert_string_equal(value(&ini, "profile", "default", NULL, "empty"), "");
    assert_string_equal(value(&ini, "profile", "default", NULL, "last"), "1");
    assert_string_equal(value(&ini, "profile", "dev", NULL, "region"), "later");
    assert_string_equal(value(&ini, "profile", "dev", "s3", "endpoint_url"), "http://a=b");
    assert_string_equal(value(&ini, "profile", "dev", "s3", "addressing_style"), "path");
    assert_null(value(&ini, "profile", "dev", NULL, "addressing_style"));
    assert_string_equal(
        value(&ini, "profile", "dev", NULL, "credential_process"), "sh -c \"x # y\"\n--more ; z");
    assert_string_equal(value(&ini, "profile", "o k", NULL, "key"), "a#b;c");
    assert_string_equal(value(&ini, "sso-session", "x", NULL, "sso_region"), "r");
    assert_string_equal(value(&ini, "services", "y", "s3", "endpoint_url"), "u");
    assert_null(aws_ini_find(&ini, "profile", "z", NULL, NULL));
    assert_non_null(aws_ini_find(&ini, "profile", "dev", NULL, NULL));
    assert_int_equal(aws_ini_find(&ini, "profile", "default", NULL, "region")->line, 5);

    ini = read_text("[profile x]\nkey=1\n[x]\nkey=2\n", true);
    assert_string_equal(value(&ini, "profile", "x", NULL, "key"), "2");
    assert_string_equal(value(&ini, "profile", "profile x", NULL, "key"), "1");
    assert_int_equal(read_text("", false).entries.count, 0);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *says;
        unsigned line;
    } cases[] = {
        {"hidden = 1\n", "line 1 stands before", 1},
        {"[a]\n\nhidden\n", "line 3 is neither", 3},
        {"[a]\n= hidden\n", "line 2 is neither", 2},
        {"[hidden\n", "line 1 begins a section", 1},
        {"[a]\nouter =\n  hidden\n", "line 3 is neither", 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct aws_ini ini = {.path = "config"};
        const char *reason = NULL;
        unsigned line = 0;
        char *text = arena_strdup(arena, cases[i].text);
        assert_false(aws_ini_read(arena, text, strlen(text), false, &ini, &reason, &line));
        assert_true(text_starts(reason, cases[i].says));
        assert_null(strstr(reason, "hidden"));
        assert_int_equal(line, cases[i].line);
    }
    struct aws_ini ini = {.path = "config"};
    const char *reason = NULL;
    unsigned line = 7;
    assert_false(
        aws_ini_read(arena, arena_strndup(arena, "[a]\0", 4), 4, false, &ini, &reason, &line));
    assert_int_equal(line, 0);
}

static void assert_words(const char *text, const char *const *words)
{
    const char **split = aws_split(arena, text);

    assert_non_null(split);
    for (; *words != NULL; words++, split++) {
        assert_non_null(*split);
        assert_string_equal(*split, *words);
    }
    assert_null(*split);
}

/* As Python's shlex.split() has it, which botocore uses. */
static void test_split(void **state)
{
    (void)state;
    assert_words("a", (const char *const[]){"a", NULL});
    assert_words("  a\tb\nc ", (const char *const[]){"a", "b", "c", NULL});
    assert_words("a 'b  c' \"d 'e'\"", (const char *const[]){"a", "b  c", "d 'e'", NULL});
    assert_words("a\\ b '\\' \"\\\"\\\\\\n\"", (const char *const[]){"a b", "\\", "\"\\\\n", NULL});
    assert_words("a '' \"\" b'c'\"d\"", (const char *const[]){"a", "", "", "bcd", NULL});
    assert_words("$HOME `x` ; | > * #",
        (const char *const[]){"$HOME", "`x`", ";", "|", ">", "*", "#", NULL});
    assert_null(aws_split(arena, ""));
    assert_null(aws_split(arena, "  "));
    assert_null(aws_split(arena, "''"));
    assert_null(aws_split(arena, "a 'b"));
    assert_null(aws_split(arena, "a \"b"));
    assert_null(aws_split(arena, "a \\"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_config, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_split, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
