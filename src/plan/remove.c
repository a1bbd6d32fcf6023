/* What is live or known and not wanted: deletes, forgets, the unmanaged. */
#include "base/text.h"
#include "model/desired.h"
#include "model/mark.h"
#include "plan/internal.h"

#include <string.h>

/** "kind/ID": where the name is taken by another object. */
static const char *id_address(struct planning *p, const struct object *object)
{
    return address_make(p->arena, object->kind->name, &object->id, 1);
}

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
    return matched_by(p, object->kind, object->id) != NULL;
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

/** Whether what a delete would take with it can be told: kinds that come later were read. */
static bool takes_are_read(struct planning *p, const struct kind *kind)
{
    if (kind->takes == NULL) {
        return true;
    }
    for (size_t k = 0; k < p->live->kind_count; k++) {
        const struct live_kind *in = &p->live->kinds[k];
        if (in->status == LIVE_UNREAD &&
            kind_step(p->kinds, in->kind) > kind_step(p->kinds, kind)) {
            return false;
        }
    }
    return true;
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
    matched_add(p, in->kind, known->id, known);
    if (object->foreign) {
        removal(
            p, known->address, in->kind, ACTION_FORGET, "not ours to delete", object, known->id);
    } else if ((listed || (!known->adopted && ownership == OWNERSHIP_FULL)) &&
               !takes_are_read(p, in->kind)) {
        strings_add(p->arena, &p->plan->held, known->address);
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

void plan_old_id(struct planning *p, const struct live_kind *in, const struct known_object *known)
{
    const struct object *object = live_object(in, known->id);

    if (object->foreign || is_matched(p, object) || known->adopted ||
        spec_ownership(p->spec, in->kind) != OWNERSHIP_FULL) {
        return;
    }
    matched_add(p, in->kind, known->id, known);
    removal(p, id_address(p, object), in->kind, ACTION_DELETE, "its entry has another id now",
        object, object->id);
}

/** A live object that carries our mark although the state does not know it. */
static bool remove_marked(struct planning *p, const struct object *object, const char *address)
{
    if (!mark_says(object->mark, "created") || !mark_is_of(object->mark, p->spec->environment) ||
        p->known->objects.count == 0 || spec_ownership(p->spec, object->kind) != OWNERSHIP_FULL ||
        map_get(&p->plan->by_address, address) != NULL) {
        return false;
    }
    if (!takes_are_read(p, object->kind)) {
        strings_add(p->arena, &p->plan->held, address);
        return true;
    }
    removal(p, address, object->kind, ACTION_DELETE, "removed from spec (it carries our mark)",
        object, object->id);
    return true;
}

#define STRAYS_NAMED 5

/** Undeclared objects with something wrong, as one finding: there may be thousands. */
static void report_strays(struct planning *p, const struct live_kind *in,
    const struct strings *strays, const char *id, const char *what, const char *fix)
{
    struct buf names = BUF_INIT(4096);

    for (size_t i = 0; i < strays->count && i < STRAYS_NAMED; i++) {
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", strays->at[i]);
    }
    if (strays->count > 0) {
        struct diag *diag = diag_add(&p->plan->findings, id, "%zu undeclared %s %s: %s%s",
            strays->count, strays->count == 1 ? in->kind->name : in->kind->title, what,
            buf_text(&names), strays->count > STRAYS_NAMED ? ", ..." : "");
        diag->fix = fix;
    }
    buf_release(&names);
}

void plan_removals(struct planning *p, const struct live_kind *in)
{
    const struct map *objects = &p->known->objects;
    struct strings strays = {0}, unloaded = {0};

    for (size_t i = 0; i < objects->count; i++) {
        const struct known_object *known = objects->at[i].value;
        if (known == NULL || !text_equal(known->kind, in->kind->name) ||
            desired_resource(&p->spec->desired, known->address) != NULL ||
            map_get(&p->moved_from, known->address) != NULL) {
            continue;
        }
        remove_known(p, in, known);
    }
    VEC_EACH(object, &in->list) {
        if ((*object)->foreign || is_matched(p, *object)) {
            continue;
        }
        const char *address = object_address(p, *object);
        if (desired_resource(&p->spec->desired, address) != NULL ||
            map_get(&p->plan->by_address, address) != NULL) {
            address = id_address(p, *object);
        }
        if (globbed(&p->spec->policy.ignore, address) || remove_marked(p, *object, address)) {
            continue;
        }
        if (in->kind->stray != NULL && in->kind->stray(*object) != NULL) {
            strings_add(p->arena, &strays, address);
        }
        if ((*object)->loaded == LOADED_NO) {
            strings_add(p->arena, &unloaded, address);
        }
        *VEC_ADD(p->arena, &p->plan->unmanaged) =
            (struct unmanaged){.address = address, .id = (*object)->id, .object = *object};
    }
    report_strays(p, in, &strays, "LF207", "without an owner",
        "give them a team or a user, declare them, or delete them");
    report_strays(p, in, &unloaded, "LF201", "stored in the table and not loaded",
        "declare them, and apply finds the spelling that loads; or delete the rows");
}
