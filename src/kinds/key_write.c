/*
 * Keys: whether the live one is the wanted one, and the calls of a change.
 *
 * /key/generate of a value that exists answers 200 and changes nothing; an alias that is taken gets
 * 400 (litellm 1.81.15, 1.106.2). /key/regenerate needs a licence: a rotation renames the old key,
 * makes the new one, and then ends the old one.
 */
#include "base/text.h"
#include "kinds/key.h"
#include "kinds/registry.h"
#include "model/desired.h"
#include "model/mark.h"

#define VALUE_MIN 16 /* characters of a chosen key, since 1.106 */

enum stage {
    STAGE_GENERATE,
    STAGE_CHECK,
    STAGE_UPDATE,
    STAGE_DELETE,
    STAGE_REVIVE,  /* the wanted value is live already: a retired key comes back */
    STAGE_RETIRE,  /* the old key gives up its alias */
    STAGE_END,     /* the old key goes, at once or after the grace */
    STAGE_DISCARD, /* the server made a value of its own up: away with it */
};

/* ------------------------------------------------------------------ planning */

static const struct secret_fact *fact_of(
    const struct plan_context *context, const struct resource *resource)
{
    const char *reference = key_reference(resource);

    return reference != NULL && context->secrets != NULL ? secret_fact(context->secrets, reference)
                                                         : NULL;
}

const char *key_identify(const struct plan_context *context, const struct resource *resource)
{
    const struct secret_fact *fact = fact_of(context, resource);
    const struct live_kind *in = live_kind(context->live, &kind_key);

    if (fact == NULL || fact->sha256 == NULL || in == NULL)
        return NULL;
    return live_object(in, fact->sha256) != NULL ? fact->sha256 : NULL;
}

/** Adds the change of an owner; NULL for what is not there. */
static void change_owner(const struct plan_context *context, struct change *change,
    const char *name, const char *live, const char *wish)
{
    struct arena *arena = context->arena;
    const char *was = context->known != NULL ? node_get_text(context->known->extra, name) : NULL;
    bool outside = was != NULL && text_equal(was, wish);

    if (wish == NULL && (was == NULL || live == NULL))
        return; /* not declared, and not set by us: somebody else's */
    *VEC_ADD(arena, &change->fields) = (struct field_change){
        .path = name,
        .field = field_by_name(kind_key.fields, name),
        .old = live != NULL ? node_string(arena, live) : NULL,
        .new = wish != NULL ? node_string(arena, wish) : NULL,
        .outside = outside,
    };
    if (change->action == ACTION_UPDATE && change->fields.count == 1 && !outside)
        change->reason = wish != NULL ? "spec changed" : "removed from spec";
}

/** Team or user: by name in the spec, by id on the server. */
static void plan_owner(const struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change, const char *name, const char *column)
{
    const char *wish = node_get_text(resource->fields, name);
    const char *live = object != NULL ? node_get_text(object->raw, column) : NULL;
    const char *id =
        wish != NULL ? resolve_id(context, address_make(context->arena, name, &wish, 1)) : NULL;

    if (id != NULL)
        extra_set(context, change, column, id);
    if ((wish != NULL && id == NULL) || (object != NULL && text_equal(id, live)))
        return;
    change_owner(context, change, name, live, wish);
}

/** Whether the value may be written at all; a finding when not. */
static bool fits(const struct plan_context *context, const struct resource *resource,
    const struct secret_fact *fact)
{
    if (!fact->sk_prefix) {
        finding(context, resource, "LF214",
            "the value of %s does not start with sk-: LiteLLM refuses it", resource->address);
        return false;
    }
    if (fact->length < VALUE_MIN) {
        finding(context, resource, "LF214",
            "the value of %s has %u characters: LiteLLM wants %d or more since 1.106",
            resource->address, fact->length, VALUE_MIN);
        return context->server->release != 0 && context->server->release < LITELLM(1, 106);
    }
    return true;
}

static void unresolved(const struct plan_context *context, const struct resource *resource,
    const struct secret_fact *fact, const char *what)
{
    finding(context, resource, "LF212", "%s: %s", what,
        fact != NULL && fact->reason != NULL ? fact->reason : "the reference was not resolved");
}

