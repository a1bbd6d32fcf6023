/*
 * Where an environment's state lives: a few named objects with conditional writes.
 *
 * Names: "state.json", "lock.json", "journal/<serial>-<n>.json", "history/<serial>-<run>.json".
 * An etag is an opaque text that changes with every write. The rules that make locking and fencing
 * sound (state/lock.h, state/journal.h) lean on nothing but: a write that expects an etag (or
 * absence) either happens whole or not at all, and says which.
 */
#ifndef LITEFORM_STATE_BACKEND_H
#define LITEFORM_STATE_BACKEND_H

#include "base/arena.h"
#include "base/vec.h"
#include "diag/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum backend_result {
    BACKEND_OK,
    BACKEND_ABSENT,   /* read, remove: there is no such object */
    BACKEND_CONFLICT, /* write, remove: the object is not the expected one */
    BACKEND_FAILED,   /* anything else: a diagnostic says what; a write may have happened */
};

#define BACKEND_MUST_NOT_EXIST "*" /* as `expect`: If-None-Match: * */

struct backend;

struct backend_ops {
    /** MUST. "file:/path/state/prod" or "s3://bucket/prefix": for messages and plan files. */
    const char *(*show)(const struct backend *backend);
    /** MUST. */
    enum backend_result (*read)(struct backend *backend, struct arena *arena, const char *name,
        char **ret_bytes, size_t *ret_length, const char **ret_etag, struct diags *diags);
    /** MUST. `expect`: an etag, BACKEND_MUST_NOT_EXIST, or NULL (no condition; history only). */
    enum backend_result (*write)(struct backend *backend, struct arena *arena, const char *name,
        const void *bytes, size_t length, const char *expect, const char **ret_etag,
        struct diags *diags);
    /** MUST. Names that begin with `prefix`, sorted. */
    enum backend_result (*list)(struct backend *backend, struct arena *arena, const char *prefix,
        struct strings *ret_names, struct diags *diags);
    /** MUST. Removing what is not there is BACKEND_ABSENT. */
    enum backend_result (*remove)(struct backend *backend, const char *name, struct diags *diags);
    /** MAY. Removes several; what is not there is fine. */
    enum backend_result (*remove_many)(
        struct backend *backend, const struct strings *names, struct diags *diags);
    /** MAY. Holds an exclusive advisory lock that dies with the process; false: somebody has it.
     *  A backend without it (S3) relies on the lease in lock.json alone. */
    bool (*hold)(struct backend *backend, struct diags *diags);
    void (*release)(struct backend *backend);
    /** MUST where there is hold(): whether anybody holds it, found out without taking it. */
    bool (*held)(struct backend *backend);
    /** MAY. A second handle on the same place, to be used by one other thread at the same time: the
     *  one that renews a lease, the one that writes the journal. All it needs comes from `arena`.
     *  Without it the lease is renewed by session_alive() and session_flush(), and the journal is
     *  written while the calls wait. */
    struct backend *(*again)(struct backend *backend, struct arena *arena, struct diags *diags);
    /** MAY. Seconds since 1970 on the clock of the storage; without it the system's clock. */
    int64_t (*now)(struct backend *backend);
    /** MAY, both or none: milliseconds that only go forward, and a pause of as many. For tests. */
    int64_t (*ms)(struct backend *backend);
    void (*pause)(struct backend *backend, int64_t ms);
    void (*close)(struct backend *backend);
};

struct backend {
    const struct backend_ops *ops;
    bool leased;         /* no hold(): lock.json carries a lease that must be renewed */
    int64_t ttl_seconds; /* of the lease; 0: 90 */
};

/** Files under `folder` (state/<environment>), made when missing, 0700/0600. */
struct backend *backend_local_open(struct arena *arena, const char *folder, struct diags *diags);

#endif
