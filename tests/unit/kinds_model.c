/* Models: rows, what is loaded, spelling, and the calls with their quirks. */
#include "kinds_fixture.h"

#define ROW(name, id, params)                                                                      \
    "{\"model_name\":\"" name "\",\"litellm_params\":{\"use_in_pass_through\":false," params       \
    "},\"model_info\":{\"id\":\"" id "\",\"db_model\":true,\"liteform\":\"created/prod\"}}"
#define OPUS "\"model\":\"au.anthropic.claude-opus-4-6-v1\""
#define NOT_LIVE                                                                                   \
    "{\"error\":{\"message\":\"The model was saved to the database, but the model id(s) ['m1'] "   \
    "are not live in this pod's router\",\"type\":\"internal_server_error\",\"code\":\"500\"}}"
#define EXISTS                                                                                     \
    "{\"error\":{\"message\":\"{'error': 'Failed to add model to db. Check your server logs for "  \
    "more details.'}\",\"type\":\"auth_error\",\"param\":\"None\",\"code\":\"500\"}}"

static const struct kind *const kind = &kind_model;

static void rows(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    assert_true(offer(f, kind, "table",
        ROW("opus", "m1",
            OPUS ",\"custom_llm_provider\":\"bedrock\",\"rpm\":5,\"timeout\":30.0,"
                 "\"use_client\":\"liteform-1\",\"aws_session_token\":\"abcd****wxyz\"")));
    assert_true(offer(
        f, kind, "table", ROW("bad", "m2", OPUS ",\"custom_llm_provider\":\"bedrock_converse\"")));
    assert_true(offer(f, kind, "table", ROW("old", "m3", "\"model\":\"bedrock/converse/au.x\"")));
    assert_true(offer(f, kind, "served",
        ROW("opus", "m1",
            OPUS ",\"custom_llm_provider\":\"bedrock\",\"use_client\":\"liteform-1\"")));
    assert_true(offer(f, kind, "served", ROW("old", "m3", "\"model\":\"bedrock/converse/au.y\"")));
    assert_true(offer(f, kind, "served",
        "{\"model_name\":\"cfg\",\"litellm_params\":{\"model\":\"bedrock/au.z\"},"
        "\"model_info\":{\"id\":\"c1\",\"db_model\":false}}"));
    assert_false(offer(f, kind, "table", "{\"model_name\":\"x\"}"));
    join(f, kind);

    const struct object *opus = object_of(f, kind, "m1");
    assert_field(f, opus, "bedrock", "\"au.anthropic.claude-opus-4-6-v1\"");
    assert_field(f, opus, "rpm", "5");
    assert_field(f, opus, "timeout", "30");
    assert_string_equal(opus->key, "opus au.anthropic.claude-opus-4-6-v1");
    assert_string_equal(opus->mark, "created/prod");
    assert_int_equal(opus->loaded, LOADED_YES);
    /* Neither our own parameter, nor the server's defaults, nor a mask are anybody's wish. */
    assert_null(node_path(opus->fields, "params.use_client"));
    assert_null(node_path(opus->fields, "params.use_in_pass_through"));
    assert_null(node_path(opus->fields, "params.aws_session_token"));
    assert_true(strings_has(&opus->unseen, "params.aws_session_token"));
    assert_int_equal(object_of(f, kind, "m2")->loaded, LOADED_NO);
    assert_int_equal(object_of(f, kind, "m3")->loaded, LOADED_OLD_VALUES);
    assert_field(f, object_of(f, kind, "m3"), "bedrock", "\"au.x\"");
    assert_true(object_of(f, kind, "c1")->foreign);
    assert_false(live_kind(&f->live, kind)->uncertain);
    fixture_free(f);
}

