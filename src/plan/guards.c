/* Guards over the plan as a whole: thresholds, protection, cascades, a wiped database. */
#include "base/text.h"
#include "model/desired.h"
#include "model/mark.h"
#include "plan/internal.h"

#include <string.h>

/** A live object's address as its owner would write it. */
static const char *owner_address(struct planning *p, const struct object *object, bool *ret_wanted)
{
    const struct resource *resource = matched_by(p, object->kind, object->id);

    *ret_wanted = false;
    if (resource != NULL && desired_resource(&p->spec->desired, resource->address) == resource) {
        *ret_wanted = true;
        return resource->address;
    }
    const struct known_object *known = known_by_id(p, object->kind, object->id);
    if (known != NULL) {
        return known->address;
    }
    return object_address(p, object);
}

static bool is_protected(const struct spec *spec, const char *address)
{
    for (size_t i = 0; i < spec->policy.protect.count; i++) {
        if (text_glob(spec->policy.protect.at[i], address)) {
            return true;
        }
    }
    return false;
}

/** One object that ends with a delete: noted on the change; a key that should live is a guard. */
static void take(struct planning *p, struct change *change, const struct object *object)
{
    bool wanted = false;
    const char *address = owner_address(p, object, &wanted);
    const struct change *own = map_get(&p->plan->by_address, address);

    strings_add(p->arena, &change->takes, address);
    if (own != NULL && change_removes(own)) {
        return;
    }
    if (!text_equal(object->kind->name, "key")) {
        if (is_protected(p->spec, address)) {
            guard_add(&p->context, "LF303", "protected", address,
                "%s is protected and would end with %s", address, change->address);
        }
        return;
    }
    const char *why = "is not ours";
    if (is_protected(p->spec, address)) {
        why = "is protected";
    } else if (wanted) {
        why = "is still in the spec";
    } else if (known_object(p->known, address) != NULL) {
        why = "is kept by policy";
    }
    guard_add(&p->context, "LF305", "key-loss", address, "deleting %s would end %s, which %s",
        change->address, address, why);
}

static void find_cascades(struct planning *p, struct change *change)
{
    if (change->kind->takes == NULL || change->object == NULL) {
        return;
    }
    for (size_t k = 0; k < p->live->kind_count; k++) {
        const struct kind *kind = p->live->kinds[k].kind;
        if (text_equal(kind->name, "key") && spec_ownership(p->spec, kind) == OWNERSHIP_IGNORE) {
            guard_add(&p->context, "LF305", "key-loss", change->address,
                "deleting %s ends its keys, and policy.ownership says not to look at keys",
                change->address);
        }
        VEC_EACH(object, &p->live->kinds[k].list) {
            if (*object != change->object && !(*object)->foreign &&
                change->kind->takes(change->object, *object)) {
                take(p, change, *object);
            }
        }
    }
    strings_sort(&change->takes);
}

static unsigned limit_of(struct threshold threshold, unsigned of)
{
    if (!threshold.percent) {
        return threshold.value;
    }
    uint64_t share = ((uint64_t)of * threshold.value + 99) / 100;
    return share < 1 ? 1 : (unsigned)share;
}

/** How many live objects of a kind (NULL: of all) are managed. */
static unsigned managed(struct planning *p, const struct kind *kind)
{
    unsigned count = 0;
    for (size_t i = 0; i < p->known->objects.count; i++) {
        const struct known_object *known = p->known->objects.at[i].value;
        const struct kind *own = known != NULL ? kind_by_name(p->kinds, known->kind) : NULL;
        if (own == NULL || (kind != NULL && own != kind)) {
            continue;
        }
        const struct live_kind *in = live_kind(p->live, own);
        count += in != NULL && live_object(in, known->id) != NULL ? 1 : 0;
    }
    return count;
}

struct tally {
    unsigned deletes, updates;
};

static struct tally tally_of(struct planning *p, const struct kind *kind)
{
    struct tally tally = {0};
    struct map counted = map_init(p->arena);

