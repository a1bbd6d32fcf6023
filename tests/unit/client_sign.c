/* Signature Version 4: AWS's four examples for S3, and what botocore makes of odd requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "client/aws_sign.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new_secret();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

/* docs.aws.amazon.com, "Authenticating Requests: Using the Authorization Header": the key, the time
   and the bucket of the examples. */
static const struct aws_keys example = {
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL};

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct aws_request request_of(
    const char *method, const char *path, const char *query, const struct strings *headers)
{
    return (struct aws_request){.method = method,
        .host = "examplebucket.s3.amazonaws.com",
        .path = path,
        .query = query,
        .headers = headers,
        .service = "s3",
        .region = "us-east-1",
        .now = 1369353600};
}

static const char *line_of(const struct strings *lines, const char *name)
{
    for (size_t i = 0; i < lines->count; i++) {
        if (text_starts(lines->at[i], name))
            return lines->at[i];
    }
    return NULL;
}

static void check(const struct aws_keys *keys, const struct aws_request *request,
    const char *canonical, const char *signature)
{
    const char *made = NULL, *to_sign = NULL;
    struct strings lines = {0};

    aws_sign_explain(arena, keys, request, &made, &to_sign);
    if (canonical != NULL)
        assert_string_equal(made, canonical);
    aws_sign(arena, keys, request, &lines);
    const char *line = line_of(&lines, "Authorization: ");
    assert_non_null(line);
    assert_string_equal(strstr(line, "Signature=") + 10, signature);
    assert_null(strstr(line, keys->secret));
    assert_null(strstr(made, keys->secret));
    assert_null(strstr(to_sign, keys->secret));
}

