/* Signature Version 4: canonical request, string to sign, derived key. */
#include "client/aws_sign.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"

#include <strings.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define TOKEN_HEADER "x-amz-security-token"

/** A header, or a parameter of the query. */
struct term {
    const char *name, *value;
};

struct terms {
    struct term *at;
    size_t count, cap;
};

struct signing {
    const struct aws_request *request;
    const struct aws_keys *keys;
    struct terms headers; /* sorted; names in lower case, values trimmed */
    const char *date;     /* 20130524T000000Z */
    const char *scope;    /* 20130524/us-east-1/s3/aws4_request */
    const char *payload;  /* hex of the body's hash */
    const char *names;    /* of the signed headers, joined by ";" */
};

/* ------------------------------------------------------------------ the canonical request */

static int compare_terms(const void *a, const void *b)
{
    const struct term *one = a, *other = b;
    int by_name = strcmp(one->name, other->name);
    return by_name != 0 ? by_name : strcmp(one->value, other->value);
}

static void terms_sort(struct terms *terms)
{
    if (terms->count > 1)
        qsort(terms->at, terms->count, sizeof(*terms->at), compare_terms);
}

/* By name and then by value, not by "name=value": "=" sorts behind "-", which a name may hold. */
static void add_query(struct arena *arena, struct buf *out, const char *query)
{
    struct terms terms = {0};

    for (const char *at = query; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, "&");
        size_t name = strcspn(at, "=&");
        if (length > 0) {
            struct term *term = VEC_ADD(arena, &terms);
            term->name = arena_strndup(arena, at, name);
            term->value =
                name < length ? arena_strndup(arena, at + name + 1, length - name - 1) : "";
        }
        at += length + (at[length] == '&');
    }
    terms_sort(&terms);
    VEC_EACH(term, &terms)
        buf_printf(out, "%s%s=%s", term == terms.at ? "" : "&", term->name, term->value);
}

