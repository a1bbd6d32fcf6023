/* Field differences between what is wanted and what is live, by the field table. */
#include "base/digest.h"
#include "base/text.h"
#include "plan/internal.h"

#include <string.h>

/** What comparing one field needs. */
struct comparing {
    struct plan_context *context;
    struct change *change;
    const struct field *field;
    const char *path;        /* "metadata.owner" */
    const struct node *want; /* NULL: the spec does not say */
    const struct node *have; /* NULL: not set */
    const struct node *was;  /* what we last wrote; NULL: nothing or unknown */
    bool unseen;             /* have could not be read */
};

/** Numbers that the server gives as text ("1e-06") compare as numbers. */
static const struct node *as_number(struct arena *arena, const struct node *node)
{
    if (node_is(node, NODE_STRING)) {
        const struct node *number = node_decimal(arena, node->text);
        return number != NULL ? number : node;
    }
    return node;
}

static bool same_duration(const struct node *a, const struct node *b)
{
    int64_t left = 0, right = 0;
    if (!node_is(a, NODE_STRING) || !node_is(b, NODE_STRING)) {
        return node_equal(a, b);
    }
    if (!text_duration_seconds(a->text, &left) || !text_duration_seconds(b->text, &right)) {
        return node_equal(a, b);
    }
    return left == right;
}

/** Equality in the sense of the field: what the server cannot tell apart is equal. */
static bool same(struct arena *arena, const struct field *field, const struct node *want,
    const struct node *have)
{
    switch (field->type) {
    case FIELD_BOOL:
        return (node_is(want, NODE_BOOL) && want->boolean) ==
               (node_is(have, NODE_BOOL) && have->boolean);
    case FIELD_INT:
    case FIELD_DECIMAL:
        if (node_is_nothing(want) || node_is_nothing(have)) {
            return node_is_nothing(want) && node_is_nothing(have);
        }
        return node_equal(as_number(arena, want), as_number(arena, have));
    case FIELD_DURATION:
        return same_duration(want, have);
    case FIELD_MODELS:
        return node_equal_set(want, have);
    case FIELD_TEXTS:
    case FIELD_TEXT:
    case FIELD_CHOICE:
    case FIELD_MAP:
    case FIELD_SECRET:
    case FIELD_SECRETS:
    case FIELD_GROUP:
        break;
    }
    if (node_is_nothing(want) && node_is_nothing(have)) {
        return true;
    }
    if (field->type == FIELD_MAP && (node_is(want, NODE_INT) || node_is(want, NODE_DECIMAL))) {
        have = as_number(arena, have);
    }
    return (field->flags & FIELD_SET) != 0 ? node_equal_set(want, have) : node_equal(want, have);
}

static bool is_secret_field(const struct field *field, const struct node *node)
{
    return field->type == FIELD_SECRET || (node != NULL && (node->marks & NODE_SECRET) != 0) ||
           (field->type == FIELD_SECRETS && node_get_text(node, "reference") != NULL);
}

static struct field_change *add(const struct comparing *c, const struct node *new)
{
    struct field_change *out = VEC_ADD(c->context->arena, &c->change->fields);
    const char *path = arena_strdup(c->context->arena, c->path);
    *out = (struct field_change){.path = path, .field = c->field, .old = c->have, .new = new};
    out->sensitive = is_secret_field(c->field, c->want) || is_secret_field(c->field, c->was);
    return out;
}

/** {"hmac": H, "reference": R}: what state and plans hold of a secret. */
static struct node *secret_trace(struct plan_context *context, const char *reference)
{
    const struct secret_fact *fact = secret_fact(context->secrets, reference);
    struct node *trace = node_map(context->arena);
    node_set_string(context->arena, trace, "reference", reference);
    if (fact != NULL && fact->hash != NULL) {
        node_set_string(context->arena, trace, "hmac", fact->hash);
    }
    return trace;
}

/** We manage the object and never wrote this: the spec has it since. */
static bool newly_declared(const struct comparing *c)
{
    return c->context->known != NULL && c->was == NULL;
}

