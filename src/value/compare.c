#include "value/node.h"

#include "base/fail.h"

#include <stdlib.h>
#include <string.h>

/* Equality and order of trees, by value: neither places nor marks count. */

static int compare_sizes(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_lists(const struct node *a, const struct node *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int order = node_compare(a->items[i], b->items[i]);
        if (order != 0)
            return order;
    }
    return compare_sizes(a->count, b->count);
}

static int compare_maps(const struct node *a, const struct node *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int order = strcmp(a->pairs[i].key, b->pairs[i].key);
        if (order == 0)
            order = node_compare(a->pairs[i].value, b->pairs[i].value);
        if (order != 0)
            return order;
    }
    return compare_sizes(a->count, b->count);
}

int node_compare(const struct node *a, const struct node *b)
{
    if (a == b)
        return 0;
    if (a == NULL || b == NULL)
        return a == NULL ? -1 : 1;
    /* By type first. A decimal is never whole and small, so no decimal equals an integer. */
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    switch (a->type) {
    case NODE_BOOL:
        return (int)a->boolean - (int)b->boolean;
    case NODE_INT:
        return (a->integer > b->integer) - (a->integer < b->integer);
    case NODE_DECIMAL:
    case NODE_STRING:
        return strcmp(a->text, b->text);
    case NODE_LIST:
        return compare_lists(a, b);
    case NODE_MAP:
        return compare_maps(a, b);
    default:
        return 0;
    }
}

bool node_equal(const struct node *a, const struct node *b)
{
    if (a == b)
        return true;
    /* Most unequal trees differ in size: then there is nothing to walk. */
    if (a == NULL || b == NULL || a->type != b->type || a->count != b->count)
        return false;
    return node_compare(a, b) == 0;
}

static int compare_items(const void *a, const void *b)
{
    return node_compare(*(struct node *const *)a, *(struct node *const *)b);
}

/* The items sorted and each once; the caller frees. */
static struct node **set_take(const struct node *list, size_t *ret_count)
{
    struct node **items = calloc(list->count, sizeof(struct node *));
    if (items == NULL)
        fail_memory();
    memcpy(items, list->items, list->count * sizeof(struct node *));
    qsort(items, list->count, sizeof(struct node *), compare_items);
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (kept == 0 || node_compare(items[kept - 1], items[i]) != 0)
            items[kept++] = items[i];
    }
    *ret_count = kept;
    return items;
}

bool node_equal_set(const struct node *a, const struct node *b)
{
    if (!node_is(a, NODE_LIST) || !node_is(b, NODE_LIST) || a->count == 0 || b->count == 0)
        return node_equal(a, b);
    size_t a_count = 0, b_count = 0;
    struct node **a_items = set_take(a, &a_count);
    struct node **b_items = set_take(b, &b_count);
    bool equal = a_count == b_count;
    for (size_t i = 0; i < a_count && equal; i++)
        equal = node_compare(a_items[i], b_items[i]) == 0;
    free(a_items);
    free(b_items);
    return equal;
}
