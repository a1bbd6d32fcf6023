/*
 * Models: rows of LiteLLM_ProxyModelTable, and what the pods have loaded of them.
 *
 * The table is read through the API as GET /v2/model/info?search=%25: `%` is a LIKE wildcard there,
 * so all rows come, loaded or not, decrypted (litellm 1.81.15 and 1.106.2, tried). The same route
 * without a search shows what the pod serves. Where no model is loaded at all it answers [] to both.
 */
#include "kinds/model.h"

#include "base/text.h"
#include "kinds/registry.h"
#include "model/desired.h"

#define PARAM(field_name, api_name, field_type, text)                                              \
    {                                                                                              \
        .name = (field_name), .api = "litellm_params." api_name, .type = (field_type),             \
        .unset = UNSET_RECREATE, .doc = (text)                                                     \
    }

/* PATCH drops null for every parameter but prices (1.106): taking one back means a new row. */
#define MODEL_FIELDS                                                                               \
    {.name = "bedrock",                                                                            \
        .api = "litellm_params.model",                                                             \
        .type = FIELD_TEXT,                                                                        \
        .doc = "Bedrock model or inference profile id, exactly as AWS has it"},                    \
        {.name = "model",                                                                          \
            .api = "litellm_params.model",                                                         \
            .type = FIELD_TEXT,                                                                    \
            .doc = "LiteLLM model string (openai/gpt-4o), for what is not on Bedrock"},            \
        {.name = "provider",                                                                       \
            .api = "litellm_params.custom_llm_provider",                                           \
            .type = FIELD_TEXT,                                                                    \
            .flags = FIELD_LOCAL,                                                                  \
            .doc = "auto (default: the spelling that the running version loads), bedrock, "        \
                   "bedrock_converse, or any provider of LiteLLM"},                                \
        PARAM("endpoint", "aws_bedrock_runtime_endpoint", FIELD_TEXT, "Bedrock runtime endpoint"), \
        PARAM("region", "aws_region_name", FIELD_TEXT, "AWS region"),                              \
        {.name = "api_key",                                                                        \
            .api = "litellm_params.api_key",                                                       \
            .type = FIELD_SECRET,                                                                  \
            .flags = FIELD_WRITE_ONLY,                                                             \
            .unset = UNSET_RECREATE,                                                               \
            .doc = "key of the provider (for Bedrock: a Bedrock API key)"},                        \
        {.name = "credential",                                                                     \
            .api = "litellm_params.litellm_credential_name",                                       \
            .type = FIELD_TEXT,                                                                    \
            .unset = UNSET_RECREATE,                                                               \
            .refers = "credential",                                                                \
            .doc = "entry of credentials: to take values from"},                                   \
        PARAM("rpm", "rpm", FIELD_INT, "requests a minute, for load balancing"),                   \
        PARAM("tpm", "tpm", FIELD_INT, "tokens a minute, for load balancing"),                     \
        PARAM("timeout", "timeout", FIELD_DECIMAL, "seconds for a whole call"),                    \
        PARAM("stream_timeout", "stream_timeout", FIELD_DECIMAL, "seconds for a streamed call"),   \
        PARAM("max_retries", "max_retries", FIELD_INT, "retries of one call"),                     \
        PARAM("weight", "weight", FIELD_DECIMAL, "share among deployments of one name"),           \
        PARAM("input_cost_per_token", "input_cost_per_token", FIELD_DECIMAL, "price"),             \
        PARAM("output_cost_per_token", "output_cost_per_token", FIELD_DECIMAL, "price"),           \
        PARAM("max_budget", "max_budget", FIELD_DECIMAL, "spend of this deployment"),              \
        PARAM(                                                                                     \
            "budget_duration", "budget_duration", FIELD_DURATION, "when the budget starts anew"),  \
        {.name = "tags",                                                                           \
            .api = "litellm_params.tags",                                                          \
            .type = FIELD_TEXTS,                                                                   \
            .flags = FIELD_SET,                                                                    \
            .unset = UNSET_EMPTY,                                                                  \
            .doc = "tags for tag-based routing"},                                                  \
        PARAM("drop_params", "drop_params", FIELD_BOOL,                                            \
            "drop OpenAI parameters that the provider does not know"),                             \
        {.name = "params",                                                                         \
            .api = "litellm_params",                                                               \
            .type = FIELD_MAP,                                                                     \
            .unset = UNSET_RECREATE,                                                               \
            .doc = "any other litellm_params"},                                                    \
        {.name = "info",                                                                           \
            .api = "model_info",                                                                   \
            .type = FIELD_MAP,                                                                     \
            .unset = UNSET_RECREATE,                                                               \
            .doc = "model_info: base_model, mode, access_groups, ..."},                            \
    {                                                                                              \
        .name = "id", .type = FIELD_TEXT, .flags = FIELD_LOCAL,                                    \
        .doc = "model_info.id; default: made from environment and name"                            \
    }

