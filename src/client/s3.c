#include "client/s3.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "client/retry.h"
#include "client/s3_inner.h"

#include <string.h>
#include <time.h>

/* Where a bucket is, and sending a signed request there until it is answered. */

#define MAX_OBJECT ((size_t)256 << 20)
#define MAX_ANSWER ((size_t)8 << 20) /* a page of a listing: 1,000 keys of up to 1 KiB, escaped */
#define TIMEOUT_MS 20000             /* of one request, and what its body takes: */
#define BYTES_A_MS 256
#define DEADLINE_MS 60000 /* of a request and its repetitions */

struct s3 *s3_new(struct aws *aws, const struct s3_options *options)
{
    struct arena *arena = arena_new();
    struct s3 *s3 = ARENA_NEW(arena, struct s3);
    s3->arena = arena;
    s3->aws = aws;
    s3->exchange = exchange_new();
    s3->options = (struct s3_options){.bucket = arena_strdup(arena, options->bucket),
        .prefix = arena_strdup(arena, options->prefix),
        .endpoint = arena_strdup(arena, options->endpoint),
        .style = options->style,
        .encryption = arena_strdup(arena, options->encryption),
        .kms_key = arena_strdup(arena, options->kms_key),
        .ca_file = arena_strdup(arena, options->ca_file),
        .max_object = options->max_object == 0 ? MAX_OBJECT : options->max_object};
    return s3;
}

struct s3 *s3_free(struct s3 *s3)
{
    if (s3 == NULL)
        return NULL;
    exchange_free(s3->exchange);
    return (struct s3 *)arena_free(s3->arena);
}

unsigned s3_sent(const struct s3 *s3)
{
    return s3->sent;
}

int64_t s3_now(struct s3 *s3)
{
    if (s3->date == 0)
        return aws_now(s3->aws);
    return s3->date + (clock_ms() - s3->date_ms) / 1000;
}

const char *s3_name(const struct s3 *s3, struct arena *arena, const char *key)
{
    return arena_printf(
        arena, "s3://%s%s%s", s3->options.bucket, key == NULL ? "" : "/", key == NULL ? "" : key);
}

/* --- where ------------------------------------------------------------------------------------ */

/* The host of a Host header: the scheme's own port is not in it. */
static const char *authority_of(struct arena *arena, const char *host, size_t length, bool tls)
{
    const char *text = arena_strndup(arena, host, length);
    const char *port = tls ? ":443" : ":80";
    if (text_ends(text, port))
        return arena_strndup(arena, text, length - strlen(port));
    return text;
}

static bool in_path(const struct s3 *s3, bool own)
{
    if (s3->options.style != S3_STYLE_AUTO)
        return s3->options.style == S3_STYLE_PATH;
    return own || strchr(s3->options.bucket, '.') != NULL;
}

/* Splits "scheme://host:port/path" and puts the bucket where it belongs. */
static bool locate(struct s3 *s3, const char *endpoint, bool own, struct diags *diags)
{
    struct arena *arena = s3->arena;
    bool tls = text_starts(endpoint, "https://");
    if (!tls && !text_starts(endpoint, "http://")) {
        struct diag *diag = diag_add(diags, "LF447", "the S3 endpoint \"%s\" is no URL", endpoint);
        diag->fix = "write it as https://host or http://host:port";
        return false;
    }
    const char *host = strstr(endpoint, "://") + 3;
    size_t length = strcspn(host, "/");
    const char *path = host + length;
    size_t path_length = strlen(path);
    while (path_length > 0 && path[path_length - 1] == '/')
        path_length--;
    path = arena_strndup(arena, path, path_length);
    const char *authority = authority_of(arena, host, length, tls);
    const char *scheme = tls ? "https" : "http";
    s3->place = arena_printf(arena, "%s://%s%s/%s", scheme, authority, path, s3->options.bucket);
    if (in_path(s3, own)) {
        s3->authority = authority;
        s3->path = arena_printf(arena, "%s/%s", path, text_encode_url(arena, s3->options.bucket));
    } else {
        s3->authority = arena_printf(arena, "%s.%s", s3->options.bucket, authority);
        s3->path = path;
    }
    s3->base = arena_printf(arena, "%s://%s", scheme, s3->authority);
    return true;
}

