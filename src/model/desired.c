/* What the spec wants, one resource at a time: addresses, ids, registration. */
#include "model/desired.h"

#include "base/digest.h"
#include "base/text.h"

#include <string.h>

#define ID_MOST 60
#define ID_GIVEN_MOST 250
#define ID_HASH 8 /* hex digits of the digest behind the readable part */

char *address_make(
    struct arena *arena, const char *kind, const char *const *parts, size_t part_count)
{
    CLEANUP_BUF struct buf out = BUF_INIT((size_t)1 << 20);
    buf_str(&out, kind);
    for (size_t i = 0; i < part_count; i++) {
        buf_char(&out, '/');
        buf_str(&out, text_encode_address(arena, parts[i]));
    }
    return arena_strndup(arena, buf_text(&out), out.len);
}

char *address_kind(struct arena *arena, const char *address)
{
    size_t length = address == NULL ? 0 : strcspn(address, "/");
    bool good = length > 0 && address[length] == '/' && address[length + 1] != '\0' &&
                strspn(address, "abcdefghijklmnopqrstuvwxyz0123456789_-") >= length;
    return good ? arena_strndup(arena, address, length) : NULL;
}

/* Letters, digits and a few signs stay; runs of anything else become one dash. */
static void add_readable(struct buf *out, const char *text, size_t most)
{
    for (const char *at = text; *at != '\0' && out->len < most; at++) {
        char c = *at;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        bool keeps = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
        if (keeps)
            buf_char(out, c);
        else if (out->len > 0 && out->at[out->len - 1] != '-')
            buf_char(out, '-');
    }
}

char *desired_id(struct arena *arena, const char *environment, const char *kind, const char *name)
{
    CLEANUP_BUF struct buf whole = BUF_INIT((size_t)1 << 20);
    CLEANUP_BUF struct buf out = BUF_INIT(ID_MOST + 1);
    /* The lengths keep ("a", "bc") and ("ab", "c") apart. */
    buf_printf(&whole, "%zu:%s%zu:%s%zu:%s", strlen(environment), environment, strlen(kind), kind,
        strlen(name), name);
    const char *digest = digest_hex(arena, buf_text(&whole), whole.len);
    size_t room = ID_MOST - ID_HASH - 1;
    add_readable(&out, environment, room / 2);
    if (out.len > 0 && out.at[out.len - 1] != '-')
        buf_char(&out, '-');
    add_readable(&out, name, room);
    size_t length = out.len;
    while (length > 0 && (out.at[length - 1] == '-' || out.at[length - 1] == '.'))
        length--;
    return arena_printf(
        arena, "%.*s%s%.*s", (int)length, buf_text(&out), length > 0 ? "-" : "", ID_HASH, digest);
}

struct resource *desired_resource(const struct desired *desired, const char *address)
{
    return address == NULL ? NULL : map_get(&desired->by_address, address);
}

static char *joined(struct arena *arena, const char *const *parts, size_t count)
{
    CLEANUP_BUF struct buf out = BUF_INIT((size_t)1 << 20);
    for (size_t i = 0; i < count; i++)
        buf_printf(&out, "%s%s", i == 0 ? "" : "/", parts[i]);
    return arena_strndup(arena, buf_text(&out), out.len);
}

/* An id stands in URLs of the server unencoded; those of users are often e-mails. */
static bool id_usable(
    const struct check_context *context, const struct kind *kind, const struct node *id)
{
    const char *text = id->text;
    size_t length =
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@+");
    bool user = strcmp(kind->name, "user") == 0;
    bool good = length > 0 && text[length] == '\0' && length <= ID_GIVEN_MOST &&
                (user || strpbrk(text, "@+") == NULL);
    if (good)
        return true;
    diag_at(context->diags, "LF028", node_span(id),
        user ? "use letters, digits, and . _ - @ +" : "use letters, digits, and . _ -",
        "\"%.60s\" cannot be an id", text);
    return false;
}

struct resource *desired_add(const struct check_context *context, const struct kind *kind,
    const char *const *parts, size_t part_count, struct node *fields, struct span where)
{
    return desired_add_as(context, kind, parts, part_count, NULL, fields, where);
}

struct resource *desired_add_as(const struct check_context *context, const struct kind *kind,
    const char *const *parts, size_t part_count, const char *id_name, struct node *fields,
    struct span where)
{
    struct arena *arena = context->arena;
    struct desired *desired = context->desired;
    char *address = address_make(arena, kind->name, parts, part_count);
    const struct resource *first = desired_resource(desired, address);
    if (first != NULL) {
        struct diag *diag = diag_at(
            context->diags, "LF024", where, "keep one of the two", "%s is declared twice", address);
        diag->address = address;
        diag->also = first->where;
        diag->also_label = "first here";
        return NULL;
    }
    const struct node *id = node_get(fields, "id");
    if (node_is(id, NODE_STRING) && !id_usable(context, kind, id))
        return NULL;
    struct resource *resource = ARENA_NEW(arena, struct resource);
    resource->address = address;
    resource->kind = kind;
    resource->name = joined(arena, parts, part_count);
    resource->fields = fields;
    resource->where = where;
    resource->id_given = node_is(id, NODE_STRING);
    resource->id = resource->id_given ? arena_strdup(arena, id->text)
                                      : desired_id(arena, desired->environment, kind->name,
                                            id_name != NULL ? id_name : resource->name);
    if (desired->by_address.arena == NULL)
        desired->by_address = map_init(arena);
    *VEC_ADD(arena, &desired->list) = resource;
    map_set(&desired->by_address, address, resource);
    return resource;
}