static const struct field deployment_fields[] = {MODEL_FIELDS, {0}};

static const struct field fields[] = {
    MODEL_FIELDS,
    {.name = "name",
        .api = "model_name",
        .type = FIELD_TEXT,
        .doc = "name by which it is called; default: that of the entry"},
    {.name = "also_in_config",
        .type = FIELD_BOOL,
        .flags = FIELD_LOCAL,
        .doc = "the name stands in release.config.model_list too, on purpose"},
    {.name = "deployments",
        .type = FIELD_GROUP,
        .flags = FIELD_LOCAL | FIELD_SHORTHAND,
        .sub = deployment_fields,
        .doc = "several deployments under one name, load-balanced; each takes over the other "
               "fields of the entry"},
    {0},
};

static const struct listing listings[] = {
    /* total_count counts only what the page saw: a short page is the end (1.81.15, 1.106.2). */
    {.name = "table",
        .path = "/v2/model/info?search=%25",
        .items = "data",
        .page = "page",
        .size = "size",
        .page_size = 500,
        .id = "model_info.id"},
    /* Not /model/info: that one answers 500 where no model is loaded yet. */
    {.name = "served",
        .path = "/v2/model/info",
        .items = "data",
        .total = "total_count",
        .page = "page",
        .size = "size",
        .page_size = 500,
        .id = "model_info.id"},
    {0},
};

static const char *const columns[] = {
    "model_id", "model_name", "litellm_params", "model_info", "created_at", "updated_at", NULL};

static const struct sql_listing tables[] = {
    {.name = "rows", .table = "LiteLLM_ProxyModelTable", .columns = columns, .order = "model_id"},
    {0},
};

/* ------------------------------------------------------------------ the spec */

static void inherit(struct arena *arena, struct node *fields_out, const struct node *from,
    const char *const *except)
{
    for (uint32_t i = 0; node_is(from, NODE_MAP) && i < from->count; i++) {
        const struct pair *pair = &from->pairs[i];
        bool skip = node_get(fields_out, pair->key) != NULL;

        for (size_t k = 0; except[k] != NULL; k++)
            skip = skip || text_equal(pair->key, except[k]);
        if (!skip)
            node_set(arena, fields_out, pair->key, pair->value);
    }
}

/** The spec's `bedrock:` section stands in for what a Bedrock model does not say. */
static void inherit_bedrock(const struct check_context *context, struct node *fields_out)
{
    static const char *const names[] = {"endpoint", "region", "api_key"};
    const struct node *section = node_get(context->spec, "bedrock");

    if (node_get(fields_out, "bedrock") == NULL)
        return;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct node *value = node_get(section, names[i]);
        bool keyed = text_equal(names[i], "api_key") && node_get(fields_out, "credential") != NULL;

        if (value != NULL && !keyed && node_get(fields_out, names[i]) == NULL)
            node_set(context->arena, fields_out, names[i], value);
    }
}

static void add_one(const struct check_context *context, const char *const *parts, size_t count,
    struct node *entry, struct span where)
{
    if (node_get(entry, "name") == NULL)
        node_set_string(context->arena, entry, "name", parts[0]);
    inherit_bedrock(context, entry);
    CLEANUP_BUF struct buf named = BUF_INIT((size_t)1 << 20);

    /* One entry is the deployment `default`: writing it out later keeps the id. */
    buf_printf(&named, "%s/default", parts[0]);
    desired_add_as(
        context, context->kind, parts, count, count == 1 ? buf_text(&named) : NULL, entry, where);
}

