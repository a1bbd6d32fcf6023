#include "base/text.h"
#include "render/render.h"
#include "value/read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Plans made by hand and what people see of them. */

static const struct kind team = {
    .name = "team", .section = "teams", .title = "teams", .ownership = OWNERSHIP_FULL};
static const struct kind user = {
    .name = "user", .section = "users", .title = "users", .ownership = OWNERSHIP_KEEP};

static struct arena *arena;
static struct spec spec;
static struct live live;
static struct live_kind live_kinds[2];
static struct plan plan;
static struct render_style style;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    spec = (struct spec){.environment = "prod"};
    live_kinds[0] = (struct live_kind){.kind = &team, .status = LIVE_READ};
    live_kinds[1] = (struct live_kind){.kind = &user, .status = LIVE_READ};
    live = (struct live){.server = {.version = "1.106.2"},
        .database = true,
        .kinds = live_kinds,
        .kind_count = 2,
        .elapsed_ms = 840};
    plan = (struct plan){.spec = &spec,
        .live = &live,
        .by_address = map_init(arena),
        .findings = diags_init(arena),
        .fingerprint = "7f3a-91c2-04be-d1e7"};
    style = (struct render_style){
        .apply = "liteform apply prod --plan 7f3a-91c2-04be-d1e7", .plan = "liteform plan prod"};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static struct node *json(const char *text)
{
    const char *reason = NULL;
    struct node *node = json_read(arena, text, strlen(text), &reason);
    assert_non_null(node);
    return node;
}

static struct change *change(
    const struct kind *kind, const char *address, enum action action, const char *reason)
{
    struct change *made = ARENA_NEW(arena, struct change);
    *made = (struct change){.address = address, .kind = kind, .action = action, .reason = reason};
    *VEC_ADD(arena, &plan.changes) = made;
    map_set(&plan.by_address, address, made);
    return made;
}

/* A field of a change; old and new as JSON, NULL for not set. */
static struct field_change *field(
    struct change *of, const char *path, const char *old, const char *new)
{
    struct field_change *made = VEC_ADD(arena, &of->fields);
    *made = (struct field_change){
        .path = path, .old = old == NULL ? NULL : json(old), .new = new == NULL ? NULL : json(new)};
    return made;
}

static const char *rendered(void)
{
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    render_plan(&plan, &style, &out);
    return arena_strdup(arena, buf_text(&out));
}

static void assert_holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("does not hold: %s\n--- text:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("holds: %s\n--- text:\n%s", part, text);
}

static void a_whole_plan(void **state)
{
    (void)state;
    struct change *core = change(&team, "team/core", ACTION_CREATE, "new in spec");
    field(core, "alias", NULL, "\"core\"");
    field(core, "models", NULL, "[\"a\",\"b\"]");
    struct change *platform = change(&team, "team/platform", ACTION_UPDATE, "spec changed");
    field(platform, "max_budget", "500", "600.5");
    field(platform, "models", "[\"a\",\"b\",\"c\"]", "[\"a\",\"d\",\"c\"]");
    field(platform, "budget_duration", NULL, "\"30d\"");
    field(platform, "tpm_limit", "100", NULL);
    strings_add(arena, &platform->risks, "widens access: d");
    struct change *gone = change(&user, "user/bob@example.com", ACTION_DELETE, "removed from spec");
    strings_add(arena, &gone->takes, "key/bob");
    strings_add(arena, &gone->takes, "member/core/bob@example.com");
    plan.counts = (struct counts){.create = 1, .update = 1, .delete = 1, .unchanged = 7};
    assert_string_equal(rendered(),
        "prod · LiteLLM 1.106.2 · 0 objects read · plan 7f3a-91c2-04be-d1e7\n"
        "\n"
        "1 teams\n"
        "   + team/core      new in spec\n"
        "      alias   core\n"
        "      models  [a, b]\n"
        "   ~ team/platform  spec changed\n"
        "      ~ max_budget       500 -> 600.5\n"
        "      ~ models           + d, - b (2 kept)\n"
        "      + budget_duration  30d\n"
        "      - tpm_limit        100\n"
        "      widens access: d\n"
        "2 users, removed or forgotten last\n"
        "   - user/bob@example.com  removed from spec\n"
        "      takes key/bob, member/core/bob@example.com with it\n"
        "\n"
        "Plan: 1 create, 1 update, 1 delete, 7 unchanged\n"
        "Risks: 1 widens access\n"
        "Apply: liteform apply prod --plan 7f3a-91c2-04be-d1e7\n");
}

