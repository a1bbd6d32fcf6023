#include "state/lock.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/fail.h"
#include "base/text.h"
#include "state/lock_record.h"
#include "state/store.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Taking, renewing and giving back the lock of an environment. */

#define LOCK_TTL_S 90

struct lock {
    struct arena *arena; /* grows by one record for each renewal: some hundred bytes */
    struct backend *backend;
    struct lock_info before; /* the holder from whom it was taken */
    bool taken, taken_over;
    const char *operation, *tool, *id;
    int64_t epoch;

    /* A lease that is watched: how long it has not changed, on our own clock. */
    const char *watched_etag;
    int64_t watched_since;

    pthread_t thread;
    struct backend *thread_backend;
    bool running;

    /* One write of the record at a time. Held over a call to the backend, so never asked for by
     * those who only want to know whether the lock is alive. */
    pthread_mutex_t writing;
    struct lock_record record; /* as we last wrote it */

    /* For what the main thread and the one that renews tell each other. */
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stop, lost;
    int64_t renewed_ms; /* begin of the last write that is known to have happened */
    int64_t state_serial;
    const char *lineage;
};

struct lock *lock_new(struct backend *backend, const struct session_options *options)
{
    struct arena *arena = arena_new();
    struct lock *lock = ARENA_NEW(arena, struct lock);
    lock->arena = arena;
    lock->backend = backend;
    lock->operation = arena_strdup(arena, options->operation);
    lock->tool = arena_strdup(arena, options->tool);
    pthread_condattr_t monotonic;
    if (pthread_mutex_init(&lock->mutex, NULL) != 0 ||
        pthread_mutex_init(&lock->writing, NULL) != 0 || pthread_condattr_init(&monotonic) != 0 ||
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&lock->wake, &monotonic) != 0)
        fail_memory();
    pthread_condattr_destroy(&monotonic);
    return lock;
}

static void stop_thread(struct lock *lock)
{
    if (!lock->running)
        return;
    pthread_mutex_lock(&lock->mutex);
    lock->stop = true;
    pthread_cond_signal(&lock->wake);
    pthread_mutex_unlock(&lock->mutex);
    pthread_join(lock->thread, NULL);
    lock->running = false;
    lock->thread_backend->ops->close(lock->thread_backend);
}

void lock_free(struct lock *lock)
{
    stop_thread(lock);
    pthread_cond_destroy(&lock->wake);
    pthread_mutex_destroy(&lock->mutex);
    pthread_mutex_destroy(&lock->writing);
    arena_free(lock->arena);
}

static int64_t ttl_of(const struct backend *backend)
{
    return backend->ttl_seconds > 0 ? backend->ttl_seconds : LOCK_TTL_S;
}

static int64_t ttl_ms(const struct lock *lock)
{
    return ttl_of(lock->backend) * 1000;
}

static bool is_lost(struct lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    bool lost = lock->lost;
    pthread_mutex_unlock(&lock->mutex);
    return lost;
}

static int64_t age_ms(struct lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    int64_t renewed_ms = lock->renewed_ms;
    pthread_mutex_unlock(&lock->mutex);
    return store_ms(lock->backend) - renewed_ms;
}

/* While nobody else may have it: up to a sixth before the lease ends, for clocks that run apart. */
static bool is_young(struct lock *lock)
{
    return age_ms(lock) < ttl_ms(lock) - ttl_ms(lock) / 6;
}

/* Writes the record; on success it is what we hold. `writing` is held, or there is no thread. */
static enum backend_result write_record(struct lock *lock, struct backend *backend,
    const struct lock_record *wanted, const char *expect, unsigned tries, struct diags *diags)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct lock_record record = *wanted;
    record.info.renewed = clock_format(lock->arena, store_now(backend));
    pthread_mutex_lock(&lock->mutex);
    record.state_serial = lock->state_serial;
    record.lineage = lock->lineage;
    pthread_mutex_unlock(&lock->mutex);
    char *text = lock_record_encode(scratch, &record);
    struct store_write write = {
        .name = LOCK_NAME, .bytes = text, .length = strlen(text), .expect = expect, .tries = tries};
    int64_t begin = store_ms(backend);
    const char *etag = NULL;
    enum backend_result result = store_write(backend, scratch, &write, &etag, diags);
    if (result != BACKEND_OK)
        return result;
    lock->record = record;
    lock->record.etag = arena_strdup(lock->arena, etag);
    pthread_mutex_lock(&lock->mutex);
    lock->renewed_ms = begin;
    pthread_mutex_unlock(&lock->mutex);
    return BACKEND_OK;
}

/* Whether a held record may be taken from its holder, who is not there to be asked. */
static bool is_abandoned(struct lock *lock, const struct lock_record *record)
{
    if (!lock->backend->leased)
        return true; /* we have what died with its process */
    if (lock_record_expired(lock->backend, record))
        return true;
    /* By watching, which does not need clocks that agree. */
    int64_t now = store_ms(lock->backend);
    if (lock->watched_etag == NULL || strcmp(lock->watched_etag, record->etag) != 0) {
        lock->watched_etag = arena_strdup(lock->arena, record->etag);
        lock->watched_since = now;
        return false;
    }
    return now - lock->watched_since > lock_record_patience(record) * 1000;
}