static void plan_create(
    const struct plan_context *context, const struct resource *resource, struct change *change)
{
    const struct secret_fact *fact = fact_of(context, resource);
    bool stored = node_get(resource->fields, "value") == NULL;

    if (fact != NULL && fact->known) {
        if (!fits(context, resource, fact))
            change->action = ACTION_NONE;
        change->id = fact->sha256;
        if (fact->sha256 != NULL)
            extra_set(context, change, "new_hash", fact->sha256);
        return;
    }
    if (stored) {
        extra_set_bool(context, change, "generate", true);
        change->note = "a value is made and kept in the store";
        return;
    }
    change->action = ACTION_NONE;
    unresolved(context, resource, fact,
        arena_printf(context->arena, "the value of %s cannot be told here", resource->address));
}

/** A name for the old key that no live one has. */
static const char *retired_alias(const struct plan_context *context, const char *alias)
{
    const struct live_kind *in = live_kind(context->live, &kind_key);
    const char *today = context->today != NULL ? context->today : "old";
    char *name = arena_printf(context->arena, "%s~%s", alias, today);

    for (unsigned turn = 2; in != NULL && turn < 1000; turn++) {
        bool taken = false;

        VEC_EACH(object, &in->list)
            taken = taken || text_equal((*object)->key, name);
        if (!taken)
            break;
        name = arena_printf(context->arena, "%s~%s.%u", alias, today, turn);
    }
    return name;
}

static void plan_rotation(const struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change, const struct secret_fact *fact)
{
    const char *alias = node_get_text(resource->fields, "alias");
    const char *grace = node_get_text(resource->fields, "grace");
    bool retired = object->key != NULL && alias != NULL && !text_equal(object->key, alias) &&
                   text_starts(object->key, alias) && object->key[strlen(alias)] == '~';

    change->action = ACTION_ROTATE;
    change->reason = "the value differs from the live key's";
    change->id = fact->sha256;
    change->note = grace != NULL
                       ? arena_printf(context->arena, "the old value ends after %s", grace)
                       : "the old value ends at once (other pods honour it up to 60 s more)";
    extra_set(context, change, "new_hash", fact->sha256);
    extra_set(context, change, "old_hash", object->id);
    if (live_object(live_kind(context->live, &kind_key), fact->sha256) != NULL)
        extra_set_bool(context, change, "revive", true);
    /* A rotation that was cut short has renamed it already. */
    extra_set(context, change, "old_alias",
        retired ? object->key : retired_alias(context, alias != NULL ? alias : resource->name));
    guard_add(context, "LF310", "rotate", resource->address,
        "%s has another value than the live key: rotating ends the old one", resource->address);
}

/** The old key of a rotation that was cut short: renamed, ours, and without an end. */
static void plan_leftover(const struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change)
{
    const struct live_kind *in = live_kind(context->live, &kind_key);
    const char *alias = node_get_text(resource->fields, "alias");
    size_t length = alias != NULL ? strlen(alias) : 0;

    for (size_t i = 0; in != NULL && alias != NULL && i < in->list.count; i++) {
        const struct object *old = in->list.at[i];
        bool ours = mark_says(old->mark, KEY_RETIRED);

        if (old == object || !ours || old->key == NULL || !text_starts(old->key, alias) ||
            old->key[length] != '~' || !node_is_nothing(node_get(old->raw, "expires")))
            continue;
        if (change->action != ACTION_UPDATE || change->fields.count > 0)
            return; /* one thing at a time: the next plan has it */
        change->action = ACTION_ROTATE;
        change->reason = arena_printf(context->arena, "%s, its old value, is still live", old->key);
        extra_set(context, change, "new_hash", object->id);
        extra_set(context, change, "old_hash", old->id);
        return;
    }
}

/** /key/update of 1.81 answers 200 and leaves soft_budget as it is (tried on 1.81.15). */
static void plan_soft_budget(
    const struct plan_context *context, const struct resource *resource, struct change *change)
{
    const struct server *server = context->server;

    if (server->release == 0 || server->release >= LITELLM(1, 106) ||
        kind_change(change, "soft_budget") == NULL ||
        node_get(resource->fields, "soft_budget") == NULL)
        return;
    finding(context, resource, "LF216",
        "LiteLLM %s cannot change soft_budget of a key that is there", server->version);
    change_drop(change, "soft_budget");
}

/** The list that holds: the key's own, else that of its team; NULL: every model. */
static const struct node *effective(const struct node *own, const struct node *of_team)
{
    const struct node *list = own != NULL && !text_equal(node_text(own), "all") ? own : of_team;

    return text_equal(node_text(list), "all") || node_is_nothing(list) ? NULL : list;
}

static const struct node *team_models(const struct plan_context *context, const char *id)
{
    const struct live_kind *teams = live_kind(context->live, &kind_team);
    const struct object *team = teams != NULL && id != NULL ? live_object(teams, id) : NULL;

    return team != NULL ? node_get(team->fields, "models") : NULL;
}

