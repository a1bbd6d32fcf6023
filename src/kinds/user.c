/*
 * Users.
 *
 * /user/new makes a key unless told not to. /user/update drops null, [] and {} for most fields, and
 * makes a row when the id is unknown. Before 1.106 a user who invited others cannot be deleted while
 * their invitations stand (facts 1.4; litellm 1.81.15 and 1.106.2).
 */
#include "base/text.h"
#include "kinds/common.h"
#include "kinds/registry.h"
#include "model/desired.h"

static const char *const roles[] = {"proxy_admin", "proxy_admin_viewer", "internal_user",
    "internal_user_viewer", "org_admin", "team", "customer", NULL};

static const struct field fields[] = {
    {.name = "role",
        .api = "user_role",
        .type = FIELD_CHOICE,
        .choices = roles,
        .doc = "default for a new user: internal_user"},
    {.name = "email",
        .api = "user_email",
        .type = FIELD_TEXT,
        .unset = UNSET_EMPTY,
        .doc = "default: the entry's name, when it holds an @"},
    {.name = "alias",
        .api = "user_alias",
        .type = FIELD_TEXT,
        .unset = UNSET_EMPTY,
        .doc = "name to show"},
    {.name = "sso_user_id",
        .type = FIELD_TEXT,
        .flags = FIELD_CREATE,
        .doc = "id at the single sign-on provider"},
    /* A list cannot be emptied again: `all` is written out (both versions). */
    {.name = "models",
        .type = FIELD_MODELS,
        .unset = UNSET_EMPTY,
        .refers = "model",
        .doc = "list of names, all, or none"},
    {.name = "max_budget", .type = FIELD_DECIMAL, .unset = UNSET_NULL, .doc = "in USD"},
    {.name = "budget_duration",
        .type = FIELD_DURATION,
        .unset = UNSET_NULL,
        .unset_since = LITELLM(1, 106),
        .doc = "when the budget starts anew"},
    {.name = "tpm_limit",
        .type = FIELD_INT,
        .unset = UNSET_NULL,
        .unset_since = LITELLM(1, 106),
        .doc = "tokens a minute"},
    {.name = "rpm_limit",
        .type = FIELD_INT,
        .unset = UNSET_NULL,
        .unset_since = LITELLM(1, 106),
        .doc = "requests a minute"},
    {.name = "max_parallel_requests", .type = FIELD_INT, .doc = "calls at one time"},
    {.name = "metadata", .type = FIELD_MAP, .unset = UNSET_EMPTY, .doc = "free-form"},
    {.name = "id",
        .type = FIELD_TEXT,
        .flags = FIELD_LOCAL,
        .doc = "user_id; default: made from environment and name"},
    {0},
};

static const struct listing listings[] = {
    /* Without a stable order rows were doubled and missed (BerriAI/litellm#15762). */
    {.name = "users",
        .path = "/user/list?sort_by=user_id&sort_order=asc",
        .items = "users",
        .total = "total",
        .page = "page",
        .size = "page_size",
        .page_size = 100,
        .id = "user_id"},
    {0},
};

static const char *const row_columns[] = {"user_id", "max_parallel_requests", NULL};
static const char *const invitation_columns[] = {"id", "user_id", "created_by", "updated_by", NULL};

static const struct sql_listing tables[] = {
    {.name = "rows", .table = "LiteLLM_UserTable", .columns = row_columns, .order = "user_id"},
    {.name = "invitations",
        .table = "LiteLLM_InvitationLink",
        .columns = invitation_columns,
        .order = "id"},
    {0},
};

enum stage { STAGE_CREATE, STAGE_CHECK, STAGE_UPDATE, STAGE_DELETE, STAGE_INVITATION };

struct memory {
    struct flow flow;
    uint32_t invitation; /* the next one to delete */
};

/* ------------------------------------------------------------------ the spec */

static void expand(
    const struct check_context *context, const char *name, struct node *entry, struct span where)
{
    const struct node *email = node_get(entry, "email");
    const char *text = email != NULL ? node_text(email) : name;

    /* E-mails that differ in case only are one; sign-on providers deliver them in any. */
    if (text != NULL && (email != NULL || strchr(name, '@') != NULL)) {
        struct node *lower = node_string(context->arena, text_lower(context->arena, text));

        if (email != NULL) {
            lower->file = email->file;
            lower->line = email->line;
            lower->column = email->column;
        }
        node_set(context->arena, entry, "email", lower);
    }
    desired_add(context, context->kind, &name, 1, entry, where);
}

static void check(const struct check_context *context, const struct resource *resource)
{
    check_limits(context, resource);
    if (text_equal(resource->id, "default_user_id")) {
        diag_at(context->diags, "LF028", field_span(resource, "id"), "remove the entry",
            "default_user_id stands for the master key and is never managed")
            ->address = resource->address;
    }
}

