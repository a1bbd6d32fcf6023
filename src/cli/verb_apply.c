#include "cli/out.h"
#include "cli/planfile.h"
#include "cli/scope.h"
#include "cli/session.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/progress.h"

#include <string.h>

/* `apply ENV|FILE`: under the lock, plan anew, show or compare, ask, carry out, record. */

#define ASKED_TOO_LONG_MS 30000 /* an answer later than this finds live changed perhaps */

static const struct option_spec options[] = {
    {"plan", 0, false, "FINGERPRINT", "apply only if just this plan comes out again"},
    {"yes", 'y', false, NULL, "apply whatever the plan is, without asking"},
    {"keep-going", 0, false, NULL, "after a failure do what does not need it"},
    {"lock-timeout", 0, false, "DURATION", "wait so long for the lock (30s, 5m); default: not"},
    SCOPE_OPTIONS,
    {.name = NULL},
};

struct apply {
    struct run *run;
    struct node *file;  /* the plan file, or NULL */
    const char *wanted; /* fingerprint that must come out, or NULL */
    struct session *session;
    unsigned settled; /* open entries of a run that died */
    bool first;       /* there was no state yet */
    bool shown;
};

/* What needs no network: where may be written, and who may be asked. */
static enum exit_code check_before(struct apply *apply)
{
    struct run *run = apply->run;
    struct call *call = run->call;
    bool local = run->spec->backend_local && !allowed(&call->args.allowances, "local-state", NULL);
    if (local && !target_is_loopback(run->spec->litellm_url)) {
        struct diag *diag = diag_add(&call->diags, "LF612",
            "the state of %s is local, and %s is not on this machine", run->spec->environment,
            run->spec->litellm_url);
        diag->fix = "a shared backend, or --allow-local-state if you alone apply to it";
        return EXIT_REFUSED;
    }
    enum exit_code code = target_protected(run);
    if (code != EXIT_DONE)
        return code;
    bool confirmed = apply->wanted != NULL || args_has(&call->args, "yes");
    if (confirmed || (out_interactive() && !call->json))
        return EXIT_DONE;
    struct diag *diag = diag_add(&call->diags, "LF607",
        "off a terminal an apply is confirmed by --plan FINGERPRINT, or by --yes");
    diag->fix =
        arena_printf(run->arena, "%s, then the command on its last line", run_plan_command(run));
    return EXIT_USAGE;
}

/* Under the lock: what is live, what a dead run left open, and the plan. */
static enum exit_code plan_locked(struct apply *apply)
{
    struct run *run = apply->run;
    enum exit_code code = run_collect(run);
    if (code != EXIT_DONE)
        return code;
    apply->settled = apply_settle(run->arena, session_resume(apply->session), run->live, run->kinds,
        session_state(apply->session));
    if (apply->settled > 0)
        out_note(run->call, "settled %u step%s that an apply which did not end left open",
            apply->settled, apply->settled == 1 ? "" : "s");
    return run_plan(run);
}

static enum exit_code stale(struct apply *apply)
{
    struct run *run = apply->run;
    struct diag *diag =
        diag_add(&run->call->diags, "LF610", "the plan is stale: %s was wanted, %s comes out now",
            apply->wanted, run->plan->fingerprint);
    diag->fix = run_plan_command(run);
    struct strings lines = {0};
    if (apply->file != NULL)
        plan_moved(run->arena, node_get(apply->file, "basis"), run->plan, &lines);
    struct node *moved = node_list(run->arena);
    for (size_t i = 0; i < lines.count; i++) {
        out_note(run->call, "moved: %s", lines.at[i]);
        node_list_add(run->arena, moved, node_string(run->arena, lines.at[i]));
    }
    node_set(run->arena, call_result(run->call), "moved", moved);
    return EXIT_STALE;
}

static void show(struct apply *apply)
{
    struct run *run = apply->run;
    out_diags(run->call);
    if (run->call->json)
        return;
    struct render_style style = out_style(run->call->verbose);
    style.plan = run_plan_command(run);
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    render_plan(run->plan, &style, &text);
    out_text(&text);
    apply->shown = true;
}

static enum exit_code ask(struct apply *apply)
{
    struct run *run = apply->run;
    if (apply->wanted != NULL || args_has(&run->call->args, "yes"))
        return EXIT_DONE;
    const char *before = run->plan->fingerprint;
    int64_t asked = clock_ms();
    size_t size = plan_size(run->plan);
    const char *what =
        size == 1 ? "this change" : arena_printf(run->arena, "these %zu changes", size);
    const char *question =
        arena_printf(run->arena, "\nApply %s to %s? Type yes: ", what, run->spec->environment);
    bool yes = out_ask(question, "yes");
    if (client_interrupted() > 0) {
        diag_add(&run->call->diags, "LF624", "interrupted before anything was changed");
        return EXIT_INTERRUPTED;
    }
    if (!yes) {
        diag_add(&run->call->diags, "LF608", "the answer was not yes; nothing was done");
        return EXIT_ERROR;
    }
    if (clock_ms() - asked <= ASKED_TOO_LONG_MS)
        return EXIT_DONE;
    enum exit_code code = plan_locked(apply);
    apply->wanted = before;
    if (code == EXIT_DONE && strcmp(before, run->plan->fingerprint) != 0)
        code = stale(apply);
    return code;
}

