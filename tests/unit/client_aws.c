/* Credentials of AWS: each source, what is wrong with it, and that no secret gets into a message. */
#include "unit/aws_fixture.h"
#include "unit/client_server.h"

/* ------------------------------------------------------------------ environment and files */

static void test_environment(void **state)
{
    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
    assert_says(failure_of("LF702", NULL), "AWS_SECRET_ACCESS_KEY is not");
    setenv("AWS_SECRET_ACCESS_KEY", "hidden-1", 1);
    setenv("AWS_SECURITY_TOKEN", "hidden-old", 1);
    assert_null(aws_source(aws));
    struct aws_keys keys = keys_of(NULL);
    assert_string_equal(keys.id, "AKIAENV");
    assert_string_equal(keys.secret, "hidden-1");
    assert_string_equal(keys.token, "hidden-old");
    assert_string_equal(aws_source(aws), "environment (AWS_ACCESS_KEY_ID)");
    assert_false(aws_keys_expired(aws));
    setenv("AWS_SESSION_TOKEN", "hidden-new", 1);
    assert_string_equal(keys_now().token, "hidden-old"); /* asked once */
    assert_string_equal(keys_of(NULL).token, "hidden-new");

    setenv("AWS_CREDENTIAL_EXPIRATION", "yesterday", 1);
    assert_says(failure_of("LF702", NULL), "AWS_CREDENTIAL_EXPIRATION is no time");
    setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z", 1);
    assert_says(failure_of("LF702", NULL), "expired at 2020-01-01T00:00:00Z");
    setenv("AWS_CREDENTIAL_EXPIRATION", "2990-01-01T00:00:00Z", 1);
    keys_of(NULL);

    /* AWS_PROFILE does not beat the keys; a profile of the spec does. */
    write_file(
        ".aws/credentials", "[a]\naws_access_key_id=AKIAFILE\naws_secret_access_key=hidden\n");
    setenv("AWS_PROFILE", "a", 1);
    assert_string_equal(keys_of(NULL).id, "AKIAENV");
    assert_string_equal(keys_of(&(struct aws_options){.profile = "a"}).id, "AKIAFILE");
    unsetenv("AWS_ACCESS_KEY_ID");
    assert_string_equal(keys_of(NULL).id, "AKIAFILE");
}

static void test_files(void **state)
{
    (void)state;
    write_file(".aws/credentials",
        "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = hidden-d\n"
        "[ prod ]\nAWS_ACCESS_KEY_ID=AKIAPROD ; a comment\naws_secret_access_key:hidden/p+=\n"
        "aws_session_token =hidden-token\n[half]\naws_access_key_id = AKIAHALF\n");
    write_file(".aws/config",
        "[profile prod]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = hidden-o\n"
        "[profile \"with space\"]\naws_access_key_id = AKIASPACE\naws_secret_access_key = "
        "hidden-s\n"
        "[plain]\naws_access_key_id = AKIAPLAIN\naws_secret_access_key = hidden\n");
    assert_string_equal(keys_of(NULL).id, "AKIADEFAULT");
    assert_string_equal(aws_source(aws), "profile default in ~/.aws/credentials");
    assert_false(aws_keys_expired(aws));
    setenv("AWS_DEFAULT_PROFILE", "prod", 1);
    struct aws_keys keys = keys_of(NULL);
    assert_string_equal(keys.id, "AKIAPROD");
    assert_string_equal(keys.secret, "hidden/p+=");
    assert_string_equal(keys.token, "hidden-token");
    setenv("AWS_PROFILE", "with space", 1);
    assert_string_equal(keys_of(NULL).id, "AKIASPACE");
    assert_string_equal(aws_source(aws), "profile with space in ~/.aws/config");
    setenv("AWS_PROFILE", "half", 1);
    assert_says(failure_of("LF702", NULL), "~/.aws/credentials:9: profile half has");
    setenv("AWS_PROFILE", "prode", 1);
    assert_says(failure_of("LF702", NULL), "there is no profile prode");
    assert_says(failure_of("LF702", NULL), "AWS_PROFILE names it");
    assert_says(failure_of("LF702", NULL), "did you mean prod?");
    /* Not a section of a config file that a profile could be in. */
    assert_says(failure_of("LF702", &(struct aws_options){.profile = "plain"}), "no profile plain");

    setenv("AWS_PROFILE", "x", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE",
        write_file("moved", "[x]\naws_access_key_id=AKIAMOVED\naws_secret_access_key=hidden\n"), 1);
    setenv("AWS_CONFIG_FILE", "/nonexistent/config", 1);
    assert_string_equal(keys_of(NULL).id, "AKIAMOVED");
    setenv("AWS_SHARED_CREDENTIALS_FILE", write_file("bad", "[x]\nhidden line\n"), 1);
    assert_says(failure_of("LF702", NULL), "~/bad:2: line 2 is neither");
    setenv("AWS_SHARED_CREDENTIALS_FILE", home, 1);
    assert_says(failure_of("LF702", NULL), "cannot be read");
}

