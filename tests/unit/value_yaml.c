#include "base/text.h"
#include "value/read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* Reading YAML with places, what is refused and how it is said, plain scalars, and writing. */

static struct arena *arena;
static struct diags diags;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    diags = diags_init(arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static struct node *read_n(const char *text, size_t length)
{
    return yaml_read(arena, &diags, diags_source(&diags, "a.yaml", text, length));
}

static struct node *read_text(const char *text)
{
    return read_n(text, strlen(text));
}

static const char *as_json(const char *text)
{
    struct node *node = read_text(text);
    assert_non_null(node);
    return node_json_text(arena, node);
}

/* The one diagnostic that refusing `text` makes. */
static const struct diag *refused_n(const char *text, size_t length)
{
    diags = diags_init(arena);
    assert_null(read_n(text, length));
    assert_true(diags.list.count >= 1);
    assert_true(diags_errors(&diags) >= 1);
    return &diags.list.at[0];
}

static const struct diag *refused(const char *text)
{
    return refused_n(text, strlen(text));
}

static void assert_refused(const char *text, const char *id, uint32_t line, uint32_t column)
{
    const struct diag *diag = refused(text);
    assert_string_equal(diag->id, id);
    assert_int_equal(diag->where.line, line);
    assert_int_equal(diag->where.column, column);
}

static void reads_documents(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "{}"},
        {"\xef\xbb\xbf", "{}"},
        {"# only a comment\n", "{}"},
        {"---\n", "{}"},
        {"---\n...\n", "{}"},
        {"b: 1\na: x\n", "{\"a\":\"x\",\"b\":\"1\"}"},
        {"\xef\xbb\xbf"
         "a: b\n",
            "{\"a\":\"b\"}"},
        {"%YAML 1.2\n---\na: b\n", "{\"a\":\"b\"}"},
        {"a:\n- 1\n- [x, {y: z}]\n-\n", "{\"a\":[\"1\",[\"x\",{\"y\":\"z\"}],null]}"},
        {"a: ~\nb: null\nc:\nd: 'null'\ne: \"~\"\nf: ''\n",
            "{\"a\":null,\"b\":null,\"c\":null,\"d\":\"null\",\"e\":\"~\",\"f\":\"\"}"},
        {"a: !!str 10\n", "{\"a\":\"10\"}"},
        {"a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}"},
        {"\"<<\": 1\n", "{\"<<\":\"1\"}"},
        {"{a: 1, b}", "{\"a\":\"1\",\"b\":null}"},
        {"? a\n: 1\n? b\n", "{\"a\":\"1\",\"b\":null}"},
        {"\xc3\xbc: \"\\u00fc\\x41\"\n", "{\"\xc3\xbc\":\"\xc3\xbc"
                                         "A\"}"},
        {"just text", "\"just text\""},
        {"'': 1\n", "{\"\":\"1\"}"},
        {"a:\r\n  b: 1\r\n", "{\"a\":{\"b\":\"1\"}}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(as_json(cases[i][0]), cases[i][1]);
    assert_int_equal(diags.list.count, 0);
}

static void knows_places(void **state)
{
    (void)state;
    struct node *root = read_text("\xef\xbb\xbf"
                                  "a: x\n\xc3\xbc: {k: [1, 'two']}\n");
    uint16_t file = (uint16_t)(diags.sources.count - 1);
    struct span span = node_span(node_get(root, "a"));
    assert_int_equal(span.file, file);
    assert_int_equal(span.line, 1);
    assert_int_equal(span.column, 4);
    span = pair_span(node_pair(root, "a"));
    assert_int_equal(span.column, 1);
    span = pair_span(node_pair(node_get(root, "\xc3\xbc"), "k"));
    assert_int_equal(span.line, 2);
    assert_int_equal(span.column, 5);
    span = node_span(node_path(root, "\xc3\xbc.k")->items[1]);
    assert_int_equal(span.column, 12);
    assert_int_equal(root->line, 1);
}

static void marks_plain_scalars(void **state)
{
    (void)state;
    struct node *root = read_text("a: 1\nb: '1'\nc: \"1\"\nd: !!str 1\ne: ~\nf: |\n  1\n");
    const char *const plain = "ae";
    for (size_t i = 0; i < root->count; i++) {
        const struct pair *pair = &root->pairs[i];
        assert_int_equal(pair->value->marks, strchr(plain, pair->key[0]) != NULL ? NODE_PLAIN : 0);
    }
}

static void refuses_features(void **state)
{
    (void)state;
    assert_refused("a: &x 1\n", "LF004", 1, 4);
    assert_refused("a: &x [1]\n", "LF004", 1, 4);
    assert_refused("a: &x {b: 1}\n", "LF004", 1, 4);
    assert_refused("a: *x\n", "LF004", 1, 4);
    assert_refused("a: 1\n<<: {b: 1}\n", "LF004", 2, 1);
    assert_refused("a: !foo 1\n", "LF004", 1, 4);
    assert_refused("a: !!int 1\n", "LF004", 1, 4);
    assert_refused("a: !!map {}\n", "LF004", 1, 4);
    assert_refused("a: ! 1\n", "LF004", 1, 4);
    assert_refused("a: 1\n---\nb: 1\n", "LF004", 2, 1);
    assert_refused("{[a]: 1}\n", "LF004", 1, 2);
    assert_refused("? {a: 1}\n: 1\n", "LF004", 1, 3);
    refused("a: &x 1\nb: !foo 2\n<<: 3\n");
    assert_int_equal(diags.list.count, 3);
}

static void refuses_duplicates(void **state)
{
    (void)state;
    const struct diag *diag = refused("a: 1\nb: {x: 1, y: 2, x: 3}\nc: 1\na: 2\na: 3\n");
    assert_int_equal(diags.list.count, 3);
    diags_sort(&diags);
    diag = &diags.list.at[0];
    assert_string_equal(diag->message, "key \"x\" is given twice");
    assert_int_equal(diag->where.line, 2);
    assert_int_equal(diag->where.column, 17);
    assert_int_equal(diag->also.column, 5);
    assert_string_equal(diag->also_label, "first here");
    assert_string_equal(diags.list.at[1].message, "key \"a\" is given twice");
    assert_int_equal(diags.list.at[1].where.line, 4);
    assert_int_equal(diags.list.at[1].also.line, 1);
    assert_int_equal(diags.list.at[1].repeats, 1);
    assert_refused("'a': 1\na: 2\n", "LF003", 2, 1);
}

static void refuses_bad_bytes(void **state)
{
    (void)state;
    assert_refused("a: 1\n\xc3\xbc: \xff\n", "LF006", 2, 4);
    assert_string_equal(diags.list.at[0].message, "byte 0xFF is not UTF-8");
    const struct diag *diag = refused_n("a: 1\nb\0: 2\n", 11);
    assert_string_equal(diag->id, "LF006");
    assert_string_equal(diag->message, "a NUL byte");
    assert_int_equal(diag->where.line, 2);
    assert_int_equal(diag->where.column, 2);
    assert_refused("a: \"x\\0y\"\n", "LF006", 1, 4);
    assert_refused("\"x\\0y\": 1\n", "LF006", 1, 1);
    assert_refused("a: 1\n\xc3\xbc: \"\x1b\"\n", "LF006", 2, 5);
    diag = refused_n("\xff\xfe"
                     "a\0",
        4);
    assert_string_equal(diag->fix, "save the file as UTF-8");
}

static void explains_syntax(void **state)
{
    (void)state;
    assert_refused("a:\n\tb: 1\n", "LF002", 2, 1);
    assert_string_equal(diags.list.at[0].message, "tabs cannot indent");
    assert_refused("a:\n  b: 1\n \tc: 1\n", "LF002", 3, 2);
    assert_string_equal(diags.list.at[0].message, "tabs cannot indent");
    const struct diag *diag = refused("x: 1\na: [1, 2\n");
    assert_string_equal(diag->id, "LF002");
    assert_int_equal(diag->where.line, 3);
    assert_int_equal(diag->also.line, 2);
    assert_int_equal(diag->also.column, 4);
    assert_string_equal(diag->also_label, "opened here");
    assert_refused("a: b: c\n", "LF002", 1, 5);
    assert_refused("a: @x\n", "LF002", 1, 4);
    assert_string_equal(diags.list.at[0].fix, "put the text in quotes");
    assert_refused("a: \"x\\q\"\n", "LF002", 1, 6);
    refused("?\n: 2\n");
    assert_string_equal(diags.list.at[0].message, "a key is missing");
    const char *const bad[] = {"a: 'x\n", "a: }\n", "- a\nb: 1\n", "a: 1\n b: 2\n", "%FOO\n%BAR",
        "a: [1}\n", "a\nb\n: c", "a: -\n  - b\n - c\n", NULL};
    for (const char *const *text = bad; *text != NULL; text++)
        assert_string_equal(refused(*text)->id, "LF002");
}

static void bounds_size_and_depth(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    for (int i = 0; i < READ_MAX_DEPTH; i++)
        buf_char(&text, '[');
    for (int i = 0; i < READ_MAX_DEPTH; i++)
        buf_char(&text, ']');
    assert_non_null(read_text(buf_text(&text)));
    static const char *const bombs[] = {"[", "{a: ", "- ", "[{a: "};
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        buf_reset(&text);
        for (int j = 0; j < 10000; j++)
            buf_str(&text, bombs[i]);
        clock_t start = clock(); /* of this process: a busy machine is no reason to fail */
        assert_string_equal(refused(buf_text(&text))->id, "LF005");
        assert_true((clock() - start) / CLOCKS_PER_SEC < 2); /* it takes 1 ms */
    }
    diags = diags_init(arena);
    uint16_t huge = diags_source(&diags, "huge", "", READ_MAX_YAML + 1);
    assert_null(yaml_read(arena, &diags, huge));
    assert_true(diags_has(&diags, "LF005"));
    diags = diags_init(arena);
    assert_null(yaml_read(arena, &diags, diags_source(&diags, "none", NULL, 0)));
    assert_true(diags_has(&diags, "LF001"));
}

