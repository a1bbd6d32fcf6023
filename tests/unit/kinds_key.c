/* Keys: identity by hash, stores, rotation, owners, and the calls with their quirks. */
#include "kinds_fixture.h"

#define HASH "aaaa"
#define KEY(token, alias, more)                                                                    \
    "{\"token\":\"" token "\",\"key_name\":\"sk-...cdef\",\"key_alias\":\"" alias "\",\"models\":" \
    "[\"m\"],\"aliases\":{},\"max_budget\":3.0,\"metadata\":{\"liteform\":\"created/prod\","       \
    "\"model_rpm_limit\":{\"m\":1}},\"permissions\":{},\"blocked\":null,\"allowed_routes\":["      \
    "]" more "}"
#define TAKEN                                                                                      \
    "{\"error\":{\"message\":\"Key with alias 'ci' already exists. Unique key aliases across all " \
    "keys are required.\",\"type\":\"bad_request_error\",\"code\":\"400\"}}"

static const struct kind *const kind = &kind_key;

static void knows(struct fixture *f, const char *reference, const char *sha256)
{
    *VEC_ADD(f->arena, &f->secrets.list) = (struct secret_fact){
        .reference = reference,
        .known = sha256 != NULL,
        .reason = sha256 != NULL ? NULL : "not set",
        .sha256 = sha256,
        .length = 24,
        .sk_prefix = true,
    };
}

static void lists(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    assert_true(offer(f, kind, "keys",
        KEY(HASH, "ci",
            ",\"team_id\":\"t1\",\"user_id\":null,\"litellm_budget_table\":{\"soft_budget\":2."
            "0}")));
    assert_true(offer(f, kind, "keys", KEY("bbbb", "ui", ",\"team_id\":\"litellm-dashboard\"")));
    assert_true(offer(f, kind, "keys", KEY("cccc", "lone", ",\"team_id\":null,\"user_id\":null")));
    assert_false(offer(f, kind, "keys", "{\"key_alias\":\"x\"}"));
    join(f, kind);
    const struct object *key = object_of(f, kind, HASH);
    assert_field(f, key, "soft_budget", "2");
    assert_field(f, key, "metadata", "{}");
    assert_field(f, key, "model_rpm_limit", "{\"m\":1}");
    assert_string_equal(key->key, "ci");
    assert_true(object_of(f, kind, "bbbb")->foreign);
    assert_null(node_get(key->raw, "orphan"));
    assert_json(f, node_get(object_of(f, kind, "cccc")->raw, "orphan"),
        "\"it has neither a user nor a team\"");
    fixture_free(f);

    /* The list of 1.81 has no budget row. */
    f = fixture_new(LITELLM(1, 81), false);
    assert_true(offer(f, kind, "keys", KEY(HASH, "ci", ",\"litellm_budget_table\":null")));
    join(f, kind);
    assert_true(strings_has(&object_of(f, kind, HASH)->unseen, "soft_budget"));
    fixture_free(f);
    f = fixture_new(LITELLM(1, 81), true);
    assert_true(offer(f, kind, "rows", "{\"token\":\"aaaa\",\"budget_id\":\"b\"}"));
    assert_true(offer(f, kind, "budgets", "{\"budget_id\":\"b\",\"soft_budget\":2.5}"));
    assert_true(offer(f, kind, "keys", KEY(HASH, "ci", ",\"litellm_budget_table\":null")));
    join(f, kind);
    assert_field(f, object_of(f, kind, HASH), "soft_budget", "2.5");
    fixture_free(f);
}

#define ENTRY "{\"team\":\"plat\",\"models\":[\"m\"],\"value\":\"env:CI\"}"

static const struct resource *ci(struct fixture *f, const char *entry)
{
    wish(f, &kind_team, "plat", "{\"id\":\"t1\",\"models\":\"all\"}");
    return wish(f, kind, "ci", entry);
}

