/*
 * Child processes: run directly (no shell), clean environment, output bounded, time limited.
 *
 * A child has an empty stdin, a process group of its own and no descriptor of ours. When its time is
 * over its whole group gets SIGTERM, and SIGKILL 2 s later; the same after the second
 * client_interrupt(). The first one does not reach it: a running helm is let finish.
 */
#ifndef LITEFORM_CLIENT_PROCESS_H
#define LITEFORM_CLIENT_PROCESS_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct process_result {
    int exit_code; /* 128 + signal when it was killed; -1 when it could not be started */
    bool timed_out;
    struct buf out; /* stdout; released by the caller (buf_wipe for secrets); .overflow: cut off */
    struct buf err; /* stderr, first 4 KiB; why it could not be started when exit_code is -1 */
};

/** `environment`: NULL-ended "NAME=value" list; the child gets nothing else. */
void process_run(const char *const *argv, const char *const *environment, size_t max_out,
    uint32_t timeout_ms, struct process_result *ret_result);

struct process_job {
    const char *const *argv;
    const char *const *environment;
    size_t max_out;
    uint32_t timeout_ms;
    struct process_result *ret_result;
};

/** Runs all of them, at most `most` side by side. */
void process_run_all(const struct process_job *jobs, size_t count, size_t most);
/** The clean environment of client/secret.h, in `arena`. */
const char **process_environment(struct arena *arena);

#endif
