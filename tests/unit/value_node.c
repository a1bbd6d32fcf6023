#include "base/text.h"
#include "value/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Building, reading, comparing and printing nodes; numbers. */

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

static void stays_small(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct node), 24);
    assert_int_equal(sizeof(struct pair), 24);
}

static void sets_and_gets(void **state)
{
    (void)state;
    struct node *map = node_map(arena);
    char key[] = "name";
    node_set_string(arena, map, key, "x");
    key[0] = 'N'; /* keys are copied */
    node_set_int(arena, map, "count", -3);
    node_set_bool(arena, map, "on", true);
    node_set_string(arena, map, "none", NULL);
    node_set(arena, map, "", node_list(arena));
    assert_string_equal(node_json_text(arena, map),
        "{\"\":[],\"count\":-3,\"name\":\"x\",\"none\":null,\"on\":true}");
    assert_string_equal(node_get_text(map, "name"), "x");
    assert_null(node_get_text(map, "count"));
    assert_int_equal(node_get_int(map, "count", 9), -3);
    assert_int_equal(node_get_int(map, "name", 9), 9);
    assert_int_equal(node_get_int(map, "absent", 9), 9);
    assert_true(node_get_bool(map, "on", false));
    assert_true(node_get_bool(map, "absent", true));
    assert_true(node_is(node_get(map, "none"), NODE_NULL));
    assert_null(node_get(map, "nam"));
    assert_null(node_get(map, "names"));
    node_set_string(arena, map, "name", "y");
    assert_string_equal(node_get_text(map, "name"), "y");
    assert_int_equal(map->count, 5);
    node_unset(map, "count");
    node_unset(map, "count");
    assert_null(node_get(map, "count"));
    node_unset(map, "on");
    node_unset(map, "");
    assert_string_equal(node_json_text(arena, map), "{\"name\":\"y\",\"none\":null}");
}

static void answers_null_for_null(void **state)
{
    (void)state;
    assert_null(node_get(NULL, "a"));
    assert_null(node_pair(NULL, "a"));
    assert_null(node_path(NULL, "a.b"));
    assert_null(node_text(NULL));
    assert_null(node_get_text(NULL, "a"));
    assert_int_equal(node_get_int(NULL, "a", 4), 4);
    assert_false(node_get_bool(NULL, "a", false));
    assert_false(node_is(NULL, NODE_NULL));
    assert_true(node_is_nothing(NULL));
    assert_int_equal(node_span(NULL).line, 0);
    assert_int_equal(pair_span(NULL).line, 0);
    assert_null(node_copy(arena, NULL));
    assert_null(node_copy_shallow(arena, NULL));
    assert_true(node_equal(NULL, NULL));
    assert_false(node_equal(NULL, node_null(arena)));
    assert_null(node_get(node_int(arena, 1), "a"));
    assert_string_equal(node_json_text(arena, NULL), "null");
}

static void nothing_is_known(void **state)
{
    (void)state;
    assert_true(node_is_nothing(node_null(arena)));
    assert_true(node_is_nothing(node_list(arena)));
    assert_true(node_is_nothing(node_map(arena)));
    assert_false(node_is_nothing(node_string(arena, "")));
    assert_false(node_is_nothing(node_int(arena, 0)));
    assert_false(node_is_nothing(node_bool(arena, false)));
    struct node *list = node_list(arena);
    node_list_add(arena, list, node_null(arena));
    assert_false(node_is_nothing(list));
}

static void grows_in_any_order(void **state)
{
    (void)state;
    enum { COUNT = 2000 };
    for (unsigned step = 1; step < 2000; step += 666) {
        struct node *map = node_map(arena), *list = node_list(arena);
        for (unsigned i = 0; i < COUNT; i++) {
            unsigned n = i * 7919 * step % COUNT;
            node_set_int(arena, map, arena_printf(arena, "k%u", n), n);
            node_list_add(arena, list, node_int(arena, i));
        }
        for (size_t i = 1; i < map->count; i++)
            assert_true(strcmp(map->pairs[i - 1].key, map->pairs[i].key) < 0);
        for (size_t i = 0; i < map->count; i++) {
            const char *key = map->pairs[i].key;
            assert_string_equal(arena_printf(arena, "k%d", (int)node_get_int(map, key, -1)), key);
        }
        for (int64_t i = 0; i < COUNT; i++)
            assert_int_equal(list->items[i]->integer, i);
    }
}

