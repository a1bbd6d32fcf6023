/* The planning run: every resource is matched, compared, and becomes a change or nothing. */
#include "base/text.h"
#include "model/desired.h"
#include "model/mark.h"
#include "plan/internal.h"

#include <stddef.h>
#include <string.h>

const char *action_name(enum action action)
{
    switch (action) {
    case ACTION_NONE:
        return "none";
    case ACTION_CREATE:
        return "create";
    case ACTION_UPDATE:
        return "update";
    case ACTION_REPLACE:
        return "replace";
    case ACTION_DELETE:
        return "delete";
    case ACTION_ADOPT:
        return "adopt";
    case ACTION_FORGET:
        return "forget";
    case ACTION_ROTATE:
        return "rotate";
    case ACTION_REPAIR:
        return "repair";
    case ACTION_MOVE:
        return "move";
    }
    return "none";
}

unsigned kind_step(const struct kind_set *kinds, const struct kind *kind)
{
    for (size_t i = 0; i < kinds->count; i++) {
        if (kinds->at[i] == kind) {
            return (unsigned)i + 1;
        }
    }
    return 0;
}

struct change *change_new(struct planning *p, const char *address, const struct kind *kind,
    enum action action, const char *reason)
{
    struct change *change = ARENA_NEW(p->arena, struct change);
    change->address = address;
    change->kind = kind;
    change->action = action;
    change->reason = reason;
    change->step = kind_step(p->kinds, kind);
    return change;
}

static void change_register(struct planning *p, struct change *change)
{
    *VEC_ADD(p->arena, &p->plan->changes) = change;
    map_set(&p->plan->by_address, change->address, change);
}

/** What the state holds of an address, also under the name it had before a `moved`. */
static const struct known_object *known_of(struct planning *p, const char *address)
{
    const struct known_object *known = known_object(p->known, address);
    return known != NULL ? known : map_get(&p->moved_to, address);
}

static bool marked_by_us(struct planning *p, const struct object *object)
{
    return mark_is_of(object->mark, p->spec->environment);
}

/** Made by a state whose objects are ours by now: it gets our mark. */
static bool is_taken_over(struct planning *p, const struct object *object)
{
    return marked_by_us(p, object) && mark_is_older(object->mark, p->known) &&
           !mark_is_strange(object->mark, p->known);
}

static void check_foreign_mark(
    struct planning *p, const struct resource *resource, const struct object *object)
{
    const char *owner = mark_environment(p->arena, object->mark);
    if (owner != NULL && !text_equal(owner, p->spec->environment)) {
        guard_add(&p->context, "LF308", "adopt", resource->address,
            "%s (id %s) is managed by environment %s", resource->address, object->id, owner);
    }
}

/** The reason that stands on the line of a change that only has field differences. */
static const char *update_reason(const struct change *change)
{
    bool outside = false, unset = true;

    VEC_EACH(field, &change->fields) {
        outside = outside || field->outside;
        unset = unset && field->new == NULL;
    }
    if (outside) {
        return "changed outside";
    }
    return unset ? "removed from spec" : "spec changed";
}

/** A change that the kind refused is held back: its findings say why. */
static void settle_new(struct planning *p, struct change *change)
{
    if (change->action == ACTION_NONE) {
        strings_add(p->arena, &p->plan->held, change->address);
    } else {
        change_register(p, change);
    }
}

