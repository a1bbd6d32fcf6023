/* Resources: references, two entries for one thing, values with two homes, what steers the program. */
#include "unit/spec_fixture.h"

static const struct resource *find(const struct fixture *f, const char *address)
{
    const struct resource *resource = desired_resource(&f->spec->desired, address);
    if (resource == NULL)
        print_error("no %s\n", address);
    assert_non_null(resource);
    return resource;
}

static void references_become_needs(void **state)
{
    (void)state;
    struct fixture f = loaded("models:\n  m: { deployments: { b: x, a: y } }\n  n: { bedrock: z }\n"
                              "teams: { t: { models: [n, m, n], members: { p@x.com: user } } }\n"
                              "keys: { k: { team: t, models: all } }\n");
    assert_int_equal(f.diags.list.count, 0);
    const struct resource *team = find(&f, "team/t");
    assert_int_equal(team->needs.count, 3);
    assert_string_equal(team->needs.at[0], "model/m/a");
    assert_string_equal(team->needs.at[1], "model/m/b");
    assert_string_equal(team->needs.at[2], "model/n");
    assert_string_equal(find(&f, "key/k")->needs.at[0], "team/t");
    assert_int_equal(find(&f, "key/k")->needs.count, 1);
    assert_string_equal(find(&f, "member/t/p@x.com")->needs.at[0], "team/t");
    assert_null(find(&f, "member/t/p@x.com")->id);
    assert_string_equal(find(&f, "model/m/a")->name, "m/a");
    fixture_end(&f);
}

static void names_of_models(void **state)
{
    (void)state;
    expect_fault("models: { claude: { bedrock: x } }\nteams: { t: { models: [claud] } }\n", "LF014",
        "did you mean \"claude\"?");
    expect_fault("keys: { k: { models: [nothing] } }\n", "LF014", "declare it under \"models\"");
    expect_ids("teams: { t: { models: [fast], model_aliases: { fast: x } } }\n", "");
    expect_ids(
        "models: { m: { info: { access_groups: [grp] } } }\nteams: { t: { models: [grp] } }\n", "");
    expect_ids("models: { 'bedrock/*': {} }\nteams: { t: { models: [bedrock/x, 'y/*'] } }\n", "");
    expect_ids("models: { m: { name: called } }\nteams: { t: { models: [called] } }\n", "");
    expect_fault("models: { m: { name: called } }\nteams: { t: { models: [m] } }\n", "LF014",
        "\"m\" is not declared");
    expect_ids(
        "teams: { t: { models: all } }\nkeys: { k: { team: t, models: [all-team-models] } }\n", "");
}

static void an_entry_with_a_fault_is_declared_all_the_same(void **state)
{
    (void)state;
    expect_ids("models: { m: { rpm: x } }\nteams: { t: { models: [m], blocked: yes } }\n"
               "keys: { k: { team: t, models: [m] } }\n",
        "LF011 LF011");
    expect_fault("keys: { k: { team: tt } }\nteams: { tx: { models: all } }\n", "LF014",
        "did you mean \"tx\"?");
    expect_fault("keys: { k: { team: q } }\n", "LF014", "declare it under \"teams\"");
}

static void two_entries_for_one_thing(void **state)
{
    (void)state;
    expect_fault("users: { Al@x.com: {}, al@X.com: {} }\n", "LF024", "same e-mail");
    expect_fault("teams: { t: { models: all, members: { A@x.com: user, a@x.com: user } } }\n",
        "LF024", "same e-mail");
    expect_fault("users: { a: { id: one }, b: { id: one } }\n", "LF024", "same id");
    expect_fault("keys: { a: { alias: b }, b: {} }\n", "LF024", "same name on the server");
    expect_ids("models: { m: { deployments: { a: x, b: x } } }\n", "");
    expect_fault("teams: { a: { models: all, id: a b } }\n", "LF028", "cannot be an id");
    expect_fault("teams: { a: { models: all, id: a@b } }\n", "LF028", "cannot be an id");
    expect_ids("users: { a: { id: a+1@b.com } }\n", "");
}

