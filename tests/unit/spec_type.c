/* Typing: what each field takes, and what is said of everything else. */
#define FIXTURE_KEEP_RAW true
#include "unit/spec_fixture.h"

static const struct node *team_field(const struct fixture *f, const char *field)
{
    return node_get(node_get(node_get(f->spec->document, "teams"), "a"), field);
}

static void a_text_field_takes_any_scalar(void **state)
{
    (void)state;
    static const char *const words[] = {"no", "1.80", "007", "true", "12:30"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char text[100];
        snprintf(text, sizeof(text), "teams: { a: { models: all, note: %s } }\n", words[i]);
        struct fixture f = loaded(text);
        assert_int_equal(f.diags.list.count, 0);
        assert_string_equal(node_text(team_field(&f, "note")), words[i]);
        fixture_end(&f);
    }
}

static void types_are_those_of_the_table(void **state)
{
    (void)state;
    struct fixture f = loaded("teams:\n  a:\n    models: [x]\n    max_budget: 10.50\n"
                              "    window: 3\n    budget_duration: 30d\n    blocked: true\n"
                              "    size: large\n    tags: [1, 'two']\n"
                              "    metadata: { n: 5, t: true, s: '5', e: null }\n"
                              "    members: { al@x.com: admin, bo@x.com: { max_budget: 5 } }\n"
                              "models: { x: { bedrock: b } }\n");
    if (f.diags.list.count > 0)
        print_error("%s", fixture_diags(&f));
    assert_int_equal(f.diags.list.count, 0);
    assert_int_equal(team_field(&f, "max_budget")->type, NODE_DECIMAL);
    assert_string_equal(team_field(&f, "max_budget")->text, "10.5");
    assert_int_equal(team_field(&f, "window")->integer, 3);
    assert_int_equal(team_field(&f, "window")->line, 8);
    assert_true(team_field(&f, "blocked")->boolean);
    assert_string_equal(team_field(&f, "tags")->items[0]->text, "1");
    assert_int_equal(node_get(team_field(&f, "metadata"), "n")->type, NODE_INT);
    assert_int_equal(node_get(team_field(&f, "metadata"), "s")->type, NODE_STRING);
    assert_int_equal(node_get(team_field(&f, "metadata"), "e")->type, NODE_NULL);
    const struct node *members = team_field(&f, "members");
    assert_string_equal(node_get_text(node_get(members, "al@x.com"), "role"), "admin");
    assert_int_equal(node_get_int(node_get(members, "bo@x.com"), "max_budget", 0), 5);
    fixture_end(&f);
}

#define TEAM(fields) "teams: { a: { models: all, " fields " } }\n"

static void booleans(void **state)
{
    (void)state;
    expect_fault(TEAM("blocked: yes"), "LF011", "write true");
    expect_fault(TEAM("blocked: Off"), "LF011", "write false");
    expect_fault(TEAM("blocked: 'true'"), "LF011", "remove the quotes");
    expect_fault(TEAM("blocked: [true]"), "LF011", "here is a list");
    expect_fault(TEAM("blocked: maybe"), "LF011", "write true or false");
}

static void numbers(void **state)
{
    (void)state;
    expect_fault(TEAM("window: '5'"), "LF011", "remove the quotes");
    expect_fault(TEAM("window: five"), "LF011", "a whole number");
    expect_fault(TEAM("window: 11"), "LF012", "from 1 to 10, here is 11");
    expect_fault(TEAM("window: 0"), "LF012", "from 1 to 10");
    expect_fault(TEAM("window: 0010"), "LF011", "write 10");
    expect_fault(TEAM("window: 1_0"), "LF011", "write 10");
    expect_fault(TEAM("window: 1.5"), "LF011", "a whole number");
    expect_fault(TEAM("window: 99999999999999999999"), "LF012", "from 1 to 10");
    expect_fault("models: { x: { rpm: -1 } }\n", "LF012", "0 or more");
    expect_fault("models: { x: { rpm: 9007199254740992 } }\n", "LF012", "0 or more");
    expect_fault(TEAM("max_budget: '5'"), "LF011", "remove the quotes");
    expect_fault(TEAM("max_budget: -0.5"), "LF012", "0 or more");
    expect_fault(TEAM("max_budget: .inf"), "LF011", "a number");
    expect_ids(TEAM("max_budget: 1e-6"), "");
}

static void durations_and_choices(void **state)
{
    (void)state;
    expect_fault(TEAM("budget_duration: 30"), "LF012", "say of what: 30s, 30m, 30h");
    expect_fault(TEAM("budget_duration: 30y"), "LF012", "such as 30d");
    expect_fault(TEAM("size: lage"), "LF012", "did you mean \"large\"?");
    expect_fault(TEAM("size: [large]"), "LF011", "one of small, large");
    expect_fault(TEAM("tags: one"), "LF011", "write [one]");
    expect_fault(TEAM("tags: [[one]]"), "LF011", "a text");
}

static void lists_of_models(void **state)
{
    (void)state;
    expect_fault("teams: { a: { models: [] } }\n", "LF023", "write `all` for every model, `none`");
    expect_fault("teams: { a: { models: '*' } }\n", "LF011", "write `all` instead of the list");
    expect_fault("teams: { a: { models: [all] } }\n", "LF011", "write `all` instead of the list");
    expect_fault("teams: { a: { models: [no-default-models] } }\n", "LF011", "write `none`");
    expect_fault("teams: { a: { models: x } }\nmodels: { x: {} }\n", "LF011", "write [x]");
    expect_fault("teams: { a: {} }\n", "LF013", "team \"a\" has no \"models\"");
    expect_fault("teams: { a: { models: null } }\n", "LF013", "team \"a\" has no \"models\"");
    struct fixture f = loaded("teams: { a: { models: none } }\n");
    assert_string_equal(node_text(team_field(&f, "models")), "none");
    fixture_end(&f);
}

