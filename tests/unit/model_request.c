/* The message of an error, in the shapes that were recorded on a real LiteLLM 1.81.15 and 1.106. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "model/request.h"
#include "value/read.h"

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

static const char *message(int status, const char *text)
{
    const char *reason = NULL;
    struct reply reply = {.outcome = OUTCOME_ANSWERED, .status = status, .text = text};

    reply.body = json_read(arena, text, strlen(text), &reason);
    reply.reason = reply.body == NULL ? "the answer is no usable JSON" : NULL;
    return reply_message(arena, &reply);
}

static void test_shapes(void **state)
{
    (void)state;
    assert_string_equal(
        message(404, "{\"error\":{\"message\":\"Model nope not found on proxy.\",\"type\":\"x\"}}"),
        "Model nope not found on proxy.");
    assert_string_equal(
        message(404, "{\"error\":{\"message\":\"{'message': 'Team not found, passed "
                     "team id: nope.'}\",\"code\":\"404\"}}"),
        "Team not found, passed team id: nope.");
    assert_string_equal(
        message(400, "{\"error\":{\"message\":\"{'error': \\\"User id does not exist "
                     "in 'LiteLLM_UserTable'.\\\"}\"}}"),
        "User id does not exist in 'LiteLLM_UserTable'.");
    assert_string_equal(
        message(404, "{\"detail\":{\"error\":\"Team not found, passed team_id=nope\"}}"),
        "Team not found, passed team_id=nope");
    assert_string_equal(
        message(400, "{\"detail\":\"team_id is required\"}"), "team_id is required");
    assert_string_equal(
        message(422, "{\"detail\":[{\"type\":\"missing\",\"loc\":[\"body\",\"members\",0,\"id\"],"
                     "\"msg\":\"Field required\",\"input\":{\"key\":\"sk-secret\"}}]}"),
        "body.members[0].id: Field required");
    assert_string_equal(message(422, "{\"detail\":[{\"msg\":\"a\"},{\"msg\":\"b\"},{\"msg\":\"c\"},"
                                     "{\"msg\":\"d\"},{\"msg\":\"e\"}]}"),
        "a; b; c; and 2 more");
    assert_string_equal(message(500, "Internal Server Error"), "Internal Server Error");
    assert_string_equal(message(500, "\"Internal Server Error\""), "Internal Server Error");
    assert_string_equal(message(200, "{\"error\":\"no db\"}"), "no db");
    assert_string_equal(message(403, "{\"kind\":\"Status\",\"message\":\"pods is forbidden\"}"),
        "pods is forbidden");
    assert_string_equal(
        message(502, "<html>\n<head><title>502 Bad\n Gateway</title></head>"), "502 Bad Gateway");
}

static void test_dict_text(void **state)
{
    (void)state;
    assert_string_equal(message(403, "{\"error\":{\"message\":\"{'error': 'Needs a licence. "
                                     "\\\\nPricing: here \\\\'x\\\\' \\\\\\\\y'}\"}}"),
        "Needs a licence. Pricing: here 'x' \\y");
    assert_string_equal(
        message(500, "{\"error\":{\"message\":\"Internal Server Error, {'error': 'x y'}\"}}"),
        "x y");
    assert_string_equal(
        message(400, "{\"error\":{\"message\":\"{'error': {'message': 'inner', 'a': 1}}\"}}"),
        "inner");
    assert_string_equal(message(400, "{\"error\":{\"message\":\"{'error': 'never ends\"}}"),
        "{'error': 'never ends");
    assert_string_equal(message(400, "{\"error\":{\"message\":\"{'error': 5}\"}}"), "{'error': 5}");
    assert_string_equal(
        message(400, "{\"error\":{\"message\":\"{'other': 'x'} {\"}}"), "{'other': 'x'} {");
    assert_string_equal(
        message(400, "{\"error\":{\"message\":\"a {b} {'error': 'found'}\"}}"), "found");
}

static void test_odd_ones(void **state)
{
    (void)state;
    assert_string_equal(message(500, "{\"error\":{}}"), "status 500 without a message");
    assert_string_equal(message(500, "{\"error\":null,\"detail\":\"d\"}"), "d");
    assert_string_equal(message(500, "{\"error\":\"\",\"message\":\"m\"}"), "m");
    assert_string_equal(message(500, "{\"detail\":[]}"), "status 500 without a message");
    assert_string_equal(message(500, "\"\""), "status 500 without a message");
    assert_string_equal(message(500, "{\"error\":\" \\n \"}"), "status 500 without a message");
    assert_string_equal(message(500, "<title> </title>"), "the answer is no usable JSON");
    assert_string_equal(message(500, "  \n "), "the answer is no usable JSON");
    assert_string_equal(
        message(400, "{\"detail\":\"a\\n\\tb \\u001b[31mred\"}"), "a b \\x1b[31mred");
    struct reply none = {.outcome = OUTCOME_UNSENT, .reason = "connection\nrefused"};
    assert_string_equal(reply_message(arena, &none), "connection refused");
    assert_string_equal(
        reply_message(arena, &(struct reply){.outcome = OUTCOME_LOST}), "no answer");

    /* At most 300 characters, counted as characters. */
    char *text = arena_alloc(arena, 1000);
    for (size_t i = 0; i < 300; i++)
        text[2 * i] = (char)0xc3, text[2 * i + 1] = (char)0xa9;
    assert_int_equal(strlen(message(500, text)), 600);
    text[600] = 'x';
    const char *cut = message(500, text);
    assert_int_equal(strlen(cut), 297 * 2 + 3);
    assert_true(text_ends(cut, "\xc3\xa9..."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shapes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dict_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_odd_ones, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
