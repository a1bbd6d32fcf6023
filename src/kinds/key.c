/*
 * Virtual keys.
 *
 * The identity of a key is the SHA-256 of its value (column token): the value is chosen by us, so
 * whether the live key is the wanted one can be told without any secret in the state. The natural
 * key is the alias, which LiteLLM keeps unique among live keys.
 */
#include "kinds/key.h"
#include "model/mark.h"

#include "base/text.h"
#include "kinds/registry.h"
#include "model/desired.h"

#define SESSION_TEAM "litellm-dashboard" /* keys of people who are logged in to the UI */

static const char *const key_types[] = {"default", "llm_api", "management", "read_only", NULL};

static const struct field fields[] = {
    {.name = "alias", .api = "key_alias", .type = FIELD_TEXT, .doc = "default: name of the entry"},
    /* Names in the spec, ids on the server: compared by planning, which knows both. */
    {.name = "team",
        .type = FIELD_TEXT,
        .flags = FIELD_LOCAL,
        .unset = UNSET_NULL,
        .refers = "team",
        .doc = "entry of teams that it belongs to"},
    {.name = "user",
        .type = FIELD_TEXT,
        .flags = FIELD_LOCAL,
        .unset = UNSET_NULL,
        .refers = "user",
        .doc = "entry of users that it belongs to"},
    {.name = "models",
        .type = FIELD_MODELS,
        .unset = UNSET_EMPTY,
        .refers = "model",
        .doc = "list of names, all (of the team, where it has one), or none"},
    {.name = "max_budget", .type = FIELD_DECIMAL, .unset = UNSET_NULL, .doc = "in USD"},
    {.name = "soft_budget",
        .api = "litellm_budget_table.soft_budget",
        .send = "soft_budget",
        .type = FIELD_DECIMAL,
        .unset = UNSET_NULL,
        .unset_since = LITELLM(1, 106),
        .doc = "alerts from here on"},
    {.name = "budget_duration",
        .type = FIELD_DURATION,
        .unset = UNSET_NULL,
        .unset_since = LITELLM(1, 106),
        .doc = "when the budget starts anew"},
    {.name = "duration",
        .type = FIELD_DURATION,
        .flags = FIELD_WRITE_ONLY,
        .unset = UNSET_MINUS_ONE,
        .doc = "how long it is good, from the write on; without: for ever"},
    {.name = "tpm_limit", .type = FIELD_INT, .unset = UNSET_NULL, .doc = "tokens a minute"},
    {.name = "rpm_limit", .type = FIELD_INT, .unset = UNSET_NULL, .doc = "requests a minute"},
    {.name = "max_parallel_requests",
        .type = FIELD_INT,
        .unset = UNSET_NULL,
        .doc = "calls at one time"},
    {.name = "metadata", .type = FIELD_MAP, .unset = UNSET_EMPTY, .doc = "free-form"},
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
    {.name = "aliases", .type = FIELD_MAP, .unset = UNSET_EMPTY, .doc = "other names for models"},
    {.name = "permissions", .type = FIELD_MAP, .unset = UNSET_EMPTY, .doc = "permissions"},
    {.name = "blocked", .type = FIELD_BOOL, .unset = UNSET_FALSE, .doc = "it does not work"},
    {.name = "allowed_routes",
        .type = FIELD_TEXTS,
        .flags = FIELD_SET,
        .unset = UNSET_EMPTY,
        .doc = "routes that it may call"},
    {.name = "key_type",
        .type = FIELD_CHOICE,
        .flags = FIELD_CREATE,
        .choices = key_types,
        .doc = "sets allowed_routes when the key is made"},
    {.name = "guardrails",
        .api = "metadata.guardrails",
        .send = "guardrails",
        .type = FIELD_TEXTS,
        .flags = FIELD_SET | FIELD_LICENSED,
        .unset = UNSET_EMPTY,
        .doc = "guardrails that hold for it"},
    {.name = "tags",
        .api = "metadata.tags",
        .send = "tags",
        .type = FIELD_TEXTS,
        .flags = FIELD_SET | FIELD_LICENSED,
        .unset = UNSET_EMPTY,
        .doc = "tags for spend"},
    {.name = "value",
        .type = FIELD_SECRET,
        .flags = FIELD_LOCAL,
        .doc = "where the value comes from (sk-..., 16 characters or more)"},
    {.name = "store",
        .type = FIELD_SECRET,
        .flags = FIELD_LOCAL,
        .doc = "where a value that liteform makes is kept"},
    {.name = "grace",
        .type = FIELD_DURATION,
        .flags = FIELD_LOCAL,
        .doc = "how long the old value lives on after a rotation; without: not at all"},
    {0},
};