static const char *natural(struct arena *arena, const struct resource *resource)
{
    const char *email = node_get_text(resource->fields, "email");

    return email != NULL ? text_lower(arena, email) : NULL;
}

/** Before the e-mail comes the id at the single sign-on provider (semantics 1). */
static const char *identify(const struct plan_context *context, const struct resource *resource)
{
    const char *wish = node_get_text(resource->fields, "sso_user_id");
    const struct live_kind *in = live_kind(context->live, &kind_user);

    for (size_t i = 0; wish != NULL && in != NULL && i < in->list.count; i++) {
        const struct object *object = in->list.at[i];

        if (!object->foreign && text_equal(node_get_text(object->fields, "sso_user_id"), wish))
            return object->id;
    }
    return NULL;
}

/* ------------------------------------------------------------------ the server */

static struct object *decode(struct live *live, const struct live_kind *in, const struct node *item)
{
    const char *id = node_get_text(item, "user_id");
    const char *email = node_get_text(item, "user_email");

    if (id == NULL)
        return NULL;
    bool named = email != NULL && email[0] != '\0';
    struct object *object = kind_object(live, in, id, named ? email : id);

    kind_decode(live, object, item);
    object->key = named ? text_lower(live->arena, email) : NULL;
    if (named)
        kind_set_field(live, object, "email", node_string(live->arena, object->key));
    object->mark = kind_text(live, node_get_text(node_get(item, "metadata"), MARK_KEY));
    object->updated_at = kind_text(live, node_get_text(item, "updated_at"));
    object->foreign = text_equal(id, "default_user_id");
    kind_keep(live, object, "metadata", node_get(item, "metadata"));
    return object;
}

/** Invitations that somebody made for others, by who made them. */
static void keep_invitation(struct live *live, struct live_kind *in, const struct node *row)
{
    static const char *const makers[] = {"created_by", "updated_by"};
    const char *id = node_get_text(row, "id");

    for (size_t i = 0; id != NULL && i < sizeof(makers) / sizeof(makers[0]); i++) {
        const char *maker = node_get_text(row, makers[i]);

        if (maker == NULL || text_equal(maker, node_get_text(row, "user_id")))
            continue;
        struct node *list = waiting(in, "invitations", maker);

        if (list == NULL) {
            list = node_list(live->arena);
            wait_for(live, in, "invitations", maker, list);
        }
        if (i == 0 || !text_equal(maker, node_get_text(row, makers[0])))
            node_list_add(live->arena, list, node_string(live->arena, id));
    }
}

static bool item(struct live *live, struct live_kind *in, const char *name, const struct node *item)
{
    if (text_equal(name, "invitations")) {
        keep_invitation(live, in, item);
        return true;
    }
    if (text_equal(name, "rows")) {
        const char *id = node_get_text(item, "user_id");

        if (id != NULL)
            wait_for(live, in, "row", id, node_copy(live->arena, item));
        return id != NULL;
    }
    struct object *object = decode(live, in, item);

    if (object != NULL)
        live_add(live, in, object);
    return object != NULL;
}

static void joined(struct live *live, struct live_kind *in)
{
    VEC_EACH(it, &in->list) {
        const struct node *row = waiting(in, "row", (*it)->id);
        const struct node *parallel = node_get(row, "max_parallel_requests");

        kind_keep(live, *it, "invitations", waiting(in, "invitations", (*it)->id));
        /* /user/list of 1.81 lacks this column. */
        if (parallel != NULL)
            kind_set_field(live, *it, "max_parallel_requests", parallel);
    }
}

/* ------------------------------------------------------------------ changes */

static bool takes(const struct object *gone, const struct object *other)
{
    if (other->foreign) /* the master key's own membership is nobody's loss */
        return false;
    return (other->kind == &kind_member || other->kind == &kind_key) &&
           text_equal(node_get_text(other->raw, "user_id"), gone->id);
}

static const char *id_of(const struct call_context *context)
{
    const struct change *change = context->change;

    return change->object != NULL ? change->object->id : change->id;
}

static struct node *create_body(const struct call_context *context)
{
    struct node *body = node_map(context->arena);

    /* Without a role the column stays NULL; without auto_create_key a key of nobody's is made. */
    node_set_string(context->arena, body, "user_role", "internal_user");
    node_set_bool(context->arena, body, "auto_create_key", false);
    node_set_bool(context->arena, body, "send_invite_email", false);
    kind_put_all(context, body);
    kind_put_mark(context, body, "metadata");
    return body;
}

static struct node *update_body(const struct call_context *context)
{
    struct node *body = node_map(context->arena);

    kind_put_changes(context, body, "metadata", kind_wants_mark(context));
    return body;
}

static const struct node *invitations(const struct call_context *context)
{
    const struct object *object = context->change->object;

    return object != NULL ? node_get(object->raw, "invitations") : NULL;
}

