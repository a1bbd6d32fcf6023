/*
 * Secret references. A spec holds references, never values:
 *
 *   { env: NAME }            env:NAME
 *   { file: PATH }           file:/absolute/path
 *   { command: [a, b] }      command:["a","b"]
 *   { secret: name/key }     secret:name/key
 *   { secretsmanager: ID }   secretsmanager:ID      ID: a name or an ARN, without "#"
 *   { secretsmanager: ID, key: K }   secretsmanager:ID#K      a member of the JSON in it
 *   { ssm: NAME }            ssm:NAME               a path or an ARN; ":3" or ":label" may follow
 *
 * The right column is the canonical text: what a NODE_SECRET string node holds, what plans and
 * states may show. Values live only in client/secret.c, are resolved when first needed and wiped
 * at the end.
 */
#ifndef LITEFORM_MODEL_SECRET_H
#define LITEFORM_MODEL_SECRET_H

#include "diag/diag.h"
#include "value/node.h"

#include <stdbool.h>

/**
 * Reads a reference map of the spec into a NODE_SECRET string node with the place of `node`.
 * Relative file paths are taken from `folder`, `~/` from HOME. A plain string is LF019, anything
 * else LF020; NULL then.
 */
struct node *secret_read(
    struct arena *arena, const struct node *node, const char *folder, struct diags *diags);

/** For people: "{ env: NAME }" from "env:NAME". */
char *secret_show(struct arena *arena, const char *reference);

/**
 * What planning may know of a secret's value: made by client/secret.c, one per reference that a
 * plan could need. The value itself is not here.
 */
struct secret_fact {
    const char *reference;
    bool known;         /* could be resolved */
    const char *reason; /* why not; NULL when known */
    const char *hash;   /* HMAC-SHA256 (hex) under the environment's hash key; NULL without key */
    const char
        *sha256;     /* SHA-256 (hex) of the value: the identity of a LiteLLM key; for keys only */
    uint32_t length; /* of the value, bytes */
    bool sk_prefix;  /* starts with "sk-" */
};

struct secret_facts {
    VEC(struct secret_fact) list;
    bool no_key; /* the hash key could not be had: write-only fields are "not compared" */
};

/** The fact of `reference`, or NULL. */
const struct secret_fact *secret_fact(const struct secret_facts *facts, const char *reference);

#endif
