/* Planning on two kinds of our own: matching, ownership, guards, order, fingerprint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "model/desired.h"
#include "plan/plan.h"
#include "value/read.h"

#include <string.h>

/* ------------------------------------------------------------------ two small kinds */

static const struct field box_fields[] = {
    {.name = "alias", .type = FIELD_TEXT, .unset = UNSET_NULL},
    {.name = "models", .type = FIELD_MODELS},
    {.name = "limit", .type = FIELD_INT, .unset = UNSET_NULL},
    {.name = "price", .type = FIELD_DECIMAL, .unset = UNSET_NULL, .unset_since = LITELLM(1, 106)},
    {.name = "every", .type = FIELD_DURATION, .unset = UNSET_NULL},
    {.name = "closed", .type = FIELD_BOOL, .unset = UNSET_FALSE},
    {.name = "tags", .type = FIELD_TEXTS, .flags = FIELD_SET, .unset = UNSET_EMPTY},
    {.name = "notes", .type = FIELD_MAP, .unset = UNSET_NULL},
    {.name = "secret", .type = FIELD_SECRET, .flags = FIELD_WRITE_ONLY},
    {.name = "hidden", .type = FIELD_INT, .flags = FIELD_WRITE_ONLY, .unset = UNSET_NULL},
    {.name = "fixed", .type = FIELD_TEXT, .unset = UNSET_NEVER},
    {0},
};

static bool box_takes(const struct object *gone, const struct object *other)
{
    return text_equal(other->kind->name, "key") && text_equal(other->parent, gone->id);
}

static const struct kind box = {.name = "box",
    .section = "boxes",
    .title = "boxes",
    .fields = box_fields,
    .ownership = OWNERSHIP_FULL,
    .takes = box_takes};
static const struct field key_fields[] = {{.name = "alias", .type = FIELD_TEXT}, {0}};
static const struct kind key = {.name = "key",
    .section = "keys",
    .title = "keys",
    .fields = key_fields,
    .ownership = OWNERSHIP_KEEP};
static const struct kind *const kind_list[] = {&box, &key};
static const struct kind_set kinds = {.at = kind_list, .count = 2};

/* ------------------------------------------------------------------ one planning, set up by hand */

struct scene {
    struct arena *arena;
    struct spec spec;
    struct live live;
    struct known known;
    struct secret_facts secrets;
    struct allowances allowances;
    struct plan_options options;
    struct diags diags;
};

static int setup(void **state)
{
    struct arena *arena = arena_new();
    struct scene *s = ARENA_NEW(arena, struct scene);
    s->arena = arena;
    s->diags = diags_init(arena);
    s->spec.environment = "test";
    s->spec.tier = "free";
    s->spec.policy.max_delete = (struct threshold){.percent = true, .value = 10};
    s->spec.policy.max_update = (struct threshold){.percent = true, .value = 50};
    s->spec.desired.environment = "test";
    s->spec.desired.by_address = map_init(arena);
    s->live.arena = arena;
    s->live.server = (struct server){.version = "1.106.2", .release = LITELLM(1, 106)};
    s->live.kind_count = 2;
    s->live.kinds = arena_array(arena, 2, sizeof(struct live_kind));
    for (size_t i = 0; i < 2; i++) {
        s->live.kinds[i] = (struct live_kind){.kind = kind_list[i],
            .status = LIVE_READ,
            .by_id = map_init(arena),
            .raw = map_init(arena)};
    }
    s->known.objects = map_init(arena);
    s->options.allowances = &s->allowances;
    s->options.today = "2026-11-24";
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    arena_free(s->arena);
    return 0;
}

static struct node *json(struct scene *s, const char *text)
{
    const char *reason = NULL;
    struct node *node = json_read(s->arena, text, strlen(text), &reason);
    assert_non_null(node);
    return node;
}

static struct resource *want(
    struct scene *s, const struct kind *kind, const char *name, const char *fields)
{
    struct check_context context = {.arena = s->arena,
        .desired = &s->spec.desired,
        .kinds = &kinds,
        .kind = kind,
        .diags = &s->diags};
    struct resource *resource =
        desired_add(&context, kind, &name, 1, json(s, fields), (struct span){0});
    assert_non_null(resource);
    resource->key = name;
    return resource;
}

