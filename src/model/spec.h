/*
 * An environment as read from its files: the typed document, what it wants, and the parts that
 * steer the program. Made by spec/, read by all.
 */
#ifndef LITEFORM_MODEL_SPEC_H
#define LITEFORM_MODEL_SPEC_H

#include "model/kind.h"

struct moved {
    const char *from, *to;
    struct span where;
};

/** Number or share of a kind: `10%` or `3`. */
struct threshold {
    bool percent;
    uint32_t value;
};

struct policy {
    struct threshold max_delete, max_update;
    bool protected_environment;
    struct strings protect; /* addresses and globs */
    struct strings ignore;
    const struct node *lint;      /* rule id -> level */
    const struct node *ownership; /* section -> full, keep, ignore */
};

struct spec {
    const char *environment, *tier;
    const char *folder;          /* environments/prod */
    const char *state_folder;    /* state/prod: of the local backend */
    const struct node *document; /* merged and typed by the tables */
    const struct node *raw;      /* merged, as written: for show; NULL unless it was asked for */
    const char *digest;          /* SHA-256 over all files read, names included */
    struct strings files;        /* all read, relative to the working folder */

    bool backend_local;
    const struct node *backend; /* the section, or NULL */
    const char *hash_key;       /* reference, or NULL */

    const char *litellm_url;
    const char *litellm_key, *litellm_key_previous; /* references */
    const char *litellm_ca_file;
    bool litellm_insecure;
    uint32_t litellm_window;  /* 0: default */
    const char *database_url; /* reference, or NULL */
    bool database_required;

    struct strings not_collected; /* sections that are parsed and checked but have no kind yet */
    VEC(struct moved) moved;
    struct strings removed; /* addresses */
    struct policy policy;
    struct desired desired;
};

/** The ownership that holds for a kind: policy, else the kind's own. */
enum ownership spec_ownership(const struct spec *spec, const struct kind *kind);

#endif
