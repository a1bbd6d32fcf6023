#include "value/pool.h"

#include "base/fail.h"

#include <stdlib.h>
#include <string.h>

/* Equal trees become one: children first, so that two nodes are equal when their parts are the same. */

#define FIRST_SLOTS 1024
/* Longer texts, and tables with more entries, are hardly ever there twice. */
#define LONGEST 128
#define WIDEST 256

struct slot {
    const void *at; /* a text or a node; NULL: free */
    uint32_t hash;
    bool text;
};

struct pool {
    struct arena *arena;
    struct slot *slots;
    size_t slot_count, count;
    uint64_t seed;
};

struct pool *pool_new(struct arena *arena)
{
    struct pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL)
        fail_memory();
    pool->arena = arena;
    pool->slot_count = FIRST_SLOTS;
    pool->slots = calloc(pool->slot_count, sizeof(*pool->slots));
    if (pool->slots == NULL)
        fail_memory();
    /* An address: who sends the values cannot choose them so that all fall together. */
    pool->seed = (uint64_t)(uintptr_t)pool;
    return pool;
}

struct pool *pool_free(struct pool *pool)
{
    if (pool != NULL)
        free(pool->slots);
    free(pool);
    return NULL;
}

void pool_cleanup(struct pool **pool)
{
    *pool = pool_free(*pool);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product =
        (unsigned __int128)(a ^ UINT64_C(0xa0761d6478bd642f)) * (b ^ UINT64_C(0xe7037ed1a0b428db));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t length)
{
    hash = mix(hash, length);
    while (length > 0) {
        uint64_t word = 0;
        size_t step = length < sizeof(word) ? length : sizeof(word);
        memcpy(&word, bytes, step);
        hash = mix(hash, word);
        bytes += step;
        length -= step;
    }
    return hash;
}

/* ------------------------------------------------------------------ the table */

static void put_slot(struct pool *pool, struct slot slot)
{
    size_t mask = pool->slot_count - 1, at = slot.hash & mask;
    while (pool->slots[at].at != NULL)
        at = (at + 1) & mask;
    pool->slots[at] = slot;
}

static void add(struct pool *pool, const void *at, uint32_t hash, bool text)
{
    if (pool->count * 2 >= pool->slot_count) {
        struct slot *before = pool->slots;
        size_t count = pool->slot_count;
        pool->slots = calloc(count * 2, sizeof(*pool->slots));
        if (pool->slots == NULL)
            fail_memory();
        pool->slot_count = count * 2;
        for (size_t i = 0; i < count; i++) {
            if (before[i].at != NULL)
                put_slot(pool, before[i]);
        }
        free(before);
    }
    put_slot(pool, (struct slot){.at = at, .hash = hash, .text = text});
    pool->count++;
}

/* ------------------------------------------------------------------ texts */

static const char *text_n(struct pool *pool, const char *text, size_t length)
{
    if (length > LONGEST)
        return arena_strndup(pool->arena, text, length);
    uint32_t hash = (uint32_t)hash_bytes(pool->seed, text, length);
    size_t mask = pool->slot_count - 1;
    for (size_t at = hash & mask; pool->slots[at].at != NULL; at = (at + 1) & mask) {
        const struct slot *slot = &pool->slots[at];
        if (slot->text && slot->hash == hash && strcmp(slot->at, text) == 0)
            return slot->at;
    }
    const char *copy = arena_strndup(pool->arena, text, length);
    add(pool, copy, hash, true);
    return copy;
}

const char *pool_text(struct pool *pool, const char *text)
{
    return text == NULL ? NULL : text_n(pool, text, strlen(text));
}

/* ------------------------------------------------------------------ nodes */

/* All parts of `node` are of the pool already: what is the same there is equal, and only that. */
static uint32_t hash_node(const struct pool *pool, const struct node *node)
{
    uint64_t hash = mix(pool->seed ^ node->type, ((uint64_t)node->marks << 32) | node->count);
    if (node->type == NODE_LIST) {
        for (uint32_t i = 0; i < node->count; i++)
            hash = mix(hash, (uint64_t)(uintptr_t)node->items[i]);
    } else if (node->type == NODE_MAP) {
        for (uint32_t i = 0; i < node->count; i++)
            hash = mix(mix(hash, (uint64_t)(uintptr_t)node->pairs[i].key),
                (uint64_t)(uintptr_t)node->pairs[i].value);
    } else if (node->type == NODE_STRING || node->type == NODE_DECIMAL) {
        hash = mix(hash, (uint64_t)(uintptr_t)node->text);
    } else if (node->type != NODE_NULL) {
        hash = mix(hash, node->type == NODE_BOOL ? node->boolean : (uint64_t)node->integer);
    }
    return (uint32_t)(hash ^ (hash >> 32));
}

