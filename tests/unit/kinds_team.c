/* Teams and their members: both versions' lists, hidden keys of the metadata, limits of members. */
#include "kinds_fixture.h"

/* Cut from answers of 1.106.2 and 1.81.15: the latter shows no aliases in its list. */
#define TEAM(aliases, metadata)                                                                    \
    "{\"team_alias\":\"plat\",\"team_id\":\"t1\",\"organization_id\":null,\"members_with_roles\":" \
    "["                                                                                            \
    "{\"user_id\":\"default_user_id\",\"user_email\":null,\"role\":\"admin\"},"                    \
    "{\"user_id\":\"u1\",\"user_email\":\"a@x.com\",\"role\":\"user\"}],"                          \
    "\"team_member_permissions\":[],\"metadata\":" metadata ",\"tpm_limit\":null,"                 \
    "\"rpm_limit\":null,\"max_budget\":10.0,\"soft_budget\":null,\"budget_duration\":null,"        \
    "\"models\":[\"all-proxy-models\"],\"blocked\":false,\"model_id\":4,"                          \
    "\"litellm_model_table\":" aliases ",\"updated_at\":\"2026-11-24T14:02:12.808000Z\"}"
#define METADATA                                                                                   \
    "{\"a\":\"b\",\"liteform\":\"created/prod\",\"model_rpm_limit\":{\"m\":4},"                    \
    "\"team_member_budget_id\":\"bud\"}"
#define ALIASES "{\"id\":4,\"model_aliases\":{\"x\":\"m\"}}"
#define MEMBERSHIPS                                                                                \
    "{\"team_id\":\"t1\",\"litellm_model_table\":" ALIASES ",\"team_memberships\":["               \
    "{\"user_id\":\"u1\",\"team_id\":\"t1\",\"budget_id\":\"own\","                                \
    "\"litellm_budget_table\":{\"max_budget\":2.0,\"rpm_limit\":7}},"                              \
    "{\"user_id\":\"default_user_id\",\"team_id\":\"t1\",\"budget_id\":\"bud\","                   \
    "\"litellm_budget_table\":{\"max_budget\":3.0,\"rpm_limit\":4}}]}"

static const struct kind *const kind = &kind_team;

static void lists(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    assert_true(offer(f, kind, "teams", TEAM(ALIASES, METADATA)));
    join(f, kind);
    const struct object *team = object_of(f, kind, "t1");
    assert_field(f, team, "models", "\"all\"");
    assert_field(f, team, "max_budget", "10");
    assert_field(f, team, "metadata", "{\"a\":\"b\"}");
    assert_field(f, team, "model_rpm_limit", "{\"m\":4}");
    assert_field(f, team, "model_aliases", "{\"x\":\"m\"}");
    assert_string_equal(team->mark, "created/prod");
    assert_true(strings_has(&team->unseen, "member_budget"));
    assert_json(f, node_get(team->raw, "metadata"), METADATA);
    fixture_free(f);

    /* Without a database the dear list tells. */
    f = fixture_new(LITELLM(1, 81), false);
    assert_true(offer(f, kind, "teams", TEAM("null", METADATA)));
    assert_true(offer(f, kind, "memberships", MEMBERSHIPS));
    join(f, kind);
    team = object_of(f, kind, "t1");
    assert_field(f, team, "model_aliases", "{\"x\":\"m\"}");
    assert_field(f, team, "member_budget", "3");
    assert_int_equal(team->unseen.count, 0);
    fixture_free(f);

    f = fixture_new(LITELLM(1, 81), true);
    assert_true(offer(f, kind, "aliases", "{\"id\":4,\"aliases\":{\"y\":\"m\"}}"));
    assert_true(offer(f, kind, "budgets", "{\"budget_id\":\"bud\",\"max_budget\":5.0}"));
    assert_true(offer(f, kind, "teams", TEAM("null", METADATA)));
    join(f, kind);
    team = object_of(f, kind, "t1");
    assert_field(f, team, "model_aliases", "{\"y\":\"m\"}");
    assert_field(f, team, "member_budget", "5");
    fixture_free(f);
}

