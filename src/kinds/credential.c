/*
 * Credentials: named values that models refer to (litellm_credential_name).
 *
 * Values never come back (masked), each pod keeps the list in memory for 30 s. PATCH merges the
 * values, drops null ones, and replaces info and display name (litellm 1.81.15 and 1.106.2, tried);
 * 1.81 answers errors with status 200 (facts 1.6).
 */
#include "base/text.h"
#include "kinds/common.h"
#include "kinds/registry.h"
#include "model/desired.h"

static const struct field fields[] = {
    {.name = "values",
        .api = "credential_values",
        .type = FIELD_SECRETS,
        .flags = FIELD_REQUIRED | FIELD_WRITE_ONLY,
        .unset = UNSET_RECREATE,
        .doc = "parameters of the provider: a secret reference or plain text each"},
    {.name = "info",
        .api = "credential_info",
        .type = FIELD_MAP,
        .unset = UNSET_EMPTY,
        .doc = "free-form notes (description, custom_llm_provider)"},
    {0},
};

static const struct listing listings[] = {
    {.name = "credentials",
        .path = "/credentials",
        .items = "credentials",
        .id = "credential_name"},
    {0},
};

static const char *const columns[] = {"credential_name", "credential_info", "updated_at", NULL};

static const struct sql_listing tables[] = {
    {.name = "rows",
        .table = "LiteLLM_CredentialsTable",
        .columns = columns,
        .order = "credential_name"},
    {0},
};

enum stage { STAGE_CREATE, STAGE_PATCH, STAGE_DELETE, STAGE_RECREATE, STAGE_DROP };

/** Plain values that are no secret and come back unmasked: somebody else's edit can be seen. */
static bool is_open_value(const char *key)
{
    static const char *const open[] = {"aws_region_name", "aws_bedrock_runtime_endpoint",
        "aws_role_name", "aws_session_name", "api_base", "api_version", "vertex_project",
        "vertex_location", "organization"};

    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        if (text_equal(key, open[i]))
            return true;
    }
    return false;
}

static void read_values(struct live *live, struct object *object, const struct node *values)
{
    struct node *seen = node_map(live->arena);

    /* Before 1.106 GET shows the memory of the pod, which a PATCH reaches within 30 s only. */
    if (live->server.release < LITELLM(1, 106))
        return;
    for (uint32_t i = 0; node_is(values, NODE_MAP) && i < values->count; i++) {
        const char *text = node_text(values->pairs[i].value);

        if (is_open_value(values->pairs[i].key) && text != NULL && !is_masked(text))
            node_set_string(live->arena, seen, values->pairs[i].key, text);
    }
    if (seen->count > 0)
        kind_set_field(live, object, "values", seen);
}

static void read_info(struct live *live, struct object *object, const struct node *info)
{
    kind_set_field(live, object, "info", info);
    kind_keep(live, object, "credential_info", info);
    object->mark = kind_text(live, node_get_text(info, MARK_KEY));
}

static struct object *decode(struct live *live, const struct live_kind *in, const struct node *item)
{
    const char *name = node_get_text(item, "credential_name");

    if (name == NULL)
        return NULL;
    struct object *object = kind_object(live, in, name, name);
    const char *source = node_get_text(item, "source");

    object->key = object->id;
    /* 1.106 says where it is from; "config" is of the file. */
    object->foreign = source != NULL && !text_equal(source, "db");
    kind_keep(live, object, "display_name", node_get(item, "display_name"));
    read_info(live, object, node_get(item, "credential_info"));
    read_values(live, object, node_get(item, "credential_values"));
    return object;
}

static bool item(struct live *live, struct live_kind *in, const char *name, const struct node *item)
{
    struct object *object = decode(live, in, item);

    if (object == NULL)
        return false;
    object->updated_at = kind_text(live, node_get_text(item, "updated_at"));
    if (text_equal(name, "rows"))
        wait_for(live, in, "row", object->id, object);
    else
        live_add(live, in, object);
    return true;
}

/** The table is the truth: the list is one pod's memory, up to 30 s old. */
static void joined(struct live *live, struct live_kind *in)
{
    VEC_EACH(it, &in->list) {
        struct object *object = *it;
        const struct object *row = waiting(in, "row", object->id);

        if (row == NULL) {
            object->foreign = object->foreign || live->database;
            continue;
        }
        object->updated_at = row->updated_at;
        object->mark = row->mark;
        kind_keep(live, object, "credential_info", node_get(row->raw, "credential_info"));
        kind_set_field(live, object, "info", node_get(row->raw, "credential_info"));
    }
    for (size_t i = 0; i < in->raw.count; i++) {
        struct object *row = in->raw.at[i].value;

        if (live_object(in, row->id) == NULL)
            live_add(live, in, row);
    }
}

static const char *natural(struct arena *arena, const struct resource *resource)
{
    return arena_strdup(arena, resource->name);
}

/** The name on the server is the name in the spec: there is no other id. */
static void expand(
    const struct check_context *context, const char *name, struct node *entry, struct span where)
{
    struct resource *resource = desired_add(context, context->kind, &name, 1, entry, where);

    if (resource != NULL)
        resource->id = arena_strdup(context->arena, name);
}

static const char *id_of(const struct call_context *context)
{
    const struct change *change = context->change;

    return change->object != NULL ? change->object->id : change->id;
}