#define CLUSTER                                                                                    \
    "environment: test\nbackend: local\ntargets: { litellm: { url: 'https://l.x', master_key: { "  \
    "env: K } }, kubernetes: { namespace: n } }\n"
#define RELEASE "release: { name: l, chart: c, version: 1.80, image: { tag: t }, "
#define DATABASE "secrets: { s: { DATABASE_URL: { env: D } } }\n"

static void expect_cluster(const char *text, const char *id, const char *part)
{
    struct fixture f = fixture_new();
    fixture_file(&f, "environments/test/e.yaml", arena_printf(f.arena, CLUSTER "%s", text));
    fixture_load(&f, "test");
    const char *shown = fixture_diags(&f);
    bool good =
        id == NULL ? f.diags.list.count == 0 : f.diags.list.count == 1 && diags_has(&f.diags, id);
    good = good && strstr(shown, part) != NULL && strstr(shown, "sk-hush") == NULL;
    if (!good)
        print_error("%s\n%s\nwanted: %s\n", text, shown, part);
    assert_true(good);
    fixture_end(&f);
}

static void one_value_has_one_home(void **state)
{
    (void)state;
    expect_cluster(DATABASE RELEASE "config: {}, values: { proxy_config: {} } }\n", "LF022",
        "\"release.config\" and \"release.values.proxy_config\"");
    expect_cluster(DATABASE RELEASE "values: { image: {} } }\n", "LF022", "release.values.image");
    expect_cluster(DATABASE RELEASE "values: { ingress: {} } }\ningress: { host: h }\n", "LF022",
        "release.values.ingress");
    expect_cluster(DATABASE RELEASE
        "config: { model_list: [{ model_name: m }] } }\nmodels: { m: {} }\n",
        "LF022", "also_in_config: true");
    expect_cluster(DATABASE RELEASE
        "config: { model_list: [{ model_name: m }] } }\nmodels: { m: { also_in_config: true } }\n",
        NULL, "");
    expect_cluster(DATABASE RELEASE
        "config: { model_list: [{ model_name: m }] } }\nkeys: { k: { models: [m] } }\n",
        NULL, "");
}

static void what_a_release_needs(void **state)
{
    (void)state;
    expect_cluster(DATABASE RELEASE "values: { masterkey: sk-hush } }\n", "LF019",
        "the master key is written out");
    expect_cluster(DATABASE RELEASE "config: { general_settings: { master_key: sk-hush } } }\n",
        "LF019", "the master key is written out");
    expect_cluster(DATABASE RELEASE
        "config: { general_settings: { master_key: os.environ/K } } }\n",
        NULL, "");
    expect_cluster(DATABASE "release: { name: l, chart: c, version: 1 }\n", "LF025", "image.tag");
    expect_cluster(DATABASE
        "release: { name: l, chart: c, version: 1, image: { repository: r } }\n",
        "LF013", "\"image\" has no \"tag\"");
    expect_cluster(RELEASE "}\n", "LF025", "needs a database");
    expect_cluster(RELEASE "values: { db: { useExisting: true } } }\n", NULL, "");
    expect_fault("ingress: { host: h }\n", "LF025", "needs \"targets.kubernetes\"");
    expect_cluster("ingress: { host: h, annotations: { a/b: 3600 } }\n", NULL, "");
    expect_cluster("secrets: { S: { K: { env: K } } }\n", "LF028", "the name of a Secret");
    expect_cluster("secrets: { s: { K/: { env: K } } }\n", "LF028", "a key in a Secret");
}

