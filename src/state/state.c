#include "state/state.h"

#include "base/digest.h"
#include "state/codec.h"

#include <string.h>

/* The state in memory: made, read without a lock, changed. Its text form is in encode and decode. */

struct state *state_new(struct arena *arena, const char *environment)
{
    struct state *state = ARENA_NEW(arena, struct state);
    state->known.lineage = digest_uuid(arena);
    state->known.objects = map_init(arena);
    state->environment = arena_strdup(arena, environment);
    state->status = "clean";
    return state;
}

struct state *state_read(
    struct arena *arena, struct backend *backend, const char *environment, struct diags *diags)
{
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL;
    switch (backend->ops->read(backend, arena, "state.json", &bytes, &length, &etag, diags)) {
    case BACKEND_OK:
        break;
    case BACKEND_ABSENT:
        return state_new(arena, environment);
    default:
        return NULL;
    }
    struct state *state = state_decode(arena, bytes, length, environment, diags);
    if (state != NULL)
        state->etag = etag;
    return state;
}

void state_put(struct arena *arena, struct state *state, const struct known_object *object)
{
    /* A new one each time: whoever looked at the old one goes on seeing what it saw. */
    struct known_object *copy = ARENA_NEW(arena, struct known_object);
    *copy = (struct known_object){
        .address = arena_strdup(arena, object->address),
        .kind = arena_strdup(arena, object->kind),
        .id = arena_strdup(arena, object->id),
        .adopted = object->adopted,
        .fields = codec_copy(arena, object->fields),
        .extra = codec_copy(arena, object->extra),
        .changed_at = arena_strdup(arena, object->changed_at),
        .server_time = arena_strdup(arena, object->server_time),
    };
    map_set(&state->known.objects, copy->address, copy);
}

/*
 * Takes the entry at `index` out of the map and finds all others their slots again, in place:
 * linear probing leaves no other cheap way to give one slot back.
 */
static void map_take_out(struct map *map, size_t index)
{
    map->count--;
    memmove(&map->at[index], &map->at[index + 1], (map->count - index) * sizeof(*map->at));
    memset(map->slots, 0, map->slot_count * sizeof(*map->slots));
    size_t mask = map->slot_count - 1;
    for (size_t i = 0; i < map->count; i++) {
        size_t slot = (size_t)map->at[i].hash & mask;
        while (map->slots[slot] != 0)
            slot = (slot + 1) & mask;
        map->slots[slot] = (uint32_t)(i + 1);
    }
}

void state_drop(struct arena *arena, struct state *state, const char *address)
{
    (void)arena;
    struct map *map = &state->known.objects;
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->at[i].key, address) == 0) {
            map_take_out(map, i);
            return;
        }
    }
}

bool state_frozen(const struct state *state, struct diags *diags)
{
    const struct freeze *freeze = &state->freeze;
    if (freeze->id == NULL)
        return false;
    struct diag *diag = diag_add(diags, "LF409", "\"%s\" is frozen by %s since %s: %s",
        state->environment, freeze->who == NULL ? "somebody" : freeze->who,
        freeze->since == NULL ? "an unknown time" : freeze->since,
        freeze->reason == NULL ? "no reason was given" : freeze->reason);
    diag->fix = arena_printf(diags->arena, "when the reason is gone: liteform unlock %s --id %s",
        state->environment, freeze->id);
    return true;
}
