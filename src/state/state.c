#include "state/state.h"

#include "base/digest.h"
#include "state/codec.h"

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
    CLEANUP_ARENA struct arena *scratch = arena_new();
    switch (backend->ops->read(backend, scratch, "state.json", &bytes, &length, &etag, diags)) {
    case BACKEND_OK:
        break;
    case BACKEND_ABSENT:
        return state_new(arena, environment);
    default:
        return NULL;
    }
    struct state *state = state_decode(arena, bytes, length, environment, diags);
    if (state == NULL || state_has_moved(state, diags))
        return NULL;
    state->etag = arena_strdup(arena, etag);
    return state;
}

bool state_has_moved(const struct state *state, struct diags *diags)
{
    if (state->moved == NULL)
        return false;
    const char *to = node_get_text(state->moved, "to");
    const char *at = node_get_text(state->moved, "at");
    const char *who = node_get_text(state->moved, "who");
    struct diag *diag = diag_add(diags, "LF454", "the state of \"%s\" has moved to %s, at %s by %s",
        state->environment, to == NULL ? "a place that is not told" : to,
        at == NULL ? "an unknown time" : at, who == NULL ? "somebody" : who);
    diag->fix = arena_printf(diags->arena,
        "take the spec that names the new place; to move it back here: liteform init %s --migrate",
        state->environment);
    return true;
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

void state_drop(struct arena *arena, struct state *state, const char *address)
{
    (void)arena;
    map_remove(&state->known.objects, address);
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
