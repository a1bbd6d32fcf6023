#include "value/read.h"

#include "base/map.h"
#include "base/text.h"
#include "value/build.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * JSON in, by cJSON: its parser is fast, its tree is not kept. A scan over the text comes first: it
 * refuses what cJSON lets pass and notes where the numbers are, which cJSON only has as doubles.
 */

#define LARGEST ((size_t)1 << 30)
#define LONGEST_NUMBER 63  /* cJSON cuts longer ones in two */
#define INTERNED_KEY 48    /* longer keys are hardly shared */
#define INTERNED_KEYS 4096 /* a map of ids as keys would only fill the table */

#define SHAPE_KEYS 64 /* of objects with more there are hardly many */
#define TREE_ALIGN ((size_t)8)

/* The keys of an object in the order of the text, and where each goes when they are sorted. */
struct shape {
    size_t count;
    bool ascending;
    const char *keys[SHAPE_KEYS];
    uint8_t to[SHAPE_KEYS];
};

struct key {
    const char *text;
    struct key *next;    /* the one that came after it the last time */
    struct shape *shape; /* of the last object that ended with it */
};

struct reader {
    struct arena *arena;
    struct arena *scratch;
    const char *start, *at, *end;
    VEC(uint32_t) numbers; /* offsets, in the order of the text, which cJSON's tree keeps */
    size_t next_number;
    size_t depth;
    size_t separators; /* commas and opening brackets: there are hardly more values than these */
    struct map keys;   /* of struct key */
    struct key *last_key;
    char *tree_block; /* for cJSON's tree of one entry; NULL: it comes out of `scratch` */
    size_t tree_size;
    bool canonical;     /* so far the text is what node_json() makes of the tree */
    const char *reason; /* why it was refused; the first one */
};

static bool refuse(struct reader *reader, const char *what, const char *at)
{
    if (reader->reason == NULL)
        reader->reason =
            arena_printf(reader->arena, "%s at byte %zu", what, (size_t)(at - reader->start));
    return false;
}

/*
 * cJSON allocates every value and text alone. While a thread reads, they come out of one block that
 * is freed as a whole; each thread has its own, so that two can read at once.
 */
struct tree_memory {
    char *at, *end;
    struct arena *more; /* when the block is full */
};

static _Thread_local struct tree_memory *tree_memory;

static void *tree_alloc(size_t size)
{
    struct tree_memory *memory = tree_memory;
    if (memory == NULL)
        return malloc(size);
    if (size > (size_t)(memory->end - memory->at))
        return arena_alloc(memory->more, size);
    char *block = memory->at;
    size_t whole = (size + TREE_ALIGN - 1) & ~(TREE_ALIGN - 1);
    memory->at = whole < (size_t)(memory->end - block) ? block + whole : memory->end;
    return block;
}

static void tree_free(void *memory)
{
    if (tree_memory == NULL)
        free(memory);
}

static void set_hooks(void)
{
    cJSON_Hooks hooks = {.malloc_fn = tree_alloc, .free_fn = tree_free};
    cJSON_InitHooks(&hooks);
}

/*
 * Room for any entry's tree: no value has more than two texts, and the texts are no longer than the
 * input. What is not used is not touched, so it costs no memory.
 */
static size_t tree_size(const struct reader *reader)
{
#ifdef LITEFORM_ARENA_MALLOC
    (void)reader;
    return 0; /* sanitizers are to see where each text ends */
#else
    size_t values = reader->separators + 1;
    return values * (sizeof(cJSON) + 2 * TREE_ALIGN) + (size_t)(reader->end - reader->start);
#endif
}

