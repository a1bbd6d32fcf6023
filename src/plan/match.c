/* Which live object a resource of the spec means: id from the state, wanted id, natural key. */
#include "base/text.h"
#include "model/desired.h"
#include "plan/internal.h"

struct object_list {
    VEC(const struct object *) list;
};

struct match_index match_index(struct planning *p, const struct live_kind *in)
{
    struct match_index index = {.by_key = map_init(p->scratch)};

    VEC_EACH(object, &in->list) {
        if ((*object)->foreign || (*object)->key == NULL) {
            continue;
        }
        struct object_list *same = map_get(&index.by_key, (*object)->key);
        if (same == NULL) {
            same = ARENA_NEW(p->scratch, struct object_list);
            map_set(&index.by_key, (*object)->key, same);
        }
        *VEC_ADD(p->scratch, &same->list) = *object;
    }
    return index;
}

/* p->matched holds objects by "kind/id": ids are unique within a kind only. */
const struct resource *matched_by(struct planning *p, const struct kind *kind, const char *id)
{
    CLEANUP_BUF struct buf key = BUF_INIT(0);

    buf_printf(&key, "%s/%s", kind->name, id);
    return map_get(&p->matched, buf_text(&key));
}

void matched_add(struct planning *p, const struct kind *kind, const char *id, const void *by)
{
    map_hold(&p->matched, arena_printf(p->scratch, "%s/%s", kind->name, id), by);
}

static bool is_free(struct planning *p, const struct object *object)
{
    return matched_by(p, object->kind, object->id) == NULL;
}

static void report_ambiguous(
    struct planning *p, const struct resource *resource, const struct object_list *fits)
{
    struct buf ids = BUF_INIT(4096);
    unsigned shown = 0;

    VEC_EACH(object, &fits->list) {
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

/** The object that the kind itself tells (a key by the hash of its value, a member by its pair). */
static const struct object *identified(
    struct planning *p, const struct live_kind *in, const struct resource *resource)
{
    const char *id =
        resource->kind->identify != NULL ? resource->kind->identify(&p->context, resource) : NULL;
    return id != NULL ? usable(p, live_object(in, id)) : NULL;
}

/** By id: what the state holds, what the spec says or derives, what the kind tells. */
static const struct object *find_by_id(struct planning *p, const struct live_kind *in,
    const struct resource *resource, const struct known_object *known)
{
    const struct object *object = NULL;

    if (resource->kind->identify_first) {
        object = identified(p, in, resource);
    }
    if (object == NULL && known != NULL && known->id != NULL && !resource->id_given) {
        object = usable(p, live_object(in, known->id));
    }
    if (object == NULL && resource->id != NULL) {
        object = usable(p, live_object(in, resource->id));
    }
    return object != NULL ? object : identified(p, in, resource);
}

/** By natural key; two fits are reported and none is taken. */
static struct match find_by_key(
    struct planning *p, const struct match_index *index, const struct resource *resource)
{
    struct match match = {0};
    struct object_list fits = {0};
    const struct object_list *same =
        resource->key != NULL ? map_get(&index->by_key, resource->key) : NULL;

    for (size_t i = 0; same != NULL && i < same->list.count; i++) {
        if (is_free(p, same->list.at[i])) {
            *VEC_ADD(p->arena, &fits.list) = same->list.at[i];
        }
    }
    if (fits.list.count > 1) {
        report_ambiguous(p, resource, &fits);
        VEC_EACH(one, &fits.list) {
            matched_add(p, (*one)->kind, (*one)->id, resource);
        }
        match.ambiguous = true;
        return match;
    }
    match.object = fits.list.count == 1 ? fits.list.at[0] : NULL;
    match.natural = match.object != NULL;
    return match;
}

struct match match_find(struct planning *p, const struct live_kind *in,
    const struct match_index *index, const struct resource *resource,
    const struct known_object *known)
{
    struct match match = {.object = find_by_id(p, in, resource, known)};

    if (match.object == NULL && !resource->id_given) {
        match = find_by_key(p, index, resource);
    }
    if (match.object != NULL) {
        matched_add(p, match.object->kind, match.object->id, resource);
        map_hold(&p->live_ids, resource->address, match.object->id);
    }
    return match;
}
