/*
 * Building what the spec wants: addresses, derived ids, registration.
 */
#ifndef LITEFORM_MODEL_DESIRED_H
#define LITEFORM_MODEL_DESIRED_H

#include "model/kind.h"

/**
 * Registers a resource of `kind` (kind/name; every part of `parts` is percent-encoded and joined by
 * "/"). `fields` are typed already; `id` in them is taken as given id, else it is derived. Two with
 * one address are LF024. Returns it, for .parent and .needs; NULL when refused.
 */
struct resource *desired_add(const struct check_context *context, const struct kind *kind,
    const char *const *parts, size_t part_count, struct node *fields, struct span where);

/** The same for what derives its id from another name than its own; NULL: its own. */
struct resource *desired_add_as(const struct check_context *context, const struct kind *kind,
    const char *const *parts, size_t part_count, const char *id_name, struct node *fields,
    struct span where);

/**
 * The id that environment, kind and name lead to: "prod-platform-3fa94c1e": readable, at most 60
 * characters of [a-z0-9._-], unique by the first 8 hex digits of a SHA-256 over all three.
 */
char *desired_id(struct arena *arena, const char *environment, const char *kind, const char *name);

/** "kind/part/part" with encoded parts. */
char *address_make(
    struct arena *arena, const char *kind, const char *const *parts, size_t part_count);
/** The kind's name of an address ("team" of "team/x"), or NULL when it is none. */
char *address_kind(struct arena *arena, const char *address);

struct resource *desired_resource(const struct desired *desired, const char *address);

#endif
