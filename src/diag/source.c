#include "diag/diag.h"

#include "base/text.h"

#include <string.h>

/* Sources and their lines: from byte offsets to lines and columns, and back to a line's text. */

uint16_t diags_source(struct diags *diags, const char *path, const char *text, size_t length)
{
    /* What comes after 65,535 files is shown without its place. */
    if (diags->sources.count > UINT16_MAX)
        return 0;
    struct source *source = VEC_ADD(diags->arena, &diags->sources);
    source->path = arena_strdup(diags->arena, path);
    source->text = text;
    source->length = text == NULL ? 0 : length;
    return (uint16_t)(diags->sources.count - 1);
}

/* How many bytes of line break begin at `at`; 0 for none. */
static size_t line_break(const char *at, size_t left)
{
    unsigned char c = (unsigned char)at[0];
    if (c == '\n')
        return 1;
    if (c == '\r')
        return left > 1 && at[1] == '\n' ? 2 : 1;
    if (c == 0xc2)
        return left > 1 && (unsigned char)at[1] == 0x85 ? 2 : 0;
    if (c == 0xe2 && left > 2 && (unsigned char)at[1] == 0x80)
        return ((unsigned char)at[2] & 0xfe) == 0xa8 ? 3 : 0;
    return 0;
}

/* The offset behind the next line break, or `length`; *ret_end is where the line's text ends. */
static size_t next_line(const struct source *source, size_t at, size_t *ret_end)
{
    while (at < source->length) {
        size_t size = line_break(source->text + at, source->length - at);
        if (size > 0) {
            *ret_end = at;
            return at + size;
        }
        at++;
    }
    *ret_end = source->length;
    return source->length;
}

/* A BOM is no character of the first line. */
static size_t first_byte(const struct source *source)
{
    return source->length >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static void build_lines(struct arena *arena, struct source *source)
{
    VEC(uint32_t) starts = {0};
    size_t at = first_byte(source), end = 0;
    *VEC_ADD(arena, &starts) = (uint32_t)at;
    while (at < source->length) {
        at = next_line(source, at, &end);
        if (end < at)
            *VEC_ADD(arena, &starts) = (uint32_t)at;
    }
    source->line_starts = starts.at;
    source->line_count = starts.count;
}

/* The source with its line table, or NULL when there is no text to point into. */
static struct source *source_with_lines(const struct diags *diags, uint16_t index)
{
    if (index == 0 || index >= diags->sources.count)
        return NULL;
    struct source *source = &diags->sources.at[index];
    if (source->text == NULL || source->length > UINT32_MAX)
        return NULL;
    if (source->line_starts == NULL)
        build_lines(diags->arena, source);
    return source;
}

const char *diags_line(
    const struct diags *diags, uint16_t source, uint32_t line, size_t *ret_length)
{
    const struct source *from = source_with_lines(diags, source);
    if (from == NULL || line == 0 || line > from->line_count)
        return NULL;
    size_t start = from->line_starts[line - 1], end = 0;
    next_line(from, start, &end);
    *ret_length = end - start;
    return from->text + start;
}

struct span diags_span_at(const struct diags *diags, uint16_t source, size_t offset)
{
    const struct source *from = source_with_lines(diags, source);
    if (from == NULL)
        return (struct span){.file = source};
    if (offset > from->length)
        offset = from->length;
    size_t low = 0, high = from->line_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (from->line_starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    size_t start = from->line_starts[low];
    size_t before = offset > start ? text_count(from->text + start, offset - start) : 0;
    return (struct span){
        .file = source, .line = (uint32_t)(low + 1), .column = (uint32_t)(before + 1), .length = 1};
}
