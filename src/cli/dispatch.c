#include "cli/cli.h"
#include "cli/out.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* From the command line to a verb, and from its result to the streams. */

#define VERB(name) extern const struct verb verb_##name;
#include "cli/verbs.def"
#undef VERB

const struct verb *const verbs[] = {
#define VERB(name) &verb_##name,
#include "cli/verbs.def"
#undef VERB
    NULL,
};

const struct verb *verb_find(const char *name)
{
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++) {
        if (strcmp((*verb)->name, name) == 0)
            return *verb;
    }
    return NULL;
}

const char *call_word(const struct call *call, size_t n)
{
    return n < call->args.words.count ? call->args.words.at[n] : NULL;
}

struct node *call_result(struct call *call)
{
    if (call->result == NULL)
        call->result = node_map(call->arena);
    return call->result;
}

/* What may stand before the verb. */
struct front {
    const char *root;
    const char *word; /* the verb, or NULL */
    char *const *rest;
    bool help, version, no_color;
};

/* Before anything is parsed: a mistake in the options must come out as JSON, too. */
static bool named(char **argv, const char *option)
{
    for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
        if (strcmp(*argv, option) == 0)
            return true;
    }
    return false;
}

static bool front_option(struct call *call, struct front *front, char *const **at)
{
    const char *given = *(*at)++;
    if (text_starts(given, "-C")) {
        front->root = given[2] != '\0' ? given + 2 : **at;
        if (front->root == NULL) {
            diag_add(&call->diags, "LF603", "-C wants a folder");
            return false;
        }
        if (given[2] == '\0')
            (*at)++;
        return true;
    }
    if (strcmp(given, "--help") == 0 || strcmp(given, "-h") == 0)
        front->help = true;
    else if (strcmp(given, "--version") == 0)
        front->version = true;
    else if (strcmp(given, "--no-color") == 0)
        front->no_color = true;
    else if (strcmp(given, "--verbose") == 0 || strcmp(given, "-v") == 0)
        call->verbose = true;
    else if (strcmp(given, "--json") != 0) {
        struct diag *diag =
            diag_add(&call->diags, "LF602", "there is no option %s before the verb", given);
        diag->fix = "before the verb: -C DIR, --json, --no-color, --verbose, --help, --version";
        return false;
    }
    return true;
}

static bool parse_front(struct call *call, char **argv, struct front *front)
{
    char *const *at = argv + 1;
    while (*at != NULL && **at == '-') {
        if (!front_option(call, front, &at))
            return false;
    }
    front->word = *at;
    front->rest = *at == NULL ? at : at + 1;
    if (front->root != NULL && chdir(front->root) != 0) {
        diag_add(&call->diags, "LF604", "-C %s: %s", front->root, strerror(errno));
        return false;
    }
    call->root = front->root;
    return true;
}

static void unknown_verb(struct call *call, const char *word)
{
    struct strings names = {0};
    for (const struct verb *const *verb = verbs; *verb != NULL; verb++)
        strings_add(call->arena, &names, (*verb)->name);
    const char *nearest = text_nearest(word, &names);
    struct diag *diag = diag_add(&call->diags, "LF601", "there is no verb \"%s\"", word);
    diag->fix = nearest == NULL ? "liteform help lists the verbs"
                                : arena_printf(call->arena, "did you mean %s?", nearest);
}

static bool count_words(struct call *call)
{
    const struct verb *verb = call->verb;
    size_t count = call->args.words.count;
    if (count >= verb->min_words && count <= verb->max_words)
        return true;
    struct diag *diag;
    if (count < verb->min_words)
        diag = diag_add(&call->diags, "LF604", "%s wants more words than it got", verb->name);
    else
        diag = diag_add(&call->diags, "LF604", "\"%s\" is one word too many for %s",
            call->args.words.at[verb->max_words], verb->name);
    diag->fix = arena_printf(call->arena, "liteform %s", verb->synopsis);
    return false;
}

static enum exit_code run_verb(struct call *call, const struct front *front)
{
    if (front->version) {
        call->verb = verb_find("version");
        return call->verb->run(call);
    }
    if (front->word == NULL) {
        help_program(&call->text);
        node_set_string(call->arena, call_result(call), "text", buf_text(&call->text));
        return EXIT_DONE;
    }
    call->verb = verb_find(front->word);
    if (call->verb == NULL) {
        unknown_verb(call, front->word);
        return EXIT_USAGE;
    }
    bool fine = args_parse(call->arena, call->verb->options, call->verb->allows, front->rest,
        &call->args, &call->diags);
    if (args_has(&call->args, "help") || front->help) {
        help_verb(call->verb, &call->text);
        node_set_string(call->arena, call_result(call), "text", buf_text(&call->text));
        return EXIT_DONE;
    }
    if (!fine || !count_words(call))
        return EXIT_USAGE;
    call->verbose = call->verbose || args_has(&call->args, "verbose");
    return call->verb->run(call);
}

int cli_run(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct call call = {.arena = arena, .diags = diags_init(arena), .text = BUF_INIT(0)};
    struct front front = {0};
    if (argc > 0) {
        call.json = named(argv, "--json");
        front.no_color = named(argv, "--no-color");
    }
    out_setup(front.no_color);
    enum exit_code code = EXIT_USAGE;
    if (argc > 0 && parse_front(&call, argv, &front))
        code = run_verb(&call, &front);
    code = out_finish(&call, code);
    buf_release(&call.text);
    return (int)code;
}
