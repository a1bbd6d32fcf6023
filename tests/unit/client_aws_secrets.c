/* References to Secrets Manager and the parameter store: batches, rights, regions, what is missing. */
#include "unit/aws_fixture.h"

#include "client/aws_secrets.h"
#include "value/read.h"

static struct secrets *secrets;
static struct aws_secrets *source;

static void open_with(const char *fallback_region)
{
    secrets = secrets_free(secrets);
    source = aws_secrets_free(source);
    aws = aws_free(aws);
    aws = aws_new(NULL);
    source = aws_secrets_new(aws, fallback_region);
    secrets = secrets_new(&(struct secrets_options){.guarded = false});
    aws_secrets_attach(source, secrets);
}

static int begin(void **state)
{
    if (setup(state) != 0)
        return -1;
    admin_environment();
    setenv("AWS_REGION", "us-east-1", 1);
    setenv("AWS_ENDPOINT_URL", standin.url, 1);
    open_with(NULL);
    return 0;
}

static int end(void **state)
{
    secrets = secrets_free(secrets);
    source = aws_secrets_free(source);
    return teardown(state);
}

static const char *value(const char *reference)
{
    const char *reason = NULL, *found = secrets_value(secrets, reference, &reason);

    if (found == NULL)
        fail_msg("%s: %s", reference, reason);
    return found;
}

static const char *refusal(const char *reference)
{
    const char *reason = NULL;

    assert_null(secrets_value(secrets, reference, &reason));
    assert_non_null(reason);
    assert_null(strstr(reason, "hidden"));
    return arena_strdup(arena, reason);
}

/** How many requests with this action ("secretsmanager:GetSecretValue") there were. */
static int64_t asked(const char *action)
{
    const char *reason = NULL, *text = control("stats", NULL);
    const struct node *stats = json_read(arena, text, strlen(text), &reason);
    return node_get_int(node_get(stats, "by_action"), action, 0);
}

#define ONE "secretsmanager:GetSecretValue"
#define MANY "secretsmanager:BatchGetSecretValue"
#define PARAMETERS "ssm:GetParameters"

static void make_secret(const char *name, const char *region, const char *text)
{
    struct node *given = node_map(arena);

    node_set_string(arena, given, "name", name);
    node_set_string(arena, given, "region", region);
    node_set_string(arena, given, "value", text);
    control("secrets", node_json_text(arena, given));
}

static void test_values(void **state)
{
    (void)state;
    make_secret("plain", "us-east-1", "hidden-plain\n");
    make_secret("db", "us-east-1",
        "{\"user\": \"hidden-user\", \"password\": \"hidden \\u00fc\", \"port\": 5432, \"tls\": "
        "true,"
        " \"none\": null, \"more\": {\"a\": 1}, \"a#b\": \"hidden-hash\"}");
    control("parameters", "{\"name\": \"/litellm/key\", \"value\": \"hidden-parameter\"}");
    static const char *const references[] = {"secretsmanager:db#user", "secretsmanager:db#password",
        "secretsmanager:plain", "secretsmanager:db#a#b", "ssm:/litellm/key",
        "secretsmanager:db#nothing", "secretsmanager:db#user"};
    secrets_prefetch(secrets, references, 7);
    assert_int_equal(asked(MANY), 1);
    assert_int_equal(asked(ONE), 0);
    assert_int_equal(asked(PARAMETERS), 1);
    assert_string_equal(value("secretsmanager:plain"), "hidden-plain");
    assert_string_equal(value("secretsmanager:db#user"), "hidden-user");
    assert_string_equal(value("secretsmanager:db#password"), "hidden \xc3\xbc");
    assert_string_equal(value("secretsmanager:db#a#b"), "hidden-hash");
    assert_string_equal(value("ssm:/litellm/key"), "hidden-parameter");
    assert_says(
        refusal("secretsmanager:db#nothing"), "the secret db in us-east-1 has no key nothing");
    assert_int_equal(asked(MANY) + asked(ONE) + asked(PARAMETERS), 2); /* each is asked once */
    assert_string_equal(secrets_cut(secrets, arena, "a hidden-user b"), "a (sensitive) b");

    assert_string_equal(value("secretsmanager:db#port"), "5432");
    assert_string_equal(value("secretsmanager:db#tls"), "true");
    assert_says(refusal("secretsmanager:db#none"), "has under this key no text: none");
    assert_says(refusal("secretsmanager:db#more"), "no text: more");
    assert_says(refusal("secretsmanager:db#pasword"), "did you mean password?");
    assert_says(refusal("secretsmanager:plain#user"), "plain in us-east-1 is no JSON object");
    assert_int_equal(asked(MANY), 1);
}

