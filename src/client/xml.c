#include "client/xml.h"

#include "base/buf.h"

#include <string.h>

/* A scanner for the answers of S3 and STS. */

enum mark { MARK_OPEN, MARK_CLOSE, MARK_EMPTY, MARK_CDATA, MARK_OTHER };

struct markup {
    enum mark mark;
    const char *name; /* of an element, without its prefix */
    size_t length;
    const char *text, *text_end; /* of CDATA */
    const char *from, *to;       /* of all of it */
};

static const char *find(const char *at, const char *end, const char *text)
{
    return at < end ? memmem(at, (size_t)(end - at), text, strlen(text)) : NULL;
}

static bool begins(const char *at, const char *end, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(end - at) >= length && memcmp(at, text, length) == 0;
}

/* Where a tag ends: a '>' outside of quotes. */
static const char *tag_end(const char *at, const char *end)
{
    char quote = '\0';
    for (; at < end; at++) {
        if (quote != '\0') {
            if (*at == quote)
                quote = '\0';
        } else if (*at == '"' || *at == '\'') {
            quote = *at;
        } else if (*at == '>') {
            return at;
        }
    }
    return NULL;
}

/* The name in a tag, its prefix cut off. */
static void take_name(struct markup *markup, const char *at, const char *end)
{
    markup->name = at;
    for (; at < end && strchr(" \t\r\n/>", *at) == NULL; at++) {
        if (*at == ':')
            markup->name = at + 1;
    }
    markup->length = (size_t)(at - markup->name);
}

/* Markup that is no element: `open` and `close` are what it begins and ends with. */
static bool special(const char *at, const char *end, const char *open, const char *close,
    struct markup *markup, bool *ret_whole)
{
    if (!begins(at, end, open))
        return false;
    markup->text = at + strlen(open);
    markup->text_end = find(markup->text, end, close);
    *ret_whole = markup->text_end != NULL;
    if (*ret_whole)
        markup->to = markup->text_end + strlen(close);
    return true;
}

/* The next markup from `at` on; false at the end, and where one is cut short. */
static bool next_markup(const char *at, const char *end, struct markup *markup)
{
    const char *from = at < end ? memchr(at, '<', (size_t)(end - at)) : NULL;
    bool whole = false;
    if (from == NULL)
        return false;
    *markup = (struct markup){.mark = MARK_OTHER, .from = from};
    if (special(from, end, "<!--", "-->", markup, &whole))
        return whole;
    if (special(from, end, "<![CDATA[", "]]>", markup, &whole)) {
        markup->mark = MARK_CDATA;
        return whole;
    }
    if (special(from, end, "<?", "?>", markup, &whole))
        return whole;
    const char *close = tag_end(from + 1, end);
    if (close == NULL)
        return false;
    markup->to = close + 1;
    if (from + 1 < end && from[1] == '!')
        return true;
    bool ends = from[1] == '/';
    markup->mark = ends ? MARK_CLOSE : close[-1] == '/' ? MARK_EMPTY : MARK_OPEN;
    take_name(markup, from + (ends ? 2 : 1), close);
    return true;
}

static bool is_named(const struct markup *markup, const char *tag)
{
    return (markup->mark == MARK_OPEN || markup->mark == MARK_CLOSE ||
               markup->mark == MARK_EMPTY) &&
           markup->length == strlen(tag) && memcmp(markup->name, tag, markup->length) == 0;
}

bool xml_next(struct xml *xml, const char *tag, struct xml *ret_inside)
{
    struct markup markup;
    const char *inside = NULL;
    size_t depth = 0;
    for (const char *at = xml->at; next_markup(at, xml->end, &markup); at = markup.to) {
        if (!is_named(&markup, tag))
            continue;
        if (markup.mark == MARK_OPEN && depth++ == 0)
            inside = markup.to;
        if (markup.mark == MARK_CLOSE && depth > 0 && --depth == 0) {
            *ret_inside = (struct xml){.at = inside, .end = markup.from};
            xml->at = markup.to;
            return true;
        }
        if (markup.mark == MARK_EMPTY && depth == 0) {
            *ret_inside = (struct xml){.at = markup.to, .end = markup.to};
            xml->at = markup.to;
            return true;
        }
    }
    xml->at = xml->end;
    return false;
}

