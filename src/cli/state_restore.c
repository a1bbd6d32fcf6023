#include "cli/state_copies.h"

#include "base/text.h"
#include "cli/out.h"
#include "cli/state_actions.h"

#include <stdlib.h>
#include <string.h>

/* `state restore ENV [SERIAL|latest]`: a copy of the history, in the place of the state. */

static enum exit_code no_copies(struct run *run)
{
    struct diag *diag = diag_add(
        &run->call->diags, "LF423", "the history of %s holds no copy", run->spec->environment);
    diag->fix = "each run that writes the state keeps one";
    return EXIT_ERROR;
}

enum exit_code state_none(struct run *run)
{
    struct strings names = {0};
    struct diag *diag =
        diag_add(&run->call->diags, "LF629", "%s has no state yet", run->spec->environment);
    struct diags ignored = diags_init(run->arena);
    run->backend->ops->list(run->backend, run->arena, STATE_HISTORY, &names, &ignored);
    if (names.count > 0) {
        diag->message =
            arena_printf(run->arena, "%s has no state, but copies of one", run->spec->environment);
        diag->fix = command_text(run->call, "state restore", run->name);
    } else {
        diag->fix = command_text(run->call, "init", run->name);
    }
    return EXIT_ERROR;
}

/* --- the list --------------------------------------------------------------------------------- */

static struct node *copy_node(struct arena *arena, const struct state_copy *copy)
{
    struct node *node = node_map(arena);
    node_set_string(arena, node, "name", copy->name);
    node_set_int(arena, node, "serial", copy->serial);
    if (copy->state == NULL) {
        node_set_string(arena, node, "damaged", copy->reason);
        return node;
    }
    node_set_string(arena, node, "written_at", copy->state->written_at);
    node_set_string(arena, node, "status", copy->state->status);
    node_set_string(arena, node, "lineage", copy->state->known.lineage);
    node_set_int(arena, node, "objects", (int64_t)copy->state->known.objects.count);
    return node;
}

static void copy_line(struct buf *out, const struct state_copy *copy, bool lineage)
{
    const struct state *state = copy->state;
    if (state == NULL) {
        buf_printf(out, "%8lld  cannot be read: %s\n", (long long)copy->serial, copy->reason);
        return;
    }
    buf_printf(out, "%8lld  %-20s  %7zu  %s", (long long)copy->serial,
        state->written_at == NULL ? "-" : state->written_at, state->known.objects.count,
        state->status);
    if (lineage)
        buf_printf(out, "%*s%.8s", (int)(13 - strlen(state->status)), "", state->known.lineage);
    buf_char(out, '\n');
}

static enum exit_code show_copies(struct run *run, const struct state_copies *copies)
{
    struct call *call = run->call;
    const char *first = NULL;
    bool lineages = false, readable = false;
    struct node *list = node_list(run->arena);
    VEC_EACH(copy, &copies->list) {
        node_list_add(run->arena, list, copy_node(run->arena, copy));
        if (copy->state == NULL)
            continue;
        readable = true;
        lineages = lineages || (first != NULL && !text_equal(first, copy->state->known.lineage));
        first = copy->state->known.lineage;
    }
    node_set(run->arena, call_result(call), "copies", list);
    if (copies->list.count == 0) {
        buf_printf(&call->text, "The history of %s holds no copy yet.\n", run->spec->environment);
        return EXIT_DONE;
    }
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    buf_printf(
        &text, "  SERIAL  %-20s  OBJECTS  STATUS%s\n", "WRITTEN", lineages ? "       LINEAGE" : "");
    VEC_EACH(copy, &copies->list) {
        copy_line(&text, copy, lineages);
    }
    if (readable)
        buf_printf(&text, "Next: %s SERIAL, or latest for the first that can be read\n",
            command_text(call, "state restore", run->name));
    buf_str(&call->text, text_printable(run->arena, buf_text(&text), true));
    return EXIT_DONE;
}

/* --- the choice ------------------------------------------------------------------------------- */

static enum exit_code choose(struct run *run, const struct state_copies *copies, const char *which,
    const struct state_copy **ret)
{
    bool latest = strcmp(which, "latest") == 0;
    int64_t serial = state_word_serial(which);
    struct diags *diags = &run->call->diags;
    if (!latest && serial < 0) {
        struct diag *diag = diag_add(diags, "LF604", "\"%s\" is no serial", which);
        diag->fix = "a number of the list, or latest";
        return EXIT_USAGE;
    }
    const char *reason = NULL;
    VEC_EACH(copy, &copies->list) {
        if (!latest && copy->serial != serial)
            continue;
        if (copy->state != NULL) {
            *ret = copy;
            return EXIT_DONE;
        }
        if (reason == NULL)
            reason = arena_printf(run->arena, "%s: %s", copy->name, copy->reason);
    }
    if (copies->list.count == 0)
        return no_copies(run);
    const char *list = command_text(run->call, "state restore", run->name);
    if (reason != NULL) {
        diag_add(diags, "LF423", "the copy cannot be read: %s", reason)->fix = list;
        return EXIT_ERROR;
    }
    diag_add(diags, "LF423", "the history of %s holds no copy of serial %s", run->spec->environment,
        which)
        ->fix = list;
    return EXIT_USAGE;
}

/* --- the restore ------------------------------------------------------------------------------ */