static void expand(
    const struct check_context *context, const char *name, struct node *entry, struct span where)
{
    static const char *const own[] = {"deployments", "also_in_config", "id", NULL};
    static const char *const sources[] = {
        "deployments", "also_in_config", "id", "bedrock", "model", NULL};
    const struct node *deployments = node_get(entry, "deployments");

    if (!node_is(deployments, NODE_MAP) || deployments->count == 0) {
        add_one(context, &name, 1, entry, where);
        return;
    }
    for (uint32_t i = 0; i < deployments->count; i++) {
        const struct pair *pair = &deployments->pairs[i];
        const char *parts[] = {name, pair->key};
        struct node *one = node_is(pair->value, NODE_MAP)
                               ? node_copy_shallow(context->arena, pair->value)
                               : node_map(context->arena);
        bool says_which = node_get(one, "bedrock") != NULL || node_get(one, "model") != NULL;

        inherit(context->arena, one, entry, says_which ? sources : own);
        add_one(context, parts, 2, one, pair_span(pair));
    }
}

static void check_source(const struct check_context *context, const struct resource *resource)
{
    const char *bedrock = node_get_text(resource->fields, "bedrock");
    const char *model = node_get_text(resource->fields, "model");
    const char *prefix = node_get_text(node_get(context->spec, "bedrock"), "profile_prefix");

    if ((bedrock == NULL) == (model == NULL)) {
        diag_at(context->diags, "LF025", resource->where,
            "write 'bedrock: MODEL_ID', or 'model: PROVIDER/MODEL' for what is not on Bedrock",
            bedrock == NULL ? "neither 'bedrock' nor 'model' is given"
                            : "'bedrock' and 'model' exclude each other")
            ->address = resource->address;
        return;
    }
    if (bedrock != NULL && prefix != NULL && strncmp(bedrock, "arn:", 4) != 0 &&
        !(text_starts(bedrock, prefix) && bedrock[strlen(prefix)] == '.')) {
        diag_at(context->diags, "LF151", field_span(resource, "bedrock"),
            arena_printf(context->arena, "did you mean '%s.%s'?", prefix, model_bare(bedrock)),
            "%s has not the prefix '%s.' of bedrock.profile_prefix", bedrock, prefix)
            ->address = resource->address;
    }
}

static void check(const struct check_context *context, const struct resource *resource)
{
    const char *provider = node_get_text(resource->fields, "provider");

    check_source(context, resource);
    model_check_names(context, resource);
    check_plain_secrets(context, resource, "params",
        "put it into an entry of credentials, by reference, and name that with 'credential:'");
    if (text_equal(provider, "bedrock_converse")) {
        diag_at(context->diags, "LF150", field_span(resource, "provider"),
            "remove the line, or write 'provider: auto'",
            "no LiteLLM version that was tried loads provider bedrock_converse")
            ->address = resource->address;
    }
}

/* ------------------------------------------------------------------ the server */

bool model_is_bedrock(const char *provider)
{
    return text_equal(provider, "bedrock") || text_equal(provider, "bedrock_converse");
}

const char *model_bare(const char *model)
{
    static const char *const prefixes[] = {"bedrock/", "bedrock_converse/", "converse/", "invoke/"};
    bool again = model != NULL;

    while (again) {
        again = false;
        for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
            if (text_starts(model, prefixes[i])) {
                model += strlen(prefixes[i]);
                again = true;
            }
        }
    }
    return model;
}

const char *model_provider(struct arena *arena, const char *model, const char *provider)
{
    const char *slash = model != NULL ? strchr(model, '/') : NULL;

    if (provider != NULL && provider[0] != '\0')
        return provider;
    return slash != NULL ? arena_strndup(arena, model, (size_t)(slash - model)) : NULL;
}

/** A bare id that the cost map of the proxy knows needs no provider: "au.anthropic.claude-...". */
static bool looks_like_bedrock(const char *model, const char *provider)
{
    static const char *const makers[] = {"anthropic.", "amazon.", "meta.", "mistral.", "cohere.",
        "ai21.", "deepseek.", "qwen.", "openai.", "arn:aws"};

    for (size_t i = 0; provider == NULL && i < sizeof(makers) / sizeof(makers[0]); i++) {
        if (strstr(model, makers[i]) != NULL)
            return true;
    }
    return model_is_bedrock(provider);
}

