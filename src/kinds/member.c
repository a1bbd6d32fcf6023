/*
 * Members: people of a team, declared under the team.
 *
 * The list on the team's row is read, changed and written without a lock on 1.81: writes to one team
 * go one after another (lane). /team/member_add makes users up, so it is sent with the id of a row
 * that exists. Before 1.106 /team/member_update replaces all limits, later it merges: all are sent.
 */
#include "base/text.h"
#include "kinds/common.h"
#include "kinds/registry.h"
#include "model/desired.h"

static const char *const roles[] = {"user", "admin", NULL};

static const struct field fields[] = {
    {.name = "user",
        .type = FIELD_TEXT,
        .flags = FIELD_LOCAL,
        .doc = "entry of users, or the e-mail or id of somebody who is there"},
    {.name = "role", .type = FIELD_CHOICE, .choices = roles, .doc = "admin needs a licence"},
    {.name = "budget",
        .api = "litellm_budget_table.max_budget",
        .send = "max_budget_in_team",
        .type = FIELD_DECIMAL,
        .unset = UNSET_NULL,
        .doc = "budget in the team"},
    {.name = "budget_duration",
        .api = "litellm_budget_table.budget_duration",
        .send = "budget_duration",
        .type = FIELD_DURATION,
        .unset = UNSET_NULL,
        .unset_since = LITELLM(1, 106),
        .doc = "when it starts anew (LiteLLM 1.106 on)"},
    {.name = "tpm_limit",
        .api = "litellm_budget_table.tpm_limit",
        .send = "tpm_limit",
        .type = FIELD_INT,
        .unset = UNSET_NULL,
        .doc = "tokens a minute in the team"},
    {.name = "rpm_limit",
        .api = "litellm_budget_table.rpm_limit",
        .send = "rpm_limit",
        .type = FIELD_INT,
        .unset = UNSET_NULL,
        .doc = "requests a minute in the team"},
    {0},
};

static const char *const limits[] = {"budget", "budget_duration", "tpm_limit", "rpm_limit", NULL};

static const struct listing listings[] = {
    {.name = "teams",
        .path = "/v2/team/list?sort_by=team_id&sort_order=asc",
        .items = "teams",
        .total = "total",
        .page = "page",
        .size = "page_size",
        .page_size = 100,
        .id = "team_id"},
    {.name = "memberships",
        .path = "/team/list",
        .id = "team_id",
        .optional = true,
        .without_database = true},
    {0},
};

static const char *const membership_columns[] = {"user_id", "team_id", "budget_id", NULL};
static const char *const budget_columns[] = {
    "budget_id", "max_budget", "budget_duration", "tpm_limit", "rpm_limit", NULL};

static const struct sql_listing tables[] = {
    {.name = "rows",
        .table = "LiteLLM_TeamMembership",
        .columns = membership_columns,
        .order = "user_id"},
    {.name = "budgets",
        .table = "LiteLLM_BudgetTable",
        .columns = budget_columns,
        .order = "budget_id"},
    {0},
};

enum stage { STAGE_ADD, STAGE_CHECK, STAGE_LIMITS, STAGE_LOOK_LIMITS, STAGE_DELETE };

/* ------------------------------------------------------------------ the spec */

static void check(const struct check_context *context, const struct resource *resource)
{
    const char *role = node_get_text(resource->fields, "role");
    const char *tier = context->desired->tier;

    if (text_equal(node_get_text(resource->fields, "user"), "default_user_id")) {
        diag_at(context->diags, "LF028", resource->where, "remove the line",
            "default_user_id stands for the master key and is never managed")
            ->address = resource->address;
    }
    if (text_equal(role, "admin") && !text_equal(tier, "enterprise")) {
        diag_at(context->diags, "LF026", field_span(resource, "role"),
            "write 'user', or set 'tier: enterprise'",
            "a member with the role admin needs a LiteLLM licence")
            ->address = resource->address;
    }
    if (node_get(resource->fields, "budget") != NULL &&
        node_get(resource->fields, "budget_duration") == NULL) {
        /* BerriAI/litellm#25509 */
        diag_at(context->diags, "LF153", field_span(resource, "budget"),
            "add budget_duration (LiteLLM 1.106 on), or use member_budget of the team",
            "a member's budget without budget_duration never starts anew")
            ->address = resource->address;
    }
}

/** Found by identify() alone: what a member is called has two halves that only planning knows. */
static const char *natural(struct arena *arena, const struct resource *resource)
{
    (void)arena, (void)resource;
    return NULL;
}

