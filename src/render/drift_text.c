#include "render/page.h"

#include "base/text.h"

#include <string.h>

/* Drift for people: only what changed without the spec, and what nobody declared. */

bool render_outside(const struct change *change)
{
    if (change->action == ACTION_NONE)
        return false;
    if (change->action == ACTION_REPAIR)
        return true; /* what we wrote is there and is not in force */
    if (change->reason != NULL &&
        (strstr(change->reason, "outside") != NULL || text_starts(change->reason, "gone")))
        return true;
    VEC_EACH(field, &change->fields) {
        if (field->outside)
            return true;
    }
    return false;
}

static bool section_is_complete(const struct plan *plan, const struct kind *kind)
{
    const char *said =
        kind->section == NULL ? NULL : node_get_text(plan->spec->policy.ownership, kind->section);
    if (said != NULL)
        return strcmp(said, "full") == 0;
    return kind->ownership == OWNERSHIP_FULL;
}

struct drift render_drift_count(const struct plan *plan)
{
    struct drift drift = {0};
    VEC_EACH(at, &plan->changes) {
        if (render_outside(*at))
            drift.outside++;
        else if ((*at)->action != ACTION_NONE)
            drift.pending++;
    }
    VEC_EACH(unmanaged, &plan->unmanaged) {
        if (section_is_complete(plan, unmanaged->object->kind))
            drift.unmanaged++;
    }
    return drift;
}

static void changed_outside(const struct page *page, const struct plan *plan)
{
    const struct live *live = plan->live;
    for (size_t i = 0; live != NULL && i < live->kind_count; i++) {
        const struct kind *kind = live->kinds[i].kind;
        bool first = true;
        VEC_EACH(at, &plan->changes) {
            const struct change *change = *at;
            if (change->kind != kind || !render_outside(change))
                continue;
            if (first)
                page_ink(page, INK_BOLD, arena_printf(page->arena, "%s\n", kind->title));
            first = false;
            page_change(page, change, false, page_address_columns(plan, kind));
        }
    }
}

static void drift_ends(const struct page *page, const struct drift *drift)
{
    buf_char(page->out, '\n');
    page_line(page, 0, "Drift: %u changed outside, %u undeclared where the spec is complete",
        drift->outside, drift->unmanaged);
    if (drift->pending > 0)
        page_line(page, 0, "Pending from the spec: %s",
            page_count(page, drift->pending, "change", "changes"));
    if (drift->outside + drift->pending > 0 && page->style->plan != NULL)
        buf_printf(page->out, "Next: %s\n", page->style->plan);
}

void render_drift(const struct plan *plan, const struct render_style *style, struct buf *out)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct page page = {.style = style, .arena = arena, .out = out};
    struct drift drift = render_drift_count(plan);
    page_header(&page, plan);
    if (drift.outside > 0)
        buf_char(out, '\n');
    changed_outside(&page, plan);
    page_unread(&page, plan);
    page_unmanaged(&page, plan);
    page_findings(&page, plan);
    if (drift.outside + drift.unmanaged > 0) {
        drift_ends(&page, &drift);
        return;
    }
    page_line(&page, 0, "%s %s%s.",
        plan->unread.count > 0 ? "No drift in what could be read of" : "No drift:",
        page_clean(&page, plan->spec->environment),
        plan->unread.count > 0 ? "" : " is as it was last left");
    if (drift.pending > 0)
        page_line(&page, 0, "Pending from the spec: %s",
            page_count(&page, drift.pending, "change", "changes"));
}
