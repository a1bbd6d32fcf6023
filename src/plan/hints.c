/* A delete and a create of one kind with alike fields may be a rename: says the line to write. */
#include "base/text.h"
#include "plan/internal.h"

#define HINTS_AT_MOST 16

/** Share of the created resource's fields that the deleted object has alike, in percent. */
static unsigned alike(const struct change *created, const struct change *deleted)
{
    const struct node *wanted = created->resource->fields;
    unsigned same = 0, all = 0;

    for (uint32_t i = 0; node_is(wanted, NODE_MAP) && i < wanted->count; i++) {
        const struct node *have = node_get(deleted->object->fields, wanted->pairs[i].key);
        if ((wanted->pairs[i].value->marks & NODE_SECRET) != 0 ||
            text_equal(wanted->pairs[i].key, "alias")) {
            continue;
        }
        all++;
        same += node_equal_set(wanted->pairs[i].value, have) ? 1 : 0;
    }
    return all >= 2 ? same * 100 / all : 0;
}

void plan_move_hints(struct planning *p)
{
    unsigned tried = 0;

    VEC_EACH(deleted, &p->plan->changes) {
        if (!change_removes(*deleted) || (*deleted)->object == NULL || tried++ >= HINTS_AT_MOST) {
            continue;
        }
        const struct change *best = NULL;
        unsigned best_share = 60;
        VEC_EACH(created, &p->plan->changes) {
            if ((*created)->kind != (*deleted)->kind || (*created)->action != ACTION_CREATE) {
                continue;
            }
            unsigned share = alike(*created, *deleted);
            if (share > best_share) {
                best = *created;
                best_share = share;
            }
        }
        if (best != NULL) {
            strings_add(p->arena, &p->plan->moves,
                arena_printf(
                    p->arena, "moved: [{ from: %s, to: %s }]", (*deleted)->address, best->address));
        }
    }
}
