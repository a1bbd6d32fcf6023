#include "render/page.h"

#include "base/text.h"

#include <stdarg.h>
#include <string.h>

/* Colours, clean text and lines that keep to the width of the terminal. */

static const char *const inks[] = {
    [INK_GREEN] = "\033[32m",
    [INK_YELLOW] = "\033[33m",
    [INK_RED] = "\033[31m",
    [INK_CYAN] = "\033[36m",
    [INK_BOLD] = "\033[1m",
    [INK_DIM] = "\033[2m",
};

void page_ink(const struct page *page, enum ink ink, const char *text)
{
    if (page->style->color && ink != INK_NONE)
        buf_printf(page->out, "%s%s\033[0m", inks[ink], text);
    else
        buf_str(page->out, text);
}

const char *page_clean(const struct page *page, const char *text)
{
    if (text == NULL)
        return "";
    /* Servers break and align their messages; here they are part of a line. */
    char *line = arena_strdup(page->arena, text), *to = line;
    bool blank = false;
    for (const char *from = text; *from != '\0'; from++) {
        bool is_blank = *from == ' ' || *from == '\t' || *from == '\n' || *from == '\r';
        if (!is_blank || !blank)
            *to++ = is_blank ? ' ' : *from;
        blank = is_blank;
    }
    *to = '\0';
    return text_printable(page->arena, line, false);
}

void page_blanks(const struct page *page, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_char(page->out, ' ');
}

size_t page_columns(const char *text)
{
    return text_count(text, strlen(text));
}

void page_wrap(const struct page *page, const char *text, size_t at, size_t indent)
{
    size_t width = page->style->width;
    if (width == 0 || at + page_columns(text) <= width) {
        buf_str(page->out, text);
        return;
    }
    /* A terminal too narrow for the indent still gets some text on each line. */
    if (width < indent + 20)
        width = indent + 20;
    bool fresh = true;
    while (*text != '\0') {
        size_t bytes = strcspn(text, " ");
        size_t columns = text_count(text, bytes);
        if (!fresh && at + 1 + columns > width) {
            buf_char(page->out, '\n');
            page_blanks(page, indent);
            at = indent;
        } else if (!fresh) {
            buf_char(page->out, ' ');
            at++;
        }
        buf_add(page->out, text, bytes);
        at += columns;
        fresh = false;
        text += bytes;
        if (*text == ' ')
            text++;
    }
}

void page_line(const struct page *page, size_t indent, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(page->arena, format, args);
    va_end(args);
    page_blanks(page, indent);
    page_wrap(page, text, indent, indent + 2);
    buf_char(page->out, '\n');
}

const char *page_list(const struct page *page, const struct strings *strings)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    for (size_t i = 0; i < strings->count; i++)
        buf_printf(&text, "%s%s", i == 0 ? "" : ", ", page_clean(page, strings->at[i]));
    return arena_strdup(page->arena, buf_text(&text));
}

const char *page_count(const struct page *page, size_t count, const char *one, const char *many)
{
    return arena_printf(page->arena, "%zu %s", count, count == 1 ? one : many);
}