static void follows_paths(void **state)
{
    (void)state;
    struct node *map = node_map(arena);
    node_set_path(arena, map, "a.b.c", node_int(arena, 1));
    node_set_path(arena, map, "a.b.d", node_int(arena, 2));
    node_set_path(arena, map, "x", node_int(arena, 3));
    assert_string_equal(node_json_text(arena, map), "{\"a\":{\"b\":{\"c\":1,\"d\":2}},\"x\":3}");
    assert_int_equal(node_path(map, "a.b.d")->integer, 2);
    assert_int_equal(node_path(map, "x")->integer, 3);
    assert_null(node_path(map, "a.b.c.d"));
    assert_null(node_path(map, "a.bb"));
    assert_null(node_path(map, "a..b"));
    assert_null(node_path(map, ""));
    node_set_path(arena, map, "x.y", node_int(arena, 4)); /* what is no map is replaced */
    assert_int_equal(node_path(map, "x.y")->integer, 4);
}

static void copies(void **state)
{
    (void)state;
    struct node *map = node_map(arena);
    node_set_path(arena, map, "a.b", node_string(arena, "text"));
    struct node *list = node_list(arena);
    node_list_add(arena, list, node_decimal(arena, "0.5"));
    node_set(arena, map, "list", list);
    map->line = 7;
    map->marks = NODE_SECRET;
    struct node *shallow = node_copy_shallow(arena, map);
    node_set_int(arena, shallow, "new", 1);
    node_unset(shallow, "list");
    assert_null(node_get(map, "new"));
    assert_ptr_equal(node_get(shallow, "a"), node_get(map, "a"));
    struct arena *other = arena_new();
    struct node *deep = node_copy(other, map);
    assert_true(node_equal(deep, map));
    assert_int_equal(deep->line, 7);
    assert_int_equal(deep->marks, NODE_SECRET);
    assert_ptr_not_equal(node_path(deep, "a.b"), node_path(map, "a.b"));
    arena = arena_free(arena); /* nothing of it may be left in the copy */
    assert_string_equal(node_json_text(other, deep), "{\"a\":{\"b\":\"text\"},\"list\":[0.5]}");
    arena = other;
}

static void parses_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *canonical;
        enum node_type type;
    } cases[] = {
        {"0", "0", NODE_INT},
        {"-0", "0", NODE_INT},
        {"0.000", "0", NODE_INT},
        {"0e99999999999", "0", NODE_INT},
        {"10", "10", NODE_INT},
        {"+10", "10", NODE_INT},
        {"10.0", "10", NODE_INT},
        {"10.", "10", NODE_INT},
        {"1e3", "1000", NODE_INT},
        {"1.5E1", "15", NODE_INT},
        {"9223372036854775807", "9223372036854775807", NODE_INT},
        {"-9223372036854775808", "-9223372036854775808", NODE_INT},
        {"9223372036854775808", "9223372036854775808", NODE_DECIMAL},
        {"-9223372036854775809", "-9223372036854775809", NODE_DECIMAL},
        {"9007199254740993", "9007199254740993", NODE_INT},
        {"1e20", "100000000000000000000", NODE_DECIMAL},
        {"1e21", "1e21", NODE_DECIMAL},
        {"123456789012345678901234567890", "1.2345678901234567890123456789e29", NODE_DECIMAL},
        {"0.1", "0.1", NODE_DECIMAL},
        {".5", "0.5", NODE_DECIMAL},
        {"-.5", "-0.5", NODE_DECIMAL},
        {"1.50", "1.5", NODE_DECIMAL},
        {"1e-06", "0.000001", NODE_DECIMAL},
        {"1.5e-7", "0.00000015", NODE_DECIMAL},
        {"1e-20", "0.00000000000000000001", NODE_DECIMAL},
        {"1e-21", "1e-21", NODE_DECIMAL},
        {"12.5e-22", "1.25e-21", NODE_DECIMAL},
        {"1E400", "1e400", NODE_DECIMAL},
        {"1e999999", "1e999999", NODE_DECIMAL},
        {"0.1e-999998", "1e-999999", NODE_DECIMAL},
        {"100.25", "100.25", NODE_DECIMAL},
        {"1234567890123456789.5", "1234567890123456789.5", NODE_DECIMAL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct node *node = node_decimal(arena, cases[i].text);
        assert_non_null(node);
        assert_int_equal(node->type, cases[i].type);
        assert_string_equal(node_json_text(arena, node), cases[i].canonical);
        if (node->type == NODE_DECIMAL)
            assert_int_equal(node->count, strlen(node->text));
        assert_true(node_equal(node_decimal(arena, cases[i].canonical), node));
    }
    const char *const bad[] = {"", "-", "+", ".", "e5", "1e", "1e+", "1.2.3", "1 ", " 1", "0x10",
        "01", "-007", "00", "1_000", "12:30", "inf", ".nan", "1e1000000", "1e-1000000",
        "1e99999999999999999999", "--1", "1-2", "1,5", NULL};
    for (const char *const *text = bad; *text != NULL; text++)
        assert_null(node_decimal(arena, *text));
    assert_null(node_decimal(arena, NULL));
    char many[1200];
    memset(many, '7', sizeof(many));
    many[1000] = '\0';
    assert_non_null(node_decimal(arena, many));
    many[1000] = '7';
    many[1001] = '\0';
    assert_null(node_decimal(arena, many));
}

