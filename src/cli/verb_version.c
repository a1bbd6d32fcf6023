#include "cli/cli.h"

/* `version`: which program this is. */

static enum exit_code run(struct call *call)
{
    buf_printf(&call->text, "%s\n", version_tool());
    struct node *result = call_result(call);
    node_set_string(call->arena, result, "version", version_number());
    node_set_string(call->arena, result, "plan_format", "liteform-plan/1");
    return EXIT_DONE;
}

const struct verb verb_version = {
    .name = "version",
    .synopsis = "version [--json]",
    .summary = "print the version",
    .help = "Examples:\n"
            "  liteform version\n"
            "  liteform version --json\n",
    .run = run,
};
