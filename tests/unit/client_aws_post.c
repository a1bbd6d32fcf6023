/* What does not depend on a source: region, endpoint, clock, signed calls and their errors. */
#include "unit/aws_fixture.h"
#include "value/read.h"

/* ------------------------------------------------------------------ region, endpoint, clock */

static const char *region_of(const struct aws_options *options)
{
    aws_free(aws);
    aws = aws_new(options);
    return aws_region(aws, &diags);
}

static void test_region(void **state)
{
    (void)state;
    assert_null(region_of(NULL));
    assert_true(diags_has(&diags, "LF703"));
    write_file(".aws/config", "[default]\nregion = eu-west-1\nca_bundle = /ca.pem\n"
                              "services = local\n[services local]\ns3 =\n  endpoint_url = "
                              "http://127.0.0.1:1//\n[profile p]\nregion = eu-west-2\n"
                              "endpoint_url = https://all.example.org\n");
    assert_string_equal(region_of(NULL), "eu-west-1");
    assert_string_equal(aws_ca_file(aws), "/ca.pem");
    assert_string_equal(aws_endpoint(aws, "s3"), "http://127.0.0.1:1");
    assert_null(aws_endpoint(aws, "ssm"));
    assert_string_equal(region_of(&(struct aws_options){.profile = "p"}), "eu-west-2");
    assert_string_equal(aws_endpoint(aws, "ssm"), "https://all.example.org");
    setenv("AWS_DEFAULT_REGION", "us-east-2", 1);
    assert_string_equal(region_of(NULL), "us-east-2");
    setenv("AWS_REGION", "us-west-2", 1);
    assert_string_equal(region_of(NULL), "us-west-2");
    assert_string_equal(region_of(&(struct aws_options){.region = "r"}), "r");
    setenv("AWS_ENDPOINT_URL", "http://all/", 1);
    assert_string_equal(aws_endpoint(aws, "s3"), "http://all");
    assert_string_equal(aws_endpoint(aws, "secretsmanager"), "http://all");
    setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://secrets", 1);
    assert_string_equal(aws_endpoint(aws, "secretsmanager"), "http://all"); /* asked once */
    region_of(NULL);
    assert_string_equal(aws_endpoint(aws, "secretsmanager"), "http://secrets");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    region_of(NULL);
    assert_null(aws_endpoint(aws, "secretsmanager"));
    setenv("AWS_CA_BUNDLE", "/other.pem", 1);
    region_of(NULL);
    assert_string_equal(aws_ca_file(aws), "/other.pem");
    /* What is said already needs no file, broken or not; else the file is to be mended. */
    write_file(".aws/config", "broken\n");
    assert_string_equal(region_of(NULL), "us-west-2");
    unsetenv("AWS_REGION");
    unsetenv("AWS_DEFAULT_REGION");
    size_t before = diags.list.count;
    assert_null(region_of(NULL));
    assert_int_equal(diags.list.count, before + 1);
    assert_string_equal(diags.list.at[before].id, "LF702");

    assert_string_equal(aws_host(arena, "s3", "eu-west-1"), "s3.eu-west-1.amazonaws.com");
    assert_string_equal(aws_host(arena, "sts", "cn-north-1"), "sts.cn-north-1.amazonaws.com.cn");
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    assert_string_equal(aws_host(arena, "ssm", "us-east-1"), "ssm-fips.us-east-1.amazonaws.com");
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
    assert_string_equal(
        aws_host(arena, "s3", "us-east-1"), "s3-fips.dualstack.us-east-1.amazonaws.com");
    assert_string_equal(aws_host(arena, "sts", "us-east-1"), "sts-fips.us-east-1.api.aws");
}

static void test_clock(void **state)
{
    (void)state;
    aws = aws_new(NULL);
    assert_int_equal(aws_clock_offset(aws), 0);
    assert_false(aws_clock_seen(aws, NULL));
    assert_false(aws_clock_seen(aws, "yesterday"));
    for (int round = 0; round < 3; round++) {
        static const int offsets[] = {20, 3600, 0};
        assert_int_equal(clock_of_service(offsets[round]), round > 0);
        assert_in_range(aws_clock_offset(aws), round == 1 ? 3595 : 0, round == 1 ? 3600 : 0);
        assert_in_range(aws_now(aws) - clock_now(), round == 1 ? 3595 : 0, 3600);
    }
}

/* ------------------------------------------------------------------ calls */

static struct exchange *exchange;

static struct exchange_reply call(const char *target, const char *body, bool write)
{
    struct buf text = BUF_INIT(0);
    buf_str(&text, body);
    struct aws_call call = {.service = target == NULL ? "sts" : "secretsmanager",
        .region = "us-east-1",
        .target = target,
        .body = &text,
        .write = write};
    struct exchange_reply reply = aws_post(aws, exchange, arena, &call, &diags);
    buf_release(&text);
    return reply;
}

static int64_t sent(const char *service)
{
    const char *reason = NULL, *text = control("log", NULL);
    const struct node *log = json_read(arena, text, strlen(text), &reason);
    int64_t count = 0;

    for (uint32_t i = 0; log != NULL && i < log->count; i++)
        count += text_equal(node_get_text(log->items[i], "service"), service);
    return count;
}

#define GET "secretsmanager.GetSecretValue"
#define ASK "{\"SecretId\": \"s\"}"