static void plan_create(struct planning *p, const struct live_kind *in,
    const struct resource *resource, const struct known_object *known)
{
    struct change *change =
        change_new(p, resource->address, resource->kind, ACTION_CREATE, "new in spec");
    change->resource = resource;
    change->id = resource->id;
    if (change->id == NULL && resource->kind->identify != NULL) {
        change->id = resource->kind->identify(&p->context, resource);
    }
    if (known != NULL && known->id != NULL && live_object(in, known->id) != NULL) {
        change->reason = "its id was changed in the spec";
        plan_old_id(p, in, known);
    } else if (known != NULL) {
        change->reason = known->adopted ? "gone: was adopted, no longer exists"
                                        : "gone: was made by us, no longer exists";
    }
    /* A create compares with nothing: what an earlier life wrote does not count. */
    const struct known_object *kept = p->context.known;
    p->context.known = NULL;
    p->context.unresolved = false;
    plan_compare(&p->context, resource, NULL, change);
    p->context.known = kept;
    if (p->context.unresolved) {
        change->action = ACTION_NONE; /* half an object is worse than none */
    } else if (resource->kind->plan != NULL) {
        resource->kind->plan(&p->context, resource, NULL, change);
    }
    settle_new(p, change);
}

static void note_touched(struct planning *p, const struct resource *resource)
{
    if (p->context.touched) {
        struct diag *diag = diag_add(&p->plan->findings, "LF257",
            "%s was changed by somebody after our last write: its secret may have been changed too",
            resource->address);
        diag->address = resource->address;
    }
}

/**
 * Whether the state says of an unchanged object what the spec says. It does not after a run that
 * died, or failed, behind a write that took effect.
 */
static bool is_learned(
    const struct resource *resource, const struct object *object, const struct known_object *known)
{
    for (const struct field *f = resource->kind->fields; f->name != NULL; f++) {
        const struct node *want = node_get(resource->fields, f->name);
        const struct node *was = node_get(known->fields, f->name);
        bool kept = want == NULL && (strings_has(&object->unseen, f->name) ||
                                        !node_is_nothing(node_get(object->fields, f->name)));
        if ((f->flags & (FIELD_LOCAL | FIELD_LIVE_ONLY)) != 0 || f->type == FIELD_GROUP ||
            f->type == FIELD_SECRET || f->type == FIELD_SECRETS || kept) {
            continue;
        }
        if (node_is_nothing(want) ? !node_is_nothing(was) : !node_equal(want, was)) {
            return false;
        }
    }
    return true;
}

static void add_references(
    struct arena *arena, const struct node *node, struct map *seen, struct strings *out)
{
    if (node_is(node, NODE_STRING)) {
        if ((node->marks & NODE_SECRET) != 0 && map_get(seen, node->text) == NULL) {
            map_hold(seen, node->text, node);
            strings_add(arena, out, node->text);
        }
        return;
    }
    for (uint32_t i = 0; node_is(node, NODE_LIST) && i < node->count; i++) {
        add_references(arena, node->items[i], seen, out);
    }
    for (uint32_t i = 0; node_is(node, NODE_MAP) && i < node->count; i++) {
        add_references(arena, node->pairs[i].value, seen, out);
    }
}

/** Whether all that a replacement would write again can be resolved: half of it is worse than none. */
static bool secrets_at_hand(struct planning *p, const struct resource *resource)
{
    struct strings references = {0};
    struct map seen = map_init(p->arena);

    add_references(p->arena, resource->fields, &seen, &references);
    for (size_t i = 0; i < references.count; i++) {
        const struct secret_fact *fact = secret_fact(p->secrets, references.at[i]);
        if (fact != NULL && !fact->known) {
            struct diag *diag = diag_add(&p->plan->findings, "LF212",
                "%s has to be made anew, and %s cannot be resolved: %s", resource->address,
                secret_show(p->arena, references.at[i]),
                fact->reason != NULL ? fact->reason : "not available here");
            diag->address = resource->address;
            diag->fix = "run it where the reference resolves";
            return false;
        }
    }
    return true;
}

/** As wanted: counted, and learned where the state does not say so. */
static void plan_unchanged(
    struct planning *p, struct change *change, const struct known_object *known)
{
    const struct object *object = change->object;

    p->plan->counts.unchanged++;
    if (known == NULL || !is_learned(change->resource, object, known)) {
        bool marked = mark_says(object->mark, "adopted");
        *VEC_ADD(p->arena, &p->plan->relearn) = (struct relearn){.resource = change->resource,
            .object = object,
            .change = change,
            .adopted = known != NULL ? known->adopted : marked};
        return;
    }
    /* Most are unchanged, and nobody will ask about them. */
    arena_recycle(p->arena, change, sizeof(*change));
}

