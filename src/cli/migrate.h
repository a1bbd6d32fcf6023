/* `init ENV --migrate`: the state goes on in the place that the spec names now. */
#ifndef LITEFORM_CLI_MIGRATE_H
#define LITEFORM_CLI_MIGRATE_H

#include "cli/run.h"

/**
 * Copies state and history from where they were (`--from`, else found) to run->backend, looks at the
 * copy, and marks the old place as left. Under both locks; each place is written in one conditional
 * write, so a run that dies half-way is made good by the next. `ret_said`: what was done.
 */
enum exit_code migrate(struct run *run, const char **ret_said);

#endif
