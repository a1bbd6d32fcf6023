#include "base/text.h"
#include "value/read.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What holds for every tree: what is printed is read back, copies are equal, order is total. The
   trees come from a generator whose seed is printed on failure; SEED=n runs that one alone. */

#define ROUNDS 3000

struct generator {
    struct arena *arena;
    uint64_t start; /* SEED= of this tree */
    uint64_t seed;
};

static uint64_t next_random(struct generator *g)
{
    g->seed ^= g->seed << 13;
    g->seed ^= g->seed >> 7;
    g->seed ^= g->seed << 17;
    return g->seed;
}

static size_t below(struct generator *g, size_t limit)
{
    return (size_t)(next_random(g) % limit);
}

/* Pieces that mean something to one of the readers. */
static const char *const pieces[] = {"a", "B", "yes", "no", "null", "true", "~", "0", "7", "1e3",
    ".", "-", "+", "_", ":", ": ", " #", "#", " ", "\n", "\t", "\"", "'", "\\", "{", "}", "[", "]",
    ",", "&", "*", "!", "|", ">", "%", "@", "`", "?", "<<", "=", "---", "...", "\r", "\x01", "\x1b",
    "\x7f", "\xc2\x85", "\xc2\xa0", "\xe2\x80\xa8", "\xe2\x80\xae", "\xef\xbb\xbf", "\xef\xbf\xbe",
    "\xef\xbf\xbf", "\xc3\xbc", "\xf0\x9f\x98\x80", "30d", "0x1f", "12:30", "2026-11-24", "model"};

static const char *random_text(struct generator *g)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    size_t count = below(g, 6);
    if (below(g, 50) == 0)
        count = 1200; /* beyond libyaml's simple keys */
    for (size_t i = 0; i < count; i++)
        buf_str(&text, pieces[below(g, sizeof(pieces) / sizeof(pieces[0]))]);
    return arena_strdup(g->arena, buf_text(&text));
}

static struct node *random_number(struct generator *g)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    if (below(g, 2) == 0)
        buf_char(&text, '-');
    buf_printf(&text, "%" PRIu64, next_random(g) >> below(g, 64));
    if (below(g, 3) == 0)
        buf_printf(&text, ".%zu", below(g, 100000));
    if (below(g, 4) == 0)
        buf_printf(&text, "e%d", (int)below(g, 80) - 40);
    struct node *node = node_decimal(g->arena, buf_text(&text));
    assert_non_null(node);
    return node;
}

static struct node *random_node(struct generator *g, unsigned depth)
{
    size_t count = below(g, 5);
    switch (below(g, depth == 0 ? 5 : 8)) {
    case 0:
        return node_null(g->arena);
    case 1:
        return node_bool(g->arena, below(g, 2) == 0);
    case 2:
        return random_number(g);
    case 3:
    case 4:
        return node_string(g->arena, random_text(g));
    case 5: {
        struct node *list = node_list(g->arena);
        for (size_t i = 0; i < count; i++)
            node_list_add(g->arena, list, random_node(g, depth - 1));
        return list;
    }
    default: {
        struct node *map = node_map(g->arena);
        for (size_t i = 0; i < count; i++)
            node_set(g->arena, map, random_text(g), random_node(g, depth - 1));
        return map;
    }
    }
}

static void each_tree(void (*check)(struct generator *))
{
    const char *only = getenv("SEED");
    uint64_t first = only == NULL ? 1 : strtoull(only, NULL, 10);
    uint64_t last = only == NULL ? ROUNDS : first;
    for (uint64_t seed = first; seed <= last; seed++) {
        CLEANUP_ARENA struct arena *arena = arena_new();
        struct generator g = {
            .arena = arena, .start = seed, .seed = seed * UINT64_C(0x9e3779b97f4a7c15)};
        check(&g);
    }
}

/* Like assert_true, with what is needed to see it again. */
static void expect(struct generator *g, bool holds, const char *what, const char *text)
{
    if (!holds)
        fail_msg("%s, SEED=%" PRIu64 ":\n%s", what, g->start, text);
}

static void check_json(struct generator *g)
{
    struct node *tree = random_node(g, 4);
    CLEANUP_BUF struct buf flat = BUF_INIT(0), pretty = BUF_INIT(0);
    node_json(tree, &flat);
    node_json_pretty(tree, &pretty);
    const char *reason = "";
    struct node *back = json_read(g->arena, flat.at, flat.len, &reason);
    expect(g, back != NULL, reason, flat.at);
    expect(g, node_equal(tree, back), "another tree came back", flat.at);
    expect(g, strcmp(node_json_text(g->arena, back), flat.at) == 0, "another text", flat.at);
    back = json_read(g->arena, pretty.at, pretty.len, &reason);
    expect(g, node_equal(tree, back), "another tree came back", pretty.at);
}

