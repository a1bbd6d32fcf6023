/* PostgreSQL: connection strings and columns always, a session where there is a server
   (LITEFORM_TEST_DATABASE: its connection string). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "client/pg.h"
#include "client/pg_value.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static void assert_clean(const char *url, const char *clean, const char *schema)
{
    const char *found = NULL;
    char *cleaned = pg_url_clean(arena, url, &found);

    if (clean == NULL) {
        assert_null(cleaned);
        return;
    }
    assert_string_equal(cleaned, clean);
    if (schema == NULL)
        assert_null(found);
    else
        assert_string_equal(found, schema);
}

static void test_url(void **state)
{
    (void)state;
    assert_clean("postgresql://u:p@h:5432/db", "postgresql://u:p@h:5432/db", NULL);
    assert_clean("postgres://u:p@h/db?schema=llm&connection_limit=10&pool_timeout=60",
        "postgres://u:p@h/db", "llm");
    assert_clean("postgresql://u:p@h/db?connection_limit=1&sslmode=require&pgbouncer=true",
        "postgresql://u:p@h/db?sslmode=require", NULL);
    assert_clean(
        "postgresql:///db?host=/run/pg&schema=a%20b%2", "postgresql:///db?host=/run/pg", "a b%2");
    assert_clean("postgresql://h/db?sslaccept=strict&sslidentity=c.p12&socket_timeout=3"
                 "&statement_cache_size=0&sslcert=ca.pem",
        "postgresql://h/db?sslrootcert=ca.pem", NULL);
    assert_clean("postgresql://h/db?sslcert=c.pem&sslkey=k.pem",
        "postgresql://h/db?sslcert=c.pem&sslkey=k.pem", NULL);
    assert_clean("postgresql://h/db?%73chema=x&&=", "postgresql://h/db?=", "x");

    assert_clean("host=h dbname=db schema=llm", "host=h dbname=db", "llm");
    assert_clean("schema = 'a \\' b' password = 'p w\\'' pgbouncer=true host=h",
        "password = 'p w\\'' host=h", "a ' b");
    assert_clean("password='never ends", NULL, NULL);
    assert_clean("nonsense", NULL, NULL);
    assert_clean("=x", NULL, NULL);
    assert_clean("host= dbname=db", "host= dbname=db", NULL);
    assert_clean("", "", NULL);
}

static const char *shown(struct node *node)
{
    return node != NULL ? node_json_text(arena, node) : "(none)";
}

static void assert_column(unsigned type, const char *text, const char *json)
{
    size_t length = text != NULL ? strlen(text) : 0;

    assert_string_equal(shown(pg_value(arena, type, text, length)), json);
}

static void test_columns(void **state)
{
    (void)state;
    assert_column(16, "t", "true");
    assert_column(16, "f", "false");
    assert_column(16, NULL, "null");
    assert_column(20, "-9223372036854775808", "-9223372036854775808");
    assert_column(701, "1e-06", "0.000001");
    assert_column(1700, "10.00", "10");
    assert_column(1700, "NaN", "\"NaN\"");
    assert_column(701, "-Infinity", "\"-Infinity\"");
    assert_column(25, "plain", "\"plain\"");
    assert_column(1114, "2026-11-24 08:30:00", "\"2026-11-24 08:30:00\"");
    assert_column(3802, "{\"a\": [1, 2.50]}", "{\"a\":[1,2.5]}");
    assert_column(114, "{\"a\": 1, \"a\": 2}", "\"{\\\"a\\\": 1, \\\"a\\\": 2}\"");
    assert_column(1009, "{a,\"b c\",NULL}", "[\"a\",\"b c\",null]");
    assert_column(1009, "no array", "\"no array\"");
    assert_column(1007, "{1,-2}", "[1,-2]");
    assert_column(1000, "{t,f}", "[true,false]");
    assert_column(3807, "{\"{\\\"a\\\": 1}\",NULL}", "[{\"a\":1},null]");
}

static void test_arrays(void **state)
{
    (void)state;
    assert_string_equal(shown(pg_array(arena, 25, "{}")), "[]");
    assert_string_equal(shown(pg_array(arena, 25, "{\"\"}")), "[\"\"]");
    assert_string_equal(shown(pg_array(arena, 25, "{\"NULL\",null}")), "[\"NULL\",null]");
    assert_string_equal(shown(pg_array(arena, 25, "{\"q\\\"x\\\\y\",a\\,b,\"{,}\"}")),
        "[\"q\\\"x\\\\y\",\"a,b\",\"{,}\"]");
    assert_string_equal(
        shown(pg_array(arena, 25, "{{a,b},{c,d}}")), "[[\"a\",\"b\"],[\"c\",\"d\"]]");
    assert_string_equal(shown(pg_array(arena, 23, "[0:1]={7,8}")), "[7,8]");
    static const char *const bad[] = {"", "{", "{a", "{a,}", "{,a}", "{a}}", "{a}b", "a", "{\"a}",
        "{a\\", "{\"a\\", "{a{b}}", "{a\"b\"}", "[0:1]", "{{{{{{{{a}}}}}}}}", "{\"a\"b}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_null(pg_array(arena, 25, bad[i]));
}

/* ---------------------------------------------------------------- without a server */

