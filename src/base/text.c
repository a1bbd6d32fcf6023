#include "base/text.h"

#include "base/fail.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Small helpers on text: comparing, near-misses, percent-encoding, globs, durations. */

bool text_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    size_t length = strlen(text), tail = strlen(suffix);
    return tail <= length && memcmp(text + length - tail, suffix, tail) == 0;
}

char *text_lower(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);
    for (char *at = copy; at != NULL && *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    }
    return copy;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

struct distance {
    const char *a, *b;
    size_t a_length, b_length;
    unsigned limit;
    unsigned *before, *last, *row; /* rows i - 2, i - 1 and i; b_length + 1 wide */
};

/* One row of the table, only where the result could stay within the limit; its least value. */
static unsigned distance_row(struct distance *d, size_t i)
{
    unsigned far = d->limit + 1, best = far;
    size_t from = i > d->limit ? i - d->limit : 1;
    size_t to = d->b_length - i > d->limit && i < d->b_length ? i + d->limit : d->b_length;
    d->row[from - 1] = from == 1 ? least((unsigned)i, far) : far;
    for (size_t j = from; j <= to; j++) {
        unsigned cost = d->a[i - 1] == d->b[j - 1] ? 0 : 1;
        unsigned value = d->last[j - 1] + cost;
        value = least(value, d->row[j - 1] + 1);
        value = least(value, d->last[j] + 1);
        bool swapped = i > 1 && j > 1 && d->a[i - 1] == d->b[j - 2] && d->a[i - 2] == d->b[j - 1];
        if (swapped)
            value = least(value, d->before[j - 2] + 1);
        d->row[j] = least(value, far);
        best = least(best, d->row[j]);
    }
    if (to < d->b_length)
        d->row[to + 1] = far;
    return least(best, d->row[from - 1]);
}

unsigned text_distance(const char *a, const char *b, unsigned limit)
{
    struct distance d = {.a = a, .b = b, .a_length = strlen(a), .b_length = strlen(b)};
    size_t apart = d.a_length > d.b_length ? d.a_length - d.b_length : d.b_length - d.a_length;
    if (apart > limit)
        return limit + 1;
    /* Never further than the longer one is long; keeps limit + 1 from wrapping, too. */
    size_t longest = d.a_length > d.b_length ? d.a_length : d.b_length;
    d.limit = longest < limit ? (unsigned)longest : limit;
    size_t width = d.b_length + 2;
    unsigned *rows = calloc(3 * width, sizeof(*rows));
    if (rows == NULL)
        fail_memory();
    d.before = rows;
    d.last = rows + width;
    d.row = rows + 2 * width;
    for (size_t j = 0; j < width; j++) {
        d.last[j] = j > d.limit ? d.limit + 1 : (unsigned)j;
        d.before[j] = d.limit + 1;
        d.row[j] = d.limit + 1;
    }
    bool hopeless = false;
    for (size_t i = 1; i <= d.a_length && !hopeless; i++) {
        hopeless = distance_row(&d, i) > d.limit;
        unsigned *oldest = d.before;
        d.before = d.last;
        d.last = d.row;
        d.row = oldest;
    }
    unsigned distance = hopeless ? d.limit + 1 : d.last[d.b_length];
    free(rows);
    return distance;
}

const char *text_nearest(const char *text, const struct strings *candidates)
{
    size_t length = strlen(text);
    unsigned limit = length / 3 > 3 ? 3 : (unsigned)(length / 3);
    if (limit == 0)
        limit = 1;
    const char *nearest = NULL;
    unsigned nearest_distance = limit + 1;
    for (size_t i = 0; i < candidates->count; i++) {
        const char *candidate = candidates->at[i];
        unsigned distance = text_distance(text, candidate, limit);
        /* Only the case differs: one slip, however many letters. */
        if (distance > 1 && strcasecmp(text, candidate) == 0)
            distance = 1;
        /* As many changes as letters: nothing in common. */
        if (distance > limit || (distance > 0 && distance >= length))
            continue;
        bool nearer = distance < nearest_distance;
        bool before =
            nearest != NULL && distance == nearest_distance && strcmp(candidate, nearest) < 0;
        if (nearer || before) {
            nearest = candidate;
            nearest_distance = distance;
        }
    }
    return nearest;
}

static bool is_space(uint32_t code)
{
    return code == ' ' || code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
           code == 0x202f || code == 0x205f || code == 0x3000;
}

static bool keeps_in_address(uint32_t code)
{
    return code != '/' && code != '*' && code != '%' && !is_space(code) && !text_is_unsafe(code);
}

static bool keeps_in_url(uint32_t code)
{
    return code < 0x80 && (isalnum((int)code) || (code != 0 && strchr("-._~", (int)code) != NULL));
}

static bool keeps_in_path(uint32_t code)
{
    return code == '/' || keeps_in_url(code);
}

static char *percent_encode(struct arena *arena, const char *text, bool (*keeps)(uint32_t))
{
    static const char digits[] = "0123456789ABCDEF";
    size_t length = strlen(text);
    char *out = arena_array(arena, length + 1, 3);
    char *to = out;
    for (size_t at = 0; at < length;) {
        size_t size = 0;
        bool keep = keeps(text_code_point(text + at, length - at, &size));
        for (; size > 0; size--, at++) {
            unsigned char byte = (unsigned char)text[at];
            if (keep) {
                *to++ = (char)byte;
            } else {
                *to++ = '%';
                *to++ = digits[byte >> 4];
                *to++ = digits[byte & 15];
            }
        }
    }
    *to = '\0';
    return out;
}

char *text_encode_address(struct arena *arena, const char *text)
{
    return percent_encode(arena, text, keeps_in_address);
}

char *text_encode_url(struct arena *arena, const char *text)
{
    return percent_encode(arena, text, keeps_in_url);
}

char *text_encode_path(struct arena *arena, const char *path)
{
    return percent_encode(arena, path, keeps_in_path);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool text_decode_address(struct arena *arena, const char *text, char **ret_text)
{
    char *out = arena_strdup(arena, text);
    char *to = out;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at != '%') {
            *to++ = *at;
            continue;
        }
        int high = hex_digit(at[1]);
        int low = high < 0 ? -1 : hex_digit(at[2]);
        if (low < 0 || high * 16 + low == 0)
            return false;
        *to++ = (char)(high * 16 + low);
        at += 2;
    }
    *to = '\0';
    if (!text_is_utf8(out, (size_t)(to - out), NULL))
        return false;
    *ret_text = out;
    return true;
}

static size_t character_size(const char *text)
{
    size_t size = 0;
    text_code_point(text, strnlen(text, 4), &size);
    return size;
}

bool text_glob(const char *pattern, const char *text)
{
    /* On a mismatch only the last star takes one more character: no exponential search. */
    const char *star = NULL, *star_text = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            star_text = text;
        } else if (*pattern == '?') {
            pattern++;
            text += character_size(text);
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star;
            star_text += character_size(star_text);
            text = star_text;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

bool text_duration_seconds(const char *text, int64_t *ret_seconds)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}, {"mo", 30 * 86400}};
    if (text == NULL || !isdigit((unsigned char)*text))
        return false;
    int64_t value = 0;
    for (; isdigit((unsigned char)*text); text++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *text - '0', &value))
            return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(text, units[i].name) != 0)
            continue;
        if (__builtin_mul_overflow(value, units[i].seconds, &value))
            return false;
        *ret_seconds = value;
        return true;
    }
    return false;
}
