/* Building blocks of the text renderers: colours, wrapping, values, field differences. */
#ifndef LITEFORM_RENDER_PAGE_H
#define LITEFORM_RENDER_PAGE_H

#include "base/arena.h"
#include "model/kind.h"
#include "render/render.h"
#include "value/node.h"

struct page {
    const struct render_style *style;
    struct arena *arena; /* of this rendering */
    struct buf *out;
};

enum ink { INK_NONE, INK_GREEN, INK_YELLOW, INK_RED, INK_CYAN, INK_BOLD, INK_DIM };

/** `text` in a colour, where colours are wanted. It is not cleaned. */
void page_ink(const struct page *page, enum ink ink, const char *text);
/** One printable line of text from anywhere, blanks and line breaks as one blank; NULL is "". */
const char *page_clean(const struct page *page, const char *text);
void page_blanks(const struct page *page, size_t count);
/** Columns that a cleaned text takes. */
size_t page_columns(const char *text);
/**
 * Writes a cleaned text that starts at column `at`, broken between words where it would pass the
 * width; what follows starts at column `indent`. Ends without a newline.
 */
void page_wrap(const struct page *page, const char *text, size_t at, size_t indent);
/** A whole line: `indent` blanks, the text (wrapped below itself), a newline. */
void page_line(const struct page *page, size_t indent, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** "a, b, c", each cleaned. */
const char *page_list(const struct page *page, const struct strings *strings);

/** A value on one line; secrets are "(sensitive)". */
const char *page_value(const struct page *page, const struct node *value);

/** The field differences of a change, one or more lines each, behind `indent` blanks. */
void page_fields(const struct page *page, const struct change *change, size_t indent);

/** The line of a change with its reason, then its fields, notes, cascade and risks. */
void page_change(
    const struct page *page, const struct change *change, bool refused, size_t address_columns);
/** The widest address of changes that `pick` takes, within reason: where the reasons start. */
size_t page_address_columns(const struct plan *plan, const struct kind *kind);

/** What was not looked at, or cannot be yet. */
void page_not_seen(const struct page *page, const struct plan *plan);
/** The first line and what was not looked at. */
void page_header(const struct page *page, const struct plan *plan);
/** Unread kinds and what is held back for them. */
void page_unread(const struct page *page, const struct plan *plan);
/** Objects that nobody declared: a count, or one by one. */
void page_unmanaged(const struct page *page, const struct plan *plan);
/** Findings in short form: a line each, and its fix. */
void page_findings(const struct page *page, const struct plan *plan);
/** "3 teams" style counting: "1 object", "2 objects". */
const char *page_count(const struct page *page, size_t count, const char *one, const char *many);

#endif
