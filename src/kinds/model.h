/* Shared by the two files of the kind model. */
#ifndef LITEFORM_KINDS_MODEL_H
#define LITEFORM_KINDS_MODEL_H

#include "kinds/common.h"

/** A parameter that LiteLLM takes for its own and never looks at nor sends on; see model_write.c. */
#define MODEL_REVISION "use_client"

struct object *model_decode(struct live *live, const struct live_kind *in, const struct node *item);
/** "au.anthropic.x" of "bedrock/converse/au.anthropic.x"; text without such a prefix as it is. */
const char *model_bare(const char *model);
/** The provider that a row is read with: its custom_llm_provider, else the first part of `model`. */
const char *model_provider(struct arena *arena, const char *model, const char *provider);
/** Whether a provider is one of the two spellings of Bedrock. */
bool model_is_bedrock(const char *provider);

/** model_names.c: near-misses of known names below params: and info:. */
void model_check_names(const struct check_context *context, const struct resource *resource);

/* model_write.c */
void model_plan(const struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change);
enum call_result model_call(const struct call_context *context, unsigned n,
    const struct reply *previous, struct request *ret_request, struct diags *diags);

bool model_force(const struct call_context *context, struct request *ret_request);
enum loaded model_forced(const struct call_context *context, const struct reply *reply);
enum call_result model_retry(const struct call_context *context, unsigned n,
    const struct reply *previous, struct request *ret_request, struct diags *diags);
struct node *model_remember(const struct call_context *context);

struct model_memory {
    struct flow flow;
    bool respelled;       /* the other spelling was tried */
    const char *spelling; /* in force */
};

#endif
