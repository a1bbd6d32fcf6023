/* Users and credentials: both versions' lists, and the calls with their quirks. */
#include "kinds_fixture.h"

static const struct kind *const kind = &kind_user;

#define EXISTS                                                                                     \
    "{\"error\":{\"message\":\"{'error': 'User with id u1 already exists'}\",\"code\":\"409\"}}"

static void lists(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 81), true);
    assert_true(offer(f, kind, "users",
        "{\"user_id\":\"u1\",\"user_email\":\"A@X.com\",\"user_alias\":\"\",\"models\":[],"
        "\"user_role\":null,\"metadata\":{\"liteform\":\"created/prod\",\"a\":1},"
        "\"max_budget\":5.0}"));
    assert_true(offer(f, kind, "users", "{\"user_id\":\"default_user_id\",\"metadata\":{}}"));
    join(f, kind);
    const struct object *user = object_of(f, kind, "u1");
    assert_field(f, user, "email", "\"a@x.com\"");
    assert_string_equal(user->key, "a@x.com");
    assert_null(node_get(user->fields, "alias"));
    assert_field(f, user, "models", "\"all\"");
    assert_field(f, user, "metadata", "{\"a\":1}");
    assert_true(object_of(f, kind, "default_user_id")->foreign);
    /* /user/list of 1.81 lacks the column: unknown until the table tells. */
    assert_true(strings_has(&user->unseen, "max_parallel_requests"));
    assert_true(offer(f, kind, "rows", "{\"user_id\":\"u1\",\"max_parallel_requests\":3}"));
    join(f, kind);
    assert_field(f, user, "max_parallel_requests", "3");
    assert_false(strings_has(&user->unseen, "max_parallel_requests"));
    fixture_free(f);
}

static void create(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    const struct resource *user = wish(f, kind, "A@X.com", "{\"id\":\"u1\",\"models\":\"all\"}");
    assert_string_equal(user->key, "a@x.com");
    begin(f, ACTION_CREATE, user, NULL);
    start(f);
    assert_request(f, "POST", "/user/new",
        "{\"auto_create_key\":false,\"metadata\":{\"liteform\":\"created/prod\"},"
        "\"models\":[\"all-proxy-models\"],\"send_invite_email\":false,\"user_email\":\"a@x.com\","
        "\"user_id\":\"u1\",\"user_role\":\"internal_user\"}");
    assert_int_equal(answer(f, 409, EXISTS), CALL_SEND);
    assert_request(f, "GET", "/user/info?user_id=u1", NULL);
    assert_int_equal(
        answer(f, 200,
            "{\"user_info\":{\"user_id\":\"u1\",\"metadata\":{\"liteform\":\"created/prod\"}}}"),
        CALL_DONE);
    /* Taken, and not under our id: the e-mail is another row's. */
    begin(f, ACTION_CREATE, user, NULL);
    start(f);
    answer(f, 409, EXISTS);
    assert_int_equal(
        answer(f, 404, "{\"error\":{\"message\":\"User u1 not found\"}}"), CALL_FAILED);
    begin(f, ACTION_CREATE, user, NULL);
    start(f);
    lost(f);
    assert_int_equal(answer(f, 404, "{\"error\":{\"message\":\"User u1 not found\"}}"), CALL_SEND);
    assert_string_equal(f->request.path, "/user/new");
    fixture_free(f);
}

static void update(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    const struct resource *user = wish(f, kind, "a@x.com", "{\"id\":\"u1\",\"sso_user_id\":\"s\"}");
    offer(f, kind, "users",
        "{\"user_id\":\"u1\",\"metadata\":{\"liteform\":\"created/"
        "prod\",\"a\":1},\"sso_user_id\":\"s\"}");
    struct plan_context context = planning(f);
    assert_string_equal(kind->identify(&context, user), "u1");
    begin(f, ACTION_UPDATE, user, object_of(f, kind, "u1"));
    changed(f, "alias", NULL);
    changed(f, "tpm_limit", NULL);
    changed(f, "models", NULL);
    changed(f, "metadata.a", NULL);
    start(f);
    /* [] and {} are ignored by /user/update: the wide word and our mark stand in. */
    assert_request(f, "POST", "/user/update",
        "{\"metadata\":{\"liteform\":\"created/prod\"},\"models\":[\"all-proxy-models\"],"
        "\"tpm_limit\":null,\"user_alias\":\"\",\"user_id\":\"u1\"}");
    assert_int_equal(answer(f, 200, "{}"), CALL_DONE);
    fixture_free(f);
}

