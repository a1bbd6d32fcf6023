#include "cli/options.h"

#include "base/text.h"
#include "kinds/registry.h"

#include <string.h>

/* The command line against the tables of options. */

const struct option_spec common_options[] = {
    {"help", 'h', false, NULL, "show this text"},
    {"json", 0, false, NULL, "print JSON on stdout, diagnostics inside"},
    {"no-color", 0, false, NULL, "no colours (also NO_COLOR, TERM=dumb, CI)"},
    {"verbose", 'v', false, NULL, "unmanaged objects one by one, long texts whole"},
    {.name = NULL},
};

const struct allow_spec allow_specs[] = {
    {"adopt", "take over what carries the mark of another environment"},
    {"all-models", "let a team, key or user call all models"},
    {"deletes", "delete more than policy.max_delete"},
    {"dirty", "apply to a protected environment what is not committed and pushed"},
    {"empty", "apply a spec that declares nothing"},
    {"key-loss", "end keys that are kept, protected or not ours"},
    {"local-state", "local state for a target that is not on this machine"},
    {"protected", "delete or replace what policy.protect names"},
    {"rebuild", "create anew what looks wiped"},
    {"rotate", "retire a key and bring a new value into force"},
    {"updates", "update more than policy.max_update"},
    {.name = NULL},
};

struct parser {
    struct arena *arena;
    const struct option_spec *options;
    bool allows;
    char *const *at;
    struct args *args;
    struct diags *diags;
};

static const struct option_spec *in_table(
    const struct option_spec *table, const char *name, size_t length)
{
    for (; table != NULL && table->name != NULL; table++) {
        if (strlen(table->name) == length && memcmp(table->name, name, length) == 0)
            return table;
    }
    return NULL;
}

static const struct option_spec *by_name(const struct parser *parser, const char *name, size_t n)
{
    const struct option_spec *spec = in_table(parser->options, name, n);
    return spec != NULL ? spec : in_table(common_options, name, n);
}

static const struct option_spec *by_letter(const struct parser *parser, char letter)
{
    const struct option_spec *tables[] = {parser->options, common_options};
    for (size_t i = 0; i < 2; i++) {
        for (const struct option_spec *row = tables[i]; row != NULL && row->name != NULL; row++) {
            if (row->letter == letter)
                return row;
        }
    }
    return NULL;
}

static void unknown_option(const struct parser *parser, const char *given)
{
    struct strings known = {0};
    const struct option_spec *tables[] = {parser->options, common_options};
    for (size_t i = 0; i < 2; i++) {
        for (const struct option_spec *row = tables[i]; row != NULL && row->name != NULL; row++)
            strings_add(parser->arena, &known, arena_printf(parser->arena, "--%s", row->name));
    }
    for (const struct allow_spec *row = allow_specs; parser->allows && row->name != NULL; row++)
        strings_add(parser->arena, &known, arena_printf(parser->arena, "--allow-%s", row->name));
    const char *nearest = text_nearest(given, &known);
    struct diag *diag = diag_add(parser->diags, "LF602", "there is no option %s here", given);
    diag->fix = nearest == NULL ? "--help lists the options"
                                : arena_printf(parser->arena, "did you mean %s?", nearest);
}

static bool starts_with_kind(struct arena *arena, const char *word)
{
    const char *slash = strchr(word, '/');
    if (slash == NULL || slash == word)
        return false;
    const char *name = arena_strndup(arena, word, (size_t)(slash - word));
    return kind_by_name(kinds_all(), name) != NULL;
}

/* --allow-NAME, --allow-NAME=ADDRESS, --allow-NAME ADDRESS */
static bool parse_allow(struct parser *parser, const char *given)
{
    const char *name = given + strlen("--allow-"), *equals = strchr(name, '=');
    size_t length = equals == NULL ? strlen(name) : (size_t)(equals - name);
    const struct allow_spec *spec = allow_specs;
    while (spec->name != NULL &&
           (strlen(spec->name) != length || memcmp(spec->name, name, length) != 0))
        spec++;
    if (spec->name == NULL) {
        size_t bytes = (size_t)(name - given) + length;
        unknown_option(parser, arena_strndup(parser->arena, given, bytes));
        return false;
    }
    const char *address = equals == NULL ? NULL : equals + 1;
    if (equals == NULL && *parser->at != NULL && starts_with_kind(parser->arena, *parser->at))
        address = *parser->at++;
    *VEC_ADD(parser->arena, &parser->args->allowances.list) =
        (struct allowance){.name = spec->name, .address = address};
    return true;
}

