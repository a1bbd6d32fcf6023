#include "cli/cli.h"

#include "base/text.h"

/* `help [VERB]`: the same text as `VERB --help`. */

static enum exit_code run(struct call *call)
{
    const char *word = call_word(call, 0);
    const struct verb *verb = word == NULL ? NULL : verb_find(word);
    if (word != NULL && verb == NULL) {
        struct strings names = {0};
        for (const struct verb *const *at = verbs; *at != NULL; at++)
            strings_add(call->arena, &names, (*at)->name);
        const char *nearest = text_nearest(word, &names);
        struct diag *diag = diag_add(&call->diags, "LF601", "there is no verb \"%s\"", word);
        if (nearest != NULL)
            diag->fix = arena_printf(call->arena, "did you mean %s?", nearest);
        return EXIT_USAGE;
    }
    if (verb == NULL)
        help_program(&call->text);
    else
        help_verb(verb, &call->text);
    node_set_string(call->arena, call_result(call), "text", buf_text(&call->text));
    return EXIT_DONE;
}

const struct verb verb_help = {
    .name = "help",
    .synopsis = "help [VERB]",
    .summary = "how to use the program, or one verb",
    .help = "Examples:\n"
            "  liteform help\n"
            "  liteform help plan        same as: liteform plan --help\n",
    .words = WORDS_VERB,
    .max_words = 1,
    .run = run,
};
