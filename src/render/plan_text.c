#include "render/page.h"

#include "base/text.h"

#include <string.h>

/* A plan for people: what would happen, why, what is refused, and the command to type next. */

static bool is_removal(const struct change *change)
{
    return change->action == ACTION_DELETE || change->action == ACTION_FORGET;
}

static bool is_refused(const struct plan *plan, const struct change *change)
{
    VEC_EACH(guard, &plan->guards.list) {
        if (!guard->allowed && text_equal(guard->address, change->address))
            return true;
    }
    return false;
}

/* How many changes of a kind there are, removals or the others. */
static size_t changes_of(const struct plan *plan, const struct kind *kind, bool removals)
{
    size_t count = 0;
    VEC_EACH(at, &plan->changes) {
        if ((*at)->kind == kind && is_removal(*at) == removals && (*at)->action != ACTION_NONE)
            count++;
    }
    return count;
}

static size_t unchanged_of(const struct plan *plan, const struct kind *kind)
{
    size_t count = 0;
    VEC_EACH(at, &plan->spec->desired.list) {
        const struct resource *resource = *at;
        const struct change *change = map_get(&plan->by_address, resource->address);
        bool changes = change != NULL && change->action != ACTION_NONE;
        if (resource->kind == kind && !changes && !strings_has(&plan->held, resource->address) &&
            !strings_has(&plan->outside, resource->address))
            count++;
    }
    return count;
}

static bool is_unread(const struct plan *plan, const struct kind *kind)
{
    VEC_EACH(unread, &plan->unread) {
        if (unread->kind == kind)
            return true;
    }
    return false;
}

static void heading(const struct page *page, unsigned number, const char *title, const char *rest)
{
    page_ink(page, INK_BOLD, arena_printf(page->arena, "%u %s", number, title));
    buf_printf(page->out, "%s\n", rest);
}

static void changes(
    const struct page *page, const struct plan *plan, const struct kind *kind, bool removals)
{
    size_t columns = page_address_columns(plan, kind);
    VEC_EACH(at, &plan->changes) {
        const struct change *change = *at;
        if (change->kind == kind && is_removal(change) == removals && change->action != ACTION_NONE)
            page_change(page, change, is_refused(plan, change), columns);
    }
}

/* Steps in their order; what is unchanged is one line a kind. Returns the last step's number. */
static unsigned steps(const struct page *page, const struct plan *plan)
{
    unsigned number = 0;
    const struct live *live = plan->live;
    for (size_t i = 0; live != NULL && i < live->kind_count; i++) {
        const struct kind *kind = live->kinds[i].kind;
        if (is_unread(plan, kind))
            continue;
        size_t wanted = changes_of(plan, kind, false), removed = changes_of(plan, kind, true);
        size_t same = plan->scoped ? 0 : unchanged_of(plan, kind);
        if (wanted == 0 && removed == 0 && same > 0) {
            heading(
                page, ++number, kind->title, arena_printf(page->arena, "  no changes (%zu)", same));
            continue;
        }
        if (wanted == 0)
            continue;
        const char *rest = same > 0 ? arena_printf(page->arena, "  (%zu unchanged)", same) : "";
        heading(page, ++number, kind->title, rest);
        changes(page, plan, kind, false);
    }
    return number;
}

/* Removals come last and in the reverse order of the steps, as they are carried out. */
static void removals(const struct page *page, const struct plan *plan, unsigned number)
{
    const struct live *live = plan->live;
    for (size_t i = live == NULL ? 0 : live->kind_count; i > 0; i--) {
        const struct kind *kind = live->kinds[i - 1].kind;
        if (changes_of(plan, kind, true) == 0)
            continue;
        heading(page, ++number, kind->title, ", removed or forgotten last");
        changes(page, plan, kind, true);
    }
}

static void guards(const struct page *page, const struct plan *plan)
{
    bool first = true;
    VEC_EACH(guard, &plan->guards.list) {
        if (guard->allowed) {
            page_line(page, 0, "Allowed by %s: %s", page_clean(page, guard->allow),
                page_clean(page, guard->message));
            continue;
        }
        if (first)
            buf_str(page->out, "\nRefused:\n");
        first = false;
        page_ink(page, INK_RED, "!");
        const char *address = page_clean(page, guard->address);
        bool named = *address == '\0' || strstr(guard->message, address) != NULL;
        const char *text = arena_printf(page->arena, " %s %s%s%s", guard->id, named ? "" : address,
            named ? "" : ": ", page_clean(page, guard->message));
        page_wrap(page, text, 1, 6);
        buf_char(page->out, '\n');
        if (guard->allow != NULL)
            page_line(page, 6, "to allow it: %s", page_clean(page, guard->allow));
    }
}

static void count(struct buf *to, unsigned number, const char *word)
{
    if (number > 0)
        buf_printf(to, "%s%u %s", to->len > 0 ? ", " : "", number, word);
}

static const char *counts_text(const struct page *page, const struct counts *counts)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    count(&text, counts->create, "create");
    count(&text, counts->update, "update");
    count(&text, counts->replace, "replace");
    count(&text, counts->delete, "delete");
    count(&text, counts->adopt, "adopt");
    count(&text, counts->forget, "forget");
    count(&text, counts->restart, "restart");
    count(&text, counts->rotate, "rotate");
    count(&text, counts->repair, "repair");
    count(&text, counts->move, "move");
    count(&text, counts->unchanged, "unchanged");
    count(&text, counts->not_compared, "not compared");
    return arena_strdup(page->arena, buf_text(&text));
}

