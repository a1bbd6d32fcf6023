/*
 * Teams.
 *
 * /team/update takes explicit nulls; metadata is replaced when it is sent, and holds fields of its
 * own beside ours: team_member_budget_id (default budget of members) and the per-model limits. So it
 * is always sent whole (facts 1.3, both traps; litellm 1.81.15 and 1.106.2).
 */
#include "base/text.h"
#include "kinds/common.h"
#include "kinds/registry.h"
#include "model/desired.h"

#define HIDDEN_BUDGET "team_member_budget_id"

static const char *const member_roles[] = {"user", "admin", NULL};

static const struct field member_fields[] = {
    {.name = "role",
        .type = FIELD_CHOICE,
        .choices = member_roles,
        .doc = "user (default) or admin (enterprise)"},
    {.name = "budget", .type = FIELD_DECIMAL, .doc = "budget of this person in the team"},
    {.name = "budget_duration", .type = FIELD_DURATION, .doc = "when it starts anew (1.106 on)"},
    {.name = "tpm_limit", .type = FIELD_INT, .doc = "tokens a minute in the team"},
    {.name = "rpm_limit", .type = FIELD_INT, .doc = "requests a minute in the team"},
    {0},
};

#define MEMBER_DEFAULT(field_name, api_name, field_type, text)                                     \
    {                                                                                              \
        .name = (field_name), .api = (api_name), .type = (field_type), .unset = UNSET_NULL,        \
        .unset_since = LITELLM(1, 106), .doc = (text)                                              \
    }

static const struct field fields[] = {
    {.name = "alias", .api = "team_alias", .type = FIELD_TEXT, .doc = "default: name of the entry"},
    {.name = "models",
        .type = FIELD_MODELS,
        .flags = FIELD_REQUIRED,
        .refers = "model",
        .doc = "list of names, all, or none"},
    {.name = "max_budget", .type = FIELD_DECIMAL, .unset = UNSET_NULL, .doc = "in USD"},
    {.name = "soft_budget",
        .type = FIELD_DECIMAL,
        .unset = UNSET_NULL,
        .doc = "alerts from here on; below max_budget"},
    {.name = "budget_duration",
        .type = FIELD_DURATION,
        .unset = UNSET_NULL,
        .doc = "when the budget starts anew: 30d, 1mo"},
    {.name = "tpm_limit", .type = FIELD_INT, .unset = UNSET_NULL, .doc = "tokens a minute"},
    {.name = "rpm_limit", .type = FIELD_INT, .unset = UNSET_NULL, .doc = "requests a minute"},
    {.name = "max_parallel_requests",
        .type = FIELD_INT,
        .flags = FIELD_RETIRED,
        .doc = "LiteLLM takes it for a team and does not store it: set it on keys or users"},
    {.name = "blocked", .type = FIELD_BOOL, .unset = UNSET_FALSE, .doc = "no key of it works"},
    {.name = "metadata", .type = FIELD_MAP, .unset = UNSET_EMPTY, .doc = "free-form"},
    {.name = "model_aliases",
        .api = "litellm_model_table.model_aliases",
        .send = "model_aliases",
        .type = FIELD_MAP,
        .unset = UNSET_EMPTY,
        .doc = "other names for models, for this team"},
    MEMBER_DEFAULT("member_budget", "team_member_budget", FIELD_DECIMAL, "default for members"),
    MEMBER_DEFAULT("member_budget_duration", "team_member_budget_duration", FIELD_DURATION,
        "default for members"),
    MEMBER_DEFAULT("member_tpm_limit", "team_member_tpm_limit", FIELD_INT, "default for members"),
    MEMBER_DEFAULT("member_rpm_limit", "team_member_rpm_limit", FIELD_INT, "default for members"),
    {.name = "model_rpm_limit",
        .api = "metadata.model_rpm_limit",
        .send = "model_rpm_limit",
        .type = FIELD_MAP,
        .unset = UNSET_EMPTY,
        .doc = "requests a minute for each model"},
    {.name = "model_tpm_limit",
        .api = "metadata.model_tpm_limit",
        .send = "model_tpm_limit",
        .type = FIELD_MAP,
        .unset = UNSET_EMPTY,
        .doc = "tokens a minute for each model"},
    {.name = "team_member_permissions",
        .type = FIELD_TEXTS,
        .flags = FIELD_SET,
        .unset = UNSET_EMPTY,
        .doc = "key routes that members may call"},
    {.name = "organization_id", .type = FIELD_TEXT, .unset = UNSET_NULL, .doc = "organization"},
    {.name = "guardrails",
        .api = "metadata.guardrails",
        .send = "guardrails",
        .type = FIELD_TEXTS,
        .flags = FIELD_SET | FIELD_LICENSED,
        .unset = UNSET_EMPTY,
        .doc = "guardrails that hold for the team"},
    {.name = "tags",
        .api = "metadata.tags",
        .send = "tags",
        .type = FIELD_TEXTS,
        .flags = FIELD_SET | FIELD_LICENSED,
        .unset = UNSET_EMPTY,
        .doc = "tags for spend"},
    {.name = "members",
        .type = FIELD_GROUP,
        .flags = FIELD_LOCAL | FIELD_SHORTHAND,
        .sub = member_fields,
        .doc = "people of the team, by name under users or e-mail: role, or a map"},
    {.name = "id",
        .type = FIELD_TEXT,
        .flags = FIELD_LOCAL,
        .doc = "team_id; default: made from environment and name"},
    {0},
};