static void create(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 81), false);
    const struct resource *team = wish(f, kind, "plat",
        "{\"id\":\"t1\",\"models\":\"none\",\"member_budget\":3,\"member_budget_duration\":\"30d\","
        "\"model_rpm_limit\":{\"m\":4},\"metadata\":{\"a\":1}}");
    begin(f, ACTION_CREATE, team, NULL);
    start(f);
    assert_request(f, "POST", "/team/new",
        "{\"metadata\":{\"a\":1,\"liteform\":\"created/prod\"},\"model_rpm_limit\":{\"m\":4},"
        "\"models\":[\"no-default-models\"],\"team_alias\":\"plat\",\"team_id\":\"t1\","
        "\"team_member_budget\":3,\"team_member_budget_duration\":\"30d\"}");
    /* 1.81 ignores the duration in /team/new; the metadata goes along, hidden key and all. */
    assert_int_equal(answer(f, 200, TEAM("null", METADATA)), CALL_SEND);
    assert_request(f, "POST", "/team/update",
        "{\"metadata\":" METADATA ",\"team_id\":\"t1\",\"team_member_budget_duration\":\"30d\"}");
    assert_int_equal(answer(f, 200, "{\"team_id\":\"t1\"}"), CALL_DONE);

    begin(f, ACTION_CREATE, team, NULL);
    f->server.release = LITELLM(1, 106);
    start(f);
    assert_int_equal(answer(f, 400,
                         "{\"error\":{\"message\":\"{'error': 'Team id = t1 already exists. Please "
                         "use a different team id.'}\",\"code\":\"400\"}}"),
        CALL_SEND);
    assert_request(f, "GET", "/team/info?team_id=t1", NULL);
    assert_int_equal(answer(f, 200, "{\"team_info\":" TEAM("null", METADATA) "}"), CALL_DONE);

    /* Somebody else's. */
    begin(f, ACTION_CREATE, team, NULL);
    start(f);
    lost(f);
    assert_int_equal(answer(f, 200, "{\"team_info\":" TEAM("null", "{}") "}"), CALL_FAILED);
    begin(f, ACTION_CREATE, team, NULL);
    start(f);
    lost(f);
    assert_int_equal(answer(f, 404, "{\"error\":{\"message\":\"Team not found\"}}"), CALL_SEND);
    assert_string_equal(f->request.path, "/team/new");
    fixture_free(f);
}

static void update(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    const struct resource *team = wish(f, kind, "plat",
        "{\"id\":\"t1\",\"models\":[\"m\"],\"metadata\":{\"c\":2},\"team_member_permissions\":[]}");
    offer(f, kind, "teams", TEAM(ALIASES, METADATA));
    join(f, kind);
    begin(f, ACTION_UPDATE, team, object_of(f, kind, "t1"));
    changed(f, "models", "[\"m\"]");
    changed(f, "max_budget", NULL);
    start(f);
    assert_request(
        f, "POST", "/team/update", "{\"max_budget\":null,\"models\":[\"m\"],\"team_id\":\"t1\"}");
    assert_int_equal(answer(f, 200, "{}"), CALL_DONE);

    /* Metadata is replaced by the server: all of the live one goes along. */
    begin(f, ACTION_UPDATE, team, object_of(f, kind, "t1"));
    changed(f, "metadata.c", "2");
    changed(f, "metadata.a", NULL);
    changed(f, "model_rpm_limit.m", NULL);
    start(f);
    assert_request(f, "POST", "/team/update",
        "{\"metadata\":{\"c\":2,\"liteform\":\"created/prod\",\"team_member_budget_id\":\"bud\"},"
        "\"model_rpm_limit\":{},\"team_id\":\"t1\"}");

    /* A default for members would replace it on 1.81. */
    begin(f, ACTION_UPDATE, team, object_of(f, kind, "t1"));
    changed(f, "member_budget", NULL);
    changed(f, "team_member_permissions", "[]");
    start(f);
    assert_request(f, "POST", "/team/update",
        "{\"metadata\":" METADATA ",\"team_id\":\"t1\",\"team_member_budget\":null}");
    assert_int_equal(answer(f, 200, "{}"), CALL_SEND);
    assert_request(f, "POST", "/team/permissions_update",
        "{\"team_id\":\"t1\",\"team_member_permissions\":[]}");
    assert_int_equal(answer(f, 200, "{}"), CALL_DONE);

    /* The server holds a new max_budget against the old soft_budget. */
    begin(f, ACTION_UPDATE, team, object_of(f, kind, "t1"));
    changed(f, "soft_budget", NULL);
    changed(f, "max_budget", NULL);
    start(f);
    assert_request(f, "POST", "/team/update", "{\"soft_budget\":null,\"team_id\":\"t1\"}");
    assert_int_equal(answer(f, 200, "{}"), CALL_SEND);
    assert_request(
        f, "POST", "/team/update", "{\"max_budget\":null,\"soft_budget\":null,\"team_id\":\"t1\"}");
    assert_int_equal(answer(f, 200, "{}"), CALL_DONE);

    begin(f, ACTION_DELETE, NULL, object_of(f, kind, "t1"));
    start(f);
    assert_request(f, "POST", "/team/delete", "{\"team_ids\":[\"t1\"]}");
    assert_int_equal(
        answer(f, 404, "{\"detail\":{\"error\":\"Team not found, passed team_id=t1\"}}"),
        CALL_DONE);
    fixture_free(f);
}

