/* Single exchanges over a connection of their own. */
#include "client/exchange.h"

#include "base/clock.h"
#include "base/fail.h"
#include "client/http.h"
#include "client/transfer.h"

/* How long a wait may be deaf to client_interrupt(): its descriptor belongs to the loop, and two
   waits that empty it would take it from each other. */
#define LOOK_MS 100

struct exchange {
    struct wire *wire;
    struct transfer *transfer;
};

struct exchange *exchange_new(void)
{
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL)
        fail_memory();
    exchange->wire = wire_new();
    wire_deafen(exchange->wire);
    exchange->transfer = transfer_new(exchange->wire, exchange);
    return exchange;
}

struct exchange *exchange_free(struct exchange *exchange)
{
    if (exchange == NULL)
        return NULL;
    transfer_free(exchange->transfer);
    wire_free(exchange->wire);
    free(exchange);
    return NULL;
}

static struct transfer_end run(struct exchange *exchange)
{
    int before = client_interrupted();
    struct transfer_end end;
    for (;;) {
        wire_work(exchange->wire);
        if (wire_ended(exchange->wire, &end) != NULL)
            return end;
        int now = client_interrupted();
        if (now > before && now >= 2) {
            end = transfer_abandon(exchange->transfer);
            end.fault = FAULT_STOPPED;
            return end;
        }
        wire_wait(exchange->wire, LOOK_MS);
    }
}

struct exchange_reply exchange_send(
    struct exchange *exchange, struct arena *arena, const struct exchange_call *call)
{
    struct transfer_order order = {.url = call->url,
        .method = call->method,
        .body = call->body,
        .write = call->write,
        .direct = call->direct,
        .ca_file = call->ca_file,
        .connect_ms = call->connect_ms > 0 ? call->connect_ms : 5000,
        .left_ms = call->timeout_ms > 0 ? call->timeout_ms : 30000,
        .stall_seconds = 20,
        .max_body = call->max_body > 0 ? call->max_body : (size_t)1 << 20};
    struct exchange_reply reply = {.body = "", .began_ms = clock_ms()};

    for (size_t i = 0; call->lines != NULL && i < call->lines->count; i++)
        transfer_header(exchange->transfer, call->lines->at[i]);
    const char *reason = NULL;
    if (!transfer_start(exchange->transfer, &order, &reason)) {
        reply.outcome = OUTCOME_UNSENT;
        reply.fault = FAULT_ENDPOINT;
        reply.hopeless = true;
        reply.reason = reason;
        return reply;
    }
    struct transfer_end end = run(exchange);
    reply.ended_ms = clock_ms();
    reply.outcome = end.outcome;
    reply.fault = end.fault;
    reply.hopeless = end.hopeless;
    reply.status = end.status;
    reply.reason = arena_strdup(arena, end.reason);
    struct buf *body = transfer_body(exchange->transfer);
    reply.length = body->len;
    reply.body = arena_strndup(arena, buf_text(body), body->len);
    return reply;
}

const char *exchange_header(struct exchange *exchange, const char *name)
{
    return transfer_answer_header(exchange->transfer, name);
}
