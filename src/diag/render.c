#include "diag/diag.h"

#include "base/text.h"

#include <string.h>

/* Diagnostics as text for people, with the lines they point at, and as JSON for programs. */

#define SNIPPET_WIDTH 200 /* characters of a source line shown when the width is not known */
#define MOST_SHOWN 50
#define MOST_EXPLAINED 3

struct page {
    const struct diags *diags;
    const struct diag_style *style;
    struct arena *arena; /* of this rendering */
    struct buf *out;
};

static const char *color_of(enum severity severity)
{
    switch (severity) {
    case SEVERITY_ERROR:
        return "\033[1;31m";
    case SEVERITY_WARNING:
        return "\033[33m";
    case SEVERITY_INFO:
    case SEVERITY_OFF:
        break;
    }
    return "\033[36m";
}

static void color(const struct page *page, enum severity severity, const char *text)
{
    if (page->style->color)
        buf_printf(page->out, "%s%s\033[0m", color_of(severity), text);
    else
        buf_str(page->out, text);
}

static const char *clean(const struct page *page, const char *text)
{
    return text_printable(page->arena, text, false);
}

/* A part of a source line as it is shown: printable, tabs as single blanks. */
static const char *shown(const struct page *page, const char *bytes, size_t length)
{
    char *text = arena_strndup(page->arena, bytes, length);
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\t')
            *at = ' ';
    }
    return clean(page, text);
}

/* The byte offset of the character `column` (from 1), at most `length`. */
static size_t offset_of_column(const char *line, size_t length, uint32_t column)
{
    size_t at = 0;
    for (uint32_t i = 1; i < column && at < length; i++) {
        size_t size = 0;
        text_code_point(line + at, length - at, &size);
        at += size;
    }
    return at;
}

/* Where the word at `start` ends: at its closing quote, or before YAML's punctuation. */
static size_t word_end(const char *line, size_t length, size_t start)
{
    char quote = line[start];
    if (quote == '"' || quote == '\'') {
        const char *close = memchr(line + start + 1, quote, length - start - 1);
        return close == NULL ? length : (size_t)(close - line) + 1;
    }
    size_t at = start;
    while (at < length && strchr(" \t,[]{}", line[at]) == NULL) {
        bool ends_key = line[at] == ':' && (at + 1 == length || line[at + 1] == ' ');
        if (ends_key)
            break;
        at++;
    }
    return at == start && start < length ? start + 1 : at;
}

struct snippet {
    const char *text;  /* printable */
    size_t caret;      /* characters before the caret */
    size_t underlined; /* at least 1 */
};

/* Cuts a long line to a window round the caret; what was cut is shown as "...". */
static void cut_snippet(const struct page *page, struct snippet *s, size_t width)
{
    size_t bytes = strlen(s->text), total = text_count(s->text, bytes);
    if (total <= width)
        return;
    size_t from = s->caret > width / 3 ? s->caret - width / 3 : 0;
    if (from > total - width)
        from = total - width;
    size_t to = from + width;
    const char *head = from > 0 ? "..." : "", *tail = to < total ? "..." : "";
    size_t start = offset_of_column(s->text, bytes, (uint32_t)(from + 1 + strlen(head)));
    size_t end = offset_of_column(s->text, bytes, (uint32_t)(to + 1 - strlen(tail)));
    s->text =
        arena_printf(page->arena, "%s%.*s%s", head, (int)(end - start), s->text + start, tail);
    s->caret -= from;
    /* A caret behind the last character stands behind the window; it is still one. */
    if (s->underlined > width - s->caret)
        s->underlined = width > s->caret ? width - s->caret : 1;
}