static const struct listing listings[] = {
    {.name = "keys",
        .path = "/key/list?return_full_object=true&sort_by=token&sort_order=asc",
        .items = "keys",
        .total = "total_count",
        .page = "page",
        .size = "size",
        .page_size = 100,
        .id = "token"},
    {0},
};

static const char *const row_columns[] = {"token", "budget_id", NULL};
static const char *const budget_columns[] = {"budget_id", "soft_budget", NULL};

/* Before 1.106 the list shows no budget_id, and soft_budget lives in the budget's row. */
static const struct sql_listing tables[] = {
    {.name = "rows",
        .table = "LiteLLM_VerificationToken",
        .columns = row_columns,
        .where = "budget_id IS NOT NULL",
        .order = "token"},
    {.name = "budgets",
        .table = "LiteLLM_BudgetTable",
        .columns = budget_columns,
        .where = "soft_budget IS NOT NULL",
        .order = "budget_id"},
    {0},
};

/* ------------------------------------------------------------------ the spec */

static void expand(
    const struct check_context *context, const char *name, struct node *entry, struct span where)
{
    struct arena *arena = context->arena;

    if (node_get(entry, "alias") == NULL)
        node_set_string(arena, entry, "alias", name);
    struct resource *resource = desired_add(context, context->kind, &name, 1, entry, where);

    if (resource != NULL)
        resource->id = NULL; /* the SHA-256 of the value: planning knows it */
}

const char *key_reference(const struct resource *resource)
{
    const struct node *store = node_get(resource->fields, "store");
    const char *value = node_get_text(resource->fields, "value");

    if (value != NULL)
        return value;
    return node_is(store, NODE_LIST) && store->count > 0 ? node_text(store->items[0])
                                                         : node_text(store);
}

static const struct node *models_of_team(
    const struct check_context *context, const struct resource *resource)
{
    const char *team = node_get_text(resource->fields, "team");
    const struct resource *other =
        team != NULL
            ? desired_resource(context->desired, address_make(context->arena, "team", &team, 1))
            : NULL;
    const struct node *models = other != NULL ? node_get(other->fields, "models") : NULL;

    if (text_equal(node_text(models), "none"))
        return node_list(context->arena);
    return node_is(models, NODE_LIST) ? models : NULL;
}

/** The server takes any list; the key then fails when it is used (BerriAI/litellm#38629). */
/** Whether a declared model of that name is in the access group. */
static bool in_access_group(
    const struct check_context *context, const char *name, const char *group)
{
    VEC_EACH(it, &context->desired->list) {
        const struct node *groups = node_get(node_get((*it)->fields, "info"), "access_groups");

        if (!text_equal((*it)->kind->name, "model") ||
            !text_equal(node_get_text((*it)->fields, "name"), name))
            continue;
        for (uint32_t i = 0; node_is(groups, NODE_LIST) && i < groups->count; i++) {
            if (text_equal(node_text(groups->items[i]), group))
                return true;
        }
    }
    return false;
}

static void check_models(const struct check_context *context, const struct resource *resource)
{
    const struct node *models = node_get(resource->fields, "models");
    const struct node *team = models_of_team(context, resource);

    for (uint32_t i = 0; team != NULL && node_is(models, NODE_LIST) && i < models->count; i++) {
        const char *name = node_text(models->items[i]);
        bool has = text_equal(name, MODELS_TEAM);

        for (uint32_t k = 0; name != NULL && k < team->count; k++) {
            const char *allowed_name = node_text(team->items[k]);

            has =
                has || (allowed_name != NULL && (text_glob(allowed_name, name) ||
                                                    in_access_group(context, name, allowed_name)));
        }
        if (has || name == NULL)
            continue;
        struct span where = models->items[i]->line != 0 ? node_span(models->items[i])
                                                        : field_span(resource, "models");

        diag_at(context->diags, "LF152", where,
            arena_printf(context->arena, "add %s to the models of the team, or remove it", name),
            "team %s may not call %s, so this key may not either",
            node_get_text(resource->fields, "team"), name)
            ->address = resource->address;
    }
}

static void check(const struct check_context *context, const struct resource *resource)
{
    bool value = node_get(resource->fields, "value") != NULL;
    bool store = node_get(resource->fields, "store") != NULL;

    check_limits(context, resource);
    if (value == store) {
        diag_at(context->diags, "LF025", resource->where,
            "write 'value: { env: NAME }' for a value that is there, or 'store: { file: PATH }' "
            "for "
            "one that liteform makes",
            value ? "'value' and 'store' exclude each other"
                  : "neither 'value' nor 'store' is given")
            ->address = resource->address;
    }
    if (!value && !store)
        return;
    check_models(context, resource);
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
    static const char *const own[] = {"model_rpm_limit", "model_tpm_limit", "guardrails", "tags"};
    (void)live;
    (void)object;

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (text_equal(field->name, "metadata") && text_equal(pair->key, own[i]))
            return false;
    }
    return true;
}