static const char *key_of(struct arena *arena, const char *name, const char *model)
{
    return name != NULL && model != NULL ? arena_printf(arena, "%s %s", name, model_bare(model))
                                         : NULL;
}

static const char *natural(struct arena *arena, const struct resource *resource)
{
    const char *bedrock = node_get_text(resource->fields, "bedrock");

    return key_of(arena, node_get_text(resource->fields, "name"),
        bedrock != NULL ? bedrock : node_get_text(resource->fields, "model"));
}

/** Keys of our own and of the server's book-keeping are no part of what people see. */
static bool wants_key(
    struct live *live, struct object *object, const struct field *field, const struct pair *pair)
{
    static const char *const book_keeping[] = {"id", "db_model", "created_at", "created_by",
        "updated_at", "updated_by", "member_auto_router", "pricing_overrides",
        "access_via_team_ids", "direct_access"};
    static const char *const defaults[] = {MODEL_REVISION, "use_xai_oauth", "use_in_pass_through",
        "use_litellm_proxy", "merge_reasoning_content_in_choices",
        "allow_client_keepalive_override"};
    bool is_true = node_is(pair->value, NODE_BOOL) && pair->value->boolean;

    if (text_equal(field->name, "info")) {
        for (size_t i = 0; i < sizeof(book_keeping) / sizeof(book_keeping[0]); i++) {
            if (text_equal(pair->key, book_keeping[i]))
                return false;
        }
        return true;
    }
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        /* The server fills these in; they count only where somebody set them. */
        if (text_equal(pair->key, defaults[i]) && (i == 0 || !is_true))
            return false;
    }
    if (!is_masked(node_text(pair->value)))
        return true;
    /* A mask is no value: never compared, never written back. */
    kind_set_unseen(live, object, arena_printf(live->arena, "params.%s", pair->key));
    return false;
}

/** `whole`: with all fields; else only what tells whether it is served as stored. */
static struct object *decode_model(
    struct live *live, const struct live_kind *in, const struct node *item, bool whole)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    const struct node *params = node_get(item, "litellm_params");
    const struct node *info = node_get(item, "model_info");
    const char *id = node_get_text(info, "id");
    const char *name = node_get_text(item, "model_name");
    const char *model = node_get_text(params, "model");

    if (id == NULL || name == NULL)
        return NULL;
    struct object *object = kind_object(live, in, id, name);
    const char *provider =
        model_provider(scratch, model, node_get_text(params, "custom_llm_provider"));

    if (whole)
        kind_decode_some(live, object, item, wants_key);
    if (model != NULL && looks_like_bedrock(model, provider))
        kind_set_field(live, object, "bedrock", node_string(scratch, model_bare(model)));
    else
        kind_set_field(live, object, "bedrock", NULL);
    object->key = kind_text(live, key_of(scratch, name, model));
    object->mark = kind_text(live, node_get_text(info, MARK_KEY));
    /* Agents are listed along with the models (litellm 1.106.2 model_list_helpers.py). */
    object->foreign = !node_get_bool(info, "db_model", false) || text_equal(provider, "a2a");
    object->updated_at = kind_text(live, node_get_text(info, "updated_at"));
    kind_keep(live, object, "model", node_get(params, "model"));
    kind_keep(live, object, "provider", node_get(params, "custom_llm_provider"));
    kind_keep(live, object, "revision", node_get(params, MODEL_REVISION));
    if (provider != NULL)
        kind_keep(live, object, "spelling", node_string(scratch, provider));
    return object;
}

struct object *model_decode(struct live *live, const struct live_kind *in, const struct node *item)
{
    return decode_model(live, in, item, true);
}

/** A row of the table: string parameters are encrypted one by one, the rest is in clear. */
static struct object *decode_row(
    struct live *live, const struct live_kind *in, const struct node *row)
{
    const char *id = node_get_text(row, "model_id");
    const char *name = node_get_text(row, "model_name");

    if (id == NULL || name == NULL)
        return NULL;
    struct object *object = kind_object(live, in, id, name);