static void test_post(void **state)
{
    (void)state;
    admin_environment();
    setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", standin.url, 1);
    exchange = exchange_new();
    aws = aws_new(NULL);
    control("secrets", "{\"name\": \"s\", \"value\": \"v\"}");
    struct exchange_reply reply = call(GET, ASK, false);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"SecretString\": \"v\""));
    reply = call(NULL, "Action=GetCallerIdentity&Version=2011-06-15", false);
    assert_non_null(strstr(reply.body, "user/admin"));

    control("faults", "{\"match\": {\"service\": \"secretsmanager\"}, \"times\": 2, \"do\": "
                      "{\"error\": \"ThrottlingException\", \"status\": 400}}");
    int64_t before = sent("secretsmanager");
    assert_int_equal(call(GET, ASK, true).status, 200); /* throttled was not carried out */
    assert_int_equal(sent("secretsmanager") - before, 3);
    control("faults",
        "{\"match\": {\"service\": \"secretsmanager\"}, \"times\": 1, \"do\": {\"status\": 500}}");
    assert_int_equal(call(GET, ASK, false).status, 200);
    control("faults",
        "{\"match\": {\"service\": \"secretsmanager\"}, \"times\": 1, \"do\": {\"status\": 500}}");
    before = sent("secretsmanager");
    assert_int_equal(call(GET, ASK, true).status, 500);
    assert_int_equal(sent("secretsmanager") - before, 1);
    control("faults", "{\"match\": {\"service\": \"secretsmanager\"}, \"times\": 1, \"do\": "
                      "{\"before\": \"drop\"}}");
    assert_int_equal(call(GET, ASK, true).outcome, OUTCOME_LOST);
    control("faults", "{\"match\": {\"service\": \"secretsmanager\"}, \"times\": 1, \"do\": "
                      "{\"before\": \"drop\"}}");
    assert_int_equal(call(GET, ASK, false).status, 200);

    /* An hour off: once refused, then with their time. */
    control("clock", "{\"offset_s\": 3600}");
    before = sent("secretsmanager");
    assert_int_equal(call(GET, ASK, true).status, 200);
    assert_int_equal(sent("secretsmanager") - before, 2);
    assert_in_range(aws_clock_offset(aws), 3590, 3610);
    assert_int_equal(call(GET, ASK, true).status, 200);
    assert_int_equal(sent("secretsmanager") - before, 3);
    assert_int_equal(diags.list.count, 0);
    exchange_free(exchange);
}

static void test_post_expired(void **state)
{
    (void)state;
    control("roles", "{\"name\": \"r\"}");
    control("secrets", "{\"name\": \"s\", \"value\": \"v\"}");
    admin_files("[profile r]\nrole_arn = " ROLE("r") "\nsource_profile = admin\n");
    setenv("AWS_PROFILE", "r", 1);
    setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", standin.url, 1);
    exchange = exchange_new();
    aws = aws_new(NULL);
    assert_int_equal(call(GET, ASK, false).status, 200);
    control("expire", "{}");
    int64_t before = sent("secretsmanager");
    assert_int_equal(call(GET, ASK, true).status, 200);
    assert_int_equal(sent("secretsmanager") - before, 2);
    /* Where new ones help as little, it is asked once and not for ever. */
    control("faults", "{\"match\": {\"service\": \"secretsmanager\"}, \"do\": "
                      "{\"error\": \"ExpiredTokenException\", \"status\": 400}}");
    before = sent("secretsmanager");
    assert_int_equal(call(GET, ASK, false).status, 400);
    assert_int_equal(sent("secretsmanager") - before, 2);
    exchange_free(exchange);
    exchange = exchange_new();
    setenv("AWS_PROFILE", "nobody", 1);
    aws_free(aws);
    aws = aws_new(NULL);
    struct exchange_reply reply = call(GET, ASK, false);
    assert_int_equal(reply.outcome, OUTCOME_UNSENT);
    assert_true(reply.hopeless);
    assert_true(diags_has(&diags, "LF702"));
    exchange_free(exchange);
}

static struct aws_error error_of(const char *body)
{
    return aws_error_read(arena, body, strlen(body));
}

static void test_errors(void **state)
{
    (void)state;
    struct aws_error error =
        error_of("{\"__type\": \"com.amazon#NotFound\", \"Message\": \"a\\nb\"}");
    assert_string_equal(error.code, "NotFound");
    assert_null(strchr(error.message, '\n'));
    error = error_of("<?xml?><ErrorResponse><Error><Code>SlowDown</Code><Message>a &lt;b&gt; "
                     "&amp;quot;</Message></Error></ErrorResponse>");
    assert_true(aws_error_is_throttle(&error));
    assert_string_equal(error.message, "a <b> &quot;");
    assert_string_equal(error_of("").code, "");
    assert_string_equal(error_of("<Code>open").code, "");
    assert_string_equal(error_of("<Code><Code></Code>").code, "");
    assert_string_equal(error_of("{\"__type\":").code, "");
    assert_string_equal(error_of("502").message, "");
    error =
        error_of("<Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired: 2 is now "
                 "earlier than 1</Message></Error>");
    assert_true(aws_error_is_clock(&error));
    error = error_of("<Error><Code>SignatureDoesNotMatch</Code><Message>check</Message></Error>");
    assert_false(aws_error_is_clock(&error));
    error = error_of("{\"__type\": \"ExpiredTokenException\"}");
    assert_true(aws_error_is_expired(&error));
    assert_false(aws_error_is_throttle(&error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_region), TEST(test_clock), TEST(test_post),
        TEST(test_post_expired), TEST(test_errors)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