static void test_unreachable(void **state)
{
    static const char *const urls[] = {"postgresql://user:hunter22@127.0.0.1:1/db",
        "host=127.0.0.1 port=1 password=hunter22 dbname=db", "postgresql://u:hunter22@h:port/db",
        "postgresql://u:hunter22@h/db?no_such_parameter=1", "hunter22", "password='hunter22",
        "mysql://user:hunter22@h/db"};

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        const char *reason = NULL;
        assert_null(sql_open(arena, urls[i], 1000, &reason));
        assert_non_null(reason);
        assert_null(strstr(reason, "hunter22"));
        assert_null(strchr(reason, '\n'));
    }
}

/* ---------------------------------------------------------------- with one */

static struct sql *open_or_skip(const char *more)
{
    const char *url = getenv("LITEFORM_TEST_DATABASE");
    const char *reason = NULL;

    if (url == NULL || *url == '\0')
        skip();
    struct sql *sql = sql_open(arena, arena_printf(arena, "%s%s", url, more), 2000, &reason);
    if (sql == NULL)
        fail_msg("%s", reason);
    return sql;
}

struct rows {
    size_t count;
    const char *last;
};

static void take_row(void *context, struct arena *scratch, const struct node *row)
{
    struct rows *rows = context;

    (void)scratch;
    rows->count++;
    rows->last = node_json_text(arena, row);
}

static void test_query(void **state)
{
    struct sql *sql = open_or_skip("");
    struct rows rows = {0};
    const char *reason = NULL;

    (void)state;
    assert_true(sql_query(sql, arena,
        "SELECT 1 AS i, 1.50::numeric AS d, 1e-06::float8 AS f, true AS b, NULL::text AS n, "
        "ARRAY['a b', 'c\"d', NULL] AS l, '{\"k\": 1}'::jsonb AS j, "
        "'2026-11-24 08:30:00'::timestamp AS t",
        take_row, &rows, &reason));
    assert_string_equal(rows.last,
        "{\"b\":true,\"d\":1.5,\"f\":0.000001,\"i\":1,\"j\":{\"k\":1},"
        "\"l\":[\"a b\",\"c\\\"d\",null],\"n\":null,\"t\":\"2026-11-24 08:30:00\"}");

    rows.count = 0;
    assert_true(sql_query(
        sql, arena, "SELECT g FROM generate_series(1, 50000) g", take_row, &rows, &reason));
    assert_int_equal(rows.count, 50000);

    static const char *const refused[] = {"CREATE TABLE liteform_never (a int)",
        "SELECT 1; SELECT 2", "SELECT nextval('liteform_none')", "SELEC", "SELECT pg_sleep(60)",
        "SELECT 1 / (3 - g) FROM generate_series(1, 5) g"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        int64_t began = clock_ms();
        reason = NULL;
        assert_false(sql_query(sql, arena, refused[i], take_row, &rows, &reason));
        assert_non_null(reason);
        assert_true(clock_ms() - began < 6000);
        /* The session is fit for the next statement. */
        rows.count = 0;
        assert_true(sql_query(sql, arena, "SELECT 1", take_row, &rows, &reason));
        assert_int_equal(rows.count, 1);
    }
    sql_close(sql);
}

static void test_read_only(void **state)
{
    struct sql *sql = open_or_skip("");
    struct rows rows = {0};
    const char *reason = NULL;

    (void)state;
    assert_true(sql_query(sql, arena,
        "SELECT current_setting('transaction_read_only') AS r, "
        "current_setting('default_transaction_read_only') AS d, "
        "current_setting('statement_timeout') AS t, current_setting('application_name') AS a",
        take_row, &rows, &reason));
    assert_string_equal(rows.last, "{\"a\":\"liteform\",\"d\":\"on\",\"r\":\"on\",\"t\":\"2s\"}");
    assert_false(sql_query(sql, arena, "CREATE TEMP TABLE x (a int)", take_row, &rows, &reason) &&
                 sql_query(sql, arena, "SELECT * FROM x", take_row, &rows, &reason));
    sql_close(sql);
}

static void test_facts(void **state)
{
    struct sql *sql = open_or_skip("");

    (void)state;
    assert_int_equal(sql_columns(sql, arena, "liteform_none")->count, 0);
    assert_int_equal(sql_columns(sql, arena, "no \"such\" table; SELECT 1")->count, 0);
    const char *columns = node_json_text(arena, sql_columns(sql, arena, "pg_database"));
    assert_non_null(strstr(columns, "\"datname\""));
    const char *identity = sql_identity(sql, arena);
    assert_true(strchr(identity, '/') != NULL || strchr(identity, '@') != NULL);
    sql_close(sql);

    const char *url = getenv("LITEFORM_TEST_DATABASE");
    sql = open_or_skip(strchr(url, '?') != NULL ? "&schema=information_schema&connection_limit=3"
                                                : "?schema=information_schema&connection_limit=3");
    assert_true(sql_columns(sql, arena, "tables")->count > 5);
    sql_close(sql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_url, setup, teardown),
        cmocka_unit_test_setup_teardown(test_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arrays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unreachable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_query, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_facts, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