static void add_utf8(struct buf *out, unsigned long code)
{
    if (code < 0x80) {
        buf_char(out, (char)code);
    } else if (code < 0x800) {
        buf_char(out, (char)(0xc0 | (code >> 6)));
        buf_char(out, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        buf_char(out, (char)(0xe0 | (code >> 12)));
        buf_char(out, (char)(0x80 | ((code >> 6) & 0x3f)));
        buf_char(out, (char)(0x80 | (code & 0x3f)));
    } else {
        buf_char(out, (char)(0xf0 | (code >> 18)));
        buf_char(out, (char)(0x80 | ((code >> 12) & 0x3f)));
        buf_char(out, (char)(0x80 | ((code >> 6) & 0x3f)));
        buf_char(out, (char)(0x80 | (code & 0x3f)));
    }
}

/* Of a hexadecimal digit; more than any base for what is none. */
static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 99;
}

/* "#38", "#x26"; 0 when it is no character that may stand in XML. */
static unsigned long code_of(const char *at, size_t length)
{
    unsigned base = 10;
    unsigned long code = 0;
    at++, length--;
    if (length > 0 && (*at == 'x' || *at == 'X')) {
        base = 16;
        at++, length--;
    }
    if (length == 0)
        return 0;
    for (; length > 0; at++, length--) {
        unsigned digit = digit_of(*at);
        if (digit >= base)
            return 0;
        code = code * base + digit;
        if (code > 0x10ffff)
            return 0;
    }
    return code >= 0xd800 && code <= 0xdfff ? 0 : code;
}

/* Adds what an entity stands for and returns how many bytes it takes; an unknown '&' stays one. */
static size_t add_entity(struct buf *out, const char *at, const char *end)
{
    static const struct {
        const char *name;
        char c;
    } known[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    enum { MOST = 12 };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (begins(at, end, known[i].name)) {
            buf_char(out, known[i].c);
            return strlen(known[i].name);
        }
    }
    size_t left = (size_t)(end - at) < MOST ? (size_t)(end - at) : MOST;
    const char *semicolon = memchr(at, ';', left);
    unsigned long code = 0;
    if (semicolon != NULL && at[1] == '#')
        code = code_of(at + 1, (size_t)(semicolon - at) - 1);
    if (code == 0) {
        buf_char(out, '&');
        return 1;
    }
    add_utf8(out, code);
    return (size_t)(semicolon - at) + 1;
}

static void add_text(struct buf *out, const char *at, const char *end)
{
    while (at < end) {
        if (*at == '&') {
            at += add_entity(out, at, end);
        } else {
            if (*at != '\0')
                buf_char(out, *at);
            at++;
        }
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

char *xml_text(struct arena *arena, const struct xml *inside)
{
    struct buf out = BUF_INIT(0); /* wiped: it may be the secret of a role */
    struct markup markup;
    const char *at = inside->at;
    while (next_markup(at, inside->end, &markup)) {
        add_text(&out, at, markup.from);
        if (markup.mark == MARK_CDATA)
            buf_add(
                &out, markup.text, strnlen(markup.text, (size_t)(markup.text_end - markup.text)));
        at = markup.to;
    }
    const char *cut = at < inside->end ? memchr(at, '<', (size_t)(inside->end - at)) : NULL;
    add_text(&out, at, cut == NULL ? inside->end : cut);
    const char *from = buf_text(&out), *to = from + out.len;
    while (from < to && is_blank(*from))
        from++;
    while (to > from && is_blank(to[-1]))
        to--;
    char *text = arena_strndup(arena, from, (size_t)(to - from));
    buf_wipe(&out);
    return text;
}

char *xml_find(struct arena *arena, const struct xml *xml, const char *tag)
{
    struct xml rest = *xml, inside;
    return xml_next(&rest, tag, &inside) ? xml_text(arena, &inside) : NULL;
}
