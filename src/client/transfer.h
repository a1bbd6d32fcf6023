/*
 * One HTTP exchange, as curl carries it out: what http.c gives to loop.c, without a type of curl.
 *
 *   transfer_header()...; transfer_start(); then wire_work(), wire_ended() until it has ended,
 *   wire_wait() between. After that it may be started again: the connection is kept.
 */
#ifndef LITEFORM_CLIENT_TRANSFER_H
#define LITEFORM_CLIENT_TRANSFER_H

#include "base/buf.h"
#include "model/request.h"

#include <stdbool.h>
#include <stdint.h>

struct wire;
struct transfer;

struct transfer_order {
    const char *url, *method;
    const struct buf *body; /* or NULL; lives and keeps its place until the end */
    bool write;             /* never to be sent twice, whatever curl thinks of it */
    bool fresh;             /* over a connection that nobody else uses, before or after */
    bool insecure;          /* no verification of the certificate */
    bool direct;            /* no proxy, whatever the environment says */
    const char *ca_file;    /* or NULL */
    int64_t connect_ms, left_ms, stall_seconds;
    size_t max_body;
};

/** How it ended. Texts are good until the transfer is started again; they come from outside. */
struct transfer_end {
    enum outcome outcome; /* ANSWERED, UNSENT or LOST */
    enum fault fault;
    bool hopeless; /* it would end so again */
    int status;
    const char *reason; /* NULL when answered */
    const char *content_type, *location, *retry_after;
    size_t bytes; /* sent and received */
};

/** Loads curl at the first call; without it transfer_start() gives the reason. */
struct wire *wire_new(void);
/** After its transfers. */
struct wire *wire_free(struct wire *wire);
/** How many connections are kept open for reuse. */
void wire_keep(struct wire *wire, unsigned connections);
/** wire_wait() does not look for client_interrupt() any more: for threads beside the loop. */
void wire_deafen(struct wire *wire);
/** Lets curl work; never waits. */
void wire_work(struct wire *wire);
/** The owner of a transfer that has ended, or NULL when there is none more. */
void *wire_ended(struct wire *wire, struct transfer_end *ret_end);
/** Waits until something can be done, at most `ms`; also for client_interrupt(). */
void wire_wait(struct wire *wire, int64_t ms);
/** Ends the wait of this moment, or the next one; from any thread. */
void wire_wake(struct wire *wire);

struct transfer *transfer_new(struct wire *wire, void *owner);
struct transfer *transfer_free(struct transfer *transfer);
/** Adds a header line to the next start. The copy is wiped at the end of the exchange. */
void transfer_header(struct transfer *transfer, const char *line);
/** Begins; false with the reason when it cannot be set up. */
bool transfer_start(
    struct transfer *transfer, const struct transfer_order *order, const char **reterr_reason);
/** Ends it where it is: LOST when a part of the request went out, else UNSENT. */
struct transfer_end transfer_abandon(struct transfer *transfer);
/** A header of the answer by its name, or NULL; good until the next start. */
const char *transfer_answer_header(struct transfer *transfer, const char *name);
/** What came of the answer's body. */
struct buf *transfer_body(struct transfer *transfer);

#endif
