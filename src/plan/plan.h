/*
 * Planning: desired, live and what we last wrote in; an ordered list of changes out. PURE: no
 * clock, no network, no files, no environment; same inputs, same bytes.
 */
#ifndef LITEFORM_PLAN_PLAN_H
#define LITEFORM_PLAN_PLAN_H

#include "model/kind.h"
#include "model/spec.h"

struct plan_options {
    struct strings only, skip; /* globs over addresses; a pattern without "/" names a kind */
    const struct allowances *allowances;
    const char *today; /* "2026-11-24" */
    bool rewrite_secrets;
    /* target identity, as collected: part of the fingerprint */
    const struct node *target;
};

struct counts {
    unsigned create, update, replace, delete, adopt, forget, restart, rotate, repair, move;
    unsigned unchanged, unmanaged, not_compared;
    unsigned secrets_not_compared; /* those of not_compared that the hash key would tell */
};

/** Exists, nobody declared it, we do not manage it. */
struct unmanaged {
    const char *address, *id;
    const struct object *object;
};

/** A kind of which nothing is planned because it could not be read. */
struct unread {
    const struct kind *kind;
    const char *reason;
    unsigned wanted; /* resources of it in the spec */
};

/** A thing that is as wanted, but that the state does not hold yet (it was lost, or is new). */
struct relearn {
    const struct resource *resource;
    const struct object *object;
    const struct change *change; /* with the kind's notes (extra); has no field changes */
    bool adopted;
};

struct plan {
    const struct spec *spec;
    const struct known *known;
    const struct live *live;
    VEC(struct change *) changes; /* in the order in which they are shown and may be carried out */
    struct map by_address;        /* of changes */
    VEC(struct unmanaged) unmanaged;
    VEC(struct unread) unread;
    struct guards guards; /* those not allowed refuse the plan */
    struct diags findings;
    struct counts counts;
    struct strings held; /* addresses left out: they, or what they need, cannot be told for sure */
    struct strings outside; /* addresses left out: they need what --only or --skip leaves out */
    VEC(struct relearn) relearn;
    struct strings moves;     /* hints: "moved: [{ from: ..., to: ... }]" */
    bool scoped;              /* --only or --skip was given */
    const char *fingerprint;  /* "7f3a-91c2-04be-d1e7" */
    const struct node *basis; /* what the fingerprint covers, canonically: for "what moved" */
};

/** Makes the plan in `arena`. `known` is the state, or one with exists = false. */
struct plan *plan_make(struct arena *arena, const struct spec *spec, const struct kind_set *kinds,
    const struct live *live, const struct known *known, const struct secret_facts *secrets,
    const struct plan_options *options);

/** Guards that refuse. */
size_t plan_refusals(const struct plan *plan);
/** Changes that call something or alter the state; 0: nothing to do. */
size_t plan_size(const struct plan *plan);
const char *action_name(enum action action);

/** Every secret reference of the spec, for secrets_fact(): those of keys first. */
void plan_references(struct arena *arena, const struct spec *spec, struct strings *ret_references);

/**
 * Field differences between what is wanted and what is live, by the field table; added to
 * change->fields. Used by planning, and by apply to tell whether a write has arrived.
 */
void plan_compare(struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change);

/** The machine form, `plan --json` (specs/plan.schema.json); also the body of a plan file. */
struct node *plan_to_node(struct arena *arena, const struct plan *plan);
/** Lines that say what differs between a stored basis and a new plan's. */
void plan_moved(struct arena *arena, const struct node *stored, const struct plan *now,
    struct strings *ret_lines);

#endif
