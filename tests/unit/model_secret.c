/* Secret references: from the spec, to people; and what a plan knows of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "model/secret.h"
#include "value/read.h"

#include <unistd.h>

static struct arena *arena;
static struct diags diags;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    diags = diags_init(arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static struct node *yaml(const char *text)
{
    uint16_t source = diags_source(&diags, "spec.yaml", text, strlen(text));
    struct node *node = yaml_read(arena, &diags, source);

    assert_non_null(node);
    return node;
}

static const char *reference(const char *text)
{
    const struct node *spec = yaml(arena_printf(arena, "k:\n  %s\n", text));
    const struct node *given = node_get(spec, "k");
    struct node *node = secret_read(arena, given, "/specs/prod", &diags);

    if (node == NULL)
        return NULL;
    assert_true(node_is(node, NODE_STRING));
    assert_int_equal(node->marks, NODE_SECRET);
    assert_int_equal(node->line, given->line);
    assert_int_equal(node->column, given->column);
    return node_text(node);
}

static void test_forms(void **state)
{
    (void)state;
    setenv("HOME", "/home/ann", 1);
    assert_string_equal(reference("{ env: LITELLM_MASTER_KEY }"), "env:LITELLM_MASTER_KEY");
    assert_string_equal(reference("{ file: /etc/key }"), "file:/etc/key");
    assert_string_equal(reference("{ file: key }"), "file:/specs/prod/key");
    assert_string_equal(reference("{ file: ./a//b/./key }"), "file:/specs/prod/a/b/key");
    assert_string_equal(reference("{ file: ../key }"), "file:/specs/prod/../key");
    assert_string_equal(reference("{ file: ~/.config/key }"), "file:/home/ann/.config/key");
    assert_string_equal(reference("{ command: [op, read, \"op://a/b c\"] }"),
        "command:[\"op\",\"read\",\"op://a/b c\"]");
    assert_string_equal(
        reference("{ command: [x, 7, \"\", yes] }"), "command:[\"x\",\"7\",\"\",\"yes\"]");
    assert_string_equal(reference("{ secret: litellm-secrets/KEY }"), "secret:litellm-secrets/KEY");
    assert_string_equal(reference("{ secretsmanager: prod/db }"), "secretsmanager:prod/db");
    assert_string_equal(reference("{ secretsmanager: rds!a+b=c@d, key: 'pass #1' }"),
        "secretsmanager:rds!a+b=c@d#pass #1");
    assert_string_equal(
        reference(
            "{ key: k, secretsmanager: 'arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf' }"),
        "secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf#k");
    assert_string_equal(reference("{ ssm: /litellm/key }"), "ssm:/litellm/key");
    assert_string_equal(reference("{ ssm: 'plain.name:3' }"), "ssm:plain.name:3");
    assert_int_equal(diags_errors(&diags), 0);

    /* A folder that is given relative to where we are. */
    char *here = getcwd(NULL, 0);
    const struct node *spec = yaml("k: { file: key }\n");
    struct node *node = secret_read(arena, node_get(spec, "k"), "environments/prod", &diags);
    assert_string_equal(
        node_text(node), arena_printf(arena, "file:%s/environments/prod/key", here));
    free(here);
}

static void test_written_out(void **state)
{
    (void)state;
    assert_null(reference("sk-1234-5678"));
    assert_null(reference("\"12345678\""));
    assert_int_equal(diags.list.count, 2);
    VEC_EACH(diag, &diags.list) {
        assert_string_equal(diag->id, "LF019");
        assert_null(strstr(diag->message, "5678"));
        assert_int_equal(diag->where.line, 2);
        assert_non_null(diag->fix);
    }
}

static void test_not_understood(void **state)
{
    static const char *const bad[] = {"{ env: 1BAD }", "{ env: A-B }", "{ env: '' }",
        "{ env: [A] }", "{ env: }", "{ file: '' }", "{ file: { a: b } }", "{ command: [] }",
        "{ command: echo hi }", "{ command: [''] }", "{ command: [a, [b]] }", "{ command: [~] }",
        "{ secret: name }", "{ secret: name/ }", "{ secret: /key }", "{ secret: a/b/c }",
        "{ secret: 'a b/c' }", "{ env: A, file: b }", "{ vault: x }", "{ secretsmanager: }",
        "{ secretsmanager: 'a b' }", "{ secretsmanager: 'a#b' }", "{ secretsmanager: [a] }",
        "{ secretsmanager: a, key: '' }", "{ secretsmanager: a, key: }",
        "{ secretsmanager: a, key: [k] }", "{ secretsmanager: a, env: B }", "{ key: k }",
        "{ secretsmanager: a, key: k, env: B }", "{ ssm: '' }", "{ ssm: /a b }", "{ ssm: [/a] }",
        "{ ssm: /a, key: k }", "{}", "[a]", "~"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t before = diags.list.count;
        assert_null(reference(bad[i]));
        assert_int_equal(diags.list.count, before + 1);
        assert_string_equal(diags.list.at[before].id, "LF020");
        assert_true(diags.list.at[before].where.line > 0);
    }
}

static void test_show(void **state)
{
    (void)state;
    assert_string_equal(secret_show(arena, "env:NAME"), "{ env: NAME }");
    assert_string_equal(secret_show(arena, "file:/a b/c"), "{ file: /a b/c }");
    assert_string_equal(secret_show(arena, "ssm:/a/b"), "{ ssm: /a/b }");
    assert_string_equal(secret_show(arena, "secretsmanager:a/b"), "{ secretsmanager: a/b }");
    assert_string_equal(secret_show(arena, "secretsmanager:arn:aws:x#a, b"),
        "{ secretsmanager: arn:aws:x, key: \"a, b\" }");
    assert_string_equal(secret_show(arena, "file:/a, b"), "{ file: \"/a, b\" }");
    assert_string_equal(secret_show(arena, "secret:n/k"), "{ secret: n/k }");
    assert_string_equal(secret_show(arena, "command:[\"op\",\"a, b\",\"-x\",\"\",\"c:\"]"),
        "{ command: [op, \"a, b\", \"-x\", \"\", \"c:\"] }");
    assert_string_equal(secret_show(arena, "command:broken"), "{ command: [] }");
    assert_string_equal(secret_show(arena, "nothing"), "nothing");
}

/* What is shown is what may be written: reading it gives the same reference. */
static void test_round_trip(void **state)
{
    static const char *const references[] = {"env:A_1", "file:/x/y, z", "file:/a: b", "file:/a #b",
        "file:/'quoted'", "file:/a/{b}", "command:[\"a\",\"- b\",\"{c}\",\"d\\\"e\\\\f\",\"~\"]",
        "command:[\"true\",\"#x\",\"a b\",\"a:b\",\"!x\",\"?\",\"null\"]", "secret:name/key.txt"};

    (void)state;
    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
        assert_string_equal(reference(secret_show(arena, references[i])), references[i]);
}

static void test_fact(void **state)
{
    struct secret_facts facts = {.no_key = false};

    (void)state;
    assert_null(secret_fact(&facts, "env:A"));
    *VEC_ADD(arena, &facts.list) = (struct secret_fact){.reference = "env:A", .length = 1};
    *VEC_ADD(arena, &facts.list) = (struct secret_fact){.reference = "env:B", .length = 2};
    assert_int_equal(secret_fact(&facts, "env:B")->length, 2);
    assert_null(secret_fact(&facts, "env:C"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_written_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_understood, setup, teardown),
        cmocka_unit_test_setup_teardown(test_show, setup, teardown),
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fact, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
