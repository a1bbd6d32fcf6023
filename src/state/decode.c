#include "base/arena.h"
#include "base/text.h"
#include "state/codec.h"
#include "state/state.h"
#include "value/pool.h"

#include <string.h>

/* The state out of its text, which may be damaged, of another program version, or of another day. */

struct decoder {
    struct arena *arena;
    struct pool *pool;  /* what is kept is copied through it: most objects say the same */
    const char *reason; /* the first fault, or NULL */
};

enum need { MAY, MUST };

static void fault(struct decoder *decoder, const char *where, const char *key, const char *what)
{
    if (decoder->reason == NULL)
        decoder->reason = arena_printf(decoder->arena, "%s%s%s %s", where == NULL ? "" : where,
            where == NULL ? "" : ": ", key, what);
}

/* The member, or NULL when it is absent or null; another type is a fault. */
static const struct node *member(struct decoder *decoder, const struct node *map, const char *where,
    const char *key, enum node_type type, enum need need)
{
    const struct node *node = node_get(map, key);
    if (node == NULL || node->type == NODE_NULL) {
        if (need == MUST)
            fault(decoder, where, key, "is missing");
        return NULL;
    }
    if (node->type != type) {
        fault(decoder, where, key, "is of the wrong type");
        return NULL;
    }
    return node;
}

static const char *text(struct decoder *decoder, const struct node *map, const char *where,
    const char *key, enum need need)
{
    return pool_text(decoder->pool, node_text(member(decoder, map, where, key, NODE_STRING, need)));
}

/* A member that is a map, kept. */
static const struct node *part(
    struct decoder *decoder, const struct node *map, const char *where, const char *key)
{
    return pool_node(decoder->pool, member(decoder, map, where, key, NODE_MAP, MAY));
}

/* Serial and epoch: counted up by one, so there is no way to an end of their range. */
static int64_t counter(struct decoder *decoder, const struct node *map, const char *key)
{
    const struct node *node = member(decoder, map, NULL, key, NODE_INT, MUST);
    if (node == NULL)
        return 0;
    if (node->integer < 0 || node->integer > INT64_MAX / 2)
        fault(decoder, NULL, key, "is out of range");
    return node->integer;
}

static bool is_one_of(const char *key, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, key) == 0)
            return true;
    }
    return false;
}

/* The members of `map` that are not among `names`, or NULL when there are none. */
static struct node *others(struct arena *arena, const struct node *map, const char *const *names)
{
    struct node *unknown = NULL;
    for (uint32_t i = 0; i < map->count; i++) {
        if (is_one_of(map->pairs[i].key, names))
            continue;
        if (unknown == NULL)
            unknown = node_map(arena);
        node_set(arena, unknown, map->pairs[i].key, node_copy(arena, map->pairs[i].value));
    }
    return unknown;
}

static const char *const object_members[] = {
    "adopted", "changed_at", "extra", "fields", "id", "kind", "server_time", NULL};

static const char *const state_members[] = {"environment", "epoch", "format", "freeze",
    "last_clean", "last_run", "lineage", "moved", "objects", "run", "serial", "status", "store",
    "taken_over", "target", "tool", "write_id", "written_at", NULL};

static struct known_object *decode_object(
    struct decoder *decoder, const char *address, const struct node *map)
{
    struct known_object *object = ARENA_NEW(decoder->arena, struct known_object);
    object->address = arena_strdup(decoder->arena, address);
    object->kind = text(decoder, map, address, "kind", MUST);
    object->id = text(decoder, map, address, "id", MAY);
    object->fields = part(decoder, map, address, "fields");
    object->extra = part(decoder, map, address, "extra");
    object->changed_at = text(decoder, map, address, "changed_at", MAY);
    object->server_time = text(decoder, map, address, "server_time", MAY);
    const struct node *adopted = member(decoder, map, address, "adopted", NODE_BOOL, MAY);
    object->adopted = adopted != NULL && adopted->boolean;
    return object;
}

static void decode_objects(struct decoder *decoder, const struct node *map, struct state *state)
{
    const struct node *objects = member(decoder, map, NULL, "objects", NODE_MAP, MUST);
    if (objects == NULL)
        return;
    struct node *unknown_objects = NULL;
    for (uint32_t i = 0; i < objects->count; i++) {
        const char *address = objects->pairs[i].key;
        const struct node *value = objects->pairs[i].value;
        if (!node_is(value, NODE_MAP)) {
            fault(decoder, NULL, address, "is of the wrong type");
            return;
        }
        struct known_object *object = decode_object(decoder, address, value);
        map_set(&state->known.objects, object->address, object);
        struct node *unknown = others(decoder->arena, value, object_members);
        if (unknown == NULL)
            continue;
        if (unknown_objects == NULL)
            unknown_objects = node_map(decoder->arena);
        node_set(decoder->arena, unknown_objects, address, unknown);
    }
    if (unknown_objects == NULL)
        return;
    struct node *unknown = node_map(decoder->arena);
    if (state->unknown != NULL)
        unknown = node_copy_shallow(decoder->arena, state->unknown);
    node_set(decoder->arena, unknown, "objects", unknown_objects);
    state->unknown = unknown;
}

