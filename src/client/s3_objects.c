#include "client/s3_inner.h"

#include "base/digest.h"
#include "base/text.h"

#include <string.h>

/* What is asked of a bucket: reading, writing, listing, removing. */

#define META_SHA256 "x-amz-meta-sha256"
#define PAGES_MOST 10000
#define MANY_MOST 1000 /* keys that one DeleteObjects takes */

static bool is_success(const struct s3_answer *answer)
{
    return answer->reply.outcome == OUTCOME_ANSWERED && answer->reply.status >= 200 &&
           answer->reply.status < 300;
}

/* No such object, as opposed to no such bucket, or a page of a gateway that says 404. */
static bool is_absent(const struct s3_answer *answer)
{
    return answer->reply.outcome == OUTCOME_ANSWERED && answer->reply.status == 404 &&
           text_equal(answer->code, "NoSuchKey");
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool is_whole(struct s3 *s3, struct arena *arena, const struct s3_answer *answer)
{
    const char *told = exchange_header(s3->exchange, META_SHA256);
    if (told == NULL)
        return true; /* written by other means: the state has a checksum of its own */
    return strcasecmp(told, digest_hex(arena, answer->reply.body, answer->reply.length)) == 0;
}

static enum s3_result damaged(struct s3 *s3, const char *key, size_t length, struct diags *diags)
{
    struct diag *diag =
        diag_add(diags, "LF450", "%s arrived as %zu bytes that are not what was written",
            s3_name(s3, diags->arena, key), length);
    diag->fix =
        "is there a proxy that changes or cuts answers? Else the object was changed and its "
        "metadata kept: bring back an older version of it";
    return S3_FAILED;
}

enum s3_result s3_get(struct s3 *s3, struct arena *arena, const char *key,
    struct s3_object *ret_object, struct diags *diags)
{
    enum { TRIES = 3 };
    struct s3_call call = {.kind = S3_KIND_GET, .method = "GET", .key = key};
    size_t length = 0;
    for (unsigned try = 0; try < TRIES; try++) {
        CLEANUP_ARENA struct arena *scratch = arena_new();
        struct s3_answer answer = {0};
        if (!s3_send(s3, scratch, &call, &answer, diags))
            return S3_FAILED;
        length = answer.reply.length;
        if (is_absent(&answer))
            return S3_ABSENT;
        const char *etag = exchange_header(s3->exchange, "ETag");
        if (!is_success(&answer) || etag == NULL || answer.reply.status != 200) {
            s3_fault(s3, &call, &answer, diags);
            return S3_FAILED;
        }
        if (!is_whole(s3, scratch, &answer))
            continue; /* damaged on the way, perhaps */
        ret_object->bytes = arena_strndup(arena, answer.reply.body, length);
        ret_object->length = length;
        ret_object->etag = arena_strdup(arena, etag);
        return S3_OK;
    }
    return damaged(s3, key, length, diags);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_headers(
    const struct s3 *s3, struct arena *arena, const struct s3_write *write, struct strings *headers)
{
    const struct s3_options *options = &s3->options;
    strings_add(arena, headers, "Content-Type: application/json");
    strings_add(arena, headers,
        arena_printf(arena, META_SHA256 ": %s", digest_hex(arena, write->bytes, write->length)));
    if (write->expect != NULL) {
        bool fresh = strcmp(write->expect, S3_NEW) == 0;
        strings_add(arena, headers,
            arena_printf(arena, "%s: %s", fresh ? "If-None-Match" : "If-Match", write->expect));
    }
    if (options->encryption != NULL)
        strings_add(arena, headers,
            arena_printf(arena, "x-amz-server-side-encryption: %s", options->encryption));
    if (options->kms_key != NULL)
        strings_add(arena, headers,
            arena_printf(
                arena, "x-amz-server-side-encryption-aws-kms-key-id: %s", options->kms_key));
}

/* Whether the answer says that the object is not the one that was expected. */
static bool is_conflict(const struct s3_answer *answer, const struct s3_write *write)
{
    if (answer->reply.outcome != OUTCOME_ANSWERED || write->expect == NULL)
        return false;
    return answer->reply.status == 412 || is_absent(answer);
}

enum s3_result s3_put(struct s3 *s3, struct arena *arena, const struct s3_write *write,
    const char **ret_etag, struct diags *diags)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    CLEANUP_BUF struct buf body = BUF_INIT(0);
    struct strings headers = {0};
    write_headers(s3, scratch, write, &headers);
    buf_add(&body, write->bytes, write->length);
    struct s3_call call = {.kind = S3_KIND_PUT,
        .method = "PUT",
        .key = write->key,
        .headers = &headers,
        .body = &body};
    struct s3_answer answer = {0};
    if (!s3_send(s3, scratch, &call, &answer, diags))
        return S3_FAILED;
    if (is_conflict(&answer, write))
        return S3_CONFLICT;
    const char *etag = exchange_header(s3->exchange, "ETag");
    if (is_success(&answer) && etag != NULL) {
        *ret_etag = arena_strdup(arena, etag);
        return S3_OK;
    }
    s3_fault(s3, &call, &answer, diags);
    return is_success(&answer) || s3_is_unknown(&answer) ? S3_UNKNOWN : S3_FAILED;
}

/* --- listing ---------------------------------------------------------------------------------- */

/* The keys of a page; the token of the next one, or NULL after the last. */
static const char *read_page(
    struct arena *arena, const struct s3_answer *answer, const char *prefix, struct strings *keys)
{
    struct xml all = {.at = answer->reply.body, .end = answer->reply.body + answer->reply.length};
    struct xml rest = all, contents;
    while (xml_next(&rest, "Contents", &contents)) {
        const char *key = xml_find(arena, &contents, "Key");
        if (key != NULL && text_starts(key, prefix))
            strings_add(arena, keys, key);
    }
    if (!text_equal(xml_find(arena, &all, "IsTruncated"), "true"))
        return NULL;
    return xml_find(arena, &all, "NextContinuationToken");
}

static bool is_listing(const struct s3_answer *answer)
{
    struct xml all = {.at = answer->reply.body, .end = answer->reply.body + answer->reply.length};
    struct xml inside;
    return answer->reply.status == 200 && xml_next(&all, "ListBucketResult", &inside);
}

enum s3_result s3_list(struct s3 *s3, struct arena *arena, const char *prefix,
    struct strings *ret_keys, struct diags *diags)
{
    struct strings keys = {0};
    const char *token = NULL;
    for (unsigned page = 0; page < PAGES_MOST; page++) {
        /* Sorted as they are signed. */
        const char *from = token == NULL ? ""
                                         : arena_printf(arena, "continuation-token=%s&",
                                               text_encode_url(arena, token));
        struct s3_call call = {.kind = S3_KIND_LIST,
            .method = "GET",
            .query = arena_printf(
                arena, "%slist-type=2&prefix=%s", from, text_encode_url(arena, prefix))};
        struct s3_answer answer = {0};
        if (!s3_send(s3, arena, &call, &answer, diags))
            return S3_FAILED;
        if (answer.reply.outcome != OUTCOME_ANSWERED || !is_listing(&answer)) {
            s3_fault(s3, &call, &answer, diags);
            return S3_FAILED;
        }
        const char *next = read_page(arena, &answer, prefix, &keys);
        if (next == NULL || text_equal(next, token))
            break;
        token = next;
    }
    strings_sort(&keys);
    *ret_keys = keys;
    return S3_OK;
}

/* --- removing --------------------------------------------------------------------------------- */

enum s3_result s3_delete(struct s3 *s3, const char *key, struct diags *diags)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct s3_call call = {.kind = S3_KIND_DELETE, .method = "DELETE", .key = key};
    struct s3_answer answer = {0};
    if (!s3_send(s3, scratch, &call, &answer, diags))
        return S3_FAILED;
    if (is_success(&answer) || is_absent(&answer))
        return S3_OK;
    s3_fault(s3, &call, &answer, diags);
    return S3_FAILED;
}

