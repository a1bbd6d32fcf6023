/* Fields into request bodies, by the field table. */
#include "base/text.h"
#include "kinds/common.h"
#include "model/mark.h"

const struct node *wanted(const struct call_context *context, const char *field)
{
    const struct resource *resource = context->change->resource;

    return resource != NULL ? node_get(resource->fields, field) : NULL;
}

const char *extra_text(const struct change *change, const char *key)
{
    return node_get_text(change->extra, key);
}

const struct field_change *kind_change(const struct change *change, const char *field)
{
    VEC_EACH(it, &change->fields) {
        if (it->field != NULL && text_equal(it->field->name, field))
            return it;
    }
    return NULL;
}

bool kind_wants_mark(const struct call_context *context)
{
    const struct object *object = context->change->object;

    if (object == NULL || context->change->action == ACTION_ADOPT)
        return true;
    const char *old = mark_lineage(object->mark), *new = mark_lineage(context->mark);
    return (context->mark != NULL && object->mark == NULL) ||
           (old != NULL && new != NULL && !text_equal(old, new));
}

static struct node *one_name(struct arena *arena, const char *name)
{
    struct node *list = node_list(arena);

    node_list_add(arena, list, node_string(arena, name));
    return list;
}

/** A value as the server takes it. `all` is said out loud: [] cannot be told from "not said". */
static struct node *wire(struct arena *arena, const struct field *field, const struct node *value)
{
    if (field->type == FIELD_MODELS && node_is(value, NODE_STRING)) {
        if (text_equal(value->text, "all"))
            return one_name(arena, MODELS_ALL);
        if (text_equal(value->text, "none"))
            return one_name(arena, MODELS_NONE);
        return one_name(arena, value->text);
    }
    return node_copy(arena, value);
}

static struct node *unset_value(struct arena *arena, const struct field *field)
{
    switch (field->unset) {
    case UNSET_FALSE:
        return node_bool(arena, false);
    case UNSET_MINUS_ONE:
        return node_string(arena, "-1");
    case UNSET_EMPTY:
        break;
    case UNSET_NEVER:
    case UNSET_NULL:
    case UNSET_RECREATE:
        return node_null(arena);
    }
    switch (field->type) {
    case FIELD_TEXTS:
        return node_list(arena);
    /* A user's list cannot be emptied (all versions): the wide word does the same. */
    case FIELD_MODELS:
        return one_name(arena, MODELS_ALL);
    case FIELD_MAP:
    case FIELD_SECRETS:
        return node_map(arena);
    case FIELD_TEXT:
    case FIELD_INT:
    case FIELD_DECIMAL:
    case FIELD_BOOL:
    case FIELD_DURATION:
    case FIELD_CHOICE:
    case FIELD_SECRET:
    case FIELD_GROUP:
        break;
    }
    return node_string(arena, "");
}

static const char *send_path(const struct field *field)
{
    if (field->send != NULL)
        return field->send;
    return field->api != NULL ? field->api : field->name;
}

/** The map at a dotted path of `body`, made when it is not there. */
static struct node *map_at(struct arena *arena, struct node *body, const char *path)
{
    struct node *map = node_path(body, path);

    if (!node_is(map, NODE_MAP)) {
        map = node_map(arena);
        node_set_path(arena, body, path, map);
    }
    return map;
}

static bool is_sent(const struct field *field)
{
    return (field->flags & (FIELD_LOCAL | FIELD_LIVE_ONLY | FIELD_RETIRED)) == 0 &&
           field->type != FIELD_GROUP;
}

static bool is_map(const struct field *field)
{
    return field->type == FIELD_MAP || field->type == FIELD_SECRETS;
}

void kind_put_all(const struct call_context *context, struct node *body)
{
    struct arena *arena = context->arena;

    for (const struct field *field = context->change->kind->fields; field->name != NULL; field++) {
        const struct node *value = wanted(context, field->name);

        if (!is_sent(field) || value == NULL || value->type == NODE_NULL)
            continue;
        if (!is_map(field) || !node_is(value, NODE_MAP)) {
            node_set_path(arena, body, send_path(field), wire(arena, field, value));
            continue;
        }
        struct node *map = map_at(arena, body, send_path(field));

        for (uint32_t i = 0; i < value->count; i++)
            node_set(arena, map, value->pairs[i].key, node_copy(arena, value->pairs[i].value));
    }
}

