/*
 * Writes whose answer may be lost, over any backend.
 *
 * Every object that is written holds a fresh random id, so two writes never have the same bytes:
 * what is read back and equals what was sent is ours. That settles a failed write, and also a
 * conflict with our own earlier try, which a client that repeats a request can run into.
 */
#ifndef LITEFORM_STATE_STORE_H
#define LITEFORM_STATE_STORE_H

#include "state/backend.h"

struct store_write {
    const char *name;
    const char *bytes;
    size_t length;
    const char *expect; /* as in backend_ops.write */
    unsigned tries;     /* 0: as many as suit the backend */
};

/** BACKEND_OK, BACKEND_CONFLICT (surely not ours), or BACKEND_FAILED with diagnostics. */
enum backend_result store_write(struct backend *backend, struct arena *arena,
    const struct store_write *write, const char **ret_etag, struct diags *diags);

/** Reads; a failure is tried again as often as suits the backend. */
enum backend_result store_read(struct backend *backend, struct arena *arena, const char *name,
    char **ret_bytes, size_t *ret_length, const char **ret_etag, struct diags *diags);

/** Lists, likewise; a store that has nothing yet has an empty list. */
enum backend_result store_list(struct backend *backend, struct arena *arena, const char *prefix,
    struct strings *ret_names, struct diags *diags);

/** Time, as the backend sees it. */
int64_t store_now(struct backend *backend);
int64_t store_ms(struct backend *backend);
void store_pause(struct backend *backend, int64_t ms);
/** Something between half of `ms` and `ms`, so that those who wait do not all come at once. */
int64_t store_jitter(int64_t ms);

/** How far a list of diagnostics had come: what is settled later is taken back. */
struct diags_point {
    size_t count, errors, warnings;
};
struct diags_point diags_point(const struct diags *diags);
void diags_take_back(struct diags *diags, struct diags_point point);

#endif