static bool take(struct parser *parser, const struct option_spec *spec, const char *value)
{
    if (!spec->repeats && args_has(parser->args, spec->name)) {
        const char *before = args_value(parser->args, spec->name);
        if (spec->value == NULL || text_equal(before, value))
            return true;
        diag_add(parser->diags, "LF603", "--%s is given twice, as %s and as %s", spec->name, before,
            value);
        return false;
    }
    *VEC_ADD(parser->arena, &parser->args->options) =
        (struct option_given){.spec = spec, .value = value};
    return true;
}

/* The value of an option: behind its "=", or the next word. */
static bool take_value(struct parser *parser, const struct option_spec *spec, const char *attached)
{
    if (spec->value == NULL) {
        if (attached == NULL)
            return take(parser, spec, NULL);
        diag_add(parser->diags, "LF603", "--%s takes no value", spec->name);
        return false;
    }
    const char *value = attached;
    if (value == NULL) {
        const char *next = *parser->at;
        /* A value that looks like an option is more often a value that was forgotten. */
        if (next == NULL || (next[0] == '-' && next[1] != '\0')) {
            struct diag *diag = diag_add(
                parser->diags, "LF603", "--%s wants a value (%s)", spec->name, spec->value);
            diag->fix = arena_printf(parser->arena, "--%s=%s", spec->name, spec->value);
            return false;
        }
        value = *parser->at++;
    }
    if (*value == '\0') {
        diag_add(parser->diags, "LF603", "--%s wants a value that is not empty", spec->name);
        return false;
    }
    return take(parser, spec, value);
}

static bool parse_long(struct parser *parser, const char *given)
{
    if (parser->allows && text_starts(given, "--allow-"))
        return parse_allow(parser, given);
    const char *name = given + 2, *equals = strchr(name, '=');
    size_t length = equals == NULL ? strlen(name) : (size_t)(equals - name);
    const struct option_spec *spec = by_name(parser, name, length);
    if (spec == NULL) {
        unknown_option(parser, arena_strndup(parser->arena, given, length + 2));
        return false;
    }
    return take_value(parser, spec, equals == NULL ? NULL : equals + 1);
}

static bool parse_short(struct parser *parser, const char *given)
{
    for (const char *letter = given + 1; *letter != '\0'; letter++) {
        const struct option_spec *spec = by_letter(parser, *letter);
        if (spec == NULL) {
            unknown_option(parser, letter == given + 1 && letter[1] == '\0'
                                       ? given
                                       : arena_printf(parser->arena, "-%c", *letter));
            return false;
        }
        if (spec->value != NULL) {
            const char *rest = letter[1] == '\0' ? NULL : letter + 1 + (letter[1] == '=' ? 1 : 0);
            return take_value(parser, spec, rest);
        }
        if (!take_value(parser, spec, NULL))
            return false;
    }
    return true;
}

bool args_parse(struct arena *arena, const struct option_spec *options, bool allows,
    char *const *argv, struct args *ret_args, struct diags *diags)
{
    struct parser parser = {.arena = arena,
        .options = options,
        .allows = allows,
        .at = argv,
        .args = ret_args,
        .diags = diags};
    bool fine = true, words_only = false;
    while (*parser.at != NULL) {
        const char *given = *parser.at++;
        if (words_only || given[0] != '-' || given[1] == '\0')
            strings_add(arena, &ret_args->words, given);
        else if (strcmp(given, "--") == 0)
            words_only = true;
        else if (given[1] == '-')
            fine = parse_long(&parser, given) && fine;
        else
            fine = parse_short(&parser, given) && fine;
    }
    return fine;
}

bool args_has(const struct args *args, const char *name)
{
    VEC_EACH(given, &args->options) {
        if (strcmp(given->spec->name, name) == 0)
            return true;
    }
    return false;
}

const char *args_value(const struct args *args, const char *name)
{
    const char *value = NULL;
    VEC_EACH(given, &args->options) {
        if (strcmp(given->spec->name, name) == 0)
            value = given->value;
    }
    return value;
}

void args_values(
    struct arena *arena, const struct args *args, const char *name, struct strings *ret)
{
    VEC_EACH(given, &args->options) {
        if (strcmp(given->spec->name, name) == 0)
            strings_add(arena, ret, given->value);
    }
}
