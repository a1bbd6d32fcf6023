/*
 * What people and programs read: plans, drift, progress and results as text, and as JSON.
 *
 * Pure: everything goes into a buffer, only cli/ prints. Two renderings of the same plan with the
 * same style are the same bytes. Text that came from outside reaches the buffer as printable text
 * only, and a secret as "(sensitive)".
 */
#ifndef LITEFORM_RENDER_RENDER_H
#define LITEFORM_RENDER_RENDER_H

#include "base/buf.h"
#include "diag/diag.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stdint.h>

struct render_style {
    bool color;
    bool verbose;      /* unmanaged objects one by one, long texts whole */
    bool timing;       /* how long reading took: left out where output is kept or compared */
    unsigned width;    /* columns of the terminal; 0: lines are not broken */
    const char *apply; /* the command that applies just this plan, or NULL */
    const char *plan;  /* the command that makes it: where to go on after a refusal, or NULL */
};

/** The plan as it is read before it is applied: `liteform plan`. */
void render_plan(const struct plan *plan, const struct render_style *style, struct buf *out);

/**
 * What of a plan has its cause outside of the spec: `liteform drift`. Counted as drift: changes
 * made behind our back, and what stands live undeclared in a section of which the spec says that it
 * is complete (ownership `full`).
 */
struct drift {
    unsigned outside;   /* changes whose cause is outside */
    unsigned pending;   /* changes that the spec asks for */
    unsigned unmanaged; /* of sections with ownership full */
};
struct drift render_drift_count(const struct plan *plan);
/** Whether the cause of a change is outside of the spec. */
bool render_outside(const struct change *change);
void render_drift(const struct plan *plan, const struct render_style *style, struct buf *out);

/** What happens while a plan is carried out; apply/'s report without its types. */
enum render_step {
    RENDER_STARTED,
    RENDER_DONE,
    RENDER_FAILED,
    RENDER_SKIPPED,
    RENDER_WAITING,
};
struct render_progress {
    enum render_step step;
    const struct change *change; /* NULL: of no single change */
    const char *note;
    unsigned done, total, failed;
    uint32_t elapsed_ms;
};
/** One line with its newline: for a file, a pipe, or the lines that stay on a terminal. */
void render_progress_line(
    const struct render_progress *progress, const struct render_style *style, struct buf *out);
/** The live line of a terminal, without a newline, at most `width` columns. */
void render_progress_live(
    const struct render_progress *progress, const struct render_style *style, struct buf *out);

struct render_summary {
    const char *environment;
    unsigned done, failed, skipped, total;
    uint32_t elapsed_ms;
    bool interrupted, fenced;
    const struct strings *not_arrived; /* accepted, but not to be seen when read again */
    const struct strings *unread;      /* kinds of which nothing was done, or NULL */
    const char *next;                  /* the command to type next, or NULL */
};
void render_summary(
    const struct render_summary *summary, const struct render_style *style, struct buf *out);

/** The diagnostics as a list of nodes in the form of design section 9. */
struct node *render_diags_node(struct arena *arena, const struct diags *diags);
/** The plan as `plan --json` prints it: plan_to_node() and "diagnostics". */
struct node *render_plan_node(
    struct arena *arena, const struct plan *plan, const struct diags *diags);
/** The drift in the same form, with "format": "liteform-drift/1". */
struct node *render_drift_node(
    struct arena *arena, const struct plan *plan, const struct diags *diags);
/** Indented JSON with a newline at its end. */
void render_json(const struct node *node, struct buf *out);

#endif