static void nothing_to_do_is_one_line(void **state)
{
    (void)state;
    plan.counts.unchanged = 41;
    assert_string_equal(rendered(), "No changes. prod is as the spec says (41 objects).\n");
    plan.counts.not_compared = 2;
    assert_string_equal(
        rendered(), "No changes. prod is as the spec says (41 objects, 2 not compared).\n");
}

static void what_was_not_seen_is_said_even_then(void **state)
{
    (void)state;
    plan.counts.unchanged = 1;
    live.database = false;
    live.database_reason = "ERROR:  no\n  route";
    spec.database_url = "env:X";
    strings_add(arena, &spec.not_collected, "release");
    strings_add(arena, &spec.not_collected, "secrets");
    spec.policy.ownership = json("{\"keys\":\"ignore\",\"teams\":\"full\"}");
    assert_string_equal(rendered(),
        "No changes. prod is as the spec says (1 object).\n"
        "not looked at: database (ERROR: no route), keys (ownership: ignore)\n"
        "  so rows that no pod has loaded, and later writes to secrets, may be missed\n"
        "not collected yet: release, secrets (parsed and checked; planned by hand until then)\n");
}

static void symbols_of_all_actions(void **state)
{
    (void)state;
    static const struct {
        enum action action;
        const char *line;
    } rows[] = {
        {ACTION_CREATE, "   + team/x"},
        {ACTION_UPDATE, "   ~ team/x"},
        {ACTION_REPLACE, " -/+ team/x"},
        {ACTION_DELETE, "   - team/x"},
        {ACTION_ADOPT, "   = team/x"},
        {ACTION_FORGET, "   x team/x"},
        {ACTION_ROTATE, " -/+ team/x  rotate: why"},
        {ACTION_REPAIR, "   ~ team/x"},
        {ACTION_MOVE, "   > team/x  why, from team/y"},
    };
    struct change *only = change(&team, "team/x", ACTION_CREATE, "why");
    only->from = "team/y";
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        only->action = rows[i].action;
        assert_holds(rendered(), rows[i].line);
    }
}

static void a_refused_change_is_marked_and_says_how(void **state)
{
    (void)state;
    change(&team, "team/x", ACTION_DELETE, "removed from spec");
    *VEC_ADD(arena, &plan.guards.list) = (struct guard){.id = "LF303",
        .address = "team/x",
        .message = "protected",
        .allow = "--allow-protected team/x"};
    *VEC_ADD(arena, &plan.guards.list) = (struct guard){
        .id = "LF301", .message = "many", .allow = "--allow-deletes", .allowed = true};
    const char *text = rendered();
    assert_holds(text, "!  - team/x  removed from spec\n");
    assert_holds(text, "Refused:\n! LF303 team/x: protected\n      to allow it: --allow-protected");
    assert_holds(text, "Allowed by --allow-deletes: many\n");
    assert_holds(text, "Refused: 1 guard.");
    assert_holds(text, "Next: liteform plan prod\n");
    assert_lacks(text, "Apply:");
}

static void secrets_are_never_shown(void **state)
{
    (void)state;
    struct change *one = change(&team, "team/x", ACTION_UPDATE, "spec changed");
    struct field_change *key = field(one, "api_key", "\"hash-1\"", "\"env:KEY\"");
    key->sensitive = true;
    key->note = "not compared";
    struct node *map = node_map(arena), *secret = node_string(arena, "env:OTHER");
    secret->marks |= NODE_SECRET;
    node_set(arena, map, "password", secret);
    struct field_change *values = field(one, "values", NULL, NULL);
    values->new = map;
    field(one, "id", NULL, NULL);
    const char *text = rendered();
    assert_holds(text, "~ api_key  (sensitive) -> (sensitive)  (not compared)\n");
    assert_holds(text, "+ values.password  (sensitive)\n");
    assert_holds(text, "+ id       (known after apply)\n");
    assert_lacks(text, "env:");
    assert_lacks(text, "hash-1");
}