/** A key without a list of its own may call what its team may: another team may widen that. */
static void plan_widening(const struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change)
{
    const char *team = node_get_text(resource->fields, "team");
    const struct resource *wish = team != NULL ? desired_resource(context->desired,
                                                     address_make(context->arena, "team", &team, 1))
                                               : NULL;
    const struct node *own = node_get(resource->fields, "models");
    const struct node *old = effective(node_get(object->fields, "models"),
        team_models(context, node_get_text(object->raw, "team_id")));
    const struct node *new = effective(own != NULL ? own : node_get(object->fields, "models"),
        wish != NULL ? node_get(wish->fields, "models") : NULL);

    if (kind_change(change, "team") == NULL || old == NULL || node_equal_set(old, new))
        return;
    if (new == NULL) {
        strings_add(context->arena, &change->risks, "widens access: to all models");
        guard_add(context, "LF306", "all-models", resource->address,
            "%s could then call every model", resource->address);
        return;
    }
    for (uint32_t i = 0; node_is(new, NODE_LIST) && i < new->count; i++) {
        bool had = false;
        for (uint32_t k = 0; node_is(old, NODE_LIST) && k < old->count; k++)
            had = had || node_equal(old->items[k], new->items[i]);
        if (!had)
            strings_add(context->arena, &change->risks,
                arena_printf(context->arena, "widens access: %s", node_text(new->items[i])));
    }
}

void key_plan(const struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change)
{
    const struct secret_fact *fact = fact_of(context, resource);
    bool stored = node_get(resource->fields, "value") == NULL;

    plan_owner(context, resource, object, change, "team", "team_id");
    plan_owner(context, resource, object, change, "user", "user_id");
    if (object == NULL) {
        plan_create(context, resource, change);
        return;
    }
    plan_widening(context, resource, object, change);
    plan_soft_budget(context, resource, change);
    if (fact != NULL && fact->sha256 != NULL) {
        if (text_equal(fact->sha256, object->id))
            plan_leftover(context, resource, object, change);
        else if (fits(context, resource, fact))
            plan_rotation(context, resource, object, change, fact);
    } else if (stored) {
        finding(context, resource, "LF206",
            "%s is live and its store holds no value (%s): the value is lost", resource->address,
            fact != NULL && fact->reason != NULL ? fact->reason : "not resolved")
            ->fix = "put the value back into the store, or delete the key and apply again: a new "
                    "value is made";
    } else {
        unresolved(context, resource, fact,
            arena_printf(context->arena, "whether %s has the wanted value cannot be told",
                resource->address));
    }
}

/* ------------------------------------------------------------------ bodies */

static const char *old_hash(const struct call_context *context)
{
    const char *old = extra_text(context->change, "old_hash");

    return old != NULL || context->change->object == NULL ? old : context->change->object->id;
}

static void put_owners(const struct call_context *context, struct node *body, bool changed_only)
{
    static const char *const names[] = {"team", "user"};
    static const char *const columns[] = {"team_id", "user_id"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *id = extra_text(context->change, columns[i]);

        if (changed_only && kind_change(context->change, names[i]) == NULL)
            continue;
        if (id != NULL)
            node_set_string(context->arena, body, columns[i], id);
        else if (changed_only)
            node_set(context->arena, body, columns[i], node_null(context->arena));
    }
}

static struct node *generate_body(const struct call_context *context)
{
    struct node *body = node_map(context->arena);
    const char *reference = key_reference(context->change->resource);
    struct node *value = node_string(context->arena, reference);

    value->marks |= NODE_SECRET;
    kind_put_all(context, body);
    node_set(context->arena, body, "key", value);
    put_owners(context, body, false);
    kind_put_mark(context, body, "metadata");
    return body;
}

/** The old key gives up its alias and says that it is on its way out: it is nobody's to delete. */
static struct node *retire_body(const struct call_context *context)
{
    struct arena *arena = context->arena;
    struct node *body = node_map(arena);
    const struct node *live = node_get(context->change->object->raw, "metadata");
    struct node *metadata = node_is(live, NODE_MAP) ? node_copy(arena, live) : node_map(arena);

    node_set_string(arena, metadata, MARK_KEY,
        arena_printf(arena, KEY_RETIRED "%s", strchr(context->mark, '/')));
    node_set(arena, body, "metadata", metadata);
    node_set_string(arena, body, "key_alias", extra_text(context->change, "old_alias"));
    return body;
}

