/* Where the state lives: opening it, and whether it may be relied on. */
#ifndef LITEFORM_CLI_BACKEND_H
#define LITEFORM_CLI_BACKEND_H

#include "cli/run.h"

/**
 * The bucket of "s3://BUCKET/PREFIX?region=REGION&endpoint=URL"; what is not said is as in the spec.
 * NULL with a diagnostic. Both are the caller's to end: the backend first.
 */
struct backend *backend_named(struct run *run, const char *text, struct aws **ret_aws);

/** Tries what the backend does with conditions, unless the state says that this was done here, and
 *  notes it in `state`. EXIT_ERROR with a diagnostic where they are not honoured. */
enum exit_code backend_look(struct run *run, struct backend *backend, struct state *state);
/** EXIT_ERROR with a diagnostic unless `state` says that it was tried where it lies. */
enum exit_code backend_looked(struct run *run, const struct state *state);

#endif
