#include "cli/session.h"

#include "base/text.h"
#include "render/render.h"

#include <string.h>

/* `state list|show|mv|rm ENV`: what liteform believes it manages, and corrections to that. */

static struct node *object_node(struct arena *arena, const struct known_object *object)
{
    struct node *node = node_map(arena);
    node_set_string(arena, node, "address", object->address);
    node_set_string(arena, node, "kind", object->kind);
    node_set_string(arena, node, "id", object->id);
    node_set_bool(arena, node, "adopted", object->adopted);
    node_set_string(arena, node, "changed_at", object->changed_at);
    if (object->server_time != NULL)
        node_set_string(arena, node, "server_time", object->server_time);
    if (object->fields != NULL)
        node_set(arena, node, "fields", node_copy(arena, object->fields));
    if (object->extra != NULL)
        node_set(arena, node, "extra", node_copy(arena, object->extra));
    return node;
}

/* The objects' addresses, sorted. */
static struct strings addresses(struct run *run)
{
    struct strings list = {0};
    const struct map *objects = &run->state->known.objects;
    for (size_t i = 0; i < objects->count; i++) {
        if (objects->at[i].value != NULL)
            strings_add(run->arena, &list, objects->at[i].key);
    }
    strings_sort(&list);
    return list;
}

static enum exit_code no_such(struct run *run, const char *address)
{
    struct strings known = addresses(run);
    const char *nearest = text_nearest(address, &known);
    struct diag *diag = diag_add(
        &run->call->diags, "LF605", "the state of %s holds no %s", run->spec->environment, address);
    diag->fix = nearest == NULL ? command_text(run->call, "state list", run->name)
                                : arena_printf(run->arena, "did you mean %s?", nearest);
    return EXIT_USAGE;
}

static enum exit_code list(struct run *run)
{
    struct call *call = run->call;
    struct strings all = addresses(run);
    struct node *nodes = node_list(run->arena);
    for (size_t i = 0; i < all.count; i++) {
        const struct known_object *object = known_object(&run->state->known, all.at[i]);
        buf_printf(&call->text, "%s%s\n", text_printable(run->arena, all.at[i], false),
            object->adopted ? "  (adopted)" : "");
        node_list_add(run->arena, nodes, object_node(run->arena, object));
    }
    node_set(run->arena, call_result(call), "objects", nodes);
    return EXIT_DONE;
}

static enum exit_code show(struct run *run)
{
    struct call *call = run->call;
    const char *address = call_word(call, 2);
    struct node *node = node_map(run->arena);
    if (address != NULL) {
        const struct known_object *object = known_object(&run->state->known, address);
        if (object == NULL)
            return no_such(run, address);
        node = object_node(run->arena, object);
    } else {
        const struct state *state = run->state;
        node_set_string(run->arena, node, "environment", run->spec->environment);
        node_set_string(run->arena, node, "backend", run->backend->ops->show(run->backend));
        node_set_string(run->arena, node, "lineage", state->known.lineage);
        node_set_int(run->arena, node, "serial", state->known.serial);
        node_set_string(run->arena, node, "status", state->status);
        node_set_string(run->arena, node, "written_at", state->written_at);
        node_set_string(run->arena, node, "tool", state->tool);
        node_set_int(run->arena, node, "objects", (int64_t)addresses(run).count);
        if (state->target != NULL)
            node_set(run->arena, node, "target", node_copy(run->arena, state->target));
        if (state->freeze.id != NULL)
            node_set_string(run->arena, node, "frozen", state->freeze.reason);
    }
    node_set(run->arena, call_result(call), "state", node);
    render_json(node, &call->text);
    return EXIT_DONE;
}

static enum exit_code move(struct run *run, struct state *state)
{
    const char *from = call_word(run->call, 2), *to = call_word(run->call, 3);
    const struct known_object *object = known_object(&state->known, from);
    if (object == NULL)
        return no_such(run, from);
    const char *slash = strchr(to, '/');
    size_t length = strlen(object->kind);
    if (slash == NULL || (size_t)(slash - to) != length || memcmp(to, object->kind, length) != 0 ||
        slash[1] == '\0') {
        struct diag *diag = diag_add(
            &run->call->diags, "LF604", "%s cannot become %s: the kind stays the same", from, to);
        diag->fix = arena_printf(run->arena, "an address %s/NAME", object->kind);
        return EXIT_USAGE;
    }
    if (known_object(&state->known, to) != NULL) {
        diag_add(&run->call->diags, "LF616", "the state holds a %s already", to);
        return EXIT_ERROR;
    }
    struct known_object moved = *object;
    moved.address = to;
    state_drop(run->arena, state, from);
    state_put(run->arena, state, &moved);
    buf_printf(&run->call->text, "%s is %s now. Nothing live was touched.\n", from, to);
    return EXIT_DONE;
}

