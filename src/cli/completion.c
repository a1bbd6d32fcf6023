#include "cli/cli.h"

#include <string.h>

/* Completion scripts from the table of verbs. Environments are the folders below environments/. */

static void option_words(struct buf *out, const struct option_spec *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        buf_printf(out, " --%s", table->name);
        if (table->letter != 0)
            buf_printf(out, " -%c", table->letter);
    }
}

/* All options of a verb, as words. */
static void verb_options(struct buf *out, const struct verb *verb)
{
    option_words(out, verb->options);
    option_words(out, common_options);
    for (const struct allow_spec *row = allow_specs; verb->allows && row->name != NULL; row++)
        buf_printf(out, " --allow-%s", row->name);
}

static const char *words_of(const struct verb *verb)
{
    switch (verb->words) {
    case WORDS_ENVIRONMENT:
        return "environments";
    case WORDS_VERB:
        return "verbs";
    case WORDS_FILE:
        return "environments files";
    case WORDS_CHOICE:
        return "choices";
    case WORDS_NONE:
        break;
    }
    return "nothing";
}

static void bash_words(struct buf *out, const struct verb *verb)
{
    switch (verb->words) {
    case WORDS_ENVIRONMENT:
        buf_str(out, " $(_liteform_environments \"$dir\")");
        return;
    case WORDS_FILE:
        buf_str(out, " $(_liteform_environments \"$dir\") $(compgen -f -- \"$cur\")");
        return;
    case WORDS_VERB:
        buf_str(out, " $verbs");
        return;
    case WORDS_CHOICE:
        buf_printf(out, " %s", verb->choices);
        return;
    case WORDS_NONE:
        return;
    }
}

static void bash(struct buf *out)
{
    buf_str(out, "# bash completion for liteform\n"
                 "_liteform_environments() {\n"
                 "  local folder\n"
                 "  for folder in \"$1\"/environments/*/; do\n"
                 "    [ -d \"$folder\" ] && basename \"$folder\"\n"
                 "  done\n"
                 "}\n"
                 "_liteform() {\n"
                 "  local cur=${COMP_WORDS[COMP_CWORD]} verbs verb= dir=. i words=\n"
                 "  COMPREPLY=()\n"
                 "  verbs=\"");
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++)
        buf_printf(out, "%s%s", verb == verbs ? "" : " ", (*verb)->name);
    buf_str(out, "\"\n"
                 "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                 "    case ${COMP_WORDS[i]} in\n"
                 "      -C) i=$((i + 1)); dir=${COMP_WORDS[i]} ;;\n"
                 "      -*) ;;\n"
                 "      *) verb=${COMP_WORDS[i]}; break ;;\n"
                 "    esac\n"
                 "  done\n"
                 "  case $verb in\n"
                 "    '') words=\"$verbs -C --help --version --json --no-color\" ;;\n");
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        buf_printf(out, "    %s) words=\"", (*verb)->name);
        CLEANUP_BUF struct buf options = BUF_INIT(0);
        verb_options(&options, *verb);
        buf_str(out, buf_text(&options) + 1);
        bash_words(out, *verb);
        buf_str(out, "\" ;;\n");
    }
    buf_str(out, "  esac\n"
                 "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
                 "}\n"
                 "complete -F _liteform liteform\n");
}

/* Text inside single quotes of a shell. */
static void quoted(struct buf *out, const char *text, const char *escape)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buf_str(out, "'\\''");
        else if (strchr(escape, *text) != NULL)
            buf_printf(out, "\\%c", *text);
        else
            buf_char(out, *text);
    }
}

static void zsh_option(struct buf *out, const struct option_spec *row)
{
    buf_printf(out, "        '%s--%s%s[", row->repeats ? "*" : "", row->name,
        row->value == NULL ? "" : "=");
    quoted(out, row->doc, "[]:\\");
    buf_str(out, "]");
    if (row->value != NULL)
        buf_printf(out, ":%s:%s", row->value, strcmp(row->value, "FILE") == 0 ? "_files" : " ");
    buf_str(out, "' \\\n");
}

static void zsh_verb(struct buf *out, const struct verb *verb)
{
    buf_printf(out, "    %s)\n      _arguments -s \\\n", verb->name);
    for (const struct option_spec *row = verb->options; row != NULL && row->name != NULL; row++)
        zsh_option(out, row);
    for (const struct option_spec *row = common_options; row->name != NULL; row++)
        zsh_option(out, row);
    for (const struct allow_spec *row = allow_specs; verb->allows && row->name != NULL; row++) {
        buf_printf(out, "        '*--allow-%s[", row->name);
        quoted(out, row->doc, "[]:\\");
        buf_str(out, "]' \\\n");
    }
    if (verb->words == WORDS_CHOICE)
        buf_printf(out, "        '*:word:(%s)'", verb->choices);
    else
        buf_printf(out, "        '*:word:_liteform_%s'",
            strcspn(words_of(verb), " ") < strlen(words_of(verb)) ? "files" : words_of(verb));
    buf_str(out, "\n      ;;\n");
}

