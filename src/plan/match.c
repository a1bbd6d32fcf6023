/* Which live object a resource of the spec means: id from the state, wanted id, natural key. */
#include "base/text.h"
#include "model/desired.h"
#include "plan/internal.h"

struct object_list {
    VEC(const struct object *) list;
};

struct match_index match_index(struct planning *p, const struct live_kind *in)
{
    struct match_index index = {.by_key = map_init(p->arena)};

    VEC_EACH(object, &in->list)
    {
        if ((*object)->foreign || (*object)->key == NULL) {
            continue;
        }
        struct object_list *same = map_get(&index.by_key, (*object)->key);
        if (same == NULL) {
            same = ARENA_NEW(p->arena, struct object_list);
            map_set(&index.by_key, (*object)->key, same);
        }
        *VEC_ADD(p->arena, &same->list) = *object;
    }
    return index;
}

/** The key under which p->matched holds an object: ids are unique within a kind only. */
static const char *matched_key(struct planning *p, const struct object *object)
{
    return arena_printf(p->arena, "%s/%s", object->kind->name, object->id);
}

static bool is_free(struct planning *p, const struct object *object)
{
    return map_get(&p->matched, matched_key(p, object)) == NULL;
}

static void report_ambiguous(
    struct planning *p, const struct resource *resource, const struct object_list *fits)
{
    struct buf ids = BUF_INIT(4096);
    unsigned shown = 0;

    VEC_EACH(object, &fits->list)
    {
        if (shown++ < 8) {
            buf_printf(&ids, "%s%s", shown > 1 ? ", " : "", (*object)->id);
        }
    }
    bool takes_id = field_by_name(resource->kind->fields, "id") != NULL;
    struct diag *diag = diag_at(&p->plan->findings, "LF259", resource->where,
        takes_id ? arena_printf(p->arena, "write 'id: %s' (or the other one) into the entry",
                       fits->list.at[0]->id)
                 : "rename or delete one of them",
        "%zu live objects fit %s: %s", fits->list.count, resource->address, buf_text(&ids));
    diag->address = resource->address;
    guard_add(&p->context, "LF309", NULL, resource->address, "two live objects fit %s: %s",
        resource->address, buf_text(&ids));
    buf_release(&ids);
}

static const struct object *usable(struct planning *p, const struct object *object)
{
    return object != NULL && !object->foreign && is_free(p, object) ? object : NULL;
}

struct match match_find(struct planning *p, const struct live_kind *in,
    const struct match_index *index, const struct resource *resource,
    const struct known_object *known)
{
    struct match match = {0};
    VEC(const struct object *) fits = {0};

    if (known != NULL && known->id != NULL && !resource->id_given) {
        match.object = usable(p, live_object(in, known->id));
    }
    if (match.object == NULL && resource->id != NULL) {
        match.object = usable(p, live_object(in, resource->id));
    }
    if (match.object == NULL && resource->kind->identify != NULL) {
        const char *id = resource->kind->identify(&p->context, resource);
        match.object = id != NULL ? usable(p, live_object(in, id)) : NULL;
    }
    if (match.object == NULL && resource->key != NULL && !resource->id_given) {
        const struct object_list *same = map_get(&index->by_key, resource->key);
        for (size_t i = 0; same != NULL && i < same->list.count; i++) {
            if (is_free(p, same->list.at[i])) {
                *VEC_ADD(p->arena, &fits) = same->list.at[i];
            }
        }
        if (fits.count > 1) {
            struct object_list list = {.list = {.at = fits.at, .count = fits.count}};
            report_ambiguous(p, resource, &list);
            VEC_EACH(one, &list.list) { map_hold(&p->matched, matched_key(p, *one), resource); }
            match.ambiguous = true;
            return match;
        }
        match.object = fits.count == 1 ? fits.at[0] : NULL;
        match.natural = match.object != NULL;
    }
    if (match.object != NULL) {
        map_hold(&p->matched, matched_key(p, match.object), resource);
        map_hold(&p->live_ids, resource->address, match.object->id);
    }
    return match;
}