static struct object *have(struct scene *s, const struct kind *kind, const char *id,
    const char *name, const char *fields, const char *mark)
{
    struct object *object = ARENA_NEW(s->arena, struct object);
    *object = (struct object){
        .kind = kind, .id = id, .key = name, .name = name, .fields = json(s, fields), .mark = mark};
    live_add(&s->live, live_kind(&s->live, kind), object);
    return object;
}

static struct known_object *know(
    struct scene *s, const char *address, const char *id, const char *fields, bool adopted)
{
    struct known_object *object = ARENA_NEW(s->arena, struct known_object);
    *object = (struct known_object){.address = address,
        .kind = address_kind(s->arena, address),
        .id = id,
        .adopted = adopted,
        .fields = json(s, fields)};
    map_set(&s->known.objects, address, object);
    s->known.exists = true;
    return object;
}

static struct plan *make(struct scene *s)
{
    return plan_make(s->arena, &s->spec, &kinds, &s->live, &s->known, &s->secrets, &s->options);
}

static struct change *change_of(struct plan *plan, const char *address)
{
    struct change *change = map_get(&plan->by_address, address);
    assert_non_null(change);
    return change;
}

static bool guarded(const struct plan *plan, const char *id)
{
    VEC_EACH(guard, &plan->guards.list) {
        if (text_equal(guard->id, id) && !guard->allowed) {
            return true;
        }
    }
    return false;
}

static void allow(struct scene *s, const char *name, const char *address)
{
    *VEC_ADD(s->arena, &s->allowances.list) = (struct allowance){.name = name, .address = address};
}

/* ------------------------------------------------------------------ comparing */

static void nothing_to_do(void **state)
{
    struct scene *s = *state;
    const char *fields =
        "{\"models\":[\"a\",\"b\"],\"limit\":10,\"every\":\"30d\",\"closed\":false}";
    struct resource *a = want(s, &box, "a", fields);
    have(s, &box, a->id, "a",
        "{\"models\":[\"b\",\"a\"],\"limit\":10.0,\"every\":\"720h\",\"other\":1}", "created/test");
    know(s, "box/a", a->id, fields, false);
    struct plan *plan = make(s);
    assert_int_equal(plan_size(plan), 0);
    assert_int_equal(plan->counts.unchanged, 1);
    assert_int_equal(plan->relearn.count, 0);
}

static void a_lost_state_is_learned_again(void **state)
{
    struct scene *s = *state;
    struct resource *a = want(s, &box, "a", "{\"limit\":1}");
    have(s, &box, a->id, "a", "{\"limit\":1}", "created/test");
    struct plan *plan = make(s);
    assert_int_equal(plan_size(plan), 0);
    assert_int_equal(plan->relearn.count, 1);
    assert_false(plan->relearn.at[0].adopted);
}

static void reasons(void **state)
{
    struct scene *s = *state;
    struct resource *a = want(s, &box, "a", "{\"limit\":20}");
    struct resource *b = want(s, &box, "b", "{\"limit\":20}");
    struct resource *c = want(s, &box, "c", "{}");
    have(s, &box, a->id, "a", "{\"limit\":10}", "created/test");
    have(s, &box, b->id, "b", "{\"limit\":7}", "created/test");
    have(s, &box, c->id, "c", "{\"limit\":10}", "created/test");
    know(s, "box/a", a->id, "{\"limit\":10}", false);
    know(s, "box/b", b->id, "{\"limit\":20}", false);
    know(s, "box/c", c->id, "{\"limit\":10}", false);
    struct plan *plan = make(s);
    assert_string_equal(change_of(plan, "box/a")->reason, "spec changed");
    assert_string_equal(change_of(plan, "box/b")->reason, "changed outside");
    assert_true(change_of(plan, "box/b")->fields.at[0].outside);
    assert_string_equal(change_of(plan, "box/c")->reason, "removed from spec");
    assert_null(change_of(plan, "box/c")->fields.at[0].new);
}

