/* What the state and the journal remember of a change: ids, values written, hashes of secrets. */
#include "apply/internal.h"
#include "base/clock.h"
#include "base/text.h"
#include "model/mark.h"

#include <string.h>

/** The hash of a secret that was written, or what the state held of one that was not. */
static struct node *trace_of(struct run *run, const struct change *change, const char *path,
    const struct node *wanted, const struct node *was)
{
    VEC_EACH(field, &change->fields) {
        if (text_equal(field->path, path)) {
            struct secret_fact fact = secrets_fact(run->secrets, run->arena, wanted->text);
            struct node *trace = node_map(run->arena);
            node_set_string(run->arena, trace, "reference", wanted->text);
            if (fact.hash != NULL) {
                node_set_string(run->arena, trace, "hmac", fact.hash);
            }
            return trace;
        }
    }
    if (was != NULL) {
        return node_copy(run->arena, was);
    }
    /* Declared and never written by us (a state that was lost): its value is not known. */
    struct node *unknown = node_map(run->arena);
    node_set_string(run->arena, unknown, "reference", wanted->text);
    return unknown;
}

/** The same as learn_leftover() for the keys of a map. */
static void keep_leftover_keys(struct run *run, const struct change *change, const char *path,
    const struct node *wanted, const struct node *was, struct node *out)
{
    const struct node *have =
        change->object != NULL ? node_path(change->object->fields, path) : NULL;

    for (uint32_t i = 0; node_is(was, NODE_MAP) && i < was->count; i++) {
        const struct pair *pair = &was->pairs[i];
        const char *key = arena_printf(run->arena, "%s.%s", path, pair->key);
        bool unseen = change->object != NULL && (strings_has(&change->object->unseen, path) ||
                                                    strings_has(&change->object->unseen, key));
        bool unset = node_get(wanted, pair->key) != NULL || change->action == ACTION_REPLACE ||
                     (!unseen && node_is_nothing(node_get(have, pair->key)));
        for (size_t k = 0; !unset && k < change->fields.count; k++) {
            unset = text_equal(change->fields.at[k].path, key);
        }
        if (!unset) {
            node_set(run->arena, out, pair->key, node_copy(run->arena, pair->value));
        }
    }
}

static struct node *learn_value(struct run *run, const struct change *change, const char *path,
    const struct node *wanted, const struct node *was)
{
    if ((wanted->marks & NODE_SECRET) != 0) {
        return trace_of(run, change, path, wanted, was);
    }
    if (!node_is(wanted, NODE_MAP)) {
        return node_copy(run->arena, wanted);
    }
    struct node *out = node_map(run->arena);
    for (uint32_t i = 0; i < wanted->count; i++) {
        const struct pair *pair = &wanted->pairs[i];
        struct node *value =
            learn_value(run, change, arena_printf(run->arena, "%s.%s", path, pair->key),
                pair->value, node_get(was, pair->key));
        if (value != NULL) {
            node_set(run->arena, out, pair->key, value);
        }
    }
    keep_leftover_keys(run, change, path, wanted, was, out);
    return out;
}

/** What we set, the spec no longer has, and this version cannot unset: ours until it is gone. */
static struct node *learn_leftover(
    struct run *run, const struct change *change, const char *path, const struct node *was)
{
    const struct node *have =
        change->object != NULL ? node_get(change->object->fields, path) : NULL;

    bool unseen = change->object != NULL && strings_has(&change->object->unseen, path);

    if (was == NULL || (!unseen && node_is_nothing(have)) || change->action == ACTION_REPLACE) {
        return NULL;
    }
    VEC_EACH(field, &change->fields) {
        if (text_equal(field->path, path)) {
            return NULL;
        }
    }
    return node_copy(run->arena, was);
}

static struct node *learn_fields(struct run *run, const struct change *change)
{
    const struct known_object *known =
        known_object(run->plan->known, change->from != NULL ? change->from : change->address);
    struct node *out = node_map(run->arena);

    if (known != NULL && change->object != NULL && !text_equal(known->id, change->object->id)) {
        known = NULL; /* the record is of another object of that name */
    }
    for (const struct field *f = change->kind->fields; f->name != NULL; f++) {
        const struct node *wanted = node_get(change->resource->fields, f->name);
        if (f->type == FIELD_GROUP || (f->flags & (FIELD_LOCAL | FIELD_LIVE_ONLY)) != 0) {
            continue;
        }
        const struct node *was = known != NULL ? node_get(known->fields, f->name) : NULL;
        struct node *value = wanted != NULL ? learn_value(run, change, f->name, wanted, was)
                                            : learn_leftover(run, change, f->name, was);
        if (value != NULL) {
            node_set(run->arena, out, f->name, value);
        }
    }
    return out;
}

bool learn_adopted(struct run *run, const struct change *change)
{
    const struct known_object *known =
        known_object(run->plan->known, change->from != NULL ? change->from : change->address);
    const char *mark = change->object != NULL ? change->object->mark : NULL;

    if (change->action == ACTION_CREATE || change->action == ACTION_REPLACE ||
        change->action == ACTION_ROTATE) {
        return false;
    }
    /* What the state says of another object by that name does not count. */
    if (known != NULL && (change->object == NULL || text_equal(known->id, change->object->id))) {
        return known->adopted;
    }
    if (mark_is_of(mark, run->plan->spec->environment)) {
        return mark_says(mark, "adopted");
    }
    return change->action == ACTION_ADOPT;
}

struct known_object learn_object(struct run *run, const struct step *step)
{
    const struct change *change = step->change;
    const struct kind *kind = change->kind;
    const char *hash = node_get_text(change->extra, "new_hash");
    const char *id = step->made_id != NULL ? step->made_id : hash != NULL ? hash : change->id;