static void keys_of_a_table(void **state)
{
    (void)state;
    expect_fault(TEAM("max_buget: 5"), "LF010", "did you mean \"max_budget\"?");
    expect_fault(TEAM("zzzzzz: 5"), "LF010", "known here: models,");
    expect_fault(TEAM("spend: 5"), "LF010", "the server sets it");
    expect_fault(TEAM("budget: 5"), "LF010", "write max_budget");
    expect_fault(TEAM("guardrails: [a]"), "LF026", "tier: enterprise");
    expect_ids("tier: enterprise\n" TEAM("guardrails: [a]"), "");
    expect_fault("teamz: {}\n", "LF010", "did you mean \"teams\"?");
    expect_fault("teams: [a]\n", "LF011", "a map of names to entries");
    expect_fault("teams: { a: }\n", "LF011", "write {}");
    expect_fault("teams: { a: x }\n", "LF011", "a map of fields");
    expect_fault(TEAM("members: { x@x.com: }"), "LF011", "write {}");
    expect_fault(TEAM("members: { x@x.com: boss }"), "LF012", "one of admin, user");
    expect_fault(TEAM("members: { x@x.com: { rule: user } }"), "LF010", "did you mean \"role\"?");
    expect_fault("users: { '': {} }\n", "LF028", "is empty");
    expect_fault("users: { \"a\\tb\": {} }\n", "LF028", "control character");
}

static void free_maps_beside_fields(void **state)
{
    (void)state;
    expect_fault(TEAM("metadata: { depth: 5 }"), "LF022", "write it as \"depth\" of the entry");
    expect_fault(TEAM("metadata: { dephth: 5 }"), "LF027", "did you mean \"depth\"?");
    expect_ids(TEAM("metadata: { owner: x }"), "");
    expect_fault(TEAM("metadata: [a]"), "LF011", "takes a map");
    expect_fault(TEAM("metadata: { at: 12:30 }"), "LF018", "12:30 is text here");
}

static void all_faults_at_once(void **state)
{
    (void)state;
    expect_ids("teams:\n  a: { models: [], blocked: yes }\n  b: { modls: all }\n"
               "users:\n  x: { rol: a }\n",
        "LF023 LF011 LF013 LF010 LF010");
}

static void secrets_are_references(void **state)
{
    (void)state;
    struct fixture f = loaded("keys:\n  k:\n    value: { env: K }\n    extra: { a: plain, b: { "
                              "file: x } }\n");
    const struct node *key = node_get(node_get(f.spec->document, "keys"), "k");
    assert_int_equal(f.diags.list.count, 0);
    assert_string_equal(node_get_text(key, "value"), "env:K");
    assert_int_equal(node_get(key, "value")->marks & NODE_SECRET, NODE_SECRET);
    const char *file = arena_printf(f.arena, "file:%s/environments/test/x", f.root);
    assert_string_equal(node_get_text(node_get(key, "extra"), "b"), file);
    assert_string_equal(node_get_text(node_get(key, "extra"), "a"), "plain");
    fixture_end(&f);
}

static void a_secret_written_out_is_not_repeated(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "keys: { k: { value: sk-hushhush } }\n",
        "keys: { k: { value: 'sk-hushhush', alias: [1] } }\n",
        "keys:\n  k:\n    value: |\n      sk-hushhush\n      and more hushhush\n    alias: [1]\n",
        "keys: { k: { value: { value: sk-hushhush } } }\n",
        "keys: { k: { value: { env: sk-hushhush } } }\n",
        "keys: { k: { value: [sk-hushhush] } }\n",
        "secrets: { s: sk-hushhush }\n",
        "secrets: { s: { K: sk-hushhush } }\n",
    };
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct fixture f = loaded(ways[i]);
        CLEANUP_BUF struct buf json = BUF_INIT(0);
        CLEANUP_BUF struct buf shown = BUF_INIT(0);
        const char *text = fixture_diags(&f);
        diags_render_json(&f.diags, &json);
        spec_show(f.spec, &f.diags, NULL, true, &shown);
        assert_true(diags_errors(&f.diags) > 0);
        if (strstr(text, "hush") != NULL || strstr(buf_text(&shown), "hush") != NULL)
            print_error("%s\n%s\n%s", ways[i], text, buf_text(&shown));
        assert_null(strstr(text, "hush"));
        assert_null(strstr(buf_text(&json), "hush"));
        assert_null(strstr(buf_text(&shown), "hush"));
        fixture_end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_field_takes_any_scalar),
        cmocka_unit_test(types_are_those_of_the_table),
        cmocka_unit_test(booleans),
        cmocka_unit_test(numbers),
        cmocka_unit_test(durations_and_choices),
        cmocka_unit_test(lists_of_models),
        cmocka_unit_test(keys_of_a_table),
        cmocka_unit_test(free_maps_beside_fields),
        cmocka_unit_test(all_faults_at_once),
        cmocka_unit_test(secrets_are_references),
        cmocka_unit_test(a_secret_written_out_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
