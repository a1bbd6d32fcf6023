/*
 * The lock of an environment: lock.json, held by a process (local files) or by a lease.
 *
 * The record is never removed, only rewritten under the condition that it is still the one that was
 * read; each new holder has an epoch above all before. A lease that was not renewed for its time and
 * a grace may be taken over. That is safe even when the old holder lives: see state/journal.h.
 */
#ifndef LITEFORM_STATE_LOCK_H
#define LITEFORM_STATE_LOCK_H

#include "state/state.h"

struct lock;

enum lock_take { LOCK_TAKEN, LOCK_BUSY, LOCK_ERROR };
enum lock_proof { LOCK_OURS, LOCK_LOST, LOCK_UNKNOWN };

/** A lock that is not taken yet. Ended by lock_free(). */
struct lock *lock_new(struct backend *backend, const struct session_options *options);
void lock_free(struct lock *lock);

/** One try. LOCK_BUSY fills in the holder, in `arena`. */
enum lock_take lock_take(
    struct lock *lock, struct arena *arena, struct lock_info *ret_holder, struct diags *diags);
/** Whether the lock was taken from a holder who did not give it back; who that was. */
bool lock_taken_over(const struct lock *lock, struct lock_info *ret_before);
/** Raises our epoch to at least `epoch`: the state has seen higher ones than the lock. */
enum lock_proof lock_raise(struct lock *lock, int64_t epoch, struct diags *diags);
/** Starts renewing in a thread, where the backend has a second handle for it. */
void lock_renew_begin(struct lock *lock, struct diags *diags);

/** Whether the lock is surely ours at this moment; renews first where that is due and no thread does. */
bool lock_alive(struct lock *lock);
/** Finds out by renewing now, unless a lease is so young that it cannot have been taken. */
enum lock_proof lock_prove(struct lock *lock, struct diags *diags);
/** Somebody else's write was met where only ours could be: the lock is lost. */
void lock_set_lost(struct lock *lock);

int64_t lock_epoch(const struct lock *lock);
const char *lock_id(const struct lock *lock);
/** What the record says of the state that was last written. */
int64_t lock_state_serial(const struct lock *lock);
const char *lock_lineage(const struct lock *lock);
/** Told with the next write of the record. `lineage` must live as long as the lock. */
void lock_note_state(struct lock *lock, const char *lineage, int64_t serial);

/** Ends the renewing; writes that the lock is free unless it is to be `kept` or is lost. */
void lock_release(struct lock *lock, bool kept, struct diags *diags);

/** The name of who runs this, for records. */
const char *lock_who(struct arena *arena);
const char *lock_host(struct arena *arena);

/** "alice on build-7 (process 4711)" */
const char *lock_holder_text(struct arena *arena, const struct lock_info *info);

#endif
