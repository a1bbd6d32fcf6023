/*
 * Environment files -> struct spec: reading, merging, typing by the field tables, references,
 * checks. Needs no network; opens no secret. All mistakes of a pass are collected.
 */
#ifndef LITEFORM_SPEC_SPEC_H
#define LITEFORM_SPEC_SPEC_H

#include "model/spec.h"

struct spec_options {
    const char *root; /* working folder (-C), "." */
    const char *name; /* "prod", or a path with a "/" */
    bool keep_raw;    /* for spec_show(): the document as written is kept in `raw` */
};

/** Reads and checks; NULL when there is no such environment. Faults are in `diags` (with sources);
 *  use the result for planning only when diags_errors() is 0. */
struct spec *spec_load(struct arena *arena, const struct spec_options *options,
    const struct kind_set *kinds, struct diags *diags);
/** Names of environments below root/environments, sorted ("common" has no environment: key). */
void spec_environments(struct arena *arena, const char *root, struct strings *ret_names);

/** `show ENV [ADDRESS] [--origin]`: the merged document as YAML, each line with its place.
 *  The spec was loaded with keep_raw. */
bool spec_show(const struct spec *spec, const struct diags *diags, const char *address, bool origin,
    struct buf *out);

/** specs/schema.json (JSON Schema 2020-12), from the tables. */
void spec_schema(const struct kind_set *kinds, struct buf *out);
/** specs/README.md, from the tables. */
void spec_reference(const struct kind_set *kinds, struct buf *out);
/** `new ENV`: a commented environment to start from. */
void spec_template(const char *environment, struct buf *out);

#endif