static void zsh(struct buf *out)
{
    buf_str(out, "#compdef liteform\n"
                 "_liteform_environments() { compadd -- ${dir}/environments/*(/N:t) }\n"
                 "_liteform_files() { _liteform_environments; _files }\n"
                 "_liteform_nothing() { return 1 }\n"
                 "_liteform_verbs() {\n"
                 "  local -a list=(\n");
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        buf_printf(out, "    '%s:", (*verb)->name);
        quoted(out, (*verb)->summary, ":\\");
        buf_str(out, "'\n");
    }
    buf_str(out, "  )\n"
                 "  _describe verb list\n"
                 "}\n"
                 "_liteform() {\n"
                 "  local dir=. verb= i\n"
                 "  for ((i = 2; i < CURRENT; i++)); do\n"
                 "    case $words[i] in\n"
                 "      -C) ((i++)); dir=$words[i] ;;\n"
                 "      -*) ;;\n"
                 "      *) verb=$words[i]; break ;;\n"
                 "    esac\n"
                 "  done\n"
                 "  if [[ -n $verb ]]; then\n"
                 "    shift $((i - 1)) words\n"
                 "    ((CURRENT -= i - 1))\n"
                 "  fi\n"
                 "  case $verb in\n"
                 "    '') _liteform_verbs ;;\n");
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++)
        zsh_verb(out, *verb);
    buf_str(out,
        "  esac\n"
        "}\n"
        "if [[ $funcstack[1] == _liteform ]]; then _liteform \"$@\"; else compdef _liteform "
        "liteform; fi\n");
}

static void fish_option(struct buf *out, const char *verb, const struct option_spec *row)
{
    buf_str(out, "complete -c liteform");
    if (verb != NULL)
        buf_printf(out, " -n '__fish_seen_subcommand_from %s'", verb);
    buf_printf(out, " -l %s", row->name);
    if (row->letter != 0)
        buf_printf(out, " -s %c", row->letter);
    if (row->value != NULL)
        buf_str(out, strcmp(row->value, "FILE") == 0 ? " -r -F" : " -x");
    buf_str(out, " -d '");
    quoted(out, row->doc, "\\");
    buf_str(out, "'\n");
}

static void fish_verb(struct buf *out, const struct verb *verb)
{
    buf_printf(out, "complete -c liteform -n __fish_use_subcommand -a %s -d '", verb->name);
    quoted(out, verb->summary, "\\");
    buf_str(out, "'\n");
    for (const struct option_spec *row = verb->options; row != NULL && row->name != NULL; row++)
        fish_option(out, verb->name, row);
    for (const struct allow_spec *row = allow_specs; verb->allows && row->name != NULL; row++) {
        buf_printf(out, "complete -c liteform -n '__fish_seen_subcommand_from %s' -l allow-%s -d '",
            verb->name, row->name);
        quoted(out, row->doc, "\\");
        buf_str(out, "'\n");
    }
    const char *words = words_of(verb);
    if (strcmp(words, "nothing") == 0)
        return;
    buf_printf(out, "complete -c liteform -n '__fish_seen_subcommand_from %s'%s -a ", verb->name,
        verb->words == WORDS_FILE ? " -F" : "");
    if (verb->words == WORDS_CHOICE)
        buf_printf(out, "'%s'\n", verb->choices);
    else
        buf_printf(
            out, "'(__liteform_%s)'\n", verb->words == WORDS_VERB ? "verbs" : "environments");
}

static void fish(struct buf *out)
{
    buf_str(out, "# fish completion for liteform\n"
                 "function __liteform_environments\n"
                 "    for folder in environments/*/\n"
                 "        basename $folder\n"
                 "    end\n"
                 "end\n"
                 "function __liteform_verbs\n"
                 "    printf '%s\\n'");
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++)
        buf_printf(out, " %s", (*verb)->name);
    buf_str(out,
        "\nend\ncomplete -c liteform -f\n"
        "complete -c liteform -n __fish_use_subcommand -s C -r -d 'work in this folder'\n");
    for (const struct option_spec *row = common_options; row->name != NULL; row++)
        fish_option(out, NULL, row);
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++)
        fish_verb(out, *verb);
}

bool completion_script(const char *shell, struct buf *out)
{
    static const struct {
        const char *shell;
        void (*write)(struct buf *out);
    } scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        if (strcmp(shell, scripts[i].shell) == 0) {
            scripts[i].write(out);
            return true;
        }
    }
    return false;
}
