#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Arenas, vectors, buffers and maps: bounds, growth, order. */

static void arena_zeroes_and_aligns(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    for (size_t size = 0; size < 300; size++) {
        unsigned char *at = arena_alloc(arena, size);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % (size % 16 == 0 ? 16 : 8), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(at[i], 0);
        memset(at, 0xaa, size);
        assert_string_equal(arena_strdup(arena, "x"), "x");
    }
}

static void arena_keeps_objects_apart(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    enum { COUNT = 3000 };
    unsigned char *at[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        at[i] = arena_alloc(arena, 1 + i * 7 % 5000);
        memset(at[i], (int)(i % 251), 1 + i * 7 % 5000);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < 1 + i * 7 % 5000; j++)
            assert_int_equal(at[i][j], i % 251);
    }
}

static void arena_takes_large_objects(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    char *small = arena_strdup(arena, "before");
    char *large = arena_alloc(arena, (size_t)20 << 20);
    large[((size_t)20 << 20) - 1] = 'x';
    char *after = arena_strdup(arena, "after");
    assert_string_equal(small, "before");
    assert_string_equal(after, "after");
    assert_true(arena_used(arena) >= (size_t)20 << 20);
}

static void arena_copies_text(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    assert_null(arena_strdup(arena, NULL));
    assert_string_equal(arena_strndup(arena, "hello", 2), "he");
    assert_string_equal(arena_strndup(arena, NULL, 0), "");
    assert_string_equal(arena_printf(arena, "%s-%d", "a", 7), "a-7");
    char long_text[5000];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    assert_string_equal(arena_printf(arena, "%s", long_text), long_text);
    assert_null(arena_free(NULL));
}

struct two {
    int a, b;
};

static void vec_grows_and_zeroes(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    VEC(struct two) vec = {0};
    for (int i = 0; i < 1000; i++) {
        struct two *one = VEC_ADD(arena, &vec);
        assert_int_equal(one->a, 0);
        one->a = i;
        one->b = -i;
    }
    assert_int_equal(vec.count, 1000);
    int expected = 0;
    VEC_EACH(one, &vec) {
        assert_int_equal(one->a, expected);
        assert_int_equal(one->b, -expected);
        expected++;
    }
    vec.count = 10;
    assert_int_equal(VEC_ADD(arena, &vec)->a, 0);
    VEC(int) empty = {0};
    assert_int_equal(empty.count, 0);
    VEC_EACH(one, &empty) {
        fail_msg("an element at %p", (void *)one);
    }
}

static void strings_sort_and_find(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct strings strings = {0};
    strings_sort(&strings);
    assert_false(strings_has(&strings, "a"));
    const char *const words[] = {"pear", "apple", "fig", "", "apples"};
    for (size_t i = 0; i < 5; i++)
        strings_add(arena, &strings, words[i]);
    strings_sort(&strings);
    assert_string_equal(strings.at[0], "");
    assert_string_equal(strings.at[1], "apple");
    assert_string_equal(strings.at[2], "apples");
    assert_string_equal(strings.at[4], "pear");
    assert_true(strings_has(&strings, "fig"));
    assert_false(strings_has(&strings, "figs"));
}

static void buf_appends(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf buf = BUF_INIT(0);
    assert_string_equal(buf_text(&buf), "");
    buf_add(&buf, NULL, 0);
    assert_string_equal(buf_text(&buf), "");
    buf_str(&buf, "ab");
    buf_char(&buf, 'c');
    buf_printf(&buf, "%d%s", 42, "!");
    buf_add(&buf, "x\0y", 3);
    assert_int_equal(buf.len, 9);
    assert_memory_equal(buf.at, "abc42!x\0y", 10);
    buf_reset(&buf);
    assert_string_equal(buf_text(&buf), "");
    for (int i = 0; i < 100000; i++)
        buf_char(&buf, (char)('a' + i % 26));
    assert_int_equal(buf.len, 100000);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(buf.at[i], 'a' + i % 26);
}

static void buf_stops_at_its_maximum(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT(5);
    buf_str(&buf, "12345");
    assert_false(buf.overflow);
    buf_char(&buf, '6');
    assert_true(buf.overflow);
    assert_string_equal(buf_text(&buf), "12345");
    buf_reset(&buf);
    assert_false(buf.overflow);
    buf_printf(&buf, "%s", "123456");
    assert_true(buf.overflow);
    assert_string_equal(buf_text(&buf), "");
    buf_reset(&buf);
    buf_str(&buf, "123");
    buf_str(&buf, "4567");
    buf_str(&buf, "4");
    assert_string_equal(buf_text(&buf), "123"); /* a prefix without holes */
    buf_release(&buf);
    assert_int_equal(buf.max, 5);
    assert_false(buf.overflow);
}

static void buf_hands_over(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT(100);
    char *nothing = buf_take(&buf);
    assert_string_equal(nothing, "");
    free(nothing);
    buf_str(&buf, "text");
    char *text = buf_take(&buf);
    assert_string_equal(text, "text");
    assert_null(buf.at);
    assert_int_equal(buf.max, 100);
    free(text);
    buf_str(&buf, "secret");
    buf_wipe(&buf);
    assert_null(buf.at);
    buf_wipe(&buf);
}

