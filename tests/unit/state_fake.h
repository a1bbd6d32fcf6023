/*
 * A store in memory with conditional writes and leases, as an object store has them; its clock is
 * set by the test, and any one operation can be made to fail before or after it took effect.
 */
#ifndef LITEFORM_TESTS_STATE_FAKE_H
#define LITEFORM_TESTS_STATE_FAKE_H

#include "base/arena.h"
#include "state/backend.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_MOST 512

struct fake_object {
    char *name, *bytes;
    size_t length;
    unsigned version;
};

struct fake_store {
    pthread_mutex_t mutex;
    struct fake_object at[FAKE_MOST];
    size_t count;
    unsigned version;
    int64_t ms;
};

enum fake_fault { FAKE_NONE, FAKE_BEFORE, FAKE_AFTER };

/* One process's way to the store. */
struct fake {
    struct backend backend;
    struct fake *first; /* whose second handle this is, or NULL: counts and fails with it */
    struct fake_store *store;
    unsigned ops;     /* operations so far */
    unsigned fail_at; /* the operation that fails, from 1 on */
    enum fake_fault fault;
    bool once; /* only that one; else all after it as well: the process is dead */
    bool dead;
    unsigned hook_at; /* before this operation: */
    void (*hook)(void *context);
    void *context;
};

static inline struct fake_store *fake_store_new(void)
{
    struct fake_store *store = calloc(1, sizeof(*store));
    pthread_mutex_init(&store->mutex, NULL);
    return store;
}

static inline void fake_store_free(struct fake_store *store)
{
    for (size_t i = 0; i < store->count; i++) {
        free(store->at[i].name);
        free(store->at[i].bytes);
    }
    pthread_mutex_destroy(&store->mutex);
    free(store);
}

static inline struct fake_object *fake_find(struct fake_store *store, const char *name)
{
    for (size_t i = 0; i < store->count; i++) {
        if (strcmp(store->at[i].name, name) == 0)
            return &store->at[i];
    }
    return NULL;
}

static inline void fake_erase(struct fake_store *store, struct fake_object *object)
{
    free(object->name);
    free(object->bytes);
    *object = store->at[--store->count];
}

/* One operation: which it is, and whether it has an effect. */
struct fake_op {
    struct fake *fake;
    unsigned number;
    bool effective;
};

static inline struct fake_op fake_enter(struct backend *backend)
{
    struct fake *fake = (struct fake *)backend;
    if (fake->first != NULL)
        fake = fake->first;
    pthread_mutex_lock(&fake->store->mutex);
    struct fake_op op = {.fake = fake, .number = ++fake->ops};
    pthread_mutex_unlock(&fake->store->mutex);
    if (fake->hook != NULL && op.number == fake->hook_at)
        fake->hook(fake->context);
    pthread_mutex_lock(&fake->store->mutex);
    op.effective = !fake->dead && !(fake->fault == FAKE_BEFORE && op.number == fake->fail_at);
    if (!op.effective)
        pthread_mutex_unlock(&fake->store->mutex);
    return op;
}

/* The mutex is held where the operation is effective. */
static inline enum backend_result fake_leave(
    struct fake_op op, enum backend_result result, struct diags *diags)
{
    struct fake *fake = op.fake;
    if (!op.effective)
        pthread_mutex_lock(&fake->store->mutex);
    bool fails = fake->dead || (fake->fault != FAKE_NONE && op.number == fake->fail_at);
    if (fails && !fake->once)
        fake->dead = true;
    pthread_mutex_unlock(&fake->store->mutex);
    if (!fails)
        return result;
    diag_add(diags, "LF407", "the store does not answer");
    return BACKEND_FAILED;
}

static inline const char *fake_show(const struct backend *backend)
{
    (void)backend;
    return "fake://store";
}

static inline enum backend_result fake_read(struct backend *backend, struct arena *arena,
    const char *name, char **ret_bytes, size_t *ret_length, const char **ret_etag,
    struct diags *diags)
{
    struct fake_op op = fake_enter(backend);
    struct fake *fake = op.fake;
    enum backend_result result = BACKEND_ABSENT;
    if (op.effective) {
        const struct fake_object *object = fake_find(fake->store, name);
        if (object != NULL) {
            *ret_bytes = arena_strndup(arena, object->bytes, object->length);
            *ret_length = object->length;
            *ret_etag = arena_printf(arena, "\"%u\"", object->version);
            result = BACKEND_OK;
        }
    }
    return fake_leave(op, result, diags);
}

