/*
 * Models: which spelling of the provider to write, and the calls of a change.
 *
 * PATCH /model/ID/update merges one level deep into litellm_params and model_info and drops null
 * (litellm 1.81.15, 1.106.2). model_info.id is always sent: without it the server makes a random
 * one up and stores it. Since 1.106 a row that cannot be loaded is answered with 500 "saved to the
 * database, but ... not live", and is stored all the same.
 */
#include "base/text.h"
#include "kinds/model.h"
#include "kinds/registry.h"

enum stage {
    STAGE_NEW,
    STAGE_PATCH,     /* what changed */
    STAGE_PATCH_ALL, /* everything: the row was there already */
    STAGE_RESPELL,   /* the provider, in the other spelling */
    STAGE_RESTORE,   /* back to the first spelling: neither is loaded */
    STAGE_DELETE,
    STAGE_DROP, /* delete, to be made anew with the same id */
    STAGE_RENEW,
};

/* ------------------------------------------------------------------ spelling */

/** What was tried on real proxies: plain `bedrock` was loaded, `bedrock_converse` stored and never
 *  loaded ("Unsupported provider - bedrock_converse, ignoring"). */
static const struct {
    uint16_t release;
    const char *loads;
    const char *evidence;
} spellings[] = {
    {LITELLM(1, 73), "bedrock", "tried on 1.73.0"},
    {LITELLM(1, 77), "bedrock", "tried on 1.77.1"},
    {LITELLM(1, 81), "bedrock", "tried on 1.81.15"},
    {LITELLM(1, 106), "bedrock", "tried on 1.106.2"},
    {LITELLM(1, 108), "bedrock", "tried on 1.108.5"},
};

static const char *other_spelling(const char *spelling)
{
    return text_equal(spelling, "bedrock") ? "bedrock_converse" : "bedrock";
}

struct choice {
    const char *first;
    bool proven; /* the other one is known not to load */
    const char *why;
};

/** What this proxy has loaded itself is the best evidence; then the table; then the last apply. */
static struct choice choose(const struct plan_context *context)
{
    uint16_t release = context->server != NULL ? context->server->release : 0;
    const char *known =
        context->known != NULL ? node_get_text(context->known->extra, "spelling") : NULL;

    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        if (spellings[i].release == release && release != 0)
            return (struct choice){spellings[i].loads, true, spellings[i].evidence};
    }
    const struct live_kind *in = live_kind(context->live, &kind_model);

    for (size_t i = 0; in != NULL && i < in->list.count; i++) {
        const struct object *object = in->list.at[i];
        const char *spelling = node_get_text(object->raw, "spelling");

        if (!object->foreign && object->loaded == LOADED_YES && model_is_bedrock(spelling)) {
            return (struct choice){arena_strdup(context->arena, spelling), false,
                arena_printf(context->arena, "this proxy has loaded %s with it", object->name)};
        }
    }
    if (model_is_bedrock(known))
        return (struct choice){known, false, "this proxy took it before"};
    return (struct choice){"bedrock", false, "loaded by every version that was tried"};
}

/* ------------------------------------------------------------------ planning */

static void spell(const struct plan_context *context, struct change *change, const char *spelling,
    const struct choice *choice, const char *why)
{
    extra_set(context, change, "spelling", spelling);
    if (!choice->proven)
        extra_set(context, change, "other", other_spelling(spelling));
    change->note = arena_printf(context->arena, "provider %s: %s", spelling, why);
}

static bool is_write(enum action action)
{
    return action == ACTION_CREATE || action == ACTION_UPDATE || action == ACTION_REPLACE ||
           action == ACTION_ADOPT || action == ACTION_MOVE;
}

static const char *not_loaded_fix(const struct plan_context *context, const struct choice *choice,
    bool first, bool hopeless, bool automatic)
{
    if (!hopeless) {
        return arena_printf(context->arena, "apply writes provider %s",
            first ? other_spelling(choice->first) : choice->first);
    }
    return automatic
               ? "look into the proxy's log for the model's name"
               : "look into the proxy's log for the model's name; with 'provider: auto' apply "
                 "finds the spelling that loads";
}