static void test_nothing(void **state)
{
    (void)state;
    const char *text = failure_of("LF701", NULL);

    assert_says(text, "environment: AWS_ACCESS_KEY_ID is not set");
    assert_says(text, "profile default: no credentials in ~/.aws/credentials (not there) or "
                      "~/.aws/config (not there)");
    assert_says(text, "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    assert_says(text, "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    assert_says(text, "instance metadata: AWS_EC2_METADATA_DISABLED is true");
    write_file(".aws/config", "[default]\nlogin_session = arn:aws:sts::1:x\n");
    assert_says(failure_of("LF702", NULL), "aws configure export-credentials");
}

/* ------------------------------------------------------------------ roles */

static void test_role(void **state)
{
    (void)state;
    control("roles", "{\"name\": \"first\", \"external_id\": \"x & y\"}");
    control("roles", "{\"name\": \"second\", \"trust\": "
                     "\"arn:aws:sts::123456789012:assumed-role/first/named\"}");
    admin_files("[profile one]\nrole_arn = " ROLE(
        "first") "\nsource_profile = admin\n"
                 "external_id = x & y\nrole_session_name = named\nduration_seconds = 900\n"
                 "[profile two]\nrole_arn = " ROLE(
                     "second") "\nsource_profile = one\nregion = eu-central-1\n"
                               "[profile env]\nrole_arn = " ROLE(
                                   "first") "\nexternal_id = x & y\n"
                                            "credential_source = Environment\n"
                                            "[profile stranger]\nrole_arn = " ROLE(
                                                "second") "\nsource_profile = admin\n");
    setenv("AWS_PROFILE", "two", 1);
    struct aws_keys keys = keys_of(NULL);
    assert_true(text_starts(keys.id, "ASIA"));
    assert_non_null(keys.token);
    assert_string_equal(
        aws_source(aws), "profile two (role " ROLE("second") ") by way of profile one (role " ROLE(
                             "first") ") by way of profile admin in ~/.aws/credentials");

    /* Asked again it gives others; the old ones stay where they are. */
    assert_string_equal(keys_now().id, keys.id);
    assert_true(aws_keys_expired(aws));
    struct aws_keys newer = keys_now();
    assert_string_not_equal(newer.id, keys.id);
    assert_true(text_starts(keys.id, "ASIA"));

    const char *text = failure_of("LF702", &(struct aws_options){.profile = "stranger"});
    assert_says(text, "~/.aws/config:16: role " ROLE("second") " could not be taken: status 403");
    assert_says(text, "not authorized to perform: sts:AssumeRole");
    assert_says(text, "trust policy");
    assert_says(failure_of("LF702", &(struct aws_options){.profile = "env"}),
        "credential_source Environment has no credentials");
    admin_environment();
    assert_true(text_starts(keys_of(&(struct aws_options){.profile = "env"}).id, "ASIA"));
    assert_non_null(strstr(aws_source(aws), "by way of environment"));
}

static void test_role_faults(void **state)
{
    static const struct {
        const char *config, *says;
    } cases[] = {
        {"[profile p]\nrole_arn = x\n", "config:2: profile p has a role_arn, and nothing says who"},
        {"[profile p]\nrole_arn = x\nsource_profile = a\ncredential_source = Environment\n",
            "has both"},
        {"[profile p]\nrole_arn = x\nsource_profile = p\n",
            "config:3: source_profile p leads back"},
        {"[profile p]\nrole_arn = x\nsource_profile = q\n[profile q]\nrole_arn = y\n"
         "source_profile = p\n",
            "config:6: source_profile p leads back to profile p: a circle"},
        {"[profile p]\nrole_arn = x\nsource_profile = q\n", "source_profile q is in neither file"},
        {"[profile p]\nrole_arn = x\nsource_profile = q\n[profile q]\nregion = r\n",
            "source_profile q has no credentials"},
        {"[profile p]\nrole_arn = x\nsource_profile = admin\nmfa_serial = m\n",
            "config:4: profile p asks for a code"},
        {"[profile p]\nrole_arn = x\nsource_profile = admin\nduration_seconds = an hour\n",
            "config:4: duration_seconds is no number"},
        {"[profile p]\nrole_arn = x\ncredential_source = Cloud\n",
            "config:3: credential_source is"},
        {"[profile p]\nrole_arn = x\ncredential_source = EcsContainer\n",
            "credential_source EcsContainer has no credentials"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        admin_files(cases[i].config);
        assert_says(failure_of("LF702", &(struct aws_options){.profile = "p"}), cases[i].says);
    }
    /* A profile may be its own source, with keys of its own. */
    control("roles", "{\"name\": \"r\"}");
    write_file(".aws/credentials",
        "[p]\naws_access_key_id = " ADMIN "\naws_secret_access_key = " ADMIN_SECRET "\n");
    write_file(".aws/config", "[profile p]\nrole_arn = " ROLE("r") "\nsource_profile = p\n");
    assert_true(text_starts(keys_of(&(struct aws_options){.profile = "p"}).id, "ASIA"));

    control("faults", "{\"match\": {\"service\": \"sts\"}, \"do\": {\"garbage\": \"html\"}}");
    assert_says(failure_of("LF702", &(struct aws_options){.profile = "p"}), "is no answer of STS");
    control("faults", "{\"match\": {\"service\": \"sts\"}, \"nth\": 1, \"do\": {\"error\": "
                      "\"Throttling\", \"status\": 400}}");
    keys_of(&(struct aws_options){.profile = "p"});
}

static void test_web_identity(void **state)
{
    (void)state;
    control("roles",
        "{\"name\": \"pod\", \"web_identity_tokens\": [\"hidden.a.b\", \"hidden.c.d\"], "
        "\"expired_web_identity_tokens\": [\"hidden.x.y\"]}");
    const char *path = write_file("token", "hidden.a.b\n");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    assert_says(failure_of("LF702", NULL), "no role is named");
    setenv("AWS_ROLE_ARN", ROLE("pod"), 1);
    struct aws_keys keys = keys_of(NULL);
    assert_true(text_starts(keys.id, "ASIA"));
    assert_string_equal(aws_source(aws), "web identity (role " ROLE("pod") ")");

    /* The token is read anew; keys that are still good outlive a look that fails. */
    write_file("token", "hidden.c.d\n");
    assert_true(aws_keys_expired(aws));
    assert_string_not_equal(keys_now().id, keys.id);
    write_file("token", "hidden.x.y\n");
    assert_says(failure_of("LF702", NULL), "ExpiredTokenException");
    write_file("token", "\n");
    assert_says(failure_of("LF702", NULL), "is empty");
    unlink(path);
    assert_says(failure_of("LF702", NULL), "No such file");

    forget_environment();
    setenv("AWS_ENDPOINT_URL_STS", standin.url, 1);
    write_file(".aws/config",
        arena_printf(arena, "[default]\nweb_identity_token_file = %s\nrole_arn = " ROLE("pod") "\n",
            write_file("token", "hidden.a.b")));
    keys_of(NULL);
    assert_string_equal(aws_source(aws), "web identity (role " ROLE("pod") ")");
}

/* ------------------------------------------------------------------ SSO, programs */

static void test_sso(void **state)
{
    (void)state;
    struct server portal;
    assert_true(server_start(&portal));
    setenv("AWS_ENDPOINT_URL_SSO", portal.url, 1);
    write_file(".aws/config",
        "[profile s]\nsso_session = my\nsso_account_id = 123456789012\nsso_role_name = Dev\n"
        "[sso-session my]\nsso_region = eu-central-1\nsso_start_url = https://x.awsapps.com/start\n"
        "[profile old]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-central-1\n"
        "sso_account_id = 123456789012\nsso_role_name = Refused\n"
        "[profile half]\nsso_session = my\nsso_account_id = 1\n");
    const struct aws_options s = {.profile = "s"}, old = {.profile = "old"};
    assert_says(failure_of("LF702", &s), "config:2: profile s uses SSO, and nobody is logged in -- "
                                         "run `aws sso login --profile s`");
    assert_says(
        failure_of("LF702", &(struct aws_options){.profile = "half"}), "has no sso_role_name");
    assert_int_equal(mkdir(arena_printf(arena, "%s/.aws/sso", home), 0700), 0);
    assert_int_equal(mkdir(arena_printf(arena, "%s/.aws/sso/cache", home), 0700), 0);
    /* sha1("my") and sha1("https://x.awsapps.com/start") */
    static const char my[] = ".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json";
    static const char url[] = ".aws/sso/cache/3947de8b16688092197fa616c34e01335f21d256.json";
    write_file(my, "{\"accessToken\": \"hidden\", \"expiresAt\": \"2020-01-01T00:00:00Z\"}");
    assert_says(failure_of("LF702", &s), "expired at 2020-01-01T00:00:00Z");
    write_file(my, "{\"expiresAt\": \"2990-01-01T00:00:00Z\"}");
    assert_says(failure_of("LF702", &s), "is none that the AWS CLI wrote");
    write_file(my, "{\"accessToken\": \"hidden\", \"expiresAt\": \"2990-01-01T00:00:00Z\"}");
    struct aws_keys keys = keys_of(&s);
    assert_string_equal(keys.id, "ASIASSO");
    assert_string_equal(keys.secret, "hidden-sso-123456789012-Dev");
    assert_string_equal(aws_source(aws), "profile s (SSO, role Dev, account 123456789012)");
    write_file(url, "{\"accessToken\": \"hidden\", \"expiresAt\": \"2990-01-01T00:00:00Z\"}");
    assert_says(failure_of("LF702", &old), "SSO gave no credentials for role Refused");
    server_stop(&portal);
}

static const char *process_config(const char *command)
{
    return arena_printf(arena, "[default]\ncredential_process = %s\n", command);
}

static void test_process(void **state)
{
    static const struct {
        const char *command, *says;
    } bad[] = {
        {"false", "config:2: credential_process false ended with exit code 1"},
        {"sh -c 'echo please log in >&2; exit 3'", "exit code 3: please log in"},
        {"sh -c 'echo hidden; echo not hidden >&2; exit 3'", "not shown"},
        {"echo nothing", "printed what is no JSON object"},
        {"echo '{\"Version\": 2}'", "Version is not 1"},
        {"echo '{\"Version\": 1, \"AccessKeyId\": \"A\"}'",
            "has no AccessKeyId and SecretAccessKey"},
        {"echo '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"hidden\", "
         "\"SessionToken\": 7}'",
            "has a SessionToken that is none"},
        {"echo '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"hidden\", "
         "\"Expiration\": \"soon\"}'",
            "has an Expiration that is no time"},
        {"echo '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"hidden\", "
         "\"Expiration\": \"2020-01-01T00:00:00Z\"}'",
            "expired at 2020"},
        {"echo '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"hid\\nden\"}'",
            "has no AccessKeyId"},
        {"/nonexistent/program", "could not be started"},
        {"echo 'unclosed", "quote is not closed"},
        {"head -c 70000 /dev/zero", "more than 64 KiB"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_file(".aws/config", process_config(bad[i].command));
        assert_says(failure_of("LF702", NULL), bad[i].says);
    }
    /* No shell: what one would make of $HOME, ; and > is plain text. */
    const char *program = write_file("my program",
        "#!/bin/sh\n[ \"$1\" = 'a  \"b' ] && [ \"$2\" = '$HOME;>x' ] && [ \"$3\" = '#' ] || exit "
        "9\n"
        "echo run >> \"$0.log\"\n"
        "echo '{\"Version\": 1, \"AccessKeyId\": \"AKIAPROCESS\", \"SecretAccessKey\": \"hidden\","
        " \"SessionToken\": \"hidden-t\", \"Expiration\": \"2990-01-01T00:00:00+00:00\"}'\n");
    assert_int_equal(chmod(program, 0700), 0);
    write_file(".aws/config",
        process_config(arena_printf(arena, "\"%s\" \"a  \\\"b\" $HOME\\;'>'x #", program)));
    struct aws_keys keys = keys_of(NULL);
    assert_string_equal(keys.id, "AKIAPROCESS");
    assert_string_equal(keys.token, "hidden-t");
    assert_true(aws_keys_expired(aws));
    keys_now();
    struct stat st;
    assert_int_equal(stat(arena_printf(arena, "%s.log", program), &st), 0);
    assert_int_equal(st.st_size, 8); /* run twice */

    /* In CI, a profile that the spec names runs nothing; one of whoever set CI up may. */
    const struct aws_options named = {.profile = "default", .guarded = true};
    assert_says(failure_of("LF702", &named), "--trust-spec");
    keys_of(&(struct aws_options){.guarded = true});
}

/* ------------------------------------------------------------------ containers, instances */

static void test_container(void **state)
{
    (void)state;
    control("roles", "{\"name\": \"task\"}");
    control("container", "{\"role\": \"task\", \"token\": \"hidden-token\"}");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.org/x", 1);
    assert_says(failure_of("LF702", NULL), "http://example.org/x: without TLS only");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.2@example.org/x", 1);
    assert_says(failure_of("LF702", NULL), "without TLS only");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "ftp://127.0.0.1/x", 1);
    assert_says(failure_of("LF702", NULL), "without TLS only");
    setenv("http_proxy", "http://127.0.0.1:9", 1); /* has no part in this */
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI",
        arena_printf(arena, "%s/v2/credentials/sandbox", standin.url), 1);
    assert_says(failure_of("LF702", NULL), "gave no credentials: status 401");
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hidden-token", 1);
    assert_true(text_starts(keys_of(NULL).id, "ASIA"));
    assert_non_null(strstr(aws_source(aws), "container (http://127.0.0.1:"));
    assert_true(aws_keys_expired(aws));

    /* The file wins, and is read anew. */
    const char *path = write_file("token", "hidden-other");
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, 1);
    assert_says(failure_of("LF702", NULL), "status 401");
    write_file("token", "hidden-token\n");
    assert_says(failure_of("LF702", NULL), "line break");
    write_file("token", "hidden-token");
    keys_of(NULL);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nonexistent/token", 1);
    assert_says(failure_of("LF702", NULL), "token file /nonexistent/token cannot be read");
    unsetenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    control("faults", "{\"match\": {\"service\": \"container\"}, \"do\": {\"garbage\": \"html\"}}");
    assert_says(failure_of("LF702", NULL), "is no JSON object");
    unsetenv("http_proxy");
}