/* A pod that has loaded nothing shows nothing: the table tells, as far as it is not encrypted. */
static void hidden_rows(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), true);
    assert_true(offer(f, kind, "rows",
        "{\"model_id\":\"m1\",\"model_name\":\"opus\",\"updated_at\":\"2026-11-24T10:00:00\","
        "\"litellm_params\":{\"rpm\":5,\"model\":\"GQEfCK0C==\"},"
        "\"model_info\":{\"id\":\"m1\",\"liteform\":\"created/prod\",\"tier\":\"paid\"}}"));
    join(f, kind);
    const struct object *opus = object_of(f, kind, "m1");
    assert_non_null(opus);
    assert_null(opus->key);
    assert_field(f, opus, "rpm", "5");
    assert_null(node_get(opus->fields, "bedrock"));
    assert_true(strings_has(&opus->unseen, "bedrock"));
    assert_false(strings_has(&opus->unseen, "rpm"));
    assert_json(f, node_path(opus->fields, "info.tier"), "\"paid\"");
    assert_int_equal(opus->loaded, LOADED_NO);
    fixture_free(f);

    f = fixture_new(LITELLM(1, 106), false);
    join(f, kind);
    assert_true(live_kind(&f->live, kind)->uncertain);
    fixture_free(f);
}

static void create(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    const struct resource *opus = wish(f, kind, "opus", "{\"bedrock\":\"au.x\",\"id\":\"m1\"}");
    begin(f, ACTION_CREATE, opus, NULL);
    plan_it(f);
    assert_string_equal(f->change.note, "provider bedrock: tried on 1.106.2");
    assert_int_equal(start(f), CALL_SEND);
    assert_request(f, "POST", "/model/new",
        "{\"litellm_params\":{\"custom_llm_provider\":\"bedrock\",\"model\":\"au.x\"},"
        "\"model_info\":{\"id\":\"m1\",\"liteform\":\"created/prod\"},\"model_name\":\"opus\"}");
    assert_int_equal(answer(f, 200, "{\"model_id\":\"m1\"}"), CALL_DONE);

    /* There already: a PATCH settles it. */
    begin(f, ACTION_CREATE, opus, NULL);
    assert_int_equal(start(f), CALL_SEND);
    assert_int_equal(answer(f, 500, EXISTS), CALL_SEND);
    assert_string_equal(f->request.path, "/model/m1/update");
    assert_string_equal(f->request.method, "PATCH");
    assert_int_equal(answer(f, 200, "{\"model_id\":\"m1\"}"), CALL_DONE);

    /* Lost, and it was not carried out: the PATCH says so, and it is made again. */
    begin(f, ACTION_CREATE, opus, NULL);
    assert_int_equal(start(f), CALL_SEND);
    assert_int_equal(lost(f), CALL_SEND);
    assert_string_equal(f->request.method, "PATCH");
    assert_int_equal(answer(f, 404, "{\"error\":{\"message\":\"Model m1 not found\"}}"), CALL_SEND);
    assert_string_equal(f->request.path, "/model/new");
    assert_int_equal(answer(f, 500, EXISTS), CALL_SEND);
    assert_int_equal(
        answer(f, 404, "{\"error\":{\"message\":\"Model m1 not found\"}}"), CALL_FAILED);
    assert_true(found(f, "LF209"));
    fixture_free(f);
}

/* On a version that was tried, the other spelling is known not to help. */
static void not_live(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    const struct resource *opus = wish(f, kind, "opus", "{\"bedrock\":\"au.x\",\"id\":\"m1\"}");
    begin(f, ACTION_CREATE, opus, NULL);
    plan_it(f);
    start(f);
    assert_int_equal(answer(f, 500, NOT_LIVE), CALL_FAILED);
    assert_true(found(f, "LF522"));
    fixture_free(f);

    /* On another one both are tried, once each and in one row, and the first is put back. */
    f = fixture_new(LITELLM(1, 120), false);
    opus = wish(f, kind, "opus", "{\"bedrock\":\"au.x\",\"id\":\"m1\"}");
    begin(f, ACTION_CREATE, opus, NULL);
    plan_it(f);
    assert_json(f, f->change.extra, "{\"other\":\"bedrock_converse\",\"spelling\":\"bedrock\"}");
    start(f);
    assert_int_equal(answer(f, 500, NOT_LIVE), CALL_SEND);
    assert_request(f, "PATCH", "/model/m1/update",
        "{\"litellm_params\":{\"custom_llm_provider\":\"bedrock_converse\",\"model\":\"au.x\"},"
        "\"model_info\":{\"id\":\"m1\"}}");
    assert_int_equal(answer(f, 500, NOT_LIVE), CALL_SEND);
    assert_json(f, node_path(f->request.body, "litellm_params.custom_llm_provider"), "\"bedrock\"");
    assert_int_equal(answer(f, 500, NOT_LIVE), CALL_FAILED);
    fixture_free(f);

    f = fixture_new(LITELLM(1, 120), false);
    opus = wish(f, kind, "opus", "{\"bedrock\":\"au.x\",\"id\":\"m1\"}");
    begin(f, ACTION_CREATE, opus, NULL);
    plan_it(f);
    start(f);
    answer(f, 500, NOT_LIVE);
    assert_int_equal(answer(f, 200, "{\"model_id\":\"m1\"}"), CALL_DONE);
    assert_json(f, kind->remember(&f->context), "{\"spelling\":\"bedrock_converse\"}");
    fixture_free(f);
}