static void map_sets_and_gets(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct map map = map_init(arena);
    int one = 1, two = 2;
    assert_null(map_get(&map, "a"));
    assert_null(map_set(&map, "a", &one));
    assert_null(map_set(&map, "", &two));
    assert_ptr_equal(map_get(&map, "a"), &one);
    assert_ptr_equal(map_get(&map, ""), &two);
    assert_ptr_equal(map_set(&map, "a", &two), &one);
    assert_ptr_equal(map_get(&map, "a"), &two);
    assert_null(map_get(&map, "b"));
    assert_int_equal(map.count, 2);
}

static void map_keeps_the_order(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct map map = map_init(arena);
    enum { COUNT = 20000 };
    for (uintptr_t i = 0; i < COUNT; i++) {
        const char *key = arena_printf(arena, "key-%zu", (size_t)(i * 7919 % COUNT));
        assert_null(map_set(&map, key, arena_strdup(arena, key)));
    }
    assert_int_equal(map.count, COUNT);
    for (uintptr_t i = 0; i < COUNT; i++) {
        const char *key = arena_printf(arena, "key-%zu", (size_t)(i * 7919 % COUNT));
        assert_string_equal(map.at[i].key, key);
        assert_string_equal((const char *)map_get(&map, key), key);
    }
    assert_null(map_get(&map, "key-20000"));
}

static void map_removes(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct map map = map_init(arena);
    int values[4] = {0};
    assert_null(map_remove(&map, "a"));
    map_set(&map, "a", &values[0]);
    map_set(&map, "b", &values[1]);
    map_set(&map, "c", &values[2]);
    map_set(&map, "d", &values[3]);
    assert_null(map_remove(&map, "e"));
    assert_int_equal(map.count, 4);
    /* The last one takes the place; the others stay. */
    assert_ptr_equal(map_remove(&map, "b"), &values[1]);
    assert_null(map_remove(&map, "b"));
    assert_null(map_get(&map, "b"));
    assert_int_equal(map.count, 3);
    assert_string_equal(map.at[0].key, "a");
    assert_string_equal(map.at[1].key, "d");
    assert_string_equal(map.at[2].key, "c");
    /* The last one itself, and one that comes back comes last. */
    assert_ptr_equal(map_remove(&map, "c"), &values[2]);
    assert_null(map_set(&map, "b", &values[1]));
    assert_string_equal(map.at[2].key, "b");
    assert_ptr_equal(map_get(&map, "d"), &values[3]);
    assert_ptr_equal(map_remove(&map, "a"), &values[0]);
    assert_ptr_equal(map_remove(&map, "b"), &values[1]);
    assert_ptr_equal(map_remove(&map, "d"), &values[3]);
    assert_int_equal(map.count, 0);
    assert_null(map_get(&map, "d"));
    assert_null(map_set(&map, "d", &values[3]));
    assert_ptr_equal(map_get(&map, "d"), &values[3]);
}

/* Against a plain table: sets and removes in a mixed order, with runs of slots that wrap around. */
static void map_removes_from_many(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct map map = map_init(arena);
    enum { COUNT = 512, ROUNDS = 100000 };
    static const char *keys[COUNT];
    static bool there[COUNT];
    size_t count = 0;
    uint32_t random = 1;
    for (size_t i = 0; i < COUNT; i++)
        keys[i] = arena_printf(arena, "key-%zu", i);
    for (size_t round = 0; round < ROUNDS; round++) {
        random = random * 1664525 + 1013904223;
        size_t i = (random >> 16) % COUNT;
        /* Fills up in one half of the rounds, empties in the other. */
        bool add = ((random >> 8) & 3) != 0;
        if ((round / 4096) % 2 == 1)
            add = !add;
        const void *before = there[i] ? &there[i] : NULL;
        assert_ptr_equal(
            add ? map_set(&map, keys[i], &there[i]) : map_remove(&map, keys[i]), before);
        count = count + (add ? 1 : 0) - (there[i] ? 1 : 0);
        there[i] = add;
        assert_int_equal(map.count, count);
        if (round % 512 != 0)
            continue;
        for (size_t k = 0; k < COUNT; k++)
            assert_ptr_equal(map_get(&map, keys[k]), there[k] ? &there[k] : NULL);
        for (size_t k = 0; k < map.count; k++)
            assert_ptr_equal(map_get(&map, map.at[k].key), map.at[k].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_zeroes_and_aligns),
        cmocka_unit_test(arena_keeps_objects_apart),
        cmocka_unit_test(arena_takes_large_objects),
        cmocka_unit_test(arena_copies_text),
        cmocka_unit_test(vec_grows_and_zeroes),
        cmocka_unit_test(strings_sort_and_find),
        cmocka_unit_test(buf_appends),
        cmocka_unit_test(buf_stops_at_its_maximum),
        cmocka_unit_test(buf_hands_over),
        cmocka_unit_test(map_sets_and_gets),
        cmocka_unit_test(map_keeps_the_order),
        cmocka_unit_test(map_removes),
        cmocka_unit_test(map_removes_from_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
