#include "cli/cli.h"

/* `completion SHELL`: the script that completes verbs, options and environments. */

static enum exit_code run(struct call *call)
{
    const char *shell = call_word(call, 0);
    if (!completion_script(shell, &call->text)) {
        struct diag *diag =
            diag_add(&call->diags, "LF604", "no completion is known for \"%s\"", shell);
        diag->fix = "one of: bash, zsh, fish";
        return EXIT_USAGE;
    }
    node_set_string(call->arena, call_result(call), "text", buf_text(&call->text));
    return EXIT_DONE;
}

const struct verb verb_completion = {
    .name = "completion",
    .synopsis = "completion bash|zsh|fish",
    .summary = "print completion for a shell",
    .help = "Examples:\n"
            "  source <(liteform completion bash)\n"
            "  liteform completion zsh > \"${fpath[1]}/_liteform\"\n"
            "  liteform completion fish > ~/.config/fish/completions/liteform.fish\n",
    .words = WORDS_CHOICE,
    .choices = "bash zsh fish",
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
