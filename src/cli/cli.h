/*
 * A verb of the command line, and one call of it. To add a verb: src/cli/verb_<name>.c with
 * `const struct verb verb_<name>`, and a line in src/cli/verbs.def; help, man page and completion
 * follow from the table.
 */
#ifndef LITEFORM_CLI_CLI_H
#define LITEFORM_CLI_CLI_H

#include "base/arena.h"
#include "base/buf.h"
#include "cli/options.h"
#include "diag/diag.h"
#include "value/node.h"

#include <stdbool.h>

/** Exit codes; the same for every verb. */
enum exit_code {
    EXIT_DONE = 0, /* done, or nothing to do */
    EXIT_ERROR = 1,
    EXIT_CHANGES = 2, /* changes (--detailed-exitcode) or drift */
    EXIT_USAGE = 3,   /* wrong usage or invalid spec */
    EXIT_UNREAD = 4,  /* something could not be read */
    EXIT_REFUSED = 5, /* by a guard */
    EXIT_PARTLY = 6,  /* stopped part-way */
    EXIT_LOCKED = 7,
    EXIT_STALE = 8, /* the plan is not what it was */
    EXIT_INTERRUPTED = 130,
};

struct call;

/** What the words after a verb stand for: for completion. */
enum words { WORDS_NONE, WORDS_ENVIRONMENT, WORDS_VERB, WORDS_FILE, WORDS_CHOICE };

struct verb {
    const char *name;
    const char *synopsis;              /* "plan ENV [options]" */
    const char *summary;               /* one line, no full stop */
    const char *help;                  /* examples first, then what is good to know */
    const struct option_spec *options; /* ended by a row without name, or NULL */
    const char *choices;               /* WORDS_CHOICE: "bash zsh fish" */
    enum words words;
    unsigned min_words, max_words; /* max 0: none; WORDS_MANY: no bound */
    bool allows;                   /* takes --allow-NAME */
    enum exit_code (*run)(struct call *call);
};
#define WORDS_MANY 1000U

/** One run of the program. */
struct call {
    struct arena *arena;
    struct diags diags; /* printed once, by out_diags() or at the end */
    const struct verb *verb;
    struct args args;
    const char *root; /* of -C as given, or NULL: for commands to type */
    bool json, verbose;
    struct buf text;     /* what goes to stdout, unless json */
    struct node *result; /* the same for --json: a map; "diagnostics" is added */
    bool whole;          /* result is printed as it is: it is a document of its own */
};

/** All verbs in the order of help, ended by NULL. */
extern const struct verb *const verbs[];
const struct verb *verb_find(const char *name);
/** Reads the command line, runs its verb, prints. The process's exit code. */
int cli_run(int argc, char **argv);

/** "0.1.0" and "liteform 0.1.0". */
const char *version_number(void);
const char *version_tool(void);

/** Help of the program (concise), of a verb, and the man page; from the table. */
void help_program(struct buf *out);
void help_verb(const struct verb *verb, struct buf *out);
void help_man(struct buf *out);
/** Completion for bash, zsh or fish; false: not known. */
bool completion_script(const char *shell, struct buf *out);

/** From now on SIGINT and SIGTERM let what is under way come to an end. */
void signals_handle(void);

/** Word `n` after the verb, or NULL. */
const char *call_word(const struct call *call, size_t n);
/** call->result as a map, made at first use. */
struct node *call_result(struct call *call);

/** "liteform -C dir VERB WORD", as it would be typed here; words are quoted for the shell. */
void command_start(const struct call *call, struct buf *out, const char *verb, const char *word);
/** Appends a word, quoted where the shell wants it. */
void command_add(struct buf *out, const char *word);
/** Appends the options that decide what is planned: --only, --skip, --allow-..., --rewrite-secrets. */
void command_scope(const struct call *call, struct buf *out);
/** command_start() into the arena. */
const char *command_text(const struct call *call, const char *verb, const char *word);

#endif
