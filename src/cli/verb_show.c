#include "cli/run.h"

#include "base/text.h"

/* `show ENV [ADDRESS] [--origin]`: the merged spec, and where each value came from. */

static const struct option_spec options[] = {
    {"origin", 0, false, NULL, "each line with the file and line it came from"},
    {.name = NULL},
};

static enum exit_code unknown_address(struct run *run, const char *address)
{
    struct strings known = {0};
    VEC_EACH(at, &run->spec->desired.list)
        strings_add(run->arena, &known, (*at)->address);
    const char *nearest = text_nearest(address, &known);
    struct diag *diag =
        diag_add(&run->call->diags, "LF605", "%s declares no %s", run->spec->environment, address);
    if (nearest != NULL)
        diag->fix = arena_printf(run->arena, "did you mean %s?", nearest);
    return EXIT_USAGE;
}

static enum exit_code run(struct call *call)
{
    CLEANUP_RUN struct run run = run_start(call, call_word(call, 0));
    run.keep_raw = true;
    enum exit_code code = run_spec(&run);
    if (code != EXIT_DONE)
        return code;
    const char *address = call_word(call, 1);
    if (!spec_show(run.spec, &call->diags, address, args_has(&call->args, "origin"), &call->text))
        return unknown_address(&run, address == NULL ? "" : address);
    struct node *result = call_result(call);
    node_set_string(call->arena, result, "environment", run.spec->environment);
    if (address == NULL) {
        node_set(call->arena, result, "spec", node_copy(call->arena, run.spec->raw));
        return EXIT_DONE;
    }
    node_set_string(call->arena, result, "address", address);
    node_set_string(call->arena, result, "text", buf_text(&call->text));
    const struct resource *resource = map_get(&run.spec->desired.by_address, address);
    if (resource != NULL)
        node_set(call->arena, result, "fields", node_copy(call->arena, resource->fields));
    return EXIT_DONE;
}

const struct verb verb_show = {
    .name = "show",
    .synopsis = "show ENV [ADDRESS] [--origin]",
    .summary = "print the merged spec, and where each value came from",
    .help = "Examples:\n"
            "  liteform show prod\n"
            "  liteform show prod team/platform\n"
            "  liteform show prod --origin\n",
    .options = options,
    .words = WORDS_ENVIRONMENT,
    .min_words = 1,
    .max_words = 2,
    .run = run,
};
