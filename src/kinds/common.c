/* The server's objects into fields, by the field table. */
#include "kinds/common.h"

#include "base/fail.h"
#include "base/text.h"
#include "value/build.h"

/** What decoding one object needs. */
struct decoding {
    struct live *live;
    struct object *object;
    kind_wants *wants;
    struct arena *scratch;
};

/** A copy that is shared with its equals, if there is a pool. */
static const struct node *keep(const struct live *live, const struct node *value)
{
    return live->pool != NULL ? pool_node(live->pool, value) : node_copy(live->arena, value);
}

const char *kind_text(const struct live *live, const char *text)
{
    return live->pool != NULL ? pool_text(live->pool, text) : arena_strdup(live->arena, text);
}

struct object *kind_object(
    struct live *live, const struct live_kind *in, const char *id, const char *name)
{
    struct object *object = ARENA_NEW(live->arena, struct object);

    object->kind = in->kind;
    object->id = kind_text(live, id);
    object->name = kind_text(live, name);
    object->fields = node_map(live->arena);
    object->raw = node_map(live->arena);
    return object;
}

/** Building goes on for as long as lists come in: until then the object is ours to change. */
static struct node *under_construction(const struct node *node)
{
    union {
        const struct node *shared;
        struct node *own;
    } it = {.shared = node};

    return it.own;
}

void kind_keep(struct live *live, struct object *object, const char *key, const struct node *value)
{
    if (value != NULL)
        node_put(live->arena, under_construction(object->raw), key,
            under_construction(keep(live, value)));
}

void kind_set_unseen(struct live *live, struct object *object, const char *field)
{
    if (!strings_has(&object->unseen, field))
        strings_add(live->arena, &object->unseen, field);
}

static void forget_unseen(struct object *object, const char *field)
{
    struct strings *unseen = &object->unseen;
    size_t kept = 0;

    for (size_t i = 0; i < unseen->count; i++) {
        if (!text_equal(unseen->at[i], field))
            unseen->at[kept++] = unseen->at[i];
    }
    unseen->count = kept;
}

/** Models as the spec says them: `all`, `none`, or a list. */
static const struct node *models_read(struct arena *scratch, const struct node *value)
{
    if (!node_is(value, NODE_LIST) || value->count == 0)
        return node_string(scratch, "all"); /* absent and [] mean all (facts 0.8) */
    for (uint32_t i = 0; i < value->count; i++) {
        const char *name = node_text(value->items[i]);

        if (text_equal(name, MODELS_ALL) || (value->count == 1 && text_equal(name, MODELS_TEAM)))
            return node_string(scratch, "all");
        if (value->count == 1 && text_equal(name, MODELS_NONE))
            return node_string(scratch, "none");
    }
    return value;
}

/** A free map without our mark, and without nulls: the cost map fills model_info with dozens. */
static const struct node *map_read(
    const struct decoding *d, const struct field *field, const struct node *value)
{
    struct node *out = node_map(d->scratch);

    for (uint32_t i = 0; i < value->count; i++) {
        const struct pair *pair = &value->pairs[i];

        if (pair->value->type != NODE_NULL && !text_equal(pair->key, MARK_KEY) &&
            (d->wants == NULL || d->wants(d->live, d->object, field, pair)))
            node_put(d->scratch, out, pair->key, pair->value);
    }
    return out;
}

/** The value as the spec would say it, in parts that may be the caller's; NULL: not set. */
static const struct node *field_read(
    const struct decoding *d, const struct field *field, const struct node *value)
{
    if (field->type == FIELD_MODELS)
        return models_read(d->scratch, value);
    /* "" is how a text is cleared where null is ignored (user_alias, team_alias). */
    if (node_is_nothing(value) || (node_is(value, NODE_STRING) && value->text[0] == '\0'))
        return NULL;
    if (field->type == FIELD_MAP && node_is(value, NODE_MAP))
        return map_read(d, field, value);
    return value;
}

void kind_set_field(
    struct live *live, struct object *object, const char *name, const struct node *value)
{
    const struct field *field = field_by_name(object->kind->fields, name);
    struct node *fields = under_construction(object->fields);
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct decoding decoding = {.live = live, .object = object, .scratch = scratch};
    const struct node *read = field != NULL ? field_read(&decoding, field, value) : value;

    forget_unseen(object, name);
    if (read == NULL)
        node_unset(fields, name);
    else
        node_put(live->arena, fields, field != NULL ? field->name : kind_text(live, name),
            under_construction(keep(live, read)));
}

/** Whether the item has the place at all: the map that holds the last part, and the part in it. */
static bool has_place(const struct node *item, const char *path)
{
    const char *dot = strchr(path, '.');

    if (dot == NULL)
        return node_get(item, path) != NULL;
    /* "metadata.x": the map is there, so x is known, set or not. */
    char head[64];
    size_t length = (size_t)(dot - path);

    if (length >= sizeof(head))
        return false;
    memcpy(head, path, length);
    head[length] = '\0';
    return node_get(item, head) != NULL;
}

#define MOST_FIELDS 96

void kind_decode_some(
    struct live *live, struct object *object, const struct node *item, kind_wants *wants)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct decoding decoding = {.live = live, .object = object, .wants = wants, .scratch = scratch};
    struct pair pairs[MOST_FIELDS];
    size_t count = 0;

    for (const struct field *field = object->kind->fields; field->name != NULL; field++) {
        const char *path = field->api != NULL ? field->api : field->name;
        unsigned skip = FIELD_LOCAL | FIELD_RETIRED | FIELD_WRITE_ONLY;

        if ((field->flags & skip) != 0 || field->type == FIELD_GROUP ||
            field->type == FIELD_SECRET || field->type == FIELD_SECRETS)
            continue;
        if (!has_place(item, path)) {
            kind_set_unseen(live, object, field->name);
            continue;
        }
        const struct node *read = field_read(&decoding, field, node_path(item, path));
        if (read == NULL)
            continue;
        if (count == MOST_FIELDS)
            fail_bug("a kind with too many fields", object->kind->name);
        pairs[count++] =
            (struct pair){.key = field->name, .value = under_construction(keep(live, read))};
    }
    pairs_sort(pairs, count);
    node_map_fill(live->arena, under_construction(object->fields), pairs, count);
}

void kind_decode(struct live *live, struct object *object, const struct node *item)
{
    kind_decode_some(live, object, item, NULL);
}

static const char *waiting_key(struct arena *arena, const char *sort, const char *id)
{
    return arena_printf(arena, "%s:%s", sort, id);
}

void *waiting(const struct live_kind *in, const char *sort, const char *id)
{
    if (in->raw.arena == NULL || id == NULL)
        return NULL;
    CLEANUP_BUF struct buf key = BUF_INIT(4096);

    buf_printf(&key, "%s:%s", sort, id);
    return map_get(&in->raw, buf_text(&key));
}

void wait_for(
    struct live *live, struct live_kind *in, const char *sort, const char *id, const void *value)
{
    union {
        const void *shared;
        void *own;
    } it = {.shared = value};

    if (in->raw.arena == NULL)
        in->raw = map_init(live->arena);
    map_set(&in->raw, waiting_key(live->arena, sort, id), it.own);
}

bool is_masked(const char *text)
{
    return text != NULL && (strstr(text, "****") != NULL || text_equal(text, "***"));
}
