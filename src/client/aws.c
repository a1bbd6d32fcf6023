/* The aws itself: credentials that are good for now, and what does not depend on a request. */
#include "client/aws_internal.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"

#include <time.h>

#define REFRESH 600   /* seconds before the end: botocore insists on new ones from here on */
#define STILL_GOOD 60 /* so long old keys are used where new ones cannot be had */
#define CLOCK_MATTERS 60

const char *aws_env(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

bool aws_env_true(const char *name)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    const char *value = aws_env(name);
    return value != NULL && strcmp(text_lower(arena, value), "true") == 0;
}

struct aws *aws_new(const struct aws_options *options)
{
    struct aws *aws = calloc(1, sizeof(*aws));

    if (aws == NULL)
        fail_memory();
    aws->arena = arena_new();
    aws->vault = vault_new();
    pthread_mutex_init(&aws->lock, NULL);
    pthread_mutex_init(&aws->clock_lock, NULL);
    if (options != NULL) {
        aws->profile = arena_strdup(aws->arena, options->profile);
        aws->region = arena_strdup(aws->arena, options->region);
        aws->ca_file = arena_strdup(aws->arena, options->ca_file);
        aws->guarded = options->guarded;
    }
    return aws;
}

struct aws *aws_free(struct aws *aws)
{
    if (aws == NULL)
        return NULL;
    exchange_free(aws->exchange);
    vault_free(aws->vault);
    arena_free(aws->arena);
    pthread_mutex_destroy(&aws->lock);
    pthread_mutex_destroy(&aws->clock_lock);
    free(aws);
    return NULL;
}

struct exchange *aws_own_exchange(struct aws *aws)
{
    if (aws->exchange == NULL)
        aws->exchange = exchange_new();
    return aws->exchange;
}

/* ------------------------------------------------------------------ credentials */

static const char *into_vault(struct aws *aws, const char *text)
{
    return text == NULL ? NULL : vault_copy(aws->vault, text, strlen(text));
}

static void take(struct aws *aws, const struct aws_found *found)
{
    int64_t now = aws_now(aws), life = found->expires - now;

    aws->keys = (struct aws_keys){.id = into_vault(aws, found->keys.id),
        .secret = into_vault(aws, found->keys.secret),
        .token = into_vault(aws, found->keys.token)};
    aws->have = true;
    aws->stale = false;
    aws->renewable = found->renewable;
    aws->expires = found->expires;
    aws->refresh_at = 0;
    if (found->expires != 0)
        aws->refresh_at = found->expires - (life / 2 < REFRESH ? life / 2 : REFRESH);
    if (!text_equal(aws->source, found->source))
        aws->source = arena_strdup(aws->arena, found->source);
}

/** Searches anew; the lock is held. */
static bool look_now(struct aws *aws, struct diags *diags)
{
    struct aws_look look = aws_look_begin(aws, diags);
    struct aws_found found = {0};
    enum aws_result result = aws_look_all(&look, &found);

    if (result == AWS_FOUND && found.expires != 0 && found.expires <= aws_now(aws))
        result = aws_look_failed(&look, "log in anew, or look at the clock of this machine",
            "%s: the credentials expired at %s", found.source,
            clock_format(look.arena, found.expires));
    if (result == AWS_FOUND)
        take(aws, &found);
    aws_look_end(&look);
    return result == AWS_FOUND;
}

bool aws_keys(struct aws *aws, struct aws_keys *ret_keys, struct diags *diags)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct diags unsaid = diags_init(scratch);

    pthread_mutex_lock(&aws->lock);
    int64_t now = aws_now(aws);
    bool due = !aws->have || aws->stale || (aws->refresh_at != 0 && now >= aws->refresh_at);
    bool good = aws->have && !aws->stale && aws->expires - now > STILL_GOOD;
    if (due && look_now(aws, good ? &unsaid : diags)) {
        good = true;
    } else if (due && good) {
        aws->refresh_at = now + STILL_GOOD; /* not again with each request */
    } else if (!due) {
        good = true;
    }
    if (good)
        *ret_keys = aws->keys;
    pthread_mutex_unlock(&aws->lock);
    return good;
}

bool aws_keys_expired(struct aws *aws)
{
    pthread_mutex_lock(&aws->lock);
    bool renewable = aws->have && aws->renewable;
    if (renewable)
        aws->stale = true;
    pthread_mutex_unlock(&aws->lock);
    return renewable;
}

const char *aws_source(struct aws *aws)
{
    pthread_mutex_lock(&aws->lock);
    const char *source = aws->source;
    pthread_mutex_unlock(&aws->lock);
    return source;
}

