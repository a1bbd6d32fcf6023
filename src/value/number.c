#include "value/node.h"

#include "value/build.h"

#include <ctype.h>
#include <string.h>

/* Numbers as exact decimals: parsing, and the one text that stands for each value. */

#define MOST_DIGITS 1000     /* of one number */
#define MOST_EXPONENT 999999 /* of the canonical form */
#define PLAIN_EXPONENT 20    /* up to here no exponent is written */

/* value = 0.digits * 10^point; `digits` counts from the first to the last that is not zero. */
struct decimal {
    bool negative;
    char digits[MOST_DIGITS];
    size_t count;
    int64_t point;
};

struct scan {
    const char *at, *end;
};

static bool at_digit(const struct scan *scan)
{
    return scan->at < scan->end && isdigit((unsigned char)*scan->at);
}

static bool take(struct scan *scan, const char *any_of)
{
    if (scan->at == scan->end || *scan->at == '\0' || strchr(any_of, *scan->at) == NULL)
        return false;
    scan->at++;
    return true;
}

/* A run of digits, of which zeros before the first other digit are not kept. */
static bool take_digits(
    struct scan *scan, struct decimal *d, size_t *ret_taken, size_t *ret_skipped)
{
    for (; at_digit(scan); scan->at++) {
        (*ret_taken)++;
        if (*scan->at == '0' && d->count == 0) {
            (*ret_skipped)++;
            continue;
        }
        if (d->count == MOST_DIGITS)
            return false;
        d->digits[d->count++] = *scan->at;
    }
    return true;
}

static bool take_exponent(struct scan *scan, int64_t *ret_exponent)
{
    bool negative = scan->at < scan->end && *scan->at == '-';
    take(scan, "+-");
    if (!at_digit(scan))
        return false;
    int64_t value = 0;
    for (; at_digit(scan); scan->at++) {
        /* Far beyond what is taken, and far from an overflow. */
        if (value < INT64_C(1000000000))
            value = value * 10 + (*scan->at - '0');
    }
    *ret_exponent = negative ? -value : value;
    return true;
}

/* "12", "12.5", ".5", "5."; leaves the exponent. */
static bool take_mantissa(struct scan *scan, struct decimal *d)
{
    size_t whole = 0, whole_zeros = 0, fraction = 0, fraction_zeros = 0;
    if (!take_digits(scan, d, &whole, &whole_zeros))
        return false;
    /* "010" is eight for some readers and ten for others. */
    if (whole_zeros > 0 && whole > 1)
        return false;
    d->point = (int64_t)d->count;
    if (take(scan, ".")) {
        if (!take_digits(scan, d, &fraction, &fraction_zeros))
            return false;
        if (d->point == 0)
            d->point = -(int64_t)fraction_zeros;
    }
    return whole + fraction > 0;
}

static bool parse(const char *text, size_t length, struct decimal *d)
{
    struct scan scan = {.at = text, .end = text + length};
    d->negative = length > 0 && *text == '-';
    d->count = 0;
    take(&scan, "+-");
    if (!take_mantissa(&scan, d))
        return false;
    int64_t exponent = 0;
    if (take(&scan, "eE") && !take_exponent(&scan, &exponent))
        return false;
    if (scan.at != scan.end)
        return false;
    while (d->count > 0 && d->digits[d->count - 1] == '0')
        d->count--;
    d->point += exponent;
    int64_t scientific = d->point - 1;
    return d->count == 0 || (scientific >= -MOST_EXPONENT && scientific <= MOST_EXPONENT);
}

/* Whether it is whole and fits; zero is. */
static bool as_integer(const struct decimal *d, int64_t *ret)
{
    if (d->count == 0) {
        *ret = 0;
        return true;
    }
    if (d->point < (int64_t)d->count || d->point > 19)
        return false;
    int64_t value = 0;
    for (int64_t i = 0; i < d->point; i++) {
        int digit = i < (int64_t)d->count ? d->digits[i] - '0' : 0;
        /* Downwards when negative: the least integer has no positive twin. */
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, d->negative ? -digit : digit, &value))
            return false;
    }
    *ret = value;
    return true;
}

static void add_zeros(struct buf *out, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        buf_char(out, '0');
}

static void print(const struct decimal *d, struct buf *out)
{
    int64_t scientific = d->point - 1;
    if (d->negative)
        buf_char(out, '-');
    if (scientific > PLAIN_EXPONENT || scientific < -PLAIN_EXPONENT) {
        buf_char(out, d->digits[0]);
        if (d->count > 1) {
            buf_char(out, '.');
            buf_add(out, d->digits + 1, d->count - 1);
        }
        buf_printf(out, "e%lld", (long long)scientific);
    } else if (d->point <= 0) {
        buf_str(out, "0.");
        add_zeros(out, -d->point);
        buf_add(out, d->digits, d->count);
    } else if (d->point >= (int64_t)d->count) {
        buf_add(out, d->digits, d->count);
        add_zeros(out, d->point - (int64_t)d->count);
    } else {
        buf_add(out, d->digits, (size_t)d->point);
        buf_char(out, '.');
        buf_add(out, d->digits + d->point, d->count - (size_t)d->point);
    }
}

/* Up to 18 digits and nothing else: by far the most numbers, without the detour. */
static bool short_integer(const char *text, size_t length, int64_t *ret)
{
    bool negative = length > 0 && text[0] == '-';
    size_t at = negative ? 1 : 0;
    if (length - at == 0 || length - at > 18 || (text[at] == '0' && length - at > 1))
        return false;
    int64_t value = 0;
    for (; at < length; at++) {
        if (!isdigit((unsigned char)text[at]))
            return false;
        value = value * 10 + (text[at] - '0');
    }
    *ret = negative ? -value : value;
    return true;
}

bool number_is_valid(const char *text, size_t length)
{
    struct decimal d;
    return parse(text, length, &d);
}

struct node *node_decimal_n(struct arena *arena, const char *text, size_t length)
{
    int64_t integer = 0;
    if (short_integer(text, length, &integer))
        return node_int(arena, integer);
    struct decimal d;
    if (!parse(text, length, &d))
        return NULL;
    if (as_integer(&d, &integer))
        return node_int(arena, integer);
    CLEANUP_BUF struct buf out = BUF_INIT(MOST_DIGITS + 64);
    print(&d, &out);
    struct node *node = node_string_n(arena, buf_text(&out), out.len);
    node->type = NODE_DECIMAL;
    return node;
}

struct node *node_decimal(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : node_decimal_n(arena, text, strlen(text));
}
