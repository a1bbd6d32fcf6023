/* From typed entries to resources: expanding, two entries for one thing, references, checks. */
#include "base/text.h"
#include "model/desired.h"
#include "spec/inner.h"

#include <stdlib.h>
#include <string.h>

static struct check_context context_of(struct typing *t, struct spec *spec, const struct kind *kind)
{
    return (struct check_context){.arena = t->arena,
        .desired = &spec->desired,
        .spec = spec->document,
        .kind = kind,
        .kinds = t->kinds,
        .diags = t->diags};
}

static void expand(struct typing *t, struct spec *spec, const struct kind *kind)
{
    const struct node *section = node_get(spec->document, kind->section);
    struct check_context context = context_of(t, spec, kind);
    for (uint32_t i = 0; node_is(section, NODE_MAP) && i < section->count; i++) {
        const struct pair *pair = &section->pairs[i];
        if (kind->expand != NULL)
            kind->expand(&context, pair->key, pair->value, pair_span(pair));
        else
            desired_add(&context, kind, &pair->key, 1, pair->value, pair_span(pair));
    }
}

/* ------------------------------------------------------------------ two for one */

static void same_thing(struct typing *t, struct map *seen, struct resource *resource,
    const char *key, const char *what)
{
    struct resource *first = map_set(seen, key, resource);
    if (first == NULL || first == resource)
        return;
    map_set(seen, key, first);
    struct diag *diag = diag_at(t->diags, "LF024", resource->where, "keep one of the two",
        "%s and %s have the same %s", first->address, resource->address, what);
    diag->address = resource->address;
    diag->also = first->where;
    diag->also_label = "first here";
}

/* E-mails are one address in any case of letters; deployments of one model are alike on purpose. */
static const char *natural_key(struct arena *arena, const struct resource *resource)
{
    /* A member is called by nothing but its team and its person. */
    const char *called = resource->key != NULL ? resource->key : resource->name;
    if (strcmp(resource->kind->name, "model") == 0)
        return NULL;
    const char *key = strchr(called, '@') != NULL ? text_lower(arena, called) : called;
    return arena_printf(arena, "%s\n%s", resource->kind->name, key);
}

static void check_twins(struct typing *t, struct desired *desired)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct map ids = map_init(scratch), keys = map_init(scratch);
    VEC_EACH(at, &desired->list) {
        struct resource *resource = *at;
        if (resource->key == NULL)
            resource->key = resource->kind->natural(t->arena, resource);
        if (resource->id != NULL)
            same_thing(t, &ids, resource,
                arena_printf(scratch, "%s\n%s", resource->kind->name, resource->id), "id");
        const char *key = natural_key(scratch, resource);
        if (key != NULL)
            same_thing(t, &keys, resource, key,
                strchr(key, '@') != NULL ? "e-mail" : "name on the server");
    }
}

/* ------------------------------------------------------------------ references */

struct references {
    struct typing *t;
    struct spec *spec;
    struct names *names;
    struct resource *resource;
};

/* What may be named: the section's entries as written, whether they have a fault or not. */
static bool written(const struct references *r, const struct kind *kind, const char *name)
{
    const struct node *section =
        kind->section == NULL ? NULL : node_get(r->spec->raw, kind->section);
    return node_get(section, name) != NULL;
}

static struct strings written_names(const struct references *r, const struct kind *kind)
{
    struct strings names = {0};
    const struct node *section =
        kind->section == NULL ? NULL : node_get(r->spec->raw, kind->section);
    bool is_map = section != NULL && section->type == NODE_MAP;
    for (uint32_t i = 0; is_map && i < section->count; i++)
        strings_add(r->t->arena, &names, section->pairs[i].key);
    return names;
}

static void refer_model(const struct references *r, const struct node *at)
{
    struct arena *arena = r->t->arena;
    if (!model_known(r->t, &r->spec->desired, r->names, at, r->resource->address))
        return;
    const struct strings *addresses = names_find(r->names, at->text);
    for (size_t i = 0; i < addresses->count; i++)
        strings_add(arena, &r->resource->needs, addresses->at[i]);
}