static void reads_large_maps(void **state)
{
    (void)state;
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    for (unsigned i = 0; i < 30000; i++)
        buf_printf(&text, "key-%u: {a: [x, y]}\n", i * 7919 % 30000);
    clock_t start = clock();
    struct node *root = read_text(buf_text(&text));
    assert_true((clock() - start) / CLOCKS_PER_SEC < 20);
    assert_int_equal(root->count, 30000);
    for (unsigned i = 0; i < 30000; i++) {
        const struct pair *pair = node_pair(root, arena_printf(arena, "key-%u", i * 7919 % 30000));
        assert_int_equal(pair->line, i + 1);
    }
    buf_reset(&text);
    for (unsigned i = 0; i < 100000; i++)
        buf_str(&text, "a: 1\n");
    refused(buf_text(&text));
    assert_int_equal(diags_errors(&diags), 99999);
}

static const char *resolved(const char *scalar)
{
    diags = diags_init(arena);
    struct node *root = read_text(arena_printf(arena, "k: %s\n", scalar));
    assert_non_null(root);
    root = node_plain_resolve(arena, root, &diags);
    struct node *value = node_get(root, "k");
    assert_int_equal(value->marks & NODE_PLAIN, 0);
    assert_int_equal(value->line, 1);
    return node_json_text(arena, value);
}

