#include "cli/cli.h"

#include "base/text.h"

#include <string.h>

/* Help and the manual page, from the table of verbs and their options. */

#define LEFT_COLUMNS 26 /* where the explanation of an option starts */

void help_program(struct buf *out)
{
    buf_str(out, "liteform brings LiteLLM to what an environment's files say: plan, then apply.\n"
                 "\n"
                 "  liteform new dev           a commented environment to start from\n"
                 "  liteform validate dev      check it without any network\n"
                 "  liteform plan dev          what would change, and why\n"
                 "  liteform apply dev         show that, ask, do it\n"
                 "\n"
                 "Verbs:\n");
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++)
        buf_printf(out, "  %-12s %s\n", (*verb)->name, (*verb)->summary);
    buf_str(out,
        "\n"
        "Before the verb: -C DIR works in DIR, the folder that holds environments/ and state/.\n"
        "liteform help VERB tells more.\n");
}

static void option_row(struct buf *out, const char *left, const char *doc)
{
    size_t columns = strlen(left);
    buf_printf(out, "  %s", left);
    if (columns + 2 > LEFT_COLUMNS) {
        buf_char(out, '\n');
        columns = 0;
        buf_str(out, "  ");
    }
    for (size_t i = columns; i < LEFT_COLUMNS; i++)
        buf_char(out, ' ');
    buf_printf(out, "%s\n", doc);
}

/* "-o, --out FILE" */
static void option_left(struct buf *left, const struct option_spec *row)
{
    buf_reset(left);
    if (row->letter != 0)
        buf_printf(left, "-%c, ", row->letter);
    buf_printf(left, "--%s", row->name);
    if (row->value != NULL)
        buf_printf(left, " %s", row->value);
}

static void option_table(struct buf *out, const struct option_spec *table)
{
    CLEANUP_BUF struct buf left = BUF_INIT(0);
    for (; table != NULL && table->name != NULL; table++) {
        option_left(&left, table);
        option_row(out, buf_text(&left), table->doc);
    }
}

void help_verb(const struct verb *verb, struct buf *out)
{
    buf_printf(
        out, "liteform %s\n\n%s.\n\n%s\nOptions:\n", verb->synopsis, verb->summary, verb->help);
    option_table(out, verb->options);
    option_table(out, common_options);
    if (!verb->allows)
        return;
    buf_str(
        out, "\nWhat a guard refuses names the flag that allows it, for all or for one ADDRESS:\n");
    CLEANUP_BUF struct buf left = BUF_INIT(0);
    for (const struct allow_spec *row = allow_specs; row->name != NULL; row++) {
        buf_reset(&left);
        buf_printf(&left, "--allow-%s", row->name);
        option_row(out, buf_text(&left), row->doc);
    }
}

/* Text as roff takes it: no dash becomes a hyphen, no line begins a request. */
static void roff(struct buf *out, const char *text)
{
    bool line_start = true;
    for (; *text != '\0'; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            buf_str(out, "\\&");
        if (*text == '-')
            buf_str(out, "\\-");
        else if (*text == '\\')
            buf_str(out, "\\e");
        else
            buf_char(out, *text);
        line_start = *text == '\n';
    }
}

static void man_options(struct buf *out, const struct option_spec *table)
{
    CLEANUP_BUF struct buf left = BUF_INIT(0);
    for (; table != NULL && table->name != NULL; table++) {
        option_left(&left, table);
        buf_str(out, ".TP\n.B ");
        roff(out, buf_text(&left));
        buf_char(out, '\n');
        roff(out, table->doc);
        buf_char(out, '\n');
    }
}

static void man_verb(struct buf *out, const struct verb *verb)
{
    buf_str(out, ".SS ");
    roff(out, verb->synopsis);
    buf_str(out, "\n");
    roff(out, verb->summary);
    buf_str(out, ".\n.PP\n.nf\n");
    roff(out, verb->help);
    buf_str(out, ".fi\n");
    man_options(out, verb->options);
}

static void man_exit_codes(struct buf *out)
{
    static const struct {
        enum exit_code code;
        const char *text;
    } codes[] = {
        {EXIT_DONE, "done, or nothing to do"},
        {EXIT_ERROR, "error"},
        {EXIT_CHANGES, "changes (plan --detailed-exitcode), or drift"},
        {EXIT_USAGE, "wrong usage, or an invalid spec"},
        {EXIT_UNREAD, "something could not be read"},
        {EXIT_REFUSED, "refused by a guard"},
        {EXIT_PARTLY, "stopped part-way"},
        {EXIT_LOCKED, "locked"},
        {EXIT_STALE, "the plan is stale"},
        {EXIT_INTERRUPTED, "interrupted"},
    };
    buf_str(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        buf_printf(out, ".TP\n.B %d\n", (int)codes[i].code);
        roff(out, codes[i].text);
        buf_char(out, '\n');
    }
}

void help_man(struct buf *out)
{
    buf_printf(out, ".TH LITEFORM 1 \"\" \"%s\" \"User Commands\"\n", version_tool());
    buf_str(out, ".SH NAME\nliteform \\- declarative plan and apply for LiteLLM\n"
                 ".SH SYNOPSIS\n.B liteform\n[\\-C DIR] VERB [WORDS] [OPTIONS]\n"
                 ".SH DESCRIPTION\n");
    roff(out, "liteform reads an environment's YAML files, looks at what is live, shows what "
              "would have to change and why, and does it. Results go to standard output, "
              "everything else to standard error.\n");
    buf_str(out, ".SH VERBS\n");
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++)
        man_verb(out, *verb);
    buf_str(out, ".SH OPTIONS OF EVERY VERB\n.TP\n.B \\-C DIR\n"
                 "before the verb: work in DIR, which holds environments/ and state/\n");
    man_options(out, common_options);
    buf_str(out, ".SH ALLOWANCES\nWhat a guard refuses names the flag that allows it, for all or "
                 "for one address.\n");
    for (const struct allow_spec *row = allow_specs; row->name != NULL; row++) {
        buf_str(out, ".TP\n.B ");
        roff(out, "--allow-");
        roff(out, row->name);
        buf_str(out, " [ADDRESS]\n");
        roff(out, row->doc);
        buf_char(out, '\n');
    }
    man_exit_codes(out);
    buf_str(out, ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nno colours\n.TP\n.B CI\n"
                 "nothing asks, no colours, and the spec is trusted only with \\-\\-trust\\-spec\n"
                 ".TP\n.B XDG_DATA_HOME\nholds liteform/LINEAGE.key, the key for keyed hashes\n"
                 ".SH FILES\n.TP\n.I environments/ENV/*.yaml\nwhat should be\n"
                 ".TP\n.I state/ENV/\nwhat was last written (backend: local)\n");
}
