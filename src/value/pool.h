/*
 * Pools: one copy of each value, however many objects have it.
 *
 * Thousands of objects say mostly the same: `true`, `30d`, the prices of one base model. What is
 * copied through a pool shares all equal parts, which is sound because a node is not changed once
 * it is shared: nothing that comes from a pool may be changed, not even while it is being built.
 */
#ifndef LITEFORM_VALUE_POOL_H
#define LITEFORM_VALUE_POOL_H

#include "value/node.h"

struct pool;

/** An empty pool, ended by pool_free(). What it gives lives in `arena` and outlives the pool. */
struct pool *pool_new(struct arena *arena);
/** Frees what finds equal parts, not the parts; NULL is fine. Returns NULL. */
struct pool *pool_free(struct pool *pool);

/** A deep copy without places that shares what equals something copied before; NULL stays NULL. */
const struct node *pool_node(struct pool *pool, const struct node *node);
/** A copy of `text`, shared with its equals; NULL stays NULL. */
const char *pool_text(struct pool *pool, const char *text);

/** Cleanup attribute for a pool that ends with its scope. */
void pool_cleanup(struct pool **pool);
#define CLEANUP_POOL __attribute__((cleanup(pool_cleanup)))

#endif