static void json_comes_back(void **state)
{
    (void)state;
    each_tree(check_json);
}

static void check_yaml(struct generator *g)
{
    struct node *tree = random_node(g, 4);
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    yaml_write(tree, 0, &text);
    struct diags diags = diags_init(g->arena);
    struct node *back = yaml_read(g->arena, &diags, diags_source(&diags, "x", text.at, text.len));
    expect(g, back != NULL, diags.list.count > 0 ? diags.list.at[0].message : "?", text.at);
    struct node *resolved = node_plain_resolve(g->arena, back, &diags);
    expect(g, node_equal(tree, resolved), "another tree came back", text.at);
    /* What is quoted here is no look-alike for others. */
    expect(g, diags.list.count == 0, "a look-alike was written plain", text.at);
    for (size_t at = 0, size = 0; at < text.len; at += size) {
        uint32_t code = text_code_point(text.at + at, text.len - at, &size);
        expect(g, code == '\n' || !text_is_unsafe(code), "unsafe text was written", text.at);
    }
    /* A tree as it was read, plain marks and all, is written so that it is read the same. */
    CLEANUP_BUF struct buf again = BUF_INIT(0);
    yaml_write(back, 0, &again);
    struct node *third =
        yaml_read(g->arena, &diags, diags_source(&diags, "y", again.at, again.len));
    expect(g, third != NULL && node_equal(back, third), "not stable", again.at);
}

static void yaml_comes_back(void **state)
{
    (void)state;
    each_tree(check_yaml);
}

static void check_copies(struct generator *g)
{
    struct node *tree = random_node(g, 4), *other = random_node(g, 2);
    struct node *copy = node_copy(g->arena, tree);
    expect(g, node_equal(tree, copy) && node_compare(tree, copy) == 0, "a copy differs", "");
    expect(g, node_equal_set(tree, copy), "a copy differs as a set", "");
    const char *one = node_json_text(g->arena, tree), *two = node_json_text(g->arena, other);
    bool same = strcmp(one, two) == 0;
    expect(g, node_equal(tree, other) == same, "equality and text disagree", one);
    expect(g, (node_compare(tree, other) == 0) == same, "order and text disagree", one);
    bool same_digest = strcmp(node_digest(g->arena, tree), node_digest(g->arena, other)) == 0;
    expect(g, same_digest == same, "digest and text disagree", one);
}

static void copies_are_equal(void **state)
{
    (void)state;
    each_tree(check_copies);
}

static void check_sets(struct generator *g)
{
    struct node *list = node_list(g->arena), *shuffled = node_list(g->arena);
    size_t count = 1 + below(g, 12);
    for (size_t i = 0; i < count; i++)
        node_list_add(g->arena, list, random_node(g, 1));
    size_t start = below(g, count);
    for (size_t i = 0; i < count; i++)
        node_list_add(g->arena, shuffled, list->items[(start + i * 1) % count]);
    node_list_add(g->arena, shuffled, list->items[below(g, count)]);
    expect(g, node_equal_set(list, shuffled), "order matters in a set", "");
    node_list_add(g->arena, shuffled, node_string(g->arena, "not in the list \x01"));
    expect(g, !node_equal_set(list, shuffled), "a set with one more is equal", "");
}

static void sets_have_no_order(void **state)
{
    (void)state;
    each_tree(check_sets);
}

static void check_order_of_building(struct generator *g)
{
    struct node *one = node_map(g->arena), *two = node_map(g->arena);
    const char *keys[16];
    size_t count = below(g, 16);
    for (size_t i = 0; i < count; i++) {
        keys[i] = random_text(g);
        node_set_int(g->arena, one, keys[i], (int64_t)strlen(keys[i]));
    }
    for (size_t i = count; i-- > 0;)
        node_set_int(g->arena, two, keys[i], (int64_t)strlen(keys[i]));
    expect(g, node_equal(one, two), "the order of setting shows", node_json_text(g->arena, one));
    for (size_t i = 0; i < count; i++) {
        expect(g, node_get_int(two, keys[i], -1) == (int64_t)strlen(keys[i]), "lost", keys[i]);
        node_unset(one, keys[i]);
        expect(g, node_get(one, keys[i]) == NULL, "still there", keys[i]);
    }
    expect(g, one->count == 0, "something is left", "");
}

static void maps_have_no_order(void **state)
{
    (void)state;
    each_tree(check_order_of_building);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_comes_back),
        cmocka_unit_test(yaml_comes_back),
        cmocka_unit_test(copies_are_equal),
        cmocka_unit_test(sets_have_no_order),
        cmocka_unit_test(maps_have_no_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
