/* The parts of client/ that need no server: when to repeat, URLs, diagnostics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "client/answer.h"
#include "client/http.h"
#include "client/retry.h"

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

/* ---------------------------------------------------------------- when to repeat */

static void test_what_is_repeated(void **state)
{
    static const struct {
        enum outcome outcome;
        int status;
        bool told, hopeless, read, write;
    } rows[] = {
        {OUTCOME_UNSENT, 0, false, false, true, true},
        {OUTCOME_UNSENT, 0, false, true, false, false},
        {OUTCOME_LOST, 0, false, false, true, false},
        {OUTCOME_LOST, 200, false, true, false, false},
        {OUTCOME_STOPPED, 0, false, false, false, false},
        {OUTCOME_ANSWERED, 200, false, false, false, false},
        {OUTCOME_ANSWERED, 400, false, false, false, false},
        {OUTCOME_ANSWERED, 401, false, false, false, false},
        {OUTCOME_ANSWERED, 408, false, false, true, false},
        {OUTCOME_ANSWERED, 429, false, false, true, true},
        {OUTCOME_ANSWERED, 500, true, false, false, false},
        {OUTCOME_ANSWERED, 502, true, false, true, false},
        {OUTCOME_ANSWERED, 503, false, false, true, false},
        {OUTCOME_ANSWERED, 503, true, false, true, true},
        {OUTCOME_ANSWERED, 504, true, false, true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct retry_case facts = {
            .outcome = rows[i].outcome,
            .status = rows[i].status,
            .told = rows[i].told,
            .hopeless = rows[i].hopeless,
            .tries = 1,
            .left_ms = 60000,
        };
        int64_t delay = -1;
        assert_int_equal(retry_wanted(&facts, &delay), rows[i].read);
        facts.write = true;
        assert_int_equal(retry_wanted(&facts, &delay), rows[i].write);
        facts.tries = RETRY_TRIES;
        assert_false(retry_wanted(&facts, &delay));
        facts.tries = 1;
        facts.left_ms = 0;
        assert_false(retry_wanted(&facts, &delay));
    }
}

static void test_how_long(void **state)
{
    struct retry_case facts = {.outcome = OUTCOME_UNSENT, .left_ms = 100000};
    static const int64_t most[] = {500, 1000, 2000, 4000};

    (void)state;
    for (unsigned tries = 1; tries < RETRY_TRIES; tries++) {
        int64_t longest = 0, shortest = 100000;
        facts.tries = tries;
        for (uint32_t random = 0; random < 20000; random++) {
            int64_t delay = -1;
            facts.random = random * 2654435761U;
            assert_true(retry_wanted(&facts, &delay));
            longest = delay > longest ? delay : longest;
            shortest = delay < shortest ? delay : shortest;
        }
        assert_in_range(longest, most[tries - 1] * 9 / 10, most[tries - 1]);
        assert_true(shortest < most[tries - 1] / 10);
    }

    int64_t delay = 0;
    facts = (struct retry_case){.outcome = OUTCOME_ANSWERED,
        .status = 429,
        .told = true,
        .told_ms = 60000,
        .tries = 1,
        .left_ms = 100000,
        .random = 4000000001U};
    assert_true(retry_wanted(&facts, &delay));
    assert_in_range(delay, 60000, 60250);
    facts.told_ms = 61000;
    assert_false(retry_wanted(&facts, &delay));
    facts.told_ms = 5000;
    facts.left_ms = 4999;
    assert_false(retry_wanted(&facts, &delay));
}

static void test_retry_after(void **state)
{
    int64_t ms = -1;

    (void)state;
    assert_true(retry_after("0", 0, &ms));
    assert_int_equal(ms, 0);
    assert_true(retry_after("120 ", 0, &ms));
    assert_int_equal(ms, 120000);
    assert_true(retry_after("99999999999999999999999999", 0, &ms));
    assert_true(ms > 60000);
    assert_true(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784111770, &ms));
    assert_int_equal(ms, 7000);
    assert_true(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784111778, &ms));
    assert_int_equal(ms, 0);
    assert_false(retry_after("", 0, &ms));
    assert_false(retry_after("soon", 0, &ms));
    assert_false(retry_after("-1", 0, &ms));
    assert_false(retry_after("1.5", 0, &ms));
    assert_false(retry_after("Sun, 06 Nov 1994 08:49:37 GMT and more", 0, &ms));
}

/* ---------------------------------------------------------------- URLs */

