#include "state/store.h"

#include "base/clock.h"
#include "base/digest.h"

#include <string.h>
#include <time.h>

/* Settling writes whose fate is unknown, and the time as a backend has it. */

/* A remote store that fails may be well a moment later; a local disk that is full will not. */
static unsigned tries_of(const struct backend *backend)
{
    return backend->leased ? 5 : 2;
}

struct diags_point diags_point(const struct diags *diags)
{
    return (struct diags_point){
        .count = diags->list.count, .errors = diags->errors, .warnings = diags->warnings};
}

void diags_take_back(struct diags *diags, struct diags_point point)
{
    if (diags->list.count > point.count)
        diags->list.count = point.count;
    diags->errors = point.errors;
    diags->warnings = point.warnings;
}

int64_t store_now(struct backend *backend)
{
    return backend->ops->now == NULL ? clock_now() : backend->ops->now(backend);
}

int64_t store_ms(struct backend *backend)
{
    return backend->ops->ms == NULL ? clock_ms() : backend->ops->ms(backend);
}

void store_pause(struct backend *backend, int64_t ms)
{
    if (backend->ops->pause != NULL) {
        backend->ops->pause(backend, ms);
        return;
    }
    /* A signal ends the pause early: whoever sent it wants something to happen. */
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&wait, NULL);
}

int64_t store_jitter(int64_t ms)
{
    uint32_t random = 0;
    digest_random(&random, sizeof(random));
    return ms / 2 + (int64_t)(random % (uint64_t)(ms / 2 + 1));
}

/* Whether the stored object is byte for byte what we sent. */
static enum backend_result read_back(struct backend *backend, struct arena *arena,
    const struct store_write *write, bool *ret_ours, const char **ret_etag, struct diags *diags)
{
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL;
    enum backend_result result =
        backend->ops->read(backend, arena, write->name, &bytes, &length, &etag, diags);
    *ret_ours =
        result == BACKEND_OK && length == write->length && memcmp(bytes, write->bytes, length) == 0;
    if (*ret_ours)
        *ret_etag = etag;
    return result;
}

enum backend_result store_write(struct backend *backend, struct arena *arena,
    const struct store_write *write, const char **ret_etag, struct diags *diags)
{
    struct diags_point point = diags_point(diags);
    unsigned tries = write->tries != 0 ? write->tries : tries_of(backend);
    for (unsigned try = 1;; try++) {
        diags_take_back(diags, point);
        enum backend_result wrote = backend->ops->write(backend, arena, write->name, write->bytes,
            write->length, write->expect, ret_etag, diags);
        if (wrote == BACKEND_OK)
            return BACKEND_OK;
        if (wrote == BACKEND_FAILED && backend->hopeless)
            return BACKEND_FAILED;
        bool ours = false;
        enum backend_result seen = read_back(backend, arena, write, &ours, ret_etag, diags);
        if (ours) {
            diags_take_back(diags, point);
            return BACKEND_OK;
        }
        /* With the object out of sight a conflict may still be one with ourselves. */
        if (wrote == BACKEND_CONFLICT && seen != BACKEND_FAILED) {
            diags_take_back(diags, point);
            return BACKEND_CONFLICT;
        }
        if (try >= tries || (seen == BACKEND_FAILED && backend->hopeless))
            return BACKEND_FAILED;
        store_pause(backend, store_jitter(INT64_C(250) << try));
    }
}

enum backend_result store_read(struct backend *backend, struct arena *arena, const char *name,
    char **ret_bytes, size_t *ret_length, const char **ret_etag, struct diags *diags)
{
    struct diags_point point = diags_point(diags);
    for (unsigned try = 1;; try++) {
        diags_take_back(diags, point);
        enum backend_result result =
            backend->ops->read(backend, arena, name, ret_bytes, ret_length, ret_etag, diags);
        if (result != BACKEND_FAILED || backend->hopeless || try >= tries_of(backend))
            return result;
        store_pause(backend, store_jitter(INT64_C(250) << try));
    }
}

enum backend_result store_list(struct backend *backend, struct arena *arena, const char *prefix,
    struct strings *ret_names, struct diags *diags)
{
    struct diags_point point = diags_point(diags);
    for (unsigned try = 1;; try++) {
        struct strings names = {0};
        diags_take_back(diags, point);
        enum backend_result result = backend->ops->list(backend, arena, prefix, &names, diags);
        if (result == BACKEND_OK || result == BACKEND_ABSENT) {
            *ret_names = names;
            return BACKEND_OK;
        }
        if (backend->hopeless || try >= tries_of(backend))
            return BACKEND_FAILED;
        store_pause(backend, store_jitter(INT64_C(250) << try));
    }
}