/** A row that is there and not loaded, or served as it was before the last write. */
static void plan_not_loaded(const struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change, bool automatic)
{
    const char *spelling = node_get_text(object->raw, "spelling");
    struct choice choice = choose(context);
    bool first = text_equal(spelling, choice.first);
    bool hopeless = !automatic || (first && choice.proven);
    struct diag *diag;

    if (object->loaded == LOADED_OLD_VALUES) {
        diag = finding(context, resource, "LF202",
            "the proxy serves %s as it was before the last write", object->name);
        if (!hopeless && !first) {
            diag->fix = arena_printf(context->arena, "apply writes provider %s", choice.first);
        } else {
            diag->fix = "wait for the reload (30 s); restart the proxy if it stays so";
            return;
        }
    } else {
        diag = finding(context, resource, "LF201",
            "%s is in the table (provider %s) and the proxy has not loaded it", object->name,
            spelling != NULL ? spelling : "none");
        diag->fix = not_loaded_fix(context, &choice, first, hopeless, automatic);
    }
    if (hopeless)
        return;
    const char *wish = first ? other_spelling(choice.first) : choice.first;

    spell(context, change, wish, &choice, first ? "the other spelling is not loaded" : choice.why);
    if (change->action == ACTION_NONE ||
        (change->action == ACTION_UPDATE && change->fields.count == 0)) {
        change->action = ACTION_REPAIR;
        change->reason = "not loaded";
    }
}

/** The provider that the spec says, against the one that is live. */
static void plan_provider(const struct plan_context *context, const struct object *object,
    struct change *change, const char *provider)
{
    const char *live = node_get_text(object->raw, "spelling");

    if (text_equal(live, provider))
        return;
    *VEC_ADD(context->arena, &change->fields) = (struct field_change){
        .path = "provider",
        .field = field_by_name(kind_model.fields, "provider"),
        .old = live != NULL ? node_string(context->arena, live) : NULL,
        .new = node_string(context->arena, provider),
    };
    if (change->action == ACTION_UPDATE && change->fields.count == 1)
        change->reason = "spec changed";
}

/** A row that is made anew needs its key, which nobody can read back. */
static void plan_replace(
    const struct plan_context *context, const struct resource *resource, struct change *change)
{
    const char *reference = node_get_text(resource->fields, "api_key");
    const struct secret_fact *fact =
        reference != NULL ? secret_fact(context->secrets, reference) : NULL;

    if (change->action != ACTION_REPLACE || fact == NULL || fact->known)
        return;
    finding(context, resource, "LF212",
        "%s has to be made anew to unset a parameter, and its api_key cannot be resolved: %s",
        resource->address, fact->reason != NULL ? fact->reason : "not available here")
        ->fix = "run it where the reference resolves";
    change->action = ACTION_NONE;
}

/** The spelling of a write that needs one and has none yet. */
static void plan_spelling(
    const struct plan_context *context, const struct object *object, struct change *change)
{
    struct choice choice = choose(context);
    const char *live = object != NULL ? node_get_text(object->raw, "spelling") : NULL;
    bool loaded = object != NULL && object->loaded == LOADED_YES;

    if (loaded && model_is_bedrock(live)) /* what is loaded is right, whichever it is */
        extra_set(context, change, "spelling", live);
    else if (!loaded || kind_change(change, "bedrock") != NULL)
        spell(context, change, choice.first, &choice, choice.why);
}