/** A replacement keeps being one when the entry is also renamed. */
static void note_move(struct change *change, const struct known_object *known)
{
    if (change->action != ACTION_NONE) {
        change->action = change->action == ACTION_REPLACE ? ACTION_REPLACE : ACTION_MOVE;
        change->from = known->address;
        change->reason = "moved";
    }
}

/** What follows from the differences: whether it can be done, a rename, the kind's own. */
static void finish_change(
    struct planning *p, struct change *change, const struct known_object *moved)
{
    const struct resource *resource = change->resource;

    if (change->action == ACTION_REPLACE && !secrets_at_hand(p, resource)) {
        change->action = ACTION_NONE;
    }
    if (moved != NULL) {
        note_move(change, moved);
    }
    if (resource->kind->plan != NULL) {
        resource->kind->plan(&p->context, resource, change->object, change);
    }
}

static void plan_existing(struct planning *p, const struct resource *resource,
    const struct object *object, const struct known_object *known)
{
    if (known != NULL && !text_equal(known->id, object->id)) {
        known = NULL; /* what we wrote to another object of that name does not count */
    }
    bool moved = known != NULL && !text_equal(known->address, resource->address);
    bool ours = known != NULL || marked_by_us(p, object);
    struct change *change = change_new(p, resource->address, resource->kind,
        ours ? ACTION_UPDATE : ACTION_ADOPT, "adopted: exists, not managed yet");

    change->resource = resource;
    change->object = object;
    change->id = object->id;
    if (!ours) {
        check_foreign_mark(p, resource, object);
    }
    p->context.known = known;
    p->context.touched = false;
    plan_compare(&p->context, resource, object, change);
    note_touched(p, resource);
    finish_change(p, change, moved ? known : NULL);
    if (!moved && (change->action == ACTION_UPDATE || change->action == ACTION_REPLACE)) {
        change->reason = update_reason(change);
    }
    if (change->action == ACTION_UPDATE && change->fields.count == 0) {
        if (!is_taken_over(p, object)) {
            plan_unchanged(p, change, known);
            return;
        }
        change->action = ACTION_ADOPT; /* nothing but the mark is written */
        change->reason = "taken over from another state";
    }
    plan_access(p, change);
    settle_new(p, change);
}

static void index_known(struct planning *p)
{
    p->known_ids = map_init(p->scratch);
    for (size_t i = 0; i < p->known->objects.count; i++) {
        const struct known_object *known = p->known->objects.at[i].value;
        if (known != NULL && known->id != NULL) {
            map_hold(
                &p->known_ids, arena_printf(p->scratch, "%s/%s", known->kind, known->id), known);
        }
    }
}

const struct known_object *known_by_id(struct planning *p, const struct kind *kind, const char *id)
{
    CLEANUP_BUF struct buf key = BUF_INIT(0);

    if (p->known_ids.arena == NULL) {
        index_known(p); /* only now: of most plans nobody asks */
    }
    buf_printf(&key, "%s/%s", kind->name, id);
    return map_get(&p->known_ids, buf_text(&key));
}

/** The record of an object under an address that the spec no longer has: a rename that keeps the id
 *  (`deployments: { default: ... }` written out). */
static const struct known_object *known_elsewhere(struct planning *p, const struct object *object)
{
    const struct known_object *known = known_by_id(p, object->kind, object->id);

    if (known == NULL || desired_resource(&p->spec->desired, known->address) != NULL) {
        return NULL;
    }
    map_hold(&p->moved_from, known->address, known);
    return known;
}