static const struct listing listings[] = {
    {.name = "teams",
        .path = "/v2/team/list?sort_by=team_id&sort_order=asc",
        .items = "teams",
        .total = "total",
        .page = "page",
        .size = "page_size",
        .page_size = 100,
        .id = "team_id"},
    /* The only list with budgets of members and, before 1.106, aliases of models. Unpaged, and a
     * query for each team: only where the database does not tell. */
    {.name = "memberships",
        .path = "/team/list",
        .id = "team_id",
        .optional = true,
        .without_database = true},
    {0},
};

static const char *const budget_columns[] = {
    "budget_id", "max_budget", "budget_duration", "tpm_limit", "rpm_limit", NULL};
static const char *const alias_columns[] = {"id", "aliases", NULL};

static const struct sql_listing tables[] = {
    {.name = "budgets",
        .table = "LiteLLM_BudgetTable",
        .columns = budget_columns,
        .order = "budget_id"},
    {.name = "aliases", .table = "LiteLLM_ModelTable", .columns = alias_columns, .order = "id"},
    {0},
};

enum stage {
    STAGE_CREATE,
    STAGE_CHECK,    /* is it there, and ours? */
    STAGE_DURATION, /* what /team/new ignored */
    STAGE_SOFT,     /* the server compares a new max_budget with the old soft_budget */
    STAGE_UPDATE,
    STAGE_PERMISSIONS,
    STAGE_DELETE,
};

struct memory {
    struct flow flow;
    const struct node *metadata; /* as the create answered it */
};

/* ------------------------------------------------------------------ the spec */

static void add_member(const struct check_context *context, const struct kind *kind,
    const char *team, const struct resource *parent, const struct pair *pair)
{
    struct arena *arena = context->arena;
    struct node *entry =
        node_is(pair->value, NODE_MAP) ? node_copy_shallow(arena, pair->value) : node_map(arena);
    const char *parts[] = {team, pair->key};

    if (node_is(pair->value, NODE_STRING))
        node_set_string(arena, entry, "role", pair->value->text);
    if (node_get(entry, "role") == NULL)
        node_set_string(arena, entry, "role", "user");
    node_set_string(arena, entry, "user", pair->key);
    struct resource *member = desired_add(context, kind, parts, 2, entry, pair_span(pair));

    if (member == NULL)
        return;
    member->id = NULL;
    member->parent = parent->address;
    strings_add(arena, &member->needs, parent->address);
    strings_add(arena, &member->needs, address_make(arena, "user", &parts[1], 1));
}

static void expand(
    const struct check_context *context, const char *name, struct node *entry, struct span where)
{
    const struct node *members = node_get(entry, "members");
    const struct kind *kind = kind_by_name(context->kinds, "member");

    if (node_get(entry, "alias") == NULL)
        node_set_string(context->arena, entry, "alias", name);
    node_unset(entry, "members");
    struct resource *team = desired_add(context, context->kind, &name, 1, entry, where);

    for (uint32_t i = 0;
         team != NULL && kind != NULL && node_is(members, NODE_MAP) && i < members->count; i++)
        add_member(context, kind, name, team, &members->pairs[i]);
}

static void check(const struct check_context *context, const struct resource *resource)
{
    check_limits(context, resource);
}

static const char *natural(struct arena *arena, const struct resource *resource)
{
    return arena_strdup(arena, node_get_text(resource->fields, "alias"));
}

/* ------------------------------------------------------------------ the server */

