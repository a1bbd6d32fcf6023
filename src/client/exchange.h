/*
 * One request and its answer, one after another: for what is no endpoint of the loop in
 * client/http.h (object storage, credential and secret services).
 *
 * An exchange keeps its connection. It belongs to one thread; several may work side by side. Nothing
 * is repeated here: whether that is safe is known only by the caller. TLS is verified, redirects are
 * answers, no more than `max_body` is taken. The second client_interrupt() ends what is under way.
 */
#ifndef LITEFORM_CLIENT_EXCHANGE_H
#define LITEFORM_CLIENT_EXCHANGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "model/request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;

struct exchange_call {
    const char *method, *url;    /* not HEAD; the path goes out as it stands here */
    const struct strings *lines; /* headers, "Name: value"; copied, and the copies wiped */
    const struct buf *body;      /* or NULL */
    bool write;                  /* never sent twice by the transport */
    bool direct;                 /* no proxy, whatever the environment says (metadata services) */
    const char *ca_file;         /* or NULL */
    int64_t connect_ms, timeout_ms; /* 0: 5000, 30000 */
    size_t max_body;                /* 0: 1 MiB */
};

struct exchange_reply {
    enum outcome outcome; /* ANSWERED, UNSENT or LOST */
    enum fault fault;
    bool hopeless; /* it would end so again */
    int status;
    const char *reason; /* NULL when answered; from outside */
    const char *body;   /* in the arena, NUL behind; never NULL */
    size_t length;
    int64_t began_ms, ended_ms; /* clock_ms() */
};

struct exchange *exchange_new(void);
struct exchange *exchange_free(struct exchange *exchange);
struct exchange_reply exchange_send(
    struct exchange *exchange, struct arena *arena, const struct exchange_call *call);
/** A header of the last answer, or NULL; good until the next send. */
const char *exchange_header(struct exchange *exchange, const char *name);

#endif
