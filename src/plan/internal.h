/* Shared by the files of plan/: one planning run. */
#ifndef LITEFORM_PLAN_INTERNAL_H
#define LITEFORM_PLAN_INTERNAL_H

#include "plan/plan.h"

struct planning {
    struct arena *arena;
    struct arena *scratch; /* for what no plan points to */
    struct plan *plan;
    const struct spec *spec;
    const struct kind_set *kinds;
    const struct live *live;
    const struct known *known;
    const struct secret_facts *secrets;
    const struct plan_options *options;
    struct plan_context context;
    struct map matched;    /* id + kind -> the resource that took the object */
    struct map moved_to;   /* address now -> const struct known_object * under its old address */
    struct map moved_from; /* old address -> struct moved * */
    struct map known_ids;  /* "kind/id" -> const struct known_object *: see known_by_id() */
    struct map live_ids;   /* address -> id of the object that it took */
};

/** How a resource found its object. */
struct match {
    const struct object *object;
    bool natural;   /* by natural key only */
    bool ambiguous; /* two fit: reported, nothing is planned */
};

/** make.c: unread, or seen as empty in a way that may be untrue while the state knows better. */
bool is_unread(const struct planning *p, const struct live_kind *in);

/** match.c: an index of one kind's live objects, made once per kind. */
struct match_index {
    struct map by_key; /* natural key -> struct object_list */
};
struct match_index match_index(struct planning *p, const struct live_kind *in);
struct match match_find(struct planning *p, const struct live_kind *in,
    const struct match_index *index, const struct resource *resource,
    const struct known_object *known);

/** change.c: one change, registered under its address. */
struct change *change_new(struct planning *p, const char *address, const struct kind *kind,
    enum action action, const char *reason);
/** The resource that took the object of this kind and id, or NULL. */
const struct resource *matched_by(struct planning *p, const struct kind *kind, const char *id);
/** Says that it is taken, by a resource or, where no resource will, by anything. */
void matched_add(struct planning *p, const struct kind *kind, const char *id, const void *by);
/** make.c: what the state holds of this kind and id, under whatever address; or NULL. */
const struct known_object *known_by_id(struct planning *p, const struct kind *kind, const char *id);
/** "kind/name" of a live object that nobody declared. */
const char *object_address(struct planning *p, const struct object *object);
unsigned kind_step(const struct kind_set *kinds, const struct kind *kind);

/** remove.c: the object that an entry had before its `id:` was changed. */
void plan_old_id(struct planning *p, const struct live_kind *in, const struct known_object *known);
/** remove.c: deletes, forgets and the unmanaged of one kind. */
void plan_removals(struct planning *p, const struct live_kind *in);
/** guards.c */
void plan_guards(struct planning *p);
/** access.c: marks changes that let somebody call more models. */
void plan_access(struct planning *p, struct change *change);
/** order.c: needs, lanes, scope, sorting. */
void plan_scope(struct planning *p);
void plan_order(struct planning *p);
/** encode.c: basis and fingerprint. */
void plan_fingerprint(struct planning *p);
/** hints.c: a delete and a create with alike fields. */
void plan_move_hints(struct planning *p);

/** Deletes, incl. replace. */
static inline bool change_removes(const struct change *change)
{
    return change->action == ACTION_DELETE;
}

#endif