static bool settle(struct s3 *s3, struct diags *diags)
{
    if (s3->base != NULL)
        return true;
    const char *region = aws_region(s3->aws, diags);
    if (region == NULL)
        return false;
    s3->region = arena_strdup(s3->arena, region);
    const char *endpoint = s3->options.endpoint;
    if (endpoint == NULL)
        endpoint = aws_endpoint(s3->aws, "s3");
    bool own = endpoint != NULL;
    if (!own)
        endpoint = arena_printf(s3->arena, "https://%s", aws_host(s3->arena, "s3", region));
    return locate(s3, endpoint, own, diags);
}

const char *s3_place(struct s3 *s3, struct diags *diags)
{
    return settle(s3, diags) ? s3->place : NULL;
}

/* --- sending ---------------------------------------------------------------------------------- */

static const char *ca_file(const struct s3 *s3)
{
    return s3->options.ca_file != NULL ? s3->options.ca_file : aws_ca_file(s3->aws);
}

/* Signs and sends once. False: there are no credentials. */
static bool send_once(struct s3 *s3, struct arena *arena, const struct s3_call *call,
    struct exchange_reply *ret_reply, struct diags *diags)
{
    CLEANUP_ARENA struct arena *secret = arena_new_secret();
    struct aws_keys keys = {0};
    if (!aws_keys(s3->aws, &keys, diags))
        return false;
    const char *path = arena_printf(
        arena, "%s/%s", s3->path, call->key == NULL ? "" : text_encode_path(arena, call->key));
    size_t length = call->body == NULL ? 0 : call->body->len;
    struct aws_request request = {.method = call->method,
        .host = s3->authority,
        .path = path,
        .query = call->query,
        .headers = call->headers,
        .body = call->body == NULL ? "" : buf_text(call->body),
        .length = length,
        .service = "s3",
        .region = s3->region,
        .now = aws_now(s3->aws)};
    struct strings lines = {0};
    aws_sign(secret, &keys, &request, &lines);
    size_t answer = call->kind == S3_KIND_GET ? s3->options.max_object : MAX_ANSWER;
    struct exchange_call out = {.method = call->method,
        .url = arena_printf(arena, "%s%s%s%s", s3->base, path, call->query == NULL ? "" : "?",
            call->query == NULL ? "" : call->query),
        .lines = &lines,
        .body = call->body,
        .write = call->kind == S3_KIND_PUT,
        .ca_file = ca_file(s3),
        .timeout_ms = TIMEOUT_MS + (int64_t)length / BYTES_A_MS +
                      (call->kind == S3_KIND_GET ? DEADLINE_MS : 0),
        .max_body = answer};
    s3->sent++;
    *ret_reply = exchange_send(s3->exchange, arena, &out);
    return true;
}

static void note_date(struct s3 *s3, const struct exchange_reply *reply)
{
    const char *date = exchange_header(s3->exchange, "Date");
    int64_t ms = 0;
    /* As the time that is left until then, from the beginning of 1970 on. */
    if (reply->outcome != OUTCOME_ANSWERED || date == NULL || !retry_after(date, 0, &ms))
        return;
    s3->date = ms / 1000;
    s3->date_ms = reply->ended_ms;
}

/* The error of an answer that is none of success. */
static void read_error(struct s3 *s3, struct arena *arena, struct s3_answer *answer)
{
    const struct exchange_reply *reply = &answer->reply;
    if (reply->outcome != OUTCOME_ANSWERED || (reply->status >= 200 && reply->status < 300))
        return;
    answer->region = arena_strdup(arena, exchange_header(s3->exchange, "x-amz-bucket-region"));
    struct xml all = {.at = reply->body, .end = reply->body + reply->length}, inside;
    if (!xml_next(&all, "Error", &inside))
        return;
    answer->code = xml_find(arena, &inside, "Code");
    answer->message = xml_find(arena, &inside, "Message");
    if (answer->region == NULL)
        answer->region = xml_find(arena, &inside, "Region");
}

