/* Writes request bodies and reads answers; what it is given from outside is hostile. */
#include "client/answer.h"

#include "base/text.h"
#include "value/read.h"

#include <arpa/inet.h>
#include <strings.h>

#define TEXT_BYTES ((size_t)2 << 10)

/* ------------------------------------------------------------------ requests */

/** The most bytes that the secrets of a tree can take, quoted; false when one is not to be had. */
static bool secrets_room(
    struct secrets *secrets, const struct node *node, size_t *room, const char **reterr_reason)
{
    if (node_is(node, NODE_LIST)) {
        for (uint32_t i = 0; i < node->count; i++) {
            if (!secrets_room(secrets, node->items[i], room, reterr_reason))
                return false;
        }
    } else if (node_is(node, NODE_MAP)) {
        for (uint32_t i = 0; i < node->count; i++) {
            if (!secrets_room(secrets, node->pairs[i].value, room, reterr_reason))
                return false;
        }
    } else if (node_is(node, NODE_STRING) && (node->marks & NODE_SECRET) != 0) {
        const char *value = secrets_value(secrets, node->text, reterr_reason);
        if (value == NULL)
            return false;
        *room += 6 * strlen(value) + 2;
    }
    return true;
}

static void write_value(struct secrets *secrets, const struct node *node, struct buf *out)
{
    if (node_is(node, NODE_LIST)) {
        buf_char(out, '[');
        for (uint32_t i = 0; i < node->count; i++) {
            if (i > 0)
                buf_char(out, ',');
            write_value(secrets, node->items[i], out);
        }
        buf_char(out, ']');
    } else if (node_is(node, NODE_MAP)) {
        buf_char(out, '{');
        for (uint32_t i = 0; i < node->count; i++) {
            if (i > 0)
                buf_char(out, ',');
            json_quote(out, node->pairs[i].key);
            buf_char(out, ':');
            write_value(secrets, node->pairs[i].value, out);
        }
        buf_char(out, '}');
    } else if (node_is(node, NODE_STRING) && (node->marks & NODE_SECRET) != 0) {
        const char *value = secrets_value(secrets, node->text, NULL);
        json_quote(out, value != NULL ? value : "");
    } else {
        node_json(node, out);
    }
}

bool answer_write_body(struct secrets *secrets, struct arena *arena, const struct node *body,
    struct buf *out, const char **reterr_reason)
{
    size_t room = 0;

