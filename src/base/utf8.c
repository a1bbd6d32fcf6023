#include "base/text.h"

#include <string.h>

/* Text as code points: what is valid, and what may reach a terminal. */

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* How many bytes the lead byte announces and the lowest code point of that length; 0: no lead. */
static size_t sequence_length(unsigned char lead, uint32_t *ret_lowest)
{
    if (lead >= 0xc2 && lead <= 0xdf) {
        *ret_lowest = 0x80;
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        *ret_lowest = 0x800;
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        *ret_lowest = 0x10000;
        return 4;
    }
    return 0;
}

uint32_t text_code_point(const char *bytes, size_t length, size_t *ret_bytes)
{
    unsigned char lead = (unsigned char)bytes[0];
    *ret_bytes = 1;
    if (lead < 0x80)
        return lead;
    uint32_t lowest = 0;
    size_t size = sequence_length(lead, &lowest);
    if (size == 0 || size > length)
        return TEXT_INVALID;
    uint32_t code = lead & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        unsigned char next = (unsigned char)bytes[i];
        if (!is_continuation(next))
            return TEXT_INVALID;
        code = code << 6 | (next & 0x3fU);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < lowest || surrogate || code > 0x10ffff)
        return TEXT_INVALID;
    *ret_bytes = size;
    return code;
}

/* Eight bytes that are all ASCII and not NUL: the common case, done in one step. */
static bool is_plain_word(const char *bytes)
{
    uint64_t word = 0;
    memcpy(&word, bytes, sizeof(word));
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t highs = UINT64_C(0x8080808080808080);
    return ((word | (word - ones)) & highs) == 0;
}

bool text_is_utf8(const char *bytes, size_t length, size_t *ret_offset)
{
    size_t at = 0;
    while (at < length) {
        if (length - at >= 8 && is_plain_word(bytes + at)) {
            at += 8;
            continue;
        }
        size_t size = 0;
        uint32_t code = text_code_point(bytes + at, length - at, &size);
        if (code == 0 || code == TEXT_INVALID) {
            if (ret_offset != NULL)
                *ret_offset = at;
            return false;
        }
        at += size;
    }
    return true;
}

size_t text_count(const char *bytes, size_t length)
{
    size_t count = 0;
    for (size_t at = 0; at < length; count++) {
        size_t size = 0;
        text_code_point(bytes + at, length - at, &size);
        at += size;
    }
    return count;
}

bool text_is_unsafe(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x0000, 0x001f},   /* C0: ESC, backspace, carriage return */
        {0x007f, 0x009f},   /* DEL and C1: 0x9b is a one-byte CSI */
        {0x061c, 0x061c},   /* Arabic letter mark */
        {0x200e, 0x200f},   /* left-to-right and right-to-left marks */
        {0x2028, 0x202e},   /* line separators, embeddings and overrides */
        {0x2066, 0x2069},   /* isolates */
        {0xfeff, 0xfeff},   /* a BOM inside text is invisible */
        {0xfff9, 0xfffb},   /* interlinear annotation */
        {0xe0000, 0xe007f}, /* tags: invisible letters */
    };
    if (code == TEXT_INVALID)
        return true;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

static void add_escaped(struct buf *out, const char *at, uint32_t code)
{
    if (code < 0x80 || code == TEXT_INVALID)
        buf_printf(out, "\\x%02x", (unsigned)(unsigned char)*at);
    else
        buf_printf(out, "\\u{%04x}", (unsigned)code);
}

char *text_printable(struct arena *arena, const char *text, bool lines)
{
    if (text == NULL)
        return NULL;
    CLEANUP_BUF struct buf out = BUF_INIT(BUF_MAX);
    size_t length = strlen(text);
    size_t clean = 0; /* where the run of characters that need nothing began */
    for (size_t at = 0; at < length;) {
        size_t size = 0;
        uint32_t code = text_code_point(text + at, length - at, &size);
        bool kept = code == '\t' || (lines && code == '\n');
        if (!kept && text_is_unsafe(code)) {
            buf_add(&out, text + clean, at - clean);
            add_escaped(&out, text + at, code);
            clean = at + size;
        }
        at += size;
    }
    buf_add(&out, text + clean, length - clean);
    return arena_strndup(arena, buf_text(&out), out.len);
}

void text_json_quote(struct buf *out, const char *text)
{
    static const char short_form[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    buf_char(out, '"');
    const char *clean = text;
    const char *at = text;
    for (; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(out, clean, (size_t)(at - clean));
        clean = at + 1;
        if (c >= 0x20)
            buf_printf(out, "\\%c", c);
        else if (short_form[c] != '\0')
            buf_printf(out, "\\%c", short_form[c]);
        else
            buf_printf(out, "\\u%04x", c);
    }
    buf_add(out, clean, (size_t)(at - clean));
    buf_char(out, '"');
}