struct object *key_decode(struct live *live, const struct live_kind *in, const struct node *item)
{
    static const char *const kept[] = {
        "metadata", "aliases", "permissions", "team_id", "user_id", "expires", "key_name"};
    const char *token = node_get_text(item, "token");
    const char *alias = node_get_text(item, "key_alias");
    const char *label = alias != NULL ? alias : node_get_text(item, "key_name");

    if (token == NULL)
        return NULL;
    struct object *object = kind_object(live, in, token, label != NULL ? label : token);

    kind_decode_some(live, object, item, wants_key);
    object->key = kind_text(live, alias);
    object->mark = kind_text(live, node_get_text(node_get(item, "metadata"), MARK_KEY));
    object->updated_at = kind_text(live, node_get_text(item, "updated_at"));
    /* A retired key that has its end needs nobody any more. */
    object->foreign =
        text_equal(node_get_text(item, "team_id"), SESSION_TEAM) ||
        (mark_says(object->mark, KEY_RETIRED) && !node_is_nothing(node_get(item, "expires")));
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        kind_keep(live, object, kept[i], node_get(item, kept[i]));
    if (live->server.release < LITELLM(1, 106) &&
        node_is_nothing(node_get(item, "litellm_budget_table")))
        kind_set_unseen(live, object, "soft_budget");
    return object;
}

static bool item(struct live *live, struct live_kind *in, const char *name, const struct node *item)
{
    bool row = text_equal(name, "rows");

    if (row || text_equal(name, "budgets")) {
        const char *id = node_get_text(item, row ? "token" : "budget_id");

        if (id != NULL)
            wait_for(live, in, row ? "row" : "budget", id, node_copy(live->arena, item));
        return id != NULL;
    }
    struct object *object = key_decode(live, in, item);

    if (object != NULL)
        live_add(live, in, object);
    return object != NULL;
}

/** Why nobody owns the key, or NULL (facts 1.5: a useful definition of an orphan). */
static const char *orphan(const struct live *live, const struct object *object)
{
    const struct live_kind *users = live_kind(live, &kind_user);
    const struct live_kind *teams = live_kind(live, &kind_team);
    const char *user = node_get_text(object->raw, "user_id");
    const char *team = node_get_text(object->raw, "team_id");
    /* Empty: not collected this time. There is always a user. */
    bool users_read = users != NULL && users->status == LIVE_READ && users->list.count > 0;
    bool teams_read = teams != NULL && teams->status == LIVE_READ && teams->list.count > 0;

    if (object->foreign)
        return NULL;
    if (user == NULL && team == NULL)
        return "it has neither a user nor a team";
    if (team != NULL && teams_read && live_object(teams, team) == NULL)
        return "its team is gone";
    if (user != NULL && users_read && live_object(users, user) == NULL &&
        !text_equal(user, "default_user_id"))
        return "its user is gone";
    return NULL;
}

static void joined(struct live *live, struct live_kind *in)
{
    VEC_EACH(it, &in->list) {
        const struct node *row = waiting(in, "row", (*it)->id);
        const struct node *budget = waiting(in, "budget", node_get_text(row, "budget_id"));
        const char *why = orphan(live, *it);

        if (live->database)
            kind_set_field(live, *it, "soft_budget", node_get(budget, "soft_budget"));
        if (why != NULL)
            kind_keep(live, *it, "orphan", node_string(live->arena, why));
    }
}

static const char *stray(const struct object *object)
{
    return node_get_text(object->raw, "orphan");
}

static const char *const after[] = {"team", "user", "member", NULL};

const struct kind kind_key = {
    .name = "key",
    .section = "keys",
    .title = "keys",
    .doc =
        "Virtual keys. The value is given by reference, or made by liteform and kept in a store; "
        "a key is told by the SHA-256 of its value.",
    .fields = fields,
    .after = after,
    .ownership = OWNERSHIP_KEEP,
    .expand = expand,
    .check = check,
    .natural = natural,
    .identify = key_identify,
    .identify_first = true,
    .listings = listings,
    .tables = tables,
    .item = item,
    .joined = joined,
    .plan = key_plan,
    .call = key_call,
    .memory = sizeof(struct flow),
    .stray = stray,
    .remember = key_remember,
};
