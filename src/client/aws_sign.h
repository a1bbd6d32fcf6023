/*
 * AWS Signature Version 4, by hand: the same for every service and every version of curl.
 *
 * Rules: docs.aws.amazon.com "Create a signed AWS API request"; boto/botocore:botocore/auth.py. For
 * s3 the path is signed as it is given (each segment percent-encoded once, no dots and no double
 * slashes taken out), for other services it is encoded once more: give them a path without dots.
 * Payloads are always hashed. Derived keys are wiped.
 */
#ifndef LITEFORM_CLIENT_AWS_SIGN_H
#define LITEFORM_CLIENT_AWS_SIGN_H

#include "base/arena.h"
#include "base/vec.h"

#include <stddef.h>
#include <stdint.h>

/** Credentials. The secret ones lie in memory of their owner, which wipes it. */
struct aws_keys {
    const char *id, *secret;
    const char *token; /* of a session, or NULL */
};

struct aws_request {
    const char *method;
    const char *host; /* as in the Host header: with the port where it is not the scheme's own */
    const char *path; /* percent-encoded with text_encode_path(), begins with "/" */
    const char
        *query; /* "name=value&...", each encoded with text_encode_url(); NULL or "": none. The
                          order is free, "name" alone is signed as "name=" (and may be sent so) */
    const struct strings *headers; /* "Name: value" to be sent and signed, besides those added here;
                                      may be NULL. User-Agent, Expect and the like are not signed */
    const void *body;
    size_t length;
    const char *service, *region;
    int64_t now; /* seconds since 1970 on the clock of the service */
};

/**
 * Adds to `ret_lines` the headers to send: the given ones (line breaks in them become blanks),
 * x-amz-date, x-amz-content-sha256, x-amz-security-token where there is one, Authorization. Not
 * Host: the transport sends that. A token stands in them: use arena_new_secret().
 */
void aws_sign(struct arena *arena, const struct aws_keys *keys, const struct aws_request *request,
    struct strings *ret_lines);
/** For tests and for looking into a refused signature: the canonical request, with the session token
 *  masked, and the string to sign. No secret is in them. */
void aws_sign_explain(struct arena *arena, const struct aws_keys *keys,
    const struct aws_request *request, const char **ret_canonical, const char **ret_to_sign);

#endif
