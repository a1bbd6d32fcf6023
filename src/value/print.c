#include "value/node.h"

#include "base/digest.h"
#include "base/fail.h"
#include "base/text.h"

/* Trees as JSON: the canonical text, which digests are taken of, and an indented one for people. */

#define FLAT UINT32_MAX /* no indentation: everything in one line without blanks */

static void write_node(const struct node *node, uint32_t level, struct buf *out);

static void new_line(uint32_t level, struct buf *out)
{
    if (level == FLAT)
        return;
    buf_char(out, '\n');
    for (uint32_t i = 0; i < level; i++)
        buf_add(out, "  ", 2);
}

static uint32_t deeper(uint32_t level)
{
    return level == FLAT ? FLAT : level + 1;
}

static void write_list(const struct node *list, uint32_t level, struct buf *out)
{
    buf_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_char(out, ',');
        new_line(deeper(level), out);
        write_node(list->items[i], deeper(level), out);
    }
    if (list->count > 0)
        new_line(level, out);
    buf_char(out, ']');
}

static void write_map(const struct node *map, uint32_t level, struct buf *out)
{
    buf_char(out, '{');
    for (size_t i = 0; i < map->count; i++) {
        if (i > 0)
            buf_char(out, ',');
        new_line(deeper(level), out);
        json_quote(out, map->pairs[i].key);
        buf_str(out, level == FLAT ? ":" : ": ");
        write_node(map->pairs[i].value, deeper(level), out);
    }
    if (map->count > 0)
        new_line(level, out);
    buf_char(out, '}');
}

static void write_node(const struct node *node, uint32_t level, struct buf *out)
{
    switch (node == NULL ? (int)NODE_NULL : node->type) {
    case NODE_BOOL:
        buf_str(out, node->boolean ? "true" : "false");
        break;
    case NODE_INT:
        buf_printf(out, "%lld", (long long)node->integer);
        break;
    case NODE_DECIMAL:
        buf_add(out, node->text, node->count);
        break;
    case NODE_STRING:
        json_quote(out, node->text);
        break;
    case NODE_LIST:
        write_list(node, level, out);
        break;
    case NODE_MAP:
        write_map(node, level, out);
        break;
    default:
        buf_str(out, "null");
        break;
    }
}

void node_json(const struct node *node, struct buf *out)
{
    write_node(node, FLAT, out);
}

void node_json_pretty(const struct node *node, struct buf *out)
{
    write_node(node, 0, out);
}

char *node_json_text(struct arena *arena, const struct node *node)
{
    CLEANUP_BUF struct buf out = BUF_INIT(BUF_MAX);
    node_json(node, &out);
    /* A text that was cut would be taken for the tree. */
    if (out.overflow)
        fail_memory();
    return arena_strndup(arena, buf_text(&out), out.len);
}

char *node_digest(struct arena *arena, const struct node *node)
{
    CLEANUP_BUF struct buf out = BUF_INIT(BUF_MAX);
    node_json(node, &out);
    if (out.overflow)
        fail_memory();
    return digest_hex(arena, buf_text(&out), out.len);
}

void json_quote(struct buf *out, const char *text)
{
    text_json_quote(out, text);
}
