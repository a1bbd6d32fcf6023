/* The lock and the state, for verbs that change it. */
#ifndef LITEFORM_CLI_SESSION_H
#define LITEFORM_CLI_SESSION_H

#include "cli/run.h"

/** "alice@laptop" */
const char *session_who(struct arena *arena);
/** Takes the lock for `operation`, waiting as --lock-timeout says; run->state is the session's. */
enum exit_code run_lock(struct run *run, const char *operation, struct session **ret_session);
/** The same for the place that a state comes back to: that it went away from there is no obstacle. */
enum exit_code run_lock_returning(
    struct run *run, const char *operation, bool returning, struct session **ret_session);
/** EXIT_LOCKED with a diagnostic when somebody froze the environment. */
enum exit_code run_frozen(struct run *run);
/** Claims the state under the lock: nothing was written before. */
enum exit_code run_claim(struct run *run, struct session *session, const char *operation);
/** The status for a change of the state alone: what did not end before has not ended by it. */
const char *status_kept(const struct run *run);
/** Writes the state (unless `status` is NULL) and gives the lock back. */
enum exit_code run_close(struct run *run, struct session *session, const char *status);

#endif