static void decode_freeze(struct decoder *decoder, const struct node *map, struct state *state)
{
    const struct node *freeze = member(decoder, map, NULL, "freeze", NODE_MAP, MAY);
    if (freeze == NULL)
        return;
    state->freeze = (struct freeze){
        .id = text(decoder, freeze, "freeze", "id", MUST),
        .reason = text(decoder, freeze, "freeze", "reason", MAY),
        .who = text(decoder, freeze, "freeze", "who", MAY),
        .since = text(decoder, freeze, "freeze", "since", MAY),
    };
}

static struct state *decode(struct decoder *decoder, const struct node *map)
{
    struct state *state = ARENA_NEW(decoder->arena, struct state);
    state->known.objects = map_init(decoder->arena);
    state->known.serial = counter(decoder, map, "serial");
    /* Serial 0 was claimed by a run and never written by one: nothing is known for certain. */
    state->known.exists = state->known.serial > 0;
    state->known.lineage = text(decoder, map, NULL, "lineage", MUST);
    state->epoch = counter(decoder, map, "epoch");
    state->environment = text(decoder, map, NULL, "environment", MUST);
    state->status = text(decoder, map, NULL, "status", MUST);
    static const char *const statuses[] = {"clean", "applying", "interrupted", NULL};
    if (state->status != NULL && !is_one_of(state->status, statuses))
        fault(decoder, NULL, "status", "is none of clean, applying, interrupted");
    state->tool = text(decoder, map, NULL, "tool", MAY);
    state->written_at = text(decoder, map, NULL, "written_at", MAY);
    state->write_id = text(decoder, map, NULL, "write_id", MUST);
    state->target = part(decoder, map, NULL, "target");
    state->last_clean = part(decoder, map, NULL, "last_clean");
    state->last_run = part(decoder, map, NULL, "last_run");
    state->moved = part(decoder, map, NULL, "moved");
    state->store = part(decoder, map, NULL, "store");
    state->run = part(decoder, map, NULL, "run");
    const struct node *taken_over = member(decoder, map, NULL, "taken_over", NODE_LIST, MAY);
    for (uint32_t i = 0; taken_over != NULL && i < taken_over->count; i++) {
        const char *lineage = node_text(taken_over->items[i]);
        if (lineage != NULL)
            strings_add(
                decoder->arena, &state->known.taken_over, arena_strdup(decoder->arena, lineage));
    }
    state->unknown = others(decoder->arena, map, state_members);
    decode_freeze(decoder, map, state);
    decode_objects(decoder, map, state);
    return state;
}

/* Looked at before the checksum: how that is made is the first thing a new format would change. */
static bool format_is_ours(const struct node *map, const char *environment, struct diags *diags)
{
    const struct node *format = node_get(map, "format");
    if (!node_is(format, NODE_INT) || format->integer < 1) {
        diag_add(
            diags, "LF402", "the state of \"%s\" does not say which format it has", environment);
        return false;
    }
    if (format->integer <= STATE_FORMAT)
        return true;
    const char *tool = node_get_text(map, "tool");
    struct diag *diag = diag_add(diags, "LF403",
        "the state of \"%s\" has format %lld, and this program knows formats up to %d", environment,
        (long long)format->integer, STATE_FORMAT);
    diag->fix = arena_printf(
        diags->arena, "use %s or a newer one", tool == NULL ? "the program that wrote it" : tool);
    return false;
}

static bool is_of(const struct state *state, const char *environment, struct diags *diags)
{
    if (text_equal(state->environment, environment))
        return true;
    struct diag *diag = diag_add(diags, "LF404", "the state stored for \"%s\" is that of \"%s\"",
        environment, state->environment);
    diag->fix =
        "look where `backend:` of the two environments leads: each needs a place of its own";
    return false;
}

static struct state *decode_text(struct arena *arena, const char *bytes, size_t length,
    enum codec_check check, const char *environment, struct diags *diags)
{
    const char *reason = NULL;
    CLEANUP_ARENA struct arena *scratch = arena_new();
    CLEANUP_POOL struct pool *pool = pool_new(arena);
    struct codec_stored stored = {.bytes = bytes, .length = length};
    bool parsed = codec_parse_stored(scratch, &stored, &reason);
    if (parsed && !format_is_ours(stored.map, environment, diags))
        return NULL;
    bool sound = parsed && codec_unseal_stored(scratch, &stored, check, &reason);
    struct decoder decoder = {.arena = arena, .pool = pool, .reason = reason};
    struct state *state = sound ? decode(&decoder, stored.map) : NULL;
    if (decoder.reason != NULL) {
        struct diag *diag = diag_add(
            diags, "LF402", "the state of \"%s\" is damaged: %s", environment, decoder.reason);
        diag->fix = arena_printf(diags->arena,
            "an edit that is meant: liteform state push %s FILE --force; else: "
            "liteform state restore %s",
            environment, environment);
        return NULL;
    }
    return is_of(state, environment, diags) ? state : NULL;
}

struct state *state_decode(struct arena *arena, const char *bytes, size_t length,
    const char *environment, struct diags *diags)
{
    return decode_text(arena, bytes, length, CODEC_SEALED, environment, diags);
}

struct state *state_decode_edited(struct arena *arena, const char *bytes, size_t length,
    const char *environment, struct diags *diags)
{
    return decode_text(arena, bytes, length, CODEC_EDITED, environment, diags);
}