static void keys_of_a_map_are_fields(void **state)
{
    struct scene *s = *state;
    struct resource *a = want(s, &box, "a", "{\"notes\":{\"owner\":\"x\",\"n\":1}}");
    have(s, &box, a->id, "a", "{\"notes\":{\"owner\":\"y\",\"n\":1.0,\"theirs\":2,\"old\":3}}",
        "created/test");
    know(s, "box/a", a->id, "{\"notes\":{\"owner\":\"x\",\"n\":1,\"old\":3}}", false);
    struct change *change = change_of(make(s), "box/a");
    assert_int_equal(change->fields.count, 2);
    assert_string_equal(change->fields.at[0].path, "notes.owner");
    assert_string_equal(change->fields.at[1].path, "notes.old");
    assert_null(change->fields.at[1].new);
}

static void what_a_version_cannot_unset_is_a_finding(void **state)
{
    struct scene *s = *state;
    struct resource *a = want(s, &box, "a", "{}");
    have(s, &box, a->id, "a", "{\"price\":1,\"fixed\":\"x\"}", "created/test");
    know(s, "box/a", a->id, "{\"price\":1,\"fixed\":\"x\"}", false);
    s->live.server = (struct server){.version = "1.81.15", .release = LITELLM(1, 81)};
    struct plan *plan = make(s);
    assert_int_equal(plan_size(plan), 0);
    assert_int_equal(plan->findings.list.count, 2);
    s->live.server.release = LITELLM(1, 106);
    plan = make(s);
    assert_int_equal(change_of(plan, "box/a")->fields.count, 1);
}

static void secrets_compare_by_hash(void **state)
{
    struct scene *s = *state;
    struct resource *a = want(s, &box, "a", "{\"secret\":\"env:S\"}");
    node_get(a->fields, "secret")->marks = NODE_SECRET;
    have(s, &box, a->id, "a", "{}", "created/test");
    struct known_object *known =
        know(s, "box/a", a->id, "{\"secret\":{\"hmac\":\"aa\",\"reference\":\"env:OLD\"}}", false);
    *VEC_ADD(s->arena, &s->secrets.list) =
        (struct secret_fact){.reference = "env:S", .known = true, .hash = "aa"};
    assert_int_equal(plan_size(make(s)), 0);
    s->secrets.list.at[0].hash = "bb";
    struct plan *plan = make(s);
    assert_true(change_of(plan, "box/a")->fields.at[0].sensitive);
    s->secrets.list.at[0].hash = NULL; /* no hash key: neither unchanged nor a change */
    plan = make(s);
    assert_int_equal(plan_size(plan), 0);
    assert_int_equal(plan->counts.not_compared, 1);
    known->fields = json(s, "{\"secret\":{\"reference\":\"env:S\"}}"); /* a state learned again */
    s->secrets.list.at[0].hash = "bb";
    plan = make(s);
    assert_int_equal(plan->counts.not_compared, 1);
    known->fields = json(s, "{}"); /* declared since: written */
    assert_int_equal(plan_size(make(s)), 1);
    known->fields = json(s, "{\"secret\":{\"reference\":\"env:S\"}}");
    s->options.rewrite_secrets = true;
    assert_int_equal(plan_size(make(s)), 1);
}

static void what_never_comes_back_compares_with_the_last_write(void **state)
{
    struct scene *s = *state;
    struct resource *a = want(s, &box, "a", "{\"hidden\":5}");
    struct resource *b = want(s, &box, "b", "{\"limit\":5}");
    have(s, &box, a->id, "a", "{}", "created/test");
    struct object *object = have(s, &box, b->id, "b", "{}", "created/test");
    strings_add(s->arena, &object->unseen, "limit");
    know(s, "box/a", a->id, "{\"hidden\":5}", false);
    know(s, "box/b", b->id, "{\"limit\":5}", false);
    assert_int_equal(plan_size(make(s)), 0);
    know(s, "box/a", a->id, "{\"hidden\":6}", false);
    know(s, "box/b", b->id, "{\"limit\":6}", false);
    assert_int_equal(plan_size(make(s)), 2);
    know(s, "box/b", b->id, "{}", false); /* declared since: written */
    know(s, "box/a", a->id, "{\"hidden\":5}", false);
    assert_int_equal(plan_size(make(s)), 1);
    map_set(&s->known.objects, "box/b", NULL); /* marked as ours, state lost: nobody can tell */
    struct plan *plan = make(s);
    assert_int_equal(plan_size(plan), 0);
    assert_int_equal(plan->counts.not_compared, 1);
}