/* ------------------------------------------------------------------ region, endpoint, roots */

/* What the files and the environment say is read once: an endpoint that changes in the middle of a
   run would be another store. */
static struct aws_named *told(struct aws *aws, const char *name)
{
    VEC_EACH(known, &aws->told) {
        if (strcmp(known->name, name) == 0)
            return known;
    }
    return NULL;
}

static const char *remember(struct aws *aws, const char *name, const char *value)
{
    struct aws_named *named = VEC_ADD(aws->arena, &aws->told);
    named->name = arena_strdup(aws->arena, name);
    named->value = arena_strdup(aws->arena, value);
    return named->value;
}

static const char *look_up(const struct aws_look *look, const char *what)
{
    if (strcmp(what, "region") == 0)
        return aws_look_region(look, look->profile);
    if (strcmp(what, "region around") == 0)
        return aws_look_region_around(look, look->profile);
    if (strcmp(what, "ca") == 0)
        return aws_look_ca(look);
    return aws_look_endpoint(look, what);
}

static const char *ask(struct aws *aws, const char *what, struct diags *diags)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct diags unsaid = diags_init(scratch);
    const char *value = NULL;

    pthread_mutex_lock(&aws->lock);
    const struct aws_named *known = told(aws, what);
    if (known != NULL) {
        value = known->value;
    } else {
        struct aws_look look = aws_look_begin(aws, diags != NULL ? diags : &unsaid);
        value = look_up(&look, what);
        /* What was said already needs no file. */
        bool read = value != NULL || aws_look_files(&look);
        if (value == NULL)
            value = look_up(&look, what);
        value = read || value != NULL ? remember(aws, what, value) : NULL;
        aws_look_end(&look);
    }
    pthread_mutex_unlock(&aws->lock);
    return value;
}

const char *aws_region(struct aws *aws, struct diags *diags)
{
    size_t before = diags_errors(diags);
    const char *region = ask(aws, "region", diags);

    if (region == NULL && diags_errors(diags) == before) {
        struct diag *diag = diag_add(diags, "LF703",
            "no AWS region: neither the spec, AWS_REGION, AWS_DEFAULT_REGION nor the profile has "
            "one");
        diag->fix = "write `region:` into the spec, or export AWS_REGION=eu-central-1";
    }
    return region;
}

const char *aws_region_around(struct aws *aws)
{
    return ask(aws, "region around", NULL);
}

const char *aws_endpoint(struct aws *aws, const char *service)
{
    return ask(aws, service, NULL);
}

const char *aws_ca_file(struct aws *aws)
{
    return ask(aws, "ca", NULL);
}

char *aws_host(struct arena *arena, const char *service, const char *region)
{
    bool china = text_starts(region, "cn-"), s3 = strcmp(service, "s3") == 0;
    bool dual = aws_env_true("AWS_USE_DUALSTACK_ENDPOINT");
    const char *fips = aws_env_true("AWS_USE_FIPS_ENDPOINT") ? "-fips" : "";

    if (dual && !s3)
        return arena_printf(arena, "%s%s.%s.%s", service, fips, region,
            china ? "api.amazonwebservices.com.cn" : "api.aws");
    return arena_printf(arena, "%s%s.%s%s.amazonaws.com%s", service, fips, dual ? "dualstack." : "",
        region, china ? ".cn" : "");
}

/* ------------------------------------------------------------------ the clock */

int64_t aws_now(struct aws *aws)
{
    pthread_mutex_lock(&aws->clock_lock);
    int64_t offset = aws->offset;
    pthread_mutex_unlock(&aws->clock_lock);
    return clock_now() + offset;
}

bool aws_clock_seen(struct aws *aws, const char *date)
{
    struct tm parts = {0};
    const char *end = date != NULL ? strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &parts) : NULL;

    if (end == NULL || *end != '\0' || parts.tm_year < 70)
        return false;
    int64_t offset = (int64_t)timegm(&parts) - clock_now();
    if (offset >= -CLOCK_MATTERS && offset <= CLOCK_MATTERS)
        offset = 0;
    pthread_mutex_lock(&aws->clock_lock);
    int64_t moved = offset - aws->offset;
    bool matters = moved < -CLOCK_MATTERS || moved > CLOCK_MATTERS;
    if (matters || offset == 0)
        aws->offset = offset;
    pthread_mutex_unlock(&aws->clock_lock);
    return matters;
}

int64_t aws_clock_offset(struct aws *aws)
{
    pthread_mutex_lock(&aws->clock_lock);
    int64_t offset = aws->offset;
    pthread_mutex_unlock(&aws->clock_lock);
    return offset;
}
