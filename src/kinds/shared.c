/* Planning and checking that several kinds do alike. */
#include "base/text.h"
#include "kinds/common.h"
#include "model/desired.h"

#include <stdarg.h>

/** The live object with this natural key, when there is exactly one. */
static const struct object *by_key(const struct live_kind *in, const char *key)
{
    const struct object *found = NULL;

    if (key == NULL)
        return NULL;
    VEC_EACH(object, &in->list) {
        if ((*object)->foreign || !text_equal((*object)->key, key))
            continue;
        if (found != NULL)
            return NULL;
        found = *object;
    }
    return found;
}

const char *resolve_id(const struct plan_context *context, const char *address)
{
    if (context->id_of != NULL) {
        const char *id = context->id_of(context, address);

        if (id != NULL)
            return id;
    }
    const struct resource *resource = desired_resource(context->desired, address);

    if (resource == NULL)
        return NULL;
    const struct live_kind *in = live_kind(context->live, resource->kind);

    if (in == NULL || (resource->id != NULL && live_object(in, resource->id) != NULL))
        return resource->id;
    const struct object *object = resource->id_given ? NULL : by_key(in, resource->key);

    return object != NULL ? object->id : resource->id;
}

const char *resolve_user(const struct plan_context *context, const char *name)
{
    struct arena *arena = context->arena;
    const char *id = resolve_id(context, address_make(arena, "user", &name, 1));

    if (id != NULL)
        return id;
    /* Not declared: somebody whom SSO or the UI added. */
    for (size_t i = 0; i < context->live->kind_count; i++) {
        const struct live_kind *in = &context->live->kinds[i];

        if (!text_equal(in->kind->name, "user"))
            continue;
        if (live_object(in, name) != NULL)
            return name;
        const struct object *object = by_key(in, text_lower(arena, name));

        return object != NULL ? object->id : NULL;
    }
    return NULL;
}

void change_drop(struct change *change, const char *path)
{
    size_t kept = 0;

    for (size_t i = 0; i < change->fields.count; i++) {
        if (!text_equal(change->fields.at[i].path, path))
            change->fields.at[kept++] = change->fields.at[i];
    }
    change->fields.count = kept;
}

void extra_set(
    const struct plan_context *context, struct change *change, const char *key, const char *text)
{
    struct node *extra =
        change->extra != NULL ? node_copy(context->arena, change->extra) : node_map(context->arena);

    if (text != NULL)
        node_set_string(context->arena, extra, key, text);
    change->extra = extra;
}

void extra_set_bool(
    const struct plan_context *context, struct change *change, const char *key, bool value)
{
    struct node *extra =
        change->extra != NULL ? node_copy(context->arena, change->extra) : node_map(context->arena);

    node_set_bool(context->arena, extra, key, value);
    change->extra = extra;
}

struct diag *finding(const struct plan_context *context, const struct resource *resource,
    const char *id, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *message = arena_vprintf(context->arena, format, args);
    va_end(args);
    struct diag *diag = diag_at(context->findings, id, resource->where, NULL, "%s", message);

    diag->address = resource->address;
    return diag;
}

struct span field_span(const struct resource *resource, const char *field)
{
    const struct pair *pair = node_pair(resource->fields, field);

    return pair != NULL && pair->line != 0 ? pair_span(pair) : resource->where;
}

/** Whether a number that is not negative is below another: by its exact text, as all numbers here. */
static bool is_below(struct arena *arena, const struct node *a, const struct node *b)
{
    const char *left = node_json_text(arena, a), *right = node_json_text(arena, b);
    size_t left_whole = strcspn(left, "."), right_whole = strcspn(right, ".");

    if (left_whole != right_whole)
        return left_whole < right_whole;
    return strcmp(left, right) < 0;
}

static void check_licence(const struct check_context *context, const struct resource *resource)
{
    if (text_equal(context->desired->tier, "enterprise"))
        return;
    for (const struct field *field = resource->kind->fields; field->name != NULL; field++) {
        const struct node *value = node_get(resource->fields, field->name);

        /* Empty ones pass without a licence (BerriAI/litellm#20304). */
        if ((field->flags & FIELD_LICENSED) == 0 || node_is_nothing(value))
            continue;
        diag_at(context->diags, "LF026", field_span(resource, field->name),
            "remove it, or set 'tier: enterprise'", "%s needs a LiteLLM licence", field->name)
            ->address = resource->address;
    }
}

void check_limits(const struct check_context *context, const struct resource *resource)
{
    const struct node *soft = node_get(resource->fields, "soft_budget");
    const struct node *max = node_get(resource->fields, "max_budget");
    const struct node *duration = node_get(resource->fields, "budget_duration");

    check_licence(context, resource);
    if (soft != NULL && max != NULL && !is_below(context->arena, soft, max)) {
        diag_at(context->diags, "LF012", field_span(resource, "soft_budget"),
            "make it smaller than max_budget", "soft_budget must be below max_budget")
            ->address = resource->address;
    }
    if (duration != NULL && max == NULL && soft == NULL) {
        diag_at(context->diags, "LF154", field_span(resource, "budget_duration"),
            "add max_budget, or remove budget_duration",
            "budget_duration without max_budget has no effect")
            ->address = resource->address;
    }
}

/** As LiteLLM decides what to mask (facts 2.1: sensitive_data_masker.py): by parts of the name. */
static bool names_a_secret(struct arena *arena, const char *name)
{
    static const char *const words[] = {"password", "secret", "key", "token", "auth", "credential",
        "credentials", "access", "private", "certificate", "fingerprint", NULL};
    char *rest = arena_strdup(arena, name);

    if (strstr(name, "cost") != NULL || text_equal(name, "litellm_credential_name"))
        return false;
    for (char *part = rest; part != NULL;) {
        char *end = strchr(part, '_');

        if (end != NULL)
            *end = '\0';
        for (size_t i = 0; words[i] != NULL; i++) {
            if (text_equal(part, words[i]))
                return true;
        }
        part = end != NULL ? end + 1 : NULL;
    }
    return false;
}

void check_plain_secrets(const struct check_context *context, const struct resource *resource,
    const char *field, const char *fix)
{
    const struct node *map = node_get(resource->fields, field);

    for (uint32_t i = 0; node_is(map, NODE_MAP) && i < map->count; i++) {
        const struct pair *pair = &map->pairs[i];

        if (!node_is(pair->value, NODE_STRING) || (pair->value->marks & NODE_SECRET) != 0 ||
            !names_a_secret(context->arena, pair->key))
            continue;
        diag_at(
            context->diags, "LF019", pair_span(pair), fix, "%s.%s is written out", field, pair->key)
            ->address = resource->address;
    }
}