/** What has a field of its own is no part of the free map. */
static bool wants_key(
    struct live *live, struct object *object, const struct field *field, const struct pair *pair)
{
    static const char *const own[] = {
        HIDDEN_BUDGET, "model_rpm_limit", "model_tpm_limit", "guardrails", "tags"};
    (void)live;
    (void)object;

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (text_equal(field->name, "metadata") && text_equal(pair->key, own[i]))
            return false;
    }
    return true;
}

static struct object *decode(struct live *live, const struct live_kind *in, const struct node *item)
{
    const char *id = node_get_text(item, "team_id");
    const char *alias = node_get_text(item, "team_alias");
    const struct node *table = node_get(item, "litellm_model_table");

    if (id == NULL)
        return NULL;
    struct object *object = kind_object(live, in, id, alias != NULL ? alias : id);

    kind_decode_some(live, object, item, wants_key);
    object->key = kind_text(live, alias);
    object->mark = kind_text(live, node_get_text(node_get(item, "metadata"), MARK_KEY));
    object->updated_at = kind_text(live, node_get_text(item, "updated_at"));
    kind_keep(live, object, "metadata", node_get(item, "metadata"));
    kind_keep(live, object, "model_id", node_get(item, "model_id"));
    kind_keep(live, object, "model_aliases", node_get(table, "model_aliases"));
    /* 1.81 shows null here, whatever the table says. */
    if (!node_is(table, NODE_MAP) && !node_is_nothing(node_get(item, "model_id")))
        kind_set_unseen(live, object, "model_aliases");
    return object;
}

static void keep_memberships(struct live *live, struct live_kind *in, const struct node *item)
{
    const struct node *list = node_get(item, "team_memberships");
    const struct node *aliases = node_path(item, "litellm_model_table.model_aliases");
    const char *id = node_get_text(item, "team_id");

    if (id != NULL && aliases != NULL)
        wait_for(live, in, "of", id, node_copy(live->arena, aliases));
    for (uint32_t i = 0; node_is(list, NODE_LIST) && i < list->count; i++) {
        const struct node *budget = node_get(list->items[i], "litellm_budget_table");
        const char *budget_id = node_get_text(list->items[i], "budget_id");

        if (budget_id != NULL && budget != NULL)
            wait_for(live, in, "budget", budget_id, node_copy(live->arena, budget));
    }
}

static const char *number_text(struct arena *arena, const struct node *node)
{
    return node_is(node, NODE_INT) ? arena_printf(arena, "%lld", (long long)node->integer)
                                   : node_text(node);
}

static bool item(struct live *live, struct live_kind *in, const char *name, const struct node *item)
{
    if (text_equal(name, "budgets")) {
        const char *id = node_get_text(item, "budget_id");

        if (id != NULL)
            wait_for(live, in, "budget", id, node_copy(live->arena, item));
        return id != NULL;
    }
    if (text_equal(name, "aliases")) {
        const char *id = number_text(live->arena, node_get(item, "id"));
        const struct node *aliases = node_get(item, "aliases");

        if (id != NULL && aliases != NULL)
            wait_for(live, in, "alias", id, node_copy(live->arena, aliases));
        return id != NULL;
    }
    if (text_equal(name, "memberships")) {
        keep_memberships(live, in, item);
        return node_is(item, NODE_MAP);
    }
    struct object *object = decode(live, in, item);

    if (object != NULL)
        live_add(live, in, object);
    return object != NULL;
}

static void join_aliases(struct live *live, const struct live_kind *in, struct object *object)
{
    const struct node *aliases = waiting(in, "of", object->id);

    if (!strings_has(&object->unseen, "model_aliases"))
        return;
    if (aliases == NULL) {
        aliases = waiting(in, "alias", number_text(live->arena, node_get(object->raw, "model_id")));
    }
    if (aliases == NULL)
        return;
    kind_set_field(live, object, "model_aliases", aliases);
    kind_keep(live, object, "model_aliases", aliases);
}

static void join_member_defaults(
    struct live *live, const struct live_kind *in, struct object *object)
{
    static const struct {
        const char *field, *column;
    } own[] = {{"member_budget", "max_budget"}, {"member_budget_duration", "budget_duration"},
        {"member_tpm_limit", "tpm_limit"}, {"member_rpm_limit", "rpm_limit"}};
    const char *id = node_get_text(node_get(object->raw, "metadata"), HIDDEN_BUDGET);
    const struct node *budget = id != NULL ? waiting(in, "budget", id) : NULL;

