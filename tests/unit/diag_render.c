#include "base/text.h"
#include "diag/diag.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The catalogue, the list of diagnostics, and both renderings. */

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

static uint16_t source(const char *path, const char *text)
{
    return diags_source(&diags, path, text, text == NULL ? 0 : strlen(text));
}

static struct span at(uint16_t file, uint32_t line, uint32_t column, uint32_t length)
{
    return (struct span){.file = file, .line = line, .column = column, .length = length};
}

static const char *rendered(struct diag_style style)
{
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    diags_render_text(&diags, &style, &out);
    return arena_strdup(arena, buf_text(&out));
}

static const char *rendered_json(void)
{
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    diags_render_json(&diags, &out);
    return arena_strdup(arena, buf_text(&out));
}

static void catalogue_is_in_order(void **state)
{
    (void)state;
    assert_non_null(diag_catalog[0].id);
    const char *before = "";
    for (const struct catalog_entry *entry = diag_catalog; entry->id != NULL; entry++) {
        assert_true(strcmp(before, entry->id) < 0); /* no id twice */
        before = entry->id;
        assert_true(text_starts(entry->id, "LF") && strlen(entry->id) == 5);
        assert_true(strlen(entry->title) > 0 && strlen(entry->title) <= 60);
        assert_true(strlen(entry->text) > 20);
        assert_false(text_ends(entry->title, "."));
        assert_true(entry->severity >= SEVERITY_OFF && entry->severity <= SEVERITY_ERROR);
        assert_ptr_equal(diag_lookup(entry->id), entry);
    }
    assert_ptr_equal(diag_lookup("lf010"), diag_lookup("LF010"));
    assert_null(diag_lookup("LF999"));
    assert_null(diag_lookup(""));
}

static void counts_and_finds(void **state)
{
    (void)state;
    assert_int_equal(diags_errors(&diags), 0);
    struct diag *diag = diag_add(&diags, "lf010", "unknown key \"%s\"", "x");
    assert_string_equal(diag->id, "LF010");
    assert_string_equal(diag->message, "unknown key \"x\"");
    diag_at(&diags, "LF018", at(0, 0, 0, 0), "", "no is text here");
    assert_int_equal(diags_errors(&diags), 1);
    assert_int_equal(diags.warnings, 1);
    assert_true(diags_has(&diags, "LF010"));
    assert_false(diags_has(&diags, "LF011"));
    assert_null(diags.list.at[1].fix);
    diag_set_severity(&diags, &diags.list.at[1], SEVERITY_ERROR);
    assert_int_equal(diags_errors(&diags), 2);
    assert_int_equal(diags.warnings, 0);
    diag_set_severity(&diags, &diags.list.at[0], SEVERITY_OFF);
    assert_int_equal(diags_errors(&diags), 1);
    assert_string_equal(severity_name(SEVERITY_ERROR), "error");
    assert_string_equal(severity_name(SEVERITY_WARNING), "warning");
    assert_string_equal(severity_name(SEVERITY_INFO), "info");
    assert_string_equal(severity_name(SEVERITY_OFF), "off");
}

static void keeps_a_bounded_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIAGS_MAX + 1000; i++)
        diag_at(&diags, "LF003", at(0, 1, 1, 0), "fix", "key %zu", i)->also_label = "x";
    assert_int_equal(diags.list.count, DIAGS_MAX);
    assert_int_equal(diags_errors(&diags), DIAGS_MAX + 1000);
    assert_string_equal(diags.list.at[DIAGS_MAX - 1].message, "key 19999");
}