static void moved_and_removed(void **state)
{
    (void)state;
    struct fixture f = loaded("teams: { new: { models: all } }\nmoved: [{ from: team/old, to: "
                              "team/new }]\nremoved: [team/gone, user/a b]\n");
    assert_int_equal(f.diags.list.count, 0);
    assert_int_equal(f.spec->moved.count, 1);
    assert_string_equal(f.spec->moved.at[0].from, "team/old");
    assert_string_equal(f.spec->removed.at[1], "user/a%20b");
    fixture_end(&f);
    expect_fault("moved: [{ from: team/a, to: user/a }]\n", "LF025", "the kinds differ");
    expect_fault("moved: [{ from: team/a, to: team/b }]\n", "LF014", "which is not declared");
    expect_fault("users: { a: {}, b: {} }\nmoved: [{ from: user/a, to: user/b }]\n", "LF025",
        "still declared");
    expect_fault("moved: [{ from: tea/a, to: team/b }]\n", "LF012", "is no address");
    expect_fault("moved: [{ from: team/a }]\n", "LF013", "has no \"to\"");
    expect_fault("users: { a: {} }\nremoved: [user/a]\n", "LF025", "is declared");
    expect_fault("removed: [usr/a]\n", "LF012", "did you mean \"user\"?");
}

static void sections_of_our_own(void **state)
{
    (void)state;
    expect_fault("claude_code: { sonnet: m, opus: m, haiku: x }\nmodels: { m: {} }\n", "LF014",
        "model \"x\"");
    expect_fault("claude_code: { sonnet: m, opus: m }\nmodels: { m: {} }\n", "LF013", "\"haiku\"");
    expect_fault("policy: { max_delete: ten }\n", "LF011", "such as 10% or 3");
    expect_fault("policy: { max_delete: 110% }\n", "LF012", "at most 100%");
    expect_fault("policy: { protect: [tema/a] }\n", "LF012", "did you mean \"team\"?");
    expect_fault("policy: { ownership: { team: full } }\n", "LF010", "did you mean \"teams\"?");
    expect_fault("policy: { ownership: { teams: all } }\n", "LF012", "one of full, keep, ignore");
    expect_fault("policy: { lint: { LF001: off } }\n", "LF010", "\"lint\" has no key \"LF001\"");
    expect_fault("bedrock: { endpoint: 'ftp://x' }\n", "LF012", "write https://HOST");
    expect_fault("bedrock: { endpoint: 'https://a:b@x' }\n", "LF012", "holds a user or password");
    expect_fault("tier: premium\n", "LF012", "one of free, enterprise");
}

static const char *whole(const struct fixture *f, const char *backend, const char *targets)
{
    return arena_printf(
        f->arena, "environment: test\n%s\ntargets: { litellm: %s }\n", backend, targets);
}

