/*
 * A request and its reply: the only form in which kinds speak to the outside.
 *
 * A kind builds requests and reads replies; client/ sends. A request names its endpoint
 * ("litellm"); address, credentials and TLS belong to the endpoint inside client/, so no kind ever
 * sees a credential. A secret in a body is a string node marked NODE_SECRET whose text is the
 * canonical reference (see model/secret.h); client/ puts the value in when it sends.
 */
#ifndef LITEFORM_MODEL_REQUEST_H
#define LITEFORM_MODEL_REQUEST_H

#include "value/node.h"

#include <stdbool.h>
#include <stdint.h>

struct request {
    const char *endpoint;    /* "litellm" */
    const char *method;      /* GET, POST, PATCH, DELETE */
    const char *path;        /* "/team/new", with an encoded query if any */
    const struct node *body; /* JSON, or NULL */
    bool write;          /* changes something: repeated only when it surely was not carried out */
    uint32_t timeout_ms; /* whole request; 0: the endpoint's */
    bool fresh;          /* over a connection of its own: behind a service, maybe another pod */
};

enum outcome {
    OUTCOME_ANSWERED, /* a whole HTTP answer of any status; see status, body */
    OUTCOME_UNSENT,   /* nothing reached the server: no connection, name or TLS failure */
    OUTCOME_LOST,     /* sent, but no whole answer came: it may or may not have been carried out */
    OUTCOME_STOPPED,  /* not sent: interrupted, lock lost, or the secret could not be resolved */
};

/** What kept the answer from being whole or usable: so that messages can say what to do about it. */
enum fault {
    FAULT_NONE,
    FAULT_NAME,     /* the host's name leads nowhere */
    FAULT_CONNECT,  /* nobody listens, or no way there */
    FAULT_TLS,      /* no TLS session, or a certificate that is not trusted */
    FAULT_TIME,     /* too slow: to connect (OUTCOME_UNSENT) or to answer (OUTCOME_LOST) */
    FAULT_BROKEN,   /* the connection ended before the answer did */
    FAULT_LARGE,    /* more than the endpoint's max_body */
    FAULT_TEXT,     /* answered with something that is no JSON */
    FAULT_SECRET,   /* a secret could not be resolved or cannot be sent */
    FAULT_STOPPED,  /* by client_interrupt() or by tick */
    FAULT_ENDPOINT, /* the request names no known endpoint, or its URL is none */
};

struct reply {
    enum outcome outcome;
    enum fault fault;
    int status;              /* HTTP status, 0 when none */
    const struct node *body; /* parsed JSON, or NULL when the text is none */
    const char *message;     /* what an error answer says, secrets cut; NULL: no error */
    const char *text;        /* the first 2 KiB of the body, printable, secrets cut */
    const char *reason;      /* why there is no (usable) answer; NULL when body is set */
    const char *content_type;
    const char *method; /* of the request; NULL in a reply made by hand */
    const char *url;    /* as sent, without credentials: for messages */
    uint32_t elapsed_ms;
    unsigned tries;
};

/** A 2xx answer with JSON. */
static inline bool reply_ok(const struct reply *reply)
{
    return reply->outcome == OUTCOME_ANSWERED && reply->status >= 200 && reply->status < 300 &&
           reply->body != NULL;
}

/**
 * The message of a LiteLLM error body, whichever of its four shapes it has (facts: error.message,
 * detail.error, detail[] of a 422, plain text), one line; never NULL. Answers of status 200 that
 * hold an "error" are seen too.
 */
const char *reply_message(struct arena *arena, const struct reply *reply);

#endif