static void copy_info(struct arena *arena, const struct lock_info *from, struct lock_info *to)
{
    *to = *from;
    to->id = arena_strdup(arena, from->id);
    to->operation = arena_strdup(arena, from->operation);
    to->who = arena_strdup(arena, from->who);
    to->host = arena_strdup(arena, from->host);
    to->since = arena_strdup(arena, from->since);
    to->renewed = arena_strdup(arena, from->renewed);
}

/* The record with which we take the lock from `found`. */
static struct lock_record our_record(struct lock *lock, const struct lock_record *found)
{
    struct arena *arena = lock->arena;
    struct backend *backend = lock->backend;
    return (struct lock_record){
        .info = {.held = true,
            .id = digest_uuid(arena),
            .operation = lock->operation,
            .who = lock_who(arena),
            .host = lock_host(arena),
            .since = clock_format(arena, store_now(backend)),
            .pid = getpid(),
            .epoch = found->info.epoch + 1,
            .ttl_seconds = backend->leased ? ttl_of(backend) : 0},
        .tool = lock->tool,
    };
}

static enum lock_take take_record(
    struct lock *lock, struct arena *arena, struct lock_info *ret_holder, struct diags *diags)
{
    /* A conflict: somebody was faster, so look again who has it now. */
    for (unsigned try = 0; try < 5; try++) {
        struct lock_record found = {0};
        if (lock_record_read(lock->backend, arena, &found, diags) != BACKEND_OK)
            return LOCK_ERROR;
        if (found.info.held && !is_abandoned(lock, &found)) {
            *ret_holder = found.info;
            return LOCK_BUSY;
        }
        struct lock_record ours = our_record(lock, &found);
        lock->state_serial = found.state_serial;
        lock->lineage = arena_strdup(lock->arena, found.lineage);
        const char *expect = found.etag == NULL ? BACKEND_MUST_NOT_EXIST : found.etag;
        switch (write_record(lock, lock->backend, &ours, expect, 0, diags)) {
        case BACKEND_OK:
            lock->taken = true;
            lock->id = ours.info.id;
            lock->epoch = ours.info.epoch;
            lock->taken_over = found.info.held;
            copy_info(lock->arena, &found.info, &lock->before);
            return LOCK_TAKEN;
        case BACKEND_CONFLICT:
            *ret_holder = found.info;
            store_pause(lock->backend, store_jitter(100));
            break;
        default:
            return LOCK_ERROR;
        }
    }
    return LOCK_BUSY;
}

enum lock_take lock_take(
    struct lock *lock, struct arena *arena, struct lock_info *ret_holder, struct diags *diags)
{
    struct backend *backend = lock->backend;
    *ret_holder = (struct lock_info){0};
    if (backend->ops->hold != NULL) {
        struct diags_point point = diags_point(diags);
        if (!backend->ops->hold(backend, diags)) {
            if (diags_errors(diags) > point.errors)
                return LOCK_ERROR;
            struct lock_record record = {0};
            if (lock_record_read(backend, arena, &record, diags) == BACKEND_OK)
                *ret_holder = record.info;
            diags_take_back(diags, point);
            return LOCK_BUSY;
        }
    }
    enum lock_take result = take_record(lock, arena, ret_holder, diags);
    if (result != LOCK_TAKEN && backend->ops->release != NULL)
        backend->ops->release(backend);
    return result;
}

bool lock_taken_over(const struct lock *lock, struct lock_info *ret_before)
{
    if (lock->taken_over)
        *ret_before = lock->before;
    return lock->taken_over;
}

/* Whether lock.json is still ours although its etag is another: a write of ours came late. */
static bool find_again(struct lock *lock, struct backend *backend, struct diags *diags)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct lock_record found = {0};
    if (lock_record_read(backend, scratch, &found, diags) != BACKEND_OK || !found.info.held)
        return false;
    if (!text_equal(found.info.id, lock->record.info.id))
        return false;
    lock->record.etag = arena_strdup(lock->arena, found.etag);
    return true;
}

/* `writing` is held, or there is no thread. */
static enum lock_proof renew(
    struct lock *lock, struct backend *backend, unsigned tries, struct diags *diags)
{
    for (unsigned try = 0; try < 2; try++) {
        if (is_lost(lock))
            return LOCK_LOST;
        struct lock_record next = lock->record;
        next.renew_no++;
        switch (write_record(lock, backend, &next, lock->record.etag, tries, diags)) {
        case BACKEND_OK:
            return LOCK_OURS;
        case BACKEND_CONFLICT:
            if (!find_again(lock, backend, diags))
                lock_set_lost(lock);
            break;
        default:
            return LOCK_UNKNOWN;
        }
    }
    return is_lost(lock) ? LOCK_LOST : LOCK_UNKNOWN;
}

