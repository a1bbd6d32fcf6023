/* Decoders of what PostgreSQL says and is told: connection strings, columns, array literals. */
#include "client/pg_value.h"

#include "base/text.h"
#include "base/vec.h"
#include "value/read.h"

#include <strings.h>

#define ARRAY_DEPTH 6 /* PostgreSQL's own limit on dimensions */

/* OIDs of the built-in types; they are part of PostgreSQL's catalog and never change. */
enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OID = 26,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_NUMERIC = 1700,
    OID_JSONB = 3802,
};

/** The element type of an array type, or 0 when it is none that is read. */
static unsigned element_type(unsigned type)
{
    static const unsigned pairs[][2] = {{1000, OID_BOOL}, {1005, OID_INT2}, {1007, OID_INT4},
        {1016, OID_INT8}, {1021, OID_FLOAT4}, {1022, OID_FLOAT8}, {1231, OID_NUMERIC},
        {199, OID_JSON}, {3807, OID_JSONB}, {1002, OID_TEXT}, {1003, OID_TEXT}, {1009, OID_TEXT},
        {1014, OID_TEXT}, {1015, OID_TEXT}, {2951, OID_TEXT}, {1115, OID_TEXT}, {1185, OID_TEXT}};

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (pairs[i][0] == type)
            return pairs[i][1];
    }
    return 0;
}

/* ------------------------------------------------------------------ columns */

static struct node *scalar(struct arena *arena, unsigned type, const char *text, size_t length)
{
    const char *reason = NULL;
    struct node *node = NULL;

    switch (type) {
    case OID_BOOL:
        return node_bool(arena, text[0] == 't');
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_OID:
    case OID_FLOAT4:
    case OID_FLOAT8:
    case OID_NUMERIC:
        node = node_decimal(arena, text);
        break; /* NULL for NaN and Infinity */
    case OID_JSON:
    case OID_JSONB:
        node = json_read(arena, text, length, &reason);
        break;
    default:
        break;
    }
    /* What cannot be read is still a fact about the row: shown as the text it is. */
    return node != NULL ? node : node_string_n(arena, text, length);
}

struct node *pg_value(struct arena *arena, unsigned type, const char *text, size_t length)
{
    unsigned element = element_type(type);
    struct node *node = NULL;

    if (text == NULL)
        return node_null(arena);
    if (element != 0)
        node = pg_array(arena, element, text);
    return node != NULL ? node : scalar(arena, type, text, length);
}

/* ------------------------------------------------------------------ arrays */

struct array_reader {
    struct arena *arena;
    unsigned type;
    const char *at;
};

/** Copies an element to `out`; false when it has no end or holds what only quotes may hold. */
static bool array_text(struct array_reader *reader, bool quoted, char *out, size_t *ret_used)
{
    const char *ends = quoted ? "\"" : ",}", *refused = quoted ? "" : "{\"";

    for (*ret_used = 0; strchr(ends, *reader->at) == NULL; reader->at++) {
        if (strchr(refused, *reader->at) != NULL && *refused != '\0')
            return false;
        if (*reader->at == '\\')
            reader->at++;
        if (*reader->at == '\0')
            return false;
        out[(*ret_used)++] = *reader->at;
    }
    return *reader->at != '\0'; /* strchr finds the NUL as well */
}

/** An element up to the comma or brace behind it; NULL when it is none. */
static struct node *array_element(struct array_reader *reader)
{
    bool quoted = *reader->at == '"';
    char *out = arena_alloc(reader->arena, strlen(reader->at) + 1);
    size_t used = 0;

    reader->at += quoted;
    if (!array_text(reader, quoted, out, &used) || (!quoted && used == 0))
        return NULL;
    reader->at += quoted;
    if (!quoted && strcasecmp(out, "NULL") == 0)
        return node_null(reader->arena);
    return scalar(reader->arena, reader->type, out, used);
}

static struct node *array_list(struct array_reader *reader, unsigned depth)
{
    struct node *list = node_list(reader->arena);

    if (*reader->at != '{' || depth == ARRAY_DEPTH)
        return NULL;
    reader->at++;
    if (*reader->at == '}') {
        reader->at++;
        return list;
    }
    for (;;) {
        struct node *item =
            *reader->at == '{' ? array_list(reader, depth + 1) : array_element(reader);
        if (item == NULL)
            return NULL;
        node_list_add(reader->arena, list, item);
        if (*reader->at == '}') {
            reader->at++;
            return list;
        }
        if (*reader->at != ',')
            return NULL;
        reader->at++;
    }
}

struct node *pg_array(struct arena *arena, unsigned type, const char *text)
{
    struct array_reader reader = {arena, type, text};