static void backends_and_targets(void **state)
{
    (void)state;
    static const char good[] = "{ url: 'https://l.x', master_key: { env: K } }";
    static const char *const cases[][3] = {
        {"backend: s3", good, "LF011"},
        {"backend: { s3: { bucket: bkt, region: r }, local: true }", good, "LF025"},
        {"backend: {}", good, "LF025"},
        {"backend: { s3: { bucket: bkt } }", good, "LF013"},
        {"", good, "LF013"},
        {"backend: local", "{ master_key: { env: K } }", "LF013"},
        {"backend: local", "{ url: { env: LF_NOT_SET_ANYWHERE }, master_key: { env: K } }",
            "LF021"},
        {"backend: local", "{ url: 'https://x', master_key: { previous: { env: K } } }", "LF025"},
        {"backend: local", "{ url: 'https://x', master_key: sk-hush }", "LF019"},
        {"backend: local", "{ url: 'https://x', master_key: { env: K }, window: 0 }", "LF012"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f = fixture_new();
        fixture_file(&f, "environments/test/e.yaml", whole(&f, cases[i][0], cases[i][1]));
        fixture_load(&f, "test");
        const char *shown = fixture_diags(&f);
        if (f.diags.list.count != 1 || !diags_has(&f.diags, cases[i][2]))
            print_error("%s\n%s", whole(&f, cases[i][0], cases[i][1]), shown);
        assert_int_equal(f.diags.list.count, 1);
        assert_true(diags_has(&f.diags, cases[i][2]));
        fixture_end(&f);
    }
}

static void what_steers_the_program(void **state)
{
    (void)state;
    struct fixture f = fixture_new();
    setenv("LF_TEST_URL", "http://127.0.0.1:4000/", 1);
    fixture_file(&f, "environments/test/e.yaml",
        "environment: test\n"
        "backend: { s3: { bucket: bkt, region: r }, hash_key: { env: H } }\n"
        "targets:\n"
        "  litellm:\n    url: { env: LF_TEST_URL }\n"
        "    master_key: { env: NEW, previous: { env: OLD } }\n"
        "    ca_file: ca.pem\n    insecure: true\n    window: 4\n"
        "  kubernetes: { namespace: n }\n"
        "  database: { url: { env: DB }, required: true }\n"
        "tier: enterprise\n"
        "policy: { max_delete: 3, max_update: 20%, protected: true, protect: [team/a*],\n"
        "          ignore: [key/x], ownership: { members: full, teams: ignore } }\n"
        "ingress: { host: h }\n");
    const struct spec *spec = fixture_load(&f, "test");
    if (f.diags.list.count > 0)
        print_error("%s", fixture_diags(&f));
    assert_int_equal(f.diags.list.count, 0);
    assert_false(spec->backend_local);
    assert_string_equal(node_get_text(node_get(spec->backend, "s3"), "bucket"), "bkt");
    assert_string_equal(spec->hash_key, "env:H");
    assert_string_equal(spec->litellm_url, "http://127.0.0.1:4000");
    assert_string_equal(spec->litellm_key, "env:NEW");
    assert_string_equal(spec->litellm_key_previous, "env:OLD");
    assert_string_equal(
        spec->litellm_ca_file, arena_printf(f.arena, "%s/environments/test/ca.pem", f.root));
    assert_true(spec->litellm_insecure);
    assert_int_equal(spec->litellm_window, 4);
    assert_string_equal(spec->database_url, "env:DB");
    assert_true(spec->database_required);
    assert_string_equal(spec->tier, "enterprise");
    assert_false(spec->policy.max_delete.percent);
    assert_int_equal(spec->policy.max_delete.value, 3);
    assert_true(spec->policy.max_update.percent);
    assert_int_equal(spec->policy.max_update.value, 20);
    assert_true(spec->policy.protected_environment);
    assert_string_equal(spec->policy.protect.at[0], "team/a*");
    assert_int_equal(spec->not_collected.count, 1);
    assert_int_equal(spec_ownership(spec, &member_kind), OWNERSHIP_FULL);
    assert_int_equal(spec_ownership(spec, &team_kind), OWNERSHIP_IGNORE);
    assert_int_equal(spec_ownership(spec, &user_kind), OWNERSHIP_KEEP);
    fixture_end(&f);
}

static void many_objects(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    buf_str(&text, "models: { m: {} }\nteams:\n");
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "  t%d: { models: [m], members: { a@x: user, b@x: user } }\n", i);
    buf_str(&text, "keys:\n");
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "  k%d: { team: t%d, models: [m], value: { env: K } }\n", i, i);
    struct fixture f = loaded(buf_text(&text));
    assert_int_equal(f.diags.list.count, 0);
    assert_int_equal(f.spec->desired.list.count, 4001);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_become_needs),
        cmocka_unit_test(names_of_models),
        cmocka_unit_test(an_entry_with_a_fault_is_declared_all_the_same),
        cmocka_unit_test(two_entries_for_one_thing),
        cmocka_unit_test(one_value_has_one_home),
        cmocka_unit_test(what_a_release_needs),
        cmocka_unit_test(moved_and_removed),
        cmocka_unit_test(sections_of_our_own),
        cmocka_unit_test(backends_and_targets),
        cmocka_unit_test(what_steers_the_program),
        cmocka_unit_test(many_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
