/* credential_process, and the JSON that it and the metadata services give. */
#include "client/aws_internal.h"

#include "base/clock.h"
#include "base/text.h"
#include "client/process.h"
#include "value/read.h"

#define PROCESS_MS 60000
#define PROCESS_MAX ((size_t)64 << 10)
#define LONGEST_KEY 16384 /* of a session token; those of AWS have up to about 2,000 */

/** A text member; false when one is there that is none. */
static bool member(const struct node *map, const char *name, const char **ret)
{
    const struct node *node = name != NULL ? node_get(map, name) : NULL;

    *ret = node_text(node);
    if (*ret != NULL && (**ret == '\0' || strlen(*ret) > LONGEST_KEY))
        return false;
    /* What goes into a header is one line. */
    if (*ret != NULL && (*ret)[strcspn(*ret, "\r\n\t ")] != '\0')
        return false;
    return node == NULL || *ret != NULL || node_is(node, NODE_NULL);
}

bool aws_members_read(struct aws_look *look, const char *text, size_t length,
    const struct aws_members *members, struct aws_found *ret, const char **reterr_reason)
{
    const char *reason = NULL, *expires = NULL;
    const struct node *map = json_read(look->arena, text, length, &reason);

    if (!node_is(map, NODE_MAP)) {
        *reterr_reason = "is no JSON object";
        return false;
    }
    if (!member(map, members->id, &ret->keys.id) || ret->keys.id == NULL ||
        !member(map, members->secret, &ret->keys.secret) || ret->keys.secret == NULL) {
        *reterr_reason =
            arena_printf(look->arena, "has no %s and %s", members->id, members->secret);
        return false;
    }
    if (!member(map, members->token, &ret->keys.token)) {
        *reterr_reason = arena_printf(look->arena, "has a %s that is none", members->token);
        return false;
    }
    if (!member(map, members->expires, &expires) ||
        (expires != NULL && !clock_parse(expires, &ret->expires))) {
        *reterr_reason = arena_printf(look->arena, "has an %s that is no time", members->expires);
        return false;
    }
    ret->renewable = true;
    return true;
}

/* ------------------------------------------------------------------ a command line */

/** A part in quotes, `at` behind the first; returns behind the last, or NULL. */
static const char *split_quoted(const char *at, char quote, char **to)
{
    for (; *at != quote; at++) {
        if (*at == '\0')
            return NULL;
        if (quote == '"' && *at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        *(*to)++ = *at;
    }
    return at + 1;
}

/** A word; NULL when a quote is not closed. */
static const char *split_word(const char *at, char *to)
{
    while (at != NULL && *at != '\0' && strchr(" \t\r\n", *at) == NULL) {
        if (*at == '"' || *at == '\'') {
            at = split_quoted(at + 1, *at, &to);
        } else if (*at == '\\') {
            if (at[1] == '\0')
                return NULL;
            *to++ = at[1];
            at += 2;
        } else {
            *to++ = *at++;
        }
    }
    return at;
}

const char **aws_split(struct arena *arena, const char *text)
{
    struct strings words = {0};

    for (const char *at = text + strspn(text, " \t\r\n"); *at != '\0';) {
        char *word = arena_alloc(arena, strlen(at) + 1);
        at = split_word(at, word);
        if (at == NULL)
            return NULL;
        strings_add(arena, &words, word);
        at += strspn(at, " \t\r\n");
    }
    if (words.count == 0 || *words.at[0] == '\0')
        return NULL;
    strings_add(arena, &words, NULL);
    return words.at;
}

/* ------------------------------------------------------------------ the program */

/** The first line of what it complained about; not when it repeats what it printed. */
static const char *complaint(struct arena *arena, const struct process_result *result)
{
    const char *text = buf_text(&result->err), *out = buf_text(&result->out);
    char *line = arena_strndup(arena, text, strcspn(text, "\r\n"));
    size_t length = strcspn(out, "\r\n");

    if (*line == '\0')
        return "";
    if (length >= 4 && memmem(line, strlen(line), out, length) != NULL)
        return ", with an error text that is not shown because it repeats its output";
    return arena_printf(arena, ": %.200s", text_printable(arena, line, false));
}

static const char *why_not(
    struct aws_look *look, const struct process_result *result, struct aws_found *ret)
{
    static const struct aws_members names = {
        "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"};
    struct arena *arena = look->arena;
    const char *reason = NULL, *ignored = NULL;

    if (result->exit_code < 0)
        return arena_printf(arena, "could not be started: %s", buf_text(&result->err));
    if (result->timed_out)
        return arena_printf(arena, "did not end within %d seconds", PROCESS_MS / 1000);
    if (result->exit_code != 0)
        return arena_printf(
            arena, "ended with exit code %d%s", result->exit_code, complaint(arena, result));
    if (result->out.overflow)
        return "printed more than 64 KiB";
    const struct node *map = json_read(arena, buf_text(&result->out), result->out.len, &ignored);
    if (!node_is(map, NODE_MAP))
        return "printed what is no JSON object";
    if (node_get_int(map, "Version", 0) != 1)
        return "printed JSON whose Version is not 1";
    if (!aws_members_read(look, buf_text(&result->out), result->out.len, &names, ret, &reason))
        return arena_printf(arena, "printed JSON that %s", reason);
    return NULL;
}

enum aws_result aws_from_process(struct aws_look *look, const char *profile, struct aws_found *ret)
{
    struct arena *arena = look->arena;
    const char *line = aws_profile_value(look, profile, "credential_process");
    struct process_result result = {0};

    if (line == NULL)
        return AWS_NONE;
    const char *place = aws_profile_place(look, profile, "credential_process");
    if (look->aws->guarded && look->explicit_profile)
        return aws_look_failed(look,
            "give CI credentials by a role (web identity) or in its environment; --trust-spec "
            "allows it",
            "%s: with CI set, the credential_process of a profile that the spec names is not run, "
            "since whoever can change the branch could choose it",
            place);
    const char **argv = aws_split(arena, line);
    if (argv == NULL)
        return aws_look_failed(look, "write it as a shell would take it: PROGRAM \"ARGUMENT\"",
            "%s: credential_process is no command: nothing is there, or a quote is not closed",
            place);
    process_run(argv, process_environment(arena), PROCESS_MAX, PROCESS_MS, &result);
    const char *reason = why_not(look, &result, ret);
    buf_wipe(&result.out);
    buf_wipe(&result.err);
    if (reason != NULL)
        return aws_look_failed(look,
            "run it by hand: it must print {\"Version\": 1, \"AccessKeyId\": ...}; log in anew "
            "where it asks for that",
            "%s: credential_process %s %s", place, text_printable(arena, argv[0], false), reason);
    ret->source = arena_printf(arena, "credential_process %s of profile %s", argv[0], profile);
    return AWS_FOUND;
}
