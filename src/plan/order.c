/* Scope, needs and the order in which changes are shown and may be carried out. */
#include "base/text.h"
#include "model/desired.h"
#include "plan/internal.h"

#include <stdlib.h>
#include <string.h>

static bool scope_matches(const struct strings *patterns, const struct change *change)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const char *pattern = patterns->at[i];
        bool hit = strchr(pattern, '/') != NULL ? text_glob(pattern, change->address)
                                                : text_glob(pattern, change->kind->name);
        if (hit || text_equal(pattern, change->kind->section)) {
            return true;
        }
    }
    return false;
}

/** The same for an address alone: of a finding. */
static bool names_match(struct planning *p, const struct strings *patterns, const char *address)
{
    struct change change = {
        .address = address, .kind = kind_by_name(p->kinds, address_kind(p->arena, address))};
    return change.kind != NULL && scope_matches(patterns, &change);
}

/** Findings about what is out of scope are not this plan's. */
static void scope_findings(struct planning *p)
{
    struct diags all = p->plan->findings;

    if (!p->plan->scoped) {
        return;
    }
    p->plan->findings = diags_init(p->arena);
    VEC_EACH(diag, &all.list) {
        const char *address = diag->address;
        bool known = address != NULL && kind_by_name(p->kinds, address_kind(p->arena, address));
        bool out =
            known && ((p->options->only.count > 0 && !names_match(p, &p->options->only, address)) ||
                         names_match(p, &p->options->skip, address));
        if (!out) {
            struct diag *kept = diag_add(&p->plan->findings, diag->id, "%s", diag->message);
            kept->where = diag->where;
            kept->address = address;
            kept->fix = diag->fix;
        }
    }
}

static bool in_scope(const struct plan_options *options, const struct change *change)
{
    if (options->only.count > 0 && !scope_matches(&options->only, change)) {
        return false;
    }
    return !scope_matches(&options->skip, change);
}

/** Whether a resource needs something that is to be created outside the scope. */
static bool needs_dropped(const struct map *dropped, const struct resource *resource)
{
    for (size_t i = 0; resource != NULL && i < resource->needs.count; i++) {
        if (map_get(dropped, resource->needs.at[i]) != NULL) {
            return true;
        }
    }
    return resource != NULL && resource->parent != NULL &&
           map_get(dropped, resource->parent) != NULL;
}

static int by_order(const void *left, const void *right)
{
    const struct change *a = *(const struct change *const *)left;
    const struct change *b = *(const struct change *const *)right;
    bool a_last = change_removes(a), b_last = change_removes(b);

    if (a_last != b_last) {
        return a_last ? 1 : -1;
    }
    if (a->step != b->step) {
        return (a->step < b->step ? -1 : 1) * (a_last ? -1 : 1);
    }
    return strcmp(a->address, b->address);
}

static void sort_changes(struct plan *plan)
{
    if (plan->changes.count > 1) {
        qsort(plan->changes.at, plan->changes.count, sizeof(plan->changes.at[0]), by_order);
    }
}

void plan_scope(struct planning *p)
{
    struct plan *plan = p->plan;
    struct map dropped = map_init(p->arena);
    size_t kept = 0;

    sort_changes(plan);
    plan->scoped = p->options->only.count > 0 || p->options->skip.count > 0;
    struct map unsure = map_init(p->arena);
    for (size_t i = 0; i < plan->held.count; i++) {
        map_set(&unsure, plan->held.at[i], plan);
    }
    for (size_t i = 0; i < plan->changes.count; i++) {
        struct change *change = plan->changes.at[i];
        bool stays = in_scope(p->options, change);
        if (stays && needs_dropped(&unsure, change->resource)) {
            strings_add(p->arena, &plan->held, change->address);
            map_set(&unsure, change->address, change);
            map_set(&plan->by_address, change->address, NULL);
            continue;
        }
        if (stays && needs_dropped(&dropped, change->resource)) {
            strings_add(p->arena, &plan->outside, change->address);
            stays = false;
        }
        if (stays) {
            plan->changes.at[kept++] = change;
            continue;
        }
        if (change->action == ACTION_CREATE) {
            map_set(&dropped, change->address, change);
        }
        map_set(&plan->by_address, change->address, NULL);
    }
    plan->changes.count = kept;
    scope_findings(p);
}

static void add_need(struct planning *p, struct change *change, const char *address)
{
    const struct change *other = address != NULL ? map_get(&p->plan->by_address, address) : NULL;

    if (other != NULL && other != change && other->action != ACTION_FORGET &&
        !change_removes(other) && !strings_has(&change->needs, address)) {
        strings_add(p->arena, &change->needs, other->address);
    }
}

void plan_order(struct planning *p)
{
    VEC_EACH(item, &p->plan->changes) {
        struct change *change = *item;
        if (change->lane == NULL && change->object != NULL) {
            change->lane = change->object->parent;
        }
        if (change->resource == NULL) {
            continue;
        }
        add_need(p, change, change->resource->parent);
        for (size_t i = 0; i < change->resource->needs.count; i++) {
            add_need(p, change, change->resource->needs.at[i]);
        }
    }
    sort_changes(p->plan);
}