/* ------------------------------------------------------------------ identity and ownership */

static void adopts_by_natural_key(void **state)
{
    struct scene *s = *state;
    want(s, &box, "a", "{\"limit\":1}");
    have(s, &box, "foreign-id", "a", "{\"limit\":2}", NULL);
    struct change *change = change_of(make(s), "box/a");
    assert_int_equal(change->action, ACTION_ADOPT);
    assert_string_equal(change->id, "foreign-id");
    assert_int_equal(change->fields.count, 1);
}

static void two_matches_are_never_a_guess(void **state)
{
    struct scene *s = *state;
    want(s, &box, "a", "{}");
    have(s, &box, "one", "a", "{}", NULL);
    have(s, &box, "two", "a", "{}", NULL);
    struct plan *plan = make(s);
    assert_int_equal(plan_size(plan), 0);
    assert_true(guarded(plan, "LF309"));
    assert_true(diags_has(&plan->findings, "LF259"));
    assert_non_null(strstr(plan->findings.list.at[0].message, "one, two"));
    allow(s, "", NULL);
    assert_true(guarded(make(s), "LF309"));
}

static void another_environments_object_is_guarded(void **state)
{
    struct scene *s = *state;
    want(s, &box, "a", "{}");
    have(s, &box, "one", "a", "{}", "created/prod");
    assert_true(guarded(make(s), "LF308"));
    allow(s, "adopt", "box/a");
    assert_false(guarded(make(s), "LF308"));
}

static void removal_by_ownership(void **state)
{
    struct scene *s = *state;
    want(s, &box, "stays", "{}");
    have(s, &box, "1", "made", "{}", "created/test");
    have(s, &box, "2", "found", "{}", "adopted/test");
    have(s, &box, "3", "found2", "{}", "adopted/test");
    have(s, &key, "4", "k", "{}", "created/test");
    have(s, &box, "5", "theirs", "{}", NULL);
    know(s, "box/made", "1", "{}", false);
    know(s, "box/found", "2", "{}", true);
    know(s, "box/found2", "3", "{}", true);
    know(s, "key/k", "4", "{}", false);
    know(s, "box/gone", "9", "{}", false);
    strings_add(s->arena, &s->spec.removed, "box/found2");
    struct plan *plan = make(s);
    assert_int_equal(change_of(plan, "box/made")->action, ACTION_DELETE);
    assert_int_equal(change_of(plan, "box/found")->action, ACTION_FORGET);
    assert_int_equal(change_of(plan, "box/found2")->action, ACTION_DELETE);
    assert_int_equal(change_of(plan, "key/k")->action, ACTION_FORGET);
    assert_int_equal(change_of(plan, "box/gone")->action, ACTION_FORGET);
    assert_int_equal(plan->unmanaged.count, 1);
    assert_string_equal(plan->unmanaged.at[0].address, "box/theirs");
}

static void an_empty_state_deletes_nothing(void **state)
{
    struct scene *s = *state;
    want(s, &box, "stays", "{}");
    have(s, &box, "1", "made", "{}", "created/test");
    struct plan *plan = make(s);
    assert_null(map_get(&plan->by_address, "box/made"));
    assert_int_equal(plan->unmanaged.count, 1);
    struct resource *other = want(s, &box, "other", "{}");
    have(s, &box, other->id, "other", "{}", "created/test");
    know(s, "box/other", other->id, "{}", false);
    assert_int_equal(change_of(make(s), "box/made")->action, ACTION_DELETE);
}

