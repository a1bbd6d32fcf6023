#include "render/page.h"

#include "base/text.h"

#include <string.h>

/* The parts that plan and drift have in common. */

#define ADDRESS_COLUMNS_MAX 44

struct look {
    const char *symbol;
    enum ink ink;
};

static struct look look_of(enum action action)
{
    switch (action) {
    case ACTION_CREATE:
        return (struct look){"+", INK_GREEN};
    case ACTION_UPDATE:
        return (struct look){"~", INK_YELLOW};
    case ACTION_REPLACE:
        return (struct look){"-/+", INK_RED};
    case ACTION_DELETE:
        return (struct look){"-", INK_RED};
    case ACTION_ADOPT:
        return (struct look){"=", INK_CYAN};
    case ACTION_FORGET:
        return (struct look){"x", INK_CYAN};
    case ACTION_ROTATE:
        return (struct look){"-/+", INK_RED};
    case ACTION_REPAIR:
        return (struct look){"~", INK_YELLOW};
    case ACTION_MOVE:
        return (struct look){">", INK_CYAN};
    case ACTION_NONE:
        break;
    }
    return (struct look){" ", INK_NONE};
}

size_t page_address_columns(const struct plan *plan, const struct kind *kind)
{
    size_t widest = 0;
    VEC_EACH(at, &plan->changes) {
        const struct change *change = *at;
        size_t columns = page_columns(change->address);
        if (change->kind == kind && columns > widest && columns <= ADDRESS_COLUMNS_MAX)
            widest = columns;
    }
    return widest;
}

/* The reason, with what the action says beyond its symbol. */
static const char *reason_of(const struct page *page, const struct change *change)
{
    const char *reason = page_clean(page, change->reason);
    if (change->action == ACTION_MOVE && change->from != NULL)
        return arena_printf(page->arena, "%s%sfrom %s", reason, *reason == '\0' ? "" : ", ",
            page_clean(page, change->from));
    if (change->action == ACTION_ROTATE && strstr(reason, "rotate") == NULL)
        return arena_printf(page->arena, "rotate: %s", reason);
    return reason;
}

void page_change(
    const struct page *page, const struct change *change, bool refused, size_t address_columns)
{
    struct look look = look_of(change->action);
    if (refused)
        page_ink(page, INK_RED, "!");
    else
        buf_char(page->out, ' ');
    page_blanks(page, 3 - strlen(look.symbol));
    page_ink(page, look.ink, look.symbol);
    buf_char(page->out, ' ');
    const char *address = page_clean(page, change->address);
    size_t columns = page_columns(address), at = 5 + columns;
    buf_str(page->out, address);
    const char *reason = reason_of(page, change);
    if (*reason != '\0') {
        size_t pad = columns < address_columns ? address_columns - columns + 2 : 2;
        page_blanks(page, pad);
        page_wrap(page, reason, at + pad, at + pad);
    }
    buf_char(page->out, '\n');
    page_fields(page, change, 6);
    if (change->note != NULL)
        page_line(page, 6, "%s", page_clean(page, change->note));
    if (change->takes.count > 0)
        page_line(page, 6, "takes %s with it", page_list(page, &change->takes));
    for (size_t i = 0; i < change->risks.count; i++) {
        page_blanks(page, 6);
        page_ink(page, INK_YELLOW, page_clean(page, change->risks.at[i]));
        buf_char(page->out, '\n');
    }
}

static size_t objects_read(const struct live *live)
{
    size_t count = 0;
    for (size_t i = 0; live != NULL && i < live->kind_count; i++) {
        if (live->kinds[i].status == LIVE_READ)
            count += live->kinds[i].list.count;
    }
    return count;
}

void page_not_seen(const struct page *page, const struct plan *plan)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    const struct live *live = plan->live;
    bool blind = false;
    if (live != NULL && !live->database && plan->spec->database_url != NULL) {
        const char *reason = page_clean(page, live->database_reason);
        buf_printf(&text, "database%s%s%s", *reason == '\0' ? "" : " (", reason,
            *reason == '\0' ? "" : ")");
        blind = true;
    }
    const struct node *ownership = plan->spec->policy.ownership;
    for (uint32_t i = 0; node_is(ownership, NODE_MAP) && i < ownership->count; i++) {
        if (text_equal(node_text(ownership->pairs[i].value), "ignore"))
            buf_printf(&text, "%s%s (ownership: ignore)", text.len > 0 ? ", " : "",
                page_clean(page, ownership->pairs[i].key));
    }
    if (text.len > 0)
        page_line(page, 0, "not looked at: %s", buf_text(&text));
    if (blind)
        page_line(
            page, 2, "so rows that no pod has loaded, and later writes to secrets, may be missed");
    if (plan->spec->not_collected.count > 0)
        page_line(page, 0, "not collected yet: %s (parsed and checked; planned by hand until then)",
            page_list(page, &plan->spec->not_collected));
}

void page_header(const struct page *page, const struct plan *plan)
{
    const struct live *live = plan->live;
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    const char *name = page_clean(page, plan->spec->environment);
    if (live != NULL) {
        const char *version = live->server.version;
        buf_printf(&text, " · LiteLLM %s",
            version == NULL ? "of unknown version" : page_clean(page, version));
        buf_printf(&text, " · %s read", page_count(page, objects_read(live), "object", "objects"));
        if (page->style->timing)
            buf_printf(&text, " in %u.%u s", live->elapsed_ms / 1000, live->elapsed_ms / 100 % 10);
    }
    if (plan->fingerprint != NULL)
        buf_printf(&text, " · plan %s", plan->fingerprint);
    page_ink(page, INK_BOLD, name);
    page_wrap(page, buf_text(&text), page_columns(name), 2);
    buf_char(page->out, '\n');
    page_not_seen(page, plan);
    if (plan->scoped)
        page_line(page, 0, "part of the spec only: --only or --skip was given");
}

