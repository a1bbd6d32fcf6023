/* The course of a change that takes several calls, and how answers are judged. */
#include "base/text.h"
#include "kinds/common.h"

#define WRITE_TIMEOUT_MS 120000 /* /model/new takes seconds with many models (facts newer, 6) */

void request_make(
    struct request *ret_request, const char *method, const char *path, const struct node *body)
{
    *ret_request = (struct request){
        .endpoint = "litellm",
        .method = method,
        .path = path,
        .body = body,
        .write = !text_equal(method, "GET"),
    };
    if (ret_request->write)
        ret_request->timeout_ms = WRITE_TIMEOUT_MS;
}

static struct diag *at_change(const struct call_context *context, struct diag *diag)
{
    const struct change *change = context->change;

    diag->address = change->address;
    if (change->resource != NULL)
        diag->where = change->resource->where;
    return diag;
}

enum call_result refused_why(
    const struct call_context *context, const char *why, struct diags *diags)
{
    /* The code of a missing licence differs by place (403, 400, 500): the text is the same. */
    bool licence = why != NULL && strstr(why, "Enterprise") != NULL;
    struct diag *diag = at_change(context,
        diag_add(diags, licence ? "LF213" : "LF209", "%s", why != NULL ? why : "no usable answer"));

    if (licence)
        diag->fix = "leave the field out, or set 'tier: enterprise' where there is a licence";
    return CALL_FAILED;
}

static const char *why_of(const struct call_context *context, const struct reply *reply)
{
    if (reply->outcome != OUTCOME_ANSWERED) {
        return arena_printf(context->arena, "no answer from LiteLLM: %s",
            reply->reason != NULL ? reply->reason : "connection lost");
    }
    return arena_printf(context->arena, "LiteLLM answered %d: %s", reply->status,
        reply_message(context->arena, reply));
}

enum call_result refused(
    const struct call_context *context, const struct reply *reply, struct diags *diags)
{
    return refused_why(context, why_of(context, reply), diags);
}

bool is_unclear(const struct reply *reply)
{
    return reply->outcome == OUTCOME_LOST ||
           (reply->outcome == OUTCOME_ANSWERED && reply->status >= 500);
}

bool says(const struct call_context *context, const struct reply *reply, const char *text)
{
    if (reply->outcome != OUTCOME_ANSWERED)
        return false;
    const char *message = text_lower(context->arena, reply_message(context->arena, reply));
    const char *body = reply->text != NULL ? text_lower(context->arena, reply->text) : "";

    text = text_lower(context->arena, text);
    return strstr(message, text) != NULL || strstr(body, text) != NULL;
}

bool is_disguised_error(const struct reply *reply)
{
    /* litellm 1.81.15 PATCH /credentials/UNKNOWN: 200 {"message":..,"type":..,"code":"404"} */
    const char *code = node_get_text(reply->body, "code");

    return code != NULL && (code[0] == '4' || code[0] == '5') &&
           node_get(reply->body, "type") != NULL;
}

static bool is_done(const struct reply *reply)
{
    return reply->outcome == OUTCOME_ANSWERED && reply->status >= 200 && reply->status < 300 &&
           !is_disguised_error(reply);
}

enum call_result judge_plain(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    struct flow *flow = context->memory;

    if (is_done(reply))
        return CALL_DONE;
    if (reply->outcome == OUTCOME_LOST && !flow->retried) {
        flow->retried = true;
        *ret_next = stage;
        return CALL_SEND;
    }
    return refused(context, reply, diags);
}

enum call_result judge_delete(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags)
{
    bool absent =
        reply->outcome == OUTCOME_ANSWERED &&
        (reply->status == 404 || (reply->status == 400 && says(context, reply, "not found")));

    if (absent)
        return CALL_DONE;
    return judge_plain(context, stage, reply, ret_next, diags);
}

static enum call_result build(const struct course *course, const struct call_context *context,
    unsigned n, unsigned stage, struct request *ret_request)
{
    struct flow *flow = context->memory;

    flow->begun = true;
    flow->n = n;
    flow->stage = stage;
    if (stage == STAGE_NONE)
        return CALL_DONE;
    course->build(context, stage, ret_request);
    return CALL_SEND;
}

enum call_result course_call(const struct course *course, const struct call_context *context,
    unsigned n, const struct reply *previous, struct request *ret_request, struct diags *diags)
{
    struct flow *flow = context->memory;

    if (context->change->action == ACTION_FORGET || context->change->action == ACTION_NONE)
        return CALL_DONE;
    if (n == 0 || previous == NULL)
        return build(
            course, context, n, flow->begun ? flow->stage : course->first(context), ret_request);
    if (n == flow->n)
        return build(course, context, n, flow->stage, ret_request);
    if (previous->outcome == OUTCOME_UNSENT || previous->outcome == OUTCOME_STOPPED)
        return refused(context, previous, diags);

    unsigned next = STAGE_NONE;
    enum call_result result = course->judge(context, flow->stage, previous, &next, diags);

    if (result != CALL_SEND)
        return result;
    return build(course, context, n, next, ret_request);
}