static void plan_kind(struct planning *p, const struct live_kind *in,
    const struct resource *const *resources, size_t count)
{
    struct match_index index = match_index(p, in);

    for (size_t i = 0; i < count; i++) {
        const struct resource *resource = resources[i];
        const struct known_object *known = known_of(p, resource->address);
        struct match match = match_find(p, in, &index, resource, known);

        if (known == NULL && match.object != NULL) {
            known = known_elsewhere(p, match.object);
        }
        p->context.known = known;
        if (match.ambiguous) {
            strings_add(p->arena, &p->plan->held, resource->address);
            continue;
        }
        if (match.object == NULL) {
            plan_create(p, in, resource, known);
        } else {
            plan_existing(p, resource, match.object, known);
        }
        p->context.known = NULL;
    }
    plan_removals(p, in);
}

static void plan_unread(struct planning *p, const struct live_kind *in, unsigned wanted)
{
    *VEC_ADD(p->arena, &p->plan->unread) =
        (struct unread){.kind = in->kind, .reason = in->reason, .wanted = wanted};
}

/** Whether the state holds objects of a kind. */
static bool knows_any(const struct planning *p, const struct kind *kind)
{
    for (size_t i = 0; i < p->known->objects.count; i++) {
        const struct known_object *known = p->known->objects.at[i].value;
        if (known != NULL && text_equal(known->kind, kind->name)) {
            return true;
        }
    }
    return false;
}

/**
 * Unread, or seen as empty in a way that may be untrue while the state knows objects of the kind:
 * what cannot be read is never taken for absent.
 */
bool is_unread(const struct planning *p, const struct live_kind *in)
{
    return in->status == LIVE_UNREAD || (in->uncertain && knows_any(p, in->kind));
}

/** Whether a resource leans on something of a kind that could not be read. */
static bool leans_on_unread(struct planning *p, const struct resource *resource)
{
    for (size_t i = 0; i < resource->needs.count; i++) {
        const struct resource *other = desired_resource(&p->spec->desired, resource->needs.at[i]);
        const struct live_kind *in = other != NULL ? live_kind(p->live, other->kind) : NULL;
        if (in != NULL && is_unread(p, in)) {
            return true;
        }
    }
    return false;
}

static void plan_all_kinds(struct planning *p)
{
    for (size_t k = 0; k < p->live->kind_count; k++) {
        const struct live_kind *in = &p->live->kinds[k];
        VEC(const struct resource *) wanted = {0};
        if (spec_ownership(p->spec, in->kind) == OWNERSHIP_IGNORE) {
            continue;
        }
        unsigned all = 0;
        VEC_EACH(resource, &p->spec->desired.list) {
            if ((*resource)->kind != in->kind) {
                continue;
            }
            all++;
            if (!is_unread(p, in) && leans_on_unread(p, *resource)) {
                strings_add(p->arena, &p->plan->held, (*resource)->address);
                /* Its object is spoken for all the same, so that it is not taken for unmanaged. */
                struct match_index none = {.by_key = map_init(p->arena)};
                match_find(p, in, &none, *resource, known_of(p, (*resource)->address));
                continue;
            }
            *VEC_ADD(p->arena, &wanted) = *resource;
        }
        if (is_unread(p, in)) {
            plan_unread(p, in, all);
            continue;
        }
        plan_kind(p, in, wanted.at, wanted.count);
    }
}

/** plan_context.id_of: the id that an address has, or will have. */
static const char *id_of(const struct plan_context *context, const char *address)
{
    const struct planning *p =
        (const struct planning *)((const char *)context - offsetof(struct planning, context));
    const char *id = map_get(&p->live_ids, address);
    const struct resource *resource =
        id == NULL ? desired_resource(context->desired, address) : NULL;

    return resource != NULL ? resource->id : id;
}

/** Members go with their team: their addresses hold its name. */
static void move_members(struct planning *p, const struct moved *moved)
{
    const char *from = arena_printf(p->arena, "member/%s/", moved->from + strlen("team/"));
    const char *to = arena_printf(p->arena, "member/%s/", moved->to + strlen("team/"));

    for (size_t i = 0; i < p->known->objects.count; i++) {
        struct known_object *known = p->known->objects.at[i].value;
        if (known == NULL || !text_starts(known->address, from)) {
            continue;
        }
        const char *address = arena_printf(p->arena, "%s%s", to, known->address + strlen(from));
        if (known_object(p->known, address) == NULL) {
            map_set(&p->moved_to, address, known);
            map_hold(&p->moved_from, known->address, moved);
        }
    }
}

