/* Addresses, derived ids, registration, and the small functions over kinds. */
#include "base/text.h"
#include "model/desired.h"
#include "model/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct field no_fields[] = {{0}};
static const struct kind team = {.name = "team", .section = "teams", .fields = no_fields};
static const struct kind user = {.name = "user", .section = "users", .fields = no_fields};
static const struct kind member = {.name = "member", .fields = no_fields};

static void addresses(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    const char *parts[] = {"a/b", "c d%*"};
    assert_string_equal(address_make(arena, "member", parts, 2), "member/a%2Fb/c%20d%25%2A");
    assert_string_equal(address_kind(arena, "team/x"), "team");
    assert_null(address_kind(arena, "team"));
    assert_null(address_kind(arena, "team/"));
    assert_null(address_kind(arena, "/x"));
    assert_null(address_kind(arena, "Te am/x"));
    assert_null(address_kind(arena, NULL));
}

static void ids(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    const char *id = desired_id(arena, "prod", "team", "platform");
    assert_true(text_starts(id, "prod-platform-"));
    assert_int_equal(strlen(id), strlen("prod-platform-3fa94c1e"));
    assert_string_equal(id, desired_id(arena, "prod", "team", "platform"));
    assert_string_not_equal(id, desired_id(arena, "prod", "user", "platform"));
    assert_string_not_equal(id, desired_id(arena, "dev", "team", "platform"));
    /* Names that read alike, and names of which nothing can be read. */
    assert_string_not_equal(
        desired_id(arena, "prod", "team", "a b"), desired_id(arena, "prod", "team", "a-b"));
    char longest[500];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    static const char *const names[] = {
        "", "/", "\xc3\xa9\xc3\xa9", "Alice@Example.com", "..", "a."};
    for (size_t i = 0; i <= sizeof(names) / sizeof(names[0]); i++) {
        const char *name = i < sizeof(names) / sizeof(names[0]) ? names[i] : longest;
        id = desired_id(arena, longest, "team", name);
        assert_true(strlen(id) <= 60);
        assert_int_equal(strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789._-"), strlen(id));
        id = desired_id(arena, "prod", "team", name);
        assert_true(text_starts(id, "prod-"));
    }
    assert_true(text_starts(desired_id(arena, "prod", "user", "Alice@X.com"), "prod-alice-x.com-"));
}

static void registering(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct diags diags = diags_init(arena);
    struct desired desired = {.environment = "prod"};
    struct check_context context = {.arena = arena, .desired = &desired, .diags = &diags};
    const char *parts[] = {"x"};
    struct node *fields = node_map(arena);
    const struct resource *first = desired_add(&context, &team, parts, 1, fields, (struct span){0});
    assert_non_null(first);
    assert_false(first->id_given);
    assert_string_equal(first->id, desired_id(arena, "prod", "team", "x"));
    assert_ptr_equal(desired_resource(&desired, "team/x"), first);
    assert_null(desired_add(&context, &team, parts, 1, fields, (struct span){0}));
    assert_true(diags_has(&diags, "LF024"));
    node_set_string(arena, fields, "id", "mine");
    const struct resource *other = desired_add(&context, &user, parts, 1, fields, (struct span){0});
    assert_true(other->id_given);
    assert_string_equal(other->id, "mine");
    assert_int_equal(desired.list.count, 2);
    assert_null(desired_resource(&desired, NULL));
}

static void allowances(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct allowances given = {0};
    *VEC_ADD(arena, &given.list) = (struct allowance){"rotate", "key/ci*"};
    *VEC_ADD(arena, &given.list) = (struct allowance){"rebuild", NULL};
    assert_true(allowed(&given, "rotate", "key/ci-bot"));
    assert_false(allowed(&given, "rotate", "key/other"));
    assert_false(allowed(&given, "rotate", NULL));
    assert_true(allowed(&given, "rebuild", "anything"));
    assert_false(allowed(NULL, "rebuild", NULL));
    struct guards guards = {0};
    struct plan_context context = {.arena = arena, .allowances = &given, .guards = &guards};
    guard_add(&context, "LF301", "rotate", "key/ci-bot", "key %s", "ci-bot");
    guard_add(&context, "LF302", "rotate", "key/x", "no");
    guard_add(&context, "LF303", NULL, NULL, "never");
    assert_string_equal(guards.list.at[0].allow, "--allow-rotate key/ci-bot");
    assert_string_equal(guards.list.at[0].message, "key ci-bot");
    assert_true(guards.list.at[0].allowed);
    assert_false(guards.list.at[1].allowed);
    assert_null(guards.list.at[2].allow);
    assert_false(guards.list.at[2].allowed);
}

static void looking_up(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    const struct kind *const list[] = {&team, &user, &member};
    const struct kind_set kinds = {list, 3};
    assert_ptr_equal(kind_by_name(&kinds, "member"), &member);
    assert_null(kind_by_name(&kinds, "x"));
    assert_ptr_equal(kind_by_section(&kinds, "users"), &user);
    assert_null(kind_by_section(&kinds, "members"));
    assert_null(kind_by_section(&kinds, NULL));
    struct live_kind live_kinds[] = {{.kind = &team}, {.kind = &user}};
    struct live live = {.arena = arena, .kinds = live_kinds, .kind_count = 2};
    assert_ptr_equal(live_kind(&live, &user), &live_kinds[1]);
    assert_null(live_kind(&live, &member));
    struct object a = {.id = "1", .name = "a"}, b = {.id = "1", .name = "b"}, c = {.id = NULL};
    assert_null(live_object(&live_kinds[0], "1"));
    live_add(&live, &live_kinds[0], &a);
    live_add(&live, &live_kinds[0], &c);
    live_add(&live, &live_kinds[0], &b);
    assert_int_equal(live_kinds[0].list.count, 2);
    assert_ptr_equal(live_kinds[0].list.at[0], &b);
    assert_ptr_equal(live_object(&live_kinds[0], "1"), &b);
    assert_null(live_object(&live_kinds[0], NULL));
    struct known known = {.objects = map_init(arena)};
    struct known_object object = {.address = "team/x"};
    assert_null(known_object(NULL, "team/x"));
    assert_null(known_object(&known, "team/x"));
    map_set(&known.objects, "team/x", &object);
    assert_ptr_equal(known_object(&known, "team/x"), &object);
}

static void ownership(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct node *levels = node_map(arena);
    struct spec spec = {.policy.ownership = levels};
    node_set_string(arena, levels, "members", "ignore");
    node_set_string(arena, levels, "users", "keep");
    assert_int_equal(spec_ownership(&spec, &member), OWNERSHIP_IGNORE);
    assert_int_equal(spec_ownership(&spec, &user), OWNERSHIP_KEEP);
    assert_int_equal(spec_ownership(&spec, &team), OWNERSHIP_FULL);
    spec.policy.ownership = NULL;
    assert_int_equal(spec_ownership(&spec, &user), OWNERSHIP_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(ids),
        cmocka_unit_test(registering),
        cmocka_unit_test(allowances),
        cmocka_unit_test(looking_up),
        cmocka_unit_test(ownership),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