void model_plan(const struct plan_context *context, const struct resource *resource,
    const struct object *object, struct change *change)
{
    const char *provider = node_get_text(resource->fields, "provider");
    bool bedrock = node_get(resource->fields, "bedrock") != NULL;
    bool given = provider != NULL && !text_equal(provider, "auto");
    enum loaded loaded = object != NULL ? object->loaded : LOADED_UNKNOWN;

    if (given && object != NULL)
        plan_provider(context, object, change, provider);
    if (given)
        extra_set(context, change, "spelling", provider);
    if (loaded == LOADED_NO || loaded == LOADED_OLD_VALUES)
        plan_not_loaded(context, resource, object, change, bedrock && !given);
    else if (loaded == LOADED_LOADING)
        finding(context, resource, "LF203", "%s is not loaded on every pod yet", object->name);
    plan_replace(context, resource, change);
    if (bedrock && node_get(change->extra, "spelling") == NULL && is_write(change->action))
        plan_spelling(context, object, change);
}

/* ------------------------------------------------------------------ bodies */

static const char *model_id_of(const struct call_context *context)
{
    const struct change *change = context->change;

    return change->object != NULL ? change->object->id : change->id;
}

static const char *model_spelling_of(const struct call_context *context)
{
    const struct model_memory *memory = context->memory;
    const char *spelling = extra_text(context->change, "spelling");

    if (memory->spelling != NULL)
        return memory->spelling;
    if (spelling != NULL)
        return spelling;
    return wanted(context, "bedrock") != NULL && context->change->object == NULL ? "bedrock" : NULL;
}

static void put_provider(const struct call_context *context, struct node *body)
{
    const char *bedrock = node_text(wanted(context, "bedrock"));
    const char *spelling = model_spelling_of(context);

    if (bedrock != NULL)
        node_set_path(
            context->arena, body, "litellm_params.model", node_string(context->arena, bedrock));
    if (spelling != NULL)
        node_set_path(context->arena, body, "litellm_params.custom_llm_provider",
            node_string(context->arena, spelling));
}

/**
 * Other pods compare only litellm_params when they reload: a new name or model_info alone does not
 * reach them (BerriAI/litellm#22190). So a parameter changes with it, one that LiteLLM counts among
 * its own and neither reads nor sends on; an unknown name would go to the provider with every call
 * (litellm 1.81.15 and 1.106.2, tried with a stand-in for Bedrock).
 */
static void put_revision(const struct call_context *context, struct node *body)
{
    const char *digest = node_digest(context->arena, body);
    const char *live = node_get_text(context->change->object->raw, "revision");
    char *text = arena_printf(context->arena, "liteform-%.8s", digest);

    if (text_equal(text, live))
        text = arena_printf(context->arena, "liteform-%.8s", digest + 8);
    node_set_path(
        context->arena, body, "litellm_params." MODEL_REVISION, node_string(context->arena, text));
}

static struct node *patch_body(const struct call_context *context)
{
    struct arena *arena = context->arena;
    struct node *body = node_map(arena);

    kind_put_changes(context, body, NULL, false);
    if (kind_change(context->change, "bedrock") != NULL ||
        kind_change(context->change, "provider") != NULL ||
        (node_get(context->change->extra, "spelling") != NULL &&
            context->change->object->loaded != LOADED_YES))
        put_provider(context, body);
    if (body->count > 0 && node_get(body, "litellm_params") == NULL)
        put_revision(context, body);
    node_set_path(arena, body, "model_info.id", node_string(arena, model_id_of(context)));
    if (kind_wants_mark(context))
        kind_put_mark(context, body, "model_info");
    return body;
}

static struct node *full_body(const struct call_context *context)
{
    struct node *body = node_map(context->arena);

    kind_put_all(context, body);
    put_provider(context, body);
    node_set_path(
        context->arena, body, "model_info.id", node_string(context->arena, model_id_of(context)));
    kind_put_mark(context, body, "model_info");
    return body;
}

static struct node *respell_body(const struct call_context *context)
{
    struct node *body = node_map(context->arena);

    put_provider(context, body);
    node_set_path(
        context->arena, body, "model_info.id", node_string(context->arena, model_id_of(context)));
    return body;
}

