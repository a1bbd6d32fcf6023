/* `init --take-over`: the objects of a state that is lost or given up become this state's. */
#ifndef LITEFORM_CLI_TAKEOVER_H
#define LITEFORM_CLI_TAKEOVER_H

#include "cli/run.h"

/**
 * Reads what is live, notes in the state whose lineages are taken over, and says how many objects
 * that are. After run_connect(); takes the lock itself. EXIT_UNREAD when a kind could not be read:
 * what was seen is taken over all the same.
 */
enum exit_code take_over(struct run *run, const char **ret_text);

#endif
