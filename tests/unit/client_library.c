/* Libraries that are loaded when needed: found, not there, and without a function that is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "client/library.h"

#include <math.h>

#define FUNCTIONS(X) X(cos) X(floor)
#define MEMBER(name) __typeof__(name) *name;
#define NAME(name) #name,

static struct {
    FUNCTIONS(MEMBER)
} m;
static const char *const names[] = {FUNCTIONS(NAME)};

static void loaded(void **state)
{
    struct library library = LIBRARY("libm.so.6", "libc6", names, m);

    (void)state;
    assert_int_equal(library.count, 2);
    assert_true(library_load(&library));
    assert_string_equal(library.missing, "");
    assert_true(m.cos(0) == 1 && m.floor(2.5) == 2);
}

static void not_there(void **state)
{
    struct library library = LIBRARY("libliteform-none.so.4", "libnone4", names, m);
    struct library unknown = LIBRARY("libliteform-none.so.4", "", names, m);

    (void)state;
    assert_false(library_load(&library));
    assert_true(text_starts(library.missing,
        "libliteform-none.so.4 of the package libnone4 cannot be used: libliteform-none.so.4: "));
    assert_false(library_load(&unknown));
    assert_true(text_starts(unknown.missing, "libliteform-none.so.4 cannot be used: "));
}

static void lacks_a_function(void **state)
{
    static const char *const others[] = {"cos", "liteform_no_such_function"};
    struct library library = LIBRARY("libm.so.6", "libc6", others, m);

    (void)state;
    assert_false(library_load(&library));
    assert_non_null(strstr(library.missing, "liteform_no_such_function"));
}

static void as_a_diagnostic(void **state)
{
    struct arena *arena = arena_new();
    struct diags diags = diags_init(arena);

    (void)state;
    struct diag *diag = library_fault(&diags, "libnone.so.4 cannot be used: 100%s");
    assert_string_equal(diag->id, "LF630");
    assert_string_equal(diag->message, "libnone.so.4 cannot be used: 100%s");
    assert_non_null(diag->fix);
    assert_int_equal(diags_errors(&diags), 1);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loaded),
        cmocka_unit_test(not_there),
        cmocka_unit_test(lacks_a_function),
        cmocka_unit_test(as_a_diagnostic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