static void values_that_could_be_taken_for_others_are_quoted(void **state)
{
    (void)state;
    struct change *one = change(&team, "team/x", ACTION_UPDATE, "spec changed");
    field(one, "a", "\"3600\"", "3600");
    field(one, "b", "\"\"", "\"true\"");
    field(one, "c", "true", "null");
    field(one, "d", "\"x -> y\"", "\"au.anthropic.claude-opus-4-6-v1\"");
    const char *text = rendered();
    assert_holds(text, "~ a  \"3600\" -> 3600\n");
    assert_holds(text, "~ b  \"\" -> \"true\"\n");
    assert_holds(text, "~ c  true -> null\n");
    assert_holds(text, "~ d  \"x -> y\" -> au.anthropic.claude-opus-4-6-v1\n");
}

static void maps_are_shown_key_by_key(void **state)
{
    (void)state;
    struct change *one = change(&team, "team/x", ACTION_UPDATE, "spec changed");
    field(one, "params", "{\"a\":1,\"b\":{\"c\":2,\"d\":3},\"e\":5}",
        "{\"a\":1,\"b\":{\"c\":2,\"d\":4},\"f\":[]}");
    const char *text = rendered();
    assert_holds(text, "~ params.b.d  3 -> 4\n");
    assert_holds(text, "- params.e  5\n");
    assert_holds(text, "+ params.f  []\n");
    assert_lacks(text, "params.a");
    assert_lacks(text, "params.b.c");
}

static void lists_that_differ_in_order_only_are_shown_whole(void **state)
{
    (void)state;
    struct change *one = change(&team, "team/x", ACTION_UPDATE, "spec changed");
    field(one, "fallbacks", "[\"a\",\"b\"]", "[\"b\",\"a\"]");
    field(one, "models", "\"all\"", "[\"a\"]");
    const char *text = rendered();
    assert_holds(text, "[a, b] -> [b, a]\n");
    assert_holds(text, "all -> [a]\n");
}

static void long_texts_show_what_differs(void **state)
{
    (void)state;
    struct change *one = change(&team, "team/x", ACTION_UPDATE, "spec changed");
    field(one, "note", "\"same\\nold\\nend\\n\"", "\"same\\nnew 1\\nnew 2\\nend\\n\"");
    assert_holds(rendered(), "      ~ note  text, from line 2 on\n"
                             "          - old\n"
                             "          + new 1\n"
                             "          + new 2\n");
    field(one, "long", NULL, "\"1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\"");
    assert_holds(rendered(), "          + 6\n          + ... 3 more lines\n");
    style.verbose = true;
    assert_holds(rendered(), "          + 9\n");
}

static void text_from_outside_cannot_steer_the_terminal(void **state)
{
    (void)state;
    struct change *one = change(&team, "team/\033[2Jx", ACTION_UPDATE, "changed \033]0;t\007");
    field(one, "na\033me", "\"a\\u001b[31m\"", "\"b\\u202ex\"");
    one->note = "no\rte";
    strings_add(arena, &one->risks, "ri\033sk");
    diag_add(&plan.findings, "LF257", "find\033ing")->fix = "fi\033x";
    plan.moves = (struct strings){0};
    strings_add(arena, &plan.moves, "mo\033ve");
    const char *text = rendered();
    for (const char *at = text; *at != '\0'; at++)
        assert_true((unsigned char)*at >= 0x20 || *at == '\n');
    assert_lacks(text, "\xe2\x80\xae");
}

static void unread_kinds_are_one_line_a_reason(void **state)
{
    (void)state;
    *VEC_ADD(arena, &plan.unread) = (struct unread){.kind = &team, .reason = "away", .wanted = 4};
    *VEC_ADD(arena, &plan.unread) = (struct unread){.kind = &user, .reason = "away", .wanted = 1};
    strings_add(arena, &plan.held, "key/ci");
    const char *text = rendered();
    assert_holds(text,
        "? not read: teams, users (away); nothing of them is planned (5 in the spec)\n"
        "? held back, since they or what they need cannot be told for sure: key/ci\n");
    assert_holds(text, "Plan: nothing in what could be read\n");
    assert_lacks(text, "No changes. prod");
}

