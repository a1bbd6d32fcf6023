#include "client/s3_inner.h"

#include "base/text.h"

#include <string.h>

/* Why S3 did not do what it was asked, and what to do about it. */

static const char *object_of(const struct s3 *s3, struct arena *arena, const struct s3_call *call)
{
    if (call->key == NULL && s3->options.prefix != NULL)
        return s3_name(s3, arena, arena_printf(arena, "%s/", s3->options.prefix));
    return s3_name(s3, arena, call->key);
}

static const char *act(enum s3_kind kind)
{
    static const char *const acts[] = {[S3_KIND_GET] = "read",
        [S3_KIND_PUT] = "written",
        [S3_KIND_LIST] = "listed",
        [S3_KIND_DELETE] = "removed"};
    return acts[kind];
}

/* --- rights ----------------------------------------------------------------------------------- */

static const char *partition(const char *region)
{
    if (text_starts(region, "cn-"))
        return "aws-cn";
    return text_starts(region, "us-gov-") ? "aws-us-gov" : "aws";
}

/* The action that AWS names: "... is not authorized to perform: s3:GetObject on resource: ..." */
static const char *named_action(struct arena *arena, const char *message)
{
    static const char before[] = "to perform: ";
    const char *at = message == NULL ? NULL : strstr(message, before);
    if (at == NULL)
        return NULL;
    at += strlen(before);
    size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-");
    return length == 0 || length > 64 ? NULL : arena_strndup(arena, at, length);
}

static const char *usual_action(enum s3_kind kind)
{
    static const char *const actions[] = {[S3_KIND_GET] = "s3:GetObject",
        [S3_KIND_PUT] = "s3:PutObject",
        [S3_KIND_LIST] = "s3:ListBucket",
        [S3_KIND_DELETE] = "s3:DeleteObject"};
    return actions[kind];
}

/* A statement as it goes into a policy, on one line. */
static const char *statement(const struct s3 *s3, struct arena *arena, const char *action)
{
    const struct s3_options *options = &s3->options;
    const char *part = partition(s3->region);
    const char *prefix = options->prefix == NULL ? "" : options->prefix;
    const char *slash = *prefix == '\0' ? "" : "/";
    if (text_starts(action, "kms:"))
        return arena_printf(arena, "{\"Effect\":\"Allow\",\"Action\":\"%s\",\"Resource\":\"%s\"}",
            action, options->kms_key != NULL ? options->kms_key : "ARN of the bucket's KMS key");
    /* IfExists: whether a missing object may be told as missing is asked without a prefix. */
    if (strcmp(action, "s3:ListBucket") == 0)
        return arena_printf(arena,
            "{\"Effect\":\"Allow\",\"Action\":\"%s\",\"Resource\":\"arn:%s:s3:::%s\","
            "\"Condition\":{\"StringLikeIfExists\":{\"s3:prefix\":\"%s%s*\"}}}",
            action, part, options->bucket, prefix, slash);
    return arena_printf(arena,
        "{\"Effect\":\"Allow\",\"Action\":\"%s\",\"Resource\":\"arn:%s:s3:::%s/%s%s*\"}", action,
        part, options->bucket, prefix, slash);
}

static void no_right(
    const struct s3 *s3, const struct s3_call *call, const char *message, struct diags *diags)
{
    struct arena *arena = diags->arena;
    const char *action = named_action(arena, message);
    bool told = action != NULL;
    if (!told)
        action = usual_action(call->kind);
    struct diag *diag = diag_add(diags, "LF442", "%s may not be %s: %s is not allowed%s%s",
        object_of(s3, arena, call), act(call->kind), action,
        message == NULL ? "" : "; S3 says: ", message == NULL ? "" : message);
    const char *more = "";
    if (!told && call->kind == S3_KIND_GET)
        more = ", and s3:ListBucket on the bucket, without which an object that is not there looks "
               "forbidden";
    else if (!told && call->kind == S3_KIND_PUT)
        more =
            ", and s3:GetObject there, which writing under a condition needs; for a bucket with a "
            "KMS key also kms:GenerateDataKey and kms:Decrypt on it";
    diag->fix = arena_printf(arena, "add to the policy: %s%s", statement(s3, arena, action), more);
}

/* --- keys, clock, region, bucket -------------------------------------------------------------- */