static void build(const struct call_context *context, unsigned stage, struct request *ret_request)
{
    struct arena *arena = context->arena;
    struct node *body = NULL;

    switch ((enum stage)stage) {
    case STAGE_NEW:
    case STAGE_RENEW:
        request_make(ret_request, "POST", "/model/new", full_body(context));
        return;
    case STAGE_DELETE:
    case STAGE_DROP:
        body = node_map(arena);
        node_set_string(arena, body, "id", model_id_of(context));
        request_make(ret_request, "POST", "/model/delete", body);
        return;
    case STAGE_PATCH:
        body = patch_body(context);
        break;
    case STAGE_PATCH_ALL:
        body = full_body(context);
        break;
    case STAGE_RESPELL:
    case STAGE_RESTORE:
        body = respell_body(context);
        break;
    }
    request_make(ret_request, "PATCH",
        arena_printf(arena, "/model/%s/update", text_encode_url(arena, model_id_of(context))),
        body);
}

/* ------------------------------------------------------------------ answers */

/** Nothing but the id: a move that changes nothing on the server. */
static bool is_empty_patch(const struct node *body)
{
    return body->count == 1 && node_is(node_get(body, "model_info"), NODE_MAP) &&
           node_get(body, "model_info")->count == 1;
}

static unsigned first(const struct call_context *context)
{
    switch (context->change->action) {
    case ACTION_CREATE:
        return STAGE_NEW;
    case ACTION_REPLACE:
        return STAGE_DROP;
    case ACTION_DELETE:
        return STAGE_DELETE;
    case ACTION_REPAIR:
        return STAGE_RESPELL;
    case ACTION_UPDATE:
    case ACTION_ADOPT:
    case ACTION_MOVE:
        return is_empty_patch(patch_body(context)) ? STAGE_NONE : STAGE_PATCH;
    case ACTION_NONE:
    case ACTION_FORGET:
    case ACTION_ROTATE:
        break;
    }
    return STAGE_NONE;
}

static enum call_result not_loaded(const struct call_context *context, struct diags *diags)
{
    const struct change *change = context->change;
    struct diag *diag = diag_add(diags, "LF522",
        "%s is stored and the proxy does not load it (provider %s)", change->address,
        model_spelling_of(context) != NULL ? model_spelling_of(context) : "not given");

    diag->address = change->address;
    diag->fix = "look into the proxy's log for the model's name; the row stays, apply again takes "
                "it up";
    return CALL_FAILED;
}

/** The row is stored and not live: the other spelling, once. */
static enum call_result judge_not_live(
    const struct call_context *context, unsigned stage, unsigned *ret_next, struct diags *diags)
{
    struct model_memory *memory = context->memory;
    const char *other = extra_text(context->change, "other");

    if (memory->respelled) {
        if (stage == STAGE_RESTORE)
            return not_loaded(context, diags);
        memory->spelling = extra_text(context->change, "spelling");
        *ret_next = STAGE_RESTORE;
        return CALL_SEND;
    }
    if (other == NULL || context->change->action == ACTION_REPAIR)
        return not_loaded(context, diags);
    memory->respelled = true;
    memory->spelling = other;
    *ret_next = STAGE_RESPELL;
    return CALL_SEND;
}

static enum call_result judge_write(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    struct model_memory *memory = context->memory;
    bool makes = stage == STAGE_NEW || stage == STAGE_RENEW;

    if (says(context, reply, "saved to the database"))
        return judge_not_live(context, stage, ret_next, diags);
    if (reply_ok(reply) && stage == STAGE_RESTORE)
        return not_loaded(context, diags);
    if (makes && is_unclear(reply)) {
        /* "Failed to add model to db" is all that a second row with one id gets (all versions). The
         * row may be there, now or since a lost answer: a PATCH finds out and settles it. */
        memory->flow.why = arena_printf(context->arena, "LiteLLM answered %d: %s", reply->status,
            reply_message(context->arena, reply));
        *ret_next = STAGE_PATCH_ALL;
        return CALL_SEND;
    }
    if (stage == STAGE_PATCH_ALL && reply->outcome == OUTCOME_ANSWERED && reply->status == 404) {
        if (memory->flow.retried)
            return refused_why(context, memory->flow.why, diags);
        memory->flow.retried = true;
        *ret_next = STAGE_NEW;
        return CALL_SEND;
    }
    return judge_plain(context, stage, reply, ret_next, diags);
}