    kind_decode_some(live, object, row, wants_key);
    for (const struct field *field = in->kind->fields; field->name != NULL; field++) {
        const struct node *value = node_get(object->fields, field->name);
        bool cipher = field->api != NULL && text_starts(field->api, "litellm_params") &&
                      (node_is(value, NODE_STRING) || field->type == FIELD_MAP);

        if (cipher) {
            kind_set_field(live, object, field->name, NULL);
            kind_set_unseen(live, object, field->name);
        }
    }
    object->mark = kind_text(live, node_get_text(node_get(row, "model_info"), MARK_KEY));
    object->updated_at = kind_text(live, node_get_text(row, "updated_at"));
    return object;
}

static bool item(struct live *live, struct live_kind *in, const char *name, const struct node *item)
{
    bool row = text_equal(name, "rows");
    bool table = text_equal(name, "table");
    struct object *object = row ? decode_row(live, in, item) : decode_model(live, in, item, table);

    if (object == NULL)
        return false;
    if (table)
        live_add(live, in, object);
    else
        wait_for(live, in, row ? "row" : "served", object->id, object);
    return true;
}

/** Whether the pod serves what the row says. */
static bool same_as_served(const struct object *row, const struct object *served)
{
    static const char *const kept[] = {"model", "provider", "revision"};

    if (!text_equal(row->name, served->name))
        return false;
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (!node_equal(node_get(row->raw, kept[i]), node_get(served->raw, kept[i])) &&
            (node_get(row->raw, kept[i]) != NULL || node_get(served->raw, kept[i]) != NULL))
            return false;
    }
    return true;
}

static void work_out_loaded(const struct live_kind *in, struct object *object)
{
    const struct object *served = waiting(in, "served", object->id);
    bool in_clear = node_get(object->raw, "model") != NULL;

    if (object->foreign)
        object->loaded = LOADED_YES;
    else if (served == NULL)
        object->loaded = LOADED_NO;
    else
        object->loaded =
            !in_clear || same_as_served(object, served) ? LOADED_YES : LOADED_OLD_VALUES;
}

static void joined(struct live *live, struct live_kind *in)
{
    bool table_seen = in->list.count > 0;
    size_t rows = 0;

    for (size_t i = 0; i < in->raw.count; i++) {
        struct object *waited = in->raw.at[i].value;
        struct object *object = live_object(in, waited->id);

        if (text_starts(in->raw.at[i].key, "row:")) {
            rows++;
            if (object != NULL)
                object->updated_at = waited->updated_at;
            else
                live_add(live, in, waited); /* a pod without any loaded model hides its rows */
        }
    }
    for (size_t i = 0; i < in->raw.count; i++) {
        struct object *waited = in->raw.at[i].value;

        /* Served and in no table: of the config file, or deleted and not yet let go by this pod. */
        if (text_starts(in->raw.at[i].key, "served:") && live_object(in, waited->id) == NULL &&
            (waited->foreign || (!table_seen && rows == 0 && !live->database))) {
            for (const struct field *f = fields; f->name != NULL; f++)
                kind_set_unseen(live, waited, f->name);
            live_add(live, in, waited);
        }
    }
    VEC_EACH(object, &in->list)
        work_out_loaded(in, *object);
    if (in->list.count == 0 && !live->database) {
        in->uncertain = true;
        in->reason =
            "LiteLLM shows no model, which it also does when rows exist and none is loaded";
    }
}

static const char *const after[] = {"credential", NULL};

const struct kind kind_model = {
    .name = "model",
    .section = "models",
    .title = "models",
    .doc = "Models in LiteLLM's table. Each is verified as loaded after it was written: a row that "
           "the proxy cannot load stays in the table and is otherwise to be seen nowhere.",
    .fields = fields,
    .after = after,
    .ownership = OWNERSHIP_FULL,
    .replaceable = true,
    .expand = expand,
    .check = check,
    .natural = natural,
    .listings = listings,
    .tables = tables,
    .item = item,
    .joined = joined,
    .plan = model_plan,
    .call = model_call,
    .memory = sizeof(struct model_memory),
    .force = model_force,
    .forced = model_forced,
    .retry = model_retry,
    .remember = model_remember,
};
