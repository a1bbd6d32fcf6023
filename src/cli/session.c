#include "cli/session.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/backend.h"
#include "cli/out.h"
#include "state/lock.h"

#include <string.h>

/* Lock, claim, commit: the protocol of state/state.h with exit codes. */

const char *session_who(struct arena *arena)
{
    return arena_printf(arena, "%s@%s", lock_who(arena), lock_host(arena));
}

static enum exit_code code_of(enum session_result result)
{
    switch (result) {
    case SESSION_OK:
        return EXIT_DONE;
    case SESSION_LOCKED:
        return EXIT_LOCKED;
    case SESSION_FENCED:
        return EXIT_PARTLY;
    case SESSION_FAILED:
        break;
    }
    return EXIT_ERROR;
}

static void on_waiting(void *context, const struct lock_info *holder)
{
    struct run *run = context;
    const char *who = holder->who == NULL ? "somebody" : holder->who;
    const char *what = holder->operation == NULL ? "at work" : holder->operation;
    const char *text = text_printable(run->arena,
        arena_printf(
            run->arena, "waiting for the lock of %s: %s, %s", run->spec->environment, who, what),
        false);
    if (out_has_live(run->call))
        out_live(run->call, text);
    else if (!run->waited)
        out_note(run->call, "%s", text);
    run->waited = true;
}

static enum exit_code lock_timeout(struct run *run, int64_t *ret_ms)
{
    const char *text = args_value(&run->call->args, "lock-timeout");
    int64_t seconds = 0;
    *ret_ms = 0;
    if (text == NULL || strcmp(text, "0") == 0)
        return EXIT_DONE;
    if (!text_duration_seconds(text, &seconds) || seconds < 0 || seconds > 7 * 86400) {
        struct diag *diag =
            diag_add(&run->call->diags, "LF603", "--lock-timeout: \"%s\" is no duration", text);
        diag->fix = "such as 30s, 5m or 1h";
        return EXIT_USAGE;
    }
    *ret_ms = seconds * 1000;
    return EXIT_DONE;
}

/* What comes in the place of the state makes good whatever is wrong with it. */
static bool repairs(const struct run *run, const char *operation)
{
    return strcmp(operation, "state restore") == 0 ||
           (strcmp(operation, "state push") == 0 && args_has(&run->call->args, "force"));
}

enum exit_code run_lock(struct run *run, const char *operation, struct session **ret_session)
{
    return run_lock_returning(run, operation, false, ret_session);
}

enum exit_code run_lock_returning(
    struct run *run, const char *operation, bool returning, struct session **ret_session)
{
    struct session_options options = {.operation = operation,
        .tool = version_tool(),
        .waiting = on_waiting,
        .context = run,
        .repair = repairs(run, operation),
        .returning = returning,
        .recovery_folder = run->spec->state_folder};
    enum exit_code code = lock_timeout(run, &options.wait_ms);
    if (code != EXIT_DONE)
        return code;
    /* Until the lock is ours there is nothing to bring to an end: Ctrl-C ends the waiting. */
    code = code_of(session_open(run->arena, run->backend, run->spec->environment, &options,
        ret_session, &run->call->diags));
    out_live_end();
    if (code != EXIT_DONE)
        return code;
    signals_handle();
    struct state *state = session_state(*ret_session);
    run->state = state;
    run->status_before = state->status;
    /* init looks by itself; what comes in the place of a state that cannot be read, here. */
    if (options.repair)
        code = backend_look(run, run->backend, state);
    else if (!text_starts(operation, "init"))
        code = backend_looked(run, state);
    if (code != EXIT_DONE)
        session_close(*ret_session, &run->call->diags);
    return code;
}

const char *status_kept(const struct run *run)
{
    bool clean = run->status_before == NULL || strcmp(run->status_before, "clean") == 0;
    return clean ? "clean" : "interrupted";
}

enum exit_code run_frozen(struct run *run)
{
    struct diags *diags = &run->call->diags;
    if (!state_frozen(run->state, diags))
        return EXIT_DONE;
    /* The same command, with what stood before the verb here. */
    diags->list.at[diags->list.count - 1].fix = arena_printf(run->arena, "%s --id %s",
        command_text(run->call, "unlock", run->name), run->state->freeze.id);
    return EXIT_LOCKED;
}

/* What the last clean run is remembered by; a run of a part never makes the whole clean. */
static void note_plan(struct run *run, struct node *note)
{
    const struct plan *plan = run->plan;
    bool whole = !plan->scoped && plan->unread.count == 0 && plan->held.count == 0;
    node_set_string(run->arena, note, whole ? "fingerprint" : "part", plan->fingerprint);
    node_set_string(run->arena, note, "commit", git_facts(run->arena, run->spec->folder).commit);
    const struct node *counts = node_get(plan_to_node(run->arena, plan), "counts");
    if (counts != NULL)
        node_set(run->arena, note, "counts", node_copy(run->arena, counts));
}

enum exit_code run_claim(struct run *run, struct session *session, const char *operation)
{
    struct arena *arena = run->arena;
    struct node *note = node_map(arena);
    node_set_string(arena, note, "operation", operation);
    node_set_string(arena, note, "who", session_who(arena));
    node_set_string(arena, note, "started_at", clock_format(arena, clock_now()));
    node_set_string(arena, note, "tool", version_tool());
    if (run->plan != NULL)
        note_plan(run, note);
    return code_of(session_begin(session, note, &run->call->diags));
}

enum exit_code run_close(struct run *run, struct session *session, const char *status)
{
    enum exit_code code = EXIT_DONE;
    if (status != NULL)
        code = code_of(session_commit(session, status, &run->call->diags));
    session_close(session, &run->call->diags);
    return code;
}
