#include "render/page.h"

#include <string.h>

/* What an apply is doing, as lines and as one live line; and what has become of it. */

static const char *elapsed(const struct page *page, uint32_t ms)
{
    if (ms < 60000)
        return arena_printf(page->arena, "%u.%u s", ms / 1000, ms / 100 % 10);
    return arena_printf(page->arena, "%u min %02u s", ms / 60000, ms / 1000 % 60);
}

static const char *verb_of(enum render_step step)
{
    switch (step) {
    case RENDER_STARTED:
        return "start";
    case RENDER_DONE:
        return "done";
    case RENDER_FAILED:
        return "failed";
    case RENDER_SKIPPED:
        return "skipped";
    case RENDER_WAITING:
        return "waiting";
    }
    return "";
}

static enum ink ink_of(enum render_step step)
{
    switch (step) {
    case RENDER_DONE:
        return INK_GREEN;
    case RENDER_FAILED:
        return INK_RED;
    case RENDER_SKIPPED:
        return INK_YELLOW;
    case RENDER_STARTED:
    case RENDER_WAITING:
        break;
    }
    return INK_NONE;
}

void render_progress_line(
    const struct render_progress *progress, const struct render_style *style, struct buf *out)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct page page = {.style = style, .arena = arena, .out = out};
    page_ink(&page, ink_of(progress->step), arena_printf(arena, "%-7s", verb_of(progress->step)));
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    if (progress->change != NULL)
        buf_printf(&text, "  %s %s", action_name(progress->change->action),
            page_clean(&page, progress->change->address));
    bool ended = progress->step == RENDER_DONE || progress->step == RENDER_FAILED;
    if (ended)
        buf_printf(&text, "  %s  [%u/%u]", elapsed(&page, progress->elapsed_ms),
            progress->done + progress->failed, progress->total);
    if (progress->note != NULL)
        buf_printf(&text, "  %s", page_clean(&page, progress->note));
    page_wrap(&page, buf_text(&text), 7, 11);
    buf_char(out, '\n');
}

void render_progress_live(
    const struct render_progress *progress, const struct render_style *style, struct buf *out)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct page page = {.style = style, .arena = arena, .out = out};
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    buf_printf(&text, "%u of %u done", progress->done, progress->total);
    if (progress->failed > 0)
        buf_printf(&text, ", %u failed", progress->failed);
    buf_printf(&text, ", %s", elapsed(&page, progress->elapsed_ms));
    if (progress->change != NULL)
        buf_printf(&text, "  %s %s", action_name(progress->change->action),
            page_clean(&page, progress->change->address));
    if (progress->note != NULL)
        buf_printf(&text, "  %s", page_clean(&page, progress->note));
    /* A line that wraps could not be drawn over again. */
    size_t most = style->width == 0 ? 79 : style->width - 1;
    const char *at = buf_text(&text);
    for (size_t columns = 0; *at != '\0' && columns < most; columns++) {
        buf_char(out, *at++);
        while (((unsigned char)*at & 0xC0) == 0x80)
            buf_char(out, *at++);
    }
}

/* The sentence that says how it ended. */
static const char *ending(const struct page *page, const struct render_summary *summary)
{
    const char *name = page_clean(page, summary->environment);
    if (summary->fenced)
        return arena_printf(
            page->arena, "Stopped: the lock of %s was lost, somebody took over.", name);
    if (summary->interrupted)
        return arena_printf(page->arena,
            "Interrupted: what was under way in %s was finished, nothing more was started.", name);
    if (summary->failed + summary->skipped > 0)
        return arena_printf(page->arena, "Applied to %s in part.", name);
    return arena_printf(page->arena, "Applied to %s.", name);
}

void render_summary(
    const struct render_summary *summary, const struct render_style *style, struct buf *out)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct page page = {.style = style, .arena = arena, .out = out};
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    buf_printf(&text, "%u done", summary->done);
    if (summary->failed > 0)
        buf_printf(&text, ", %u failed", summary->failed);
    if (summary->skipped > 0)
        buf_printf(&text, ", %u not attempted", summary->skipped);
    if (style->timing)
        buf_printf(&text, ", in %s", elapsed(&page, summary->elapsed_ms));
    page_line(&page, 0, "%s %s.", ending(&page, summary), buf_text(&text));
    if (summary->not_arrived != NULL && summary->not_arrived->count > 0)
        page_line(&page, 0, "Accepted by the server, but not to be seen when read again: %s",
            page_list(&page, summary->not_arrived));
    if (summary->unread != NULL && summary->unread->count > 0)
        page_line(
            &page, 0, "Not read, so nothing was done about: %s", page_list(&page, summary->unread));
    if (summary->next != NULL)
        buf_printf(out, "Next: %s\n", summary->next);
}
