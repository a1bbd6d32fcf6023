/* The forms of a secret reference: the map of the spec, the canonical text, the text for people. */
#include "model/secret.h"

#include "base/file.h"
#include "base/text.h"
#include "value/read.h"

#include <strings.h>
#include <unistd.h>

#define REFERENCE_FIX                                                                              \
    "write { env: NAME }, { file: PATH }, { command: [PROGRAM, ARGUMENT] } or "                    \
    "{ secret: NAME/KEY }"

static struct node *refused(struct diags *diags, const struct node *at, const char *message)
{
    diag_at(diags, "LF020", node_span(at), REFERENCE_FIX, "%s", message);
    return NULL;
}

static bool is_env_name(const char *name)
{
    if (*name == '\0' || (*name >= '0' && *name <= '9'))
        return false;
    return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")] ==
           '\0';
}

/** An absolute path without "." and empty parts. ".." stays: behind a link it means another folder. */
static const char *absolute_path(struct arena *arena, const char *folder, const char *path)
{
    const char *joined = file_join(arena, folder != NULL ? folder : "", path);

    if (*joined != '/') {
        char *here = getcwd(NULL, 0);

        if (here != NULL)
            joined = arena_printf(arena, "%s/%s", here, joined);
        free(here);
    }
    char *out = arena_alloc(arena, strlen(joined) + 2);
    size_t used = 0;

    while (*joined != '\0') {
        size_t length = strcspn(joined, "/");

        if (length > 0 && !(length == 1 && *joined == '.')) {
            out[used++] = '/';
            memcpy(out + used, joined, length);
            used += length;
        }
        joined += length + (joined[length] == '/');
    }
    return out;
}

static const char *command_reference(struct arena *arena, const struct node *list)
{
    CLEANUP_BUF struct buf out = BUF_INIT((size_t)1 << 20);

    if (!node_is(list, NODE_LIST) || list->count == 0)
        return NULL;
    for (uint32_t i = 0; i < list->count; i++) {
        const char *word = node_text(list->items[i]);

        if (word == NULL || (i == 0 && *word == '\0'))
            return NULL;
        buf_str(&out, i == 0 ? "command:[" : ",");
        json_quote(&out, word);
    }
    buf_char(&out, ']');
    return out.overflow ? NULL : arena_strndup(arena, buf_text(&out), out.len);
}

static bool is_secret_key(const char *text)
{
    const char *slash = strchr(text, '/');

    return slash != NULL && slash != text && slash[1] != '\0' && strchr(slash + 1, '/') == NULL &&
           text[strcspn(text, " \t\r\n")] == '\0';
}

struct node *secret_read(
    struct arena *arena, const struct node *node, const char *folder, struct diags *diags)
{
    const char *reference = NULL;

    /* The value itself is never named: the message goes to logs. */
    if (node_is(node, NODE_STRING)) {
        diag_at(diags, "LF019", node_span(node), REFERENCE_FIX, "a secret is written out here");
        return NULL;
    }
    if (!node_is(node, NODE_MAP))
        return refused(diags, node, "a secret reference is a map");
    if (node->count != 1)
        return refused(diags, node,
            "a secret reference has exactly one of env, file, command, "
            "secret");

    const struct pair *pair = &node->pairs[0];
    const char *text = node_text(pair->value);

    if (text_equal(pair->key, "env")) {
        if (text == NULL || !is_env_name(text))
            return refused(diags, pair->value, "env: takes the name of a variable");
        reference = arena_printf(arena, "env:%s", text);
    } else if (text_equal(pair->key, "file")) {
        if (text == NULL || *text == '\0')
            return refused(diags, pair->value, "file: takes a path");
        reference = arena_printf(arena, "file:%s", absolute_path(arena, folder, text));
    } else if (text_equal(pair->key, "command")) {
        reference = command_reference(arena, pair->value);
        if (reference == NULL)
            return refused(
                diags, pair->value, "command: takes a list of a program and its arguments");
    } else if (text_equal(pair->key, "secret")) {
        if (text == NULL || !is_secret_key(text))
            return refused(diags, pair->value, "secret: takes NAME/KEY");
        reference = arena_printf(arena, "secret:%s", text);
    } else {
        return refused(
            diags, node, arena_printf(arena, "\"%s\" is no source of a secret", pair->key));
    }

    struct node *read = node_string(arena, reference);

    read->marks = NODE_SECRET;
    read->file = node->file;
    read->line = node->line;
    read->column = node->column;
    return read;
}

/** A word as YAML takes it inside of a flow map: bare where that is safe, else quoted. */
static void flow_word(struct buf *out, const char *word)
{
    size_t length = strlen(word);
    bool bare = length > 0 && word[strcspn(word, ",[]{}#&*!|>'\"%@`\\\t\r\n")] == '\0' &&
                strstr(word, ": ") == NULL && word[length - 1] != ':' && word[0] != ' ' &&
                word[length - 1] != ' ' && strchr("-?:~", word[0]) == NULL &&
                strcasecmp(word, "null") != 0;

    if (bare)
        buf_str(out, word);
    else
        json_quote(out, word);
}

char *secret_show(struct arena *arena, const char *reference)
{
    CLEANUP_BUF struct buf out = BUF_INIT((size_t)1 << 20);
    const char *colon = strchr(reference, ':');
    const char *reason = NULL;

    if (colon == NULL)
        return arena_strdup(arena, reference);
    buf_str(&out, "{ ");
    buf_add(&out, reference, (size_t)(colon - reference));
    buf_str(&out, ": ");
    if (text_starts(reference, "command:")) {
        const struct node *words = json_read(arena, colon + 1, strlen(colon + 1), &reason);

        buf_char(&out, '[');
        for (uint32_t i = 0; node_is(words, NODE_LIST) && i < words->count; i++) {
            const char *word = node_text(words->items[i]);

            if (i > 0)
                buf_str(&out, ", ");
            flow_word(&out, word != NULL ? word : "");
        }
        buf_char(&out, ']');
    } else {
        flow_word(&out, colon + 1);
    }
    buf_str(&out, " }");
    return arena_strndup(arena, buf_text(&out), out.len);
}

const struct secret_fact *secret_fact(const struct secret_facts *facts, const char *reference)
{
    VEC_EACH(fact, &facts->list) {
        if (text_equal(fact->reference, reference))
            return fact;
    }
    return NULL;
}
