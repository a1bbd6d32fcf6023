#include "value/pool.h"
#include "value/read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Pools: equal values become one, others stay apart, and nothing hangs on where it came from. */

static const char first[] = "{\"a\":[1,2.5,\"x\",true,null,{}],\"b\":{\"c\":\"x\",\"d\":[]}}";

static const struct node *read_into(struct pool *pool, const char *text)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    const char *reason = NULL;
    const struct node *node = json_read(scratch, text, strlen(text), &reason);
    assert_non_null(node);
    return pool_node(pool, node);
}

static void shares_what_is_equal(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct pool *pool = pool_new(arena);
    const struct node *one = read_into(pool, first), *two = read_into(pool, first);
    assert_ptr_equal(one, two);
    assert_ptr_equal(node_get(one, "a")->items[2], node_path(one, "b.c"));
    assert_ptr_equal(pool_text(pool, "x"), node_text(node_path(one, "b.c")));
    const struct node *part = read_into(pool, "{\"z\":{\"c\":\"x\",\"d\":[]}}");
    assert_ptr_equal(node_get(part, "z"), node_get(one, "b"));
    pool = pool_free(pool);
    assert_string_equal(node_json_text(arena, one), first);
    assert_null(pool_free(pool));
}

static void keeps_others_apart(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    CLEANUP_POOL struct pool *pool = pool_new(arena);
    static const char *const texts[] = {"1", "\"1\"", "true", "false", "null", "0", "\"\"", "[]",
        "{}", "[1]", "[\"1\"]", "{\"1\":1}", "1.5", "\"1.5\"", "[1,1]", "{\"1\":\"1\"}"};
    enum { COUNT = sizeof(texts) / sizeof(texts[0]) };
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < COUNT; j++) {
            bool same = read_into(pool, texts[i]) == read_into(pool, texts[j]);
            assert_int_equal(same, i == j);
        }
    }
    struct node *secret = node_string(arena, "1");
    secret->marks = NODE_SECRET;
    assert_int_equal(pool_node(pool, secret)->marks, NODE_SECRET);
    assert_ptr_not_equal(pool_node(pool, secret), read_into(pool, "\"1\""));
    assert_null(pool_node(pool, NULL));
    assert_null(pool_text(pool, NULL));
}

static void takes_many_and_large(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    CLEANUP_POOL struct pool *pool = pool_new(arena);
    struct node *list = node_list(arena);
    for (int64_t i = 0; i < 5000; i++)
        node_list_add(arena, list, node_int(arena, i / 2));
    const struct node *copy = pool_node(pool, list);
    assert_true(node_equal(copy, list));
    for (uint32_t i = 0; i < 5000; i += 2)
        assert_ptr_equal(copy->items[i], copy->items[i + 1]);
}

static void gives_memory_back(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    static const size_t sizes[] = {16, 24, 48, 1024, 1536, 65536};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *block = arena_alloc(arena, sizes[i]);
        memset(block, 'x', sizes[i]);
        arena_recycle(arena, block, sizes[i]);
        const char *again = arena_alloc(arena, sizes[i]);
#ifndef LITEFORM_ARENA_MALLOC
        assert_ptr_equal(again, block);
#endif
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(again[at], 0);
    }
    arena_recycle(arena, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_what_is_equal),
        cmocka_unit_test(keeps_others_apart),
        cmocka_unit_test(takes_many_and_large),
        cmocka_unit_test(gives_memory_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
