#include "value/read.h"

#include "base/text.h"
#include "value/build.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Trees as YAML for people, in block style, safe for readers of YAML 1.1 and 1.2. */

#define LONGEST_KEY 1000 /* libyaml takes "key:" only within 1,024 characters */

static void write_block(const struct node *node, unsigned indent, bool started, struct buf *out);

static void pad(struct buf *out, unsigned indent)
{
    for (unsigned i = 0; i < indent; i++)
        buf_char(out, ' ');
}

/* Words that some reader takes for a boolean or null. */
static bool is_reserved(const char *text)
{
    static const char *const words[] = {
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", NULL};
    for (const char *const *word = words; *word != NULL; word++) {
        if (strcasecmp(text, *word) == 0)
            return true;
    }
    return false;
}

static bool must_escape(uint32_t code)
{
    /* The two non-characters are valid UTF-8 but no characters of YAML. */
    return text_is_unsafe(code) || code == 0xfffe || code == 0xffff;
}

/* Whether nothing behind the first character ends or changes a plain scalar in block style. */
static bool rest_is_plain(const char *text)
{
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        size_t size = 0;
        if (must_escape(text_code_point(text + at, length - at, &size)))
            return false;
        char c = text[at], next = text[at + 1];
        if (c == ':' && (next == ' ' || next == '\0'))
            return false;
        if (c == ' ' && (next == '#' || next == '\0'))
            return false;
        at += size;
    }
    return true;
}

/* A text that begins with a digit and yet is a number for nobody: "30d", "1mo". */
static bool is_duration(const char *text)
{
    int64_t seconds = 0;
    return text_duration_seconds(text, &seconds);
}

static bool is_plain_text(const char *text)
{
    unsigned char first = (unsigned char)text[0];
    if (is_duration(text))
        return true;
    bool begins = isalpha(first) || first == '_' || first == '/' || first >= 0x80;
    return begins && !is_reserved(text) && rest_is_plain(text);
}

/* A scalar that was plain in its source is written as it was: 10, no, 12:30. */
static bool was_plain(const struct node *node)
{
    const char *text = node->text;
    if ((node->marks & NODE_PLAIN) == 0 || strcmp(text, "null") == 0)
        return false;
    bool begins =
        isalnum((unsigned char)text[0]) ||
        (text[0] != '\0' && strchr("+-.", text[0]) != NULL && isalnum((unsigned char)text[1]));
    return begins && rest_is_plain(text);
}

static void write_quoted(const char *text, struct buf *out)
{
    size_t length = strlen(text);
    buf_char(out, '"');
    for (size_t at = 0; at < length;) {
        size_t size = 0;
        uint32_t code = text_code_point(text + at, length - at, &size);
        if (code == '"' || code == '\\')
            buf_printf(out, "\\%c", (int)code);
        else if (code == '\n')
            buf_str(out, "\\n");
        else if (code == '\t')
            buf_str(out, "\\t");
        else if (!must_escape(code))
            buf_add(out, text + at, size);
        else if (code == TEXT_INVALID || code < 0x100)
            buf_printf(out, "\\x%02x", code == TEXT_INVALID ? (unsigned char)text[at] : code);
        else if (code < 0x10000)
            buf_printf(out, "\\u%04x", code);
        else
            buf_printf(out, "\\U%08x", code);
        at += size;
    }
    buf_char(out, '"');
}

static void write_text(const char *text, bool plain, struct buf *out)
{
    if (plain)
        buf_str(out, text);
    else
        write_quoted(text, out);
}

static void write_scalar(const struct node *node, struct buf *out)
{
    if (node != NULL && (node->marks & NODE_SECRET) != 0) {
        buf_str(out, "(sensitive)");
        return;
    }
    switch (node == NULL ? (int)NODE_NULL : node->type) {
    case NODE_STRING:
        write_text(node->text, was_plain(node) || is_plain_text(node->text), out);
        break;
    case NODE_LIST:
        buf_str(out, "[]");
        break;
    case NODE_MAP:
        buf_str(out, "{}");
        break;
    default:
        node_json(node, out);
        break;
    }
}

static bool is_block(const struct node *node)
{
    return node != NULL && (node->marks & NODE_SECRET) == 0 && node->count > 0 &&
           (node->type == NODE_LIST || node->type == NODE_MAP);
}

static void write_pair(const struct pair *pair, unsigned indent, struct buf *out)
{
    bool long_key = strlen(pair->key) > LONGEST_KEY;
    if (long_key)
        buf_str(out, "? ");
    write_text(pair->key, is_plain_text(pair->key), out);
    if (long_key) {
        buf_char(out, '\n');
        pad(out, indent);
    }
    if (is_block(pair->value)) {
        buf_str(out, ":\n");
        write_block(pair->value, indent + 2, false, out);
    } else {
        buf_str(out, ": ");
        write_scalar(pair->value, out);
        buf_char(out, '\n');
    }
}

static void write_item(const struct node *item, unsigned indent, struct buf *out)
{
    buf_str(out, "- ");
    if (is_block(item)) {
        write_block(item, indent + 2, true, out);
    } else {
        write_scalar(item, out);
        buf_char(out, '\n');
    }
}

/* `started`: the first line already stands at its column, behind a dash. */
static void write_block(const struct node *node, unsigned indent, bool started, struct buf *out)
{
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0 || !started)
            pad(out, indent);
        if (node->type == NODE_MAP)
            write_pair(&node->pairs[i], indent, out);
        else
            write_item(node->items[i], indent, out);
    }
}

void yaml_write(const struct node *node, unsigned indent, struct buf *out)
{
    if (is_block(node)) {
        write_block(node, indent, false, out);
        return;
    }
    pad(out, indent);
    write_scalar(node, out);
    buf_char(out, '\n');
}