static void moved_renames_in_place(void **state)
{
    struct scene *s = *state;
    want(s, &box, "new", "{\"alias\":\"new\"}");
    have(s, &box, "id-1", "old", "{\"alias\":\"old\"}", "created/test");
    know(s, "box/old", "id-1", "{\"alias\":\"old\"}", false);
    *VEC_ADD(s->arena, &s->spec.moved) = (struct moved){.from = "box/old", .to = "box/new"};
    struct plan *plan = make(s);
    struct change *change = change_of(plan, "box/new");
    assert_int_equal(change->action, ACTION_MOVE);
    assert_string_equal(change->id, "id-1");
    assert_string_equal(change->from, "box/old");
    assert_null(map_get(&plan->by_address, "box/old"));
}

static void a_rename_without_moved_gets_the_line(void **state)
{
    struct scene *s = *state;
    want(s, &box, "new", "{\"limit\":5,\"every\":\"1d\",\"fixed\":\"x\"}");
    have(s, &box, "id-1", "old", "{\"limit\":5,\"every\":\"1d\",\"fixed\":\"x\"}", "created/test");
    know(s, "box/old", "id-1", "{\"limit\":5}", false);
    struct plan *plan = make(s);
    assert_int_equal(plan->moves.count, 1);
    assert_string_equal(plan->moves.at[0], "moved: [{ from: box/old, to: box/new }]");
}

/* ------------------------------------------------------------------ reading */

static void unread_is_never_absent(void **state)
{
    struct scene *s = *state;
    struct resource *a = want(s, &box, "a", "{}");
    struct resource *k = want(s, &key, "k", "{}");
    strings_add(s->arena, &k->needs, a->address);
    know(s, "box/gone", "x", "{}", false);
    live_kind(&s->live, &box)->status = LIVE_UNREAD;
    live_kind(&s->live, &box)->reason = "503";
    struct plan *plan = make(s);
    assert_int_equal(plan_size(plan), 0);
    assert_int_equal(plan->unread.count, 1);
    assert_int_equal(plan->unread.at[0].wanted, 1);
    assert_int_equal(plan->held.count, 1);
    assert_string_equal(plan->held.at[0], "key/k");
}

static void an_uncertain_empty_list_is_unread_when_the_state_knows_better(void **state)
{
    struct scene *s = *state;
    want(s, &box, "a", "{}");
    live_kind(&s->live, &box)->uncertain = true;
    live_kind(&s->live, &box)->reason = "shows nothing";
    assert_int_equal(make(s)->counts.create, 1);
    know(s, "box/a", "x", "{}", false);
    struct plan *plan = make(s);
    assert_int_equal(plan_size(plan), 0);
    assert_int_equal(plan->unread.count, 1);
}

/* ------------------------------------------------------------------ guards */

static void deletes_are_bounded(void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < 20; i++) {
        char *name = arena_printf(s->arena, "b%02d", i);
        struct resource *resource = i < 18 ? want(s, &box, name, "{}") : NULL;
        const char *id = resource != NULL ? resource->id : name;
        have(s, &box, id, name, "{}", "created/test");
        know(s, arena_printf(s->arena, "box/%s", name), id, "{}", false);
    }
    struct plan *plan = make(s);
    assert_int_equal(plan->counts.delete, 2);
    assert_false(guarded(plan, "LF301"));
    have(s, &box, "b20", "b20", "{}", "created/test");
    know(s, "box/b20", "b20", "{}", false);
    have(s, &box, "b21", "b21", "{}", "created/test");
    know(s, "box/b21", "b21", "{}", false);
    plan = make(s);
    assert_int_equal(plan->counts.delete, 4);
    assert_true(guarded(plan, "LF301"));
    allow(s, "deletes", NULL);
    assert_int_equal(plan_refusals(make(s)), 0);
}

static void what_a_delete_takes_counts_and_is_guarded(void **state)
{
    struct scene *s = *state;
    struct resource *stays = want(s, &box, "stays", "{}");
    have(s, &box, stays->id, "stays", "{}", "created/test");
    know(s, "box/stays", stays->id, "{}", false);
    have(s, &box, "1", "made", "{}", "created/test");
    know(s, "box/made", "1", "{}", false);
    have(s, &key, "k1", "theirs", "{}", NULL)->parent = "1";
    struct plan *plan = make(s);
    struct change *change = change_of(plan, "box/made");
    assert_int_equal(change->takes.count, 1);
    assert_string_equal(change->takes.at[0], "key/theirs");
    assert_true(guarded(plan, "LF305"));
    allow(s, "key-loss", "key/theirs");
    allow(s, "deletes", NULL);
    assert_int_equal(plan_refusals(make(s)), 0);
}

