/* One parser for the options of all verbs, driven by their tables. */
#ifndef LITEFORM_CLI_OPTIONS_H
#define LITEFORM_CLI_OPTIONS_H

#include "base/arena.h"
#include "base/vec.h"
#include "diag/diag.h"
#include "model/kind.h"

#include <stdbool.h>

struct option_spec {
    const char *name; /* without "--" */
    char letter;      /* 'o' for -o; 0: none */
    bool repeats;
    const char *value; /* name of its value, "FILE"; NULL: takes none */
    const char *doc;   /* one line */
};

/** Options of every verb, ended by a row without name. */
extern const struct option_spec common_options[];

/** What --allow-NAME can be: each guard names the one that allows it. */
struct allow_spec {
    const char *name;
    const char *doc;
};
extern const struct allow_spec allow_specs[];

struct option_given {
    const struct option_spec *spec;
    const char *value; /* NULL: takes none */
};

struct args {
    struct strings words; /* what is no option, in order */
    VEC(struct option_given) options;
    struct allowances allowances;
};

/**
 * Parses `argv` up to NULL. `--name VALUE`, `--name=VALUE`, `-oVALUE`, `-o VALUE`, `--` ends
 * options. `--allow-NAME` takes the next word with it where that is an address (its first part
 * names a kind). Mistakes are diagnostics; false then.
 */
bool args_parse(struct arena *arena, const struct option_spec *options, bool allows,
    char *const *argv, struct args *ret_args, struct diags *diags);

bool args_has(const struct args *args, const char *name);
/** The last value given, or NULL. */
const char *args_value(const struct args *args, const char *name);
void args_values(
    struct arena *arena, const struct args *args, const char *name, struct strings *ret);

#endif
