#include "render/page.h"

#include "base/text.h"

#include <string.h>

/* Values, and what a change does to each field: one line where it fits, else a few. */

#define NAME_COLUMNS_MAX 28 /* names longer than this do not push all values to the right */
#define TEXT_LINES_SHOWN 6  /* lines of a long text shown from each side */

/* Whether an unquoted text could be taken for another type, or for part of the line around it. */
static bool wants_quotes(struct arena *arena, const char *text)
{
    static const char *const words[] = {"null", "true", "false", "~"};
    size_t length = strlen(text);
    if (length == 0 || text[0] == ' ' || text[length - 1] == ' ' || strchr("[{(\"'", text[0]))
        return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0)
            return true;
    }
    return strstr(text, " -> ") != NULL || strstr(text, ", ") != NULL ||
           node_decimal(arena, text) != NULL;
}

static void add_value(const struct page *page, struct buf *to, const struct node *value)
{
    if (value == NULL) {
        buf_str(to, "(not set)");
        return;
    }
    if (value->marks & NODE_SECRET) {
        buf_str(to, "(sensitive)");
        return;
    }
    switch ((enum node_type)value->type) {
    case NODE_STRING: {
        const char *clean = text_printable(page->arena, value->text, false);
        if (wants_quotes(page->arena, clean))
            text_json_quote(to, clean);
        else
            buf_str(to, clean);
        return;
    }
    case NODE_LIST:
        buf_char(to, '[');
        for (uint32_t i = 0; i < value->count; i++) {
            buf_str(to, i == 0 ? "" : ", ");
            add_value(page, to, value->items[i]);
        }
        buf_char(to, ']');
        return;
    case NODE_MAP:
        buf_char(to, '{');
        for (uint32_t i = 0; i < value->count; i++) {
            buf_printf(to, "%s%s: ", i == 0 ? "" : ", ", page_clean(page, value->pairs[i].key));
            add_value(page, to, value->pairs[i].value);
        }
        buf_char(to, '}');
        return;
    case NODE_NULL:
    case NODE_BOOL:
    case NODE_INT:
    case NODE_DECIMAL:
        node_json(value, to);
        return;
    }
}

const char *page_value(const struct page *page, const struct node *value)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    add_value(page, &text, value);
    return arena_strdup(page->arena, buf_text(&text));
}

/* One line of a field: where its name stands and how the others of the change are laid out. */
struct row {
    const struct page *page;
    size_t indent, name_columns;
    bool creating; /* everything is new: no signs */
};

static size_t put_name(const struct row *row, char sign, const char *name)
{
    const struct page *page = row->page;
    size_t columns = page_columns(name), at = row->indent;
    page_blanks(page, row->indent);
    if (!row->creating) {
        char text[2] = {sign, '\0'};
        page_ink(page, sign == '+' ? INK_GREEN : (sign == '-' ? INK_RED : INK_NONE), text);
        buf_char(page->out, ' ');
        at += 2;
    }
    buf_str(page->out, name);
    size_t pad = columns < row->name_columns ? row->name_columns - columns : 0;
    page_blanks(page, pad + 2);
    return at + columns + pad + 2;
}

static void put_end(const struct row *row, const char *note)
{
    if (*note != '\0') {
        buf_str(row->page->out, "  ");
        page_ink(row->page, INK_DIM, arena_printf(row->page->arena, "(%s)", note));
    }
    buf_char(row->page->out, '\n');
}

static bool is_long_text(const struct node *value)
{
    const char *text = node_text(value);
    return text != NULL && !(value->marks & NODE_SECRET) && strchr(text, '\n') != NULL;
}

static void split_lines(const struct page *page, const struct node *value, struct strings *ret)
{
    const char *at = node_text(value);
    while (at != NULL && *at != '\0') {
        size_t length = strcspn(at, "\n");
        strings_add(page->arena, ret, arena_strndup(page->arena, at, length));
        at += length + (at[length] == '\n' ? 1 : 0);
    }
}

static void put_text_side(
    const struct row *row, char sign, const struct strings *lines, size_t from, size_t to)
{
    const struct page *page = row->page;
    size_t most = page->style->verbose ? SIZE_MAX : TEXT_LINES_SHOWN;
    for (size_t i = from; i < to && i - from < most; i++) {
        page_blanks(page, row->indent + 4);
        const char *line = arena_printf(page->arena, "%c %s", sign, page_clean(page, lines->at[i]));
        page_ink(page, sign == '+' ? INK_GREEN : INK_RED, line);
        buf_char(page->out, '\n');
    }
    if (to - from > most)
        page_line(page, row->indent + 4, "%c ... %zu more lines", sign, to - from - most);
}

/* A text of several lines: only the part that differs, and not all of that. */
static void put_text(const struct row *row, const char *name, const struct node *old,
    const struct node *new, const char *note)
{
    const struct page *page = row->page;
    struct strings before = {0}, after = {0};
    split_lines(page, old, &before);
    split_lines(page, new, &after);
    size_t head = 0, tail = 0;
    while (
        head < before.count && head < after.count && strcmp(before.at[head], after.at[head]) == 0)
        head++;
    while (tail < before.count - head && tail < after.count - head &&
           strcmp(before.at[before.count - 1 - tail], after.at[after.count - 1 - tail]) == 0)
        tail++;
    put_name(row, old == NULL ? '+' : (new == NULL ? '-' : '~'), name);
    if (old == NULL || new == NULL)
        buf_str(page->out, page_count(page, before.count + after.count, "line", "lines"));
    else
        buf_printf(page->out, "text, from line %zu on", head + 1);
    put_end(row, note);
    put_text_side(row, '-', &before, head, before.count - tail);
    put_text_side(row, '+', &after, head, after.count - tail);
}

