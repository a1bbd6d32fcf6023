#include "cli/cli.h"

#include "kinds/registry.h"
#include "spec/spec.h"

/* `reference`: every section and field of the spec language, from the tables that read it. */

static enum exit_code run(struct call *call)
{
    spec_reference(kinds_all(), &call->text);
    node_set_string(call->arena, call_result(call), "text", buf_text(&call->text));
    return EXIT_DONE;
}

const struct verb verb_reference = {
    .name = "reference",
    .synopsis = "reference",
    .summary = "print the reference of the spec language (Markdown)",
    .help = "Examples:\n"
            "  liteform reference | less\n"
            "  liteform reference > specs/README.md\n",
    .run = run,
};
