#include "base/buf.h"
#include "state/codec.h"
#include "state/state.h"

#include <stdlib.h>
#include <string.h>

/*
 * The state as canonical JSON. Written straight into the buffer: for 10,000 objects a tree of the
 * whole would cost more than the text itself.
 */

enum member_type {
    MEMBER_TEXT,
    MEMBER_INT,
    MEMBER_BOOL,
    MEMBER_NODE,
    MEMBER_OBJECTS,
    MEMBER_CHECKSUM,
};

struct member {
    const char *key;
    enum member_type type;
    const char *text;
    int64_t integer;
    const struct node *node;
};

struct members {
    struct member *at;
    size_t count, cap;
};

struct encoder {
    struct arena *arena;
    const struct state *state;
    struct members object; /* of the object at hand; its memory is used for all of them */
    size_t zeros;          /* where the checksum goes */
    struct buf *out;
};

static struct member *add(
    struct encoder *encoder, struct members *members, const char *key, enum member_type type)
{
    struct member *member = VEC_ADD(encoder->arena, members);
    *member = (struct member){.key = key, .type = type};
    return member;
}

static void add_text(
    struct encoder *encoder, struct members *members, const char *key, const char *text)
{
    if (text != NULL)
        add(encoder, members, key, MEMBER_TEXT)->text = text;
}

static void add_int(
    struct encoder *encoder, struct members *members, const char *key, int64_t value)
{
    add(encoder, members, key, MEMBER_INT)->integer = value;
}

static void add_node(
    struct encoder *encoder, struct members *members, const char *key, const struct node *node)
{
    if (node != NULL)
        add(encoder, members, key, MEMBER_NODE)->node = node;
}

static void add_unknown(
    struct encoder *encoder, struct members *members, const struct node *unknown, const char *but)
{
    if (!node_is(unknown, NODE_MAP))
        return;
    for (uint32_t i = 0; i < unknown->count; i++) {
        if (but == NULL || strcmp(unknown->pairs[i].key, but) != 0)
            add_node(encoder, members, unknown->pairs[i].key, unknown->pairs[i].value);
    }
}

static int compare_members(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    return strcmp(x->key, y->key);
}

static void write_objects(struct encoder *encoder);

static void write_member(struct encoder *encoder, const struct member *member)
{
    struct buf *out = encoder->out;
    json_quote(out, member->key);
    buf_char(out, ':');
    switch (member->type) {
    case MEMBER_TEXT:
        json_quote(out, member->text);
        break;
    case MEMBER_CHECKSUM:
        encoder->zeros = out->len + 1;
        json_quote(out, CODEC_UNSEALED);
        break;
    case MEMBER_INT:
        buf_printf(out, "%lld", (long long)member->integer);
        break;
    case MEMBER_BOOL:
        buf_str(out, member->integer != 0 ? "true" : "false");
        break;
    case MEMBER_NODE:
        node_json(member->node, out);
        break;
    case MEMBER_OBJECTS:
        write_objects(encoder);
        break;
    }
}

static void write_members(struct encoder *encoder, struct members *members)
{
    qsort(members->at, members->count, sizeof(*members->at), compare_members);
    buf_char(encoder->out, '{');
    for (size_t i = 0; i < members->count; i++) {
        if (i > 0)
            buf_char(encoder->out, ',');
        write_member(encoder, &members->at[i]);
    }
    buf_char(encoder->out, '}');
}

static void write_object(struct encoder *encoder, const struct known_object *object)
{
    struct members *members = &encoder->object;
    members->count = 0;
    if (object->adopted)
        add(encoder, members, "adopted", MEMBER_BOOL)->integer = 1;
    add_text(encoder, members, "changed_at", object->changed_at);
    add_node(encoder, members, "extra", object->extra);
    add_node(encoder, members, "fields", object->fields);
    add_text(encoder, members, "id", object->id);
    add_text(encoder, members, "kind", object->kind);
    add_text(encoder, members, "server_time", object->server_time);
    const struct node *unknown = node_get(encoder->state->unknown, "objects");
    add_unknown(encoder, members, node_get(unknown, object->address), NULL);
    json_quote(encoder->out, object->address);
    buf_char(encoder->out, ':');
    write_members(encoder, members);
}

static int compare_objects(const void *a, const void *b)
{
    const struct known_object *const *x = a, *const *y = b;
    return strcmp((*x)->address, (*y)->address);
}

static void write_objects(struct encoder *encoder)
{
    const struct map *objects = &encoder->state->known.objects;
    const struct known_object **sorted =
        arena_array(encoder->arena, objects->count, sizeof(struct known_object *));
    for (size_t i = 0; i < objects->count; i++)
        sorted[i] = objects->at[i].value;
    if (objects->count > 1)
        qsort(sorted, objects->count, sizeof(struct known_object *), compare_objects);
    buf_char(encoder->out, '{');
    for (size_t i = 0; i < objects->count; i++) {
        if (i > 0)
            buf_char(encoder->out, ',');
        write_object(encoder, sorted[i]);
    }
    buf_char(encoder->out, '}');
}

static const struct node *freeze_node(struct arena *arena, const struct freeze *freeze)
{
    if (freeze->id == NULL)
        return NULL;
    struct node *map = node_map(arena);
    const char *const names[] = {"id", "reason", "since", "who"};
    const char *const values[] = {freeze->id, freeze->reason, freeze->since, freeze->who};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (values[i] != NULL)
            node_set_string(arena, map, names[i], values[i]);
    }
    return map;
}

static const struct node *texts_node(struct arena *arena, const struct strings *texts)
{
    if (texts->count == 0)
        return NULL;
    struct node *list = node_list(arena);
    for (size_t i = 0; i < texts->count; i++)
        node_list_add(arena, list, node_string(arena, texts->at[i]));
    return list;
}

void state_encode(const struct state *state, struct buf *out)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct encoder encoder = {.arena = scratch, .state = state, .out = out};
    struct members members = {0};
    size_t from = out->len;
    add(&encoder, &members, "checksum", MEMBER_CHECKSUM);
    add_text(&encoder, &members, "environment", state->environment);
    add_int(&encoder, &members, "epoch", state->epoch);
    add_int(&encoder, &members, "format", STATE_FORMAT);
    add_node(&encoder, &members, "freeze", freeze_node(scratch, &state->freeze));
    add_node(&encoder, &members, "last_clean", state->last_clean);
    add_node(&encoder, &members, "last_run", state->last_run);
    add_text(&encoder, &members, "lineage", state->known.lineage);
    add_node(&encoder, &members, "moved", state->moved);
    add(&encoder, &members, "objects", MEMBER_OBJECTS);
    add_node(&encoder, &members, "run", state->run);
    add_int(&encoder, &members, "serial", state->known.serial);
    add_text(&encoder, &members, "status", state->status);
    add_node(&encoder, &members, "store", state->store);
    add_node(&encoder, &members, "taken_over", texts_node(scratch, &state->known.taken_over));
    add_node(&encoder, &members, "target", state->target);
    add_text(&encoder, &members, "tool", state->tool);
    add_text(&encoder, &members, "write_id", state->write_id);
    add_text(&encoder, &members, "written_at", state->written_at);
    add_unknown(&encoder, &members, state->unknown, "objects");
    write_members(&encoder, &members);
    codec_seal(out, from, encoder.zeros);
}