static struct snippet make_snippet(
    const struct page *page, const char *line, size_t length, struct span where, size_t gutter)
{
    size_t start = offset_of_column(line, length, where.column);
    size_t end = start;
    if (where.length > 0)
        end = start + offset_of_column(line + start, length - start, where.length + 1);
    else if (start < length)
        end = word_end(line, length, start);
    const char *before = shown(page, line, start), *marked = shown(page, line + start, end - start);
    struct snippet s = {
        .text = shown(page, line, length),
        .caret = text_count(before, strlen(before)),
        .underlined = text_count(marked, strlen(marked)),
    };
    if (s.underlined == 0)
        s.underlined = 1;
    size_t width = SNIPPET_WIDTH;
    if (page->style->width > 0)
        width = page->style->width > gutter + 40 ? page->style->width - gutter : 40;
    cut_snippet(page, &s, width);
    return s;
}

static void repeat(struct buf *out, char c, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_char(out, c);
}

static size_t digits_of(uint32_t number)
{
    size_t digits = 1;
    for (; number > 9; number /= 10)
        digits++;
    return digits;
}

static void render_snippet(const struct page *page, const struct diag *diag, size_t digits)
{
    size_t length = 0;
    const char *line = diags_line(page->diags, diag->where.file, diag->where.line, &length);
    if (line == NULL)
        return;
    struct buf *out = page->out;
    struct snippet s = make_snippet(page, line, length, diag->where, digits + 5);
    size_t text_length = strlen(s.text);
    while (text_length > 0 && s.text[text_length - 1] == ' ')
        text_length--;
    repeat(out, ' ', digits + 2);
    buf_printf(out, "|\n %u |%s%.*s\n", diag->where.line, text_length > 0 ? " " : "",
        (int)text_length, s.text);
    repeat(out, ' ', digits + 2);
    buf_str(out, "| ");
    repeat(out, ' ', s.caret);
    char *carets = arena_alloc(page->arena, s.underlined + 1);
    memset(carets, '~', s.underlined);
    carets[0] = '^';
    color(page, diag->severity, carets);
    buf_char(out, '\n');
}

/* "path:4:5", or less of it when less is known. */
static const char *place(const struct page *page, struct span where)
{
    const struct diags *diags = page->diags;
    const char *path =
        where.file < diags->sources.count ? diags->sources.at[where.file].path : NULL;
    if (where.file == 0 || path == NULL)
        return NULL;
    const char *name = clean(page, path);
    if (where.line == 0)
        return name;
    if (where.column == 0)
        return arena_printf(page->arena, "%s:%u", name, where.line);
    return arena_printf(page->arena, "%s:%u:%u", name, where.line, where.column);
}

/* One paragraph at `indent`, broken between words at `width` (0: never). */
static void wrap(struct buf *out, const char *text, size_t length, size_t indent, size_t width)
{
    size_t room = width > indent + 20 ? width - indent : (width > 0 ? 20 : SIZE_MAX);
    size_t column = 0;
    for (size_t at = 0; at < length;) {
        const char *blank = memchr(text + at, ' ', length - at);
        size_t bytes = blank == NULL ? length - at : (size_t)(blank - text) - at;
        size_t wide = text_count(text + at, bytes);
        if (column > 0 && (column >= room || wide > room - column - 1)) {
            buf_char(out, '\n');
            repeat(out, ' ', indent);
            column = 0;
        } else if (at > 0) {
            buf_char(out, ' ');
            column++;
        }
        buf_add(out, text + at, bytes);
        column += wide;
        at += bytes + 1;
    }
}

static void render_fix(const struct page *page, const struct diag *diag, size_t digits)
{
    const char *text = text_printable(page->arena, diag->fix, true);
    size_t indent = digits + strlen("  = fix: ");
    repeat(page->out, ' ', digits + 2);
    buf_str(page->out, "= fix: ");
    for (;;) {
        const char *end = strchr(text, '\n');
        size_t length = end == NULL ? strlen(text) : (size_t)(end - text);
        wrap(page->out, text, length, indent, page->style->width);
        buf_char(page->out, '\n');
        if (end == NULL || end[1] == '\0')
            break;
        text = end + 1;
        repeat(page->out, ' ', *text == '\n' ? 0 : indent);
    }
}