static const char *identify(const struct plan_context *context, const struct resource *resource)
{
    const char *user = node_get_text(resource->fields, "user");
    const char *team = resource->parent != NULL ? resolve_id(context, resource->parent) : NULL;
    const char *user_id = user != NULL ? resolve_user(context, user) : NULL;

    return team != NULL && user_id != NULL ? arena_printf(context->arena, "%s/%s", team, user_id)
                                           : NULL;
}

/* ------------------------------------------------------------------ the server */

static bool add_member(
    struct live *live, struct live_kind *in, const struct node *team, const struct node *member)
{
    const char *team_id = node_get_text(team, "team_id");
    const char *user_id = node_get_text(member, "user_id");
    const char *email = node_get_text(member, "user_email");

    if (user_id == NULL)
        return false; /* known by e-mail only: nobody to be managed by an id */
    const char *alias = node_get_text(team, "team_alias");
    const char *person = email != NULL ? email : user_id;
    struct object *object =
        kind_object(live, in, arena_printf(live->arena, "%s/%s", team_id, user_id),
            arena_printf(live->arena, "%s/%s",
                text_encode_address(live->arena, alias != NULL ? alias : team_id),
                text_encode_address(live->arena, person)));

    kind_set_field(live, object, "role", node_get(member, "role"));
    kind_set_field(live, object, "user", node_string(live->arena, person));
    for (size_t i = 0; limits[i] != NULL; i++)
        kind_set_unseen(live, object, limits[i]);
    object->parent = kind_text(live, team_id);
    object->foreign = text_equal(user_id, "default_user_id");
    kind_keep(live, object, "user_id", node_get(member, "user_id"));
    kind_keep(live, object, "team_id", node_get(team, "team_id"));
    kind_keep(live, object, "default_budget", node_path(team, "metadata.team_member_budget_id"));
    live_add(live, in, object);
    return true;
}

static bool read_team(struct live *live, struct live_kind *in, const struct node *team)
{
    /* The column's default is {} where [] is meant. */
    const struct node *members = node_get(team, "members_with_roles");

    if (node_get_text(team, "team_id") == NULL)
        return false;
    for (uint32_t i = 0; node_is(members, NODE_LIST) && i < members->count; i++)
        add_member(live, in, team, members->items[i]);
    return true;
}

static void read_memberships(struct live *live, struct live_kind *in, const struct node *team)
{
    const struct node *list = node_get(team, "team_memberships");
    const char *team_id = node_get_text(team, "team_id");

    if (team_id != NULL)
        wait_for(live, in, "seen", team_id, node_null(live->arena));
    for (uint32_t i = 0; node_is(list, NODE_LIST) && i < list->count; i++) {
        const char *user_id = node_get_text(list->items[i], "user_id");

        if (team_id != NULL && user_id != NULL)
            wait_for(live, in, "of", arena_printf(live->arena, "%s/%s", team_id, user_id),
                node_copy(live->arena, list->items[i]));
    }
}

static bool read_row(struct live *live, struct live_kind *in, const struct node *row)
{
    const char *team_id = node_get_text(row, "team_id");
    const char *user_id = node_get_text(row, "user_id");

    if (team_id == NULL || user_id == NULL)
        return false;
    wait_for(live, in, "row", arena_printf(live->arena, "%s/%s", team_id, user_id),
        node_copy(live->arena, row));
    return true;
}

static bool item(struct live *live, struct live_kind *in, const char *name, const struct node *item)
{
    if (text_equal(name, "teams"))
        return read_team(live, in, item);
    if (text_equal(name, "rows"))
        return read_row(live, in, item);
    if (text_equal(name, "memberships")) {
        read_memberships(live, in, item);
        return node_is(item, NODE_MAP);
    }
    const char *id = node_get_text(item, "budget_id");

    if (id != NULL)
        wait_for(live, in, "budget", id, node_copy(live->arena, item));
    return id != NULL;
}

/** Budget and limits of one member; the team's default budget is not this person's own. */
static void join_limits(struct live *live, const struct live_kind *in, struct object *object)
{
    const struct node *row = waiting(in, "row", object->id);
    const struct node *of = waiting(in, "of", object->id);
    const struct node *link = row != NULL ? row : of;
    const char *budget_id = node_get_text(link, "budget_id");
    const struct node *budget = row != NULL && budget_id != NULL
                                    ? waiting(in, "budget", budget_id)
                                    : node_get(of, "litellm_budget_table");
    bool known = live->database || waiting(in, "seen", object->parent) != NULL;

    if (!known || (budget_id != NULL && budget == NULL))
        return;
    if (text_equal(budget_id, node_get_text(object->raw, "default_budget")))
        budget = NULL;
    for (size_t i = 0; limits[i] != NULL; i++) {
        const struct field *field = field_by_name(fields, limits[i]);

        kind_set_field(live, object, limits[i], node_get(budget, strrchr(field->api, '.') + 1));
    }
}