static void repair(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 81), false);
    const struct resource *opus =
        wish(f, kind, "opus", "{\"bedrock\":\"au.anthropic.claude-opus-4-6-v1\",\"id\":\"m1\"}");
    offer(
        f, kind, "table", ROW("opus", "m1", OPUS ",\"custom_llm_provider\":\"bedrock_converse\""));
    join(f, kind);
    begin(f, ACTION_UPDATE, opus, object_of(f, kind, "m1"));
    plan_it(f);
    assert_int_equal(f->change.action, ACTION_REPAIR);
    assert_true(found(f, "LF201"));
    assert_int_equal(start(f), CALL_SEND);
    assert_request(f, "PATCH", "/model/m1/update",
        "{\"litellm_params\":{\"custom_llm_provider\":\"bedrock\","
        "\"model\":\"au.anthropic.claude-opus-4-6-v1\"},\"model_info\":{\"id\":\"m1\"}}");
    assert_int_equal(answer(f, 200, "{\"model_id\":\"m1\"}"), CALL_DONE);

    /* A provider that the spec says is not touched: it fails loudly. */
    const struct resource *given = wish(f, kind, "given",
        "{\"bedrock\":\"au.anthropic.claude-opus-4-6-v1\",\"id\":\"m2\","
        "\"provider\":\"bedrock_converse\"}");
    offer(
        f, kind, "table", ROW("given", "m2", OPUS ",\"custom_llm_provider\":\"bedrock_converse\""));
    join(f, kind);
    begin(f, ACTION_UPDATE, given, object_of(f, kind, "m2"));
    plan_it(f);
    assert_int_equal(f->change.action, ACTION_UPDATE);
    assert_int_equal(f->change.fields.count, 0);
    fixture_free(f);
}

static void update(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    const struct resource *opus = wish(f, kind, "opus",
        "{\"bedrock\":\"au.anthropic.claude-opus-4-6-v1\",\"id\":\"m1\",\"timeout\":31,"
        "\"params\":{\"top_k\":5},\"info\":{\"tier\":\"free\"}}");
    offer(f, kind, "table", ROW("opus", "m1", OPUS ",\"custom_llm_provider\":\"bedrock\""));
    offer(f, kind, "served", ROW("opus", "m1", OPUS ",\"custom_llm_provider\":\"bedrock\""));
    join(f, kind);
    begin(f, ACTION_UPDATE, opus, object_of(f, kind, "m1"));
    changed(f, "timeout", "31");
    changed(f, "params.top_k", "5");
    plan_it(f);
    start(f);
    assert_request(f, "PATCH", "/model/m1/update",
        "{\"litellm_params\":{\"timeout\":31,\"top_k\":5},\"model_info\":{\"id\":\"m1\"}}");
    assert_int_equal(answer(f, 200, "{}"), CALL_DONE);

    /* Other pods do not see a change of model_info alone: a harmless parameter changes with it. */
    begin(f, ACTION_UPDATE, opus, object_of(f, kind, "m1"));
    changed(f, "info.tier", "\"free\"");
    plan_it(f);
    start(f);
    assert_json(f, node_get(f->request.body, "model_info"), "{\"id\":\"m1\",\"tier\":\"free\"}");
    const char *first =
        arena_strdup(f->arena, node_text(node_path(f->request.body, "litellm_params.use_client")));
    assert_true(text_starts(first, "liteform-"));

    /* Taken over: only the mark is written. */
    begin(f, ACTION_ADOPT, opus, object_of(f, kind, "m1"));
    plan_it(f);
    start(f);
    assert_json(
        f, f->request.body, "{\"model_info\":{\"id\":\"m1\",\"liteform\":\"created/prod\"}}");
    fixture_free(f);
}

