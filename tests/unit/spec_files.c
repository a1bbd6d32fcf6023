/* Files: which are read, how they are merged, what is said where one is missing. */
#include "unit/spec_fixture.h"

static void expect_one(struct fixture *f, const char *id, const char *part)
{
    const char *text = fixture_diags(f);
    if (!diags_has(&f->diags, id) || strstr(text, part) == NULL)
        print_error("%s\nwanted: %s %s\n", text, id, part);
    assert_true(diags_has(&f->diags, id));
    assert_non_null(strstr(text, part));
}

static void all_files_are_one_document(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    fixture_file(&f, "environments/test/a.yaml", HEAD);
    fixture_file(&f, "environments/test/b.yaml", "users: { x: {} }\n");
    fixture_file(&f, "environments/test/empty.yaml", "");
    fixture_file(&f, "environments/test/.hidden.yaml", "users: {}\n");
    fixture_file(&f, "environments/test/notes.txt", "users: {}\n");
    fixture_load(&f, "test");
    assert_int_equal(f.diags.list.count, 0);
    assert_int_equal(f.spec->files.count, 3);
    assert_string_equal(f.spec->files.at[1], "environments/test/b.yaml");
    assert_non_null(desired_resource(&f.spec->desired, "user/x"));
    fixture_end(&f);
}

static void a_key_in_two_files_names_both(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    fixture_file(&f, "environments/test/a.yaml", HEAD "users: { x: {} }\n");
    fixture_file(&f, "environments/test/b.yaml", "\nusers: { y: {} }\n");
    fixture_load(&f, "test");
    expect_one(&f, "LF015", "environments/test/b.yaml:2:1");
    expect_one(&f, "LF015", "environments/test/a.yaml:4:1");
    fixture_end(&f);
}

static void extends_merges_in_order(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    fixture_file(&f, "environments/common/one.yaml",
        "extends: zero.yaml\nusers: { x: { role: one }, y: { role: one } }\n");
    fixture_file(&f, "environments/common/zero.yaml",
        "users: { x: { role: zero }, gone: {}, w: { role: zero } }\nteams: { t: { models: all, "
        "tags: [a, b] } }\n");
    fixture_file(&f, "environments/common/two.yaml", "users: { y: { role: two }, gone: null }\n");
    fixture_file(&f, "environments/test/a.yaml",
        HEAD "extends: [../common/one.yaml, ../common/two.yaml]\nteams: { t: { tags: [c] } }\n");
    fixture_load(&f, "test");
    if (f.diags.list.count > 0)
        print_error("%s", fixture_diags(&f));
    assert_int_equal(f.diags.list.count, 0);
    const struct node *users = node_get(f.spec->document, "users");
    assert_string_equal(node_get_text(node_get(users, "x"), "role"), "one");
    assert_string_equal(node_get_text(node_get(users, "y"), "role"), "two");
    assert_string_equal(node_get_text(node_get(users, "w"), "role"), "zero");
    assert_null(node_get(users, "gone"));
    const struct node *team = node_get(node_get(f.spec->document, "teams"), "t");
    assert_int_equal(node_get(team, "tags")->count, 1);
    assert_null(node_get(f.spec->document, "extends"));
    assert_int_equal(f.spec->files.count, 4);
    fixture_end(&f);
}

static void null_removes_and_else_is_kept_in_free_maps(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    fixture_file(&f, "environments/common/base.yaml",
        "teams: { t: { models: all, note: x, metadata: { a: 1, b: 2 } } }\n");
    fixture_file(&f, "environments/test/a.yaml",
        HEAD "extends: ../common/base.yaml\n"
             "teams: { t: { note: null, metadata: { a: null, c: null } } }\n");
    fixture_load(&f, "test");
    const struct node *team = node_get(node_get(f.spec->document, "teams"), "t");
    const struct node *metadata = node_get(team, "metadata");
    assert_int_equal(f.diags.list.count, 0);
    assert_null(node_get(team, "note"));
    assert_null(node_get(metadata, "a"));
    assert_int_equal(node_get_int(metadata, "b", 0), 2);
    assert_true(node_is(node_get(metadata, "c"), NODE_NULL));
    fixture_end(&f);
}

static void circles_end(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    fixture_file(&f, "environments/common/a.yaml", "extends: b.yaml\n");
    fixture_file(&f, "environments/common/b.yaml", "extends: a.yaml\n");
    fixture_file(&f, "environments/test/e.yaml", HEAD "extends: ../common/a.yaml\n");
    fixture_load(&f, "test");
    expect_one(&f, "LF016", "environments/common/b.yaml:1:10");
    fixture_end(&f);
}

/* Each file extends the next one twice: 2^40 readings if each were read anew. */
static void diamonds_are_read_once(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    for (int i = 0; i < 40; i++) {
        char name[64], text[64];
        snprintf(name, sizeof(name), "environments/common/f%d.yaml", i);
        snprintf(text, sizeof(text), "extends: [f%d.yaml, f%d.yaml]\n", i + 1, i + 1);
        fixture_file(&f, name, text);
    }
    fixture_file(&f, "environments/common/f40.yaml", "users: { x: {} }\n");
    fixture_file(&f, "environments/test/e.yaml", HEAD "extends: ../common/f0.yaml\n");
    fixture_load(&f, "test");
    assert_int_equal(f.diags.list.count, 0);
    assert_int_equal(f.spec->files.count, 42);
    fixture_end(&f);
}