static void joined(struct live *live, struct live_kind *in)
{
    VEC_EACH(object, &in->list)
        join_limits(live, in, *object);
}

/* ------------------------------------------------------------------ changes */

/** Before 1.106 a member's budget takes no duration (tried on 1.81.15). */
static bool lacks_duration(const struct server *server)
{
    return server->release != 0 && server->release < LITELLM(1, 106);
}

static void plan(const struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change)
{
    const char *user = node_get_text(resource->fields, "user");
    const char *team_id = object != NULL ? object->parent : resolve_id(context, resource->parent);
    const char *user_id =
        object != NULL ? node_get_text(object->raw, "user_id") : resolve_user(context, user);

    const struct live_kind *users = live_kind(context->live, &kind_user);

    change->action = user_id == NULL || team_id == NULL ? ACTION_NONE : change->action;
    if (user_id == NULL && users != NULL && users->status == LIVE_UNREAD)
        return; /* nobody can tell whether there is such a person */
    if (change->action == ACTION_NONE) {
        finding(context, resource, "LF208",
            "%s is neither declared under users nor known to LiteLLM: not added to the team", user)
            ->fix = arena_printf(context->arena, "declare %s under users", user);
        return;
    }
    extra_set(context, change, "team_id", team_id);
    extra_set(context, change, "user_id", user_id);
    change->lane = team_id;
    if (object == NULL)
        change->id = arena_printf(context->arena, "%s/%s", team_id, user_id);
    if (node_get(resource->fields, "budget_duration") != NULL && lacks_duration(context->server)) {
        finding(context, resource, "LF216", "LiteLLM %s does not store budget_duration of a member",
            context->server->version);
        change_drop(change, "budget_duration");
    }
}

static bool takes(const struct object *gone, const struct object *other)
{
    return other->kind == &kind_key &&
           text_equal(node_get_text(other->raw, "team_id"), gone->parent) &&
           text_equal(node_get_text(other->raw, "user_id"), node_get_text(gone->raw, "user_id"));
}

static const char *half(const struct call_context *context, const char *key)
{
    const struct object *object = context->change->object;
    const char *text = extra_text(context->change, key);

    return text != NULL || object == NULL ? text : node_get_text(object->raw, key);
}

static bool wants_limits(const struct call_context *context)
{
    for (size_t i = 0; limits[i] != NULL; i++) {
        if (wanted(context, limits[i]) != NULL)
            return true;
    }
    return false;
}

/** All limits: what the spec says, else what is live; null takes one back. */
static void put_limits(const struct call_context *context, struct node *body)
{
    const struct object *object = context->change->object;

    for (size_t i = 0; limits[i] != NULL; i++) {
        const struct field *field = field_by_name(fields, limits[i]);
        const struct field_change *change = kind_change(context->change, limits[i]);
        const struct node *value = wanted(context, limits[i]);

        if (text_equal(limits[i], "budget_duration") && lacks_duration(context->server))
            continue;
        if (value == NULL && object != NULL && change == NULL)
            value = node_get(object->fields, limits[i]);
        if (value != NULL)
            node_set(context->arena, body, field->send, node_copy(context->arena, value));
        else if (change != NULL)
            node_set(context->arena, body, field->send, node_null(context->arena));
    }
}

static struct node *add_body(const struct call_context *context)
{
    struct arena *arena = context->arena;
    struct node *body = node_map(arena);
    struct node *member = node_map(arena);
    const char *role = node_text(wanted(context, "role"));
    const struct node *budget = wanted(context, "budget");

    node_set_string(arena, member, "role", role != NULL ? role : "user");
    node_set_string(arena, member, "user_id", half(context, "user_id"));
    node_set(arena, body, "member", member);
    if (budget != NULL)
        node_set(arena, body, "max_budget_in_team", node_copy(arena, budget));
    return body;
}

static void build(const struct call_context *context, unsigned stage, struct request *ret_request)
{
    struct arena *arena = context->arena;
    const char *path = "/team/member_update";
    struct node *body = node_map(arena);

    if (stage == STAGE_CHECK || stage == STAGE_LOOK_LIMITS) {
        request_make(ret_request, "GET",
            arena_printf(
                arena, "/team/info?team_id=%s", text_encode_url(arena, half(context, "team_id"))),
            NULL);
        return;
    }
    if (stage == STAGE_ADD) {
        path = "/team/member_add";
        body = add_body(context);
    } else {
        node_set_string(arena, body, "user_id", half(context, "user_id"));
    }
    node_set_string(arena, body, "team_id", half(context, "team_id"));
    if (stage == STAGE_DELETE)
        path = "/team/member_delete";
    if (stage == STAGE_LIMITS) {
        if (kind_change(context->change, "role") != NULL)
            node_set_string(arena, body, "role", node_text(wanted(context, "role")));
        put_limits(context, body);
    }
    request_make(ret_request, "POST", path, body);
}

