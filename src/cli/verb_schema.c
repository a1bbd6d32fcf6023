#include "cli/cli.h"

#include "base/fail.h"
#include "kinds/registry.h"
#include "spec/spec.h"
#include "value/read.h"

/* `schema`: the JSON Schema of the spec language, for editors. */

static enum exit_code run(struct call *call)
{
    spec_schema(kinds_all(), &call->text);
    if (!call->json)
        return EXIT_DONE;
    const char *reason = NULL;
    call->result = json_read(call->arena, buf_text(&call->text), call->text.len, &reason);
    if (call->result == NULL)
        fail_bug("the schema is no JSON", reason);
    call->whole = true;
    return EXIT_DONE;
}

const struct verb verb_schema = {
    .name = "schema",
    .synopsis = "schema",
    .summary = "print the JSON Schema of environment files",
    .help = "Examples:\n"
            "  liteform schema > specs/schema.json\n"
            "\n"
            "An editor checks and completes a file that begins with\n"
            "  # yaml-language-server: $schema=../../specs/schema.json\n",
    .run = run,
};