static void extends_stays_inside(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"../../../../../../etc/passwd", "leads out of the folder"},
        {"/etc/passwd", "leads out of the folder"},
        {"../common/missing.yaml", "cannot be read: No such file"},
        {"../common/notes.txt", "takes *.yaml files"},
        {"{ a: b }", "takes a path or a list of paths"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fixture f = fixture_new();
        const char *text = arena_printf(f.arena, HEAD "extends: %s\nteams: { t: {} }\n", bad[i][0]);
        fixture_file(&f, "environments/test/e.yaml", text);
        fixture_load(&f, "test");
        const char *shown = fixture_diags(&f);
        if (strstr(shown, bad[i][1]) == NULL)
            print_error("%s", shown);
        assert_non_null(strstr(shown, bad[i][1]));
        assert_non_null(strstr(shown, "environments/test/e.yaml:4:10"));
        /* What the file would have held is unknown: nothing else may be complained of. */
        assert_int_equal(f.diags.list.count, 1);
        fixture_end(&f);
    }
}

static void no_such_environment(void **state)
{
    (void)state;
    struct fixture f = loaded("");
    fixture_file(&f, "environments/common/base.yaml", "users: {}\n");
    struct strings names = {0};
    spec_environments(f.arena, f.root, &names);
    assert_int_equal(names.count, 1);
    assert_null(fixture_load(&f, "tset"));
    expect_one(&f, "LF007", "did you mean \"test\"?");
    assert_null(fixture_load(&f, ".."));
    assert_null(fixture_load(&f, "environments/nothing"));
    assert_null(fixture_load(&f, ""));
    fixture_end(&f);
}

static void a_yml_file_is_said_to_be_ignored(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    fixture_file(&f, "environments/test/a.yaml", HEAD);
    fixture_file(&f, "environments/test/more.yml", "users: {}\n");
    fixture_load(&f, "test");
    expect_one(&f, "LF029", "environments/test/more.yml is not read");
    assert_int_equal(diags_errors(&f.diags), 0);
    fixture_end(&f);
}

static void names_and_folders(void **state)
{
    (void)state;
    struct fixture f = loaded("");
    assert_string_equal(f.spec->state_folder, arena_printf(f.arena, "%s/state/test", f.root));
    assert_string_equal(f.spec->folder, arena_printf(f.arena, "%s/environments/test", f.root));
    /* The same environment by its path, from another working folder. */
    struct spec_options options = {
        .root = ".", .name = arena_printf(f.arena, "%s/environments/./x/../test/", f.root)};
    struct spec *spec = spec_load(f.arena, &options, &test_kinds, &f.diags);
    assert_non_null(spec);
    assert_string_equal(spec->environment, "test");
    assert_string_equal(spec->state_folder, f.spec->state_folder);
    fixture_file(&f, "lone/test/a.yaml", HEAD);
    options.name = arena_printf(f.arena, "%s/lone/test", f.root);
    spec = spec_load(f.arena, &options, &test_kinds, &f.diags);
    assert_string_equal(spec->state_folder, arena_printf(f.arena, "%s/lone/state/test", f.root));
    fixture_file(&f, "environments/other/a.yaml", HEAD);
    assert_int_equal(f.diags.list.count, 0);
    fixture_load(&f, "other");
    expect_one(&f, "LF017", "the folder is called \"other\"");
    fixture_end(&f);
}

static void the_digest_follows_names_and_contents(void **state)
{
    (void)state;
    struct fixture a = loaded("users: { x: {} }\n"), b = loaded("users: { x: {} }\n");
    struct fixture c = loaded("users: { y: {} }\n");
    assert_string_equal(a.spec->digest, b.spec->digest);
    assert_string_not_equal(a.spec->digest, c.spec->digest);
    fixture_file(&b, "environments/test/more.yaml", "");
    fixture_load(&b, "test");
    assert_string_not_equal(a.spec->digest, b.spec->digest);
    fixture_end(&a);
    fixture_end(&b);
    fixture_end(&c);
}

static void a_file_that_is_no_map(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    fixture_file(&f, "environments/test/a.yaml", "- a\n- b\n");
    fixture_file(&f, "environments/test/b.yaml", "a: [\n");
    fixture_load(&f, "test");
    expect_one(&f, "LF011", "environments/test/a.yaml:1:1");
    expect_one(&f, "LF002", "environments/test/b.yaml");
    assert_int_equal(f.diags.list.count, 2);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_files_are_one_document),
        cmocka_unit_test(a_key_in_two_files_names_both),
        cmocka_unit_test(extends_merges_in_order),
        cmocka_unit_test(null_removes_and_else_is_kept_in_free_maps),
        cmocka_unit_test(circles_end),
        cmocka_unit_test(diamonds_are_read_once),
        cmocka_unit_test(extends_stays_inside),
        cmocka_unit_test(no_such_environment),
        cmocka_unit_test(a_yml_file_is_said_to_be_ignored),
        cmocka_unit_test(names_and_folders),
        cmocka_unit_test(the_digest_follows_names_and_contents),
        cmocka_unit_test(a_file_that_is_no_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
