#include "base/text.h"
#include "value/read.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* Reading JSON: what is taken, what is refused and why, and that it stays fast. */

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

static struct node *read_text(const char *text)
{
    return json_read(arena, text, strlen(text), NULL);
}

static const char *reason_n(const char *text, size_t length)
{
    const char *reason = NULL;
    assert_null(json_read(arena, text, length, &reason));
    assert_non_null(reason);
    return reason;
}

static const char *reason(const char *text)
{
    return reason_n(text, strlen(text));
}

static const char *round_trip(const char *text)
{
    struct node *node = read_text(text);
    assert_non_null(node);
    return node_json_text(arena, node);
}

static void reads_values(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"null", "null"},
        {" true ", "true"},
        {"false", "false"},
        {"\"\"", "\"\""},
        {"[]", "[]"},
        {"{}", "{}"},
        {"\t[1 ,2,\r\n3]\n", "[1,2,3]"},
        {"{\"b\":1,\"a\":{\"y\":[],\"x\":null}}", "{\"a\":{\"x\":null,\"y\":[]},\"b\":1}"},
        {"\"\\u00fc\\ud83d\\ude00\\/\\\"\\\\\\b\\f\\n\\r\\t\"",
            "\"\xc3\xbc\xf0\x9f\x98\x80/\\\"\\\\\\b\\f\\n\\r\\t\""},
        {"\"\\\\u0000\"", "\"\\\\u0000\""}, /* an escaped backslash, no escape */
        {"{\"\":\"\"}", "{\"\":\"\"}"},
        {"{\"a\":1,\"A\":2}", "{\"A\":2,\"a\":1}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(round_trip(cases[i][0]), cases[i][1]);
}

static void keeps_numbers_exact(void **state)
{
    (void)state;
    assert_string_equal(
        round_trip("[9007199254740993,1234567890123460,18446744073709551616,0.1,1e-06,1E400,-0,"
                   "123456789012345678901234567890.123456789]"),
        "[9007199254740993,1234567890123460,18446744073709551616,0.1,0.000001,1e400,0,"
        "1.23456789012345678901234567890123456789e29]");
    assert_string_equal(round_trip("{\"z\":[1,{\"y\":2}],\"a\":3,\"m\":\"4 -5\",\"k\":6}"),
        "{\"a\":3,\"k\":6,\"m\":\"4 -5\",\"z\":[1,{\"y\":2}]}");
}

static void refuses_with_a_reason(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "empty"},
        {" \n", "empty"},
        {"{\"a\":1,\"a\":2}", "two members \"a\""},
        {"{\"x\":{\"b\\u001b\":1,\"c\":0,\"b\\u001b\":2}}", "two members \"b\\x1b\""},
        {"[1] x", "more text after the value at byte 3"},
        {"{} {}", "more text after the value at byte 2"},
        {"\"a\\u0000b\"", "\\u0000 at byte 2"},
        {"{\"\\u0000\":1}", "\\u0000 at byte 2"},
        {"\"\xff\"", "not UTF-8 at byte 1"},
        {"\"a\nb\"", "a control character in a text at byte 2"},
        {"\"abc", "a text without end at byte 0"},
        {"\"abc\\\"", "a text without end at byte 0"},
        {"1e1000000", "a number out of range at byte 0"},
        {"[1,\x01"
         "2]",
            "not JSON at byte 3"},
        {"\xef\xbb\xbf{}", "not JSON at byte 0"},
        {"]", "not JSON at byte 0"},
        {"<html>", "not JSON at byte 0"},
        {"Internal Server Error", "not JSON at byte 0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(reason(cases[i][0]), cases[i][1]);
    assert_string_equal(reason_n("[1\0]", 4), "NUL at byte 2");
    assert_string_equal(reason("1234567890123456789012345678901234567890123456789012345678901234"),
        "a number of more than 63 characters at byte 0");
}

static void refuses_what_is_not_json(void **state)
{
    (void)state;
    const char *const bad[] = {"[1,]", "[,1]", "{\"a\":1,}", "{a:1}", "{'a':1}", "{\"a\"}",
        "{\"a\":}", "[1 2]", "[1", "{", "{\"a\":1", "nul", "nullx", "True", "NaN", "Infinity",
        "-Infinity", "01", "-01", "1.", ".5", "-.5", "+1", "1e", "1e+", "0x10", "1-2", "1.2.3",
        "--1", "-", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\u12g4\"",
        "// c\n1", "[1]]", "}", "[}", "\"a\" \"b\"", "1a", "1true", "tru e", "{\"a\":1 \"b\":2}",
        "{1:2}", "[\"a\":1]", ":", ",", "a", NULL};
    for (const char *const *text = bad; *text != NULL; text++)
        assert_non_null(reason(*text));
}