static void test_urls(void **state)
{
    (void)state;
    static const char *const ours[] = {"http://localhost:4000", "https://LOCALHOST",
        "http://127.0.0.1", "http://127.9.8.7:1/x", "http://[::1]:4000", "http://u:p@localhost/",
        "http://pod.localhost.", "http://[::ffff:127.0.0.1]/"};
    static const char *const others[] = {"http://localhost.example.com",
        "http://127.0.0.1.example.com", "http://10.0.0.1", "http://[::2]",
        "http://example.com/127.0.0.1", "http://localhost@example.com", "http://notlocalhost",
        "http://", "", "http://example.com?@localhost", "http://example.com#@127.0.0.1"};

    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        assert_true(answer_is_loopback(ours[i]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(answer_is_loopback(others[i]));
    assert_string_equal(answer_url(arena, "https://u:p@h:1", "/a?b=c@d"), "https://h:1/a?b=c@d");
    assert_string_equal(answer_url(arena, "https://h", ""), "https://h");
    assert_string_equal(answer_url(arena, "https://u:p@x@h", ""), "https://h");
}

/* ---------------------------------------------------------------- answers */

static struct reply read_text(const char *bytes, const char *type)
{
    struct reply reply = {.outcome = OUTCOME_ANSWERED, .status = 200, .content_type = type};
    struct buf buf = BUF_INIT(0);

    buf_str(&buf, bytes);
    answer_read(&reply, arena, NULL, &buf);
    buf_release(&buf);
    return reply;
}

static void test_read(void **state)
{
    (void)state;
    struct reply reply = read_text("{\"a\": [1.50, true]}", NULL);
    assert_non_null(reply.body);
    assert_null(reply.reason);
    assert_int_equal(reply.fault, FAULT_NONE);

    reply = read_text("Internal Server Error", "text/plain; charset=utf-8");
    assert_null(reply.body);
    assert_int_equal(reply.fault, FAULT_TEXT);
    assert_non_null(strstr(reply.reason, "text/plain"));
    assert_string_equal(reply.text, "Internal Server Error");

    assert_string_equal(read_text("  <HTML>", NULL).reason, "the answer is a web page");
    /* Cut between characters, made printable. */
    char *text = arena_alloc(arena, 4001);
    for (size_t i = 0; i < 2000; i++)
        text[2 * i] = (char)0xc3, text[2 * i + 1] = (char)0xa9;
    text[0] = '\x1b', text[1] = '[';
    reply = read_text(text, NULL);
    assert_true(text_starts(reply.text, "\\x1b["));
    assert_string_equal(reply.text + strlen(reply.text) - 2, "\xc3\xa9");
}

/* ---------------------------------------------------------------- diagnostics */

static void assert_fault(struct reply reply, const char *id, const char *says, const char *fix)
{
    struct diags diags = diags_init(arena);

    reply.method = "POST";
    reply.url = "https://proxy.example.com/team/new";
    struct diag *diag = client_fault(&diags, &reply, "the row of the team");
    assert_string_equal(diag->id, id);
    assert_non_null(strstr(diag->message, "POST https://proxy.example.com/team/new"));
    assert_non_null(strstr(diag->message, says));
    assert_non_null(strstr(diag->message, "expected the row of the team"));
    assert_null(strchr(diag->message, '\n'));
    if (fix != NULL)
        assert_non_null(strstr(diag->fix, fix));
    assert_non_null(diag_lookup(id));
    assert_true(strlen(diag_lookup(id)->text) > 150);
}

static struct reply answered(int status, const char *bytes, const char *type)
{
    struct reply reply = read_text(bytes, type);

    reply.status = status;
    return reply;
}

static void test_faults(void **state)
{
    (void)state;
    struct reply reply = {
        .outcome = OUTCOME_UNSENT, .fault = FAULT_CONNECT, .reason = "refused", .tries = 5};

    assert_fault(reply, "LF501", "(5 tries)", "port-forward");
    reply.fault = FAULT_NAME;
    assert_fault(reply, "LF501", "refused", "host");
    reply.fault = FAULT_TLS;
    assert_fault(reply, "LF502", "no TLS session", "ca_file");
    reply.outcome = OUTCOME_LOST;
    reply.fault = FAULT_BROKEN;
    assert_fault(reply, "LF509", "no whole answer", "plan");
    reply.fault = FAULT_LARGE;
    assert_fault(reply, "LF508", "refused", NULL);
    reply.outcome = OUTCOME_STOPPED;
    reply.fault = FAULT_SECRET;
    assert_fault(reply, "LF510", "not sent", "secret");

    static const char error[] = "{\"error\":{\"message\":\"{'error': 'no\\nsuch team'}\"}}";
    assert_fault(answered(401, error, NULL), "LF503", "status 401, no such team",
        "targets.litellm.master_key");
    assert_fault(answered(403, error, NULL), "LF504", "status 403", "master key");
    assert_fault(answered(403, "{\"detail\":\"a LiteLLM Enterprise user\"}", NULL), "LF504",
        "Enterprise", "licence");
    assert_fault(
        answered(404, "{\"detail\":\"Not Found\"}", NULL), "LF505", "Not Found", "version");
    assert_fault(answered(404, "<html><title>404</title>", NULL), "LF507", "404", "gateway");
    assert_fault(answered(429, error, NULL), "LF506", "status 429", "pods");
    assert_fault(answered(502, "<html><title>502 Bad Gateway</title>", "text/html"), "LF506",
        "502 Bad Gateway", "pods");
    assert_fault(answered(422,
                     "{\"detail\":[{\"loc\":[\"body\",\"id\"],\"msg\":\"Field required\"}]}", NULL),
        "LF511", "body.id: Field required", "spec");
    assert_fault(answered(500, "Internal Server Error", "text/plain"), "LF512",
        "Internal Server Error", "log");
    assert_fault(answered(302, "", NULL), "LF507", "status 302", "targets.litellm.url");
    assert_fault(answered(200, "<!DOCTYPE html><title>Sign in</title>", "text/html"), "LF507",
        "Sign in", "gateway");
    assert_fault(answered(200, "[1,", NULL), "LF508", "no usable JSON", "version");
    assert_fault(answered(200, "{\"data\":1}", NULL), "LF508", "does not hold", NULL);
    assert_fault(answered(200, error, NULL), "LF511", "no such team", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_repeated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_how_long, setup, teardown),
        cmocka_unit_test_setup_teardown(test_retry_after, setup, teardown),
        cmocka_unit_test_setup_teardown(test_urls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