static void test_batches(void **state)
{
    (void)state;
    const char *references[60];

    for (size_t i = 0; i < 30; i++) {
        make_secret(
            arena_printf(arena, "s%zu", i), "us-east-1", arena_printf(arena, "value-%zu", i));
        control("parameters",
            arena_printf(arena, "{\"name\": \"/p/%zu\", \"value\": \"parameter-%zu\"}", i, i));
        references[2 * i] = arena_printf(arena, "secretsmanager:s%zu", i);
        references[2 * i + 1] = arena_printf(arena, "ssm:/p/%zu", i);
    }
    make_secret("s7", "us-east-1", "value-7");
    secrets_prefetch(secrets, references, 60);
    assert_int_equal(asked(MANY), 2);
    assert_int_equal(asked(ONE), 0);
    assert_int_equal(asked(PARAMETERS), 3);
    for (size_t i = 0; i < 30; i++) {
        assert_string_equal(value(references[2 * i]), arena_printf(arena, "value-%zu", i));
        assert_string_equal(value(references[2 * i + 1]), arena_printf(arena, "parameter-%zu", i));
    }
}

static void test_missing(void **state)
{
    (void)state;
    make_secret("there", "us-east-1", "hidden");
    make_secret("gone", "us-east-1", "hidden");
    make_secret("sealed", "us-east-1", "hidden");
    control("secrets", "{\"name\": \"gone\", \"deleted\": true}");
    control("secrets", "{\"name\": \"sealed\", \"kms_broken\": true}");
    control("secrets", "{\"name\": \"bytes\", \"binary\": \"aGlkZGVu\"}");
    make_secret("large", "us-east-1", "");
    control("parameters", "{\"name\": \"/there\", \"value\": \"hidden-p\"}");
    static const char *const references[] = {"secretsmanager:there", "secretsmanager:nowhere",
        "secretsmanager:gone", "secretsmanager:sealed", "secretsmanager:bytes",
        "secretsmanager:large", "ssm:/there", "ssm:/nowhere"};
    for (int round = 0; round < 2; round++) {
        if (round == 1)
            open_with(NULL); /* the same, asked one by one */
        else
            secrets_prefetch(secrets, references, 8);
        assert_string_equal(value("secretsmanager:there"), "hidden");
        const char *text = refusal("secretsmanager:nowhere");
        assert_says(text, "there is no secret nowhere in the region us-east-1 that was asked");
        assert_says(text, "credentials: environment");
        assert_says(refusal("secretsmanager:gone"), "marked for deletion");
        assert_says(refusal("secretsmanager:sealed"), "is its KMS key enabled");
        assert_says(refusal("secretsmanager:bytes"), "holds binary data");
        assert_says(refusal("secretsmanager:large"), "what is there is empty");
        assert_string_equal(value("ssm:/there"), "hidden-p");
        assert_says(
            refusal("ssm:/nowhere"), "there is no parameter /nowhere in the region us-east-1");
    }
}

static void test_regions(void **state)
{
    (void)state;
    const char *reason = NULL;

    make_secret("here", "us-east-1", "hidden-1");
    make_secret("there", "eu-west-1", "hidden-2");
    make_secret("else", "ap-southeast-2", "hidden-3");
    const char *text = control("secrets", "{\"name\": \"there\", \"region\": \"eu-west-1\"}");
    const char *arn = node_get_text(json_read(arena, text, strlen(text), &reason), "arn");
    assert_non_null(arn);
    control("parameters", "{\"name\": \"/p\", \"region\": \"eu-west-1\", \"value\": \"hidden-4\"}");
    const char *partial = arena_strndup(arena, arn, strlen(arn) - 7);
    const char *references[] = {arena_printf(arena, "secretsmanager:%s", arn),
        arena_printf(arena, "secretsmanager:%s", partial), "secretsmanager:here",
        "secretsmanager:there"};
    secrets_prefetch(secrets, references, 4);
    assert_string_equal(value(references[0]), "hidden-2");
    assert_string_equal(value(references[1]), "hidden-2");
    assert_string_equal(value(references[2]), "hidden-1");
    assert_says(refusal(references[3]), "in the region us-east-1 that was asked");

    /* What AWS_REGION or the profile says is before what the backend's region is. */
    open_with("ap-southeast-2");
    assert_string_equal(value("secretsmanager:here"), "hidden-1");
    unsetenv("AWS_REGION");
    open_with("ap-southeast-2");
    assert_string_equal(value("secretsmanager:else"), "hidden-3");
    open_with(NULL);
    assert_says(refusal("secretsmanager:else"), "no AWS region");
    assert_says(refusal("ssm:/p"), "no AWS region");
    assert_string_equal(value(references[0]), "hidden-2");
}

