#include "cli/cli.h"

#include "base/text.h"

#include <string.h>

/* Commands to type next, as they would be typed here. */

void command_add(struct buf *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:=@,+%";
    buf_char(out, ' ');
    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        buf_str(out, word);
        return;
    }
    buf_char(out, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            buf_str(out, "'\\''");
        else
            buf_char(out, *word);
    }
    buf_char(out, '\'');
}

void command_start(const struct call *call, struct buf *out, const char *verb, const char *word)
{
    buf_str(out, "liteform");
    if (call->root != NULL) {
        buf_str(out, " -C");
        command_add(out, call->root);
    }
    buf_printf(out, " %s", verb);
    if (word != NULL)
        command_add(out, word);
}

void command_scope(const struct call *call, struct buf *out)
{
    static const char *const scoping[] = {"only", "skip", "rewrite-secrets", "trust-spec"};
    VEC_EACH(given, &call->args.options) {
        for (size_t i = 0; i < sizeof(scoping) / sizeof(scoping[0]); i++) {
            if (strcmp(given->spec->name, scoping[i]) != 0)
                continue;
            buf_printf(out, " --%s", given->spec->name);
            if (given->value != NULL)
                command_add(out, given->value);
        }
    }
    VEC_EACH(allowance, &call->args.allowances.list) {
        buf_printf(out, " --allow-%s", allowance->name);
        if (allowance->address != NULL)
            command_add(out, allowance->address);
    }
}

const char *command_text(const struct call *call, const char *verb, const char *word)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    command_start(call, &text, verb, word);
    return arena_strdup(call->arena, buf_text(&text));
}
