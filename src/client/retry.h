/*
 * When a request is sent once more, and after how long. Pure: the clock and the dice are the
 * caller's. The rules are in client/http.h.
 */
#ifndef LITEFORM_CLIENT_RETRY_H
#define LITEFORM_CLIENT_RETRY_H

#include "model/request.h"

#include <stdbool.h>
#include <stdint.h>

#define RETRY_TRIES 5

struct retry_case {
    bool write;
    enum outcome outcome;
    bool hopeless; /* it will be no better: a certificate that is not trusted, a body too large */
    int status;
    bool told;       /* there was a Retry-After that could be read */
    int64_t told_ms; /* what it said */
    unsigned tries;  /* made so far */
    int64_t left_ms; /* until the deadline of the whole request */
    uint32_t random; /* any number */
};

/** Whether to send it once more; if so, the milliseconds to wait. */
bool retry_wanted(const struct retry_case *now, int64_t *ret_delay_ms);

/** Retry-After: seconds or an HTTP date (the past is 0). False when it is neither. */
bool retry_after(const char *text, int64_t now_seconds, int64_t *ret_ms);

#endif