static void as_user(const char *policy)
{
    const char *reason = NULL;
    const char *text =
        control("principals", arena_printf(arena, "{\"name\": \"user\", \"policy\": %s}", policy));
    const struct node *made = json_read(arena, text, strlen(text), &reason);

    setenv("AWS_ACCESS_KEY_ID", node_get_text(made, "access_key"), 1);
    setenv("AWS_SECRET_ACCESS_KEY", node_get_text(made, "secret_key"), 1);
    open_with(NULL);
}

/* The statement that a refusal names is enough to be let in. */
static void test_rights(void **state)
{
    (void)state;
    static const char *const two[] = {"secretsmanager:a", "secretsmanager:b"};
    static const char *const parameters[] = {"ssm:/a", "ssm:/b"};

    make_secret("a", "us-east-1", "hidden-a");
    make_secret("b", "us-east-1", "hidden-b");
    control("parameters", "{\"name\": \"/a\", \"value\": \"hidden-pa\"}");
    control("parameters", "{\"name\": \"/b\", \"value\": \"hidden-pb\"}");
    as_user(
        "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}]}");
    secrets_prefetch(secrets, two, 2);
    secrets_prefetch(secrets, parameters, 2);
    assert_int_equal(asked(MANY), 1);
    assert_int_equal(asked(ONE), 2);
    assert_int_equal(asked(PARAMETERS), 3);
    const char *text = refusal("secretsmanager:a");
    assert_says(text, "does not let environment (AWS_ACCESS_KEY_ID) read the secret a");
    assert_says(text, "not authorized to perform: secretsmanager:GetSecretValue");
    const char *first = strstr(text, "{\"Effect\"");
    assert_string_equal(first,
        "{\"Effect\": \"Allow\", \"Action\": \"secretsmanager:GetSecretValue\", \"Resource\": "
        "\"arn:aws:secretsmanager:us-east-1:*:secret:a-??????\"}");
    const char *second = strstr(refusal("ssm:/a"), "{\"Effect\"");
    assert_string_equal(second, "{\"Effect\": \"Allow\", \"Action\": \"ssm:GetParameters\", "
                                "\"Resource\": \"arn:aws:ssm:us-east-1:*:parameter/a\"}");
    as_user(arena_printf(arena, "{\"Statement\": [%s, %s]}", first, second));
    secrets_prefetch(secrets, two, 2);
    secrets_prefetch(secrets, parameters, 2);
    assert_string_equal(value("secretsmanager:a"), "hidden-a");
    assert_says(refusal("secretsmanager:b"), "does not let");
    assert_string_equal(value("ssm:/a"), "hidden-pa");
    assert_says(refusal("ssm:/b"), "does not let");
    /* With the batch allowed, each secret is still judged by itself. */
    as_user(arena_printf(arena,
        "{\"Statement\": [%s, {\"Effect\": \"Allow\", \"Action\": "
        "\"secretsmanager:BatchGetSecretValue\", \"Resource\": \"*\"}]}",
        first));
    int64_t before = asked(ONE);
    secrets_prefetch(secrets, two, 2);
    assert_string_equal(value("secretsmanager:a"), "hidden-a");
    assert_says(refusal("secretsmanager:b"), "secret:b-??????");
    assert_int_equal(asked(ONE), before);
}

static void test_kms(void **state)
{
    (void)state;
    control("parameters", "{\"name\": \"/k\", \"value\": \"hidden-k\", \"kms_key\": "
                          "\"arn:aws:kms:us-east-1:1:key/x\"}");
    as_user(
        "{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"ssm:*\", \"Resource\": \"*\"}]}");
    assert_says(refusal("ssm:/k"), "\"Action\": \"kms:Decrypt\"");
}

static void test_no_access(void **state)
{
    (void)state;
    static const char *const two[] = {"secretsmanager:a", "secretsmanager:b"};

    setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9", 1);
    unsetenv("AWS_ACCESS_KEY_ID");
    open_with(NULL);
    secrets_prefetch(secrets, two, 2);
    assert_says(refusal("secretsmanager:a"), "no AWS credentials; looked at environment");
    assert_says(refusal("secretsmanager:b"), "no AWS credentials");
    setenv("AWS_ENDPOINT_URL", standin.url, 1);
    admin_environment();
    control("faults", "{\"match\": {\"service\": \"ssm\"}, \"do\": {\"garbage\": \"html\"}}");
    open_with(NULL);
    assert_says(refusal("ssm:/a"), "AWS (ssm in us-east-1): the answer is no JSON object");
    /* Without a source there is none of these. */
    struct secrets *bare = secrets_new(&(struct secrets_options){.guarded = false});
    const char *reason = NULL;
    assert_null(secrets_value(bare, "ssm:/a", &reason));
    assert_non_null(reason);
    secrets_free(bare);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(test_values), CASE(test_batches), CASE(test_missing),
        CASE(test_regions), CASE(test_rights), CASE(test_kms), CASE(test_no_access)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