static void protected_addresses(void **state)
{
    struct scene *s = *state;
    want(s, &box, "stays", "{}");
    have(s, &box, "1", "made", "{}", "created/test");
    know(s, "box/made", "1", "{}", false);
    strings_add(s->arena, &s->spec.policy.protect, "box/ma*");
    assert_true(guarded(make(s), "LF303"));
}

static void a_wiped_database_is_not_rebuilt(void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < 6; i++) {
        char *name = arena_printf(s->arena, "b%d", i);
        struct resource *resource = want(s, &box, name, "{}");
        know(s, resource->address, resource->id, "{}", false);
        if (i < 2) {
            have(s, &box, resource->id, name, "{}", "created/test");
        }
    }
    struct plan *plan = make(s);
    assert_int_equal(plan->counts.create, 4);
    assert_true(guarded(plan, "LF304"));
    allow(s, "rebuild", NULL);
    assert_false(guarded(make(s), "LF304"));
}

static void access_that_widens(void **state)
{
    struct scene *s = *state;
    struct resource *a = want(s, &box, "a", "{\"models\":[\"m1\",\"m2\"]}");
    struct resource *b = want(s, &box, "b", "{\"models\":\"all\"}");
    struct resource *c = want(s, &box, "c", "{\"models\":[\"m1\"]}");
    have(s, &box, a->id, "a", "{\"models\":[\"m1\"]}", "created/test");
    have(s, &box, b->id, "b", "{\"models\":[\"m1\"]}", "created/test");
    have(s, &box, c->id, "c", "{\"models\":\"all\"}", "created/test");
    struct plan *plan = make(s);
    assert_string_equal(change_of(plan, "box/a")->risks.at[0], "widens access: m2");
    assert_string_equal(change_of(plan, "box/b")->risks.at[0], "widens access: to all models");
    assert_int_equal(change_of(plan, "box/c")->risks.count, 0);
    assert_true(guarded(plan, "LF306"));
    assert_int_equal(plan_refusals(plan), 1);
    allow(s, "all-models", "box/b");
    assert_int_equal(plan_refusals(make(s)), 0);
}

static void an_empty_spec_is_refused(void **state)
{
    struct scene *s = *state;
    have(s, &box, "1", "made", "{}", "created/test");
    know(s, "box/made", "1", "{}", false);
    assert_true(guarded(make(s), "LF307"));
}

/* ------------------------------------------------------------------ order, scope, fingerprint */

static void needs_come_first_and_deletes_last(void **state)
{
    struct scene *s = *state;
    struct resource *k = want(s, &key, "aaa", "{}");
    struct resource *b = want(s, &box, "zzz", "{}");
    strings_add(s->arena, &k->needs, b->address);
    have(s, &box, "1", "made", "{}", "created/test");
    know(s, "box/made", "1", "{}", false);
    struct plan *plan = make(s);
    assert_string_equal(plan->changes.at[0]->address, "box/zzz");
    assert_string_equal(plan->changes.at[1]->address, "key/aaa");
    assert_string_equal(plan->changes.at[1]->needs.at[0], "box/zzz");
    assert_string_equal(plan->changes.at[2]->address, "box/made");
}

static void scope_holds_back_what_needs_the_rest(void **state)
{
    struct scene *s = *state;
    struct resource *k = want(s, &key, "k", "{}");
    struct resource *b = want(s, &box, "b", "{}");
    strings_add(s->arena, &k->needs, b->address);
    strings_add(s->arena, &s->options.only, "key/*");
    struct plan *plan = make(s);
    assert_int_equal(plan_size(plan), 0);
    assert_string_equal(plan->outside.at[0], "key/k");
    strings_add(s->arena, &s->options.only, "box");
    assert_int_equal(plan_size(make(s)), 2);
    strings_add(s->arena, &s->options.skip, "boxes");
    assert_int_equal(plan_size(make(s)), 0);
}

