/* `show`: the merged document as it was written, each line with the place it came from. */
#include "base/text.h"
#include "model/desired.h"
#include "spec/inner.h"
#include "value/read.h"

#include <string.h>

#define PLACE_COLUMN 60 /* places stand in one column where the lines are short enough */

struct showing {
    const struct diags *diags;
    bool origin;
    struct buf *out;
    size_t line_start; /* of the line being written */
};

static void end_line(struct showing *s, struct span where)
{
    const char *path =
        where.file < s->diags->sources.count ? s->diags->sources.at[where.file].path : NULL;
    if (s->origin && path != NULL && where.line > 0) {
        const char *text = buf_text(s->out) + s->line_start;
        size_t width = text_count(text, s->out->len - s->line_start);
        do {
            buf_char(s->out, ' ');
            width++;
        } while (width < PLACE_COLUMN);
        buf_printf(s->out, "# %s:%u", path, where.line);
    }
    buf_char(s->out, '\n');
    s->line_start = s->out->len;
}

/* A scalar, or an empty list or map, without the line break that yaml_write() ends it with. */
static void write_inline(struct showing *s, const struct node *node)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    yaml_write(node, 0, &text);
    buf_add(s->out, buf_text(&text), text.len > 0 ? text.len - 1 : 0);
}

static void write_key(struct showing *s, const char *key)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    write_inline(s, node_string(scratch, key));
    buf_char(s->out, ':');
}

static void pad(struct showing *s, unsigned indent)
{
    for (unsigned i = 0; i < indent; i++)
        buf_char(s->out, ' ');
}

static void write_under(struct showing *s, const struct node *node, unsigned indent, bool started);

/* What follows a key or a dash. */
static void write_value(
    struct showing *s, const struct node *value, struct span where, unsigned indent)
{
    bool block =
        value != NULL && value->count > 0 && (value->type == NODE_LIST || value->type == NODE_MAP);
    if (block) {
        end_line(s, where);
        write_under(s, value, indent, false);
        return;
    }
    buf_char(s->out, ' ');
    write_inline(s, value);
    struct span own = node_span(value);
    end_line(s, own.line > 0 ? own : where);
}

static void write_under(struct showing *s, const struct node *node, unsigned indent, bool started)
{
    for (uint32_t i = 0; node->type == NODE_MAP && i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        if (!started || i > 0)
            pad(s, indent);
        write_key(s, pair->key);
        write_value(s, pair->value, pair_span(pair), indent + 2);
    }
    for (uint32_t i = 0; node->type == NODE_LIST && i < node->count; i++) {
        const struct node *item = node->items[i];
        pad(s, indent);
        buf_char(s->out, '-');
        if (node_is(item, NODE_MAP) && item->count > 0) {
            buf_char(s->out, ' ');
            write_under(s, item, indent + 2, true);
        } else {
            write_value(s, item, node_span(item), indent + 2);
        }
    }
}

/* ------------------------------------------------------------------ one address */

/* The group of an entry that holds parts of that name: deployments of a model, members of a team. */
static const struct pair *inner_pair(const struct node *entry, const char *name)
{
    for (uint32_t i = 0; node_is(entry, NODE_MAP) && i < entry->count; i++) {
        const struct pair *pair = node_pair(entry->pairs[i].value, name);
        if (pair != NULL)
            return pair;
    }
    return NULL;
}

/* A section without a kind has one entry for an address of its singular: secret/NAME; the others
   are one thing. */
static const struct pair *other_section(const struct spec *spec, const char *kind, const char *name)
{
    if (strcmp(kind, "secret") == 0)
        return node_pair(node_get(spec->raw, "secrets"), name);
    if (strcmp(kind, "release") != 0 && strcmp(kind, "ingress") != 0)
        return NULL;
    return node_pair(spec->raw, kind);
}

/* The entry of a section that an address of these one or two parts means. */
static const struct pair *entry_pair(
    const struct node *section, const char *first, const char *second)
{
    const struct pair *entry = node_pair(section, first);
    if (entry == NULL || second == NULL)
        return entry;
    return inner_pair(entry->value, second);
}

static const struct pair *resource_pair(
    const struct spec *spec, struct arena *scratch, const struct resource *resource)
{
    char *parts = arena_strdup(scratch, strchr(resource->address, '/') + 1);
    char *rest = strchr(parts, '/'), *first = NULL, *second = NULL;
    if (rest != NULL)
        *rest++ = '\0';
    bool good = text_decode_address(scratch, parts, &first) &&
                (rest == NULL || text_decode_address(scratch, rest, &second));
    /* A member's entry lies in that of its team. */
    const struct resource *parent = desired_resource(&spec->desired, resource->parent);
    const char *section = parent != NULL ? parent->kind->section : resource->kind->section;
    return good && section != NULL ? entry_pair(node_get(spec->raw, section), first, second) : NULL;
}

static const struct pair *pair_of(
    const struct spec *spec, struct arena *scratch, const char *address)
{
    const char *slash = strchr(address, '/');
    if (slash == NULL)
        return node_pair(spec->raw, address);
    const struct resource *resource = desired_resource(&spec->desired, address);
    if (resource != NULL)
        return resource_pair(spec, scratch, resource);
    const char *kind = arena_strndup(scratch, address, (size_t)(slash - address));
    return other_section(spec, kind, slash + 1);
}

bool spec_show(const struct spec *spec, const struct diags *diags, const char *address, bool origin,
    struct buf *out)
{
    struct showing s = {.diags = diags, .origin = origin, .out = out, .line_start = out->len};
    if (address == NULL) {
        if (spec->raw->count > 0)
            write_under(&s, spec->raw, 0, false);
        return true;
    }
    CLEANUP_ARENA struct arena *scratch = arena_new();
    const struct pair *pair = pair_of(spec, scratch, address);
    if (pair == NULL)
        return false;
    write_key(&s, pair->key);
    write_value(&s, pair->value, pair_span(pair), 2);
    return true;
}