static void create(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    knows(f, "env:CI", HASH);
    const struct resource *key = ci(f, ENTRY);
    begin(f, ACTION_CREATE, key, NULL);
    plan_it(f);
    assert_string_equal(f->change.id, HASH);
    start(f);
    assert_request(f, "POST", "/key/generate",
        "{\"key\":\"env:CI\",\"key_alias\":\"ci\",\"metadata\":{\"liteform\":\"created/prod\"},"
        "\"models\":[\"m\"],\"team_id\":\"t1\"}");
    assert_true(node_get(f->request.body, "key")->marks & NODE_SECRET);
    assert_int_equal(answer(f, 200, "{\"token\":\"aaaa\",\"key\":\"sk-x\"}"), CALL_DONE);

    /* The value that was chosen was not taken. */
    begin(f, ACTION_CREATE, key, NULL);
    plan_it(f);
    start(f);
    assert_int_equal(answer(f, 200, "{\"token\":\"zzzz\",\"key\":\"sk-y\"}"), CALL_SEND);
    assert_request(f, "POST", "/key/delete", "{\"keys\":[\"zzzz\"]}");
    assert_int_equal(answer(f, 200, "{}"), CALL_FAILED);

    /* The alias is taken: by ourselves a moment ago, or by somebody. */
    begin(f, ACTION_CREATE, key, NULL);
    plan_it(f);
    start(f);
    assert_int_equal(answer(f, 400, TAKEN), CALL_SEND);
    assert_request(f, "GET", "/key/info?key=aaaa", NULL);
    assert_int_equal(
        answer(f, 200, "{\"key\":\"aaaa\",\"info\":" KEY(HASH, "ci", "") "}"), CALL_DONE);
    begin(f, ACTION_CREATE, key, NULL);
    plan_it(f);
    start(f);
    answer(f, 400, TAKEN);
    assert_int_equal(
        answer(f, 404, "{\"error\":{\"message\":\"Key not found in database\"}}"), CALL_FAILED);
    begin(f, ACTION_CREATE, key, NULL);
    plan_it(f);
    start(f);
    lost(f);
    assert_int_equal(
        answer(f, 404, "{\"error\":{\"message\":\"Key not found in database\"}}"), CALL_SEND);
    assert_string_equal(f->request.path, "/key/generate");
    fixture_free(f);
}

static void values(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    knows(f, "env:CI", HASH);
    f->secrets.list.at[0].length = 10;
    begin(f, ACTION_CREATE, ci(f, ENTRY), NULL);
    plan_it(f);
    assert_int_equal(f->change.action, ACTION_NONE);
    assert_true(found(f, "LF214"));
    fixture_free(f);

    /* A store: made where nothing is there; lost where the key lives. */
    f = fixture_new(LITELLM(1, 106), false);
    const struct resource *key = ci(f, "{\"team\":\"plat\",\"store\":\"file:/tmp/x\"}");
    begin(f, ACTION_CREATE, key, NULL);
    plan_it(f);
    assert_true(node_get_bool(f->change.extra, "generate", false));
    start(f);
    assert_json(f, node_get(f->request.body, "key"), "\"file:/tmp/x\"");
    offer(f, kind, "keys", KEY(HASH, "ci", ",\"team_id\":\"t1\""));
    begin(f, ACTION_UPDATE, key, object_of(f, kind, HASH));
    plan_it(f);
    assert_int_equal(f->change.action, ACTION_UPDATE);
    assert_int_equal(f->change.fields.count, 0);
    assert_true(found(f, "LF206"));

    wish(f, kind, "both", "{\"value\":\"env:A\",\"store\":\"file:/b\"}");
    assert_true(found(f, "LF025"));
    wish(f, &kind_team, "few", "{\"models\":[\"m\"]}");
    wish(f, kind, "wide", "{\"team\":\"few\",\"models\":[\"m\",\"n\"],\"value\":\"env:A\"}");
    assert_true(found(f, "LF152"));
    fixture_free(f);
}