static inline bool fake_fits(
    struct arena *arena, const struct fake_object *object, const char *expect)
{
    if (expect == NULL)
        return true;
    if (strcmp(expect, BACKEND_MUST_NOT_EXIST) == 0)
        return object == NULL;
    return object != NULL && strcmp(arena_printf(arena, "\"%u\"", object->version), expect) == 0;
}

static inline enum backend_result fake_write(struct backend *backend, struct arena *arena,
    const char *name, const void *bytes, size_t length, const char *expect, const char **ret_etag,
    struct diags *diags)
{
    struct fake_op op = fake_enter(backend);
    struct fake *fake = op.fake;
    enum backend_result result = BACKEND_CONFLICT;
    if (op.effective) {
        struct fake_store *store = fake->store;
        struct fake_object *object = fake_find(store, name);
        if (fake_fits(arena, object, expect)) {
            if (object == NULL) {
                if (store->count == FAKE_MOST)
                    abort();
                object = &store->at[store->count++];
                *object = (struct fake_object){.name = strdup(name)};
            }
            free(object->bytes);
            object->bytes = malloc(length + 1);
            memcpy(object->bytes, bytes, length);
            object->length = length;
            object->version = ++store->version;
            *ret_etag = arena_printf(arena, "\"%u\"", object->version);
            result = BACKEND_OK;
        }
    }
    return fake_leave(op, result, diags);
}

static inline enum backend_result fake_list(struct backend *backend, struct arena *arena,
    const char *prefix, struct strings *ret_names, struct diags *diags)
{
    struct fake_op op = fake_enter(backend);
    struct fake *fake = op.fake;
    struct strings names = {0};
    if (op.effective) {
        for (size_t i = 0; i < fake->store->count; i++) {
            const char *name = fake->store->at[i].name;
            if (strncmp(name, prefix, strlen(prefix)) == 0)
                strings_add(arena, &names, arena_strdup(arena, name));
        }
        strings_sort(&names);
    }
    *ret_names = names;
    return fake_leave(op, BACKEND_OK, diags);
}

static inline enum backend_result fake_remove(
    struct backend *backend, const char *name, struct diags *diags)
{
    struct fake_op op = fake_enter(backend);
    struct fake *fake = op.fake;
    enum backend_result result = BACKEND_ABSENT;
    if (op.effective) {
        struct fake_object *object = fake_find(fake->store, name);
        if (object != NULL) {
            fake_erase(fake->store, object);
            result = BACKEND_OK;
        }
    }
    return fake_leave(op, result, diags);
}

static inline int64_t fake_ms(struct backend *backend)
{
    struct fake_store *store = ((struct fake *)backend)->store;
    pthread_mutex_lock(&store->mutex);
    int64_t ms = store->ms;
    pthread_mutex_unlock(&store->mutex);
    return ms;
}

static inline int64_t fake_now(struct backend *backend)
{
    return 1800000000 + fake_ms(backend) / 1000;
}

static inline void fake_pause(struct backend *backend, int64_t ms)
{
    struct fake_store *store = ((struct fake *)backend)->store;
    pthread_mutex_lock(&store->mutex);
    store->ms += ms;
    pthread_mutex_unlock(&store->mutex);
}

static inline void fake_close(struct backend *backend)
{
    (void)backend;
}

static const struct backend_ops fake_ops = {
    .show = fake_show,
    .read = fake_read,
    .write = fake_write,
    .list = fake_list,
    .remove = fake_remove,
    .now = fake_now,
    .ms = fake_ms,
    .pause = fake_pause,
    .close = fake_close,
};

static inline struct backend *fake_again(
    struct backend *backend, struct arena *arena, struct diags *diags);

/* With a second handle: the journal is written in a thread. */
static const struct backend_ops fake_threaded_ops = {
    .show = fake_show,
    .read = fake_read,
    .write = fake_write,
    .list = fake_list,
    .remove = fake_remove,
    .again = fake_again,
    .now = fake_now,
    .ms = fake_ms,
    .pause = fake_pause,
    .close = fake_close,
};

static inline struct backend *fake_again(
    struct backend *backend, struct arena *arena, struct diags *diags)
{
    (void)diags;
    struct fake *fake = (struct fake *)backend, *again = ARENA_NEW(arena, struct fake);
    *again = (struct fake){.backend = fake->backend, .first = fake, .store = fake->store};
    return &again->backend;
}

static inline struct fake fake_open(struct fake_store *store)
{
    return (struct fake){.backend = {.ops = &fake_ops, .leased = true}, .store = store};
}

#endif