    VEC_EACH(item, &p->plan->changes) {
        struct change *change = *item;
        bool here = kind == NULL || change->kind == kind;
        if (here && change->action == ACTION_UPDATE) {
            tally.updates++;
        }
        if (!change_removes(change)) {
            continue;
        }
        if (here && map_set(&counted, change->address, change) == NULL) {
            tally.deletes++;
        }
        for (size_t i = 0; i < change->takes.count; i++) {
            const char *taken = change->takes.at[i];
            const char *name = address_kind(p->arena, taken);
            if ((kind == NULL || text_equal(name, kind->name)) &&
                map_set(&counted, taken, change) == NULL) {
                tally.deletes++;
            }
        }
    }
    return tally;
}

static void guard_thresholds(struct planning *p, const struct kind *kind)
{
    const struct policy *policy = &p->spec->policy;
    unsigned of = managed(p, kind);
    struct tally tally = tally_of(p, kind);
    const char *what = kind != NULL ? kind->title : "objects in all";

    if (tally.deletes > 0 && tally.deletes > limit_of(policy->max_delete, of)) {
        guard_add(&p->context, "LF301", "deletes", NULL,
            "%u %s would be deleted, of %u managed; policy.max_delete allows %u", tally.deletes,
            what, of, limit_of(policy->max_delete, of));
    }
    if (of >= 20 && tally.updates > limit_of(policy->max_update, of)) {
        guard_add(&p->context, "LF302", "updates", NULL,
            "%u %s would be updated, of %u managed; policy.max_update allows %u", tally.updates,
            what, of, limit_of(policy->max_update, of));
    }
}

static void guard_wiped(struct planning *p)
{
    unsigned known = 0, creates = 0;

    for (size_t i = 0; i < p->known->objects.count; i++) {
        const struct known_object *object = p->known->objects.at[i].value;
        const struct kind *kind = object != NULL ? kind_by_name(p->kinds, object->kind) : NULL;
        const struct live_kind *in = kind != NULL ? live_kind(p->live, kind) : NULL;
        known += in != NULL && !is_unread(p, in) ? 1 : 0;
    }
    VEC_EACH(change, &p->plan->changes) {
        creates += (*change)->action == ACTION_CREATE ? 1 : 0;
    }
    unsigned there = managed(p, NULL);
    if (known >= 5 && there * 2 < known && creates > 0) {
        guard_add(&p->context, "LF304", "rebuild", NULL,
            "the state knows %u objects, and %u of them exist", known, there);
    }
}

/** Two states that write to the same objects would undo each other's work, each sure to be right. */
static void guard_lineage(struct planning *p)
{
    unsigned count = 0;
    const struct object *first = NULL;

    for (size_t k = 0; k < p->live->kind_count; k++) {
        VEC_EACH(object, &p->live->kinds[k].list) {
            if (!(*object)->foreign && mark_is_of((*object)->mark, p->spec->environment) &&
                mark_is_strange((*object)->mark, p->known)) {
                first = first == NULL ? *object : first;
                count++;
            }
        }
    }
    if (count > 0) {
        guard_add(&p->context, "LF311", NULL, NULL,
            "%u live %s made by another state of %s (lineage %s, for example %s); if that state is "
            "lost or given up: liteform init %s --take-over",
            count, count == 1 ? "object was" : "objects were", p->spec->environment,
            mark_lineage(first->mark), object_address(p, first), p->spec->environment);
    }
}

static void guard_protected(struct planning *p, const struct change *change)
{
    bool ends = change_removes(change) || change->action == ACTION_REPLACE;
    if (ends && is_protected(p->spec, change->address)) {
        guard_add(&p->context, "LF303", "protected", change->address,
            "%s is protected and would be %sd", change->address, action_name(change->action));
    }
}

void plan_guards(struct planning *p)
{
    VEC_EACH(change, &p->plan->changes) {
        if (change_removes(*change)) {
            find_cascades(p, *change);
        }
        guard_protected(p, *change);
    }
    for (size_t k = 0; k < p->kinds->count; k++) {
        guard_thresholds(p, p->kinds->at[k]);
    }
    guard_thresholds(p, NULL);
    guard_wiped(p);
    guard_lineage(p);
    if (p->spec->desired.list.count == 0 && p->known->objects.count > 0) {
        guard_add(&p->context, "LF307", "empty", NULL,
            "the spec declares nothing, and the state knows %zu objects", p->known->objects.count);
    }
}
