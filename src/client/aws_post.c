/* Signed calls to services, repeated where that is safe, and what their errors say. */
#include "client/aws_internal.h"

#include "base/digest.h"
#include "base/text.h"
#include "client/http.h"
#include "client/retry.h"
#include "client/xml.h"
#include "value/read.h"

#define WHOLE_MS 120000 /* all tries together */
#define NAP_MS 50

/* ------------------------------------------------------------------ errors */

char *aws_xml_text(struct arena *arena, const char *xml, size_t length, const char *name)
{
    struct xml all = {.at = xml, .end = xml + length}, inside;

    if (!xml_next(&all, name, &inside) ||
        memchr(inside.at, '<', (size_t)(inside.end - inside.at)) != NULL)
        return NULL; /* what holds elements is no text */
    return xml_text(arena, &inside);
}

static const char *short_text(struct arena *arena, const char *text)
{
    return text == NULL ? "" : arena_printf(arena, "%.300s", text_printable(arena, text, false));
}

struct aws_error aws_error_read(struct arena *arena, const char *body, size_t length)
{
    struct aws_error error = {.code = "", .message = ""};
    const char *reason = NULL, *code = NULL, *message = NULL;
    size_t blank = strspn(body, " \t\r\n");

    if (body[blank] == '{') {
        const struct node *map = json_read(arena, body, length, &reason);
        code = node_get_text(map, "__type");
        if (code == NULL)
            code = node_get_text(map, "code");
        if (code != NULL && strchr(code, '#') != NULL) /* "com.amazonaws.ssm#Name" */
            code = strrchr(code, '#') + 1;
        message = node_get_text(map, "message");
        if (message == NULL)
            message = node_get_text(map, "Message");
    } else if (body[blank] == '<') {
        code = aws_xml_text(arena, body, length, "Code");
        message = aws_xml_text(arena, body, length, "Message");
    }
    error.code = short_text(arena, code);
    error.message = short_text(arena, message);
    return error;
}

static bool is_one_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(text, *list) == 0)
            return true;
    }
    return false;
}

/* botocore: data/_retry.json and retries/standard.py */
bool aws_error_is_throttle(const struct aws_error *error)
{
    static const char *const codes[] = {"Throttling", "ThrottlingException", "ThrottledException",
        "RequestThrottledException", "RequestThrottled", "TooManyRequestsException",
        "ProvisionedThroughputExceededException", "TransactionInProgressException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown",
        "PriorRequestNotComplete", "EC2ThrottledException", NULL};
    return is_one_of(error->code, codes);
}

bool aws_error_is_expired(const struct aws_error *error)
{
    static const char *const codes[] = {
        "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired", NULL};
    return is_one_of(error->code, codes);
}

bool aws_error_is_clock(const struct aws_error *error)
{
    static const char *const codes[] = {"RequestTimeTooSkewed", "RequestInTheFuture", NULL};
    static const char *const signature[] = {
        "InvalidSignatureException", "SignatureDoesNotMatch", "SignatureException", NULL};

    if (is_one_of(error->code, codes))
        return true;
    return is_one_of(error->code, signature) &&
           (strstr(error->message, "Signature expired") != NULL ||
               strstr(error->message, "Signature not yet current") != NULL);
}

const char *aws_reply_reason(struct arena *arena, const struct exchange_reply *reply)
{
    if (reply->outcome != OUTCOME_ANSWERED)
        return text_printable(
            arena, reply->reason != NULL ? reply->reason : "no answer came", false);
    struct aws_error error = aws_error_read(arena, reply->body, reply->length);
    if (*error.code == '\0' && *error.message == '\0')
        return arena_printf(arena, "status %d", reply->status);
    return arena_printf(arena, "status %d, %s%s%s", reply->status, error.code,
        *error.code != '\0' && *error.message != '\0' ? ": " : "", error.message);
}

/* ------------------------------------------------------------------ repeating */

/** Waits; false when client_interrupt() was called before or meanwhile. */
static bool nap(int64_t ms)
{
    while (client_interrupted() == 0) {
        if (ms <= 0)
            return true;
        int64_t now = ms < NAP_MS ? ms : NAP_MS;
        nanosleep(&(struct timespec){.tv_nsec = now * 1000000}, NULL);
        ms -= now;
    }
    return false;
}