static void add_escaped(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (strchr("&<>\"'", c) != NULL || c < 0x20)
            buf_printf(out, "&#%u;", c);
        else
            buf_char(out, *text);
    }
}

/* SHA-256 in base64, which DeleteObjects wants of its body (or an MD5, which not all builds have). */
static const char *checksum(struct arena *arena, const struct buf *body)
{
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(buf_text(body), body->len, digest);
    char *text = digest_base64url(arena, digest, sizeof(digest));
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '-')
            *at = '+';
        else if (*at == '_')
            *at = '/';
    }
    return arena_printf(arena, "x-amz-checksum-sha256: %s=", text);
}

/* Each key that could not be removed is in the answer of success. */
static enum s3_result read_refused(
    struct s3 *s3, struct arena *arena, const struct s3_answer *answer, struct diags *diags)
{
    struct xml rest = {.at = answer->reply.body, .end = answer->reply.body + answer->reply.length};
    struct xml error;
    enum s3_result result = S3_OK;
    while (xml_next(&rest, "Error", &error)) {
        const char *code = xml_find(arena, &error, "Code");
        const char *key = xml_find(arena, &error, "Key");
        if (text_equal(code, "NoSuchKey"))
            continue;
        if (result == S3_OK) /* one stands for all: they have one reason */
            s3_fault_key(
                s3, key == NULL ? "" : key, code, xml_find(arena, &error, "Message"), diags);
        result = S3_FAILED;
    }
    return result;
}

/* Up to MANY_MOST from `first` on, in one call. */
static enum s3_result delete_batch(
    struct s3 *s3, const struct strings *keys, size_t first, struct diags *diags)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    CLEANUP_BUF struct buf body = BUF_INIT(0);
    buf_str(&body, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>");
    for (size_t i = first; i < keys->count && i < first + MANY_MOST; i++) {
        buf_str(&body, "<Object><Key>");
        add_escaped(&body, keys->at[i]);
        buf_str(&body, "</Key></Object>");
    }
    buf_str(&body, "</Delete>");
    struct strings headers = {0};
    strings_add(scratch, &headers, "Content-Type: application/xml");
    strings_add(scratch, &headers, checksum(scratch, &body));
    struct s3_call call = {.kind = S3_KIND_DELETE,
        .method = "POST",
        .query = "delete=",
        .headers = &headers,
        .body = &body};
    struct s3_answer answer = {0};
    if (!s3_send(s3, scratch, &call, &answer, diags))
        return S3_FAILED;
    if (is_success(&answer))
        return read_refused(s3, scratch, &answer, diags);
    int status = answer.reply.status;
    s3->single = answer.reply.outcome == OUTCOME_ANSWERED &&
                 (status == 400 || status == 404 || status == 405 || status == 501);
    if (!s3->single)
        s3_fault(s3, &call, &answer, diags);
    return S3_FAILED;
}

enum s3_result s3_delete_many(struct s3 *s3, const struct strings *keys, struct diags *diags)
{
    enum s3_result result = S3_OK;
    size_t at = 0;
    for (; at < keys->count && !s3->single; at += MANY_MOST) {
        result = delete_batch(s3, keys, at, diags);
        if (result != S3_OK)
            break;
    }
    if (!s3->single)
        return result;
    /* Also those whose batch just found out that there are none. */
    result = S3_OK;
    for (; at < keys->count; at++) {
        if (s3_delete(s3, keys->at[at], diags) != S3_OK)
            return S3_FAILED;
    }
    return result;
}