/** A key that is there, maybe retired and with an end, as the spec says it. */
static struct node *revive_body(const struct call_context *context)
{
    struct node *body = node_map(context->arena);

    node_set_string(context->arena, body, "duration", "-1");
    kind_put_all(context, body);
    put_owners(context, body, false);
    kind_put_mark(context, body, "metadata");
    node_set_string(context->arena, body, "key", extra_text(context->change, "new_hash"));
    return body;
}

static struct node *update_body(const struct call_context *context)
{
    struct node *body = node_map(context->arena);

    kind_put_changes(context, body, "metadata", kind_wants_mark(context));
    put_owners(context, body, true);
    return body;
}

static struct node *delete_body(const struct call_context *context, const char *token)
{
    struct node *body = node_map(context->arena);
    struct node *list = node_list(context->arena);

    node_list_add(context->arena, list, node_string(context->arena, token));
    node_set(context->arena, body, "keys", list);
    return body;
}

/** The look at one key: by hash, or by alias where nobody knows the hash yet. */
static const char *look_path(const struct call_context *context)
{
    const char *hash = extra_text(context->change, "new_hash");

    if (hash == NULL)
        hash = context->change->object != NULL ? context->change->object->id : context->change->id;
    if (hash != NULL) {
        return arena_printf(
            context->arena, "/key/info?key=%s", text_encode_url(context->arena, hash));
    }
    return arena_printf(context->arena, "/key/list?return_full_object=true&key_alias=%s",
        text_encode_url(context->arena, node_text(wanted(context, "alias"))));
}

static void build_end(const struct call_context *context, struct request *ret_request)
{
    const struct node *grace = wanted(context, "grace");
    struct node *body;

    if (grace == NULL) {
        body = delete_body(context, old_hash(context));
        request_make(ret_request, "POST", "/key/delete", body);
        return;
    }
    body = node_map(context->arena);
    node_set_string(context->arena, body, "key", old_hash(context));
    node_set(context->arena, body, "duration", node_copy(context->arena, grace));
    request_make(ret_request, "POST", "/key/update", body);
}

static void build(const struct call_context *context, unsigned stage, struct request *ret_request)
{
    struct node *body = NULL;

    switch ((enum stage)stage) {
    case STAGE_CHECK:
        request_make(ret_request, "GET", look_path(context), NULL);
        return;
    case STAGE_GENERATE:
        request_make(ret_request, "POST", "/key/generate", generate_body(context));
        return;
    case STAGE_DELETE:
        body = delete_body(context, old_hash(context));
        request_make(ret_request, "POST", "/key/delete", body);
        return;
    case STAGE_DISCARD:
        body = delete_body(context, ((struct flow *)context->memory)->why);
        request_make(ret_request, "POST", "/key/delete", body);
        return;
    case STAGE_END:
        build_end(context, ret_request);
        return;
    case STAGE_UPDATE:
        body = update_body(context);
        break;
    case STAGE_RETIRE:
        body = retire_body(context);
        break;
    case STAGE_REVIVE:
        request_make(ret_request, "POST", "/key/update", revive_body(context));
        return;
    }
    node_set_string(context->arena, body, "key", old_hash(context));
    request_make(ret_request, "POST", "/key/update", body);
}

/* ------------------------------------------------------------------ answers */

static unsigned first(const struct call_context *context)
{
    switch (context->change->action) {
    case ACTION_CREATE:
        return STAGE_GENERATE;
    case ACTION_DELETE:
        return STAGE_DELETE;
    case ACTION_ROTATE:
        return extra_text(context->change, "old_alias") != NULL ? STAGE_RETIRE : STAGE_END;
    case ACTION_UPDATE:
    case ACTION_ADOPT:
    case ACTION_MOVE:
        return update_body(context)->count > 0 ? STAGE_UPDATE : STAGE_NONE;
    case ACTION_NONE:
    case ACTION_FORGET:
    case ACTION_REPLACE:
    case ACTION_REPAIR:
        break;
    }
    return STAGE_NONE;
}

/** The new key is in force: done, or the old one is next. */
static enum call_result in_force(const struct call_context *context, unsigned *ret_next)
{
    *ret_next = STAGE_END;
    return context->change->action == ACTION_ROTATE ? CALL_SEND : CALL_DONE;
}

