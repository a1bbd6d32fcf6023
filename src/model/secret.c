/* The forms of a secret reference: the map of the spec, the canonical text, the text for people. */
#include "model/secret.h"

#include "base/file.h"
#include "base/text.h"
#include "value/read.h"

#include <strings.h>
#include <unistd.h>

#define REFERENCE_FIX                                                                              \
    "write { env: NAME }, { file: PATH }, { command: [PROGRAM, ARGUMENT] }, "                      \
    "{ secret: NAME/KEY }, { secretsmanager: ID, key: KEY } or { ssm: /PATH }"

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

/* What Secrets Manager and the parameter store take as names, and ARNs. */
#define AWS_NAME "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_.-:"
#define AWS_NAME_MAX 2048

static bool is_aws_name(const char *text, const char *also)
{
    size_t length = text != NULL ? strlen(text) : 0;

    if (length == 0 || length > AWS_NAME_MAX)
        return false;
    for (const char *at = text; *at != '\0'; at++) {
        if (strchr(AWS_NAME, *at) == NULL && strchr(also, *at) == NULL)
            return false;
    }
    return true;
}

/* Each form: its reference, or NULL with what it takes in *reterr_wants (NULL: it is none). */

static const char *aws_secret_reference(
    struct arena *arena, const struct node *node, const char **reterr_wants)
{
    const char *id = node_get_text(node, "secretsmanager");
    const struct node *key = node_get(node, "key");
    const char *name = node_text(key);

    *reterr_wants = "secretsmanager: takes the name or the ARN of a secret";
    if (!is_aws_name(id, "+=@!"))
        return NULL;
    if (key == NULL)
        return arena_printf(arena, "secretsmanager:%s", id);
    *reterr_wants = "key: takes the name of a member of the JSON that the secret holds";
    return name == NULL || *name == '\0' ? NULL
                                         : arena_printf(arena, "secretsmanager:%s#%s", id, name);
}

static const char *form_reference(
    struct arena *arena, const struct node *node, const char *folder, const char **reterr_wants)
{
    const struct pair *pair = &node->pairs[0];
    const char *text = node_text(pair->value);

    if (text_equal(pair->key, "env")) {
        *reterr_wants = "env: takes the name of a variable";
        return text != NULL && is_env_name(text) ? arena_printf(arena, "env:%s", text) : NULL;
    }
    if (text_equal(pair->key, "file")) {
        *reterr_wants = "file: takes a path";
        return text != NULL && *text != '\0'
                   ? arena_printf(arena, "file:%s", absolute_path(arena, folder, text))
                   : NULL;
    }
    if (text_equal(pair->key, "command")) {
        *reterr_wants = "command: takes a list of a program and its arguments";
        return command_reference(arena, pair->value);
    }
    if (text_equal(pair->key, "secret")) {
        *reterr_wants = "secret: takes NAME/KEY";
        return text != NULL && is_secret_key(text) ? arena_printf(arena, "secret:%s", text) : NULL;
    }
    if (text_equal(pair->key, "ssm")) {
        *reterr_wants = "ssm: takes the name of a parameter, such as /litellm/prod/key";
        return is_aws_name(text, "") ? arena_printf(arena, "ssm:%s", text) : NULL;
    }
    *reterr_wants = NULL;
    return NULL;
}

struct node *secret_read(
    struct arena *arena, const struct node *node, const char *folder, struct diags *diags)
{
    const char *reference = NULL, *wants = NULL;

    /* The value itself is never named: the message goes to logs. */
    if (node_is(node, NODE_STRING)) {
        diag_at(diags, "LF019", node_span(node), REFERENCE_FIX, "a secret is written out here");
        return NULL;
    }
    if (!node_is(node, NODE_MAP))
        return refused(diags, node, "a secret reference is a map");
    if (node_get(node, "secretsmanager") != NULL &&
        node->count == 1 + (node_get(node, "key") != NULL))
        reference = aws_secret_reference(arena, node, &wants);
    else if (node->count == 1)
        reference = form_reference(arena, node, folder, &wants);
    else
        wants = "a secret reference has exactly one of env, file, command, secret, secretsmanager "
                "(with key), ssm";
    if (reference == NULL && wants == NULL)
        return refused(diags, node,
            arena_printf(arena, "\"%s\" is no source of a secret", node->pairs[0].key));
    if (reference == NULL)
        return refused(diags, node->count == 1 ? node->pairs[0].value : node, wants);

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
    } else if (text_starts(reference, "secretsmanager:") && strchr(colon, '#') != NULL) {
        const char *key = strchr(colon, '#');

        flow_word(&out, arena_strndup(arena, colon + 1, (size_t)(key - colon) - 1));
        buf_str(&out, ", key: ");
        flow_word(&out, key + 1);
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
