#include "value/read.h"

#include "base/map.h"
#include "base/text.h"
#include "value/build.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>

/*
 * JSON in, by cJSON: its parser is fast, its tree is not kept. A scan over the text comes first: it
 * refuses what cJSON lets pass and notes where the numbers are, which cJSON only has as doubles.
 */

#define LARGEST ((size_t)1 << 30)
#define LONGEST_NUMBER 63  /* cJSON cuts longer ones in two */
#define INTERNED_KEY 48    /* longer keys are hardly shared */
#define INTERNED_KEYS 4096 /* a map of ids as keys would only fill the table */

struct reader {
    struct arena *arena;
    struct arena *scratch;
    const char *start, *at, *end;
    VEC(uint32_t) numbers; /* offsets, in the order of the text, which cJSON's tree keeps */
    size_t next_number;
    size_t depth;
    size_t separators; /* commas and opening brackets: there are hardly more values than these */
    struct map keys;
    const char *reason; /* why it was refused; the first one */
};

static bool refuse(struct reader *reader, const char *what, const char *at)
{
    if (reader->reason == NULL)
        reader->reason =
            arena_printf(reader->arena, "%s at byte %zu", what, (size_t)(at - reader->start));
    return false;
}

/* For cJSON "\u12g4" is the character 0, and the text ends there as it does at "\u0000". */
static bool check_escape(struct reader *reader, const char *at)
{
    if (reader->end - at < 2 || at[1] != 'u')
        return true;
    for (const char *digit = at + 2; digit < at + 6; digit++) {
        if (digit >= reader->end || !isxdigit((unsigned char)*digit))
            return refuse(reader, "not JSON", at);
    }
    return memcmp(at + 2, "0000", 4) != 0 || refuse(reader, "\\u0000", at);
}

/* cJSON also takes raw control characters. */
static bool scan_string(struct reader *reader)
{
    const char *at = reader->at + 1;
    for (; at < reader->end && *at != '"'; at++) {
        if ((unsigned char)*at < 0x20)
            return refuse(reader, "a control character in a text", at);
        if (*at != '\\')
            continue;
        if (!check_escape(reader, at))
            return false;
        at++;
    }
    if (at >= reader->end)
        return refuse(reader, "a text without end", reader->at);
    reader->at = at + 1;
    return true;
}

static bool is_digit(const char *at, const char *end)
{
    return at < end && isdigit((unsigned char)*at);
}

/* Behind a run of at least one digit; NULL stays NULL, and no digit is NULL. */
static const char *skip_digits(const char *at, const char *end)
{
    if (at == NULL || !is_digit(at, end))
        return NULL;
    while (is_digit(at, end))
        at++;
    return at;
}

static const char *skip_exponent(const char *at, const char *end)
{
    if (at == NULL || at == end || (*at != 'e' && *at != 'E'))
        return at;
    at++;
    if (at < end && (*at == '+' || *at == '-'))
        at++;
    return skip_digits(at, end);
}

/* The end of the number at `at` by JSON's grammar, which is stricter than cJSON; NULL: none. */
static const char *number_end(const char *at, const char *end)
{
    if (at < end && *at == '-')
        at++;
    at = at < end && *at == '0' ? at + 1 : skip_digits(at, end);
    if (at != NULL && at < end && *at == '.')
        at = skip_digits(at + 1, end);
    at = skip_exponent(at, end);
    if (at == NULL || at == end)
        return at;
    /* What would still belong to a number for cJSON must not follow. */
    bool goes_on = isalnum((unsigned char)*at) || *at == '.' || *at == '+' || *at == '-';
    return goes_on ? NULL : at;
}

static bool scan_number(struct reader *reader)
{
    const char *end = number_end(reader->at, reader->end);
    if (end == NULL)
        return refuse(reader, "not JSON", reader->at);
    if (end - reader->at > LONGEST_NUMBER)
        return refuse(reader, "a number of more than 63 characters", reader->at);
    *VEC_ADD(reader->scratch, &reader->numbers) = (uint32_t)(reader->at - reader->start);
    reader->at = end;
    return true;
}

/* A few bytes make a value, and a value takes a hundred until cJSON's tree is gone. */
static bool count_separator(struct reader *reader)
{
    if (++reader->separators >= READ_MAX_NODES)
        return refuse(reader, "too many values", reader->at);
    return true;
}

static bool scan_bracket(struct reader *reader)
{
    bool opens = *reader->at == '[' || *reader->at == '{';
    if (opens && reader->depth == READ_MAX_DEPTH)
        return refuse(reader, "nested deeper than 64 levels", reader->at);
    if (!opens && reader->depth == 0)
        return refuse(reader, "not JSON", reader->at);
    reader->depth = opens ? reader->depth + 1 : reader->depth - 1;
    reader->at++;
    return !opens || count_separator(reader);
}