static void rotation(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 81), false);
    knows(f, "env:CI", "new0");
    const struct resource *key = ci(f, ENTRY);
    offer(f, kind, "keys", KEY(HASH, "ci", ",\"team_id\":\"t1\""));
    offer(f, kind, "keys", KEY("dddd", "ci~2026-11-24", ",\"expires\":\"2026-11-30T00:00:00Z\""));
    struct plan_context context = planning(f);
    assert_null(kind->identify(&context, key));
    begin(f, ACTION_UPDATE, key, object_of(f, kind, HASH));
    plan_it(f);
    assert_int_equal(f->change.action, ACTION_ROTATE);
    assert_int_equal(f->guards.list.count, 1);
    assert_string_equal(f->guards.list.at[0].allow, "--allow-rotate key/ci");
    start(f);
    assert_request(f, "POST", "/key/update",
        "{\"key\":\"aaaa\",\"key_alias\":\"ci~2026-11-24.2\",\"metadata\":"
        "{\"liteform\":\"retired/prod\",\"model_rpm_limit\":{\"m\":1}}}");
    assert_int_equal(answer(f, 200, "{}"), CALL_SEND);
    assert_string_equal(f->request.path, "/key/generate");
    assert_int_equal(answer(f, 200, "{\"token\":\"new0\"}"), CALL_SEND);
    assert_request(f, "POST", "/key/delete", "{\"keys\":[\"aaaa\"]}");
    assert_int_equal(answer(f, 200, "{\"deleted_keys\":[\"aaaa\"]}"), CALL_DONE);
    fixture_free(f);

    /* With a grace the server ends it. */
    f = fixture_new(LITELLM(1, 106), false);
    knows(f, "env:CI", "new0");
    key = ci(f, "{\"team\":\"plat\",\"value\":\"env:CI\",\"grace\":\"1h\"}");
    offer(f, kind, "keys", KEY(HASH, "ci", ",\"team_id\":\"t1\""));
    begin(f, ACTION_UPDATE, key, object_of(f, kind, HASH));
    plan_it(f);
    start(f);
    /* Gone already (404, before 1.106 also 401): nothing to be retired. */
    assert_int_equal(answer(f, 404, "{\"error\":{\"message\":\"not found\"}}"), CALL_SEND);
    answer(f, 200, "{\"token\":\"new0\"}");
    assert_request(f, "POST", "/key/update", "{\"duration\":\"1h\",\"key\":\"aaaa\"}");
    assert_int_equal(answer(f, 200, "{}"), CALL_DONE);

    /* Cut short after the new key was made: only the end is left. */
    offer(f, kind, "keys", KEY("new0", "ci", ",\"team_id\":\"t1\",\"expires\":null"));
    offer(f, kind, "keys",
        "{\"token\":\"aaaa\",\"key_alias\":\"ci~2026-11-24\",\"expires\":null,"
        "\"metadata\":{\"liteform\":\"retired/prod\"}}");
    assert_int_equal(f->guards.list.count, 1);
    struct plan_context context2 = planning(f);
    assert_string_equal(kind->identify(&context2, key), "new0");
    begin(f, ACTION_UPDATE, key, object_of(f, kind, "new0"));
    plan_it(f);
    assert_int_equal(f->change.action, ACTION_ROTATE);
    assert_int_equal(f->guards.list.count, 1);
    start(f);
    assert_request(f, "POST", "/key/update", "{\"duration\":\"1h\",\"key\":\"aaaa\"}");
    fixture_free(f);
}

/* Back to a value whose key is still in its grace. */
static void revival(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    knows(f, "env:CI", "old0");
    const struct resource *key = ci(f, ENTRY);
    offer(f, kind, "keys", KEY(HASH, "ci", ",\"team_id\":\"t1\""));
    offer(f, kind, "keys",
        "{\"token\":\"old0\",\"key_alias\":\"ci~2026-11-24\",\"expires\":\"2026-11-30T00:00:00Z\","
        "\"metadata\":{\"liteform\":\"retired/prod\"}}");
    assert_true(object_of(f, kind, "old0")->foreign);
    begin(f, ACTION_UPDATE, key, object_of(f, kind, HASH));
    plan_it(f);
    assert_int_equal(f->change.action, ACTION_ROTATE);
    start(f);
    assert_int_equal(answer(f, 200, "{}"), CALL_SEND);
    assert_request(f, "POST", "/key/update",
        "{\"duration\":\"-1\",\"key\":\"old0\",\"key_alias\":\"ci\","
        "\"metadata\":{\"liteform\":\"created/prod\"},\"models\":[\"m\"],\"team_id\":\"t1\"}");
    assert_int_equal(answer(f, 200, "{}"), CALL_SEND);
    assert_request(f, "POST", "/key/delete", "{\"keys\":[\"aaaa\"]}");
    fixture_free(f);
}

static void update(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 81), false);
    knows(f, "env:CI", HASH);
    const struct resource *key =
        ci(f, "{\"team\":\"plat\",\"value\":\"env:CI\",\"soft_budget\":1,\"metadata\":{\"c\":2}}");
    offer(f, kind, "keys", KEY(HASH, "ci", ",\"team_id\":\"old\",\"user_id\":null"));
    begin(f, ACTION_UPDATE, key, object_of(f, kind, HASH));
    changed(f, "metadata.c", "2");
    changed(f, "duration", NULL);
    changed(f, "soft_budget", "1");
    plan_it(f);
    assert_true(found(f, "LF216")); /* 1.81 answers 200 and does not store it */
    start(f);
    assert_request(f, "POST", "/key/update",
        "{\"duration\":\"-1\",\"key\":\"aaaa\",\"metadata\":{\"c\":2,\"liteform\":\"created/prod\","
        "\"model_rpm_limit\":{\"m\":1}},\"team_id\":\"t1\"}");
    assert_int_equal(lost(f), CALL_SEND);
    assert_int_equal(answer(f, 200, "{}"), CALL_DONE);

    begin(f, ACTION_DELETE, NULL, object_of(f, kind, HASH));
    start(f);
    assert_request(f, "POST", "/key/delete", "{\"keys\":[\"aaaa\"]}");
    assert_int_equal(
        answer(f, 404, "{\"error\":{\"message\":\"{'error': 'No keys found'}\"}}"), CALL_DONE);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(create),
        cmocka_unit_test(values),
        cmocka_unit_test(rotation),
        cmocka_unit_test(revival),
        cmocka_unit_test(update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