static void finds_lines(void **state)
{
    (void)state;
    uint16_t file = source("a", "\xef\xbb\xbfone\r\ntw\xc3\xbc\n\nfour\rfive\xe2\x80\xa8six");
    static const char *const lines[] = {"one", "tw\xc3\xbc", "", "four", "five", "six"};
    size_t length = 0;
    for (uint32_t i = 0; i < 6; i++) {
        const char *line = diags_line(&diags, file, i + 1, &length);
        assert_int_equal(length, strlen(lines[i]));
        assert_memory_equal(line, lines[i], length);
    }
    assert_null(diags_line(&diags, file, 7, &length));
    assert_null(diags_line(&diags, file, 0, &length));
    assert_null(diags_line(&diags, 0, 1, &length));
    assert_null(diags_line(&diags, 99, 1, &length));
    struct span span = diags_span_at(&diags, file, 12); /* the line break behind tw\u00fc */
    assert_int_equal(span.line, 2);
    assert_int_equal(span.column, 4);
    span = diags_span_at(&diags, file, 0);
    assert_int_equal(span.line, 1);
    assert_int_equal(span.column, 1);
    span = diags_span_at(&diags, file, 9999);
    assert_int_equal(span.line, 6);
    assert_int_equal(span.column, 4);
    assert_int_equal(diags_span_at(&diags, source("none", NULL), 3).line, 0);
    assert_int_equal(diags_span_at(&diags, source("empty", ""), 0).line, 1);
}

static void renders_as_documented(void **state)
{
    (void)state;
    uint16_t file = source("environments/prod/teams.yaml",
        "teams:\n  platform:\n    # who\n    modles: [claude-opus]\n");
    diag_at(&diags, "LF010", at(file, 4, 5, 0), "did you mean \"models\"?",
        "unknown key \"%s\" in teams.platform", "modles");
    assert_string_equal(rendered((struct diag_style){0}),
        "error[LF010]: unknown key \"modles\" in teams.platform\n"
        "  --> environments/prod/teams.yaml:4:5\n"
        "   |\n"
        " 4 |     modles: [claude-opus]\n"
        "   |     ^~~~~~\n"
        "   = fix: did you mean \"models\"?\n"
        "\n"
        "liteform explain LF010 tells more\n");
    assert_string_equal(rendered_json(),
        "[{\"id\":\"LF010\",\"level\":\"error\","
        "\"message\":\"unknown key \\\"modles\\\" in teams.platform\",\"address\":null,"
        "\"file\":\"environments/prod/teams.yaml\",\"line\":4,\"column\":5,"
        "\"fix\":\"did you mean \\\"models\\\"?\"}]");
}

static void renders_two_places_and_wide_numbers(void **state)
{
    (void)state;
    char text[400] = "";
    for (int i = 0; i < 120; i++)
        memcpy(text + i * 3, "a:\n", 4);
    uint16_t file = source("a.yaml", text);
    struct diag *diag = diag_at(&diags, "LF003", at(file, 120, 1, 0), NULL, "key \"a\" twice");
    diag->also = at(file, 1, 1, 0);
    diag->also_label = "first here";
    assert_string_equal(rendered((struct diag_style){0}), "error[LF003]: key \"a\" twice\n"
                                                          "    --> a.yaml:120:1\n"
                                                          "     |\n"
                                                          " 120 | a:\n"
                                                          "     | ^\n"
                                                          "     = first here: a.yaml:1:1\n"
                                                          "\n"
                                                          "liteform explain LF003 tells more\n");
}

static void renders_without_a_place(void **state)
{
    (void)state;
    diag_add(&diags, "LF014", "no such model")->address = "model/claude-opus";
    diag_add(&diags, "LF007", "no environment \"prodd\"")->fix = "one of: dev, prod";
    diag_at(&diags, "LF001", at(source("gone.yaml", NULL), 0, 0, 0), NULL, "no such file");
    assert_string_equal(rendered((struct diag_style){0}),
        "error[LF007]: no environment \"prodd\"\n"
        "   = fix: one of: dev, prod\n"
        "\n"
        "error[LF014]: no such model\n"
        "  --> model/claude-opus\n"
        "\n"
        "error[LF001]: no such file\n"
        "  --> gone.yaml\n"
        "\n"
        "liteform explain LF007 (or LF014, LF001) tells more\n");
}

static void renders_colors(void **state)
{
    (void)state;
    uint16_t file = source("a", "abc\n");
    diag_at(&diags, "LF010", at(file, 1, 1, 0), NULL, "m");
    diag_at(&diags, "LF018", at(file, 1, 2, 0), NULL, "m");
    const char *text = rendered((struct diag_style){.color = true});
    assert_non_null(strstr(text, "\033[1;31merror[LF010]\033[0m: m\n"));
    assert_non_null(strstr(text, "   | \033[1;31m^~~\033[0m\n"));
    assert_non_null(strstr(text, "\033[33mwarning[LF018]\033[0m: m\n"));
    assert_null(strchr(rendered((struct diag_style){0}), '\033'));
}