static bool keys_refused(const struct s3 *s3, const struct s3_answer *answer, struct diags *diags)
{
    static const char *const codes[] = {"InvalidAccessKeyId", "SignatureDoesNotMatch",
        "InvalidToken", "InvalidSecurity", "NotSignedUp", "AccountProblem"};
    static const char *const fixes[] = {
        "is the access key deactivated, or of another account or server? aws sts "
        "get-caller-identity shows whose it is",
        "is the secret of that access key right? A proxy that changes requests, and an endpoint "
        "that is called by another name than its own, do this too",
        "is the session token of the same session as the key? Get both anew"};
    const char *source = aws_source(s3->aws);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (!text_equal(answer->code, codes[i]))
            continue;
        struct diag *diag = diag_add(diags, "LF443", "%s refuses the credentials of %s: %s",
            s3->authority, source == NULL ? "an unknown source" : source,
            answer->message == NULL ? answer->code : answer->message);
        diag->fix = i < sizeof(fixes) / sizeof(fixes[0]) ? fixes[i] : NULL;
        return true;
    }
    static const char *const expired[] = {
        "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"};
    for (size_t i = 0; i < sizeof(expired) / sizeof(expired[0]); i++) {
        if (!text_equal(answer->code, expired[i]))
            continue;
        struct diag *diag = diag_add(diags, "LF444", "the credentials of %s have expired",
            source == NULL ? "an unknown source" : source);
        diag->fix = "get new ones (log in again), and repeat";
        return true;
    }
    return false;
}

static bool clock_wrong(const struct s3 *s3, const struct s3_answer *answer, struct diags *diags)
{
    if (!text_equal(answer->code, "RequestTimeTooSkewed") &&
        !text_equal(answer->code, "RequestExpired"))
        return false;
    struct diag *diag = diag_add(diags, "LF446",
        "%s refuses the time of the request, and signing with the time that it tells did not help",
        s3->authority);
    diag->fix = "set the clock of this machine (timedatectl set-ntp true), and repeat";
    return true;
}

static bool region_wrong(const struct s3 *s3, const struct s3_answer *answer, struct diags *diags)
{
    const char *region = answer->region;
    int status = answer->reply.status;
    bool moved = status == 301 || status == 307 || status == 308;
    bool malformed = text_equal(answer->code, "AuthorizationHeaderMalformed") ||
                     text_equal(answer->code, "IllegalLocationConstraintException");
    if (!moved && !malformed)
        return false;
    struct diag *diag = NULL;
    if (region == NULL || *region == '\0' || text_equal(region, s3->region)) {
        const char *to = answer->message != NULL ? answer->message : "it says not where";
        diag = diag_add(diags, "LF441", "%s does not serve bucket %s in %s (status %d): %s",
            s3->authority, s3->options.bucket, s3->region, status, to);
        diag->fix = "name the bucket's own region and endpoint under backend.s3";
        return true;
    }
    diag = diag_add(
        diags, "LF441", "bucket %s is in %s, not in %s", s3->options.bucket, region, s3->region);
    diag->fix = arena_printf(diags->arena, "write under backend.s3: `region: %s`", region);
    return true;
}

static bool bucket_wrong(const struct s3 *s3, const struct s3_answer *answer, struct diags *diags)
{
    struct diag *diag = NULL;
    if (text_equal(answer->code, "NoSuchBucket")) {
        diag = diag_add(
            diags, "LF440", "there is no bucket %s at %s", s3->options.bucket, s3->authority);
        diag->fix = arena_printf(diags->arena,
            "look at backend.s3.bucket; to make it: aws s3api create-bucket --bucket %s --region "
            "%s --create-bucket-configuration LocationConstraint=%s",
            s3->options.bucket, s3->region, s3->region);
        return true;
    }
    if (text_equal(answer->code, "InvalidBucketName")) {
        diag =
            diag_add(diags, "LF440", "\"%s\" cannot be the name of a bucket", s3->options.bucket);
        diag->fix = "3 to 63 of a-z, 0-9, dots and hyphens: look at backend.s3.bucket";
        return true;
    }
    return false;
}

/* --- no answer, or not one of S3 -------------------------------------------------------------- */

static void no_answer(const struct s3 *s3, const struct s3_call *call,
    const struct exchange_reply *reply, struct diags *diags)
{
    const char *what = object_of(s3, diags->arena, call);
    const char *reason = reply->reason == NULL ? "no reason is known" : reply->reason;
    struct diag *diag = NULL;
    switch (reply->fault) {
    case FAULT_TLS:
        diag = diag_add(diags, "LF448", "no trusted connection to %s: %s", s3->authority, reason);
        diag->fix = "a private root goes into `ca_file:` under backend.s3, or into AWS_CA_BUNDLE";
        return;
    case FAULT_LARGE:
        diag = diag_add(
            diags, "LF451", "%s is larger than %zu MiB", what, s3->options.max_object >> 20);
        diag->fix = "nothing that liteform writes is: look at what lies there";
        return;
    case FAULT_STOPPED:
        diag_add(diags, "LF447", "interrupted while %s was being %s", what, act(call->kind));
        return;
    default:
        break;
    }
    diag = diag_add(diags, "LF447", "%s could not be %s: %s: %s%s", what, act(call->kind),
        s3->authority, reason,
        reply->outcome == OUTCOME_LOST && call->kind == S3_KIND_PUT
            ? " (it may have been written all the same)"
            : "");
    if (reply->fault == FAULT_NAME)
        diag->fix = "look at region and endpoint under backend.s3, and at the name servers";
    else if (reply->fault == FAULT_CONNECT)
        diag->fix = "is there a way to it from here (proxy, VPC endpoint, VPN)? Then repeat";
    else
        diag->fix = "repeat when the connection is well again";
}

