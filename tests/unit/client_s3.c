#include "client/s3_inner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* What is found in the answers of S3, and where a bucket is looked for. */

static struct xml xml_of(const char *text)
{
    return (struct xml){.at = text, .end = text + strlen(text)};
}

static void assert_found(const char *text, const char *tag, const char *wanted)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct xml xml = xml_of(text);
    const char *found = xml_find(arena, &xml, tag);
    if (wanted == NULL) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_string_equal(found, wanted);
}

static void test_text_of_an_element(void **state)
{
    (void)state;
    assert_found("<Error><Code>NoSuchKey</Code></Error>", "Code", "NoSuchKey");
    assert_found("<a:Error xmlns:a='x'><a:Code b=\">\"> x\n</a:Code></a:Error>", "Code", "x");
    assert_found("<Codes>1</Codes><Code>2</Code>", "Code", "2");
    assert_found("<Code/>", "Code", "");
    assert_found("<!-- <Code>1</Code> --><?x <Code>?><Code>2</Code>", "Code", "2");
    assert_found("<K>a &amp; b&#x41;&#65;&lt;&quot;&apos;&gt;</K>", "K", "a & bAA<\"'>");
    assert_found("<K>&#xfc;&#x20ac;&#x1f600;</K>", "K", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_found(
        "<K>&bogus; &#0; &#xd800; &#x110000; &</K>", "K", "&bogus; &#0; &#xd800; &#x110000; &");
    assert_found("<K>a<![CDATA[<&amp;>]]>b<x/>c</K>", "K", "a<&amp;>bc");
    assert_found("<K>a<K>b</K>c</K>", "K", "abc");
    /* Cut short, or none at all */
    assert_found("<K>a", "K", NULL);
    assert_found("<K>a</K", "K", NULL);
    assert_found("<K a='>a</K>", "K", NULL);
    assert_found("", "K", NULL);
    assert_found("<<<>>>", "K", NULL);
}

static void test_one_after_another(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct xml xml = xml_of("<L><C><K>1</K></C><C><K>2</K></C><C/></L>"), inside;
    static const char *const wanted[] = {"1", "2"};
    for (size_t i = 0; i < 2; i++) {
        assert_true(xml_next(&xml, "C", &inside));
        assert_string_equal(xml_find(arena, &inside, "K"), wanted[i]);
    }
    assert_true(xml_next(&xml, "C", &inside));
    assert_ptr_equal(inside.at, inside.end);
    assert_false(xml_next(&xml, "C", &inside));
    assert_ptr_equal(xml.at, xml.end);
}

struct place_case {
    const char *bucket, *endpoint, *region;
    enum s3_style style;
    const char *base, *authority, *path, *place;
};

static void test_places(void **state)
{
    (void)state;
    static const struct place_case cases[] = {
        {"acme", NULL, "eu-west-1", S3_STYLE_AUTO, "https://acme.s3.eu-west-1.amazonaws.com",
            "acme.s3.eu-west-1.amazonaws.com", "", "https://s3.eu-west-1.amazonaws.com/acme"},
        {"acme", NULL, "eu-west-1", S3_STYLE_PATH, "https://s3.eu-west-1.amazonaws.com",
            "s3.eu-west-1.amazonaws.com", "/acme", "https://s3.eu-west-1.amazonaws.com/acme"},
        /* No certificate of AWS is for a name with one label more. */
        {"acme.state", NULL, "eu-west-1", S3_STYLE_AUTO, "https://s3.eu-west-1.amazonaws.com",
            "s3.eu-west-1.amazonaws.com", "/acme.state",
            "https://s3.eu-west-1.amazonaws.com/acme.state"},
        {"acme", NULL, "cn-north-1", S3_STYLE_AUTO, "https://acme.s3.cn-north-1.amazonaws.com.cn",
            "acme.s3.cn-north-1.amazonaws.com.cn", "",
            "https://s3.cn-north-1.amazonaws.com.cn/acme"},
        {"acme", "http://127.0.0.1:9000", "x", S3_STYLE_AUTO, "http://127.0.0.1:9000",
            "127.0.0.1:9000", "/acme", "http://127.0.0.1:9000/acme"},
        {"acme", "https://s3.example.com:443/", "x", S3_STYLE_AUTO, "https://s3.example.com",
            "s3.example.com", "/acme", "https://s3.example.com/acme"},
        {"acme", "http://s3.example.com:80/base", "x", S3_STYLE_AUTO, "http://s3.example.com",
            "s3.example.com", "/base/acme", "http://s3.example.com/base/acme"},
        {"acme", "https://s3.example.com:9000", "x", S3_STYLE_HOST,
            "https://acme.s3.example.com:9000", "acme.s3.example.com:9000", "",
            "https://s3.example.com:9000/acme"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct place_case *c = &cases[i];
        CLEANUP_ARENA struct arena *arena = arena_new();
        struct diags diags = diags_init(arena);
        struct aws *aws = aws_new(&(struct aws_options){.region = c->region});
        struct s3 *s3 = s3_new(aws,
            &(struct s3_options){.bucket = c->bucket, .endpoint = c->endpoint, .style = c->style});
        const char *place = s3_place(s3, &diags);
        assert_non_null(place);
        assert_string_equal(place, c->place);
        assert_string_equal(s3->base, c->base);
        assert_string_equal(s3->authority, c->authority);
        assert_string_equal(s3->path, c->path);
        s3_free(s3);
        aws_free(aws);
    }
}

static void test_no_place(void **state)
{
    (void)state;
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct diags diags = diags_init(arena);
    struct aws *aws = aws_new(&(struct aws_options){.region = "x"});
    struct s3 *s3 = s3_new(aws, &(struct s3_options){.bucket = "b", .endpoint = "s3.example.com"});
    assert_null(s3_place(s3, &diags));
    assert_true(diags_has(&diags, "LF447"));
    s3_free(s3);
    aws_free(aws);
}

/* What may have been written although no success came back. */
static void test_fate_of_a_write(void **state)
{
    (void)state;
    static const struct {
        enum outcome outcome;
        int status;
        const char *code;
        bool unknown;
    } cases[] = {
        {OUTCOME_UNSENT, 0, NULL, false},
        {OUTCOME_LOST, 0, NULL, true},
        {OUTCOME_ANSWERED, 403, "AccessDenied", false},
        {OUTCOME_ANSWERED, 409, "ConditionalRequestConflict", true},
        {OUTCOME_ANSWERED, 500, "InternalError", true},
        {OUTCOME_ANSWERED, 501, "NotImplemented", false},
        {OUTCOME_ANSWERED, 503, "SlowDown", false},
        {OUTCOME_ANSWERED, 503, "ServiceUnavailable", true},
        {OUTCOME_ANSWERED, 504, NULL, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct s3_answer answer = {
            .reply = {.outcome = cases[i].outcome, .status = cases[i].status},
            .code = cases[i].code};
        assert_int_equal(s3_is_unknown(&answer), cases[i].unknown);
    }
}

int main(void)
{
    static const char *const names[] = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL",
        "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_PROFILE"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    setenv("HOME", "/nonexistent", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_of_an_element),
        cmocka_unit_test(test_one_after_another),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_no_place),
        cmocka_unit_test(test_fate_of_a_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