bool s3_is_unknown(const struct s3_answer *answer)
{
    switch (answer->reply.outcome) {
    case OUTCOME_UNSENT:
    case OUTCOME_STOPPED:
        return false;
    case OUTCOME_LOST:
        return true;
    case OUTCOME_ANSWERED:
        break;
    }
    int status = answer->reply.status;
    if (status == 409 || status == 408)
        return true; /* something else was going on at the same time: look what came of it */
    return status >= 500 && status != 501 && !text_equal(answer->code, "SlowDown");
}

struct attempts {
    unsigned tries;
    bool clock_set, keys_renewed;
    int64_t began_ms;
};

static bool is_code(const struct s3_answer *answer, const char *const *codes)
{
    for (; *codes != NULL; codes++) {
        if (text_equal(answer->code, *codes))
            return true;
    }
    return false;
}

/* What one more try with another signature may cure: a wrong clock, credentials that ran out. */
static bool sign_anew(
    struct s3 *s3, const struct s3_answer *answer, struct attempts *attempts, struct diags *diags)
{
    static const char *const skewed[] = {"RequestTimeTooSkewed", "RequestExpired", NULL};
    static const char *const expired[] = {
        "ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired", NULL};
    if (is_code(answer, skewed) && !attempts->clock_set) {
        attempts->clock_set = true;
        const char *date = exchange_header(s3->exchange, "Date");
        if (date == NULL || !aws_clock_seen(s3->aws, date))
            return false;
        int64_t offset = aws_clock_offset(s3->aws);
        struct diag *diag = diag_add(diags, "LF445", "the clock here is %lld s %s that of %s",
            (long long)(offset < 0 ? -offset : offset), offset < 0 ? "ahead of" : "behind",
            s3->authority);
        diag->fix = "set the clock; until then requests are signed with the server's time";
        return true;
    }
    if (is_code(answer, expired) && !attempts->keys_renewed) {
        attempts->keys_renewed = true;
        return aws_keys_expired(s3->aws);
    }
    return false;
}

/* A signal ends it early: whoever sent it wants something to happen. */
static void pause_ms(int64_t ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&wait, NULL);
}

/* Whether to send it again, after a pause that is made here. */
static bool again(
    struct s3 *s3, const struct s3_call *call, const struct s3_answer *answer, struct attempts *now)
{
    const struct exchange_reply *reply = &answer->reply;
    bool slow = text_equal(answer->code, "SlowDown") || text_equal(answer->code, "RequestTimeout");
    struct retry_case facts = {.write = call->kind == S3_KIND_PUT,
        .outcome = reply->outcome,
        .hopeless = reply->hopeless,
        .status = reply->status,
        .told = slow,
        .tries = now->tries,
        .left_ms = DEADLINE_MS - (clock_ms() - now->began_ms)};
    /* What retry.h knows nothing of: S3 reports faults of its own as 500, and 400 for slow bodies. */
    if (slow)
        facts.status = 503;
    else if (reply->status == 500)
        facts.status = 502;
    const char *after = exchange_header(s3->exchange, "Retry-After");
    if (reply->outcome == OUTCOME_ANSWERED && after != NULL)
        facts.told = retry_after(after, clock_now(), &facts.told_ms) || slow;
    digest_random(&facts.random, sizeof(facts.random));
    int64_t delay = 0;
    if (reply->fault == FAULT_STOPPED || !retry_wanted(&facts, &delay))
        return false;
    pause_ms(delay);
    return true;
}

bool s3_send(struct s3 *s3, struct arena *arena, const struct s3_call *call,
    struct s3_answer *ret_answer, struct diags *diags)
{
    if (!settle(s3, diags))
        return false;
    struct attempts attempts = {.tries = 1, .began_ms = clock_ms()};
    for (;; attempts.tries++) {
        struct s3_answer answer = {0};
        if (!send_once(s3, arena, call, &answer.reply, diags))
            return false;
        note_date(s3, &answer.reply);
        read_error(s3, arena, &answer);
        *ret_answer = answer;
        if (sign_anew(s3, &answer, &attempts, diags))
            continue;
        if (!again(s3, call, &answer, &attempts))
            return true;
    }
}