static void resolves_plain_scalars(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"null", "null"},
        {"Null", "null"},
        {"~", "null"},
        {"", "null"},
        {"true", "true"},
        {"True", "true"},
        {"FALSE", "false"},
        {"tRUE", "\"tRUE\""},
        {"10", "10"},
        {"-7", "-7"},
        {"+7", "7"},
        {"1.50", "1.5"},
        {".5", "0.5"},
        {"1e3", "1000"},
        {"'10'", "\"10\""},
        {"\"true\"", "\"true\""},
        {"text", "\"text\""},
        {"2026-11-24", "\"2026-11-24\""},
        {"1.2.3", "\"1.2.3\""},
        {"30d", "\"30d\""},
        {"'yes'", "\"yes\""},
        {"nope", "\"nope\""},
        {"00:11:22:33:44:55", "\"00:11:22:33:44:55\""},
        {"8080:80", "\"8080:80\""},
        {"1_a", "\"1_a\""},
        {"0x", "\"0x\""},
        {"12e", "\"12e\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(resolved(cases[i][0]), cases[i][1]);
        assert_int_equal(diags.list.count, 0);
    }
    const char *const lookalikes[] = {"yes", "No", "ON", "off", "y", "N", "0777", "1_000", "12:30",
        "1:30:00", "0x1F", "0o17", "0b11", ".inf", "-.INF", ".nan", "1_0.5", "007.5", "-0x1",
        "1:30.5", NULL};
    for (const char *const *text = lookalikes; *text != NULL; text++) {
        assert_string_equal(resolved(*text), arena_printf(arena, "\"%s\"", *text));
        assert_int_equal(diags.list.count, 1);
        assert_string_equal(diags.list.at[0].id, "LF018");
        assert_int_equal(diags.list.at[0].where.column, 4);
        assert_non_null(strstr(diags.list.at[0].fix, *text));
    }
    assert_string_equal(resolved("yes"), "\"yes\"");
    assert_string_equal(diags.list.at[0].fix, "write true or false, or quote it: \"yes\"");
}