/** Secrets: compared by keyed hash with what we last wrote, else not compared. */
static bool is_written_anyway(const struct comparing *c)
{
    return c->change->action == ACTION_CREATE || c->change->action == ACTION_ADOPT ||
           c->context->rewrite_secrets || newly_declared(c);
}

/** A secret that is to be written and leads to nothing here. */
static void secret_missing(const struct comparing *c, const struct secret_fact *fact)
{
    struct diag *diag = diag_add(c->context->findings, "LF212", "%s: %s cannot be written: %s",
        c->change->address, c->path, fact->reason != NULL ? fact->reason : "not resolved");

    diag->address = c->change->address;
    diag->fix = "run it where the reference resolves";
    c->context->unresolved = true;
    c->context->not_compared++;
}

/** Whether somebody wrote the object after us: its secrets may have been changed too. */
static bool is_touched(const struct comparing *c)
{
    const struct known_object *known = c->context->known;
    const struct object *object = c->change->object;

    return known != NULL && object != NULL && known->server_time != NULL &&
           object->updated_at != NULL && !text_equal(known->server_time, object->updated_at);
}

static void add_secret(const struct comparing *c, const char *note)
{
    struct field_change *change = add(c, secret_trace(c->context, c->want->text));

    change->old = c->was;
    change->sensitive = true;
    change->note = note;
}

static void compare_secret(const struct comparing *c)
{
    const struct secret_fact *fact = secret_fact(c->context->secrets, c->want->text);
    const char *was = node_get_text(c->was, "hmac");
    bool comparable = fact != NULL && fact->hash != NULL && was != NULL;

    if (is_written_anyway(c)) {
        if (fact != NULL && !fact->known) {
            secret_missing(c, fact);
        } else {
            add_secret(c, NULL);
        }
    } else if (!comparable) {
        c->context->not_compared++;
        c->context->secrets_not_compared++;
    } else if (!digest_equal(fact->hash, was)) {
        add_secret(c, "value differs from what was last written");
    } else if (is_touched(c)) {
        c->context->touched = true;
    }
}

/** A field that never comes back, or could not be read: known only from our last write. */
static void compare_unseen(const struct comparing *c)
{
    bool writes = c->change->action == ACTION_CREATE || c->change->action == ACTION_ADOPT ||
                  newly_declared(c);

    if (writes || (c->was != NULL && !same(c->context->arena, c->field, c->want, c->was))) {
        struct field_change *change = add(c, c->want);
        change->old = c->was;
    } else if (c->was == NULL) {
        c->context->not_compared++;
    }
}

/** Taken at creation only: a difference is said, and stays. */
static void compare_created(const struct comparing *c)
{
    const struct node *now = c->have != NULL ? c->have : c->was;

    if (now != NULL && !same(c->context->arena, c->field, c->want, now)) {
        struct diag *diag = diag_add(c->context->findings, "LF260",
            "%s is taken at creation only: it stays as it is", c->path);
        diag->address = c->change->address;
    }
}

static void compare_wanted(const struct comparing *c)
{
    if ((c->want->marks & NODE_SECRET) != 0) {
        compare_secret(c);
        return;
    }
    if ((c->field->flags & FIELD_CREATE) != 0 && c->change->object != NULL) {
        compare_created(c);
        return;
    }
    if (c->unseen || ((c->field->flags & FIELD_WRITE_ONLY) != 0 && c->have == NULL)) {
        compare_unseen(c);
        return;
    }
    if (same(c->context->arena, c->field, c->want, c->have)) {
        return;
    }
    bool outside = c->was != NULL && !same(c->context->arena, c->field, c->was, c->have);
    struct field_change *change = add(c, c->want);
    change->outside = outside;
}

/** We set it, the spec no longer has it: taken back where the server can. */
static bool is_gone(const struct comparing *c)
{
    const struct field *field = c->field;

    if ((field->flags & FIELD_CREATE) != 0) {
        return true;
    }
    if (c->unseen) {
        return false;
    }
    if (field->type == FIELD_BOOL) {
        return same(c->context->arena, field, NULL, c->have);
    }
    return node_is_nothing(c->have) && (field->flags & FIELD_WRITE_ONLY) == 0 &&
           !is_secret_field(field, c->was);
}