    if (id != NULL && budget == NULL)
        return; /* stays unseen: there is one, and it could not be read */
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        kind_set_field(live, object, own[i].field, node_get(budget, own[i].column));
}

static void joined(struct live *live, struct live_kind *in)
{
    VEC_EACH(object, &in->list) {
        join_aliases(live, in, *object);
        join_member_defaults(live, in, *object);
    }
}

/* ------------------------------------------------------------------ changes */

static void plan(const struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change)
{
    (void)context, (void)resource;
    change->lane = object != NULL ? object->id : change->id;
}

static bool takes(const struct object *gone, const struct object *other)
{
    if (other->foreign) /* the master key's own membership is nobody's loss */
        return false;
    if (other->kind == &kind_member)
        return text_equal(other->parent, gone->id);
    return other->kind == &kind_key && text_equal(node_get_text(other->raw, "team_id"), gone->id);
}

static const char *id_of(const struct call_context *context)
{
    const struct change *change = context->change;

    return change->object != NULL ? change->object->id : change->id;
}

/** Sent beside the metadata and put into it by the server: then the metadata must go along. */
static bool touches_metadata(const struct change *change)
{
    static const char *const inside[] = {
        "member_budget", "member_budget_duration", "member_tpm_limit", "member_rpm_limit"};

    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        if (kind_change(change, inside[i]) != NULL)
            return true;
    }
    return false;
}

static struct node *update_body(const struct call_context *context)
{
    struct node *body = node_map(context->arena);
    bool mark = kind_wants_mark(context) || touches_metadata(context->change);

    kind_put_changes(context, body, "metadata", mark);
    node_unset(body, "team_member_permissions"); /* /team/update ignores it (both versions) */
    return body;
}

/** What 1.81 ignores in /team/new. */
static struct node *duration_body(const struct call_context *context)
{
    const struct memory *memory = context->memory;
    struct node *body = node_map(context->arena);

    node_set(context->arena, body, "team_member_budget_duration",
        node_copy(context->arena, wanted(context, "member_budget_duration")));
    if (memory->metadata != NULL)
        node_set(context->arena, body, "metadata", node_copy(context->arena, memory->metadata));
    return body;
}

static struct node *permissions_body(const struct call_context *context)
{
    const struct node *value = wanted(context, "team_member_permissions");
    struct node *body = node_map(context->arena);

    node_set(context->arena, body, "team_member_permissions",
        value != NULL ? node_copy(context->arena, value) : node_list(context->arena));
    return body;
}

static struct node *soft_body(const struct call_context *context)
{
    struct node *body = node_map(context->arena);

    node_set(context->arena, body, "soft_budget", node_null(context->arena));
    return body;
}

static struct node *delete_body(const struct call_context *context)
{
    struct node *body = node_map(context->arena);
    struct node *ids = node_list(context->arena);

    node_list_add(context->arena, ids, node_string(context->arena, id_of(context)));
    node_set(context->arena, body, "team_ids", ids);
    return body;
}

static struct node *create_body(const struct call_context *context)
{
    struct node *body = node_map(context->arena);

    kind_put_all(context, body);
    kind_put_mark(context, body, "metadata");
    return body;
}

static void build(const struct call_context *context, unsigned stage, struct request *ret_request)
{
    const char *path = "/team/update";
    struct node *body = NULL;

    switch ((enum stage)stage) {
    case STAGE_CHECK:
        request_make(ret_request, "GET",
            arena_printf(context->arena, "/team/info?team_id=%s",
                text_encode_url(context->arena, id_of(context))),
            NULL);
        return;
    case STAGE_DELETE:
        request_make(ret_request, "POST", "/team/delete", delete_body(context));
        return;
    case STAGE_CREATE:
        path = "/team/new";
        body = create_body(context);
        break;
    case STAGE_DURATION:
        body = duration_body(context);
        break;
    case STAGE_SOFT:
        body = soft_body(context);
        break;
    case STAGE_UPDATE:
        body = update_body(context);
        break;
    case STAGE_PERMISSIONS:
        path = "/team/permissions_update";
        body = permissions_body(context);
        break;
    }
    node_set_string(context->arena, body, "team_id", id_of(context));
    request_make(ret_request, "POST", path, body);
}