static void show_change(struct run *run, const struct state_copy *copy, const struct state *stored)
{
    struct arena *arena = run->arena;
    struct state_diff diff = state_compare(arena, stored, copy->state);
    struct node *node = call_result(run->call);
    node_set(arena, node, "copy", copy_node(arena, copy));
    node_set(arena, node, "change", state_diff_node(arena, &diff));
    if (run->call->json)
        return;
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    const char *written = copy->state->written_at;
    buf_printf(&text, "Serial %lld of %s, written %s, ", (long long)copy->serial,
        run->spec->environment,
        text_printable(arena, written == NULL ? "at an unknown time" : written, false));
    if (state_readable(stored))
        buf_printf(&text, "in the place of serial %lld:\n", (long long)stored->known.serial);
    else
        buf_str(&text, "in the place of a state that is damaged or missing:\n");
    state_diff_text(&diff, &text);
    out_text(&text);
}

/* Off a terminal without --yes: what it would do, and the command that does it. */
static enum exit_code only_show(struct run *run, const struct state_copy *copy, const char *which)
{
    struct diags ignored = diags_init(run->arena);
    const struct state *stored =
        state_read(run->arena, run->backend, run->spec->environment, &ignored);
    if (stored == NULL)
        stored = state_new(run->arena, run->spec->environment);
    show_change(run, copy, stored);
    struct diag *diag = diag_add(&run->call->diags, "LF607",
        "off a terminal a restore is confirmed by --yes; nothing was done");
    diag->fix = arena_printf(
        run->arena, "%s %s --yes", command_text(run->call, "state restore", run->name), which);
    return EXIT_USAGE;
}

static enum exit_code ask(struct run *run, const struct state_copy *copy)
{
    if (args_has(&run->call->args, "yes"))
        return EXIT_DONE;
    bool yes = out_ask(arena_printf(run->arena, "\nRestore serial %lld of %s? Type yes: ",
                           (long long)copy->serial, run->spec->environment),
        "yes");
    if (client_interrupted() > 0) {
        diag_add(&run->call->diags, "LF624", "interrupted before anything was changed");
        return EXIT_INTERRUPTED;
    }
    if (yes)
        return EXIT_DONE;
    diag_add(&run->call->diags, "LF608", "the answer was not yes; nothing was done");
    return EXIT_ERROR;
}

/* The copy, as it is right after all that happened since. */
static enum exit_code take_copy(struct run *run, struct state *state, const struct state_copy *copy)
{
    const struct state before = *state;
    enum exit_code code = state_take(run, "state restore", state, copy->state);
    if (code != EXIT_DONE)
        return code;
    /* When the last clean apply was is no part of what is taken back; unknown where the state that
     * says it cannot be read, until the next one. */
    state->last_clean = before.last_clean;
    /* It was not frozen, or we would not be here; who cannot know takes the safe side. */
    if (state_readable(&before))
        state->freeze = (struct freeze){0};
    return EXIT_DONE;
}

/*
 * The state is lost and the journal of a run that did not end is there: the copy takes the place
 * of the state which that run had claimed, so that the next apply settles the journal on it.
 */
static enum exit_code put_below_journal(
    struct run *run, struct session *session, const struct state_copy *copy)
{
    struct state *state = session_state(session);
    int64_t serial = state->known.serial;
    enum exit_code code = take_copy(run, state, copy);
    state->known.serial = serial;
    if (code == EXIT_DONE)
        code = run_claim(run, session, "state restore");
    enum exit_code closed = run_close(run, session, NULL);
    return code != EXIT_DONE ? code : closed;
}

static enum exit_code put(struct run *run, struct session *session, const struct state_copy *copy)
{
    enum exit_code code = take_copy(run, session_state(session), copy);
    const char *status = NULL;
    if (code == EXIT_DONE)
        status = strcmp(copy->state->status, "clean") == 0 ? status_kept(run) : "interrupted";
    /* As with push: one conditional write. */
    enum exit_code closed = run_close(run, session, status);
    return code != EXIT_DONE ? code : closed;
}

static void say_restored(struct run *run, const struct state_copy *copy, bool open)
{
    struct call *call = run->call;
    node_set_int(run->arena, call_result(call), "serial", run->state->known.serial);
    if (open)
        buf_printf(&call->text,
            "Serial %lld is back. The journal of the apply that did not end is kept.\nNext: %s\n",
            (long long)copy->serial, command_text(call, "apply", run->name));
    else
        buf_printf(&call->text,
            "Serial %lld is back, as serial %lld. Nothing live was touched.\nNext: %s\n",
            (long long)copy->serial, (long long)run->state->known.serial,
            command_text(call, "plan", run->name));
}

static enum exit_code restore(struct run *run, const struct state_copy *copy)
{
    struct session *session = NULL;
    enum exit_code code = run_lock(run, "state restore", &session);
    if (code != EXIT_DONE)
        return code;
    bool open = session_resume(session)->list.count > 0 && !state_readable(run->state);
    code = run_frozen(run);
    if (code == EXIT_DONE && !open)
        code = state_settled(run, session);
    if (code == EXIT_DONE) {
        out_diags(run->call);
        show_change(run, copy, run->state);
        code = ask(run, copy);
    }
    if (code != EXIT_DONE) {
        run_close(run, session, NULL);
        return code;
    }
    code = open ? put_below_journal(run, session, copy) : put(run, session, copy);
    if (code == EXIT_DONE)
        say_restored(run, copy, open);
    return code;
}

enum exit_code state_restore(struct run *run)
{
    const char *which = call_word(run->call, 2);
    struct state_copies copies = {0};
    enum exit_code code = state_copies(run, &copies);
    if (code != EXIT_DONE)
        return code;
    if (which == NULL)
        return show_copies(run, &copies);
    const struct state_copy *copy = NULL;
    code = choose(run, &copies, which, &copy);
    if (code != EXIT_DONE)
        return code;
    bool yes = args_has(&run->call->args, "yes");
    if (!yes && (!out_interactive() || run->call->json))
        return only_show(run, copy, which);
    return restore(run, copy);
}