static bool list_holds(const struct node *list, const struct node *item)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (node_equal(list->items[i], item))
            return true;
    }
    return false;
}

/* "+ a, + b, - c (4 kept)"; NULL when only the order or the repeats differ. */
static const char *list_difference(
    const struct page *page, const struct node *old, const struct node *new)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    unsigned kept = 0;
    for (uint32_t i = 0; i < new->count; i++) {
        if (list_holds(old, new->items[i])) {
            kept++;
            continue;
        }
        buf_printf(&text, "%s+ %s", text.len > 0 ? ", " : "", page_value(page, new->items[i]));
    }
    for (uint32_t i = 0; i < old->count; i++) {
        if (!list_holds(new, old->items[i]))
            buf_printf(&text, "%s- %s", text.len > 0 ? ", " : "", page_value(page, old->items[i]));
    }
    if (text.len == 0)
        return NULL;
    if (kept > 0)
        buf_printf(&text, " (%u kept)", kept);
    return arena_strdup(page->arena, buf_text(&text));
}

static void put_scalar(const struct row *row, const char *name, const struct node *old,
    const struct node *new, const char *note)
{
    const struct page *page = row->page;
    if (old == NULL || new == NULL) {
        const char *value = page_value(page, old == NULL ? new : old);
        size_t at = put_name(row, old == NULL ? '+' : '-', name);
        page_wrap(page, value, at, at);
        put_end(row, note);
        return;
    }
    const char *list =
        node_is(old, NODE_LIST) && node_is(new, NODE_LIST) ? list_difference(page, old, new) : NULL;
    size_t at = put_name(row, '~', name);
    if (list != NULL) {
        page_wrap(page, list, at, at);
    } else {
        const char *before = page_value(page, old), *after = page_value(page, new);
        size_t columns = page_columns(before) + page_columns(after) + strlen(" -> ");
        bool fits = page->style->width == 0 || at + columns <= page->style->width;
        page_wrap(page, before, at, at);
        if (fits) {
            buf_str(page->out, " -> ");
            buf_str(page->out, after);
        } else {
            buf_char(page->out, '\n');
            page_blanks(page, at - 3);
            buf_str(page->out, "-> ");
            page_wrap(page, after, at, at);
        }
    }
    put_end(row, note);
}

/* Maps are shown key by key, so that one changed key is one line. */
static bool is_open_map(const struct node *value)
{
    return node_is(value, NODE_MAP) && value->count > 0 && !(value->marks & NODE_SECRET);
}

static void put_value(const struct row *row, const char *name, const struct node *old,
    const struct node *new, const char *note)
{
    bool maps = (is_open_map(old) || is_open_map(new)) && (old == NULL || node_is(old, NODE_MAP)) &&
                (new == NULL || node_is(new, NODE_MAP));
    if (!maps) {
        if (is_long_text(old) || is_long_text(new))
            put_text(row, name, old, new, note);
        else
            put_scalar(row, name, old, new, note);
        return;
    }
    const struct page *page = row->page;
    for (uint32_t i = 0; old != NULL && i < old->count; i++) {
        const char *key = old->pairs[i].key;
        const struct node *other = node_get(new, key);
        if (!node_equal(old->pairs[i].value, other))
            put_value(row, arena_printf(page->arena, "%s.%s", name, page_clean(page, key)),
                old->pairs[i].value, other, note);
    }
    for (uint32_t i = 0; new != NULL &&i < new->count; i++) {
        const char *key = new->pairs[i].key;
        if (node_get(old, key) == NULL)
            put_value(row, arena_printf(page->arena, "%s.%s", name, page_clean(page, key)), NULL,
                new->pairs[i].value, note);
    }
}

/* What a value that must not be shown, or cannot be known yet, says of itself. */
static const char *veiled(const struct field_change *field)
{
    if (field->sensitive) {
        if (field->old == NULL || field->new == NULL)
            return "(sensitive)";
        return "(sensitive) -> (sensitive)";
    }
    return field->old == NULL && field->new == NULL ? "(known after apply)" : NULL;
}

static const char *field_note(
    const struct page *page, const struct change *change, const struct field_change *field)
{
    const char *note = page_clean(page, field->note);
    bool said = change->reason != NULL && strstr(change->reason, "outside") != NULL;
    if (!field->outside || said || strstr(note, "outside") != NULL)
        return note;
    return *note == '\0' ? "changed outside"
                         : arena_printf(page->arena, "changed outside; %s", note);
}

static bool only_new(const struct change *change)
{
    VEC_EACH(field, &change->fields) {
        if (field->old != NULL)
            return false;
    }
    return change->action == ACTION_CREATE;
}

void page_fields(const struct page *page, const struct change *change, size_t indent)
{
    struct row row = {.page = page, .indent = indent, .creating = only_new(change)};
    VEC_EACH(field, &change->fields) {
        size_t columns = page_columns(page_clean(page, field->path));
        if (columns > row.name_columns && columns <= NAME_COLUMNS_MAX)
            row.name_columns = columns;
    }
    VEC_EACH(field, &change->fields) {
        const char *name = page_clean(page, field->path);
        const char *note = field_note(page, change, field);
        const char *veil = veiled(field);
        if (veil == NULL) {
            put_value(&row, name, field->old, field->new, note);
            continue;
        }
        bool removed = field->new == NULL && field->old != NULL;
        put_name(&row, field->old == NULL ? '+' : (removed ? '-' : '~'), name);
        buf_str(page->out, veil);
        put_end(&row, note);
    }
}
