/* Whether a change lets somebody call more models than before. */
#include "base/text.h"
#include "plan/internal.h"

static bool is_all(const struct node *models)
{
    return models == NULL || node_is_nothing(models) || text_equal(node_text(models), "all");
}

static bool lists(const struct node *models, const char *name)
{
    for (uint32_t i = 0; node_is(models, NODE_LIST) && i < models->count; i++) {
        if (text_equal(node_text(models->items[i]), name)) {
            return true;
        }
    }
    return false;
}

/** Names that the new list has and the old one lacks, at most three, for the line of the change. */
static const char *added_names(struct planning *p, const struct node *old, const struct node *new)
{
    struct buf out = BUF_INIT(1024);
    unsigned count = 0;

    for (uint32_t i = 0; node_is(new, NODE_LIST) && i < new->count; i++) {
        const char *name = node_text(new->items[i]);
        if (name == NULL || lists(old, name)) {
            continue;
        }
        if (count++ < 3) {
            buf_printf(&out, "%s%s", count > 1 ? ", " : "", name);
        }
    }
    if (count > 3) {
        buf_printf(&out, " and %u more", count - 3);
    }
    char *text = count > 0 ? arena_strdup(p->arena, buf_text(&out)) : NULL;
    buf_release(&out);
    return text;
}

void plan_access(struct planning *p, struct change *change)
{
    VEC_EACH(field, &change->fields) {
        if (field->field == NULL || field->field->type != FIELD_MODELS || is_all(field->old)) {
            continue;
        }
        if (is_all(field->new)) {
            strings_add(p->arena, &change->risks, "widens access: to all models");
            guard_add(&p->context, "LF306", "all-models", change->address,
                "%s could then call every model", change->address);
            continue;
        }
        const char *added = added_names(p, field->old, field->new);
        if (added != NULL) {
            strings_add(
                p->arena, &change->risks, arena_printf(p->arena, "widens access: %s", added));
        }
    }
}
