/*
 * What the state knows: whose objects these are and what we last wrote. Planning reads it; state/
 * stores it.
 */
#ifndef LITEFORM_MODEL_KNOWN_H
#define LITEFORM_MODEL_KNOWN_H

#include "base/map.h"
#include "base/vec.h"
#include "value/node.h"

#include <stdbool.h>

/** One thing that liteform manages. */
struct known_object {
    const char *address; /* "team/platform" */
    const char *kind;
    const char *id;            /* the server's id (team_id, user_id, model_id, key hash, ...) */
    bool adopted;              /* found and taken over, not created by us */
    const struct node *fields; /* what we last wrote, by field name; secrets as {"hmac": "..."} */
    const struct node *extra;  /* kind's own notes (spelling that loaded, store, ...), or NULL */
    const char *changed_at;    /* our last write, ISO 8601 */
    const char *server_time;   /* the object's updated_at after our last write, or NULL */
};

struct known {
    bool exists; /* false: nothing stored yet; then nothing is deleted */
    const char *lineage;
    int64_t serial;
    struct strings taken_over; /* beginnings of lineages whose objects are ours by `--take-over` */
    struct map objects;        /* address -> struct known_object */
};

struct known_object *known_object(const struct known *known, const char *address);

#endif