static void test_instance(void **state)
{
    (void)state;
    control("roles", "{\"name\": \"machine\"}");
    unsetenv("AWS_EC2_METADATA_DISABLED");
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", arena_printf(arena, "%s/", standin.url), 1);
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    assert_says(failure_of("LF701", NULL), "instance metadata: the instance has no role");
    control("metadata", "{\"role\": \"machine\"}");
    assert_true(text_starts(keys_of(NULL).id, "ASIA"));
    assert_string_equal(aws_source(aws), "instance metadata (role machine)");
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9", 1);
    assert_says(failure_of("LF701", NULL), "http://127.0.0.1:9 gives no token");
    setenv("AWS_EC2_METADATA_DISABLED", "TRUE", 1);
    assert_says(failure_of("LF701", NULL), "AWS_EC2_METADATA_DISABLED is true");
    unsetenv("http_proxy");
}

/* Old keys go on being used as long as they are good and there are no new ones. */
static void test_refresh(void **state)
{
    (void)state;
    static const char program[] =
        "#!/bin/sh\necho run >> \"$0.log\"; [ -e \"$0.stop\" ] && exit 7\n"
        "n=$(wc -l < \"$0.log\"); [ $n = 1 ] && at=$(cat \"$0.at\") || at=2990-01-01T00:00:00Z\n"
        "echo '{\"Version\":1,\"AccessKeyId\":\"AKIA'$n'\",\"SecretAccessKey\":\"hidden\",'"
        "'\"Expiration\":\"'$at'\"}'\n";
    const char *path = write_file("p", program);
    assert_int_equal(chmod(path, 0700), 0);
    write_file(".aws/config", process_config(path));
    /* Good for a day, of which then all but five minutes is gone. */
    write_file("p.at", clock_format(arena, clock_now() + 86400));
    aws = aws_new(NULL);
    assert_string_equal(keys_now().id, "AKIA1");
    write_file("p.stop", "");
    assert_string_equal(keys_now().id, "AKIA1");
    clock_of_service(86400 - 300);
    assert_string_equal(keys_now().id, "AKIA1"); /* the look failed, they are still good */
    assert_string_equal(keys_now().id, "AKIA1");
    struct stat st;
    assert_int_equal(stat(arena_printf(arena, "%s/p.log", home), &st), 0);
    assert_int_equal(st.st_size, 8); /* and is not repeated with each request */
    assert_int_equal(diags.list.count, 0);
    clock_of_service(86400 - 30);
    struct aws_keys keys;
    assert_false(aws_keys(aws, &keys, &diags));
    assert_true(diags_has(&diags, "LF702"));
    unlink(arena_printf(arena, "%s/p.stop", home));
    assert_string_equal(keys_now().id, "AKIA4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_environment), TEST(test_files), TEST(test_nothing),
        TEST(test_role), TEST(test_role_faults), TEST(test_web_identity), TEST(test_sso),
        TEST(test_process), TEST(test_container), TEST(test_instance), TEST(test_refresh)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