static unsigned first(const struct call_context *context)
{
    switch (context->change->action) {
    case ACTION_CREATE:
        return STAGE_ADD;
    case ACTION_DELETE:
        return STAGE_DELETE;
    case ACTION_UPDATE:
    case ACTION_ADOPT:
    case ACTION_MOVE: /* nothing can carry a mark here */
        return context->change->fields.count > 0 ? STAGE_LIMITS : STAGE_NONE;
    case ACTION_NONE:
    case ACTION_FORGET:
    case ACTION_REPLACE:
    case ACTION_ROTATE:
    case ACTION_REPAIR:
        break;
    }
    return STAGE_NONE;
}

/** The team's answer to a look: whether the person is in it. */
static const struct node *find_member(const struct call_context *context, const struct reply *reply)
{
    const struct node *team = reply_ok(reply) ? node_get(reply->body, "team_info") : NULL;
    const struct node *members = node_get(team, "members_with_roles");

    for (uint32_t i = 0; node_is(members, NODE_LIST) && i < members->count; i++) {
        if (text_equal(node_get_text(members->items[i], "user_id"), half(context, "user_id")))
            return members->items[i];
    }
    return NULL;
}

/** Whether the limits of the person in the team are those that were to be written. */
static bool has_limits(const struct call_context *context, const struct reply *reply)
{
    const struct node *list = reply_ok(reply) ? node_get(reply->body, "team_memberships") : NULL;
    struct node *wish = node_map(context->arena);

    put_limits(context, wish);
    for (uint32_t i = 0; node_is(list, NODE_LIST) && i < list->count; i++) {
        const struct node *budget = node_get(list->items[i], "litellm_budget_table");

        if (!text_equal(node_get_text(list->items[i], "user_id"), half(context, "user_id")))
            continue;
        for (size_t k = 0; limits[k] != NULL; k++) {
            const struct field *field = field_by_name(fields, limits[k]);
            const struct node *want = node_get(wish, field->send);
            const struct node *have = node_get(budget, strrchr(field->api, '.') + 1);

            if (want != NULL && !node_equal(want, have) &&
                !(node_is_nothing(want) && node_is_nothing(have)))
                return false;
        }
        return true;
    }
    return false;
}

static enum call_result added(const struct call_context *context, unsigned *ret_next)
{
    *ret_next = STAGE_LIMITS;
    return wants_limits(context) ? CALL_SEND : CALL_DONE;
}

static enum call_result judge_add(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    struct flow *flow = context->memory;

    if (reply_ok(reply))
        return added(context, ret_next);
    if (is_unclear(reply) || says(context, reply, "already in team")) {
        flow->why = reply_message(context->arena, reply);
        *ret_next = STAGE_CHECK;
        return CALL_SEND;
    }
    return judge_plain(context, stage, reply, ret_next, diags);
}

static enum call_result judge(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    struct flow *flow = context->memory;

    switch ((enum stage)stage) {
    case STAGE_ADD:
        return judge_add(context, stage, reply, ret_next, diags);
    case STAGE_DELETE:
        return judge_delete(context, stage, reply, ret_next, diags);
    case STAGE_CHECK:
        if (find_member(context, reply) != NULL)
            return added(context, ret_next);
        if (reply_ok(reply) && !flow->retried) {
            flow->retried = true;
            *ret_next = STAGE_ADD;
            return CALL_SEND;
        }
        return refused_why(context, flow->why, diags);
    case STAGE_LOOK_LIMITS:
        if (has_limits(context, reply))
            return CALL_DONE;
        *ret_next = STAGE_LIMITS;
        return reply_ok(reply) ? CALL_SEND : refused_why(context, flow->why, diags);
    case STAGE_LIMITS:
        break;
    }
    /* On 1.81 each /team/member_update makes a new budget row: looked for before it is repeated. */
    if (is_unclear(reply) && !flow->retried) {
        flow->retried = true;
        flow->why = reply_message(context->arena, reply);
        *ret_next = STAGE_LOOK_LIMITS;
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

static const char *const after[] = {"team", "user", NULL};

const struct kind kind_member = {
    .name = "member",
    .title = "members",
    .doc = "People of a team, declared under the team. Removing one ends that person's keys of the "
           "team.",
    .fields = fields,
    .after = after,
    .ownership = OWNERSHIP_KEEP,
    .check = check,
    .natural = natural,
    .identify = identify,
    .listings = listings,
    .tables = tables,
    .item = item,
    .joined = joined,
    .plan = plan,
    .takes = takes,
    .call = call,
    .memory = sizeof(struct flow),
};