static void resolving_leaves_the_source_alone(void **state)
{
    (void)state;
    struct node *root = read_text("a: {b: [1, 'x', {c: true}]}\nd: 'q'\n");
    const char *before = node_json_text(arena, root);
    struct node *after = node_plain_resolve(arena, root, NULL);
    assert_string_equal(node_json_text(arena, root), before);
    assert_string_equal(
        node_json_text(arena, after), "{\"a\":{\"b\":[1,\"x\",{\"c\":true}]},\"d\":\"q\"}");
    assert_ptr_equal(node_get(after, "d"), node_get(root, "d"));
    assert_ptr_equal(node_plain_resolve(arena, after, NULL), after);
    assert_null(node_plain_resolve(arena, NULL, NULL));
}

static const char *written(const struct node *node)
{
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    yaml_write(node, 0, &out);
    return arena_strdup(arena, buf_text(&out));
}

static struct node *json(const char *text)
{
    struct node *node = json_read(arena, text, strlen(text), NULL);
    assert_non_null(node);
    return node;
}

static void writes_blocks(void **state)
{
    (void)state;
    struct node *node = json("{\"b\":[1,{\"z\":2,\"x\":[]},[3,[4]],{}],\"a\":{\"c\":\"text here\","
                             "\"d\":null},\"e\":0.5,\"f\":true}");
    assert_string_equal(written(node), "a:\n"
                                       "  c: text here\n"
                                       "  d: null\n"
                                       "b:\n"
                                       "  - 1\n"
                                       "  - x: []\n"
                                       "    z: 2\n"
                                       "  - - 3\n"
                                       "    - - 4\n"
                                       "  - {}\n"
                                       "e: 0.5\n"
                                       "f: true\n");
    assert_string_equal(written(json("[]")), "[]\n");
    assert_string_equal(written(json("1")), "1\n");
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    yaml_write(json("{\"a\":{\"b\":1}}"), 4, &out);
    assert_string_equal(buf_text(&out), "    a:\n      b: 1\n");
}

static void quotes_where_it_must(void **state)
{
    (void)state;
    const char *const plain[] = {"text", "two words", "a/b", "claude-opus-4.5", "30d", "a:b", "a#b",
        "\xc3\xbc"
        "ber",
        "_x", "a, b", "it's", "/path", "https://x/y?z=1&a=b", NULL};
    for (const char *const *text = plain; *text != NULL; text++)
        assert_string_equal(written(node_string(arena, *text)), arena_printf(arena, "%s\n", *text));
    const char *const quoted[] = {"", "yes", "No", "ON", "y", "null", "~", "true", "1", "0777",
        "1e3", "12:30", "2026-11-24", "1.2.3", "-", "- a", "a: b", "a:", "a #b", " a", "a ", "*x",
        "&x", "!x", "@x", "`x", "%x", "{a", "[a", "\"a", "'a", "|", ">", "#a", "?", ".inf", "<<",
        "=", "---", "...", "a\nb", "a\tb", "a\x1b", "\xc2\x85", "\xe2\x80\xae", "\xef\xbf\xbf",
        NULL};
    for (const char *const *text = quoted; *text != NULL; text++)
        assert_int_equal(written(node_string(arena, *text))[0], '"');
    assert_string_equal(
        written(node_string(arena, "a\n\t\"\\\x1b\xc2\x85\xe2\x80\xae\xf3\xa0\x80\xa1")),
        "\"a\\n\\t\\\"\\\\\\x1b\\x85\\u202e\\U000e0021\"\n");
    struct node *plain_number = read_text("a: 0777\nb: -5\nc: yes\nd: x\ne: '5'\n");
    assert_string_equal(written(plain_number), "a: 0777\nb: -5\nc: yes\nd: x\ne: \"5\"\n");
}

static void hides_secrets(void **state)
{
    (void)state;
    struct node *map = json("{\"a\":{\"b\":\"hunter2\"},\"c\":\"hunter3\",\"d\":[1]}");
    node_get(map, "a")->marks = NODE_SECRET;
    node_get(map, "c")->marks = NODE_SECRET;
    assert_string_equal(written(map), "a: (sensitive)\nc: (sensitive)\nd:\n  - 1\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_documents),
        TEST(knows_places),
        TEST(marks_plain_scalars),
        TEST(refuses_features),
        TEST(refuses_duplicates),
        TEST(refuses_bad_bytes),
        TEST(explains_syntax),
        TEST(bounds_size_and_depth),
        TEST(reads_large_maps),
        TEST(resolves_plain_scalars),
        TEST(resolving_leaves_the_source_alone),
        TEST(writes_blocks),
        TEST(quotes_where_it_must),
        TEST(hides_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
