/* The only file that prints. Results go to stdout; diagnostics, progress and questions to stderr. */
#ifndef LITEFORM_CLI_OUT_H
#define LITEFORM_CLI_OUT_H

#include "cli/cli.h"
#include "render/render.h"

#include <stdbool.h>

/** Looks at the terminal and the environment, once. */
void out_setup(bool no_color);
/** Whether CI is set: then nothing asks, and the spec is trusted only when that is said. */
bool out_ci(void);
/** Whether a person sees what is shown and can answer: stdin, stdout and stderr are a terminal. */
bool out_interactive(void);

/** How results are drawn (stdout), and progress (stderr). */
struct render_style out_style(bool verbose);
struct render_style out_progress_style(bool verbose);

/** To stdout. */
void out_text(const struct buf *text);
/** A line to stderr; not under --json, whose stderr stays empty unless something breaks. */
void out_note(const struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void out_note_text(const struct call *call, const struct buf *text);
/** The diagnostics found since the last time, to stderr; nothing under --json. */
void out_diags(struct call *call);
/** Draws the live line over the last one; nothing where stderr is no terminal. */
void out_live(const struct call *call, const char *text);
/** Whether stderr has a live line. */
bool out_has_live(const struct call *call);
/** Wipes the live line, so that other text can follow. */
void out_live_end(void);
/** Asks on the terminal; true when the answer is `wanted`. */
bool out_ask(const char *question, const char *wanted);
/** Prints what the call came to; the exit code, changed where stdout cannot be written. */
enum exit_code out_finish(struct call *call, enum exit_code code);

#endif