static void test_examples(void **state)
{
    (void)state;
    struct strings headers = {0};
    struct strings lines = {0};

    strings_add(arena, &headers, "Range: bytes=0-9");
    struct aws_request request = request_of("GET", "/test.txt", NULL, &headers);
    check(&example, &request,
        "GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\nrange:bytes=0-9\n"
        "x-amz-content-sha256:" EMPTY_HASH "\nx-amz-date:20130524T000000Z\n\n"
        "host;range;x-amz-content-sha256;x-amz-date\n" EMPTY_HASH,
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    aws_sign(arena, &example, &request, &lines);
    assert_int_equal(lines.count, 4);
    assert_string_equal(lines.at[0], "Range: bytes=0-9");
    assert_string_equal(lines.at[1], "x-amz-date: 20130524T000000Z");
    assert_string_equal(lines.at[2], "x-amz-content-sha256: " EMPTY_HASH);
    assert_string_equal(lines.at[3],
        "Authorization: AWS4-HMAC-SHA256 "
        "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");

    headers = (struct strings){0};
    strings_add(arena, &headers, "Date: Fri, 24 May 2013 00:00:00 GMT");
    strings_add(arena, &headers, "x-amz-storage-class: REDUCED_REDUNDANCY");
    request = request_of("PUT", text_encode_path(arena, "/test$file.text"), NULL, &headers);
    request.body = "Welcome to Amazon S3.";
    request.length = strlen(request.body);
    check(&example, &request,
        "PUT\n/test%24file.text\n\ndate:Fri, 24 May 2013 00:00:00 GMT\n"
        "host:examplebucket.s3.amazonaws.com\n"
        "x-amz-content-sha256:44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072\n"
        "x-amz-date:20130524T000000Z\nx-amz-storage-class:REDUCED_REDUNDANCY\n\n"
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class\n"
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");

    request = request_of("GET", "/", "lifecycle", NULL);
    check(&example, &request,
        "GET\n/\nlifecycle=\nhost:examplebucket.s3.amazonaws.com\n"
        "x-amz-content-sha256:" EMPTY_HASH "\nx-amz-date:20130524T000000Z\n\n"
        "host;x-amz-content-sha256;x-amz-date\n" EMPTY_HASH,
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");

    request = request_of("GET", "/", "prefix=J&max-keys=2", NULL);
    check(&example, &request,
        "GET\n/\nmax-keys=2&prefix=J\nhost:examplebucket.s3.amazonaws.com\n"
        "x-amz-content-sha256:" EMPTY_HASH "\nx-amz-date:20130524T000000Z\n\n"
        "host;x-amz-content-sha256;x-amz-date\n" EMPTY_HASH,
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

/* Signatures that botocore 1.43.11 makes at 2026-11-24T08:30:00Z, with the payload's hash as a header. */
static void test_botocore(void **state)
{
    static const struct {
        const char *service, *region, *method, *host, *path, *query, *headers[2], *body, *token,
            *signature;
    } cases[] = {
        {"s3", "eu-central-1", "PUT", "b.s3.eu-central-1.amazonaws.com", "/a b+c.json", "",
            {"If-None-Match: *", NULL}, "{\042a\042:1}", NULL,
            "6cfb28b7a02b1ba2677cb0e377dcfcdda4f3dd5229ebc13acac1dd93d1413530"},
        {"s3", "eu-central-1", "PUT", "b.s3.eu-central-1.amazonaws.com", "/50%2foff", "",
            {"If-None-Match: *", NULL}, "{\042a\042:1}", NULL,
            "14609290c9c7d62d1e183cd6030df963f43c2a09b57216b663ae59f4f980eff9"},
        {"s3", "eu-central-1", "PUT", "b.s3.eu-central-1.amazonaws.com",
            "/\303\244\303\266\303\274/\303\237.json", "", {"If-None-Match: *", NULL},
            "{\042a\042:1}", NULL,
            "a44f4e256c5809460ffac09e7bd790b624db6e3da3582ac221b1e97179461fec"},
        {"s3", "eu-central-1", "PUT", "b.s3.eu-central-1.amazonaws.com", "//double//slash/", "",
            {"If-None-Match: *", NULL}, "{\042a\042:1}", NULL,
            "e1c00aaf1c3100b5f768ad25d83a5f4c48c55c628c5a76f27c6ede0d6216feb9"},
        {"s3", "eu-central-1", "PUT", "b.s3.eu-central-1.amazonaws.com", "/./dots/../up", "",
            {"If-None-Match: *", NULL}, "{\042a\042:1}", NULL,
            "1f5ff5866b3d70b4bc9eb1c37d7e3b783616617745ef88841146c6331dc89dfa"},
        {"s3", "eu-central-1", "PUT", "b.s3.eu-central-1.amazonaws.com", "/tilde~(paren)'*!", "",
            {"If-None-Match: *", NULL}, "{\042a\042:1}", NULL,
            "53800de5635116eb9150e01eff8474893fd5f2d5a16056de66ac2598e5ad6a82"},
        {"s3", "eu-central-1", "PUT", "b.s3.eu-central-1.amazonaws.com", "/=&\077#;,:@$", "",
            {"If-None-Match: *", NULL}, "{\042a\042:1}", NULL,
            "7f1b5ad4890eaff5e555a7120a8646d623ba79a55fffa67f14cbe5505bb03820"},
        {"s3", "eu-central-1", "GET", "127.0.0.1:9000", "/bucket/",
            "list-type=2&prefix=a%2Fb%20c%2B%C3%BC%25&start-after=%C3%A4&versions=", {NULL, NULL},
            "", "token/with+chars==",
            "6546d5347a709218bc563e9aa81f2bedd2987d135d6143c84b83f493d5b6ba7d"},
        {"s3", "us-gov-west-1", "DELETE", "b.s3.eu-central-1.amazonaws.com", "/k",
            "versionId=a.b%2Fc%3D%3D", {"If-Match: \0420123\042", "x-amz-meta-x:   a   b "}, "",
            NULL, "43cd4635129ee007c31e110127447fd42c80218dece2c920c3542bd2b0fca5c8"},
        {"secretsmanager", "ap-southeast-2", "POST", "secretsmanager.ap-southeast-2.amazonaws.com",
            "/", "",
            {"Content-Type: application/x-amz-json-1.1",
                "X-Amz-Target: secretsmanager.GetSecretValue"},
            "{\042SecretId\042:\042x\042}", "tok",
            "44257394bbe4ee584e6ea6b971a14314bdcd7b22c4142e78962b59209fe71245"},
        {"sts", "us-east-1", "POST", "sts.us-east-1.amazonaws.com", "/", "",
            {"Content-Type: application/x-www-form-urlencoded; charset=utf-8", NULL},
            "Action=GetCallerIdentity&Version=2011-06-15", NULL,
            "3cccd1b2c40a25575126fb53defe6be76d67a5495e0cf5b72afe40fc63910248"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct strings headers = {0};
        struct aws_keys keys = {
            "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", cases[i].token};
        for (size_t h = 0; h < 2 && cases[i].headers[h] != NULL; h++)
            strings_add(arena, &headers, cases[i].headers[h]);
        struct aws_request request = {.method = cases[i].method,
            .host = cases[i].host,
            .path = text_encode_path(arena, cases[i].path),
            .query = cases[i].query,
            .headers = &headers,
            .body = cases[i].body,
            .length = strlen(cases[i].body),
            .service = cases[i].service,
            .region = cases[i].region,
            .now = 1795509000};
        check(&keys, &request, NULL, cases[i].signature);
    }
}

static void test_encode(void **state)
{
    (void)state;
    assert_string_equal(text_encode_url(arena, "aZ09-_.~"), "aZ09-_.~");
    assert_string_equal(
        text_encode_url(arena, "a b+c/%2f=&?:@"), "a%20b%2Bc%2F%252f%3D%26%3F%3A%40");
    assert_string_equal(text_encode_url(arena, "\xc3\xa4\x01\x7f\xff"), "%C3%A4%01%7F%FF");
    assert_string_equal(text_encode_url(arena, ""), "");
    assert_string_equal(text_encode_path(arena, "/a b//./../c%"), "/a%20b//./../c%25");
}

/* A name may sort otherwise than "name=value" does; the same name sorts by value. */
static void test_query(void **state)
{
    (void)state;
    const char *canonical = NULL, *to_sign = NULL;
    struct aws_request request = request_of("GET", "/", "a-b=1&a=2&a=10&B=&&c", NULL);

    aws_sign_explain(arena, &example, &request, &canonical, &to_sign);
    assert_true(text_starts(canonical, "GET\n/\nB=&a=10&a=2&a-b=1&c=\nhost:"));
}

static void test_headers(void **state)
{
    (void)state;
    struct strings headers = {0}, lines = {0};
    const char *canonical = NULL, *to_sign = NULL;
    struct aws_keys keys = {"ID", "hidden-secret", "hidden-token"};

    strings_add(arena, &headers, "X-Amz-Meta-B:   one \t two\r\n   three  ");
    strings_add(arena, &headers, "x-amz-meta-a: \"a   b\"");
    strings_add(arena, &headers, "X-AMZ-META-A:second");
    strings_add(arena, &headers, "User-Agent: liteform");
    strings_add(arena, &headers, "Expect:");
    strings_add(arena, &headers, "x-amz-empty:");
    strings_add(arena, &headers, "X-Amz-Meta: prefix of others");
    struct aws_request request = request_of("PUT", "/k", NULL, &headers);
    aws_sign_explain(arena, &keys, &request, &canonical, &to_sign);
    assert_string_equal(canonical,
        "PUT\n/k\n\nhost:examplebucket.s3.amazonaws.com\n"
        "x-amz-content-sha256:" EMPTY_HASH "\nx-amz-date:20130524T000000Z\n"
        "x-amz-empty:\nx-amz-meta:prefix of others\nx-amz-meta-a:\"a b\",second\n"
        "x-amz-meta-b:one two three\nx-amz-security-token:(sensitive)\n\n"
        "host;x-amz-content-sha256;x-amz-date;x-amz-empty;x-amz-meta;x-amz-meta-a;x-amz-meta-b;"
        "x-amz-security-token\n" EMPTY_HASH);
    aws_sign(arena, &keys, &request, &lines);
    assert_non_null(line_of(&lines, "x-amz-security-token: hidden-token"));
    assert_non_null(line_of(&lines, "User-Agent: liteform"));
    for (size_t i = 0; i < lines.count; i++)
        assert_null(strpbrk(lines.at[i], "\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_examples, setup, teardown),
        cmocka_unit_test_setup_teardown(test_botocore, setup, teardown),
        cmocka_unit_test_setup_teardown(test_encode, setup, teardown),
        cmocka_unit_test_setup_teardown(test_query, setup, teardown),
        cmocka_unit_test_setup_teardown(test_headers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