/* "widens access" of "widens access: claude-opus". */
static const char *risk_kind(const struct page *page, const char *risk)
{
    const char *colon = strstr(risk, ": ");
    return colon == NULL ? risk : arena_strndup(page->arena, risk, (size_t)(colon - risk));
}

static bool bears(const struct page *page, const struct change *change, const char *kind)
{
    for (size_t i = 0; i < change->risks.count; i++) {
        if (strcmp(risk_kind(page, change->risks.at[i]), kind) == 0)
            return true;
    }
    return false;
}

/* Each kind of risk once, with how many changes bear it. */
static void risks(const struct page *page, const struct plan *plan)
{
    struct strings kinds = {0};
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    VEC_EACH(at, &plan->changes) {
        for (size_t i = 0; i < (*at)->risks.count; i++) {
            const char *kind = risk_kind(page, (*at)->risks.at[i]);
            if (!strings_has(&kinds, kind))
                strings_add(page->arena, &kinds, kind);
        }
    }
    for (size_t i = 0; i < kinds.count; i++) {
        size_t bearing = 0;
        VEC_EACH(at, &plan->changes)
            bearing += bears(page, *at, kinds.at[i]) ? 1 : 0;
        buf_printf(&text, "%s%zu %s", i == 0 ? "" : ", ", bearing, page_clean(page, kinds.at[i]));
    }
    if (text.len > 0)
        page_line(page, 0, "Risks: %s", buf_text(&text));
}

static void hints(const struct page *page, const struct plan *plan)
{
    for (size_t i = 0; i < plan->moves.count; i++)
        page_line(page, 0, "Renamed? Then keep the object by this line in the spec: %s",
            page_clean(page, plan->moves.at[i]));
}

static bool ends_in_blank(const struct buf *out)
{
    return out->len >= 2 && out->at[out->len - 1] == '\n' && out->at[out->len - 2] == '\n';
}

static const char *no_changes(const struct plan *plan)
{
    return plan->scoped ? "No changes in what --only and --skip leave."
                        : "No changes; see above for what is left to do.";
}

static void next_line(const struct page *page, const struct plan *plan)
{
    size_t size = plan_size(plan);

    if (size > 0 && page->style->apply != NULL) {
        /* Not wrapped: it is there to be copied. */
        buf_printf(page->out, "Apply: %s\n", page->style->apply);
    } else if (size == 0 && plan->unread.count > 0 && page->style->plan != NULL) {
        buf_printf(page->out, "Next, when it can be read: %s\n", page->style->plan);
    }
}

static void last_lines(const struct page *page, const struct plan *plan)
{
    size_t refused = plan_refusals(plan), size = plan_size(plan);
    const char *numbers = counts_text(page, &plan->counts);
    if (!ends_in_blank(page->out))
        buf_char(page->out, '\n');
    if (size > 0 || refused > 0 || plan->unread.count > 0) {
        page_ink(page, INK_BOLD, "Plan:");
        buf_char(page->out, ' ');
        page_wrap(page, *numbers == '\0' ? "nothing in what could be read" : numbers, 6, 6);
        buf_char(page->out, '\n');
    }
    if (size == 0 && refused == 0 && plan->unread.count == 0)
        page_line(page, 0, "%s", no_changes(plan));
    risks(page, plan);
    if (refused > 0) {
        page_line(page, 0, "Refused: %s. Nothing is applied until the spec or a flag says so.",
            page_count(page, refused, "guard", "guards"));
        if (page->style->plan != NULL)
            buf_printf(page->out, "Next: %s\n", page->style->plan);
    } else {
        next_line(page, plan);
    }
}

static void nothing_to_do(const struct page *page, const struct plan *plan)
{
    const struct counts *counts = &plan->counts;
    const char *rest = counts->not_compared > 0
                           ? arena_printf(page->arena, ", %u not compared", counts->not_compared)
                           : "";
    page_line(page, 0, "No changes. %s is as the spec says (%s%s).",
        page_clean(page, plan->spec->environment),
        page_count(page, counts->unchanged, "object", "objects"), rest);
}

/** A warning about something declared: then "as the spec says" would be too much. */
static bool entry_has_finding(const struct plan *plan)
{
    VEC_EACH(diag, &plan->findings.list) {
        if (diag->severity >= SEVERITY_WARNING && diag->address != NULL &&
            map_get(&plan->spec->desired.by_address, diag->address) != NULL)
            return true;
    }
    return false;
}

void render_plan(const struct plan *plan, const struct render_style *style, struct buf *out)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct page page = {.style = style, .arena = arena, .out = out};
    bool still = plan_size(plan) == 0 && plan_refusals(plan) == 0 && plan->unread.count == 0 &&
                 plan->held.count == 0 && plan->outside.count == 0 && !plan->scoped &&
                 !entry_has_finding(plan);
    if (still) {
        nothing_to_do(&page, plan);
        page_not_seen(&page, plan);
        page_unmanaged(&page, plan);
        page_findings(&page, plan);
        return;
    }
    page_header(&page, plan);
    buf_char(out, '\n');
    unsigned last = steps(&page, plan);
    removals(&page, plan, last);
    page_unread(&page, plan);
    page_unmanaged(&page, plan);
    hints(&page, plan);
    guards(&page, plan);
    page_findings(&page, plan);
    last_lines(&page, plan);
}
