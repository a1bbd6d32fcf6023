#include "cli/out.h"
#include "cli/planfile.h"
#include "cli/run.h"
#include "cli/scope.h"
#include "render/render.h"

/* `plan ENV`: what apply would do, and why. Takes no lock and writes nothing but -o FILE. */

static const struct option_spec options[] = {
    {"out", 'o', false, "FILE", "keep the plan: liteform apply FILE does just that, or refuses"},
    {"detailed-exitcode", 0, false, NULL, "exit code 2 when there is something to do"},
    SCOPE_OPTIONS,
    {.name = NULL},
};

static enum exit_code plan_code(struct run *run)
{
    if (plan_refusals(run->plan) > 0)
        return EXIT_REFUSED;
    if (run->plan->unread.count + run->plan->held.count > 0)
        return EXIT_UNREAD;
    bool detailed = args_has(&run->call->args, "detailed-exitcode");
    return detailed && plan_size(run->plan) > 0 ? EXIT_CHANGES : EXIT_DONE;
}

/* The plan is not under the lock: say so where somebody is at work on it just now. */
static void note_lock(struct run *run)
{
    struct diags quiet = diags_init(run->arena);
    struct lock_info lock = lock_read(run->arena, run->backend, &quiet);
    if (lock.held)
        out_note(run->call,
            "note: %s is at work on %s (%s); this plan may be old when it has ended",
            lock.who == NULL ? "somebody" : lock.who, run->spec->environment,
            lock.operation == NULL ? "locked" : lock.operation);
}

static enum exit_code run(struct call *call)
{
    CLEANUP_RUN struct run run = run_start(call, call_word(call, 0));
    enum exit_code code = run_load(&run);
    if (code == EXIT_DONE)
        code = run_all(&run);
    if (code != EXIT_DONE)
        return code;
    out_diags(call);
    note_lock(&run);
    const char *file = args_value(&call->args, "out");
    if (file != NULL) {
        code = planfile_write(&run, file);
        if (code != EXIT_DONE)
            return code;
    }
    struct render_style style = out_style(call->verbose);
    style.plan = run_plan_command(&run);
    style.apply = file == NULL ? run_apply_command(&run) : command_text(call, "apply", file);
    render_plan(run.plan, &style, &call->text);
    if (call->json)
        call->result = render_plan_node(call->arena, run.plan, &call->diags);
    return plan_code(&run);
}

const struct verb verb_plan = {
    .name = "plan",
    .synopsis = "plan ENV [-o FILE] [options]",
    .summary = "show what apply would do, and why",
    .help = "Examples:\n"
            "  liteform plan prod\n"
            "  liteform plan prod -o prod.plan && liteform apply prod.plan\n"
            "  liteform plan prod --only 'model/*' --skip model/claude-opus\n"
            "  liteform plan prod --json | jq .counts\n"
            "\n"
            "Symbols:\n"
            "  +  create    ~    update or repair     -/+  replace, rotate\n"
            "  -  delete    =    adopt                x    forget (stays live)\n"
            "  >  move      !    refused by a guard   ?    could not be read\n"
            "  .  unmanaged\n"
            "\n"
            "Exit codes: 0 planned, 2 changes (--detailed-exitcode), 3 invalid spec,\n"
            "4 something could not be read, 5 refused by a guard.\n",
    .options = options,
    .words = WORDS_ENVIRONMENT,
    .min_words = 1,
    .max_words = 1,
    .allows = true,
    .run = run,
};