/* The value at reader->at, in the block; the one before it is gone then. */
static const cJSON *parse_tree(struct reader *reader, const char **ret_end)
{
    static pthread_once_t hooks_set = PTHREAD_ONCE_INIT;
    struct tree_memory memory = {
        .more = reader->scratch, .at = reader->tree_block, .end = reader->tree_block};
    if (reader->tree_block != NULL)
        memory.end += reader->tree_size;
    pthread_once(&hooks_set, set_hooks);
    tree_memory = &memory;
    size_t left = (size_t)(reader->end - reader->at);
    const cJSON *tree = cJSON_ParseWithLengthOpts(reader->at, left, ret_end, false);
    tree_memory = NULL;
    return tree;
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

/* What a text consists of for the most part: neither its end, nor an escape, nor a control. */
static const bool ordinary[256] = {
    [0x20 ... '"' - 1] = true, ['"' + 1 ... '\\' - 1] = true, ['\\' + 1 ... 0xff] = true};

/* Those that json_quote() writes; "\u001b" is one, but rare, and not worth the look. */
static bool is_canonical_escape(const struct reader *reader, const char *at)
{
    return at + 1 < reader->end && at[1] != '\0' && strchr("\"\\bfnrt", at[1]) != NULL;
}

/* cJSON also takes raw control characters. */
static bool scan_string(struct reader *reader)
{
    const char *at = reader->at + 1;
    for (;;) {
        while (at < reader->end && ordinary[(unsigned char)*at])
            at++;
        if (at >= reader->end)
            return refuse(reader, "a text without end", reader->at);
        if (*at == '"')
            break;
        if (*at != '\\')
            return refuse(reader, "a control character in a text", at);
        if (!check_escape(reader, at))
            return false;
        reader->canonical = reader->canonical && is_canonical_escape(reader, at);
        at += 2;
    }
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
        reader->canonical =
            reader->canonical && *reader->at == '\n' && reader->at + 1 == reader->end;
        reader->at++;
        return true;
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

static struct key *find_key(struct reader *reader, const char *text, size_t length)
{
    struct key *key = map_get(&reader->keys, text);
    if (key != NULL || reader->keys.count == INTERNED_KEYS)
        return key;
    key = ARENA_NEW(reader->scratch, struct key);
    key->text = arena_strndup(reader->arena, text, length);
    map_set(&reader->keys, key->text, key);
    return key;
}

/*
 * One copy of each key, however many objects have it. Most come in the same order in each object,
 * so the key that came next the last time is tried first.
 */
static const char *intern(struct reader *reader, const char *text)
{
    struct key *last = reader->last_key;
    if (last != NULL && last->next != NULL && strcmp(last->next->text, text) == 0) {
        reader->last_key = last->next;
        return last->next->text;
    }
    size_t length = strlen(text);
    struct key *key = length <= INTERNED_KEY ? find_key(reader, text, length) : NULL;
    if (key == NULL)
        return arena_strndup(reader->arena, text, length);
    if (last != NULL)
        last->next = key;
    reader->last_key = key;
    return key->text;
}

static struct node *convert(struct reader *reader, const cJSON *item);

static bool is_canonical_number(const struct node *node, const char *text, size_t length)
{
    if (node->type == NODE_DECIMAL)
        return node->count == length && memcmp(node->text, text, length) == 0;
    /* A whole number has but one spelling without these, by JSON's grammar, and 0 has two. */
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.' || text[i] == 'e' || text[i] == 'E')
            return false;
    }
    return node->integer != 0 || length == 1;
}

static struct node *convert_number(struct reader *reader)
{
    if (reader->next_number == reader->numbers.count)
        return NULL;
    const char *at = reader->start + reader->numbers.at[reader->next_number++];
    const char *end = number_end(at, reader->end);
    struct node *node = node_decimal_n(reader->arena, at, (size_t)(end - at));
    if (node == NULL)
        refuse(reader, "a number out of range", at);
    else if (reader->canonical)
        reader->canonical = is_canonical_number(node, at, (size_t)(end - at));
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

static bool is_ascending(const struct pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (strcmp(pairs[i - 1].key, pairs[i].key) >= 0)
            return false;
    }
    return true;
}

/* By addresses: what is interned has one, and what is not has none that was seen before. */
static bool has_shape(const struct node *map, const struct shape *shape)
{
    if (shape == NULL || shape->count != map->count)
        return false;
    for (size_t i = 0; i < map->count; i++) {
        if (map->pairs[i].key != shape->keys[i])
            return false;
    }
    return true;
}

static void sort_as_before(struct node *map, const struct shape *shape)
{
    struct pair unsorted[SHAPE_KEYS];
    memcpy(unsorted, map->pairs, map->count * sizeof(*unsorted));
    for (size_t i = 0; i < map->count; i++)
        map->pairs[shape->to[i]] = unsorted[i];
}

/* Fills `shape` on the way, unless it is NULL. False when a key is there twice. */
static bool sort_anew(struct reader *reader, struct node *map, struct shape *shape)
{
    bool ascending = is_ascending(map->pairs, map->count);
    reader->canonical = reader->canonical && ascending;
    if (shape != NULL) {
        shape->count = map->count;
        shape->ascending = ascending;
        for (size_t i = 0; i < map->count; i++)
            shape->keys[i] = map->pairs[i].key;
    }
    if (ascending)
        return true;
    /* There are no lines in here: the field tells where a pair was. */
    for (uint32_t i = 0; i < map->count; i++)
        map->pairs[i].line = i;
    bool unique = pairs_sort(map->pairs, map->count);
    for (size_t i = 0; i < map->count; i++) {
        if (shape != NULL)
            shape->to[map->pairs[i].line] = (uint8_t)i;
        map->pairs[i].line = 0;
    }
    return unique;
}

/* Objects of one list mostly have the same keys in the same order: how to sort them is kept. */
static bool sort_map(struct reader *reader, struct node *map)
{
    struct key *last = reader->last_key;
    if (map->count > SHAPE_KEYS || last == NULL || last->text != map->pairs[map->count - 1].key)
        return sort_anew(reader, map, NULL);
    if (has_shape(map, last->shape)) {
        reader->canonical = reader->canonical && last->shape->ascending;
        if (!last->shape->ascending)
            sort_as_before(map, last->shape);
        return true;
    }
    if (last->shape == NULL)
        last->shape = ARENA_NEW(reader->scratch, struct shape);
    return sort_anew(reader, map, last->shape);
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
    if (!sort_map(reader, map)) {
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

/* One value by cJSON, good until the next; NULL when it is none. */
static const cJSON *parse_one(struct reader *reader)
{
    const char *end = reader->at;
    const cJSON *tree = parse_tree(reader, &end);
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
    const cJSON *tree = parse_one(reader);
    const char *key = tree == NULL ? NULL : intern(reader, tree->valuestring);
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
    bool ascending = is_ascending(pairs.at, pairs.count);
    reader->canonical = reader->canonical && ascending;
    bool unique = ascending || pairs_sort(pairs.at, pairs.count);
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
    const cJSON *tree = parse_one(reader);
    return tree == NULL ? NULL : convert(reader, tree);
}

static struct node *parse(struct reader *reader)
{
    /* In memory that is wiped, where the text holds secrets. */
    size_t size = arena_is_secret(reader->arena) ? 0 : tree_size(reader);
    reader->tree_block = size > 0 ? malloc(size) : NULL;
    reader->tree_size = reader->tree_block == NULL ? 0 : size;
    reader->at = reader->start;
    struct node *node = parse_value(reader, 0);
    free(reader->tree_block);
    if (node != NULL && !is_blank(reader->at, reader->end)) {
        refuse(reader, "more text after the value", reader->at);
        return NULL;
    }
    return node;
}

struct node *json_read(
    struct arena *arena, const char *bytes, size_t length, const char **reterr_reason)
{
    bool canonical = false;
    return json_read_canonical(arena, bytes, length, &canonical, reterr_reason);
}

struct node *json_read_canonical(struct arena *arena, const char *bytes, size_t length,
    bool *ret_canonical, const char **reterr_reason)
{
    CLEANUP_ARENA struct arena *scratch = arena_is_secret(arena) ? arena_new_secret() : arena_new();
    struct reader reader = {.arena = arena,
        .scratch = scratch,
        .start = bytes,
        .at = bytes,
        .end = bytes + length,
        .keys = map_init(scratch),
        .canonical = true};
    struct node *node = NULL;
    if (length == 0 || is_blank(bytes, reader.end))
        reader.reason = "empty";
    else if (scan(&reader))
        node = parse(&reader);
    if (node == NULL && reterr_reason != NULL)
        *reterr_reason = reader.reason == NULL ? "not JSON" : reader.reason;
    *ret_canonical = node != NULL && reader.canonical;
    return node;
}
