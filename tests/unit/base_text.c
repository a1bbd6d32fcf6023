#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Text helpers: near-misses, encodings, globs, durations, what may reach a terminal. */

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static void compares(void **state)
{
    (void)state;
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_false(text_equal("", NULL));
    assert_true(text_equal("a", "a"));
    assert_true(text_starts("model/a", "model/"));
    assert_false(text_starts("mod", "model"));
    assert_true(text_ends("a.yaml", ".yaml"));
    assert_true(text_ends("a", ""));
    assert_false(text_ends("yaml", ".yaml"));
    assert_string_equal(text_lower(arena, "AbC-Z\xc3\x84"), "abc-z\xc3\x84");
}

static void measures_distance(void **state)
{
    (void)state;
    assert_int_equal(text_distance("", "", 3), 0);
    assert_int_equal(text_distance("abc", "", 3), 3);
    assert_int_equal(text_distance("", "abcd", 3), 4);
    assert_int_equal(text_distance("models", "modles", 3), 1);
    assert_int_equal(text_distance("models", "model", 3), 1);
    assert_int_equal(text_distance("kitten", "sitting", 3), 3);
    assert_int_equal(text_distance("kitten", "sitting", 2), 3);
    assert_int_equal(text_distance("abcdef", "uvwxyz", 3), 4);
    assert_int_equal(text_distance("same", "same", 0), 0);
    assert_int_equal(text_distance("same", "sane", 0), 1);
    assert_int_equal(text_distance("ca", "abc", 5), 3); /* optimal alignment, not Damerau */
    assert_int_equal(text_distance("ab", "ba", UINT32_MAX), 1);
}

/* The textbook table, without limits. */
static unsigned slow_distance(const char *a, const char *b)
{
    unsigned table[20][20];
    size_t n = strlen(a), m = strlen(b);
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                table[i][j] = (unsigned)(i + j);
                continue;
            }
            unsigned best = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (table[i - 1][j] + 1 < best)
                best = table[i - 1][j] + 1;
            if (table[i][j - 1] + 1 < best)
                best = table[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                table[i - 2][j - 2] + 1 < best)
                best = table[i - 2][j - 2] + 1;
            table[i][j] = best;
        }
    }
    return table[n][m];
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void distance_equals_the_textbook(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252U;
    for (int round = 0; round < 20000; round++) {
        char a[16] = "", b[16] = "";
        size_t n = next_random(&seed) % 14, m = next_random(&seed) % 14;
        for (size_t i = 0; i < n; i++)
            a[i] = (char)('a' + next_random(&seed) % 3);
        for (size_t i = 0; i < m; i++)
            b[i] = (char)('a' + next_random(&seed) % 3);
        unsigned limit = (unsigned)(next_random(&seed) % 16), right = slow_distance(a, b);
        assert_int_equal(text_distance(a, b, limit), right > limit ? limit + 1 : right);
    }
}

static const char *nearest(const char *text, const char *const *words)
{
    struct strings candidates = {0};
    for (; *words != NULL; words++)
        strings_add(arena, &candidates, *words);
    return text_nearest(text, &candidates);
}

static void finds_the_nearest(void **state)
{
    (void)state;
    const char *const words[] = {"models", "metadata", "max_budget", "blocked", "mode", NULL};
    assert_string_equal(nearest("modles", words), "models");
    assert_string_equal(nearest("MODELS", words), "models");
    assert_string_equal(nearest("maxbudget", words), "max_budget");
    assert_string_equal(nearest("model", words), "mode"); /* a tie goes by the alphabet */
    assert_null(nearest("x", words));
    assert_null(nearest("", words));
    assert_null(nearest("zzzzzz", words));
    const char *const tie[] = {"bat", "cat", NULL};
    assert_string_equal(nearest("hat", tie), "bat");
    const char *const none[] = {NULL};
    assert_null(nearest("a", none));
    const char *const single[] = {"a", "b", NULL};
    assert_null(nearest("c", single));
}