    return (struct known_object){
        .address = change->address,
        .kind = kind->name,
        .id = id,
        .adopted = learn_adopted(run, change),
        .fields = learn_fields(run, change),
        .extra = kind->remember != NULL ? kind->remember(&step->context) : NULL,
        .changed_at = clock_format(run->arena, clock_now()),
    };
}

struct node *learn_note(struct run *run, const struct step *step)
{
    const struct change *change = step->change;
    struct node *note = node_map(run->arena);

    if (change->resource == NULL) {
        return note;
    }
    struct known_object object = learn_object(run, step);
    node_set(run->arena, note, "fields", (struct node *)node_copy(run->arena, object.fields));
    node_set_bool(run->arena, note, "adopted", object.adopted);
    node_set(run->arena, note, "id", node_string(run->arena, object.id));
    if (object.extra != NULL) {
        node_set(run->arena, note, "extra", node_copy(run->arena, object.extra));
    }
    if (change->from != NULL) {
        node_set_string(run->arena, note, "from", change->from);
    }
    if (change->action == ACTION_ROTATE && change->object != NULL) {
        node_set_string(run->arena, note, "old", change->object->id);
    }
    return note;
}

void learn_done(struct run *run, const struct step *step)
{
    const struct change *change = step->change;
    struct state *state = session_state(run->session);

    if (change->action == ACTION_DELETE || change->action == ACTION_FORGET) {
        state_drop(run->arena, state, change->address);
        return;
    }
    struct known_object object = learn_object(run, step);
    if (change->from != NULL) {
        state_drop(run->arena, state, change->from);
    }
    state_put(run->arena, state, &object);
}

/** The state's record out of a journal entry whose change took effect. */
static void settle_put(struct arena *arena, const struct journal_entry *entry, struct state *state)
{
    const char *id = node_get_text(entry->note, "id");
    const char *from = node_get_text(entry->note, "from");
    struct known_object object = {.address = entry->address,
        .kind = entry->kind,
        .id = id != NULL ? id : entry->id,
        .adopted = node_get_bool(entry->note, "adopted", false),
        .fields = node_get(entry->note, "fields"),
        .extra = node_get(entry->note, "extra")};

    if (from != NULL) {
        state_drop(arena, state, from);
    }
    state_put(arena, state, &object);
}

/** The old key of a rotation that did not end: the next plan ends it. */
static void settle_rotation(struct arena *arena, const struct journal_entry *entry,
    const struct live_kind *in, struct state *state)
{
    const char *old = node_get_text(entry->note, "old");
    const struct object *object = old != NULL ? live_object(in, old) : NULL;
    const char *new = node_get_text(entry->note, "id");

    if (object == NULL || text_equal(old, new) || object->name == NULL ||
        strchr(object->name, '~') == NULL) {
        return;
    }
    struct node *extra = node_map(arena);
    node_set_bool(arena, extra, "retired", true);
    struct known_object retired = {.address = arena_printf(arena, "%s~%.12s", entry->address, old),
        .kind = entry->kind,
        .id = old,
        .fields = node_map(arena),
        .extra = extra};
    state_put(arena, state, &retired);
}

/**
 * Whether an entry's write is to be seen. An object that is there proves nothing for an adoption:
 * it was there before. The mark that the write carries does.
 */
static bool took_effect(
    const struct journal_entry *entry, const struct object *object, const char *environment)
{
    bool adopt = text_equal(entry->action, "adopt");

    if (text_equal(entry->result, "done") || text_equal(entry->action, "rotate")) {
        return true;
    }
    if (!adopt && !text_equal(entry->action, "create")) {
        return false;
    }
    if (object->mark == NULL) {
        return !adopt && object->parent != NULL; /* members carry no mark */
    }
    return mark_says(object->mark, adopt ? "adopted" : "created") &&
           mark_is_of(object->mark, environment);
}

unsigned apply_settle(struct arena *arena, const struct journal_entries *entries,
    const struct live *live, const struct kind_set *kinds, struct state *state)
{
    unsigned open = 0;

    VEC_EACH(entry, &entries->list) {
        const struct kind *kind = kind_by_name(kinds, entry->kind);
        const struct live_kind *in = kind != NULL ? live_kind(live, kind) : NULL;
        if (in == NULL || in->status == LIVE_UNREAD) {
            continue;
        }
        open += entry->result == NULL ? 1 : 0;
        const char *noted = node_get_text(entry->note, "id");
        const char *id = noted != NULL ? noted : entry->id;
        const struct object *object = id != NULL ? live_object(in, id) : NULL;
        bool there = object != NULL;
        bool removed = text_equal(entry->action, "delete") || text_equal(entry->action, "forget");
        if (text_equal(entry->action, "rotate")) {
            settle_rotation(arena, entry, in, state);
        }
        if (removed && !there) {
            state_drop(arena, state, entry->address);
        } else if (!removed && there && took_effect(entry, object, state->environment)) {
            settle_put(arena, entry, state);
        }
    }
    return open;
}

void learn_failed(struct run *run, const struct live *live)
{
    struct journal_entries failed = {0};

    VEC_EACH(step, &run->steps) {
        const struct change *change = (*step)->change;
        if ((*step)->status == STEP_FAILED && (*step)->entry != 0) {
            *VEC_ADD(run->arena, &failed.list) = (struct journal_entry){.address = change->address,
                .kind = change->kind->name,
                .action = action_name(change->action),
                .id = (*step)->made_id != NULL ? (*step)->made_id : change->id,
                .note = learn_note(run, *step),
                .result = "failed"};
        }
    }
    apply_settle(run->arena, &failed, live, run->kinds, session_state(run->session));
}