static void render_one(const struct page *page, const struct diag *diag)
{
    struct buf *out = page->out;
    const char *kind = arena_printf(page->arena, "%s[%s]", severity_name(diag->severity), diag->id);
    color(page, diag->severity, kind);
    buf_printf(out, ": %s", clean(page, diag->message));
    if (diag->repeats > 0)
        buf_printf(out, " (and %u more)", diag->repeats);
    buf_char(out, '\n');
    size_t digits = digits_of(diag->where.line);
    const char *at = place(page, diag->where);
    if (at != NULL || diag->address != NULL) {
        repeat(out, ' ', digits + 1);
        buf_printf(out, "--> %s\n", at != NULL ? at : clean(page, diag->address));
    }
    if (at != NULL)
        render_snippet(page, diag, digits);
    const char *also = place(page, diag->also);
    if (also != NULL) {
        const char *label = diag->also_label == NULL ? "see also" : diag->also_label;
        repeat(out, ' ', digits + 2);
        buf_printf(out, "= %s: %s\n", clean(page, label), also);
    }
    if (diag->fix != NULL)
        render_fix(page, diag, digits);
}

/* "liteform explain LF010 tells more", naming the first few ids that were shown. */
static void render_explain(const struct page *page, const struct diag *list, size_t shown_count)
{
    struct strings ids = {0};
    for (size_t i = 0; i < shown_count && ids.count < MOST_EXPLAINED; i++) {
        if (!strings_has(&ids, list[i].id))
            strings_add(page->arena, &ids, list[i].id);
    }
    buf_str(page->out, "liteform explain ");
    for (size_t i = 0; i < ids.count; i++)
        buf_printf(page->out, i == 0 ? "%s" : (i == 1 ? " (or %s" : ", %s"), ids.at[i]);
    buf_printf(page->out, "%s tells more\n", ids.count > 1 ? ")" : "");
}

/* Drops what is switched off; returns how many are left. */
static size_t drop_off(struct diag *list, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (list[i].severity != SEVERITY_OFF)
            list[kept++] = list[i];
    }
    return kept;
}

void diags_render_text(const struct diags *diags, const struct diag_style *style, struct buf *out)
{
    struct diag *list = diags_sorted(diags);
    size_t count = diags_fold(list, drop_off(list, diags->list.count));
    if (count == 0)
        return;
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct page page = {.diags = diags, .style = style, .arena = arena, .out = out};
    size_t most = style->most == 0 ? MOST_SHOWN : style->most;
    size_t shown_count = count < most ? count : most;
    for (size_t i = 0; i < shown_count; i++) {
        render_one(&page, &list[i]);
        buf_char(out, '\n');
    }
    if (count > shown_count)
        buf_printf(out, "... and %zu more\n", count - shown_count);
    render_explain(&page, list, shown_count);
}

static void json_member(struct buf *out, const char *key, const char *text)
{
    buf_printf(out, ",\"%s\":", key);
    if (text == NULL)
        buf_str(out, "null");
    else
        text_json_quote(out, text);
}

static void json_number(struct buf *out, const char *key, uint32_t number)
{
    if (number == 0)
        buf_printf(out, ",\"%s\":null", key);
    else
        buf_printf(out, ",\"%s\":%u", key, number);
}

void diag_render_json(const struct diags *diags, const struct diag *diag, struct buf *out)
{
    uint16_t file = diag->where.file;
    bool known = file != 0 && file < diags->sources.count;
    buf_str(out, "{\"id\":");
    text_json_quote(out, diag->id);
    json_member(out, "level", severity_name(diag->severity));
    json_member(out, "message", diag->message);
    json_member(out, "address", diag->address);
    json_member(out, "file", known ? diags->sources.at[file].path : NULL);
    json_number(out, "line", known ? diag->where.line : 0);
    json_number(out, "column", known ? diag->where.column : 0);
    json_member(out, "fix", diag->fix);
    buf_char(out, '}');
}

void diags_render_json(const struct diags *diags, struct buf *out)
{
    struct diag *list = diags_sorted(diags);
    size_t count = drop_off(list, diags->list.count);
    buf_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_char(out, ',');
        diag_render_json(diags, &list[i], out);
    }
    buf_char(out, ']');
}