static bool scan_next(struct reader *reader)
{
    switch (*reader->at) {
    case '"':
        return scan_string(reader);
    case '[':
    case '{':
    case ']':
    case '}':
        return scan_bracket(reader);
    case '-':
    case '0' ... '9':
        return scan_number(reader);
    case ',':
        reader->at++;
        return count_separator(reader);
    case ' ':
    case '\t':
    case '\n':
    case '\r':
    case ':':
    case 'a' ... 'z':
        reader->at++;
        return true;
    default:
        /* cJSON takes all control characters for blanks. */
        return refuse(reader, "not JSON", reader->at);
    }
}

static bool scan(struct reader *reader)
{
    size_t length = (size_t)(reader->end - reader->start), bad = 0;
    if (length > LARGEST)
        return refuse(reader, "too large", reader->start + LARGEST);
    if (!text_is_utf8(reader->start, length, &bad)) {
        const char *at = reader->start + bad;
        return refuse(reader, *at == '\0' ? "NUL" : "not UTF-8", at);
    }
    while (reader->at < reader->end) {
        if (!scan_next(reader))
            return false;
    }
    return true;
}

/* One copy of each key, however many objects have it. */
static const char *intern(struct reader *reader, const char *key)
{
    size_t length = strlen(key);
    if (length > INTERNED_KEY)
        return arena_strndup(reader->arena, key, length);
    const char *known = map_get(&reader->keys, key);
    if (known != NULL)
        return known;
    char *copy = arena_strndup(reader->arena, key, length);
    if (reader->keys.count < INTERNED_KEYS)
        map_set(&reader->keys, copy, copy);
    return copy;
}

static struct node *convert(struct reader *reader, const cJSON *item);

static struct node *convert_number(struct reader *reader)
{
    if (reader->next_number == reader->numbers.count)
        return NULL;
    const char *at = reader->start + reader->numbers.at[reader->next_number++];
    const char *end = number_end(at, reader->end);
    struct node *node = node_decimal_n(reader->arena, at, (size_t)(end - at));
    if (node == NULL)
        refuse(reader, "a number out of range", at);
    return node;
}

/* cJSON_GetArraySize() counts in an int; children of one item are counted here. */
static size_t count_children(const cJSON *item)
{
    size_t count = 0;
    const cJSON *child = NULL;
    cJSON_ArrayForEach(child, item)
        count++;
    return count;
}

static struct node *convert_list(struct reader *reader, const cJSON *item)
{
    struct node *list = node_list(reader->arena);
    size_t count = count_children(item);
    if (count == 0)
        return list;
    list->items = arena_array(reader->arena, node_capacity(count), sizeof(struct node *));
    const cJSON *child = NULL;
    cJSON_ArrayForEach(child, item) {
        struct node *value = convert(reader, child);
        if (value == NULL)
            return NULL;
        list->items[list->count++] = value;
    }
    return list;
}

static void refuse_duplicate(struct reader *reader, const struct node *map)
{
    size_t i = 1;
    while (strcmp(map->pairs[i - 1].key, map->pairs[i].key) != 0)
        i++;
    const char *key = text_printable(reader->scratch, map->pairs[i].key, false);
    if (reader->reason == NULL)
        reader->reason = arena_printf(reader->arena, "two members \"%.100s\"", key);
}

static struct node *convert_map(struct reader *reader, const cJSON *item)
{
    struct node *map = node_map(reader->arena);
    size_t count = count_children(item);
    if (count == 0)
        return map;
    map->pairs = arena_array(reader->arena, node_capacity(count), sizeof(struct pair));
    const cJSON *child = NULL;
    cJSON_ArrayForEach(child, item) {
        struct node *value = convert(reader, child);
        if (value == NULL)
            return NULL;
        struct pair *pair = &map->pairs[map->count++];
        pair->key = intern(reader, child->string);
        pair->value = value;
    }
    if (!pairs_sort(map->pairs, count)) {
        refuse_duplicate(reader, map);
        return NULL;
    }
    return map;
}

static struct node *convert(struct reader *reader, const cJSON *item)
{
    switch (item->type & 0xff) {
    case cJSON_NULL:
        return node_null(reader->arena);
    case cJSON_True:
        return node_bool(reader->arena, true);
    case cJSON_False:
        return node_bool(reader->arena, false);
    case cJSON_Number:
        return convert_number(reader);
    case cJSON_String:
        return node_string(reader->arena, item->valuestring);
    case cJSON_Array:
        return convert_list(reader, item);
    case cJSON_Object:
        return convert_map(reader, item);
    default:
        return NULL;
    }
}