/* Invitations that a user made for others hold the row on 1.81. */
static void invitations(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 81), true);
    offer(f, kind, "users", "{\"user_id\":\"u1\",\"metadata\":{}}");
    offer(f, kind, "users", "{\"user_id\":\"u2\",\"metadata\":{}}");
    offer(f, kind, "invitations",
        "{\"id\":\"i1\",\"user_id\":\"u2\",\"created_by\":\"u1\",\"updated_by\":\"u1\"}");
    offer(f, kind, "invitations",
        "{\"id\":\"i2\",\"user_id\":\"u2\",\"created_by\":\"u1\",\"updated_by\":\"u2\"}");
    join(f, kind);
    begin(f, ACTION_DELETE, NULL, object_of(f, kind, "u1"));
    start(f);
    assert_request(f, "POST", "/user/delete", "{\"user_ids\":[\"u1\"]}");
    assert_int_equal(answer(f, 500, "Internal Server Error"), CALL_SEND);
    assert_request(f, "POST", "/invitation/delete", "{\"invitation_id\":\"i1\"}");
    assert_int_equal(answer(f, 200, "{}"), CALL_SEND);
    assert_request(f, "POST", "/invitation/delete", "{\"invitation_id\":\"i2\"}");
    assert_int_equal(answer(f, 200, "{}"), CALL_SEND);
    assert_string_equal(f->request.path, "/user/delete");
    assert_int_equal(answer(f, 200, "1"), CALL_DONE);

    begin(f, ACTION_DELETE, NULL, object_of(f, kind, "u2"));
    start(f);
    assert_int_equal(answer(f, 500, "Internal Server Error"), CALL_FAILED);
    assert_true(found(f, "LF211"));
    fixture_free(f);
}

/* ------------------------------------------------------------------ credentials */

static void credentials(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    assert_true(offer(f, &kind_credential, "credentials",
        "{\"credential_name\":\"a b\",\"display_name\":\"Show\",\"credential_info\":{\"d\":1,"
        "\"liteform\":\"created/prod\"},\"credential_values\":{\"api_key\":\"ab****gh\","
        "\"aws_region_name\":\"r\"},\"source\":\"db\"}"));
    assert_true(offer(f, &kind_credential, "credentials",
        "{\"credential_name\":\"cfg\",\"credential_info\":{},\"source\":\"config\"}"));
    join(f, &kind_credential);
    const struct object *object = object_of(f, &kind_credential, "a b");
    assert_field(f, object, "values", "{\"aws_region_name\":\"r\"}");
    assert_field(f, object, "info", "{\"d\":1}");
    assert_true(object_of(f, &kind_credential, "cfg")->foreign);

    struct node *entry = json(
        f, "{\"values\":{\"api_key\":\"env:A\",\"aws_region_name\":\"r\"},\"info\":{\"d\":2}}");
    const struct resource *wanted =
        wish(f, &kind_credential, "a b", node_json_text(f->arena, entry));
    assert_string_equal(wanted->id, "a b");
    node_path(wanted->fields, "values.api_key")->marks |= NODE_SECRET;
    begin(f, ACTION_UPDATE, wanted, object);
    changed(f, "info.d", "2");
    changed(f, "values.api_key", "{\"hmac\":\"x\",\"reference\":\"env:A\"}");
    start(f);
    /* info and display name are replaced by the server, values are merged. */
    assert_request(f, "PATCH", "/credentials/a%20b",
        "{\"credential_info\":{\"d\":2,\"liteform\":\"created/prod\"},\"credential_name\":\"a b\","
        "\"credential_values\":{\"api_key\":\"env:A\"},\"display_name\":\"Show\"}");
    assert_true(node_path(f->request.body, "credential_values.api_key")->marks & NODE_SECRET);
    /* 1.81 says errors with status 200. */
    assert_int_equal(answer(f, 200,
                         "{\"message\":\"Credential not found in DB.\",\"type\":"
                         "\"internal_server_error\",\"code\":\"404\"}"),
        CALL_FAILED);

    begin(f, ACTION_CREATE, wanted, NULL);
    start(f);
    assert_string_equal(f->request.path, "/credentials");
    assert_int_equal(
        answer(f, 500,
            "{\"error\":{\"message\":\"Internal Server Error, Unique constraint failed "
            "on the fields: (`credential_name`)\",\"code\":\"500\"}}"),
        CALL_SEND);
    assert_string_equal(f->request.method, "PATCH");
    assert_int_equal(answer(f, 200, "{\"success\":true}"), CALL_DONE);

    begin(f, ACTION_REPLACE, wanted, object);
    start(f);
    assert_request(f, "DELETE", "/credentials/a%20b", NULL);
    assert_int_equal(
        answer(f, 404, "{\"error\":{\"message\":\"Credential not found\"}}"), CALL_SEND);
    assert_string_equal(f->request.method, "POST");
    assert_int_equal(answer(f, 200, "{\"success\":true}"), CALL_DONE);
    fixture_free(f);
}

/* The list is one pod's memory: the table is the truth where it can be read. */
static void credential_rows(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 81), true);
    offer(f, &kind_credential, "credentials",
        "{\"credential_name\":\"gone\",\"credential_info\":{}}");
    offer(f, &kind_credential, "credentials",
        "{\"credential_name\":\"a\",\"credential_info\":{\"d\":1}}");
    offer(f, &kind_credential, "rows", "{\"credential_name\":\"a\",\"credential_info\":{\"d\":2}}");
    offer(f, &kind_credential, "rows", "{\"credential_name\":\"new\",\"credential_info\":{}}");
    join(f, &kind_credential);
    assert_true(object_of(f, &kind_credential, "gone")->foreign);
    assert_field(f, object_of(f, &kind_credential, "a"), "info", "{\"d\":2}");
    assert_non_null(object_of(f, &kind_credential, "new"));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(create),
        cmocka_unit_test(update),
        cmocka_unit_test(invitations),
        cmocka_unit_test(credentials),
        cmocka_unit_test(credential_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