static void licence(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    const struct resource *team = wish(f, kind, "plat",
        "{\"id\":\"t1\",\"models\":[\"m\"],\"guardrails\":[\"g\"],\"soft_budget\":5,"
        "\"max_budget\":4.5,\"members\":{\"a@x.com\":\"admin\"}}");
    assert_true(found(f, "LF026"));
    assert_true(found(f, "LF012"));
    begin(f, ACTION_CREATE, team, NULL);
    start(f);
    assert_int_equal(answer(f, 403,
                         "{\"error\":{\"message\":\"{'error': 'This feature is only available for "
                         "LiteLLM Enterprise users.'}\",\"code\":\"403\"}}"),
        CALL_FAILED);
    assert_true(found(f, "LF213"));
    fixture_free(f);
}

/* ------------------------------------------------------------------ members */

static void member_lists(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    assert_true(offer(f, &kind_member, "teams", TEAM(ALIASES, METADATA)));
    join(f, &kind_member);
    const struct object *member = object_of(f, &kind_member, "t1/u1");
    assert_string_equal(member->name, "plat/a@x.com");
    assert_string_equal(member->parent, "t1");
    assert_true(strings_has(&member->unseen, "budget"));
    assert_true(object_of(f, &kind_member, "t1/default_user_id")->foreign);
    /* The column's default is {} instead of []. */
    assert_true(offer(f, &kind_member, "teams", "{\"team_id\":\"t2\",\"members_with_roles\":{}}"));

    assert_true(offer(f, &kind_member, "memberships", MEMBERSHIPS));
    join(f, &kind_member);
    assert_field(f, member, "budget", "2");
    assert_field(f, member, "rpm_limit", "7");
    assert_int_equal(member->unseen.count, 0);
    /* The team's default is nobody's own. */
    assert_null(node_get(object_of(f, &kind_member, "t1/default_user_id")->fields, "budget"));
    fixture_free(f);
}

