/* What an apply is doing, on stderr: lines off a terminal, one live line on it. */
#ifndef LITEFORM_CLI_PROGRESS_H
#define LITEFORM_CLI_PROGRESS_H

#include "apply/apply.h"
#include "cli/cli.h"

struct progress {
    struct call *call;
    int64_t started, said; /* clock_ms() */
    const struct change *current;
    const char *note;
};

struct progress progress_start(struct call *call);
/** For apply_options.report; `context` is the struct progress. */
void progress_report(void *context, const struct apply_report *report);

#endif