static bool same_parts(const struct node *a, const struct node *b)
{
    if (a->type != b->type || a->marks != b->marks || a->count != b->count)
        return false;
    bool same = true;
    switch (a->type) {
    case NODE_NULL:
        return true;
    case NODE_BOOL:
        return a->boolean == b->boolean;
    case NODE_INT:
        return a->integer == b->integer;
    case NODE_LIST:
        for (uint32_t i = 0; i < a->count && same; i++)
            same = a->items[i] == b->items[i];
        return same;
    case NODE_MAP:
        for (uint32_t i = 0; i < a->count && same; i++)
            same = a->pairs[i].key == b->pairs[i].key && a->pairs[i].value == b->pairs[i].value;
        return same;
    default:
        return a->text == b->text;
    }
}

/* The node of the pool with these parts; `parts` itself is not kept. */
static const struct node *settle(struct pool *pool, const struct node *parts)
{
    bool list = parts->type == NODE_LIST, map = parts->type == NODE_MAP;
    bool shared = !(list || map) || parts->count <= WIDEST;
    uint32_t hash = shared ? hash_node(pool, parts) : 0;
    size_t mask = pool->slot_count - 1;
    for (size_t at = hash & mask; shared && pool->slots[at].at != NULL; at = (at + 1) & mask) {
        const struct slot *slot = &pool->slots[at];
        if (!slot->text && slot->hash == hash && same_parts(slot->at, parts))
            return slot->at;
    }
    struct node *node = ARENA_NEW(pool->arena, struct node);
    *node = *parts;
    if (list && parts->count > 0) {
        node->items = arena_array(pool->arena, parts->count, sizeof(*node->items));
        memcpy(node->items, parts->items, parts->count * sizeof(*node->items));
    } else if (map && parts->count > 0) {
        node->pairs = arena_array(pool->arena, parts->count, sizeof(*node->pairs));
        memcpy(node->pairs, parts->pairs, parts->count * sizeof(*node->pairs));
    }
    if (shared)
        add(pool, node, hash, false);
    return node;
}

static struct node *part(struct pool *pool, const struct node *node);

/* Shared parts stand in tables that are not const, as those of any node do. */
static struct node *own(const struct node *node)
{
    union {
        const struct node *shared;
        struct node *own;
    } it = {.shared = node};
    return it.own;
}

#define FEW 32

static const struct node *pool_list(struct pool *pool, const struct node *node)
{
    struct node *few[FEW], **items = few, parts = {.type = NODE_LIST, .marks = node->marks};
    if (node->count > FEW)
        items = calloc(node->count, sizeof(*items));
    if (items == NULL)
        fail_memory();
    for (uint32_t i = 0; i < node->count; i++)
        items[i] = part(pool, node->items[i]);
    parts.items = items;
    parts.count = node->count;
    const struct node *settled = settle(pool, &parts);
    if (items != few)
        free(items);
    return settled;
}

static const struct node *pool_map(struct pool *pool, const struct node *node)
{
    struct pair few[FEW], *pairs = few;
    struct node parts = {.type = NODE_MAP, .marks = node->marks};
    if (node->count > FEW)
        pairs = calloc(node->count, sizeof(*pairs));
    if (pairs == NULL)
        fail_memory();
    for (uint32_t i = 0; i < node->count; i++)
        pairs[i] = (struct pair){
            .key = pool_text(pool, node->pairs[i].key), .value = part(pool, node->pairs[i].value)};
    parts.pairs = pairs;
    parts.count = node->count;
    const struct node *settled = settle(pool, &parts);
    if (pairs != few)
        free(pairs);
    return settled;
}

const struct node *pool_node(struct pool *pool, const struct node *node)
{
    struct node parts = {0};
    if (node == NULL)
        return NULL;
    switch (node->type) {
    case NODE_LIST:
        return pool_list(pool, node);
    case NODE_MAP:
        return pool_map(pool, node);
    default:
        parts = *node;
        parts.file = 0;
        parts.line = parts.column = 0;
        break;
    }
    if (node->type == NODE_STRING || node->type == NODE_DECIMAL)
        parts.text = text_n(pool, node->text, node->count);
    return settle(pool, &parts);
}

static struct node *part(struct pool *pool, const struct node *node)
{
    return own(pool_node(pool, node));
}