static void build(const struct call_context *context, unsigned stage, struct request *ret_request)
{
    const struct memory *memory = context->memory;
    struct arena *arena = context->arena;
    struct node *body = node_map(arena);
    struct node *ids = node_list(arena);

    switch ((enum stage)stage) {
    case STAGE_CHECK:
        request_make(ret_request, "GET",
            arena_printf(arena, "/user/info?user_id=%s", text_encode_url(arena, id_of(context))),
            NULL);
        return;
    case STAGE_DELETE:
        node_list_add(arena, ids, node_string(arena, id_of(context)));
        node_set(arena, body, "user_ids", ids);
        request_make(ret_request, "POST", "/user/delete", body);
        return;
    case STAGE_INVITATION:
        node_set(arena, body, "invitation_id",
            node_copy(arena, invitations(context)->items[memory->invitation]));
        request_make(ret_request, "POST", "/invitation/delete", body);
        return;
    case STAGE_CREATE:
        body = create_body(context);
        break;
    case STAGE_UPDATE:
        body = update_body(context);
        break;
    }
    node_set_string(arena, body, "user_id", id_of(context));
    request_make(ret_request, "POST", stage == STAGE_CREATE ? "/user/new" : "/user/update", body);
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
        return update_body(context)->count > 0 ? STAGE_UPDATE : STAGE_NONE;
    case ACTION_NONE:
    case ACTION_FORGET:
    case ACTION_REPLACE:
    case ACTION_ROTATE:
    case ACTION_REPAIR:
        break;
    }
    return STAGE_NONE;
}

static enum call_result judge_create(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    struct memory *memory = context->memory;
    bool exists = says(context, reply, "already exists");

    if (!exists && !is_unclear(reply))
        return judge_plain(context, stage, reply, ret_next, diags);
    memory->flow.why = reply_message(context->arena, reply);
    *ret_next = STAGE_CHECK;
    return CALL_SEND;
}

static enum call_result judge_check(const struct call_context *context, const struct reply *reply,
    unsigned *ret_next, struct diags *diags)
{
    struct memory *memory = context->memory;
    const struct node *row = reply_ok(reply) ? node_get(reply->body, "user_info") : NULL;
    bool taken = memory->flow.why != NULL && strstr(memory->flow.why, "already exists") != NULL;

    if (text_equal(node_get_text(node_get(row, "metadata"), MARK_KEY), context->mark) &&
        context->mark != NULL)
        return CALL_DONE;
    /* Not there under our id although taken: the e-mail is another row's. */
    if (reply->outcome == OUTCOME_ANSWERED && reply->status == 404 && !taken &&
        !memory->flow.retried) {
        memory->flow.retried = true;
        *ret_next = STAGE_CREATE;
        return CALL_SEND;
    }
    return refused_why(context, memory->flow.why, diags);
}

/** "Internal Server Error" and nothing else is what a foreign key gets (BerriAI/litellm#23114). */
static enum call_result judge_gone(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    struct memory *memory = context->memory;
    const struct node *list = invitations(context);

    if (reply->outcome != OUTCOME_ANSWERED || reply->status != 500)
        return judge_delete(context, stage, reply, ret_next, diags);
    if (memory->invitation == 0 && node_is(list, NODE_LIST) && list->count > 0) {
        *ret_next = STAGE_INVITATION;
        return CALL_SEND;
    }
    struct diag *diag = diag_add(diags, "LF211", "LiteLLM cannot delete user %s: %s",
        id_of(context), reply_message(context->arena, reply));

    diag->address = context->change->address;
    diag->fix = "delete the invitations that this user made for others (with targets.database set "
                "this happens by itself), or update LiteLLM";
    return CALL_FAILED;
}

static enum call_result judge(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    struct memory *memory = context->memory;
    enum call_result result;

    switch ((enum stage)stage) {
    case STAGE_CREATE:
        return judge_create(context, stage, reply, ret_next, diags);
    case STAGE_CHECK:
        return judge_check(context, reply, ret_next, diags);
    case STAGE_DELETE:
        return judge_gone(context, stage, reply, ret_next, diags);
    case STAGE_INVITATION:
        result = judge_delete(context, stage, reply, ret_next, diags);
        if (result != CALL_DONE)
            return result;
        memory->invitation++;
        *ret_next =
            memory->invitation < invitations(context)->count ? STAGE_INVITATION : STAGE_DELETE;
        return CALL_SEND;
    case STAGE_UPDATE:
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

const struct kind kind_user = {
    .name = "user",
    .section = "users",
    .title = "users",
    .doc =
        "People. No key is made for them and no mail is sent. Whoever is in the table counts for "
        "the five seats of single sign-on without a licence, whatever the role.",
    .fields = fields,
    .ownership = OWNERSHIP_KEEP,
    .expand = expand,
    .check = check,
    .natural = natural,
    .identify = identify,
    .listings = listings,
    .tables = tables,
    .item = item,
    .joined = joined,
    .takes = takes,
    .call = call,
    .memory = sizeof(struct memory),
};