/** Without blanks around it, runs of blanks and folds as one blank. */
static const char *squeeze(struct arena *arena, const char *value)
{
    char *out = arena_alloc(arena, strlen(value) + 1), *to = out;

    for (const char *at = value; *at != '\0'; at++) {
        bool blank = strchr(" \t\r\n\v\f", *at) != NULL;
        if (!blank)
            *to++ = *at;
        else if (to > out && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to > out && to[-1] == ' ')
        to[-1] = '\0';
    return out;
}

/* What a proxy or the transport changes on the way; the same list as botocore's. */
static bool is_unsigned(const char *name)
{
    static const char *const names[] = {"authorization", "connection", "expect", "keep-alive",
        "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
        "upgrade", "user-agent", "x-amzn-trace-id"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static void add_header(
    struct arena *arena, struct signing *signing, const char *name, const char *value)
{
    VEC_EACH(known, &signing->headers) {
        if (strcmp(known->name, name) == 0) {
            known->value = arena_printf(arena, "%s,%s", known->value, value);
            return;
        }
    }
    *VEC_ADD(arena, &signing->headers) = (struct term){.name = name, .value = value};
}

static void take_headers(struct arena *arena, struct signing *signing)
{
    const struct strings *lines = signing->request->headers;
    CLEANUP_BUF struct buf names = BUF_INIT(0);

    add_header(arena, signing, "host", signing->request->host);
    add_header(arena, signing, "x-amz-date", signing->date);
    add_header(arena, signing, "x-amz-content-sha256", signing->payload);
    if (signing->keys->token != NULL)
        add_header(arena, signing, TOKEN_HEADER, signing->keys->token);
    for (size_t i = 0; lines != NULL && i < lines->count; i++) {
        size_t length = strcspn(lines->at[i], ":");
        const char *value = lines->at[i][length] == ':' ? lines->at[i] + length + 1 : "";
        const char *name =
            text_lower(arena, squeeze(arena, arena_strndup(arena, lines->at[i], length)));
        if (!is_unsigned(name))
            add_header(arena, signing, name, squeeze(arena, value));
    }
    terms_sort(&signing->headers);
    VEC_EACH(header, &signing->headers)
        buf_printf(&names, "%s%s", header == signing->headers.at ? "" : ";", header->name);
    signing->names = arena_strdup(arena, buf_text(&names));
}

static void write_canonical(
    struct arena *arena, const struct signing *signing, bool masked, struct buf *out)
{
    const struct aws_request *request = signing->request;
    bool s3 = strcmp(request->service, "s3") == 0;

    buf_printf(out, "%s\n%s\n", request->method,
        s3 ? request->path : text_encode_path(arena, request->path));
    add_query(arena, out, request->query);
    buf_char(out, '\n');
    VEC_EACH(header, &signing->headers) {
        bool hidden = masked && strcmp(header->name, TOKEN_HEADER) == 0;
        buf_printf(out, "%s:%s\n", header->name, hidden ? "(sensitive)" : header->value);
    }
    buf_printf(out, "\n%s\n%s", signing->names, signing->payload);
}

/* ------------------------------------------------------------------ the signature */

static struct signing begin(
    struct arena *arena, const struct aws_keys *keys, const struct aws_request *request)
{
    struct signing signing = {.request = request, .keys = keys};
    const char *iso = clock_format(arena, request->now);

    signing.date =
        arena_printf(arena, "%.4s%.2s%.5s%.2s%.3s", iso, iso + 5, iso + 8, iso + 14, iso + 17);
    signing.scope = arena_printf(
        arena, "%.8s/%s/%s/aws4_request", signing.date, request->region, request->service);
    signing.payload =
        digest_hex(arena, request->body != NULL ? request->body : "", request->length);
    take_headers(arena, &signing);
    return signing;
}

static const char *to_sign(struct arena *arena, const struct signing *signing)
{
    struct buf canonical = BUF_INIT(0);

    write_canonical(arena, signing, false, &canonical);
    const char *hash = digest_hex(arena, buf_text(&canonical), canonical.len);
    buf_wipe(&canonical);
    return arena_printf(arena, ALGORITHM "\n%s\n%s\n%s", signing->date, signing->scope, hash);
}

static const char *signature(struct arena *arena, const struct signing *signing, const char *text)
{
    uint8_t key[DIGEST_SIZE];
    struct buf first = BUF_INIT(0);

    buf_printf(&first, "AWS4%s", signing->keys->secret);
    digest_hmac(first.at, first.len, signing->date, 8, key);
    buf_wipe(&first);
    const char *const parts[] = {
        signing->request->region, signing->request->service, "aws4_request"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        digest_hmac(key, sizeof(key), parts[i], strlen(parts[i]), key);
    const char *hex = digest_hmac_hex(arena, key, sizeof(key), text, strlen(text));
    digest_wipe(key, sizeof(key));
    return hex;
}

/** A line as it may go out: a break in it would begin another header. */
static const char *one_line(struct arena *arena, const char *line)
{
    char *copy = arena_strdup(arena, line);
    for (char *at = copy; *at != '\0'; at++) {
        if (*at == '\r' || *at == '\n')
            *at = ' ';
    }
    return copy;
}

void aws_sign(struct arena *arena, const struct aws_keys *keys, const struct aws_request *request,
    struct strings *ret_lines)
{
    struct signing signing = begin(arena, keys, request);
    const char *text = to_sign(arena, &signing);

    for (size_t i = 0; request->headers != NULL && i < request->headers->count; i++)
        strings_add(arena, ret_lines, one_line(arena, request->headers->at[i]));
    strings_add(arena, ret_lines, arena_printf(arena, "x-amz-date: %s", signing.date));
    strings_add(arena, ret_lines, arena_printf(arena, "x-amz-content-sha256: %s", signing.payload));
    if (keys->token != NULL)
        strings_add(arena, ret_lines, arena_printf(arena, TOKEN_HEADER ": %s", keys->token));
    strings_add(arena, ret_lines,
        arena_printf(arena,
            "Authorization: " ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
            keys->id, signing.scope, signing.names, signature(arena, &signing, text)));
}

void aws_sign_explain(struct arena *arena, const struct aws_keys *keys,
    const struct aws_request *request, const char **ret_canonical, const char **ret_to_sign)
{
    CLEANUP_BUF struct buf canonical = BUF_INIT(0);
    struct signing signing = begin(arena, keys, request);

    *ret_to_sign = to_sign(arena, &signing);
    write_canonical(arena, &signing, true, &canonical);
    *ret_canonical = arena_strndup(arena, buf_text(&canonical), canonical.len);
}