static struct node *counts_node(struct arena *arena, const struct apply_result *result)
{
    struct node *counts = node_map(arena);
    node_set_int(arena, counts, "done", result->done);
    node_set_int(arena, counts, "failed", result->failed);
    node_set_int(arena, counts, "skipped", result->skipped);
    return counts;
}

/* Ends the session; a state that could not be written is worse than what it should say. */
static enum exit_code close(struct apply *apply, const char *status, enum exit_code code)
{
    enum exit_code closed = run_close(apply->run, apply->session, status);
    if (closed == EXIT_DONE)
        return code;
    struct diag *diag = diag_add(&apply->run->call->diags, "LF628",
        "the state of %s could not be written", apply->run->spec->environment);
    diag->fix = command_text(apply->run->call, "apply", apply->run->name);
    return EXIT_PARTLY;
}

static enum exit_code code_of(struct run *run, const struct apply_result *result)
{
    switch (result->end) {
    case APPLY_INTERRUPTED:
        return EXIT_INTERRUPTED;
    case APPLY_PARTLY:
    case APPLY_FENCED:
        return EXIT_PARTLY;
    case APPLY_ALL:
        break;
    }
    if (result->not_arrived.count > 0 || result->failed > 0)
        return EXIT_PARTLY;
    return run->plan->unread.count + run->plan->held.count > 0 ? EXIT_UNREAD : EXIT_DONE;
}

static void summary(struct run *run, const struct apply_result *result, enum exit_code code)
{
    struct arena *arena = run->arena;
    struct strings unread = run_unread(run);
    struct render_summary says = {.environment = run->spec->environment,
        .done = result->done,
        .failed = result->failed,
        .skipped = result->skipped,
        .elapsed_ms = result->elapsed_ms,
        .interrupted = result->end == APPLY_INTERRUPTED,
        .fenced = result->end == APPLY_FENCED,
        .not_arrived = &result->not_arrived,
        .unread = &unread,
        .next = code == EXIT_DONE ? NULL : command_text(run->call, "plan", run->name)};
    struct render_style style = out_style(run->call->verbose);
    render_summary(&says, &style, &run->call->text);
    struct node *node = call_result(run->call);
    static const char *const ends[] = {[APPLY_ALL] = "all",
        [APPLY_PARTLY] = "partly",
        [APPLY_INTERRUPTED] = "interrupted",
        [APPLY_FENCED] = "fenced"};
    struct node *counts = counts_node(arena, result);
    node_set_string(arena, counts, "end", ends[result->end]);
    node_set(arena, node, "result", counts);
    struct node *missing = node_list(arena);
    for (size_t i = 0; i < result->not_arrived.count; i++)
        node_list_add(arena, missing, node_string(arena, result->not_arrived.at[i]));
    node_set(arena, node, "not_arrived", missing);
}

static enum exit_code claim(struct apply *apply)
{
    struct run *run = apply->run;
    struct state *state = session_state(apply->session);
    /* What init would have done; after planning, so that the plan is the one that was shown. */
    bool made = false;
    bool keyless = run->facts.no_key && run->state->known.objects.count == 0;
    if ((apply->first || keyless) && !hashkey_make(run, state->known.lineage, &made))
        return EXIT_ERROR;
    if (made)
        out_note(run->call, "made the hash key %s", hashkey_path(run->arena, state->known.lineage));
    enum exit_code code = run_claim(run, apply->session, "apply");
    if (code == EXIT_DONE && state->target == NULL)
        state->target = run->target;
    if (code == EXIT_DONE && (apply->first || keyless))
        hashkey_load(run);
    return code;
}

static enum exit_code carry_out(struct apply *apply)
{
    struct run *run = apply->run;
    enum exit_code code = claim(apply);
    if (code != EXIT_DONE) {
        session_close(apply->session, &run->call->diags);
        return code;
    }
    struct progress progress = progress_start(run->call);
    struct apply_options how = {.keep_going = args_has(&run->call->args, "keep-going"),
        .report = progress_report,
        .context = &progress};
    struct apply_result result = apply_run(run->arena, run->plan, run->kinds, run->client,
        run->secrets, apply->session, &how, &run->call->diags);
    out_live_end();
    code = code_of(run, &result);
    bool clean = code == EXIT_DONE || code == EXIT_UNREAD;
    summary(run, &result, code);
    if (result.cut_off) {
        /* As after a crash: the journal tells the next run where this one was. */
        session_close(apply->session, &run->call->diags);
        return code;
    }
    return close(apply, clean ? "clean" : "interrupted", code);
}

