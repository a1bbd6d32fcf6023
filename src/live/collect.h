/*
 * What exists now: runs the lists of every kind side by side, pages through them, joins the
 * database where it can be read. What cannot be read is marked unread, never taken for absent.
 */
#ifndef LITEFORM_LIVE_COLLECT_H
#define LITEFORM_LIVE_COLLECT_H

#include "client/http.h"
#include "client/secret.h"
#include "model/kind.h"
#include "model/spec.h"

struct collect_options {
    bool fresh;           /* over connections of their own: behind a service, maybe other pods */
    bool no_database;     /* do not look there */
    struct strings kinds; /* names; empty: all. For re-reading after a write */
    const struct server *server; /* MAY: as it was told before; then it is not asked again */
    void (*progress)(void *context, const char *what); /* MAY */
    void *context;
};

/**
 * Collects. Always returns a live; each kind says whether it was read. Faults that explain an
 * unread kind are diagnostics too (LF2xx, LF5xx).
 */
struct live *live_collect(struct arena *arena, const struct spec *spec,
    const struct kind_set *kinds, struct client *client, struct secrets *secrets,
    const struct collect_options *options, struct diags *diags);

/** Makes the endpoint "litellm" known to the client, from the spec's target. */
void live_endpoint(struct client *client, const struct spec *spec);

/**
 * Who the target is, as far as can be told without a credential or a write: LiteLLM URL, database
 * identity: for semantics 4. Compared with the state's before any credential is sent.
 */
struct node *live_target(struct arena *arena, const struct spec *spec);

#endif
