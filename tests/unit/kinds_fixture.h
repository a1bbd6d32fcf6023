/* For the tests of the kinds: JSON as it is written, a live to collect into, calls played by hand. */
#ifndef LITEFORM_TESTS_UNIT_KINDS_FIXTURE_H
#define LITEFORM_TESTS_UNIT_KINDS_FIXTURE_H

#include "base/text.h"
#include "kinds/registry.h"
#include "model/desired.h"
#include "value/read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct diags diags;
    struct live live;
    struct desired desired;
    struct secret_facts secrets;
    struct guards guards;
    struct server server;
    struct change change;
    struct call_context context;
    struct request request; /* the last one that a call built */
    unsigned n;
};

static inline struct node *json(struct fixture *f, const char *text)
{
    const char *reason = NULL;
    struct node *node = json_read(f->arena, text, strlen(text), &reason);
    if (node == NULL)
        fail_msg("%s: %s", reason, text);
    return node;
}

/** `release` is LITELLM(...); `database`: SQL rows are given to the kinds too. */
static inline struct fixture *fixture_new(uint16_t release, bool database)
{
    struct arena *arena = arena_new();
    struct fixture *f = ARENA_NEW(arena, struct fixture);
    f->arena = arena;
    f->diags = diags_init(arena);
    f->server = (struct server){
        .version = release == LITELLM(1, 81) ? "1.81.15" : "1.106.2", .release = release};
    f->desired = (struct desired){.environment = "prod", .tier = "free"};
    const struct kind_set *kinds = kinds_all();
    f->live = (struct live){.server = f->server, .database = database, .arena = arena};
    f->live.kind_count = kinds->count;
    f->live.kinds = arena_array(arena, kinds->count, sizeof(struct live_kind));
    for (size_t i = 0; i < kinds->count; i++) {
        f->live.kinds[i] = (struct live_kind){.kind = kinds->at[i],
            .status = LIVE_READ,
            .by_id = map_init(arena),
            .raw = map_init(arena)};
    }
    return f;
}

static inline void fixture_free(struct fixture *f)
{
    arena_free(f->arena);
}

static inline bool offer(
    struct fixture *f, const struct kind *kind, const char *list, const char *item)
{
    return kind->item(&f->live, live_kind(&f->live, kind), list, json(f, item));
}

static inline void join(struct fixture *f, const struct kind *kind)
{
    if (kind->joined != NULL)
        kind->joined(&f->live, live_kind(&f->live, kind));
}

static inline struct object *object_of(struct fixture *f, const struct kind *kind, const char *id)
{
    return live_object(live_kind(&f->live, kind), id);
}

#define assert_json(f, node, text) assert_string_equal(node_json_text((f)->arena, (node)), (text))
#define assert_field(f, object, name, text)                                                        \
    assert_json((f), node_get((object)->fields, (name)), (text))

/** A resource of one entry of the kind's section; all those made by it are in f->desired. */
static inline struct resource *wish(
    struct fixture *f, const struct kind *kind, const char *name, const char *entry)
{
    struct check_context context = {.arena = f->arena,
        .desired = &f->desired,
        .spec = node_map(f->arena),
        .kind = kind,
        .kinds = kinds_all(),
        .diags = &f->diags};
    size_t before = f->desired.list.count;
    kind->expand(&context, name, json(f, entry), (struct span){0});
    for (size_t i = before; i < f->desired.list.count; i++) {
        struct resource *resource = f->desired.list.at[i];
        resource->key = resource->kind->natural(f->arena, resource);
        if (resource->kind->check != NULL) {
            context.kind = resource->kind;
            resource->kind->check(&context, resource);
        }
    }
    return f->desired.list.at[before];
}

static inline struct plan_context planning(struct fixture *f)
{
    return (struct plan_context){.arena = f->arena,
        .desired = &f->desired,
        .live = &f->live,
        .server = &f->server,
        .secrets = &f->secrets,
        .today = "2026-11-24",
        .guards = &f->guards,
        .findings = &f->diags};
}

/** Begins a change; `extra` is JSON or NULL. */
static inline void begin(struct fixture *f, enum action action, const struct resource *resource,
    const struct object *object)
{
    f->change = (struct change){
        .address = resource != NULL ? resource->address : "x/y",
        .kind = resource != NULL ? resource->kind : object->kind,
        .action = action,
        .resource = resource,
        .object = object,
        .id = object != NULL ? object->id : resource->id,
    };
    f->n = 0;
    f->context = (struct call_context){.arena = f->arena,
        .change = &f->change,
        .server = &f->server,
        .environment = "prod",
        .mark = "created/prod",
        .memory = arena_alloc(f->arena, f->change.kind->memory)};
}

/** What only the kind knows of the change. */
static inline void plan_it(struct fixture *f)
{
    struct plan_context context = planning(f);
    if (f->change.kind->plan != NULL)
        f->change.kind->plan(&context, f->change.resource, f->change.object, &f->change);
}

/** A changed field: `text` is the new value, NULL takes it back. */
static inline void changed(struct fixture *f, const char *path, const char *text)
{
    const char *name = arena_strndup(f->arena, path, strcspn(path, "."));
    *VEC_ADD(f->arena, &f->change.fields) = (struct field_change){
        .path = path,
        .field = field_by_name(f->change.kind->fields, name),
        .new = text != NULL ? json(f, text) : NULL,
    };
}

static inline enum call_result step(struct fixture *f, const struct reply *previous)
{
    return f->change.kind->call(&f->context, f->n++, previous, &f->request, &f->diags);
}

/** The first call. */
static inline enum call_result start(struct fixture *f)
{
    return step(f, NULL);
}

/** The next call after an answer of this status; a body that is no JSON is plain text. */
static inline enum call_result answer(struct fixture *f, int status, const char *body)
{
    struct reply reply = {.outcome = OUTCOME_ANSWERED, .status = status, .text = body};
    const char *reason = NULL;
    reply.body = json_read(f->arena, body, strlen(body), &reason);
    return step(f, &reply);
}

static inline enum call_result lost(struct fixture *f)
{
    struct reply reply = {.outcome = OUTCOME_LOST, .reason = "connection reset"};
    return step(f, &reply);
}

static inline void assert_request(
    struct fixture *f, const char *method, const char *path, const char *body)
{
    assert_string_equal(f->request.method, method);
    assert_string_equal(f->request.path, path);
    assert_string_equal(f->request.endpoint, "litellm");
    assert_int_equal(f->request.write, strcmp(method, "GET") != 0);
    if (body == NULL)
        assert_null(f->request.body);
    else
        assert_json(f, f->request.body, body);
}

/** Whether a diagnostic of this id was added. */
static inline bool found(const struct fixture *f, const char *id)
{
    return diags_has(&f->diags, id);
}

#endif
