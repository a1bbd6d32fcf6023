/* Small functions over kinds, fields, what is live and what is known. */
#include "model/kind.h"

#include "base/text.h"
#include "model/spec.h"

#include <stdarg.h>
#include <string.h>

const struct kind *kind_by_name(const struct kind_set *kinds, const char *name)
{
    for (size_t i = 0; name != NULL && i < kinds->count; i++) {
        if (strcmp(kinds->at[i]->name, name) == 0)
            return kinds->at[i];
    }
    return NULL;
}

const struct kind *kind_by_section(const struct kind_set *kinds, const char *section)
{
    for (size_t i = 0; section != NULL && i < kinds->count; i++) {
        if (text_equal(kinds->at[i]->section, section))
            return kinds->at[i];
    }
    return NULL;
}

const struct field *field_by_name(const struct field *fields, const char *name)
{
    for (const struct field *field = fields; field != NULL && field->name != NULL; field++) {
        if (strcmp(field->name, name) == 0)
            return field;
    }
    return NULL;
}

struct live_kind *live_kind(const struct live *live, const struct kind *kind)
{
    for (size_t i = 0; i < live->kind_count; i++) {
        if (live->kinds[i].kind == kind)
            return &live->kinds[i];
    }
    return NULL;
}

void live_add(struct live *live, struct live_kind *in, struct object *object)
{
    if (in->by_id.arena == NULL)
        in->by_id = map_init(live->arena);
    struct object *before = object->id == NULL ? NULL : map_set(&in->by_id, object->id, object);
    if (before == NULL) {
        *VEC_ADD(live->arena, &in->list) = object;
        return;
    }
    VEC_EACH(at, &in->list) {
        if (*at == before) {
            *at = object;
            return;
        }
    }
}

struct object *live_object(const struct live_kind *in, const char *id)
{
    return id == NULL ? NULL : map_get(&in->by_id, id);
}

struct known_object *known_object(const struct known *known, const char *address)
{
    return known == NULL || address == NULL ? NULL : map_get(&known->objects, address);
}

bool allowed(const struct allowances *allowances, const char *name, const char *address)
{
    if (allowances == NULL)
        return false;
    VEC_EACH(allowance, &allowances->list) {
        if (strcmp(allowance->name, name) != 0)
            continue;
        if (allowance->address == NULL)
            return true;
        if (address != NULL && text_glob(allowance->address, address))
            return true;
    }
    return false;
}

void guard_add(const struct plan_context *context, const char *id, const char *allow,
    const char *address, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct guard *guard = VEC_ADD(context->arena, &context->guards->list);
    guard->id = id;
    guard->address = arena_strdup(context->arena, address);
    guard->message = arena_vprintf(context->arena, format, args);
    va_end(args);
    if (allow == NULL)
        return;
    guard->allow = address == NULL ? arena_printf(context->arena, "--allow-%s", allow)
                                   : arena_printf(context->arena, "--allow-%s %s", allow, address);
    guard->allowed = allowed(context->allowances, allow, address);
}

/* How the policy calls a kind that has no section of its own: by its plural. */
static bool is_called(const struct kind *kind, const char *key)
{
    if (kind->section != NULL)
        return strcmp(kind->section, key) == 0;
    size_t length = strlen(kind->name);
    return strncmp(kind->name, key, length) == 0 && strcmp(key + length, "s") == 0;
}

enum ownership spec_ownership(const struct spec *spec, const struct kind *kind)
{
    const struct node *ownership = spec->policy.ownership;
    for (uint32_t i = 0; node_is(ownership, NODE_MAP) && i < ownership->count; i++) {
        const char *level = node_text(ownership->pairs[i].value);
        if (level == NULL || !is_called(kind, ownership->pairs[i].key))
            continue;
        if (strcmp(level, "full") == 0)
            return OWNERSHIP_FULL;
        return strcmp(level, "ignore") == 0 ? OWNERSHIP_IGNORE : OWNERSHIP_KEEP;
    }
    return kind->ownership;
}
