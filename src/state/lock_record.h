/* The record lock.json, field by field. */
#ifndef LITEFORM_STATE_LOCK_RECORD_H
#define LITEFORM_STATE_LOCK_RECORD_H

#include "state/state.h"

#define LOCK_NAME "lock.json"

struct lock_record {
    struct lock_info info;
    int64_t renew_no, state_serial;
    const char *tool, *lineage;
    const char *etag; /* NULL: there is no record yet */
};

/** Reads it; none yet is BACKEND_OK with etag NULL. Damage is BACKEND_FAILED and a diagnostic. */
enum backend_result lock_record_read(struct backend *backend, struct arena *arena,
    struct lock_record *ret_record, struct diags *diags);
/** False with a reason when it is no record. */
bool lock_record_decode(struct arena *arena, const char *bytes, size_t length,
    struct lock_record *ret_record, const char **ret_reason);
/** Each call gives other bytes: a write_id is in them. */
char *lock_record_encode(struct arena *arena, const struct lock_record *record);

/** Whether the lease has run out by the clock of the backend. */
bool lock_record_expired(struct backend *backend, const struct lock_record *record);
/** Seconds after which a lease that did not change may be taken over: its time and a grace. */
int64_t lock_record_patience(const struct lock_record *record);

#endif