static void member_calls(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 81), false);
    wish(f, kind, "plat",
        "{\"id\":\"t1\",\"models\":\"all\",\"members\":{\"a@x.com\":{\"budget\":3,\"rpm_limit\":7}}"
        "}");
    wish(f, &kind_user, "a@x.com", "{\"id\":\"u1\"}");
    const struct resource *member = desired_resource(&f->desired, "member/plat/a@x.com");
    assert_string_equal(member->parent, "team/plat");
    struct plan_context context = planning(f);
    assert_string_equal(kind_member.identify(&context, member), "t1/u1");
    begin(f, ACTION_CREATE, member, NULL);
    plan_it(f);
    assert_string_equal(f->change.lane, "t1");
    start(f);
    assert_request(f, "POST", "/team/member_add",
        "{\"max_budget_in_team\":3,\"member\":{\"role\":\"user\",\"user_id\":\"u1\"},"
        "\"team_id\":\"t1\"}");
    assert_int_equal(answer(f, 200, "{}"), CALL_SEND);
    assert_request(f, "POST", "/team/member_update",
        "{\"max_budget_in_team\":3,\"rpm_limit\":7,\"team_id\":\"t1\",\"user_id\":\"u1\"}");
    assert_int_equal(answer(f, 200, "{}"), CALL_DONE);

    begin(f, ACTION_CREATE, member, NULL);
    plan_it(f);
    start(f);
    assert_int_equal(answer(f, 400,
                         "{\"error\":{\"message\":\"User already in team. Member: user_id=u1\","
                         "\"type\":\"team_member_already_in_team\",\"code\":\"400\"}}"),
        CALL_SEND);
    assert_request(f, "GET", "/team/info?team_id=t1", NULL);
    assert_int_equal(answer(f, 200, "{\"team_info\":" TEAM("null", METADATA) "}"), CALL_SEND);
    assert_string_equal(f->request.path, "/team/member_update");

    /* All limits are sent: 1.81 drops those that are not. */
    offer(f, &kind_member, "teams", TEAM(ALIASES, METADATA));
    offer(f, &kind_member, "memberships", MEMBERSHIPS);
    join(f, &kind_member);
    begin(f, ACTION_UPDATE, member, object_of(f, &kind_member, "t1/u1"));
    changed(f, "rpm_limit", NULL);
    ((struct node *)(uintptr_t)member->fields)->count = 0;
    plan_it(f);
    start(f);
    assert_request(f, "POST", "/team/member_update",
        "{\"max_budget_in_team\":2,\"rpm_limit\":null,\"team_id\":\"t1\",\"user_id\":\"u1\"}");

    begin(f, ACTION_DELETE, NULL, object_of(f, &kind_member, "t1/u1"));
    start(f);
    assert_request(f, "POST", "/team/member_delete", "{\"team_id\":\"t1\",\"user_id\":\"u1\"}");
    assert_int_equal(
        answer(f, 400, "{\"detail\":{\"error\":\"User not found in team\"}}"), CALL_DONE);
    fixture_free(f);
}

/* LiteLLM would make the person up. */
static void member_unknown(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    wish(f, kind, "plat", "{\"id\":\"t1\",\"models\":\"all\",\"members\":{\"z@x.com\":\"user\"}}");
    const struct resource *member = desired_resource(&f->desired, "member/plat/z@x.com");
    begin(f, ACTION_CREATE, member, NULL);
    plan_it(f);
    assert_int_equal(f->change.action, ACTION_NONE);
    assert_true(found(f, "LF208"));
    /* Somebody whom single sign-on added is there, by e-mail in any case. */
    offer(f, &kind_user, "users",
        "{\"user_id\":\"sso-9\",\"user_email\":\"Z@x.com\",\"metadata\":{}}");
    begin(f, ACTION_CREATE, member, NULL);
    plan_it(f);
    assert_string_equal(f->change.id, "t1/sso-9");
    fixture_free(f);
}

static void takes(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(LITELLM(1, 106), false);
    offer(f, kind, "teams", TEAM(ALIASES, METADATA));
    offer(f, &kind_member, "teams", TEAM(ALIASES, METADATA));
    offer(f, &kind_user, "users", "{\"user_id\":\"u1\",\"metadata\":{}}");
    offer(f, &kind_key, "keys",
        "{\"token\":\"k1\",\"key_alias\":\"k\",\"team_id\":\"t1\",\"user_id\":\"u1\"}");
    offer(f, &kind_key, "keys", "{\"token\":\"k2\",\"team_id\":\"t1\",\"user_id\":null}");
    const struct object *team = object_of(f, kind, "t1");
    const struct object *member = object_of(f, &kind_member, "t1/u1");
    const struct object *user = object_of(f, &kind_user, "u1");
    const struct object *both = object_of(f, &kind_key, "k1");
    const struct object *teams = object_of(f, &kind_key, "k2");
    assert_true(kind->takes(team, member) && kind->takes(team, both) && kind->takes(team, teams));
    assert_false(kind->takes(team, user));
    assert_true(kind_user.takes(user, member) && kind_user.takes(user, both));
    assert_false(kind_user.takes(user, teams));
    assert_true(kind_member.takes(member, both));
    assert_false(kind_member.takes(member, teams));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists),
        cmocka_unit_test(create),
        cmocka_unit_test(update),
        cmocka_unit_test(licence),
        cmocka_unit_test(member_lists),
        cmocka_unit_test(member_calls),
        cmocka_unit_test(member_unknown),
        cmocka_unit_test(takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
