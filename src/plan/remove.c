/* What is live or known and not wanted: deletes, forgets, the unmanaged. */
#include "base/text.h"
#include "model/desired.h"
#include "plan/internal.h"

#include <string.h>

const char *object_address(struct planning *p, const struct object *object)
{
    if (object->name != NULL && strchr(object->name, '/') != NULL &&
        text_equal(object->kind->name, "member")) {
        return arena_printf(p->arena, "%s/%s", object->kind->name, object->name);
    }
    const char *part = object->name != NULL ? object->name : object->id;
    return address_make(p->arena, object->kind->name, &part, 1);
}

static bool is_matched(struct planning *p, const struct object *object)
{
    return map_get(&p->matched,
               arena_printf(p->arena, "%s/%s", object->kind->name, object->id)) != NULL;
}

static bool globbed(const struct strings *globs, const char *address)
{
    for (size_t i = 0; i < globs->count; i++) {
        if (text_glob(globs->at[i], address)) {
            return true;
        }
    }
    return false;
}

static struct change *removal(struct planning *p, const char *address, const struct kind *kind,
    enum action action, const char *reason, const struct object *object, const char *id)
{
    struct change *change = change_new(p, address, kind, action, reason);
    change->object = object;
    change->id = id;
    *VEC_ADD(p->arena, &p->plan->changes) = change;
    map_set(&p->plan->by_address, address, change);
    return change;
}

/** A managed object that the spec no longer has. */
static void remove_known(
    struct planning *p, const struct live_kind *in, const struct known_object *known)
{
    const struct object *object = live_object(in, known->id);
    bool listed = strings_has(&p->spec->removed, known->address);
    enum ownership ownership = spec_ownership(p->spec, in->kind);

    if (object == NULL || is_matched(p, object)) {
        removal(p, known->address, in->kind, ACTION_FORGET,
            object == NULL ? "removed from spec; no longer exists" : "now under another address",
            object, known->id);
        return;
    }
    map_hold(
        &p->matched, arena_printf(p->arena, "%s/%s", in->kind->name, known->id), known);
    if (object->foreign) {
        removal(p, known->address, in->kind, ACTION_FORGET, "not ours to delete", object, known->id);
    } else if (listed || (!known->adopted && ownership == OWNERSHIP_FULL)) {
        removal(p, known->address, in->kind, ACTION_DELETE,
            listed ? "listed under removed" : "removed from spec", object, known->id);
    } else {
        removal(p, known->address, in->kind, ACTION_FORGET,
            known->adopted ? "removed from spec; was adopted, so it stays"
                           : "removed from spec; policy keeps it",
            object, known->id);
    }
}

/** A live object that carries our mark although the state does not know it. */
static bool remove_marked(struct planning *p, const struct object *object, const char *address)
{
    const char *mark = arena_printf(p->arena, "created/%s", p->spec->environment);

    if (!text_equal(object->mark, mark) || p->known->objects.count == 0 ||
        spec_ownership(p->spec, object->kind) != OWNERSHIP_FULL ||
        map_get(&p->plan->by_address, address) != NULL) {
        return false;
    }
    removal(p, address, object->kind, ACTION_DELETE, "removed from spec (it carries our mark)",
        object, object->id);
    return true;
}

void plan_removals(struct planning *p, const struct live_kind *in)
{
    const struct map *objects = &p->known->objects;

    for (size_t i = 0; i < objects->count; i++) {
        const struct known_object *known = objects->at[i].value;
        if (known == NULL || !text_equal(known->kind, in->kind->name) ||
            desired_resource(&p->spec->desired, known->address) != NULL ||
            map_get(&p->moved_from, known->address) != NULL) {
            continue;
        }
        remove_known(p, in, known);
    }
    VEC_EACH(object, &in->list)
    {
        if ((*object)->foreign || is_matched(p, *object)) {
            continue;
        }
        const char *address = object_address(p, *object);
        if (globbed(&p->spec->policy.ignore, address) || remove_marked(p, *object, address)) {
            continue;
        }
        *VEC_ADD(p->arena, &p->plan->unmanaged) =
            (struct unmanaged){.address = address, .id = (*object)->id, .object = *object};
    }
}
