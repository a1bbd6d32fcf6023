#include "value/node.h"

#include "base/fail.h"
#include "value/build.h"

#include <stdlib.h>
#include <string.h>

/* Building and reading the value tree. */

static struct node *make(struct arena *arena, enum node_type type)
{
    struct node *node = ARENA_NEW(arena, struct node);
    node->type = (uint8_t)type;
    return node;
}

struct node *node_null(struct arena *arena)
{
    return make(arena, NODE_NULL);
}

struct node *node_bool(struct arena *arena, bool value)
{
    struct node *node = make(arena, NODE_BOOL);
    node->boolean = value;
    return node;
}

struct node *node_int(struct arena *arena, int64_t value)
{
    struct node *node = make(arena, NODE_INT);
    node->integer = value;
    return node;
}

struct node *node_string(struct arena *arena, const char *text)
{
    return text == NULL ? node_null(arena) : node_string_n(arena, text, strlen(text));
}

struct node *node_string_n(struct arena *arena, const char *bytes, size_t length)
{
    if (length > UINT32_MAX)
        fail_memory();
    struct node *node = make(arena, NODE_STRING);
    node->text = arena_strndup(arena, bytes, length);
    node->count = (uint32_t)length;
    return node;
}

struct node *node_list(struct arena *arena)
{
    return make(arena, NODE_LIST);
}

struct node *node_map(struct arena *arena)
{
    return make(arena, NODE_MAP);
}

size_t node_capacity(size_t count)
{
    size_t capacity = 1;
    while (capacity < count) {
        /* 1, 2, 3, then powers of two with one step between each two of them */
        bool power = (capacity & (capacity - 1)) == 0;
        if (capacity < 4)
            capacity++;
        else
            capacity = power ? capacity + capacity / 2 : capacity / 3 * 4;
    }
    return count == 0 ? 0 : capacity;
}

/* A table with room for one more entry than the `count` it holds, in place of the one at `at`. */
static void *grown(struct arena *arena, void *at, size_t count, size_t size)
{
    if (count >= UINT32_MAX)
        fail_memory();
    void *table = arena_array(arena, node_capacity(count + 1), size);
    if (count > 0) {
        memcpy(table, at, count * size);
        arena_recycle(arena, at, count * size);
    }
    return table;
}

static bool is_full(size_t count)
{
    return node_capacity(count) == count;
}

void node_list_add(struct arena *arena, struct node *list, struct node *item)
{
    if (is_full(list->count))
        list->items = grown(arena, list->items, list->count, sizeof(struct node *));
    list->items[list->count++] = item;
}

void node_list_fill(struct arena *arena, struct node *list, struct node *const *items, size_t count)
{
    if (count > UINT32_MAX)
        fail_memory();
    list->count = (uint32_t)count;
    if (count == 0)
        return;
    list->items = arena_array(arena, node_capacity(count), sizeof(struct node *));
    memcpy(list->items, items, count * sizeof(struct node *));
}

void node_map_fill(struct arena *arena, struct node *map, const struct pair *pairs, size_t count)
{
    if (count > UINT32_MAX)
        fail_memory();
    map->count = (uint32_t)count;
    if (count == 0)
        return;
    map->pairs = arena_array(arena, node_capacity(count), sizeof(*pairs));
    memcpy(map->pairs, pairs, count * sizeof(*pairs));
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    if (order == 0)
        order = (x->line > y->line) - (x->line < y->line);
    if (order == 0)
        order = (x->column > y->column) - (x->column < y->column);
    return order;
}

#define FEW 20

/* Most maps are small, and those need neither qsort's calls nor its memory. */
static void insertion_sort(struct pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct pair moving = pairs[i];
        size_t at = i;
        for (; at > 0 && compare_pairs(&pairs[at - 1], &moving) > 0; at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = moving;
    }
}

