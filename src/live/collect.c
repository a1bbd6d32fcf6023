/* Collecting: the version first, then the database, then every list side by side, then the joins. */
#include "live/collect.h"

#include "base/clock.h"
#include "base/text.h"
#include "live/internal.h"

#include <stdlib.h>
#include <string.h>

/* A page of 500 full models is 4 MB; the unpaged list of teams may be some tens. */
#define MAX_BODY ((size_t)64 << 20)

bool collect_wants(const struct collecting *c, const struct kind *kind)
{
    if (spec_ownership(c->spec, kind) == OWNERSHIP_IGNORE) {
        return false;
    }
    return c->options->kinds.count == 0 || strings_has(&c->options->kinds, kind->name);
}

void collect_unread(struct collecting *c, struct live_kind *in, const char *reason)
{
    if (in->status == LIVE_UNREAD && in->reason != NULL) {
        return;
    }
    in->status = LIVE_UNREAD;
    in->reason = arena_strdup(c->arena, reason);
    struct diag *diag =
        diag_add(c->diags, "LF251", "%s could not be read: %s", in->kind->title, in->reason);
    diag->address = in->kind->name;
}

void live_endpoint(struct client *client, const struct spec *spec)
{
    client_endpoint(client, &(struct endpoint){.name = "litellm",
                                .url = spec->litellm_url,
                                .token = spec->litellm_key,
                                .token_previous = spec->litellm_key_previous,
                                .header = "litellm-changed-by: liteform",
                                .ca_file = spec->litellm_ca_file,
                                .insecure = spec->litellm_insecure,
                                .window = spec->litellm_window,
                                .timeout_ms = 60000,
                                .max_body = MAX_BODY});
}

struct node *live_target(struct arena *arena, const struct spec *spec)
{
    struct node *target = node_map(arena);
    node_set_string(arena, target, "environment", spec->environment);
    node_set(arena, target, "litellm_url", node_string(arena, spec->litellm_url));
    return target;
}

/** "1.106.2" -> LITELLM(1, 106); 0 when it is no version. */
static uint16_t release_of(const char *version)
{
    char *end = NULL;
    unsigned long major = strtoul(version, &end, 10);

    if (end == version || *end != '.') {
        return 0;
    }
    const char *rest = end + 1;
    unsigned long minor = strtoul(rest, &end, 10);
    if (end == rest || major > 15 || minor > 4095) {
        return 0;
    }
    return LITELLM((unsigned)major, (unsigned)minor);
}

static void set_version(struct collecting *c, const char *version)
{
    c->live->server.version = arena_strdup(c->live->arena, version);
    c->live->server.release = release_of(version);
}

/** Whether after this answer nothing else need be asked: no proxy, no rights, or no JSON. 404 is an
 *  older version, which has the other route. */
static bool says_no_more(const struct reply *reply)
{
    bool good = reply->status >= 200 && reply->status < 300;

    if (reply->outcome != OUTCOME_ANSWERED || reply->status == 401 || reply->status == 403) {
        return true;
    }
    return reply->status >= 500 || (reply->status >= 300 && reply->status < 400) ||
           (good && reply->body == NULL);
}

/**
 * The version: `litellm_version` of /health/readiness up to 1.8x, of /health/readiness/details
 * later (seen on 1.81.15 and 1.106.2). Returns why the proxy cannot be read at all, or NULL.
 */
static const char *read_version(struct collecting *c)
{
    struct arena *scratch = arena_new();
    const char *refused = NULL;
    const char *const paths[] = {"/health/readiness/details", "/health/readiness"};

    for (size_t i = 0; i < 2 && c->live->server.version == NULL && refused == NULL; i++) {
        struct request request = {.endpoint = "litellm", .method = "GET", .path = paths[i]};
        struct reply reply = client_send(c->client, scratch, &request);
        const char *version = node_get_text(reply.body, "litellm_version");
        if (version != NULL) {
            set_version(c, version);
        } else if (says_no_more(&reply)) {
            struct diag *diag = client_fault(c->diags, &reply, "the proxy's readiness");
            refused = arena_strdup(c->arena, diag->message);
        }
    }
    arena_free(scratch);
    if (refused == NULL && c->live->server.version == NULL) {
        diag_add(c->diags, "LF255", "LiteLLM did not tell its version");
    }
    return refused;
}

static struct live *live_new(struct collecting *c)
{
    struct live *live = ARENA_NEW(c->arena, struct live);

    live->arena = c->arena;
    live->kind_count = c->kinds->count;
    live->kinds = arena_array(c->arena, c->kinds->count, sizeof(struct live_kind));
    live->server.licensed = text_equal(c->spec->tier, "enterprise");
    for (size_t i = 0; i < c->kinds->count; i++) {
        live->kinds[i] = (struct live_kind){.kind = c->kinds->at[i],
            .status = LIVE_READ,
            .by_id = map_init(c->arena),
            .raw = map_init(c->arena)};
    }
    return live;
}

static void join_all(struct collecting *c)
{
    for (size_t i = 0; i < c->live->kind_count; i++) {
        struct live_kind *in = &c->live->kinds[i];
        if (in->status == LIVE_READ && in->kind->joined != NULL && collect_wants(c, in->kind)) {
            in->kind->joined(c->live, in);
        }
    }
}

static void all_unread(struct collecting *c, const char *reason)
{
    for (size_t i = 0; i < c->live->kind_count; i++) {
        struct live_kind *in = &c->live->kinds[i];
        if (collect_wants(c, in->kind)) {
            in->status = LIVE_UNREAD;
            in->reason = reason;
        }
    }
}

struct live *live_collect(struct arena *arena, const struct spec *spec,
    const struct kind_set *kinds, struct client *client, struct secrets *secrets,
    const struct collect_options *options, struct diags *diags)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct collecting c = {.arena = arena,
        .scratch = scratch,
        .spec = spec,
        .kinds = kinds,
        .client = client,
        .secrets = secrets,
        .options = options,
        .diags = diags};
    int64_t start = clock_ms();
    size_t before = client_stats(client).requests;

    c.live = live_new(&c);
    c.live->pool = pool_new(arena);
    if (options->progress != NULL) {
        options->progress(options->context, "reading LiteLLM");
    }
    const char *refused = spec->litellm_url == NULL ? "targets.litellm.url is not set" : NULL;
    if (refused == NULL && options->server != NULL) {
        c.live->server = *options->server;
    } else if (refused == NULL) {
        refused = read_version(&c);
    }
    if (refused != NULL) {
        all_unread(&c, refused);
    } else {
        collect_tables(&c);
        collect_pages(&c);
        join_all(&c);
    }
    c.live->pool = pool_free(c.live->pool);
    c.live->requests = client_stats(client).requests - before;
    c.live->elapsed_ms = (uint32_t)(clock_ms() - start);
    return c.live;
}