static void bounds_the_depth(void **state)
{
    (void)state;
    char text[READ_MAX_DEPTH * 2 + 3];
    memset(text, '[', READ_MAX_DEPTH);
    memset(text + READ_MAX_DEPTH, ']', READ_MAX_DEPTH);
    assert_non_null(json_read(arena, text, (size_t)READ_MAX_DEPTH * 2, NULL));
    memset(text, '[', READ_MAX_DEPTH + 1);
    memset(text + READ_MAX_DEPTH + 1, ']', READ_MAX_DEPTH + 1);
    assert_string_equal(
        reason_n(text, (size_t)READ_MAX_DEPTH * 2 + 2), "nested deeper than 64 levels at byte 64");
    CLEANUP_BUF struct buf brackets = BUF_INIT(0);
    buf_char(&brackets, '"');
    for (int i = 0; i < 200; i++)
        buf_char(&brackets, '[');
    buf_char(&brackets, '"');
    assert_non_null(read_text(buf_text(&brackets))); /* in a text they are no depth */
}

static void bounds_the_values(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    buf_char(&text, '[');
    for (size_t i = 0; i < READ_MAX_NODES; i++)
        buf_str(&text, "1,");
    buf_str(&text, "1]");
    assert_true(text_starts(reason(buf_text(&text)), "too many values at byte "));
}

static void shares_keys(void **state)
{
    (void)state;
    struct node *list = read_text("[{\"name\":1},{\"name\":2}]");
    assert_ptr_equal(list->items[0]->pairs[0].key, list->items[1]->pairs[0].key);
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    buf_char(&text, '{');
    for (int i = 0; i < 20000; i++)
        buf_printf(&text, "%s\"key-%d\":{\"a\":%d}", i > 0 ? "," : "", i * 7919 % 20000, i);
    buf_char(&text, '}');
    struct node *map = read_text(buf_text(&text));
    assert_int_equal(map->count, 20000);
    for (int i = 0; i < 20000; i++)
        assert_int_equal(
            node_get_int(node_get(map, arena_printf(arena, "key-%d", i * 7919 % 20000)), "a", -1),
            i);
}

static void sorts_each_object(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        /* The same keys in another order, fewer, more, and an end that was seen before. */
        {"[{\"b\":1,\"a\":2},{\"b\":3,\"a\":4},{\"a\":5,\"b\":6},{\"a\":7}]",
            "[{\"a\":2,\"b\":1},{\"a\":4,\"b\":3},{\"a\":5,\"b\":6},{\"a\":7}]"},
        {"[{\"c\":1,\"b\":2,\"a\":3},{\"b\":4,\"c\":5,\"a\":6},{\"c\":7,\"a\":8},{\"b\":9,\"a\":0}"
         "]",
            "[{\"a\":3,\"b\":2,\"c\":1},{\"a\":6,\"b\":4,\"c\":5},{\"a\":8,\"c\":7},{\"a\":0,\"b\":"
            "9}]"},
        /* Within itself: the outer one is sorted after the inner one. */
        {"[{\"b\":{\"b\":1,\"a\":2},\"a\":3},{\"b\":{\"a\":4,\"b\":5},\"a\":6}]",
            "[{\"a\":3,\"b\":{\"a\":2,\"b\":1}},{\"a\":6,\"b\":{\"a\":4,\"b\":5}}]"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct node *node = read_text(cases[i][0]);
        assert_non_null(node);
        assert_string_equal(node_json_text(arena, node), cases[i][1]);
        assert_int_equal(node->items[0]->pairs[0].line, 0);
    }
    assert_string_equal(
        reason("[{\"b\":1,\"a\":2},{\"b\":1,\"a\":2},{\"a\":1,\"a\":2}]"), "two members \"a\"");
    assert_string_equal(
        reason("[{\"b\":1,\"a\":2},{\"a\":1,\"b\":3,\"b\":2,\"a\":0}]"), "two members \"a\"");
}

/* Around the most keys whose order is kept, and beyond the length of those that are shared. */
static void sorts_large_objects(void **state)
{
    (void)state;
    for (int count = 60; count < 70; count++) {
        CLEANUP_BUF struct buf text = BUF_INIT(0);
        for (int object = 0; object < 3; object++) {
            buf_char(&text, object == 0 ? '[' : ',');
            for (int i = 0; i < count; i++)
                buf_printf(&text, "%c\"%0*d\":%d", i == 0 ? '{' : ',', i % 5 == 0 ? 50 : 3,
                    i * 7919 % count, object + i);
            buf_char(&text, '}');
        }
        buf_char(&text, ']');
        struct node *list = read_text(buf_text(&text));
        assert_non_null(list);
        for (int object = 0; object < 3; object++) {
            const struct node *map = list->items[object];
            assert_int_equal(map->count, count);
            for (int i = 0; i < count; i++) {
                const char *key =
                    arena_printf(arena, "%0*d", i % 5 == 0 ? 50 : 3, i * 7919 % count);
                assert_int_equal(node_get_int(map, key, -1), object + i);
            }
        }
    }
}

