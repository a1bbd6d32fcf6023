#include "cli/progress.h"

#include "base/clock.h"
#include "cli/out.h"
#include "render/render.h"

/* Reports of apply/ become lines; between them the live line shows that time passes. */

#define SILENCE_MS 30000 /* off a terminal a line at least so often */

struct progress progress_start(struct call *call)
{
    int64_t now = clock_ms();
    return (struct progress){.call = call, .started = now, .said = now};
}

static enum render_step step_of(enum apply_event event)
{
    switch (event) {
    case APPLY_STARTED:
        return RENDER_STARTED;
    case APPLY_DONE:
        return RENDER_DONE;
    case APPLY_FAILED:
        return RENDER_FAILED;
    case APPLY_SKIPPED:
        return RENDER_SKIPPED;
    case APPLY_WAITING:
    case APPLY_TICK:
        break;
    }
    return RENDER_WAITING;
}

static void draw_live(const struct progress *progress, const struct render_progress *now)
{
    struct render_style style = out_progress_style(progress->call->verbose);
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    render_progress_live(now, &style, &text);
    out_live(progress->call, buf_text(&text));
}

void progress_report(void *context, const struct apply_report *report)
{
    struct progress *progress = context;
    int64_t now = clock_ms();
    bool tick = report->event == APPLY_TICK, live = out_has_live(progress->call);
    if (report->change != NULL)
        progress->current = report->change;
    if (report->event == APPLY_WAITING)
        progress->note = report->note;
    else if (!tick)
        progress->note = NULL;
    struct render_progress line = {.step = step_of(report->event),
        .change = report->change,
        .note = report->note,
        .done = report->done,
        .total = report->total,
        .failed = report->failed,
        .elapsed_ms = report->elapsed_ms};
    /* On a terminal the live line says what has started; what has ended stays on the screen. */
    bool says =
        !tick && (!live || line.step != RENDER_STARTED) && (!live || line.step != RENDER_WAITING);
    if (tick && !live)
        says = now - progress->said >= SILENCE_MS;
    if (says) {
        struct render_style style = out_progress_style(progress->call->verbose);
        CLEANUP_BUF struct buf text = BUF_INIT(0);
        render_progress_line(&line, &style, &text);
        out_note_text(progress->call, &text);
        progress->said = now;
    }
    if (live) {
        line.change = progress->current;
        line.note = progress->note;
        line.elapsed_ms = (uint32_t)(now - progress->started);
        draw_live(progress, &line);
    }
}
