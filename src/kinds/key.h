/* Shared by the two files of the kind key. */
#ifndef LITEFORM_KINDS_KEY_H
#define LITEFORM_KINDS_KEY_H

#include "kinds/common.h"

/** Mark of a key that a rotation has taken out of use: "retired/prod/...". */
#define KEY_RETIRED "retired"

struct object *key_decode(struct live *live, const struct live_kind *in, const struct node *item);
/** The reference that the value comes from: value, or the first store; NULL: none. */
const char *key_reference(const struct resource *resource);

/* key_write.c */
void key_plan(const struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change);
const char *key_identify(const struct plan_context *context, const struct resource *resource);
enum call_result key_call(const struct call_context *context, unsigned n,
    const struct reply *previous, struct request *ret_request, struct diags *diags);

struct node *key_remember(const struct call_context *context);

#endif