static void replace_and_delete(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    const struct resource *opus =
        wish(f, kind, "opus", "{\"bedrock\":\"au.anthropic.claude-opus-4-6-v1\",\"id\":\"m1\"}");
    offer(f, kind, "table", ROW("opus", "m1", OPUS ",\"custom_llm_provider\":\"bedrock\""));
    join(f, kind);
    begin(f, ACTION_REPLACE, opus, object_of(f, kind, "m1"));
    start(f);
    assert_request(f, "POST", "/model/delete", "{\"id\":\"m1\"}");
    assert_int_equal(answer(f, 200, "{\"message\":\"Model: m1 deleted successfully\"}"), CALL_SEND);
    assert_string_equal(f->request.path, "/model/new");
    assert_int_equal(answer(f, 200, "{\"model_id\":\"m1\"}"), CALL_DONE);

    begin(f, ACTION_DELETE, NULL, object_of(f, kind, "m1"));
    start(f);
    assert_int_equal(lost(f), CALL_SEND);
    assert_int_equal(
        answer(f, 400,
            "{\"error\":{\"message\":\"{'error': 'Model with id=m1 not found in db'}\","
            "\"code\":\"400\"}}"),
        CALL_DONE);
    fixture_free(f);
}

static void in_force(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    const struct resource *opus = wish(f, kind, "opus", "{\"bedrock\":\"au.x\",\"id\":\"m1\"}");
    begin(f, ACTION_CREATE, opus, NULL);
    plan_it(f);
    assert_true(kind->force(&f->context, &f->request));
    assert_request(f, "GET", "/model/info?litellm_model_id=m1", NULL);
    struct reply reply = {.outcome = OUTCOME_ANSWERED, .status = 400};
    reply.body = json(f, "{\"detail\":{\"error\":\"Model id = m1 not found on litellm proxy\"}}");
    assert_int_equal(kind->forced(&f->context, &reply), LOADED_NO);
    reply.status = 200;
    reply.body = json(f, "{\"data\":[" ROW("opus", "m1", "\"model\":\"bedrock/au.x\"") "]}");
    assert_int_equal(kind->forced(&f->context, &reply), LOADED_YES);
    reply.body = json(f, "{\"data\":[" ROW("opus", "m1", "\"model\":\"bedrock/au.old\"") "]}");
    assert_int_equal(kind->forced(&f->context, &reply), LOADED_OLD_VALUES);
    fixture_free(f);
}

static void expanding(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    wish(f, kind, "sonnet",
        "{\"rpm\":10,\"deployments\":{\"a\":{\"bedrock\":\"au.x\"},"
        "\"b\":{\"model\":\"openai/y\",\"rpm\":3}}}");
    assert_int_equal(f->desired.list.count, 2);
    const struct resource *a = desired_resource(&f->desired, "model/sonnet/a");
    const struct resource *b = desired_resource(&f->desired, "model/sonnet/b");
    assert_json(f, a->fields, "{\"bedrock\":\"au.x\",\"name\":\"sonnet\",\"rpm\":10}");
    assert_json(f, b->fields, "{\"model\":\"openai/y\",\"name\":\"sonnet\",\"rpm\":3}");
    assert_int_equal(diags_errors(&f->diags), 0);
    /* One entry is the deployment `default`. */
    const struct resource *one = wish(f, kind, "one", "{\"bedrock\":\"au.x\"}");
    assert_string_equal(one->id, desired_id(f->arena, "prod", "model", "one/default"));
    wish(f, kind, "both", "{\"bedrock\":\"au.x\",\"model\":\"y\"}");
    assert_true(found(f, "LF025"));
    wish(f, kind, "conv", "{\"bedrock\":\"au.x\",\"provider\":\"bedrock_converse\"}");
    assert_true(found(f, "LF150"));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(hidden_rows),
        cmocka_unit_test(create),
        cmocka_unit_test(not_live),
        cmocka_unit_test(repair),
        cmocka_unit_test(update),
        cmocka_unit_test(replace_and_delete),
        cmocka_unit_test(in_force),
        cmocka_unit_test(expanding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