void kind_put_mark(const struct call_context *context, struct node *body, const char *home)
{
    if (context->mark != NULL) {
        node_set_string(
            context->arena, map_at(context->arena, body, home), MARK_KEY, context->mark);
    }
}

/** The value to write for a change: NULL takes it back. */
static const struct node *new_value(
    const struct call_context *context, const struct field_change *change, const char *key)
{
    const struct node *value = wanted(context, change->field->name);

    /* change->new of a secret is only its trace: the reference stands in the resource. */
    if (change->new == NULL)
        return NULL;
    if (value == NULL || key == NULL || !node_is(value, NODE_MAP))
        return value != NULL ? value : change->new;
    return node_get(value, key);
}

static bool lives_in(const char *path, const char *home)
{
    size_t length = home != NULL ? strlen(home) : 0;

    return home != NULL && strncmp(path, home, length) == 0 &&
           (path[length] == '\0' || path[length] == '.');
}

/** body.home as it is live, to be changed. */
static struct node *whole_home(
    const struct call_context *context, struct node *body, const char *home)
{
    struct node *map = node_get(body, home);

    if (map == NULL) {
        const struct node *live = node_get(context->change->object->raw, home);

        map = node_is(live, NODE_MAP) ? node_copy(context->arena, live) : node_map(context->arena);
        node_set(context->arena, body, home, map);
    }
    return map;
}

/** The map that a key is to be changed in: where the server replaces it whole, all of the live one. */
static struct node *map_to_change(const struct call_context *context, struct node *body,
    const char *home, const struct field *field, bool *ret_whole)
{
    const char *path = send_path(field);
    const char *api = field->api != NULL ? field->api : field->name;
    struct arena *arena = context->arena;
    const struct node *live = node_get(context->change->object->raw, path);
    struct node *map = node_path(body, path);

    *ret_whole = true;
    if (lives_in(path, home) && strchr(path, '.') == NULL)
        return whole_home(context, body, home);
    if (lives_in(api, home)) {
        /* Stored inside `home`, sent beside it (model_rpm_limit). */
        struct node *inside = whole_home(context, body, home);
        const char *tail = api + strlen(home) + 1;

        live = node_get(inside, tail);
        if (map == NULL && node_is(live, NODE_MAP))
            map = node_copy(arena, live);
        node_unset(inside, tail);
    } else if (map == NULL && node_is(live, NODE_MAP)) {
        map = node_copy(arena, live);
    } else if (map == NULL || live == NULL) {
        *ret_whole = live != NULL;
    }
    if (map == NULL)
        map = node_map(arena);
    node_set_path(arena, body, path, map);
    return map;
}

/** One key of a free-form map. */
static void put_key(const struct call_context *context, struct node *body, const char *home,
    const struct field_change *change)
{
    const char *key = change->path + strlen(change->field->name) + 1;
    const struct node *value = new_value(context, change, key);
    bool whole = false;
    struct node *map = map_to_change(context, body, home, change->field, &whole);

    if (value != NULL)
        node_set(context->arena, map, key, node_copy(context->arena, value));
    else if (whole)
        node_unset(map, key);
    else
        node_set(context->arena, map, key, node_null(context->arena));
}

/** A field that is stored inside `home`, but sent beside it (model_rpm_limit). */
static void put_lifted(const struct call_context *context, struct node *body, const char *home,
    const struct field_change *change)
{
    const char *api = change->field->api;
    const struct node *value = new_value(context, change, NULL);
    struct node *map = whole_home(context, body, home);

    node_unset(map, api + strlen(home) + 1);
    if (value != NULL) {
        node_set_path(context->arena, body, send_path(change->field),
            wire(context->arena, change->field, value));
    }
}

void kind_put_changes(
    const struct call_context *context, struct node *body, const char *home, bool mark)
{
    struct arena *arena = context->arena;

    VEC_EACH(change, &context->change->fields) {
        const struct field *field = change->field;

        if (field == NULL || !is_sent(field))
            continue;
        if (is_map(field) && strchr(change->path, '.') != NULL) {
            put_key(context, body, home, change);
        } else if (field->api != NULL && lives_in(field->api, home)) {
            put_lifted(context, body, home, change);
        } else {
            const struct node *value = new_value(context, change, NULL);

            node_set_path(arena, body, send_path(field),
                value != NULL ? wire(arena, field, value) : unset_value(arena, field));
        }
    }
    if (home != NULL && (mark || node_get(body, home) != NULL)) {
        whole_home(context, body, home);
        kind_put_mark(context, body, home);
    }
}
