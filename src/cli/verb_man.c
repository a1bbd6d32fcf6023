#include "cli/cli.h"

/* `man`: the manual page, for `man -l -` and for packages. */

static enum exit_code run(struct call *call)
{
    help_man(&call->text);
    node_set_string(call->arena, call_result(call), "text", buf_text(&call->text));
    return EXIT_DONE;
}

const struct verb verb_man = {
    .name = "man",
    .synopsis = "man",
    .summary = "print the manual page (roff)",
    .help = "Examples:\n"
            "  liteform man | man -l -\n"
            "  liteform man > ~/.local/share/man/man1/liteform.1\n",
    .run = run,
};