enum unsetting { UNSETTING_NOT, UNSETTING_WRITE, UNSETTING_RECREATE };

/** How this version takes the field back. */
static enum unsetting unsetting_of(const struct comparing *c)
{
    const struct field *field = c->field;
    bool since = field->unset_since == 0 || c->context->server->release >= field->unset_since;

    if (field->unset == UNSET_NEVER) {
        return UNSETTING_NOT;
    }
    if (field->unset != UNSET_RECREATE && since) {
        return UNSETTING_WRITE;
    }
    return c->change->kind->replaceable ? UNSETTING_RECREATE : UNSETTING_NOT;
}

static void compare_unwanted(const struct comparing *c)
{
    const char *version = c->context->server->version;
    enum unsetting how = unsetting_of(c);

    if (is_gone(c)) {
        return;
    }
    if (how == UNSETTING_NOT) {
        struct diag *diag = diag_add(c->context->findings, "LF258",
            "%s was set by us, is no longer in the spec, and LiteLLM %s cannot unset it", c->path,
            version != NULL ? version : "of an unknown version");
        diag->address = c->change->address;
        diag->fix = "write the value that it should have, or delete and create the object";
        return;
    }
    struct field_change *change = add(c, NULL);
    change->old = c->have != NULL ? c->have : c->was;
    change->note = "no longer in the spec";
    if (how == UNSETTING_RECREATE) {
        c->change->action = ACTION_REPLACE;
    }
}

static void compare_one(const struct comparing *c)
{
    if (c->want != NULL) {
        compare_wanted(c);
    } else if (c->was != NULL) {
        compare_unwanted(c);
    }
}

static bool is_unseen(const struct object *object, const char *path)
{
    return object != NULL && strings_has(&object->unseen, path);
}

/** "metadata.owner", good until the next one. */
static const char *path_of(struct buf *out, const struct field *field, const char *key)
{
    buf_reset(out);
    buf_printf(out, "%s.%s", field->name, key);
    return buf_text(out);
}

/** Keys of a free-form map, each a field of its own; keys that nobody declared are not ours. */
static void compare_map(const struct comparing *whole)
{
    struct comparing c = *whole;
    CLEANUP_BUF struct buf path = BUF_INIT(0);

    for (uint32_t i = 0; node_is(whole->want, NODE_MAP) && i < whole->want->count; i++) {
        const struct pair *pair = &whole->want->pairs[i];
        c.path = path_of(&path, whole->field, pair->key);
        c.want = pair->value;
        c.have = node_get(whole->have, pair->key);
        c.was = node_get(whole->was, pair->key);
        c.unseen = whole->unseen || is_unseen(whole->change->object, c.path);
        compare_one(&c);
    }
    for (uint32_t i = 0; node_is(whole->was, NODE_MAP) && i < whole->was->count; i++) {
        const struct pair *pair = &whole->was->pairs[i];
        if (node_get(whole->want, pair->key) != NULL) {
            continue;
        }
        c.path = path_of(&path, whole->field, pair->key);
        c.want = NULL;
        c.have = node_get(whole->have, pair->key);
        c.was = pair->value;
        c.unseen = whole->unseen || is_unseen(whole->change->object, c.path);
        compare_one(&c);
    }
}

void plan_compare(struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change)
{
    for (const struct field *field = change->kind->fields; field->name != NULL; field++) {
        if ((field->flags & (FIELD_LOCAL | FIELD_LIVE_ONLY | FIELD_RETIRED)) != 0 ||
            field->type == FIELD_GROUP) {
            continue;
        }
        struct comparing c = {
            .context = context,
            .change = change,
            .field = field,
            .path = field->name,
            .want = node_get(resource->fields, field->name),
            .have = object != NULL ? node_get(object->fields, field->name) : NULL,
            .was = context->known != NULL ? node_get(context->known->fields, field->name) : NULL,
            .unseen = is_unseen(object, field->name),
        };
        if (field->type == FIELD_MAP || field->type == FIELD_SECRETS) {
            compare_map(&c);
        } else {
            compare_one(&c);
        }
    }
}