static void encodes_addresses(void **state)
{
    (void)state;
    assert_string_equal(text_encode_address(arena, "bedrock/claude *"), "bedrock%2Fclaude%20%2A");
    assert_string_equal(text_encode_address(arena, "50%\t"), "50%25%09");
    assert_string_equal(text_encode_address(arena, "gr\xc3\xbcn"), "gr\xc3\xbcn");
    assert_string_equal(text_encode_address(arena, "a\xe2\x80\xae"), "a%E2%80%AE");
    assert_string_equal(text_encode_address(arena, ""), "");
    char *back = NULL;
    assert_true(text_decode_address(arena, "bedrock%2fclaude%20%2A", &back));
    assert_string_equal(back, "bedrock/claude *");
    const char *const bad[] = {"%", "%2", "%2g", "%g2", "%00", "a%", "%ff", "%c3", NULL};
    for (const char *const *text = bad; *text != NULL; text++)
        assert_false(text_decode_address(arena, *text, &back));
    assert_string_equal(back, "bedrock/claude *"); /* untouched by failures */
}

static void encodes_urls(void **state)
{
    (void)state;
    assert_string_equal(text_encode_url(arena, "a b/c?d=e&f"), "a%20b%2Fc%3Fd%3De%26f");
    assert_string_equal(text_encode_url(arena, "AZaz09-._~"), "AZaz09-._~");
    assert_string_equal(text_encode_url(arena, "\xc3\xbc"), "%C3%BC");
}

static void addresses_come_back(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (int round = 0; round < 20000; round++) {
        char text[64];
        size_t length = 0, count = next_random(&seed) % 12;
        for (size_t i = 0; i < count; i++) {
            const char *const pieces[] = {
                "/", "*", "%", " ", "a", "\xc3\xbc", "\x01", "%2F", "\xf0\x9f\x98\x80", "\n"};
            const char *piece = pieces[next_random(&seed) % 10];
            memcpy(text + length, piece, strlen(piece));
            length += strlen(piece);
        }
        text[length] = '\0';
        char *encoded = text_encode_address(arena, text), *back = NULL;
        assert_null(strpbrk(encoded, "/* \n\x01"));
        assert_true(text_decode_address(arena, encoded, &back));
        assert_string_equal(back, text);
    }
}

static void globs(void **state)
{
    (void)state;
    assert_true(text_glob("", ""));
    assert_true(text_glob("*", ""));
    assert_true(text_glob("*", "model/a"));
    assert_true(text_glob("model/*", "model/bedrock/claude"));
    assert_true(text_glob("m?del/a", "model/a"));
    assert_true(text_glob("?", "\xc3\xbc"));
    assert_true(text_glob("a*b*c", "aXbYbZc"));
    assert_true(text_glob("**a", "bba"));
    assert_false(text_glob("", "a"));
    assert_false(text_glob("a", ""));
    assert_false(text_glob("?", ""));
    assert_false(text_glob("a*b", "abc"));
    assert_false(text_glob("model/*", "team/a"));
    assert_false(text_glob("[a]", "a"));
    char many[2001];
    memset(many, 'a', 2000);
    many[2000] = '\0';
    assert_false(text_glob("*a*a*a*a*a*a*a*a*a*a*b", many)); /* ends soon, or never */
}

static void durations(void **state)
{
    (void)state;
    int64_t seconds = -1;
    assert_true(text_duration_seconds("30s", &seconds));
    assert_int_equal(seconds, 30);
    assert_true(text_duration_seconds("5m", &seconds));
    assert_int_equal(seconds, 300);
    assert_true(text_duration_seconds("2h", &seconds));
    assert_int_equal(seconds, 7200);
    assert_true(text_duration_seconds("30d", &seconds));
    assert_int_equal(seconds, 2592000);
    assert_true(text_duration_seconds("1w", &seconds));
    assert_int_equal(seconds, 604800);
    assert_true(text_duration_seconds("1mo", &seconds));
    assert_int_equal(seconds, 2592000);
    const char *const bad[] = {"", "30", "s", "-1d", "1y", "1 d", "1dd", "1.5h", "d1", "1mon",
        "99999999999999999999d", "9223372036854775807w", NULL};
    for (const char *const *text = bad; *text != NULL; text++)
        assert_false(text_duration_seconds(*text, &seconds));
    assert_false(text_duration_seconds(NULL, &seconds));
    assert_int_equal(seconds, 2592000);
}