static bool is_blank(const char *at, const char *end)
{
    while (at < end && strchr(" \t\r\n", *at) != NULL)
        at++;
    return at == end;
}

/*
 * A state is one map of ten thousand, and a page one list of hundreds. cJSON's tree of it all takes
 * several times what ours does, so the outer levels are walked here, and cJSON has one entry at a
 * time. The scan has been over all of it: only the order of things can still be wrong.
 */
#define OUTER_LEVELS 2

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL)
        reader->at++;
}

static bool next_is(struct reader *reader, char c)
{
    skip_blanks(reader);
    return reader->at < reader->end && *reader->at == c;
}

/* One value by cJSON; NULL when it is none. */
static cJSON *parse_one_take(struct reader *reader)
{
    const char *end = reader->at;
    size_t left = (size_t)(reader->end - reader->at);
    cJSON *tree = cJSON_ParseWithLengthOpts(reader->at, left, &end, false);
    if (tree == NULL)
        refuse(reader, "not JSON", end);
    reader->at = end;
    return tree;
}

static struct node *parse_value(struct reader *reader, unsigned level);

static const char *parse_key(struct reader *reader)
{
    if (!next_is(reader, '"')) {
        refuse(reader, "not JSON", reader->at);
        return NULL;
    }
    cJSON *tree = parse_one_take(reader);
    const char *key = tree == NULL ? NULL : intern(reader, tree->valuestring);
    cJSON_Delete(tree);
    if (key != NULL && !next_is(reader, ':')) {
        refuse(reader, "not JSON", reader->at);
        return NULL;
    }
    reader->at++;
    return key;
}

/* Behind an entry: whether another follows. */
static bool goes_on(struct reader *reader, char close)
{
    bool more = next_is(reader, ',');
    if (!more && !next_is(reader, close))
        return refuse(reader, "not JSON", reader->at);
    reader->at++;
    return more;
}

static struct node *parse_map(struct reader *reader, unsigned level)
{
    struct node *map = node_map(reader->arena);
    VEC(struct pair) pairs = {0};
    reader->at++;
    if (next_is(reader, '}')) {
        reader->at++;
        return map;
    }
    do {
        struct pair pair = {.key = parse_key(reader)};
        if (pair.key != NULL)
            pair.value = parse_value(reader, level + 1);
        if (pair.value == NULL)
            return NULL;
        *VEC_ADD(reader->scratch, &pairs) = pair;
    } while (goes_on(reader, '}'));
    bool unique = pairs_sort(pairs.at, pairs.count);
    node_map_fill(reader->arena, map, pairs.at, pairs.count);
    if (!unique)
        refuse_duplicate(reader, map);
    return reader->reason == NULL ? map : NULL;
}

static struct node *parse_list(struct reader *reader, unsigned level)
{
    struct node *list = node_list(reader->arena);
    VEC(struct node *) items = {0};
    reader->at++;
    if (next_is(reader, ']')) {
        reader->at++;
        return list;
    }
    do {
        struct node *item = parse_value(reader, level + 1);
        if (item == NULL)
            return NULL;
        *VEC_ADD(reader->scratch, &items) = item;
    } while (goes_on(reader, ']'));
    node_list_fill(reader->arena, list, items.at, items.count);
    return reader->reason == NULL ? list : NULL;
}

static struct node *parse_value(struct reader *reader, unsigned level)
{
    if (level < OUTER_LEVELS && next_is(reader, '{'))
        return parse_map(reader, level);
    if (level < OUTER_LEVELS && next_is(reader, '['))
        return parse_list(reader, level);
    skip_blanks(reader);
    cJSON *tree = parse_one_take(reader);
    struct node *node = tree == NULL ? NULL : convert(reader, tree);
    cJSON_Delete(tree);
    return node;
}

static struct node *parse(struct reader *reader)
{
    reader->at = reader->start;
    struct node *node = parse_value(reader, 0);
    if (node != NULL && !is_blank(reader->at, reader->end)) {
        refuse(reader, "more text after the value", reader->at);
        return NULL;
    }
    return node;
}

struct node *json_read(
    struct arena *arena, const char *bytes, size_t length, const char **reterr_reason)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct reader reader = {.arena = arena,
        .scratch = scratch,
        .start = bytes,
        .at = bytes,
        .end = bytes + length,
        .keys = map_init(scratch)};
    struct node *node = NULL;
    if (length == 0 || is_blank(bytes, reader.end))
        reader.reason = "empty";
    else if (scan(&reader))
        node = parse(&reader);
    if (node == NULL && reterr_reason != NULL)
        *reterr_reason = reader.reason == NULL ? "not JSON" : reader.reason;
    return node;
}
