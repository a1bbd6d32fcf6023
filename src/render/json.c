#include "render/render.h"

#include "base/fail.h"
#include "value/read.h"

#include <string.h>

/* The machine forms: nodes that are printed as indented JSON. */

struct node *render_diags_node(struct arena *arena, const struct diags *diags)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    diags_render_json(diags, &text);
    const char *reason = NULL;
    struct node *list = json_read(arena, buf_text(&text), text.len, &reason);
    if (list == NULL)
        fail_bug("diagnostics that are no JSON", reason);
    return list;
}

struct node *render_plan_node(
    struct arena *arena, const struct plan *plan, const struct diags *diags)
{
    struct node *node = node_copy_shallow(arena, plan_to_node(arena, plan));
    node_set(arena, node, "diagnostics", render_diags_node(arena, diags));
    return node;
}

struct node *render_drift_node(
    struct arena *arena, const struct plan *plan, const struct diags *diags)
{
    struct node *node = render_plan_node(arena, plan, diags);
    const struct node *all = node_get(node, "changes");
    struct node *outside = node_list(arena);
    for (uint32_t i = 0; node_is(all, NODE_LIST) && i < all->count; i++) {
        const char *address = node_get_text(all->items[i], "address");
        const struct change *change = address == NULL ? NULL : map_get(&plan->by_address, address);
        if (change != NULL && render_outside(change))
            node_list_add(arena, outside, all->items[i]);
    }
    struct drift drift = render_drift_count(plan);
    struct node *numbers = node_map(arena);
    node_set_int(arena, numbers, "outside", drift.outside);
    node_set_int(arena, numbers, "pending", drift.pending);
    node_set_int(arena, numbers, "undeclared", drift.unmanaged);
    node_set(arena, node, "changes", outside);
    node_set(arena, node, "drift", numbers);
    node_set_string(arena, node, "format", "liteform-drift/1");
    return node;
}

void render_json(const struct node *node, struct buf *out)
{
    node_json_pretty(node, out);
    if (out->len == 0 || out->at[out->len - 1] != '\n')
        buf_char(out, '\n');
}