static enum exit_code drop(struct run *run, struct state *state)
{
    for (size_t i = 2; i < run->call->args.words.count; i++) {
        if (known_object(&state->known, run->call->args.words.at[i]) == NULL)
            return no_such(run, run->call->args.words.at[i]);
    }
    for (size_t i = 2; i < run->call->args.words.count; i++) {
        const char *address = run->call->args.words.at[i];
        state_drop(run->arena, state, address);
        buf_printf(&run->call->text, "%s is forgotten. It stays live.\n", address);
    }
    return EXIT_DONE;
}

/* A change of the state alone, under the lock. */
static enum exit_code edit(struct run *run, const char *operation,
    enum exit_code (*change)(struct run *run, struct state *state))
{
    struct session *session = NULL;
    enum exit_code code = run_lock(run, operation, &session);
    if (code != EXIT_DONE)
        return code;
    code = run_frozen(run);
    /* An open journal belongs to an apply: the commit of anything else would drop it. */
    if (code == EXIT_DONE && session_resume(session)->list.count > 0) {
        struct diag *diag = diag_add(&run->call->diags, "LF628",
            "an apply of %s did not end; what it did is not settled yet", run->spec->environment);
        diag->fix = command_text(run->call, "apply", run->name);
        code = EXIT_ERROR;
    }
    if (code == EXIT_DONE)
        code = change(run, session_state(session));
    const char *status = NULL;
    if (code == EXIT_DONE)
        code = run_claim(run, session, operation);
    if (code == EXIT_DONE)
        status = status_kept(run);
    enum exit_code closed = run_close(run, session, status);
    return code != EXIT_DONE ? code : closed;
}

static enum exit_code wrong_words(struct call *call, const char *form)
{
    struct diag *diag = diag_add(&call->diags, "LF604", "state wants other words");
    diag->fix = arena_printf(call->arena, "liteform state %s", form);
    return EXIT_USAGE;
}

static enum exit_code run_action(struct run *run, const char *what)
{
    size_t words = run->call->args.words.count;
    if (strcmp(what, "list") == 0)
        return words == 2 ? list(run) : wrong_words(run->call, "list ENV");
    if (strcmp(what, "show") == 0)
        return words <= 3 ? show(run) : wrong_words(run->call, "show ENV [ADDRESS]");
    if (strcmp(what, "mv") == 0)
        return words == 4 ? edit(run, "state mv", move) : wrong_words(run->call, "mv ENV FROM TO");
    return words >= 3 ? edit(run, "state rm", drop) : wrong_words(run->call, "rm ENV ADDRESS...");
}

static enum exit_code run(struct call *call)
{
    struct strings actions = {0};
    static const char *const names[] = {"list", "show", "mv", "rm"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        strings_add(call->arena, &actions, names[i]);
    const char *what = call_word(call, 0);
    if (!strings_has(&actions, what)) {
        const char *nearest = text_nearest(what, &actions);
        struct diag *diag = diag_add(&call->diags, "LF604", "state has no \"%s\"", what);
        diag->fix = nearest == NULL ? "one of: list, show, mv, rm"
                                    : arena_printf(call->arena, "did you mean %s?", nearest);
        return EXIT_USAGE;
    }
    CLEANUP_RUN struct run run = run_start(call, call_word(call, 1));
    enum exit_code code = run_load(&run);
    if (code != EXIT_DONE)
        return code;
    if (!run.state->known.exists) {
        struct diag *diag =
            diag_add(&call->diags, "LF629", "%s has no state yet", run.spec->environment);
        diag->fix = command_text(call, "init", run.name);
        return EXIT_ERROR;
    }
    return run_action(&run, what);
}

static const struct option_spec options[] = {
    {"lock-timeout", 0, false, "DURATION", "wait so long for the lock (30s, 5m); default: not"},
    {.name = NULL},
};

const struct verb verb_state = {
    .name = "state",
    .synopsis = "state list|show|mv|rm ENV [ADDRESS...]",
    .summary = "look at what liteform believes it manages, or correct that",
    .help = "Examples:\n"
            "  liteform state list prod\n"
            "  liteform state show prod team/platform\n"
            "  liteform state mv prod team/platform team/core\n"
            "  liteform state rm prod user/alice@example.com     forgets it; it stays live\n"
            "\n"
            "mv and rm change the state alone, under the lock, and keep a copy in its history.\n"
            "A rename in the spec is better written there: moved: [{ from: ..., to: ... }].\n",
    .options = options,
    .words = WORDS_CHOICE,
    .choices = "list show mv rm",
    .min_words = 2,
    .max_words = WORDS_MANY,
    .run = run,
};