static bool is_html(const struct exchange_reply *reply)
{
    size_t look = reply->length < 512 ? reply->length : 512;
    const char *at = reply->body;
    for (size_t i = 0; i + 5 <= look; i++) {
        if (strncasecmp(at + i, "<html", 5) == 0)
            return true;
        if (i + 9 <= look && strncasecmp(at + i, "<!doctype", 9) == 0)
            return true;
    }
    return false;
}

/* The beginning of a body, on one line. */
static const char *excerpt(struct arena *arena, const struct exchange_reply *reply)
{
    enum { MOST = 120 };
    struct xml all = {.at = reply->body, .end = reply->body + reply->length};
    char *text = xml_find(arena, &all, "title");
    if (text == NULL)
        text = arena_strndup(arena, reply->body, reply->length < MOST ? reply->length : MOST);
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\n' || *at == '\r' || *at == '\t')
            *at = ' ';
    }
    if (strlen(text) > MOST)
        text[MOST] = '\0';
    return text_printable(arena, text, false);
}

static void not_s3(const struct s3 *s3, const struct s3_call *call, const struct s3_answer *answer,
    struct diags *diags)
{
    const struct exchange_reply *reply = &answer->reply;
    const char *text = excerpt(diags->arena, reply);
    bool html = is_html(reply);
    struct diag *diag = diag_add(diags, "LF449",
        "%s could not be %s: %s answered with status %d and %s%s%s",
        object_of(s3, diags->arena, call), act(call->kind), s3->authority, reply->status,
        html ? "a page for people" : "what is no answer of S3", *text == '\0' ? "" : ": ", text);
    diag->fix = reply->status == 407 || html
                    ? "something stands between here and S3: a proxy, a gateway, a login page. "
                      "Is `endpoint:` under backend.s3 the address of the S3 API?"
                    : "is `endpoint:` under backend.s3 the address of an S3 API?";
}

static void other(const struct s3 *s3, const struct s3_call *call, const struct s3_answer *answer,
    struct diags *diags)
{
    struct diag *diag = diag_add(diags, "LF456", "%s could not be %s: %s (status %d)%s%s",
        object_of(s3, diags->arena, call), act(call->kind), answer->code, answer->reply.status,
        answer->message == NULL ? "" : ": ", answer->message == NULL ? "" : answer->message);
    if (answer->reply.status >= 500 && answer->reply.status != 501)
        diag->fix = "it was tried several times: repeat in some minutes";
    else if (answer->reply.status == 501 || text_equal(answer->code, "NotImplemented"))
        diag->fix = "this server lacks what a shared state needs: use one with conditional writes "
                    "(AWS S3, Cloudflare R2, MinIO, Ceph)";
    else if (text_equal(answer->code, "MethodNotAllowed"))
        diag->fix = "is `endpoint:` under backend.s3 the address of an S3 API?";
}

void s3_fault(
    struct s3 *s3, const struct s3_call *call, const struct s3_answer *answer, struct diags *diags)
{
    const struct exchange_reply *reply = &answer->reply;
    if (reply->outcome != OUTCOME_ANSWERED) {
        no_answer(s3, call, reply, diags);
        return;
    }
    if (region_wrong(s3, answer, diags))
        return;
    if (answer->code == NULL) {
        /* A 403 without a text: HEAD, or a server of few words. */
        if (reply->status == 403 && reply->length == 0)
            no_right(s3, call, NULL, diags);
        else
            not_s3(s3, call, answer, diags);
        return;
    }
    if (bucket_wrong(s3, answer, diags) || keys_refused(s3, answer, diags) ||
        clock_wrong(s3, answer, diags))
        return;
    if (reply->status == 403 || text_starts(answer->code, "AccessDenied"))
        no_right(s3, call, answer->message, diags);
    else
        other(s3, call, answer, diags);
}

void s3_fault_key(
    struct s3 *s3, const char *key, const char *code, const char *message, struct diags *diags)
{
    struct s3_call call = {.kind = S3_KIND_DELETE, .method = "DELETE", .key = key};
    struct s3_answer answer = {.reply = {.outcome = OUTCOME_ANSWERED,
                                   .status = text_equal(code, "AccessDenied") ? 403 : 500,
                                   .body = ""},
        .code = code == NULL ? "an unnamed error" : code,
        .message = message};
    s3_fault(s3, &call, &answer, diags);
}