static void unmanaged_is_a_count_unless_asked(void **state)
{
    (void)state;
    struct object *one = ARENA_NEW(arena, struct object), *two = ARENA_NEW(arena, struct object);
    *one = (struct object){.kind = &user, .id = "u-1", .name = "eve@example.com"};
    *two = (struct object){.kind = &team, .id = "t-1", .name = "wild"};
    *VEC_ADD(arena, &plan.unmanaged) = (struct unmanaged){.address = "user/u-1", .object = one};
    *VEC_ADD(arena, &plan.unmanaged) = (struct unmanaged){.address = "team/wild", .object = two};
    assert_holds(rendered(), ". unmanaged: 1 user, 1 team (--verbose lists them)\n");
    style.verbose = true;
    assert_holds(rendered(), ". unmanaged: 1 user, 1 team\n"
                             "  . user/u-1  eve@example.com\n"
                             "  . team/wild\n");
}

static void findings_are_a_line_and_a_fix(void **state)
{
    (void)state;
    uint16_t source = diags_source(&plan.findings, "environments/prod/teams.yaml", "a\n", 2);
    struct diag *diag = diag_add(&plan.findings, "LF257", "something is wrong");
    diag->where = (struct span){.file = source, .line = 1, .column = 1};
    diag->fix = "put it right";
    diag_add(&plan.findings, "LF257", "without a place")->address = "team/x";
    const char *text = rendered();
    assert_holds(text, "\nFindings:\n");
    assert_holds(text, " LF257 environments/prod/teams.yaml:1:1: something is wrong\n"
                       "      fix: put it right\n");
    assert_holds(text, " LF257 team/x: without a place\n");
}

static void lines_keep_to_the_width(void **state)
{
    (void)state;
    struct change *one = change(&team, "team/x", ACTION_UPDATE,
        "changed outside by somebody who left a long description of what was done and of why");
    field(one, "description", "\"one two three four five six seven eight nine ten\"",
        "\"one two three four five six seven eight nine eleven\"");
    field(one, "models", "[]", "[\"model-a\",\"model-b\",\"model-c\",\"model-d\",\"model-e\"]");
    style.width = 50;
    const char *text = rendered();
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        if (strncmp(text, "Apply:", 6) != 0 && text_count(text, length) > 50)
            fail_msg("too long: %.*s", (int)length, text);
        text += length + 1;
    }
}

static void colour_repeats_what_is_there(void **state)
{
    (void)state;
    change(&team, "team/x", ACTION_DELETE, "removed from spec");
    const char *plain = rendered();
    style.color = true;
    const char *colored = rendered();
    assert_non_null(strchr(colored, '\033'));
    CLEANUP_BUF struct buf stripped = BUF_INIT(0);
    for (const char *at = colored; *at != '\0'; at++) {
        if (*at == '\033')
            at += strcspn(at, "m");
        else
            buf_char(&stripped, *at);
    }
    assert_string_equal(plain, buf_text(&stripped));
}

static void drift_shows_what_has_its_cause_outside(void **state)
{
    (void)state;
    change(&team, "team/a", ACTION_UPDATE, "spec changed");
    struct change *outside = change(&team, "team/b", ACTION_UPDATE, "spec changed");
    field(outside, "max_budget", "1", "2")->outside = true;
    change(&team, "team/c", ACTION_CREATE, "gone: was made by us, no longer exists");
    change(&team, "team/d", ACTION_REPAIR, "not loaded");
    struct object *wild = ARENA_NEW(arena, struct object), *eve = ARENA_NEW(arena, struct object);
    *wild = (struct object){.kind = &team, .id = "t-1", .name = "wild"};
    *eve = (struct object){.kind = &user, .id = "u-1", .name = "eve"};
    *VEC_ADD(arena, &plan.unmanaged) = (struct unmanaged){.address = "team/wild", .object = wild};
    *VEC_ADD(arena, &plan.unmanaged) = (struct unmanaged){.address = "user/eve", .object = eve};
    struct drift drift = render_drift_count(&plan);
    assert_int_equal(drift.outside, 3);
    assert_int_equal(drift.pending, 1);
    assert_int_equal(drift.unmanaged, 1);
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    render_drift(&plan, &style, &out);
    assert_lacks(buf_text(&out), "team/a");
    assert_holds(buf_text(&out), "team/b  spec changed\n");
    assert_holds(buf_text(&out), "changed outside)\n");
    assert_holds(
        buf_text(&out), "Drift: 3 changed outside, 1 undeclared where the spec is complete\n");
    assert_holds(buf_text(&out), "Pending from the spec: 1 change\n");
    const struct node *node = render_drift_node(arena, &plan, &plan.findings);
    assert_string_equal(node_get_text(node, "format"), "liteform-drift/1");
    assert_int_equal(node_get(node, "changes")->count, 3);
    assert_int_equal(node_get_int(node_get(node, "drift"), "pending", -1), 1);
}

