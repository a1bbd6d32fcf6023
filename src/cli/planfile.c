#include "cli/planfile.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "render/render.h"
#include "value/read.h"

#include <string.h>

/* A plan with what binds it to its spec, state and options, under a digest of its own. */

#define PLANFILE_MAX ((size_t)256 << 20)

static struct node *texts(struct arena *arena, const struct strings *strings)
{
    struct node *list = node_list(arena);
    for (size_t i = 0; i < strings->count; i++)
        node_list_add(arena, list, node_string(arena, strings->at[i]));
    return list;
}

static struct node *options_node(struct run *run)
{
    struct arena *arena = run->arena;
    struct node *options = node_map(arena), *allow = node_list(arena);
    VEC_EACH(allowance, &run->allowances->list) {
        struct node *entry = node_map(arena);
        node_set_string(arena, entry, "name", allowance->name);
        node_set_string(arena, entry, "address", allowance->address);
        node_list_add(arena, allow, entry);
    }
    node_set(arena, options, "only", texts(arena, &run->only));
    node_set(arena, options, "skip", texts(arena, &run->skip));
    node_set(arena, options, "allow", allow);
    node_set_bool(arena, options, "rewrite_secrets", run->rewrite_secrets);
    return options;
}

enum exit_code planfile_write(struct run *run, const char *path)
{
    struct arena *arena = run->arena;
    const struct known *known = &run->state->known;
    struct node *file = node_copy_shallow(arena, plan_to_node(arena, run->plan));
    node_set_string(arena, file, "format", "liteform-plan/1");
    node_set_string(arena, file, "tool", version_tool());
    node_set_string(arena, file, "created_at", clock_format(arena, clock_now()));
    node_set_string(arena, file, "environment", run->spec->environment);
    node_set_string(arena, file, "name", run->name);
    node_set_string(arena, file, "fingerprint", run->plan->fingerprint);
    node_set_string(arena, file, "spec_digest", run->spec->digest);
    /* A state that is not there yet gets its lineage when it is made. */
    node_set_string(arena, file, "lineage", known->exists ? known->lineage : NULL);
    node_set_int(arena, file, "serial", known->exists ? known->serial : 0);
    node_set_string(arena, file, "backend", run->backend->ops->show(run->backend));
    node_set(arena, file, "options", options_node(run));
    node_set(arena, file, "basis", node_copy(arena, run->plan->basis));
    node_unset(file, "digest");
    node_set_string(arena, file, "digest", node_digest(arena, file));
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    render_json(file, &text);
    int fault = file_write_atomic(path, buf_text(&text), text.len, 0600);
    if (fault == 0)
        return EXIT_DONE;
    diag_add(&run->call->diags, "LF617", "%s: %s", path, strerror(fault));
    return EXIT_ERROR;
}

static struct node *refuse(struct call *call, const char *path, const char *why)
{
    struct diag *diag = diag_add(&call->diags, "LF609", "%s: %s", path, why);
    diag->fix = "make it anew: liteform plan ENV -o FILE";
    return NULL;
}

struct node *planfile_read(struct call *call, const char *path)
{
    char *bytes = NULL;
    size_t length = 0;
    int fault = file_read(call->arena, path, PLANFILE_MAX, &bytes, &length);
    if (fault != 0)
        return refuse(call, path, strerror(fault));
    const char *reason = NULL;
    struct node *file = json_read(call->arena, bytes, length, &reason);
    if (file == NULL)
        return refuse(call, path, reason);
    if (!text_equal(node_get_text(file, "format"), "liteform-plan/1"))
        return refuse(call, path, "its format is not liteform-plan/1");
    const char *digest = node_get_text(file, "digest");
    if (digest == NULL)
        return refuse(call, path, "it has no digest (plan --json prints none; plan -o does)");
    struct node *rest = node_copy_shallow(call->arena, file);
    node_unset(rest, "digest");
    if (!digest_equal(digest, node_digest(call->arena, rest)))
        return refuse(call, path, "its digest does not fit its content");
    if (planfile_name(file) == NULL || node_get_text(file, "fingerprint") == NULL)
        return refuse(call, path, "environment or fingerprint is missing");
    return file;
}

const char *planfile_name(const struct node *file)
{
    return node_get_text(file, "name");
}

static void add_texts(struct arena *arena, const struct node *list, struct strings *ret)
{
    *ret = (struct strings){0};
    for (uint32_t i = 0; node_is(list, NODE_LIST) && i < list->count; i++) {
        if (node_text(list->items[i]) != NULL)
            strings_add(arena, ret, node_text(list->items[i]));
    }
}

void planfile_options(struct run *run, const struct node *file)
{
    const struct node *options = node_get(file, "options");
    add_texts(run->arena, node_get(options, "only"), &run->only);
    add_texts(run->arena, node_get(options, "skip"), &run->skip);
    run->rewrite_secrets = node_get_bool(options, "rewrite_secrets", false);
    struct allowances *allowances = ARENA_NEW(run->arena, struct allowances);
    const struct node *allow = node_get(options, "allow");
    for (uint32_t i = 0; node_is(allow, NODE_LIST) && i < allow->count; i++) {
        const char *name = node_get_text(allow->items[i], "name");
        if (name != NULL)
            *VEC_ADD(run->arena, &allowances->list) = (struct allowance){
                .name = name, .address = node_get_text(allow->items[i], "address")};
    }
    run->allowances = allowances;
}

enum exit_code planfile_check(struct run *run, const struct node *file)
{
    const struct state *state = run->state;
    const struct known *known = &state->known;
    const char *lineage = known->exists ? known->lineage : NULL;
    int64_t serial = known->exists ? known->serial : 0;
    int64_t planned = node_get_int(file, "serial", -1);
    const char *why = NULL;
    if (!text_equal(node_get_text(file, "environment"), run->spec->environment))
        why = "it was made for another environment";
    else if (!text_equal(node_get_text(file, "lineage"), lineage))
        why = "it was made for another state (lineage)";
    else if (text_equal(node_get_text(state->last_clean, "fingerprint"),
                 node_get_text(file, "fingerprint")) &&
             serial > planned)
        why = "it has been applied already";
    else if (serial != planned)
        why = arena_printf(run->arena, "the state has moved on: serial %lld then, %lld now",
            (long long)planned, (long long)serial);
    if (why == NULL)
        return EXIT_DONE;
    struct diag *diag = diag_add(&run->call->diags, "LF610", "the plan is stale: %s", why);
    diag->fix = run_plan_command(run);
    return EXIT_STALE;
}