/* Kinds that are unread for one reason, most often a server that is away, are one line. */
static void unread_line(const struct page *page, const struct plan *plan, size_t first)
{
    const char *reason = plan->unread.at[first].reason;
    struct strings titles = {0};
    unsigned wanted = 0;
    for (size_t i = 0; i < plan->unread.count; i++) {
        const struct unread *unread = &plan->unread.at[i];
        if (!text_equal(unread->reason, reason))
            continue;
        if (i < first)
            return;
        strings_add(page->arena, &titles, unread->kind->title);
        wanted += unread->wanted;
    }
    const char *why = page_clean(page, reason);
    page_ink(page, INK_YELLOW, "?");
    const char *text =
        arena_printf(page->arena, " not read: %s%s%s%s; nothing of %s is planned (%u in the spec)",
            page_list(page, &titles), *why == '\0' ? "" : " (", why, *why == '\0' ? "" : ")",
            titles.count == 1 ? "it" : "them", wanted);
    page_wrap(page, text, 1, 2);
    buf_char(page->out, '\n');
}

void page_unread(const struct page *page, const struct plan *plan)
{
    for (size_t i = 0; i < plan->unread.count; i++)
        unread_line(page, plan, i);
    if (plan->held.count > 0)
        page_line(page, 0, "? held back, since they or what they need cannot be told for sure: %s",
            page_list(page, &plan->held));
    if (plan->outside.count > 0)
        page_line(page, 0, "? left out, since they need what --only or --skip leaves out: %s",
            page_list(page, &plan->outside));
}

/* "3 users, 4 keys" */
static const char *count_by_kind(const struct page *page, const struct plan *plan)
{
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    for (size_t i = 0; i < plan->unmanaged.count; i++) {
        const struct kind *kind = plan->unmanaged.at[i].object->kind;
        size_t count = 0;
        bool before = false;
        for (size_t j = 0; j < plan->unmanaged.count; j++) {
            bool same = plan->unmanaged.at[j].object->kind == kind;
            before = before || (same && j < i);
            count += same ? 1 : 0;
        }
        if (before)
            continue;
        buf_printf(&text, "%s%s", text.len > 0 ? ", " : "",
            page_count(page, count, kind->name, kind->title));
    }
    return arena_strdup(page->arena, buf_text(&text));
}

void page_unmanaged(const struct page *page, const struct plan *plan)
{
    size_t count = plan->unmanaged.count;
    if (count == 0)
        return;
    page_line(page, 0, ". unmanaged: %s%s", count_by_kind(page, plan),
        page->style->verbose ? "" : " (--verbose lists them)");
    for (size_t i = 0; page->style->verbose && i < count; i++) {
        const struct unmanaged *unmanaged = &plan->unmanaged.at[i];
        const char *name = page_clean(page, unmanaged->object->name);
        const char *address = page_clean(page, unmanaged->address);
        bool says_more = *name != '\0' && strstr(address, name) == NULL;
        page_line(page, 2, ". %s%s%s", address, says_more ? "  " : "", says_more ? name : "");
    }
}

/* "environments/prod/teams.yaml:14:19", or less where less is known. */
static const char *place_of(
    const struct page *page, const struct diags *diags, const struct diag *diag)
{
    uint16_t file = diag->where.file;
    if (file == 0 || file >= diags->sources.count)
        return NULL;
    const char *path = page_clean(page, diags->sources.at[file].path);
    if (diag->where.line == 0)
        return path;
    return arena_printf(page->arena, "%s:%u:%u", path, diag->where.line, diag->where.column);
}

static enum ink severity_ink(enum severity severity)
{
    return severity == SEVERITY_ERROR ? INK_RED
                                      : (severity == SEVERITY_WARNING ? INK_YELLOW : INK_CYAN);
}

void page_findings(const struct page *page, const struct plan *plan)
{
    const struct diags *diags = &plan->findings;
    if (diags->list.count == 0)
        return;
    struct diag *list = diags_sorted(diags);
    size_t count = diags_fold(list, diags->list.count);
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        const struct diag *diag = &list[i];
        if (diag->severity == SEVERITY_OFF)
            continue;
        if (first)
            buf_str(page->out, "\nFindings:\n");
        first = false;
        const char *place = place_of(page, diags, diag);
        const char *about = place != NULL ? place : page_clean(page, diag->address);
        const char *more =
            diag->repeats > 0 ? arena_printf(page->arena, " (and %u more)", diag->repeats) : "";
        const char *level = severity_name(diag->severity);
        page_blanks(page, 2);
        page_ink(page, severity_ink(diag->severity), level);
        const char *text = arena_printf(page->arena, " %s %s%s%s%s", diag->id, about,
            *about == '\0' ? "" : ": ", page_clean(page, diag->message), more);
        page_wrap(page, text, 2 + strlen(level), 6);
        buf_char(page->out, '\n');
        if (diag->fix != NULL)
            page_line(page, 6, "fix: %s", page_clean(page, diag->fix));
    }
}
