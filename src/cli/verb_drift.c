#include "cli/out.h"
#include "cli/run.h"
#include "cli/scope.h"
#include "render/render.h"

/* `drift ENV`: what changed without the spec. Never writes, takes no lock. */

static const struct option_spec options[] = {
    TRUST_OPTION,
    {.name = NULL},
};

static enum exit_code run(struct call *call)
{
    CLEANUP_RUN struct run run = run_start(call, call_word(call, 0));
    enum exit_code code = run_load(&run);
    if (code == EXIT_DONE)
        code = run_all(&run);
    if (code != EXIT_DONE)
        return code;
    out_diags(call);
    struct render_style style = out_style(call->verbose);
    style.plan = run_plan_command(&run);
    render_drift(run.plan, &style, &call->text);
    if (call->json)
        call->result = render_drift_node(call->arena, run.plan, &call->diags);
    struct drift drift = render_drift_count(run.plan);
    if (drift.outside + drift.unmanaged > 0)
        return EXIT_CHANGES;
    return run.plan->unread.count + run.plan->held.count > 0 ? EXIT_UNREAD : EXIT_DONE;
}

const struct verb verb_drift = {
    .name = "drift",
    .synopsis = "drift ENV [options]",
    .summary = "show what changed outside of the spec; never writes",
    .help =
        "Examples:\n"
        "  liteform drift prod\n"
        "  liteform drift prod --json > drift.json\n"
        "\n"
        "Drift is what somebody changed behind our back, and what stands live undeclared in a\n"
        "section of which the spec says that it is complete (ownership: full). Changes that the\n"
        "spec asks for are counted, and are no drift.\n"
        "\n"
        "Exit codes: 0 none, 2 drift, 4 something could not be read.\n",
    .options = options,
    .words = WORDS_ENVIRONMENT,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