    if (!secrets_room(secrets, body, &room, reterr_reason))
        return false;
    /* Room for all of it at once: a buffer that grew would leave copies of secrets behind. */
    if (room > 0) {
        size_t whole = room + strlen(node_json_text(arena, body));
        buf_add(out, arena_alloc(arena, whole), whole);
        buf_reset(out);
    }
    write_value(secrets, body, out);
    if (out->overflow) {
        *reterr_reason = "the body of the request is too large";
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------ answers */

static bool looks_like_html(const struct reply *reply, const struct buf *bytes)
{
    const char *start = buf_text(bytes);

    start += strspn(start, " \t\r\n");
    return (reply->content_type != NULL &&
               strncasecmp(reply->content_type, "text/html", strlen("text/html")) == 0) ||
           strncasecmp(start, "<!doctype html", 14) == 0 || strncasecmp(start, "<html", 5) == 0;
}

void answer_text(
    struct reply *reply, struct arena *arena, struct secrets *secrets, const struct buf *bytes)
{
    /* One more than is kept: then there is a byte that tells where a character begins. What is
       behind a NUL is not shown. */
    char *text =
        secrets != NULL
            ? secrets_cut_start(secrets, arena, buf_text(bytes), TEXT_BYTES + 1)
            : arena_strndup(arena, buf_text(bytes), strnlen(buf_text(bytes), TEXT_BYTES + 1));

    if (strlen(text) > TEXT_BYTES) {
        size_t end = TEXT_BYTES;
        while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
            end--;
        text[end] = '\0';
    }
    reply->text = text_printable(arena, text, true);
}

/** Cuts secrets out of every text of an answer: a server may repeat what it was sent. */
static void cut_texts(struct secrets *secrets, struct arena *arena, struct node *node)
{
    for (uint32_t i = 0; node_is(node, NODE_LIST) && i < node->count; i++)
        cut_texts(secrets, arena, node->items[i]);
    for (uint32_t i = 0; node_is(node, NODE_MAP) && i < node->count; i++)
        cut_texts(secrets, arena, node->pairs[i].value);
    if (node_is(node, NODE_STRING)) {
        node->text = secrets_cut(secrets, arena, node->text);
        node->count = (uint32_t)strlen(node->text);
    }
}

/** Errors also come with status 200 (credentials of litellm 1.81.15). */
static bool is_error(const struct reply *reply)
{
    return reply->status >= 300 || node_get(reply->body, "error") != NULL ||
           node_get(reply->body, "detail") != NULL || node_get(reply->body, "code") != NULL;
}

/** The message of an error, cut after it was taken out of whatever it was wrapped in. */
static void read_error(
    struct reply *reply, struct arena *arena, struct secrets *secrets, struct node *body)
{
    if (secrets == NULL || !is_error(reply))
        return;
    cut_texts(secrets, arena, body);
    const char *message = secrets_cut(secrets, arena, reply_message(arena, reply));
    reply->message = text_printable(arena, message, false);
}

void answer_read(
    struct reply *reply, struct arena *arena, struct secrets *secrets, const struct buf *bytes)
{
    const char *reason = "";
    const char *type = reply->content_type != NULL ? reply->content_type : "no content type";

    answer_text(reply, arena, secrets, bytes);
    if (bytes->len > 0) {
        struct node *body = json_read(arena, buf_text(bytes), bytes->len, &reason);
        reply->body = body;
        if (body != NULL) {
            read_error(reply, arena, secrets, body);
            return;
        }
    }
    reply->fault = FAULT_TEXT;
    if (bytes->len == 0)
        reply->reason = "the answer is empty";
    else if (looks_like_html(reply, bytes))
        reply->reason = "the answer is a web page";
    else
        reply->reason = arena_printf(arena, "the answer is no usable JSON: %s (%zu bytes, %.100s)",
            reason, bytes->len, type);
    if (secrets != NULL)
        reply->reason = secrets_cut(secrets, arena, reply->reason);
    reply->reason = text_printable(arena, reply->reason, false);
}

/* ------------------------------------------------------------------ URLs */

/** Where the host begins, behind "scheme://user:password@". */
static const char *host_start(const char *url, size_t *ret_length)
{
    const char *scheme = strstr(url, "://");
    const char *start = scheme != NULL ? scheme + 3 : url;
    size_t length = strcspn(start, "/?#");

    for (size_t i = length; i > 0; i--) {
        if (start[i - 1] == '@') {
            *ret_length = length - i;
            return start + i;
        }
    }
    *ret_length = length;
    return start;
}

char *answer_url(struct arena *arena, const char *base, const char *path)
{
    size_t length = 0;
    const char *host = host_start(base, &length);
    const char *scheme = strstr(base, "://");
    size_t head = scheme != NULL && scheme < host ? (size_t)(scheme + 3 - base) : 0;

    return arena_printf(arena, "%.*s%s%s", (int)head, base, host, path);
}

bool answer_is_loopback(const char *url)
{
    size_t length = 0;
    const char *host = host_start(url, &length);
    char name[256];
    struct in_addr four;
    struct in6_addr six;

    if (length == 0 || length >= sizeof(name))
        return false;
    memcpy(name, host, length);
    name[length] = '\0';
    if (name[0] == '[') {
        name[strcspn(name, "]")] = '\0';
        if (inet_pton(AF_INET6, name + 1, &six) != 1)
            return false;
        return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
    }
    name[strcspn(name, ":")] = '\0';
    length = strlen(name);
    if (length > 0 && name[length - 1] == '.')
        name[--length] = '\0';
    if (inet_pton(AF_INET, name, &four) == 1)
        return (ntohl(four.s_addr) >> 24) == 127;
    return strcasecmp(name, "localhost") == 0 ||
           (length > 10 && strcasecmp(name + length - 10, ".localhost") == 0);
}