static void the_fingerprint_covers_changes_and_nothing_else(void **state)
{
    struct scene *s = *state;
    struct resource *a = want(s, &box, "a", "{\"limit\":5}");
    have(s, &box, a->id, "a", "{\"limit\":4}", "created/test");
    const char *first = make(s)->fingerprint;
    assert_int_equal(strlen(first), 19);
    have(s, &box, "unmanaged", "u", "{}", NULL);
    s->known.serial++;
    assert_string_equal(make(s)->fingerprint, first);
    want(s, &box, "b", "{}");
    struct plan *plan = make(s);
    assert_string_not_equal(plan->fingerprint, first);
    allow(s, "deletes", NULL);
    assert_string_not_equal(make(s)->fingerprint, plan->fingerprint);
}

static void what_moved_is_said(void **state)
{
    struct scene *s = *state;
    struct resource *a = want(s, &box, "a", "{\"limit\":5}");
    want(s, &box, "b", "{}");
    struct object *object = have(s, &box, a->id, "a", "{\"limit\":4}", "created/test");
    const struct node *stored = make(s)->basis;
    object->fields = json(s, "{\"limit\":3}");
    have(s, &box, "id-b", "b", "{}", "created/test");
    want(s, &box, "c", "{}");
    struct strings lines = {0};
    plan_moved(s->arena, stored, make(s), &lines);
    assert_int_equal(lines.count, 3);
    assert_non_null(strstr(lines.at[0], "box/a: would now be: update"));
    assert_non_null(strstr(lines.at[1], "box/b: was planned, is no longer needed"));
    assert_non_null(strstr(lines.at[2], "box/c: was not planned, is needed now"));
}

/** Whatever the order in which things are read, the plan is the same to the byte. */
static void the_order_of_reading_does_not_matter(void **state)
{
    struct scene *s = *state;
    const char *names[] = {"e", "b", "d", "a", "c", "f"};
    const char *prints[2] = {NULL, NULL};

    for (int round = 0; round < 2; round++) {
        s->spec.desired.list.count = 0;
        s->spec.desired.by_address = map_init(s->arena);
        live_kind(&s->live, &box)->list.count = 0;
        live_kind(&s->live, &box)->by_id = map_init(s->arena);
        for (int i = 0; i < 6; i++) {
            const char *name = names[round == 0 ? i : 5 - i];
            struct resource *resource = want(s, &box, name, "{\"limit\":1}");
            if (name[0] < 'd') {
                have(s, &box, resource->id, name, "{\"limit\":2}", "created/test");
            }
        }
        struct buf out = BUF_INIT(1 << 20);
        node_json(plan_to_node(s->arena, make(s)), &out);
        prints[round] = arena_strdup(s->arena, buf_text(&out));
        buf_release(&out);
    }
    assert_string_equal(prints[0], prints[1]);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(nothing_to_do),
        T(a_lost_state_is_learned_again),
        T(reasons),
        T(keys_of_a_map_are_fields),
        T(what_a_version_cannot_unset_is_a_finding),
        T(secrets_compare_by_hash),
        T(what_never_comes_back_compares_with_the_last_write),
        T(adopts_by_natural_key),
        T(two_matches_are_never_a_guess),
        T(another_environments_object_is_guarded),
        T(removal_by_ownership),
        T(an_empty_state_deletes_nothing),
        T(moved_renames_in_place),
        T(a_rename_without_moved_gets_the_line),
        T(unread_is_never_absent),
        T(an_uncertain_empty_list_is_unread_when_the_state_knows_better),
        T(deletes_are_bounded),
        T(what_a_delete_takes_counts_and_is_guarded),
        T(protected_addresses),
        T(a_wiped_database_is_not_rebuilt),
        T(access_that_widens),
        T(an_empty_spec_is_refused),
        T(needs_come_first_and_deletes_last),
        T(scope_holds_back_what_needs_the_rest),
        T(the_fingerprint_covers_changes_and_nothing_else),
        T(what_moved_is_said),
        T(the_order_of_reading_does_not_matter),
    };
    return cmocka_run_group_tests_name("plan_make", tests, NULL, NULL);
}
