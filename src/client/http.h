/*
 * The loop that sends everything over HTTP: one thread, curl multi, a window per endpoint.
 *
 * Endpoints are made known first. client_run() then asks `next` for requests while a slot of the
 * window is free, and calls `done` once for each, in the order of completion. It returns when
 * `next` has nothing more and nothing is in flight.
 *
 * Repeated by the loop itself (full jitter, 0.5 s doubling to 15 s, Retry-After obeyed up to 60 s,
 * at most 5 tries, never past the deadline): reads on OUTCOME_UNSENT, OUTCOME_LOST, 408, 429, 502,
 * 503, 504; writes only on OUTCOME_UNSENT, 429, and 503 with Retry-After. A write whose answer was
 * lost or was another 5xx is handed to `done`: the caller looks before it repeats.
 *
 * TLS is always verified; redirects are never followed (3xx is an answer); a body beyond the limit
 * ends the transfer (OUTCOME_LOST for a write, with the reason). Secrets in bodies are resolved
 * when the request is sent, and the memory is wiped after it.
 */
#ifndef LITEFORM_CLIENT_HTTP_H
#define LITEFORM_CLIENT_HTTP_H

#include "base/arena.h"
#include "client/secret.h"
#include "diag/diag.h"
#include "model/request.h"

#include <stdbool.h>
#include <stddef.h>

struct client;

struct endpoint {
    const char *name;           /* "litellm" */
    const char *url;            /* base, without a trailing slash; http:// or https:// */
    const char *token;          /* secret reference sent as Authorization: Bearer, or NULL */
    const char *token_previous; /* on 401 the other of the two is tried, the one that works kept */
    const char *header;         /* an extra header "litellm-changed-by: liteform", or NULL */
    const char *ca_file;        /* private roots, or NULL */
    bool insecure;              /* no verification (spec says so; caller prints it) */
    unsigned window;            /* requests in flight; 0: 10 */
    uint32_t connect_ms;        /* 0: 5000 */
    uint32_t timeout_ms;        /* whole request, its repetitions included; 0: 60000 */
    size_t max_body;            /* 0: 256 MiB */
};

struct client_stats {
    size_t requests, retries, bytes;
    uint32_t max_in_flight;
};

/**
 * Loads what HTTP is done with; false, with LF630, when it is not there. Then a client can still be
 * made, and each of its requests ends with that reason.
 */
bool client_loads(struct diags *diags);
struct client *client_new(struct secrets *secrets);
struct client *client_free(struct client *client);
/** Adds or replaces; strings must live as long as the client. */
void client_endpoint(struct client *client, const struct endpoint *endpoint);

struct client_calls {
    void *context;
    /**
     * MUST. Fills in a request and a tag, or returns false: nothing can be started now. What the
     * request points at must live until `done`. A request whose endpoint's window is full waits for
     * a slot; as many may wait as the window holds.
     */
    bool (*next)(void *context, struct request *ret_request, void **ret_tag);
    /** MUST. The reply lives in a scratch arena until this returns: copy what is kept. */
    void (*done)(
        void *context, const struct request *request, const struct reply *reply, void *tag);
    /** MAY. Called at least every `tick_ms` (progress, lease); false: start nothing more. */
    bool (*tick)(void *context);
    uint32_t tick_ms; /* 0: 200 */
};

void client_run(struct client *client, const struct client_calls *calls);
/** Makes a client_run() ask `next` again soon: there may be something to start now. From any thread. */
void client_wake(struct client *client);
/**
 * One request; the reply is in `arena`. May be called from `done` and `tick`, and after
 * client_interrupt(), since state and lock are written then: only a further call ends it.
 */
struct reply client_send(struct client *client, struct arena *arena, const struct request *request);

/**
 * Makes the loop wake up and start nothing more (async-signal-safe: for handlers of SIGINT and
 * SIGTERM). The second call also ends what is in flight: those become OUTCOME_LOST, or
 * OUTCOME_STOPPED where nothing had been sent yet.
 */
void client_interrupt(void);
/** How often client_interrupt() was called. */
int client_interrupted(void);
struct client_stats client_stats(const struct client *client);

/** A reply that is no usable answer, as a diagnostic: URL, status, what was expected, what next. */
struct diag *client_fault(struct diags *diags, const struct reply *reply, const char *expected);

#endif