enum lock_proof lock_raise(struct lock *lock, int64_t epoch, struct diags *diags)
{
    if (lock->epoch >= epoch)
        return LOCK_OURS;
    lock->epoch = epoch;
    lock->record.info.epoch = epoch;
    return renew(lock, lock->backend, 0, diags);
}

/* Waits with the mutex held until it is time, or until it is told to stop. */
static void wait_for_turn(struct lock *lock, int64_t ms)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ms / 1000;
    end.tv_nsec += (long)(ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    int error = 0;
    while (!lock->stop && error == 0)
        error = pthread_cond_timedwait(&lock->wake, &lock->mutex, &end);
}

static void *renew_for_ever(void *context)
{
    struct lock *lock = context;
    int64_t wait = ttl_ms(lock) / 3;
    for (;;) {
        pthread_mutex_lock(&lock->mutex);
        wait_for_turn(lock, wait);
        bool stop = lock->stop || lock->lost;
        pthread_mutex_unlock(&lock->mutex);
        if (stop)
            return NULL;
        /* What goes wrong here is told by the one who finds the lease too old. */
        CLEANUP_ARENA struct arena *scratch = arena_new();
        struct diags ignored = diags_init(scratch);
        pthread_mutex_lock(&lock->writing);
        enum lock_proof proof = renew(lock, lock->thread_backend, 1, &ignored);
        pthread_mutex_unlock(&lock->writing);
        wait = proof == LOCK_OURS ? ttl_ms(lock) / 3 : ttl_ms(lock) / 12;
    }
}

void lock_renew_begin(struct lock *lock, struct diags *diags)
{
    struct backend *backend = lock->backend;
    if (!backend->leased || backend->ops->again == NULL)
        return;
    struct diags_point point = diags_point(diags);
    lock->thread_backend = backend->ops->again(backend, lock->arena, diags);
    /* Without the thread the lease is renewed between calls: shorter of breath, not unsafe. */
    diags_take_back(diags, point);
    if (lock->thread_backend == NULL)
        return;
    /* Signals are for the main thread, which knows what to finish. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    lock->running = pthread_create(&lock->thread, NULL, renew_for_ever, lock) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!lock->running)
        lock->thread_backend->ops->close(lock->thread_backend);
}

static void renew_if_due(struct lock *lock)
{
    if (lock->running || is_lost(lock) || age_ms(lock) < ttl_ms(lock) / 3)
        return;
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct diags ignored = diags_init(scratch);
    renew(lock, lock->backend, 1, &ignored);
}

bool lock_alive(struct lock *lock)
{
    if (!lock->taken)
        return false;
    if (!lock->backend->leased)
        return !is_lost(lock);
    renew_if_due(lock);
    return !is_lost(lock) && is_young(lock);
}

enum lock_proof lock_prove(struct lock *lock, struct diags *diags)
{
    if (is_lost(lock))
        return LOCK_LOST;
    if (!lock->backend->leased || is_young(lock))
        return LOCK_OURS;
    pthread_mutex_lock(&lock->writing);
    enum lock_proof proof = renew(lock, lock->backend, 0, diags);
    pthread_mutex_unlock(&lock->writing);
    return proof;
}

void lock_set_lost(struct lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
    lock->lost = true;
    pthread_mutex_unlock(&lock->mutex);
}

int64_t lock_epoch(const struct lock *lock)
{
    return lock->epoch;
}

const char *lock_id(const struct lock *lock)
{
    return lock->id;
}

int64_t lock_state_serial(const struct lock *lock)
{
    return lock->state_serial;
}

const char *lock_lineage(const struct lock *lock)
{
    return lock->lineage;
}

void lock_note_state(struct lock *lock, const char *lineage, int64_t serial)
{
    pthread_mutex_lock(&lock->mutex);
    lock->lineage = lineage;
    lock->state_serial = serial;
    pthread_mutex_unlock(&lock->mutex);
}

void lock_release(struct lock *lock, bool kept, struct diags *diags)
{
    stop_thread(lock);
    if (!lock->taken)
        return;
    if (!kept && !is_lost(lock)) {
        struct diags_point point = diags_point(diags);
        struct lock_record free = lock->record;
        free.info.held = false;
        enum backend_result result =
            write_record(lock, lock->backend, &free, lock->record.etag, 0, diags);
        if (result == BACKEND_CONFLICT && find_again(lock, lock->backend, diags))
            result = write_record(lock, lock->backend, &free, lock->record.etag, 0, diags);
        /* A conflict: somebody has it already. Where the process was the lock, its end is enough. */
        if (result == BACKEND_CONFLICT || !lock->backend->leased)
            diags_take_back(diags, point);
    }
    lock->taken = false;
    if (lock->backend->ops->release != NULL)
        lock->backend->ops->release(lock->backend);
}