static void no_drift_is_a_line(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    render_drift(&plan, &style, &out);
    assert_holds(buf_text(&out), "No drift: prod is as it was last left.\n");
}

static void progress_lines(void **state)
{
    (void)state;
    struct change *one = change(&team, "team/x", ACTION_UPDATE, "spec changed");
    struct render_progress progress = {.step = RENDER_DONE,
        .change = one,
        .done = 2,
        .failed = 1,
        .total = 9,
        .elapsed_ms = 61500};
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    render_progress_line(&progress, &style, &out);
    assert_string_equal(buf_text(&out), "done     update team/x  1 min 01 s  [3/9]\n");
    buf_reset(&out);
    progress.step = RENDER_WAITING;
    progress.change = NULL;
    progress.note = "for models to load";
    render_progress_line(&progress, &style, &out);
    assert_string_equal(buf_text(&out), "waiting  for models to load\n");
    buf_reset(&out);
    style.width = 20;
    progress.elapsed_ms = 900;
    render_progress_live(&progress, &style, &out);
    assert_string_equal(buf_text(&out), "2 of 9 done, 1 fail");
}

static void summaries(void **state)
{
    (void)state;
    struct render_summary summary = {.environment = "prod", .done = 3, .elapsed_ms = 2500};
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    render_summary(&summary, &style, &out);
    assert_string_equal(buf_text(&out), "Applied to prod. 3 done.\n");
    struct strings missing = {0}, unread = {0};
    strings_add(arena, &missing, "team/x");
    strings_add(arena, &unread, "keys");
    summary.failed = 1;
    summary.skipped = 2;
    summary.not_arrived = &missing;
    summary.unread = &unread;
    summary.next = "liteform plan prod";
    style.timing = true;
    buf_reset(&out);
    render_summary(&summary, &style, &out);
    assert_string_equal(buf_text(&out),
        "Applied to prod in part. 3 done, 1 failed, 2 not attempted, in 2.5 s.\n"
        "Accepted by the server, but not to be seen when read again: team/x\n"
        "Not read, so nothing was done about: keys\n"
        "Next: liteform plan prod\n");
}

static void json_is_whole(void **state)
{
    (void)state;
    struct change *one = change(&team, "team/x", ACTION_UPDATE, "spec changed");
    field(one, "max_budget", "1", "2");
    struct diags diags = diags_init(arena);
    diag_add(&diags, "LF257", "said \"so\"\n");
    const struct node *node = render_plan_node(arena, &plan, &diags);
    assert_int_equal(node_get(node, "diagnostics")->count, 1);
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    render_json(node, &out);
    const char *reason = NULL;
    assert_non_null(json_read(arena, buf_text(&out), out.len, &reason));
    assert_true(text_ends(buf_text(&out), "}\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_whole_plan),
        TEST(nothing_to_do_is_one_line),
        TEST(what_was_not_seen_is_said_even_then),
        TEST(symbols_of_all_actions),
        TEST(a_refused_change_is_marked_and_says_how),
        TEST(secrets_are_never_shown),
        TEST(values_that_could_be_taken_for_others_are_quoted),
        TEST(maps_are_shown_key_by_key),
        TEST(lists_that_differ_in_order_only_are_shown_whole),
        TEST(long_texts_show_what_differs),
        TEST(text_from_outside_cannot_steer_the_terminal),
        TEST(unread_kinds_are_one_line_a_reason),
        TEST(unmanaged_is_a_count_unless_asked),
        TEST(findings_are_a_line_and_a_fix),
        TEST(lines_keep_to_the_width),
        TEST(colour_repeats_what_is_there),
        TEST(drift_shows_what_has_its_cause_outside),
        TEST(no_drift_is_a_line),
        TEST(progress_lines),
        TEST(summaries),
        TEST(json_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