static enum call_result judge_generate(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    struct flow *flow = context->memory;
    const char *hash = extra_text(context->change, "new_hash");

    if (reply_ok(reply)) {
        const char *token = node_get_text(reply->body, "token");

        if (token == NULL)
            token = node_get_text(reply->body, "token_id");
        if (hash == NULL || token == NULL || text_equal(token, hash))
            return in_force(context, ret_next);
        /* BerriAI/litellm#38137: the chosen value was dropped and a random key made. */
        flow->why = arena_strdup(context->arena, token);
        *ret_next = STAGE_DISCARD;
        return CALL_SEND;
    }
    if (!is_unclear(reply) && !says(context, reply, "already exists"))
        return judge_plain(context, stage, reply, ret_next, diags);
    flow->why = reply_message(context->arena, reply);
    *ret_next = STAGE_CHECK;
    return CALL_SEND;
}

/** The row in the answer to a look, or NULL. */
static const struct node *row_of(const struct reply *reply)
{
    const struct node *info = reply_ok(reply) ? node_get(reply->body, "info") : NULL;
    const struct node *list = reply_ok(reply) ? node_get(reply->body, "keys") : NULL;

    if (info != NULL)
        return info;
    return node_is(list, NODE_LIST) && list->count > 0 ? list->items[0] : NULL;
}

static enum call_result judge_check(const struct call_context *context, const struct reply *reply,
    unsigned *ret_next, struct diags *diags)
{
    struct flow *flow = context->memory;
    const struct node *row = row_of(reply);
    const char *alias = node_text(wanted(context, "alias"));
    const char *mark = node_get_text(node_get(row, "metadata"), MARK_KEY);
    bool absent = reply->outcome == OUTCOME_ANSWERED &&
                  (reply->status == 404 || (reply_ok(reply) && row == NULL));
    bool taken = flow->why != NULL && strstr(flow->why, "already exists") != NULL;

    if (row != NULL && text_equal(node_get_text(row, "key_alias"), alias) &&
        text_equal(mark, context->mark))
        return in_force(context, ret_next);
    if (absent && !taken && !flow->retried) {
        flow->retried = true;
        *ret_next = STAGE_GENERATE;
        return CALL_SEND;
    }
    return refused_why(context, flow->why, diags);
}

/** An old key that is gone has nothing left to be retired: 404, before 1.106 also 401. */
static bool is_gone(const struct call_context *context, const struct reply *reply)
{
    return reply->outcome == OUTCOME_ANSWERED &&
           (reply->status == 404 ||
               (reply->status == 401 &&
                   (says(context, reply, "not found") || says(context, reply, "doesn't exist") ||
                       says(context, reply, "does not exist"))));
}

static enum call_result judge(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    enum call_result result;

    switch ((enum stage)stage) {
    case STAGE_GENERATE:
        return judge_generate(context, stage, reply, ret_next, diags);
    case STAGE_CHECK:
        return judge_check(context, reply, ret_next, diags);
    case STAGE_DELETE:
        return judge_delete(context, stage, reply, ret_next, diags);
    case STAGE_RETIRE:
        result = is_gone(context, reply) ? CALL_DONE
                                         : judge_plain(context, stage, reply, ret_next, diags);
        if (result != CALL_DONE)
            return result;
        ((struct flow *)context->memory)->retried = false;
        *ret_next =
            node_get_bool(context->change->extra, "revive", false) ? STAGE_REVIVE : STAGE_GENERATE;
        return CALL_SEND;
    case STAGE_REVIVE:
        result = judge_plain(context, stage, reply, ret_next, diags);
        return result == CALL_DONE ? in_force(context, ret_next) : result;
    case STAGE_END:
        if (is_gone(context, reply))
            return CALL_DONE;
        return judge_delete(context, stage, reply, ret_next, diags);
    case STAGE_DISCARD:
        return refused_why(context,
            "LiteLLM made a key of its own instead of taking the given value; it was deleted again",
            diags);
    case STAGE_UPDATE:
        break;
    }
    return judge_plain(context, stage, reply, ret_next, diags);
}

enum call_result key_call(const struct call_context *context, unsigned n,
    const struct reply *previous, struct request *ret_request, struct diags *diags)
{
    static const struct course course = {first, build, judge};

    return course_call(&course, context, n, previous, ret_request, diags);
}

/** Names that are steered by, and not sent: to see that one was taken out of the spec. */
struct node *key_remember(const struct call_context *context)
{
    static const char *const names[] = {"team", "user"};
    struct node *extra = node_map(context->arena);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *name = node_text(wanted(context, names[i]));

        if (name != NULL)
            node_set_string(context->arena, extra, names[i], name);
    }
    return extra->count > 0 ? extra : NULL;
}
