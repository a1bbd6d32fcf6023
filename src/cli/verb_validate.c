#include "cli/cli.h"
#include "cli/out.h"

#include "kinds/registry.h"
#include "spec/spec.h"

/* `validate [ENV...]`: everything that needs no network. */

static const char *counted(struct arena *arena, size_t count, const char *word)
{
    return arena_printf(arena, "%zu %s%s", count, word, count == 1 ? "" : "s");
}

/* Whether it is valid. */
static bool validate(struct call *call, const char *name, struct node *list)
{
    struct arena *arena = call->arena;
    size_t errors = diags_errors(&call->diags), warnings = call->diags.warnings;
    struct spec_options options = {.root = ".", .name = name};
    const struct spec *spec = spec_load(arena, &options, kinds_all(), &call->diags);
    errors = diags_errors(&call->diags) - errors;
    warnings = call->diags.warnings - warnings;
    bool valid = spec != NULL && errors == 0;
    size_t objects = spec == NULL ? 0 : spec->desired.list.count;
    if (valid)
        buf_printf(&call->text, "%s: valid (%s%s%s)\n", name, counted(arena, objects, "object"),
            warnings > 0 ? ", " : "", warnings > 0 ? counted(arena, warnings, "warning") : "");
    else
        buf_printf(&call->text, "%s: not valid (%s)\n", name, counted(arena, errors, "error"));
    struct node *entry = node_map(arena);
    node_set_string(arena, entry, "environment", name);
    node_set_bool(arena, entry, "valid", valid);
    node_set_int(arena, entry, "objects", (int64_t)objects);
    node_set_int(arena, entry, "errors", (int64_t)errors);
    node_set_int(arena, entry, "warnings", (int64_t)warnings);
    node_list_add(arena, list, entry);
    return valid;
}

static enum exit_code run(struct call *call)
{
    struct strings names = call->args.words;
    if (names.count == 0)
        spec_environments(call->arena, ".", &names);
    if (names.count == 0) {
        struct diag *diag =
            diag_add(&call->diags, "LF618", "there is no environment below environments/");
        diag->fix = "liteform new dev, or -C DIR for another folder";
        return EXIT_USAGE;
    }
    struct node *list = node_list(call->arena);
    bool valid = true;
    for (size_t i = 0; i < names.count; i++)
        valid = validate(call, names.at[i], list) && valid;
    node_set(call->arena, call_result(call), "environments", list);
    return valid ? EXIT_DONE : EXIT_USAGE;
}

const struct verb verb_validate = {
    .name = "validate",
    .synopsis = "validate [ENV...]",
    .summary = "check environments without any network; all without ENV",
    .help = "Examples:\n"
            "  liteform validate\n"
            "  liteform validate prod\n"
            "  liteform validate --json prod | jq .diagnostics\n"
            "\n"
            "All mistakes are shown at once. Exit code 3 when there is one.\n",
    .words = WORDS_ENVIRONMENT,
    .max_words = WORDS_MANY,
    .run = run,
};
