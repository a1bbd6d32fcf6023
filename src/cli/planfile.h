/* Plan files: what `plan -o FILE` keeps so that `apply FILE` does just that, or refuses. */
#ifndef LITEFORM_CLI_PLANFILE_H
#define LITEFORM_CLI_PLANFILE_H

#include "cli/run.h"

/** Writes the plan of `run` to `path`, mode 0600. */
enum exit_code planfile_write(struct run *run, const char *path);
/** Reads and checks the digest; NULL with a diagnostic when it is no such file. */
struct node *planfile_read(struct call *call, const char *path);
/** The ENV to give to run_start(). */
const char *planfile_name(const struct node *file);
/** Scope, allowances and rewrite-secrets of the file instead of the call's. */
void planfile_options(struct run *run, const struct node *file);
/** Environment, lineage and serial: EXIT_STALE, with a diagnostic, when they have moved. */
enum exit_code planfile_check(struct run *run, const struct node *file);

#endif