static void compares(void **state)
{
    (void)state;
    assert_true(node_equal(node_decimal(arena, "10.0"), node_int(arena, 10)));
    assert_true(node_equal(node_decimal(arena, "0.10"), node_decimal(arena, "1e-1")));
    assert_false(node_equal(node_string(arena, "10"), node_int(arena, 10)));
    assert_false(node_equal(node_null(arena), node_bool(arena, false)));
    assert_false(node_equal(node_list(arena), node_map(arena)));
    struct node *a = node_map(arena), *b = node_map(arena);
    node_set_int(arena, a, "x", 1);
    node_set_int(arena, a, "y", 2);
    node_set_int(arena, b, "y", 2);
    assert_false(node_equal(a, b));
    node_set_int(arena, b, "x", 1);
    b->line = 9;
    b->marks = NODE_SECRET;
    assert_true(node_equal(a, b));
    assert_string_equal(node_digest(arena, a), node_digest(arena, b));
    node_set_int(arena, b, "x", 3);
    assert_false(node_equal(a, b));
    assert_string_not_equal(node_digest(arena, a), node_digest(arena, b));
}

static struct node *list_of(const char *letters)
{
    struct node *list = node_list(arena);
    for (; *letters != '\0'; letters++)
        node_list_add(arena, list, node_string_n(arena, letters, 1));
    return list;
}

static void compares_sets(void **state)
{
    (void)state;
    assert_true(node_equal_set(list_of("abc"), list_of("cab")));
    assert_true(node_equal_set(list_of("aab"), list_of("ba")));
    assert_true(node_equal_set(list_of(""), list_of("")));
    assert_false(node_equal_set(list_of("abc"), list_of("ab")));
    assert_false(node_equal_set(list_of("a"), list_of("")));
    assert_false(node_equal_set(list_of("ab"), list_of("ac")));
    assert_false(node_equal(list_of("ab"), list_of("ba")));
    assert_true(node_equal_set(node_int(arena, 1), node_int(arena, 1)));
    assert_false(node_equal_set(list_of("a"), node_string(arena, "a")));
    assert_true(node_equal_set(NULL, NULL));
}

static void orders_totally(void **state)
{
    (void)state;
    const char *const numbers[] = {"9", "10", "9.5", "10.5", "-1", "-0.5", "1e30", "0"};
    struct node *nodes[14];
    size_t count = 0;
    for (; count < 8; count++)
        nodes[count] = node_decimal(arena, numbers[count]);
    nodes[count++] = node_null(arena);
    nodes[count++] = node_bool(arena, true);
    nodes[count++] = node_string(arena, "9");
    nodes[count++] = list_of("a");
    nodes[count++] = list_of("ab");
    nodes[count++] = node_map(arena);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            int order = node_compare(nodes[i], nodes[j]);
            assert_int_equal(order == 0, i == j);
            int back = node_compare(nodes[j], nodes[i]);
            assert_int_equal((order > 0) - (order < 0), (back < 0) - (back > 0));
            for (size_t k = 0; k < count; k++) {
                if (order < 0 && node_compare(nodes[j], nodes[k]) < 0)
                    assert_true(node_compare(nodes[i], nodes[k]) < 0);
            }
        }
    }
}

static void prints(void **state)
{
    (void)state;
    struct node *map = node_map(arena);
    node_set(arena, map, "list", list_of("ab"));
    node_set(arena, map, "empty", node_map(arena));
    node_set(arena, map, "none", node_list(arena));
    node_set_string(arena, map, "q\"", "\xc3\xbc\n");
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    node_json_pretty(map, &out);
    assert_string_equal(buf_text(&out), "{\n"
                                        "  \"empty\": {},\n"
                                        "  \"list\": [\n"
                                        "    \"a\",\n"
                                        "    \"b\"\n"
                                        "  ],\n"
                                        "  \"none\": [],\n"
                                        "  \"q\\\"\": \"\xc3\xbc\\n\"\n"
                                        "}");
    assert_string_equal(node_digest(arena, node_map(arena)),
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    assert_string_equal(node_type_name(NODE_LIST), "list");
    assert_string_equal(node_type_name((enum node_type)99), "unknown");
    struct node *secret = node_string(arena, "s");
    secret->marks = NODE_SECRET;
    assert_string_equal(node_json_text(arena, secret), "\"s\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_small),
        cmocka_unit_test(sets_and_gets),
        cmocka_unit_test(answers_null_for_null),
        cmocka_unit_test(nothing_is_known),
        cmocka_unit_test(grows_in_any_order),
        cmocka_unit_test(follows_paths),
        cmocka_unit_test(copies),
        cmocka_unit_test(parses_numbers),
        cmocka_unit_test(compares),
        cmocka_unit_test(compares_sets),
        cmocka_unit_test(orders_totally),
        cmocka_unit_test(prints),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
