#include "cli/state_actions.h"

#include "base/text.h"
#include "render/render.h"

#include <string.h>

/* `state ACTION ENV`: what liteform believes it manages, and corrections to that. */

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
    if (code == EXIT_DONE)
        code = state_settled(run, session);
    if (code == EXIT_DONE)
        code = change(run, session_state(session));
    const char *status = NULL;
    if (code == EXIT_DONE)
        code = run_claim(run, session, operation);
    if (code == EXIT_DONE)
        status = status_kept(run);
    enum exit_code closed = run_close(run, session, status);
    code = code != EXIT_DONE ? code : closed;
    if (code != EXIT_DONE)
        buf_reset(&run->call->text); /* what was to be said of it did not happen */
    return code;
}

static enum exit_code edit_move(struct run *run)
{
    return edit(run, "state mv", move);
}

static enum exit_code edit_drop(struct run *run)
{
    return edit(run, "state rm", drop);
}

static const struct action_spec {
    const char *name, *form;
    size_t min_words, max_words;
    const char *option; /* that it alone takes, or NULL */
    bool whole;         /* the state is not read before: it may be damaged or gone */
    enum exit_code (*run)(struct run *run);
} actions[] = {
    {"list", "list ENV", 2, 2, NULL, false, list},
    {"show", "show ENV [ADDRESS]", 2, 3, NULL, false, show},
    {"mv", "mv ENV FROM TO", 4, 4, NULL, false, edit_move},
    {"rm", "rm ENV ADDRESS...", 3, WORDS_MANY, NULL, false, edit_drop},
    {"pull", "pull ENV", 2, 2, NULL, true, state_pull},
    {"push", "push ENV FILE [--force]", 3, 3, "force", true, state_push},
    {"restore", "restore ENV [SERIAL|latest] [--yes]", 2, 3, "yes", true, state_restore},
};
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static const struct action_spec *find_action(struct call *call, const char *name)
{
    struct strings names = {0};
    const char *all = NULL;
    for (size_t i = 0; i < ACTIONS; i++) {
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
        strings_add(call->arena, &names, actions[i].name);
        all = all == NULL ? actions[i].name
                          : arena_printf(call->arena, "%s, %s", all, actions[i].name);
    }
    const char *nearest = text_nearest(name, &names);
    struct diag *diag = diag_add(&call->diags, "LF604", "state has no \"%s\"", name);
    diag->fix = nearest == NULL ? arena_printf(call->arena, "one of: %s", all)
                                : arena_printf(call->arena, "did you mean %s?", nearest);
    return NULL;
}

static bool fits(struct call *call, const struct action_spec *action)
{
    size_t words = call->args.words.count;
    struct diag *diag = NULL;
    for (size_t i = 0; diag == NULL && i < ACTIONS; i++) {
        const char *option = actions[i].option;
        if (option != NULL && &actions[i] != action && args_has(&call->args, option))
            diag = diag_add(&call->diags, "LF602", "state %s takes no --%s", action->name, option);
    }
    if (diag == NULL && (words < action->min_words || words > action->max_words))
        diag = diag_add(&call->diags, "LF604", "state %s wants other words", action->name);
    if (diag != NULL)
        diag->fix = arena_printf(call->arena, "liteform state %s", action->form);
    return diag == NULL;
}

static enum exit_code run(struct call *call)
{
    const struct action_spec *action = find_action(call, call_word(call, 0));
    if (action == NULL || !fits(call, action))
        return EXIT_USAGE;
    CLEANUP_RUN struct run run = run_start(call, call_word(call, 1));
    enum exit_code code = run_spec(&run);
    if (code == EXIT_DONE)
        code = run_backend(&run);
    if (code == EXIT_DONE && !action->whole)
        code = run_state(&run);
    if (code != EXIT_DONE)
        return code;
    if (!action->whole && !run.state->known.exists)
        return state_none(&run);
    return action->run(&run);
}

static const struct option_spec options[] = {
    {"force", 0, false, NULL, "push: also another lineage, or a serial that goes back"},
    {"yes", 'y', false, NULL, "restore: without asking"},
    {"lock-timeout", 0, false, "DURATION", "wait so long for the lock (30s, 5m); default: not"},
    {.name = NULL},
};

const struct verb verb_state = {
    .name = "state",
    .synopsis = "state list|show|mv|rm|pull|push|restore ENV [WORD...]",
    .summary = "look at what liteform believes it manages, or correct that",
    .help =
        "Examples:\n"
        "  liteform state list prod\n"
        "  liteform state show prod team/platform\n"
        "  liteform state mv prod team/platform team/core\n"
        "  liteform state rm prod user/alice@example.com     forgets it; it stays live\n"
        "  liteform state pull prod > prod.json              what is stored, as JSON\n"
        "  liteform state push prod prod.json                puts it back, after an edit too\n"
        "  liteform state restore prod                       lists the copies in its history\n"
        "  liteform state restore prod latest                shows what it would change, asks\n"
        "  liteform state restore prod 41 --yes              off a terminal\n"
        "\n"
        "All of these change the state alone, never what is live; those that write take the\n"
        "lock and keep a copy of the old state in its history first. A rename in the spec is\n"
        "better written there: moved: [{ from: ..., to: ... }].\n"
        "\n"
        "push refuses a file of another lineage, and one that was not made from what is stored\n"
        "(a lower serial, or another write of the same); --force takes it all the same, and is\n"
        "also the way past a damaged state. The checksum of the file is not looked at. restore\n"
        "writes the copy as a new serial, so the next \"restore ENV latest\" takes it back.\n"
        "\n"
        "Exit codes: 0 done, 1 failed, 3 wrong usage or nobody to ask, 5 refused (--force),\n"
        "6 lost the lock, 7 locked or frozen, 130 interrupted.\n",
    .options = options,
    .words = WORDS_CHOICE,
    .choices = "list show mv rm pull push restore",
    .min_words = 2,
    .max_words = WORDS_MANY,
    .run = run,
};