static void tells_what_is_canonical(void **state)
{
    (void)state;
    static const char *const are[] = {"null", "[]", "{}", "\"\"", "0", "-1", "1.5", "-0.5",
        "9223372036854775807", "9223372036854775808", "1e400", "1.5e-30", "[true,false,null]\n",
        "{\"a\":1,\"b\":[{\"c\":2},{\"c\":3}]}", "\"a\\\"\\\\\\b\\f\\n\\r\\t/\x7f\xc3\xa4\"",
        "{\"\":\" \",\"A\":{},\"a\":[[]]}\n"};
    static const char *const are_not[] = {" 1", "1 ", "1\n\n", "1\r", "1\n ", "[1, 2]",
        "{\"a\" :1}", "-0", "-0.0", "0.0", "1.0", "1.50", "1e5", "1E400", "1e+400", "1e0400",
        "15e-31", "0.00e0", "\"\\/\"", "\"\\u0041\"", "\"\\u000A\"", "{\"b\":1,\"a\":2}",
        "[{\"b\":1,\"a\":2}]", "{\"a\\/\":1}", "[{\"a\":1,\"b\":2},{\"b\":1,\"a\":2}]"};
    bool canonical = false;
    for (size_t i = 0; i < sizeof(are) / sizeof(are[0]); i++) {
        assert_non_null(json_read_canonical(arena, are[i], strlen(are[i]), &canonical, NULL));
        assert_true(canonical);
    }
    for (size_t i = 0; i < sizeof(are_not) / sizeof(are_not[0]); i++) {
        canonical = true;
        assert_non_null(
            json_read_canonical(arena, are_not[i], strlen(are_not[i]), &canonical, NULL));
        assert_false(canonical);
    }
    canonical = true;
    assert_null(json_read_canonical(arena, "[", 1, &canonical, NULL));
    assert_false(canonical);
}

#define ROUNDS 200

static void *read_often(void *text)
{
    struct arena *own = arena_new();
    bool same = true;
    for (int i = 0; i < ROUNDS; i++) {
        struct node *node = json_read(own, text, strlen(text), NULL);
        same = same && node != NULL && strcmp(node_json_text(own, node), text) == 0;
        same = same && json_read(own, text, strlen(text) - 1, NULL) == NULL;
    }
    arena_free(own);
    return same ? text : NULL;
}

static void reads_in_two_threads(void **state)
{
    (void)state;
    char *texts[2] = {NULL, NULL};
    for (int t = 0; t < 2; t++) {
        CLEANUP_BUF struct buf text = BUF_INIT(0);
        for (int i = 0; i < 200; i++)
            buf_printf(&text, "%c{\"a%d\":\"%d\",\"b\":[%d,null]}", i == 0 ? '[' : ',', t, i, t);
        buf_char(&text, ']');
        texts[t] = arena_strdup(arena, buf_text(&text));
    }
    pthread_t threads[2];
    for (int t = 0; t < 2; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, read_often, texts[t]), 0);
    for (int t = 0; t < 2; t++) {
        void *same = NULL;
        assert_int_equal(pthread_join(threads[t], &same), 0);
        assert_ptr_equal(same, texts[t]);
    }
}

static void is_linear(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    buf_char(&text, '[');
    for (int i = 0; i < 200000; i++)
        buf_printf(&text, "%s%d", i > 0 ? "," : "", i);
    buf_char(&text, ']');
    clock_t start = clock(); /* of this process: a busy machine is no reason to fail */
    struct node *list = read_text(buf_text(&text));
    assert_int_equal(list->count, 200000);
    assert_int_equal(list->items[199999]->integer, 199999);
    /* Milliseconds when linear, minutes when not; the rest is for slow machines and valgrind. */
    assert_true((clock() - start) / CLOCKS_PER_SEC < 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values),
        cmocka_unit_test(keeps_numbers_exact),
        cmocka_unit_test(refuses_with_a_reason),
        cmocka_unit_test(refuses_what_is_not_json),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(bounds_the_values),
        cmocka_unit_test(shares_keys),
        cmocka_unit_test(sorts_each_object),
        cmocka_unit_test(sorts_large_objects),
        cmocka_unit_test(tells_what_is_canonical),
        cmocka_unit_test(reads_in_two_threads),
        cmocka_unit_test(is_linear),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