static void refer(const struct references *r, const char *refers, const struct node *at)
{
    struct typing *t = r->t;
    const char *name = node_text(at);
    if (name == NULL)
        return;
    if (strcmp(refers, "model") == 0) {
        refer_model(r, at);
        return;
    }
    const struct kind *kind = kind_by_name(t->kinds, refers);
    const char *address = address_make(t->arena, refers, &name, 1);
    if (desired_resource(&r->spec->desired, address) != NULL) {
        strings_add(t->arena, &r->resource->needs, address);
        return;
    }
    if (kind == NULL || written(r, kind, name))
        return;
    struct strings names = written_names(r, kind);
    const char *fix = guess(t, name, &names);
    if (fix == NULL && kind->section != NULL)
        fix = arena_printf(
            t->arena, "declare it under \"%s\", or name one that is there", kind->section);
    struct diag *diag =
        diag_at(t->diags, "LF014", node_span(at), fix, "%s \"%s\" is not declared", refers, name);
    diag->address = r->resource->address;
}

static void refer_fields(
    const struct references *r, const struct field *fields, const struct node *node);

static void refer_field(
    const struct references *r, const struct field *field, const struct node *value)
{
    if (value->type == NODE_LIST && field->refers != NULL) {
        for (uint32_t i = 0; i < value->count; i++)
            refer(r, field->refers, value->items[i]);
    } else if (value->type == NODE_STRING && field->refers != NULL) {
        if (field->type != FIELD_MODELS)
            refer(r, field->refers, value);
    } else if (field->type == FIELD_GROUP && value->type == NODE_MAP) {
        for (uint32_t i = 0; i < value->count; i++)
            refer_fields(r, field->sub, value->pairs[i].value);
    }
}

static void refer_fields(
    const struct references *r, const struct field *fields, const struct node *node)
{
    for (uint32_t i = 0; node_is(node, NODE_MAP) && i < node->count; i++) {
        const struct field *field = field_by_name(fields, node->pairs[i].key);
        if (field != NULL && node->pairs[i].value != NULL)
            refer_field(r, field, node->pairs[i].value);
    }
}

/* Sorted, each once, only what is declared; a resource does not wait for itself. */
static void tidy_needs(
    struct arena *arena, const struct desired *desired, struct resource *resource)
{
    struct strings tidy = {0};
    if (resource->parent != NULL)
        strings_add(arena, &resource->needs, resource->parent);
    strings_sort(&resource->needs);
    for (size_t i = 0; i < resource->needs.count; i++) {
        const char *need = resource->needs.at[i];
        bool again = tidy.count > 0 && strcmp(tidy.at[tidy.count - 1], need) == 0;
        bool other = strcmp(need, resource->address) != 0;
        if (!again && other && desired_resource(desired, need) != NULL)
            strings_add(arena, &tidy, need);
    }
    resource->needs = tidy;
}

/* A model's name leads to all its deployments. */
static void name_deployments(struct typing *t, struct spec *spec, struct names *names)
{
    VEC_EACH(at, &spec->desired.list) {
        struct resource *resource = *at;
        if (strcmp(resource->kind->name, "model") != 0)
            continue;
        const char *name = node_get_text(resource->fields, "name");
        if (name == NULL)
            name = arena_strndup(t->temp, resource->name, strcspn(resource->name, "/"));
        struct strings *addresses = map_get(&names->models, name);
        if (addresses != NULL)
            strings_add(t->temp, addresses, resource->address);
    }
}

bool model_known(struct typing *t, const struct desired *desired, const struct names *names,
    const struct node *at, const char *address)
{
    if (names_find(names, at->text) != NULL)
        return true;
    const char *fix = guess(t, at->text, &desired->model_names);
    if (fix == NULL)
        fix = guess(t, at->text, &names->groups);
    if (fix == NULL)
        fix = "declare it under \"models\" or in release.config.model_list";
    struct diag *diag =
        diag_at(t->diags, "LF014", node_span(at), fix, "model \"%s\" is not declared", at->text);
    diag->address = address;
    return false;
}

void resources_make(struct typing *t, struct spec *spec, struct names *names)
{
    for (size_t i = 0; i < t->kinds->count; i++) {
        if (t->kinds->at[i]->section != NULL)
            expand(t, spec, t->kinds->at[i]);
    }
    name_deployments(t, spec, names);
    check_twins(t, &spec->desired);
    VEC_EACH(at, &spec->desired.list) {
        struct resource *resource = *at;
        struct references r = {t, spec, names, resource};
        refer_fields(&r, resource->kind->fields, resource->fields);
        tidy_needs(t->arena, &spec->desired, resource);
    }
    VEC_EACH(at, &spec->desired.list) {
        const struct resource *resource = *at;
        struct check_context context = context_of(t, spec, resource->kind);
        if (resource->kind->check != NULL)
            resource->kind->check(&context, resource);
    }
}
