/* The stand-in, a home folder and an aws for the tests of client/aws*.c. */
#ifndef LITEFORM_TESTS_UNIT_AWS_FIXTURE_H
#define LITEFORM_TESTS_UNIT_AWS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "client/aws.h"
#include "unit/aws_server.h"

#include <sys/stat.h>
#include <time.h>

extern char **environ;

#define ADMIN "AKIASANDBOXADMIN2345"
#define ADMIN_SECRET "sandbox/secret+key/of/the/administrator00"
#define ROLE(name) "arn:aws:iam::123456789012:role/" name

static struct aws_server standin;
static struct arena *arena;
static struct diags diags;
static struct aws *aws;
static const char *home;

static inline int group_setup(void **state)
{
    (void)state;
    return aws_server_start(&standin) ? 0 : -1;
}

static inline int group_teardown(void **state)
{
    (void)state;
    aws_server_stop(&standin);
    return 0;
}

static inline const char *control(const char *route, const char *json)
{
    const char *answer = aws_server_ask(&standin, arena, route, json);
    assert_non_null(answer);
    return answer;
}

static inline void forget_environment(void)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct strings names = {0};

    for (char **entry = environ; *entry != NULL; entry++) {
        if (text_starts(*entry, "AWS_"))
            strings_add(scratch, &names, arena_strndup(scratch, *entry, strcspn(*entry, "=")));
    }
    for (size_t i = 0; i < names.count; i++)
        unsetenv(names.at[i]);
}

static inline int setup(void **state)
{
    char name[] = "/tmp/liteform-aws-XXXXXX";

    (void)state;
    arena = arena_new();
    diags = diags_init(arena);
    home = arena_strdup(arena, mkdtemp(name));
    if (home == NULL || mkdir(arena_printf(arena, "%s/.aws", home), 0700) != 0)
        return -1;
    forget_environment();
    setenv("HOME", home, 1);
    /* What a test does not offer is not there, wherever it runs. */
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    setenv("AWS_ENDPOINT_URL_STS", standin.url, 1);
    control("wipe", "{}");
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    char *command = arena_printf(arena, "rm -rf '%s'", home);
    int code = system(command);
    aws = aws_free(aws);
    arena = arena_free(arena);
    return code;
}

static inline const char *write_file(const char *name, const char *text)
{
    const char *path = arena_printf(arena, "%s/%s", home, name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

/** The keys now; a new search unless `aws` is there. */
static inline struct aws_keys keys_now(void)
{
    struct aws_keys keys = {0};

    if (aws == NULL)
        aws = aws_new(NULL);
    if (!aws_keys(aws, &keys, &diags))
        fail_msg("%s", diags.list.count > 0 ? diags.list.at[0].message : "no diagnostic");
    return keys;
}

static inline struct aws_keys keys_of(const struct aws_options *options)
{
    aws_free(aws);
    aws = aws_new(options);
    return keys_now();
}

/** The message of a search that fails as `id`; no secret of a test is in it. */
static inline const char *failure_of(const char *id, const struct aws_options *options)
{
    struct aws_keys keys = {0};
    size_t before = diags.list.count;

    aws_free(aws);
    aws = aws_new(options);
    assert_false(aws_keys(aws, &keys, &diags));
    assert_int_equal(diags.list.count, before + 1);
    const struct diag *diag = &diags.list.at[before];
    assert_string_equal(diag->id, id);
    assert_non_null(diag->fix);
    const char *both = arena_printf(arena, "%s -- %s", diag->message, diag->fix);
    assert_null(strstr(both, "hidden"));
    assert_null(strstr(both, ADMIN_SECRET));
    return both;
}

#define assert_says(text, part)                                                                    \
    do {                                                                                           \
        if (strstr((text), (part)) == NULL)                                                        \
            fail_msg("\"%s\" does not say \"%s\"", (text), (part));                                \
    } while (0)

static inline void admin_environment(void)
{
    setenv("AWS_ACCESS_KEY_ID", ADMIN, 1);
    setenv("AWS_SECRET_ACCESS_KEY", ADMIN_SECRET, 1);
}

/** A profile "admin" with keys that the stand-in knows, and what a test adds to the config. */
static inline void admin_files(const char *config)
{
    write_file(".aws/credentials",
        "[admin]\naws_access_key_id = " ADMIN "\naws_secret_access_key = " ADMIN_SECRET "\n");
    write_file(".aws/config", config);
}

/** Their clock is so far ahead of ours. */
static inline bool clock_of_service(int64_t ahead)
{
    char date[64];
    time_t there = (time_t)(clock_now() + ahead);
    struct tm parts;

    gmtime_r(&there, &parts);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return aws_clock_seen(aws, date);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