    /* "[0:1]={a,b}": bounds other than the usual ones; the values are the same. */
    if (text[0] == '[') {
        const char *equals = strchr(text, '=');
        if (equals == NULL)
            return NULL;
        reader.at = equals + 1;
    }
    struct node *list = array_list(&reader, 0);
    return list != NULL && *reader.at == '\0' ? list : NULL;
}

/* ------------------------------------------------------------------ connection strings */

/* Known to Prisma and refused by libpq as unknown. */
static bool is_prismas(const char *name)
{
    static const char *const names[] = {"schema", "connection_limit", "pool_timeout", "pgbouncer",
        "sslaccept", "sslidentity", "socket_timeout", "statement_cache_size",
        "max_connection_lifetime", "max_idle_connection_lifetime", "single_use_connections"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_equal(name, names[i]))
            return true;
    }
    return false;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

static char *percent_decoded(struct arena *arena, const char *text, size_t length)
{
    char *out = arena_alloc(arena, length + 1);
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        int high = text[i] == '%' && length - i > 2 ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low < 0 || high + low == 0) {
            out[used++] = text[i];
            continue;
        }
        out[used++] = (char)(high * 16 + low);
        i += 2;
    }
    return out;
}

static char *clean_uri(struct arena *arena, const char *url, const char **ret_schema)
{
    const char *query = strchr(url, '?');
    CLEANUP_BUF struct buf out = BUF_INIT((size_t)1 << 20);
    char separator = '?';

    if (query == NULL)
        return arena_strdup(arena, url);
    buf_add(&out, url, (size_t)(query - url));
    for (const char *at = query + 1; *at != '\0';) {
        size_t length = strcspn(at, "&"), name_length = strcspn(at, "=&");
        const char *name = percent_decoded(arena, at, name_length);
        if (text_equal(name, "schema") && name_length < length)
            *ret_schema = percent_decoded(arena, at + name_length + 1, length - name_length - 1);
        if (length > 0 && !is_prismas(name)) {
            /* Both know sslcert. For Prisma it is the authority's certificate, for libpq the
               client's, which is nothing without its key. */
            bool authority = text_equal(name, "sslcert") && strstr(query, "sslkey=") == NULL;
            buf_char(&out, separator);
            buf_str(&out, authority ? "sslrootcert" : "");
            buf_add(
                &out, at + (authority ? name_length : 0), length - (authority ? name_length : 0));
            separator = '&';
        }
        at += length + (at[length] == '&');
    }
    char *kept = arena_strndup(arena, buf_text(&out), out.len);
    buf_wipe(&out);
    return kept;
}

/** The end of a value of a keyword list, quoted or not; NULL when a quote has no end. */
static const char *keyword_value(const char *at, struct buf *value)
{
    bool quoted = *at == '\'';

    if (quoted)
        at++;
    for (; *at != '\0'; at++) {
        if (quoted ? *at == '\'' : strchr(" \t\r\n", *at) != NULL)
            return quoted ? at + 1 : at;
        if (*at == '\\' && at[1] != '\0')
            at++;
        buf_char(value, *at);
    }
    return quoted ? NULL : at;
}

static char *clean_keywords(struct arena *arena, const char *url, const char **ret_schema)
{
    CLEANUP_BUF struct buf out = BUF_INIT((size_t)1 << 20);
    static const char blank[] = " \t\r\n";

    for (const char *at = url + strspn(url, blank); *at != '\0'; at += strspn(at, blank)) {
        struct buf value = BUF_INIT((size_t)1 << 20);
        const char *start = at;
        const char *name = arena_strndup(arena, at, strcspn(at, "= \t\r\n"));
        at += strlen(name);
        at += strspn(at, blank);
        if (*at != '=' || *name == '\0')
            return NULL;
        at++;
        at = keyword_value(at + strspn(at, blank), &value);
        if (at != NULL && text_equal(name, "schema"))
            *ret_schema = arena_strdup(arena, buf_text(&value));
        buf_wipe(&value);
        if (at == NULL)
            return NULL;
        if (is_prismas(name))
            continue;
        if (out.len > 0)
            buf_char(&out, ' ');
        buf_add(&out, start, (size_t)(at - start));
    }
    char *kept = arena_strndup(arena, buf_text(&out), out.len);
    buf_wipe(&out);
    return kept;
}

char *pg_url_clean(struct arena *arena, const char *url, const char **ret_schema)
{
    *ret_schema = NULL;
    if (text_starts(url, "postgres://") || text_starts(url, "postgresql://"))
        return clean_uri(arena, url, ret_schema);
    return clean_keywords(arena, url, ret_schema);
}
