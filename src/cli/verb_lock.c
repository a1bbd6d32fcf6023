#include "cli/session.h"

#include "base/clock.h"
#include "base/digest.h"

/* `lock ENV --reason`: nobody applies until it is unlocked; plans go on. */

static const struct option_spec options[] = {
    {"reason", 0, false, "TEXT", "why; everybody who is refused reads it"},
    {"lock-timeout", 0, false, "DURATION", "wait so long for the lock (30s, 5m); default: not"},
    {.name = NULL},
};

static enum exit_code freeze(struct run *run, struct session *session, const char *reason)
{
    enum exit_code code = run_frozen(run);
    if (code != EXIT_DONE)
        return code;
    if (session_resume(session)->list.count > 0) {
        struct diag *diag = diag_add(&run->call->diags, "LF628",
            "an apply of %s did not end; what it did is not settled yet", run->spec->environment);
        diag->fix = command_text(run->call, "apply", run->name);
        return EXIT_ERROR;
    }
    code = run_claim(run, session, "lock");
    if (code != EXIT_DONE)
        return code;
    session_state(session)->freeze = (struct freeze){
        .id = arena_strndup(run->arena, digest_uuid(run->arena), 8),
        .reason = reason,
        .who = session_who(run->arena),
        .since = clock_format(run->arena, clock_now()),
    };
    return EXIT_DONE;
}

static enum exit_code run(struct call *call)
{
    const char *reason = args_value(&call->args, "reason");
    if (reason == NULL) {
        struct diag *diag = diag_add(&call->diags, "LF604", "lock wants a reason");
        diag->fix = "--reason 'release weekend'";
        return EXIT_USAGE;
    }
    CLEANUP_RUN struct run run = run_start(call, call_word(call, 0));
    enum exit_code code = run_load(&run);
    struct session *session = NULL;
    if (code == EXIT_DONE)
        code = run_lock(&run, "lock", &session);
    if (code != EXIT_DONE)
        return code;
    code = freeze(&run, session, reason);
    const char *id = run.state->freeze.id;
    enum exit_code closed = run_close(&run, session, code == EXIT_DONE ? status_kept(&run) : NULL);
    if (code == EXIT_DONE)
        code = closed;
    if (code != EXIT_DONE)
        return code;
    buf_printf(&call->text, "%s is frozen: %s\n", run.spec->environment, reason);
    buf_printf(&call->text, "Next: %s --id %s\n", command_text(call, "unlock", run.name), id);
    node_set_string(call->arena, call_result(call), "id", id);
    return EXIT_DONE;
}

const struct verb verb_lock = {
    .name = "lock",
    .synopsis = "lock ENV --reason TEXT",
    .summary = "freeze an environment: plans go on, nobody applies",
    .help = "Examples:\n"
            "  liteform lock prod --reason 'release weekend'\n",
    .options = options,
    .words = WORDS_ENVIRONMENT,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