static enum call_result judge(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    if (stage == STAGE_DELETE)
        return judge_delete(context, stage, reply, ret_next, diags);
    if (stage == STAGE_DROP) {
        enum call_result result = judge_delete(context, stage, reply, ret_next, diags);

        if (result == CALL_DONE) {
            ((struct flow *)context->memory)->retried = false;
            *ret_next = STAGE_RENEW;
            return CALL_SEND;
        }
        return result;
    }
    return judge_write(context, stage, reply, ret_next, diags);
}

enum call_result model_call(const struct call_context *context, unsigned n,
    const struct reply *previous, struct request *ret_request, struct diags *diags)
{
    static const struct course course = {first, build, judge};

    return course_call(&course, context, n, previous, ret_request, diags);
}

/* ------------------------------------------------------------------ in force */

/** /model/info answers from the memory of the pod that is asked: 400 where it has not loaded it. */
bool model_force(const struct call_context *context, struct request *ret_request)
{
    request_make(ret_request, "GET",
        arena_printf(context->arena, "/model/info?litellm_model_id=%s",
            text_encode_url(context->arena, model_id_of(context))),
        NULL);
    return true;
}

static bool serves(const struct node *item, const struct call_context *context)
{
    const struct node *params = node_get(item, "litellm_params");
    const char *model = node_get_text(params, "model");
    const char *bedrock = node_text(wanted(context, "bedrock"));
    const char *raw = node_text(wanted(context, "model"));
    const char *name = node_text(wanted(context, "name"));
    const char *provider =
        model_provider(context->arena, model, node_get_text(params, "custom_llm_provider"));
    const char *spelling = model_spelling_of(context);

    if (name != NULL && !text_equal(node_get_text(item, "model_name"), name))
        return false;
    if (raw != NULL && !text_equal(model, raw))
        return false;
    if (bedrock != NULL && !text_equal(model_bare(model), model_bare(bedrock)))
        return false;
    return spelling == NULL || text_equal(provider, spelling);
}

enum loaded model_forced(const struct call_context *context, const struct reply *reply)
{
    const struct node *data = reply_ok(reply) ? node_get(reply->body, "data") : NULL;

    if (reply->outcome != OUTCOME_ANSWERED)
        return LOADED_UNKNOWN;
    if (!node_is(data, NODE_LIST) || data->count == 0)
        return LOADED_NO;
    /* 1.106 goes on serving the old values when it cannot load the new ones. */
    return serves(data->items[0], context) ? LOADED_YES : LOADED_OLD_VALUES;
}

static unsigned retry_first(const struct call_context *context)
{
    (void)context;
    return STAGE_RESPELL;
}

enum call_result model_retry(const struct call_context *context, unsigned n,
    const struct reply *previous, struct request *ret_request, struct diags *diags)
{
    static const struct course course = {retry_first, build, judge};
    struct model_memory *memory = context->memory;
    const char *other = extra_text(context->change, "other");

    if (n == 0) {
        if (memory->respelled || other == NULL)
            return CALL_FAILED;
        memory->respelled = true;
        memory->spelling = other;
        memory->flow = (struct flow){0};
    }
    return course_call(&course, context, n, previous, ret_request, diags);
}

struct node *model_remember(const struct call_context *context)
{
    const char *spelling = model_spelling_of(context);
    struct node *extra = node_map(context->arena);

    if (spelling == NULL || wanted(context, "bedrock") == NULL)
        return NULL;
    node_set_string(context->arena, extra, "spelling", spelling);
    return extra;
}