static unsigned first_update(const struct call_context *context)
{
    const struct field_change *soft = kind_change(context->change, "soft_budget");

    /* soft_budget: null and a lower max_budget in one call are refused (1.106.2, tried). */
    if (soft != NULL && soft->new == NULL &&kind_change(context->change, "max_budget") != NULL)
        return STAGE_SOFT;
    if (update_body(context)->count > 0)
        return STAGE_UPDATE;
    return kind_change(context->change, "team_member_permissions") != NULL ? STAGE_PERMISSIONS
                                                                           : STAGE_NONE;
}

static unsigned first(const struct call_context *context)
{
    switch (context->change->action) {
    case ACTION_CREATE:
        return STAGE_CREATE;
    case ACTION_DELETE:
        return STAGE_DELETE;
    case ACTION_UPDATE:
    case ACTION_ADOPT:
    case ACTION_MOVE:
        return first_update(context);
    case ACTION_NONE:
    case ACTION_FORGET:
    case ACTION_REPLACE:
    case ACTION_ROTATE:
    case ACTION_REPAIR:
        break;
    }
    return STAGE_NONE;
}

/** It exists: what is left of a create. */
static enum call_result made(
    const struct call_context *context, const struct node *row, unsigned *ret_next)
{
    struct memory *memory = context->memory;
    bool later = context->server == NULL || context->server->release < LITELLM(1, 106);

    if (!later || wanted(context, "member_budget_duration") == NULL)
        return CALL_DONE;
    memory->metadata = node_copy(context->arena, node_get(row, "metadata"));
    *ret_next = STAGE_DURATION;
    return CALL_SEND;
}

static enum call_result judge_create(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    struct memory *memory = context->memory;

    if (reply_ok(reply))
        return made(context, reply->body, ret_next);
    if (is_unclear(reply) || says(context, reply, "already exists")) {
        memory->flow.why = reply_message(context->arena, reply);
        *ret_next = STAGE_CHECK;
        return CALL_SEND;
    }
    return judge_plain(context, stage, reply, ret_next, diags);
}

static enum call_result judge_check(const struct call_context *context, const struct reply *reply,
    unsigned *ret_next, struct diags *diags)
{
    struct memory *memory = context->memory;
    const struct node *row = reply_ok(reply) ? node_get(reply->body, "team_info") : NULL;

    if (row != NULL &&
        text_equal(node_get_text(node_get(row, "metadata"), MARK_KEY), context->mark))
        return made(context, row, ret_next);
    if (reply->outcome == OUTCOME_ANSWERED && reply->status == 404 && !memory->flow.retried) {
        memory->flow.retried = true;
        *ret_next = STAGE_CREATE;
        return CALL_SEND;
    }
    return refused_why(context, memory->flow.why, diags);
}

static enum call_result judge(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    enum call_result result;

    switch ((enum stage)stage) {
    case STAGE_CREATE:
        return judge_create(context, stage, reply, ret_next, diags);
    case STAGE_CHECK:
        return judge_check(context, reply, ret_next, diags);
    case STAGE_DELETE:
        return judge_delete(context, stage, reply, ret_next, diags);
    case STAGE_SOFT:
        result = judge_plain(context, stage, reply, ret_next, diags);
        if (result == CALL_DONE) {
            *ret_next = STAGE_UPDATE;
            return CALL_SEND;
        }
        return result;
    case STAGE_UPDATE:
        result = judge_plain(context, stage, reply, ret_next, diags);
        if (result == CALL_DONE &&
            kind_change(context->change, "team_member_permissions") != NULL) {
            *ret_next = STAGE_PERMISSIONS;
            return CALL_SEND;
        }
        return result;
    case STAGE_DURATION:
    case STAGE_PERMISSIONS:
        break;
    }
    return judge_plain(context, stage, reply, ret_next, diags);
}

static enum call_result call(const struct call_context *context, unsigned n,
    const struct reply *previous, struct request *ret_request, struct diags *diags)
{
    static const struct course course = {first, build, judge};

    return course_call(&course, context, n, previous, ret_request, diags);
}

static const char *const after[] = {"model", NULL};

const struct kind kind_team = {
    .name = "team",
    .section = "teams",
    .title = "teams",
    .doc = "Teams: which models their keys may call, budgets, limits, and who belongs to them. "
           "'models' must be said: on the server an empty list means all models.",
    .fields = fields,
    .after = after,
    .ownership = OWNERSHIP_FULL,
    .expand = expand,
    .check = check,
    .natural = natural,
    .listings = listings,
    .tables = tables,
    .item = item,
    .joined = joined,
    .plan = plan,
    .takes = takes,
    .call = call,
    .memory = sizeof(struct memory),
};
