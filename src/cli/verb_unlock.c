#include "cli/session.h"

#include "base/text.h"

/* `unlock ENV [--id ID]`: ends a freeze, or the lock of a holder that is surely gone. */

static const struct option_spec options[] = {
    {"id", 0, false, "ID", "of the freeze or the lock; without it both are shown"},
    {.name = NULL},
};

static const char *or_unknown(const char *text)
{
    return text == NULL ? "unknown" : text;
}

static enum exit_code show(struct run *run, const struct lock_info *lock)
{
    struct call *call = run->call;
    const struct freeze *freeze = &run->state->freeze;
    struct node *result = call_result(call);
    node_set_bool(run->arena, result, "frozen", freeze->id != NULL);
    node_set_bool(run->arena, result, "held", lock->held);
    if (freeze->id == NULL && !lock->held) {
        buf_printf(&call->text, "%s is not locked.\n", run->spec->environment);
        return EXIT_DONE;
    }
    const char *command = command_text(call, "unlock", run->name);
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    if (freeze->id != NULL) {
        buf_printf(&text, "Frozen by %s since %s: %s\nNext: %s --id %s\n", or_unknown(freeze->who),
            or_unknown(freeze->since), or_unknown(freeze->reason), command, freeze->id);
        node_set_string(run->arena, result, "freeze_id", freeze->id);
    }
    if (lock->held) {
        buf_printf(&text, "Locked by %s on %s since %s: %s (process %lld)\n", or_unknown(lock->who),
            or_unknown(lock->host), or_unknown(lock->since), or_unknown(lock->operation),
            (long long)lock->pid);
        buf_printf(
            &text, "Next, if that is surely gone: %s --id %s\n", command, or_unknown(lock->id));
        node_set_string(run->arena, result, "lock_id", lock->id);
    }
    buf_str(&call->text, text_printable(run->arena, buf_text(&text), true));
    return EXIT_DONE;
}

static enum exit_code thaw(struct run *run)
{
    struct session *session = NULL;
    enum exit_code code = run_lock(run, "unlock", &session);
    if (code != EXIT_DONE)
        return code;
    code = run_claim(run, session, "unlock");
    session_state(session)->freeze = (struct freeze){0};
    enum exit_code closed = run_close(run, session, code == EXIT_DONE ? status_kept(run) : NULL);
    if (code == EXIT_DONE && closed == EXIT_DONE)
        buf_printf(&run->call->text, "%s is no longer frozen.\n", run->spec->environment);
    return code == EXIT_DONE ? closed : code;
}

static enum exit_code run(struct call *call)
{
    CLEANUP_RUN struct run run = run_start(call, call_word(call, 0));
    enum exit_code code = run_load(&run);
    if (code != EXIT_DONE)
        return code;
    const char *id = args_value(&call->args, "id");
    struct lock_info lock = lock_read(call->arena, run.backend, &call->diags);
    if (id == NULL)
        return show(&run, &lock);
    if (text_equal(id, run.state->freeze.id))
        return thaw(&run);
    if (lock.held && text_equal(id, lock.id)) {
        if (!lock_break(call->arena, run.backend, id, &call->diags))
            return EXIT_ERROR;
        buf_printf(&call->text, "The lock of %s is broken.\n", run.spec->environment);
        return EXIT_DONE;
    }
    struct diag *diag =
        diag_add(&call->diags, "LF627", "%s has no lock \"%s\"", run.spec->environment, id);
    diag->fix = command_text(call, "unlock", run.name);
    return EXIT_ERROR;
}

const struct verb verb_unlock = {
    .name = "unlock",
    .synopsis = "unlock ENV [--id ID]",
    .summary = "end a freeze, or the lock of a run that is surely gone",
    .help =
        "Examples:\n"
        "  liteform unlock prod                shows who holds it, and the id\n"
        "  liteform unlock prod --id 3fa94c1e\n"
        "\n"
        "A run on this machine that died has let go already. Break a lock only when its holder\n"
        "is surely gone: one that is still at work writes nothing more, but may be half done.\n",
    .options = options,
    .words = WORDS_ENVIRONMENT,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