static void aligns_the_caret(void **state)
{
    (void)state;
    uint16_t file = source("a", "\xc3\xbc\tk\x1b: \"a b\" # \xe2\x80\xae\n");
    diag_at(&diags, "LF010", at(file, 1, 3, 1), NULL, "one");
    diag_at(&diags, "LF010", at(file, 1, 6, 0), NULL, "two");
    diag_at(&diags, "LF010", at(file, 1, 7, 0), NULL, "three");
    diag_at(&diags, "LF010", at(file, 1, 99, 0), NULL, "behind the end");
    const char *text = rendered((struct diag_style){0});
    const char *line = " 1 | \xc3\xbc k\\x1b: \"a b\" # \\u{202e}\n";
    static const struct {
        int before;
        const char *caret;
    } carets[] = {{2, "^"}, {8, "^"}, {9, "^~~~~"}, {25, "^"}};
    for (size_t i = 0; i < 4; i++) {
        const char *row =
            arena_printf(arena, "%s   | %*s%s\n", line, carets[i].before, "", carets[i].caret);
        assert_non_null(strstr(text, row));
    }
}

static void underlines_words(void **state)
{
    (void)state;
    uint16_t file = source("a", "a.b/c:d: [x, y] 'q r' {");
    static const struct {
        uint32_t column;
        size_t length;
    } cases[] = {{1, 7}, {10, 1}, {11, 1}, {12, 1}, {17, 5}, {23, 1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        diags.list.count = 0;
        diag_at(&diags, "LF010", at(file, 1, cases[i].column, 0), NULL, "m");
        const char *caret = strchr(rendered((struct diag_style){0}), '^');
        assert_non_null(caret);
        assert_int_equal(strcspn(caret, "\n"), cases[i].length);
    }
}

static void windows_long_lines(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memcpy(text + 1500, " HERE ", 6);
    uint16_t file = source("a", text);
    for (uint32_t column = 1; column < sizeof(text) + 10; column += 7) {
        for (unsigned width = 0; width < 300; width += 60) {
            diags.list.count = 0;
            diag_at(&diags, "LF010", at(file, 1, column, 0), NULL, "m");
            const char *shown = strstr(rendered((struct diag_style){.width = width}), " 1 | ");
            assert_non_null(shown);
            size_t length = strcspn(shown, "\n");
            assert_true(length <= (width == 0 ? 205 : (width < 46 ? 46 : width)));
            const char *caret = strchr(shown, '^');
            assert_true(strcspn(caret, "\n") >= 1);
            assert_true((size_t)(caret - shown) + strcspn(caret, "\n") <= 2 * length + 2);
        }
    }
    diags.list.count = 0;
    diag_at(&diags, "LF010", at(file, 1, 1502, 0), NULL, "m");
    const char *shown = strstr(rendered((struct diag_style){.width = 80}), " 1 | ");
    const char *here = strstr(shown, "HERE"), *caret = strchr(shown, '^');
    assert_int_equal(here - shown, caret - strchr(shown, '\n') - 1);
    assert_int_equal(strspn(caret, "^~"), 4);
}

static void wraps_the_fix(void **state)
{
    (void)state;
    diag_add(&diags, "LF014", "m")->fix =
        "declared models are claude-opus, claude-sonnet, claude-haiku and gpt-4o\nor write it";
    assert_string_equal(rendered((struct diag_style){.width = 40}),
        "error[LF014]: m\n"
        "   = fix: declared models are\n"
        "          claude-opus, claude-sonnet,\n"
        "          claude-haiku and gpt-4o\n"
        "          or write it\n"
        "\n"
        "liteform explain LF014 tells more\n");
}

static void folds_repeats(void **state)
{
    (void)state;
    uint16_t file = source("a", "1\n2\n3\n4\n5\n");
    for (uint32_t line = 5; line > 0; line--)
        diag_at(&diags, "LF011", at(file, line, 1, 0), NULL, "wrong type");
    diag_at(&diags, "LF011", at(file, 2, 1, 0), NULL, "another message");
    diag_add(&diags, "LF012", "range")->address = "team/a";
    diag_add(&diags, "LF012", "range")->address = "team/b";
    const char *before = rendered((struct diag_style){0});
    assert_non_null(strstr(before, "error[LF011]: wrong type (and 4 more)\n  --> a:1:1\n"));
    assert_non_null(strstr(before, "error[LF011]: another message\n  --> a:2:1\n"));
    assert_non_null(strstr(before, "team/a"));
    assert_non_null(strstr(before, "team/b"));
    diags_sort(&diags);
    assert_int_equal(diags.list.count, 4);
    assert_int_equal(diags_errors(&diags), 8);
    assert_string_equal(rendered((struct diag_style){0}), before);
    diags_sort(&diags);
    assert_string_equal(rendered((struct diag_style){0}), before);
    diag_at(&diags, "LF011", at(file, 3, 1, 0), NULL, "wrong type");
    assert_non_null(strstr(rendered((struct diag_style){0}), "wrong type (and 5 more)"));
}

static void sorts_by_place(void **state)
{
    (void)state;
    uint16_t b = source("b", "x\n"), a = source("a", "x\nx\n");
    diag_at(&diags, "LF012", at(b, 1, 1, 0), NULL, "5");
    diag_at(&diags, "LF012", at(a, 2, 1, 0), NULL, "4");
    diag_at(&diags, "LF012", at(a, 1, 2, 0), NULL, "3");
    diag_at(&diags, "LF012", at(a, 1, 1, 0), NULL, "2");
    diag_at(&diags, "LF011", at(a, 1, 1, 0), NULL, "1");
    diag_add(&diags, "LF013", "0");
    diags_sort(&diags);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(diags.list.at[i].message[0], '0' + (int)i);
    diag_set_severity(&diags, &diags.list.at[0], SEVERITY_OFF);
    assert_null(strstr(rendered((struct diag_style){0}), "LF013"));
    assert_null(strstr(rendered_json(), "LF013"));
}

static void shows_at_most(void **state)
{
    (void)state;
    uint16_t file = source("a", "x\n");
    for (int i = 0; i < 60; i++)
        diag_at(&diags, "LF010", at(file, 1, 1, 0), NULL, "m %d", i);
    const char *text = rendered((struct diag_style){0});
    assert_non_null(strstr(text, "m 49\n"));
    assert_null(strstr(text, "m 50\n"));
    assert_non_null(strstr(text, "\n... and 10 more\nliteform explain LF010 tells more\n"));
    text = rendered((struct diag_style){.most = 3});
    assert_null(strstr(text, "m 3\n"));
    assert_non_null(strstr(text, "\n... and 57 more\n"));
}

static void renders_nothing(void **state)
{
    (void)state;
    assert_string_equal(rendered((struct diag_style){0}), "");
    assert_string_equal(rendered_json(), "[]");
}

static void text_is_safe(void **state)
{
    (void)state;
    uint16_t file = source("evil\x1b[2J.yaml", "\x1b]0;x\x07 k\r\n");
    struct diag *diag = diag_at(&diags, "LF010", at(file, 1, 1, 0), "f\x1b[1m", "m\x1b[1m\n");
    diag->also = at(file, 1, 2, 0);
    diag->also_label = "l\x1b";
    diag_add(&diags, "LF010", "x")->address = "model/\x1b";
    const char *text = rendered((struct diag_style){.width = 80});
    assert_null(strpbrk(text, "\x1b\x07\r"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(catalogue_is_in_order),
        TEST(counts_and_finds),
        TEST(keeps_a_bounded_list),
        TEST(finds_lines),
        TEST(renders_as_documented),
        TEST(renders_two_places_and_wide_numbers),
        TEST(renders_without_a_place),
        TEST(renders_colors),
        TEST(aligns_the_caret),
        TEST(underlines_words),
        TEST(windows_long_lines),
        TEST(wraps_the_fix),
        TEST(folds_repeats),
        TEST(sorts_by_place),
        TEST(shows_at_most),
        TEST(renders_nothing),
        TEST(text_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