static void checks_utf8(void **state)
{
    (void)state;
    assert_true(text_is_utf8("", 0, NULL));
    const char *const good[] = {"ascii, longer than eight bytes", "\xc2\x80", "\xdf\xbf",
        "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
        NULL};
    for (const char *const *text = good; *text != NULL; text++)
        assert_true(text_is_utf8(*text, strlen(*text), NULL));
    /* lone continuation, overlong forms, surrogate, beyond U+10FFFF, cut short */
    const char *const bad[] = {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82",
        "\xf0\x9f\x98", "\xc3(", NULL};
    for (const char *const *text = bad; *text != NULL; text++) {
        size_t offset = 99;
        const char *with = arena_printf(arena, "0123456789%s", *text);
        assert_false(text_is_utf8(with, strlen(with), &offset));
        assert_int_equal(offset, 10);
    }
    size_t offset = 0;
    assert_false(text_is_utf8("abcdefgh\0abcdefghi", 18, &offset));
    assert_int_equal(offset, 8);
    assert_int_equal(text_count("a\xc3\xbc\xff"
                                "b",
                         5),
        4);
}

static void prints_safely(void **state)
{
    (void)state;
    assert_string_equal(text_printable(arena, "plain \xc3\xbc\ttab", false), "plain \xc3\xbc\ttab");
    assert_string_equal(text_printable(arena, "\x1b[31mred", false), "\\x1b[31mred");
    assert_string_equal(text_printable(arena, "a\nb", false), "a\\x0ab");
    assert_string_equal(text_printable(arena, "a\nb", true), "a\nb");
    assert_string_equal(text_printable(arena, "a\rb", true), "a\\x0db");
    assert_string_equal(text_printable(arena,
                            "\xc2\x9b"
                            "31m",
                            false),
        "\\u{009b}31m");
    assert_string_equal(text_printable(arena, "\xe2\x80\xae", false), "\\u{202e}");
    assert_string_equal(text_printable(arena, "\xe2\x81\xa6", false), "\\u{2066}");
    assert_string_equal(text_printable(arena, "\xe2\x80\x8f", false), "\\u{200f}");
    assert_string_equal(text_printable(arena, "\xf3\xa0\x80\xa1", false), "\\u{e0021}");
    assert_string_equal(text_printable(arena, "\xff\xfe", false), "\\xff\\xfe");
    assert_string_equal(text_printable(arena, "\x7f", false), "\\x7f");
    assert_null(text_printable(arena, NULL, false));
}

static void printable_is_always_safe(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 20000; round++) {
        char text[17] = "";
        size_t length = next_random(&seed) % 16;
        for (size_t i = 0; i < length; i++)
            text[i] = (char)(1 + next_random(&seed) % 255);
        const char *shown = text_printable(arena, text, false);
        size_t size = 0;
        for (size_t at = 0; shown[at] != '\0'; at += size) {
            uint32_t code = text_code_point(shown + at, strlen(shown + at), &size);
            assert_true(code == '\t' || !text_is_unsafe(code));
        }
    }
}

static void quotes_json(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    text_json_quote(&out, "a\"b\\c/\n\t\r\b\f\x01\x1f\x7f\xc3\xbc");
    assert_string_equal(
        buf_text(&out), "\"a\\\"b\\\\c/\\n\\t\\r\\b\\f\\u0001\\u001f\x7f\xc3\xbc\"");
    buf_reset(&out);
    text_json_quote(&out, "");
    assert_string_equal(buf_text(&out), "\"\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(measures_distance),
        cmocka_unit_test(distance_equals_the_textbook),
        cmocka_unit_test(finds_the_nearest),
        cmocka_unit_test(encodes_addresses),
        cmocka_unit_test(encodes_urls),
        cmocka_unit_test(addresses_come_back),
        cmocka_unit_test(globs),
        cmocka_unit_test(durations),
        cmocka_unit_test(checks_utf8),
        cmocka_unit_test(prints_safely),
        cmocka_unit_test(printable_is_always_safe),
        cmocka_unit_test(quotes_json),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
