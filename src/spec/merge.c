/* Laying one document over another, each value keeping its place. */
#include "base/text.h"
#include "spec/inner.h"

#include <string.h>

void put_pair(struct arena *arena, struct node *map, const struct pair *pair, struct node *value)
{
    node_set(arena, map, pair->key, value);
    struct pair *last = &map->pairs[map->count - 1];
    if (strcmp(last->key, pair->key) != 0)
        last = &map->pairs[node_pair(map, pair->key) - map->pairs];
    pair_place(last, pair_span(pair));
}

/* Both maps are sorted, so the result is put together in order and in one go. */
static struct node *merge_maps(struct arena *arena, struct node *base, struct node *over)
{
    struct node *out = placed(node_map(arena), over);
    size_t i = 0, j = 0;
    while (i < base->count || j < over->count) {
        int order = i == base->count   ? 1
                    : j == over->count ? -1
                                       : strcmp(base->pairs[i].key, over->pairs[j].key);
        if (order < 0) {
            put_pair(arena, out, &base->pairs[i], base->pairs[i].value);
            i++;
            continue;
        }
        const struct pair *top = &over->pairs[j++];
        if (order > 0) {
            put_pair(arena, out, top, top->value);
            continue;
        }
        struct node *below = base->pairs[i++].value;
        if (!is_null(top->value))
            put_pair(arena, out, top, merge_over(arena, below, top->value));
    }
    return out;
}

struct node *merge_over(struct arena *arena, struct node *base, struct node *over)
{
    if (!node_is(base, NODE_MAP) || !node_is(over, NODE_MAP))
        return over;
    return merge_maps(arena, base, over);
}