static void read_moves(struct planning *p)
{
    p->moved_to = map_init(p->arena);
    p->moved_from = map_init(p->arena);
    VEC_EACH(moved, &p->spec->moved) {
        struct known_object *known = known_object(p->known, moved->from);
        if (known != NULL && known_object(p->known, moved->to) == NULL) {
            map_set(&p->moved_to, moved->to, known);
            map_set(&p->moved_from, moved->from, moved);
        }
        if (text_starts(moved->from, "team/") && text_starts(moved->to, "team/")) {
            move_members(p, moved);
        }
    }
}

static void count_changes(struct plan *plan)
{
    struct counts *counts = &plan->counts;
    VEC_EACH(change, &plan->changes) {
        unsigned *by_action[] = {
            [ACTION_NONE] = NULL,
            [ACTION_CREATE] = &counts->create,
            [ACTION_UPDATE] = &counts->update,
            [ACTION_REPLACE] = &counts->replace,
            [ACTION_DELETE] = &counts->delete,
            [ACTION_ADOPT] = &counts->adopt,
            [ACTION_FORGET] = &counts->forget,
            [ACTION_ROTATE] = &counts->rotate,
            [ACTION_REPAIR] = &counts->repair,
            [ACTION_MOVE] = &counts->move,
        };
        if (by_action[(*change)->action] != NULL) {
            (*by_action[(*change)->action])++;
        }
    }
    counts->unmanaged = (unsigned)plan->unmanaged.count;
}

struct plan *plan_make(struct arena *arena, const struct spec *spec, const struct kind_set *kinds,
    const struct live *live, const struct known *known, const struct secret_facts *secrets,
    const struct plan_options *options)
{
    struct plan *plan = ARENA_NEW(arena, struct plan);
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct planning planning = {
        .arena = arena,
        .scratch = scratch,
        .plan = plan,
        .spec = spec,
        .kinds = kinds,
        .live = live,
        .known = known,
        .secrets = secrets,
        .options = options,
        .context = {.arena = arena,
            .desired = &spec->desired,
            .live = live,
            .server = &live->server,
            .secrets = secrets,
            .allowances = options->allowances,
            .today = options->today,
            .rewrite_secrets = options->rewrite_secrets,
            .guards = &plan->guards,
            .findings = &plan->findings,
            .id_of = id_of},
        .matched = map_init(scratch),
        .live_ids = map_init(scratch),
    };
    plan->spec = spec;
    plan->known = known;
    plan->live = live;
    plan->by_address = map_init(arena);
    plan->findings = diags_init(arena);
    read_moves(&planning);
    plan_all_kinds(&planning);
    plan_scope(&planning);
    plan_order(&planning);
    plan_guards(&planning);
    plan_move_hints(&planning);
    plan->counts.not_compared = planning.context.not_compared;
    plan->counts.secrets_not_compared = planning.context.secrets_not_compared;
    count_changes(plan);
    plan_fingerprint(&planning);
    return plan;
}

size_t plan_refusals(const struct plan *plan)
{
    size_t refusals = 0;
    VEC_EACH(guard, &plan->guards.list) {
        refusals += guard->allowed ? 0 : 1;
    }
    return refusals;
}

size_t plan_size(const struct plan *plan)
{
    return plan->changes.count;
}

void plan_references(struct arena *arena, const struct spec *spec, struct strings *ret_references)
{
    struct map seen = map_init(arena);

    for (int keys = 1; keys >= 0; keys--) {
        VEC_EACH(resource, &spec->desired.list) {
            if (text_equal((*resource)->kind->name, "key") == (keys == 1)) {
                add_references(arena, (*resource)->fields, &seen, ret_references);
            }
        }
    }
}