static const char *path_of(const struct call_context *context)
{
    return arena_printf(
        context->arena, "/credentials/%s", text_encode_url(context->arena, id_of(context)));
}

static void keep_display_name(const struct call_context *context, struct node *body)
{
    const struct node *name = node_get(context->change->object->raw, "display_name");

    if (!node_is_nothing(name))
        node_set(context->arena, body, "display_name", node_copy(context->arena, name));
}

/**
 * The row takes over credential_info whole, the pods' memory merges it (tried on 1.81.15 and
 * 1.106.2): a key that is only left out goes on being shown until the next reload. null ends it.
 */
static void null_removed(const struct call_context *context, struct node *body)
{
    VEC_EACH(change, &context->change->fields) {
        if (change->new == NULL && text_starts(change->path, "info."))
            node_set(context->arena, node_get(body, "credential_info"),
                change->path + strlen("info."), node_null(context->arena));
    }
}

static void build(const struct call_context *context, unsigned stage, struct request *ret_request)
{
    struct arena *arena = context->arena;
    struct node *body = node_map(arena);

    if (stage == STAGE_DELETE || stage == STAGE_DROP) {
        request_make(ret_request, "DELETE", path_of(context), NULL);
        return;
    }
    /* 1.81 wants all three members in a PATCH. */
    node_set_string(arena, body, "credential_name", id_of(context));
    node_set(arena, body, "credential_values", node_map(arena));
    node_set(arena, body, "credential_info", node_map(arena));
    if (stage == STAGE_PATCH && context->change->object != NULL) {
        node_unset(body, "credential_info");
        kind_put_changes(context, body, "credential_info", true);
        null_removed(context, body);
        keep_display_name(context, body);
    } else {
        kind_put_all(context, body);
        kind_put_mark(context, body, "credential_info");
    }
    if (stage == STAGE_PATCH)
        request_make(ret_request, "PATCH", path_of(context), body);
    else
        request_make(ret_request, "POST", "/credentials", body);
}

static unsigned first(const struct call_context *context)
{
    switch (context->change->action) {
    case ACTION_CREATE:
        return STAGE_CREATE;
    case ACTION_REPLACE:
        return STAGE_DROP;
    case ACTION_DELETE:
        return STAGE_DELETE;
    case ACTION_UPDATE:
    case ACTION_ADOPT:
    case ACTION_MOVE:
        return STAGE_PATCH;
    case ACTION_NONE:
    case ACTION_FORGET:
    case ACTION_ROTATE:
    case ACTION_REPAIR:
        break;
    }
    return STAGE_NONE;
}

/** There already: 409 since 1.106, before that 500 with the database's words. */
static bool exists_already(const struct call_context *context, const struct reply *reply)
{
    return reply->outcome == OUTCOME_ANSWERED &&
           (reply->status == 409 || says(context, reply, "Unique constraint"));
}

/** A PATCH found no row: 404, before 1.106 an error with status 200. */
static bool is_absent(const struct call_context *context, const struct reply *reply)
{
    return context->change->object == NULL && reply->outcome == OUTCOME_ANSWERED &&
           (reply->status == 404 || is_disguised_error(reply));
}

static enum call_result judge_patch(const struct call_context *context, const struct reply *reply,
    unsigned *ret_next, struct diags *diags)
{
    struct flow *flow = context->memory;
    bool absent = is_absent(context, reply);

    if ((absent || is_unclear(reply)) && !flow->retried) {
        flow->retried = true;
        *ret_next = absent ? STAGE_CREATE : STAGE_PATCH;
        return CALL_SEND;
    }
    return judge_plain(context, STAGE_PATCH, reply, ret_next, diags);
}

static enum call_result judge(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    if (stage == STAGE_DELETE)
        return judge_delete(context, stage, reply, ret_next, diags);
    if (stage == STAGE_DROP) {
        enum call_result result = judge_delete(context, stage, reply, ret_next, diags);

        *ret_next = result == CALL_DONE ? STAGE_RECREATE : stage;
        return result == CALL_DONE ? CALL_SEND : result;
    }
    if (stage == STAGE_PATCH)
        return judge_patch(context, reply, ret_next, diags);
    /* Whatever became of a create whose answer is unclear, a PATCH settles it, or finds nothing. */
    if (exists_already(context, reply) || is_unclear(reply)) {
        *ret_next = STAGE_PATCH;
        return CALL_SEND;
    }
    return judge_plain(context, stage, reply, ret_next, diags);
}

static enum call_result call(const struct call_context *context, unsigned n,
    const struct reply *previous, struct request *ret_request, struct diags *diags)
{
    static const struct course course = {first, build, judge};

    return course_call(&course, context, n, previous, ret_request, diags);
}

static void check(const struct check_context *context, const struct resource *resource)
{
    check_plain_secrets(
        context, resource, "values", "write a reference: { env: NAME } or { file: PATH }");
}

const struct kind kind_credential = {
    .name = "credential",
    .section = "credentials",
    .title = "credentials",
    .doc = "Values of a provider under a name, for models to refer to. They never come back from "
           "the server: what is compared is a keyed hash of what was last written.",
    .fields = fields,
    .ownership = OWNERSHIP_FULL,
    .replaceable = true,
    .expand = expand,
    .check = check,
    .natural = natural,
    .listings = listings,
    .tables = tables,
    .item = item,
    .joined = joined,
    .call = call,
    .memory = sizeof(struct flow),
};