/** The status as client/retry.h knows it: AWS throttles by 400 and fails by 500. */
static int retry_status(const struct exchange_reply *reply, bool write)
{
    CLEANUP_ARENA struct arena *scratch = arena_new_secret();

    if (reply->outcome != OUTCOME_ANSWERED || reply->status < 400)
        return reply->status;
    struct aws_error error = aws_error_read(scratch, reply->body, reply->length);
    if (aws_error_is_throttle(&error))
        return 429;
    return reply->status == 500 && !write ? 502 : reply->status;
}

bool aws_again(const struct exchange_reply *reply, bool write, unsigned tries)
{
    struct retry_case now = {.write = write,
        .outcome = reply->outcome,
        .hopeless = reply->hopeless,
        .status = retry_status(reply, write),
        .tries = tries,
        .left_ms = WHOLE_MS};
    int64_t delay = 0;

    digest_random(&now.random, sizeof(now.random));
    return reply->fault != FAULT_STOPPED && retry_wanted(&now, &delay) && nap(delay);
}

static struct exchange_reply ship_once(struct aws *aws, struct exchange *exchange,
    struct arena *arena, const struct aws_shipment *shipment)
{
    struct strings lines = {0}, given = {0};
    const char *host = strstr(shipment->endpoint, "://");

    if (shipment->target != NULL) {
        strings_add(arena, &given, "Content-Type: application/x-amz-json-1.1");
        strings_add(arena, &given, arena_printf(arena, "X-Amz-Target: %s", shipment->target));
    } else {
        strings_add(
            arena, &given, "Content-Type: application/x-www-form-urlencoded; charset=utf-8");
    }
    if (shipment->keys != NULL) {
        host = host != NULL ? host + 3 : shipment->endpoint;
        struct aws_request request = {.method = "POST",
            .host = arena_strndup(arena, host, strcspn(host, "/")),
            .path = "/",
            .headers = &given,
            .body = buf_text(shipment->body),
            .length = shipment->body->len,
            .service = shipment->service,
            .region = shipment->region,
            .now = aws_now(aws)};
        aws_sign(arena, shipment->keys, &request, &lines);
    }
    struct exchange_call call = {.method = "POST",
        .url = arena_printf(arena, "%s/", shipment->endpoint),
        .lines = shipment->keys != NULL ? &lines : &given,
        .body = shipment->body,
        .write = shipment->write,
        .ca_file = shipment->ca_file,
        .max_body = (size_t)8 << 20};
    return exchange_send(exchange, arena, &call);
}

struct exchange_reply aws_ship(struct aws *aws, struct exchange *exchange, struct arena *arena,
    const struct aws_shipment *shipment)
{
    struct exchange_reply reply;
    bool mended = false;

    for (unsigned tries = 1;; tries++) {
        reply = ship_once(aws, exchange, arena, shipment);
        if (reply.outcome == OUTCOME_ANSWERED) {
            bool moved = aws_clock_seen(aws, exchange_header(exchange, "date"));
            struct aws_error error = reply.status >= 400
                                         ? aws_error_read(arena, reply.body, reply.length)
                                         : (struct aws_error){.code = "", .message = ""};
            if (moved && !mended && aws_error_is_clock(&error)) {
                mended = true;
                continue;
            }
        }
        if (!aws_again(&reply, shipment->write, tries))
            return reply;
    }
}

struct exchange_reply aws_post(struct aws *aws, struct exchange *exchange, struct arena *arena,
    const struct aws_call *call, struct diags *diags)
{
    struct exchange_reply reply = {.outcome = OUTCOME_UNSENT,
        .hopeless = true,
        .reason = "there are no credentials",
        .body = ""};
    const char *endpoint = aws_endpoint(aws, call->service);
    struct aws_keys keys;

    if (endpoint == NULL)
        endpoint = arena_printf(arena, "https://%s", aws_host(arena, call->service, call->region));
    struct aws_shipment shipment = {.keys = &keys,
        .service = call->service,
        .region = call->region,
        .target = call->target,
        .endpoint = endpoint,
        .ca_file = aws_ca_file(aws),
        .body = call->body,
        .write = call->write};
    for (bool again = false;; again = true) {
        if (!aws_keys(aws, &keys, diags))
            return reply;
        reply = aws_ship(aws, exchange, arena, &shipment);
        if (again || reply.outcome != OUTCOME_ANSWERED || reply.status < 400)
            return reply;
        struct aws_error error = aws_error_read(arena, reply.body, reply.length);
        if (!aws_error_is_expired(&error) || !aws_keys_expired(aws))
            return reply;
    }
}