/* Nothing to send; what a dead run left, or that there is a state now, is still to be recorded. */
static enum exit_code record_only(struct apply *apply)
{
    struct run *run = apply->run;
    const struct state *state = run->state;
    enum exit_code code =
        run->plan->unread.count + run->plan->held.count > 0 ? EXIT_UNREAD : EXIT_DONE;
    bool clean = code == EXIT_DONE && !run->plan->scoped;
    bool was_clean = state->status != NULL && strcmp(state->status, "clean") == 0;
    bool write = apply->settled > 0 || apply->first || !was_clean || run->plan->relearn.count > 0 ||
                 (clean && state->last_clean == NULL);
    if (!write) {
        session_close(apply->session, &run->call->diags);
        return code;
    }
    enum exit_code claimed = claim(apply);
    if (claimed != EXIT_DONE) {
        session_close(apply->session, &run->call->diags);
        return claimed;
    }
    /* No call goes out; the state learns of what is as wanted and was not known to it. */
    struct apply_options how = {0};
    apply_run(run->arena, run->plan, run->kinds, run->client, run->secrets, apply->session, &how,
        &run->call->diags);
    return close(apply, "clean", code);
}

/* From the lock to the end of the session. */
static enum exit_code locked(struct apply *apply)
{
    struct run *run = apply->run;
    apply->first = !run->state->known.exists;
    enum exit_code code = run_frozen(run);
    if (code == EXIT_DONE && apply->file != NULL)
        code = planfile_check(run, apply->file);
    if (code == EXIT_DONE)
        code = run_target(run);
    if (code == EXIT_DONE)
        code = run_connect(run);
    if (code == EXIT_DONE)
        code = plan_locked(apply);
    if (code != EXIT_DONE)
        return code;
    show(apply);
    node_set(run->arena, call_result(run->call), "plan", plan_to_node(run->arena, run->plan));
    if (plan_refusals(run->plan) > 0)
        return EXIT_REFUSED;
    if (apply->wanted != NULL && !text_equal(apply->wanted, run->plan->fingerprint))
        return stale(apply);
    if (plan_size(run->plan) == 0)
        return EXIT_DONE;
    return ask(apply);
}

static enum exit_code run_apply(struct apply *apply)
{
    struct run *run = apply->run;
    enum exit_code code = run_spec(run);
    if (code == EXIT_DONE)
        code = check_before(apply);
    if (code == EXIT_DONE)
        code = run_backend(run);
    if (code == EXIT_DONE)
        code = run_lock(run, "apply", &apply->session);
    if (code != EXIT_DONE)
        return code;
    code = locked(apply);
    if (code == EXIT_DONE && plan_size(run->plan) > 0)
        return carry_out(apply);
    if (code == EXIT_DONE)
        return record_only(apply);
    /* Refused or stopped: what was settled is found again by the next run. */
    session_close(apply->session, &run->call->diags);
    return code;
}

/* A plan file, where the word is one and no environment has that name. */
static bool is_plan_file(struct call *call, const char *word)
{
    if (strchr(word, '/') == NULL &&
        file_is_folder(arena_printf(call->arena, "environments/%s", word)))
        return false;
    return file_exists(word) && !file_is_folder(word);
}

static enum exit_code scope_is_fixed(struct call *call)
{
    static const char *const fixed[] = {"only", "skip", "rewrite-secrets", "plan"};
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (!args_has(&call->args, fixed[i]))
            continue;
        struct diag *diag = diag_add(&call->diags, "LF604",
            "--%s cannot be given with a plan file: the file holds what is applied", fixed[i]);
        diag->fix = "plan anew with it";
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static enum exit_code run(struct call *call)
{
    const char *word = call_word(call, 0);
    struct apply apply = {.wanted = args_value(&call->args, "plan")};
    const char *name = word;
    if (is_plan_file(call, word)) {
        enum exit_code code = scope_is_fixed(call);
        if (code != EXIT_DONE)
            return code;
        apply.file = planfile_read(call, word);
        if (apply.file == NULL)
            return EXIT_ERROR;
        name = planfile_name(apply.file);
        apply.wanted = node_get_text(apply.file, "fingerprint");
    }
    CLEANUP_RUN struct run run = run_start(call, name);
    if (apply.file != NULL)
        planfile_options(&run, apply.file);
    apply.run = &run;
    return run_apply(&apply);
}

const struct verb verb_apply = {
    .name = "apply",
    .synopsis = "apply ENV|FILE [options]",
    .summary = "show the plan, ask, and carry it out",
    .help =
        "Examples:\n"
        "  liteform apply dev                                  shows the plan and asks\n"
        "  liteform apply prod --plan 7f3a-91c2-04be-d1e7      only if just this comes out again\n"
        "  liteform plan prod -o prod.plan && liteform apply prod.plan\n"
        "  liteform apply dev --yes                            off a terminal, without a look\n"
        "\n"
        "Takes the lock, reads what is live, plans anew and compares with what was seen. Ctrl-C\n"
        "lets what is under way come to an end; an apply that died is settled by the next one.\n"
        "\n"
        "Exit codes: 0 done or nothing to do, 3 nobody could be asked, 4 something could not be\n"
        "read (the rest is done), 5 refused by a guard, 6 stopped part-way, 7 locked, 8 stale,\n"
        "130 interrupted.\n",
    .options = options,
    .words = WORDS_FILE,
    .min_words = 1,
    .max_words = 1,
    .allows = true,
    .run = run,
};
