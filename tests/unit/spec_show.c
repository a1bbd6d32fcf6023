/* What is printed of a spec and of the language: show, schema, reference, template. */
#define FIXTURE_KEEP_RAW true
#include "unit/spec_fixture.h"

#include "value/read.h"

static const char *shown(struct fixture *f, const char *address, bool origin)
{
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    if (!spec_show(f->spec, &f->diags, address, origin, &out))
        return NULL;
    return arena_strdup(f->arena, buf_text(&out));
}

#define TEXT                                                                                       \
    "models: { m: { deployments: { b: x } } }\n"                                                   \
    "teams:\n"                                                                                     \
    "  \"a b\":\n"                                                                                 \
    "    models: [m]\n"                                                                            \
    "    members: { p@x.com: user }\n"                                                             \
    "    metadata: { list: [{ k: 1, l: \"no\" }, []], empty: {}, z: null }\n"                      \
    "    note: no\n"

static void one_entry(void **state)
{
    (void)state;
    struct fixture f = loaded(TEXT);
    assert_int_equal(f.diags.list.count, 0);
    assert_string_equal(shown(&f, "team/a%20b", false), "a b:\n"
                                                        "  members:\n"
                                                        "    p@x.com: user\n"
                                                        "  metadata:\n"
                                                        "    empty: {}\n"
                                                        "    list:\n"
                                                        "      - k: 1\n"
                                                        "        l: \"no\"\n"
                                                        "      - []\n"
                                                        "    z: null\n"
                                                        "  models:\n"
                                                        "    - m\n"
                                                        "  note: no\n");
    assert_string_equal(shown(&f, "member/a%20b/p@x.com", false), "p@x.com: user\n");
    assert_string_equal(shown(&f, "model/m/b", false), "b: x\n");
    assert_string_equal(shown(&f, "environment", false), "environment: test\n");
    assert_null(shown(&f, "team/none", false));
    assert_null(shown(&f, "team/", false));
    assert_null(shown(&f, "nothing", false));
    fixture_end(&f);
}

static void the_places_of_values(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    fixture_file(&f, "environments/common/base.yaml", "users:\n  x: { role: a }\n  yy: {}\n");
    fixture_file(&f, "environments/test/e.yaml",
        HEAD "extends: ../common/base.yaml\nusers:\n  x: { role: b }\n");
    fixture_load(&f, "test");
    const char *text = shown(&f, NULL, true);
    assert_non_null(strstr(text, "role: b "));
    assert_non_null(strstr(text, "# environments/test/e.yaml:6\n"));
    assert_non_null(strstr(text, "  yy: {}"));
    assert_non_null(strstr(text, "# environments/common/base.yaml:3\n"));
    for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1) {
        const char *place = strstr(at, "# environments/");
        assert_non_null(place);
        assert_true(place < strchr(at, '\n'));
    }
    fixture_end(&f);
}

/* What is shown says the same as what was read. */
static void shown_text_reads_the_same(void **state)
{
    (void)state;
    struct fixture f = loaded(TEXT);
    const char *text = shown(&f, NULL, true);
    struct fixture again = fixture_new();
    fixture_file(&again, "environments/test/e.yaml", text);
    fixture_load(&again, "test");
    if (again.diags.list.count > 0)
        print_error("%s\n%s", text, fixture_diags(&again));
    assert_int_equal(again.diags.list.count, 0);
    assert_true(node_equal(f.spec->document, again.spec->document));
    fixture_end(&f);
    fixture_end(&again);
}

static void the_template_is_valid(void **state)
{
    (void)state;
    static const char *const names[] = {"test", "x", "a-b.c"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct fixture f = fixture_new();
        CLEANUP_BUF struct buf out = BUF_INIT(0);
        spec_template(names[i], &out);
        fixture_file(&f, arena_printf(f.arena, "environments/%s/e.yaml", names[i]), buf_text(&out));
        /* The test's users take any text for a role; members take user, as the template has it. */
        fixture_load(&f, names[i]);
        if (f.diags.list.count > 0)
            print_error("%s", fixture_diags(&f));
        assert_int_equal(f.diags.list.count, 0);
        assert_non_null(desired_resource(&f.spec->desired, "member/platform/alice@example.com"));
        fixture_end(&f);
    }
}

static void the_schema_follows_the_tables(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    const char *reason = NULL;
    spec_schema(&test_kinds, &out);
    const struct node *schema = json_read(arena, buf_text(&out), out.len, &reason);
    assert_non_null(schema);
    assert_string_equal(
        node_get_text(schema, "$schema"), "https://json-schema.org/draft/2020-12/schema");
    const struct node *team = node_path(schema, "properties.teams.additionalProperties");
    assert_false(node_get_bool(team, "additionalProperties", true));
    const struct node *fields = node_get(team, "properties");
    assert_int_equal(node_get_int(node_get(fields, "window"), "maximum", 0), 10);
    assert_string_equal(node_get_text(node_get(fields, "models"), "$ref"), "#/$defs/models");
    assert_int_equal(node_path(fields, "size.enum")->count, 3);
    assert_null(node_get(fields, "spend"));
    assert_null(node_get(fields, "budget"));
    assert_int_equal(node_path(fields, "members.additionalProperties.anyOf")->count, 2);
}

static void the_reference_follows_the_tables(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    spec_reference(&test_kinds, &out);
    const char *text = buf_text(&out);
    assert_non_null(strstr(text, "\n## `teams`\n\nTeams.\n"));
    assert_non_null(
        strstr(text, "| `models` | list of models, `all`, `none` | required | models |\n"));
    assert_non_null(strstr(text, "| `window` | whole number, 1 to 10 |  | one to ten |\n"));
    assert_non_null(strstr(text, "| `guardrails` | list of texts |  | licensed. Needs `tier"));
    assert_non_null(strstr(text, "\n### `backend.s3`\n"));
    assert_null(strstr(text, "`spend`"));
    assert_null(strstr(text, "(null)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_entry),
        cmocka_unit_test(the_places_of_values),
        cmocka_unit_test(shown_text_reads_the_same),
        cmocka_unit_test(the_template_is_valid),
        cmocka_unit_test(the_schema_follows_the_tables),
        cmocka_unit_test(the_reference_follows_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