bool pairs_sort(struct pair *pairs, size_t count)
{
    bool sorted = true;
    for (size_t i = 1; i < count && sorted; i++)
        sorted = strcmp(pairs[i - 1].key, pairs[i].key) < 0;
    if (sorted)
        return true;
    if (count <= FEW)
        insertion_sort(pairs, count);
    else
        qsort(pairs, count, sizeof(*pairs), compare_pairs);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(pairs[i - 1].key, pairs[i].key) == 0)
            return false;
    }
    return true;
}

/* strcmp(), with the first key given by its length. */
static int compare_key(const char *key, size_t length, const char *other)
{
    int order = strncmp(key, other, length);
    return order != 0 ? order : (other[length] == '\0' ? 0 : -1);
}

/* The index of the first pair whose key is not before `key`; *ret_found tells whether it is it. */
static size_t find(const struct node *map, const char *key, size_t length, bool *ret_found)
{
    size_t low = 0, high = map->count;
    *ret_found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_key(key, length, map->pairs[middle].key);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static struct pair *find_pair(const struct node *map, const char *key, size_t length)
{
    if (map == NULL || map->type != NODE_MAP || map->count == 0)
        return NULL;
    bool found = false;
    size_t at = find(map, key, length, &found);
    return found ? &map->pairs[at] : NULL;
}

enum key_is { KEY_COPIED, KEY_SHARED };

static void set_n(struct arena *arena, struct node *map, const char *key, size_t length,
    struct node *value, enum key_is is)
{
    size_t at = map->count;
    /* In order is the common way to build a map: then there is nothing to look for. */
    if (at > 0 && compare_key(key, length, map->pairs[at - 1].key) <= 0) {
        bool found = false;
        at = find(map, key, length, &found);
        if (found) {
            map->pairs[at].value = value;
            return;
        }
    }
    if (is_full(map->count))
        map->pairs = grown(arena, map->pairs, map->count, sizeof(struct pair));
    memmove(&map->pairs[at + 1], &map->pairs[at], (map->count - at) * sizeof(struct pair));
    if (is == KEY_COPIED)
        key = arena_strndup(arena, key, length);
    map->pairs[at] = (struct pair){.key = key, .value = value};
    map->count++;
}

void node_set(struct arena *arena, struct node *map, const char *key, struct node *value)
{
    set_n(arena, map, key, strlen(key), value, KEY_COPIED);
}

void node_put(struct arena *arena, struct node *map, const char *key, struct node *value)
{
    set_n(arena, map, key, strlen(key), value, KEY_SHARED);
}

void node_set_string(struct arena *arena, struct node *map, const char *key, const char *value)
{
    node_set(arena, map, key, node_string(arena, value));
}

void node_set_int(struct arena *arena, struct node *map, const char *key, int64_t value)
{
    node_set(arena, map, key, node_int(arena, value));
}

void node_set_bool(struct arena *arena, struct node *map, const char *key, bool value)
{
    node_set(arena, map, key, node_bool(arena, value));
}

void node_unset(struct node *map, const char *key)
{
    const struct pair *pair = find_pair(map, key, strlen(key));
    if (pair == NULL)
        return;
    size_t at = (size_t)(pair - map->pairs);
    map->count--;
    memmove(&map->pairs[at], &map->pairs[at + 1], (map->count - at) * sizeof(struct pair));
}

void node_set_path(struct arena *arena, struct node *map, const char *path, struct node *value)
{
    for (;;) {
        const char *dot = strchr(path, '.');
        if (dot == NULL) {
            node_set(arena, map, path, value);
            return;
        }
        size_t length = (size_t)(dot - path);
        const struct pair *pair = find_pair(map, path, length);
        struct node *inner = pair == NULL ? NULL : pair->value;
        if (!node_is(inner, NODE_MAP)) {
            inner = node_map(arena);
            set_n(arena, map, path, length, inner, KEY_COPIED);
        }
        map = inner;
        path = dot + 1;
    }
}

struct node *node_copy_shallow(struct arena *arena, const struct node *node)
{
    if (node == NULL)
        return NULL;
    struct node *copy = ARENA_NEW(arena, struct node);
    *copy = *node;
    if (node->type == NODE_LIST)
        node_list_fill(arena, copy, node->items, node->count);
    else if (node->type == NODE_MAP)
        node_map_fill(arena, copy, node->pairs, node->count);
    return copy;
}

struct node *node_copy(struct arena *arena, const struct node *node)
{
    struct node *copy = node_copy_shallow(arena, node);
    if (copy == NULL)
        return NULL;
    switch (node->type) {
    case NODE_STRING:
    case NODE_DECIMAL:
        copy->text = arena_strndup(arena, node->text, node->count);
        break;
    case NODE_LIST:
        for (size_t i = 0; i < copy->count; i++)
            copy->items[i] = node_copy(arena, copy->items[i]);
        break;
    case NODE_MAP:
        for (size_t i = 0; i < copy->count; i++) {
            struct pair *pair = &copy->pairs[i];
            pair->key = arena_strdup(arena, pair->key);
            pair->value = node_copy(arena, pair->value);
        }
        break;
    default:
        break;
    }
    return copy;
}

struct node *node_get(const struct node *map, const char *key)
{
    const struct pair *pair = find_pair(map, key, strlen(key));
    return pair == NULL ? NULL : pair->value;
}

const struct pair *node_pair(const struct node *map, const char *key)
{
    return find_pair(map, key, strlen(key));
}

struct node *node_path(const struct node *node, const char *path)
{
    for (;;) {
        const char *dot = strchr(path, '.');
        const struct pair *pair =
            find_pair(node, path, dot == NULL ? strlen(path) : (size_t)(dot - path));
        if (pair == NULL || dot == NULL)
            return pair == NULL ? NULL : pair->value;
        node = pair->value;
        path = dot + 1;
    }
}

const char *node_text(const struct node *node)
{
    return node_is(node, NODE_STRING) ? node->text : NULL;
}

const char *node_get_text(const struct node *map, const char *key)
{
    return node_text(node_get(map, key));
}

int64_t node_get_int(const struct node *map, const char *key, int64_t otherwise)
{
    const struct node *node = node_get(map, key);
    return node_is(node, NODE_INT) ? node->integer : otherwise;
}

bool node_get_bool(const struct node *map, const char *key, bool otherwise)
{
    const struct node *node = node_get(map, key);
    return node_is(node, NODE_BOOL) ? node->boolean : otherwise;
}

bool node_is_nothing(const struct node *node)
{
    if (node == NULL || node->type == NODE_NULL)
        return true;
    return (node->type == NODE_LIST || node->type == NODE_MAP) && node->count == 0;
}

struct span node_span(const struct node *node)
{
    if (node == NULL)
        return (struct span){0};
    return (struct span){.file = node->file, .line = node->line, .column = node->column};
}

void pair_place(struct pair *pair, struct span where)
{
    uint32_t file = where.file;
    pair->line = where.line;
    pair->column = (where.column < PAIR_MAX_COLUMN ? where.column : PAIR_MAX_COLUMN) & 0xfffff;
    pair->file = (file < PAIR_MAX_FILE ? file : PAIR_MAX_FILE) & 0xfff;
}

struct span pair_span(const struct pair *pair)
{
    if (pair == NULL)
        return (struct span){0};
    return (struct span){.file = pair->file, .line = pair->line, .column = pair->column};
}

const char *node_type_name(enum node_type type)
{
    static const char *const names[] = {
        [NODE_NULL] = "null",
        [NODE_BOOL] = "boolean",
        [NODE_INT] = "integer",
        [NODE_DECIMAL] = "number",
        [NODE_STRING] = "text",
        [NODE_LIST] = "list",
        [NODE_MAP] = "map",
    };
    return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}
