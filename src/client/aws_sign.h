/*
 * AWS Signature Version 4, by hand: the same for every service and every version of curl.
 *
 * Rules: docs.aws.amazon.com "Create a signed AWS API request"; boto/botocore:botocore/auth.py. For
 * s3 the path is taken as it is given (each segment percent-encoded once), for other services it is
 * "/". Payloads are always hashed.
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
    const char *host;  /* as in the Host header: with the port where it is not the scheme's own */
    const char *path;  /* percent-encoded with aws_encode_path(), begins with "/" */
    const char *query; /* "name=value&...", each encoded with aws_encode(); NULL or "": none */
    const struct strings
        *headers; /* "name: value" to be sent and signed, besides those added here */
    const void *body;
    size_t length;
    const char *service, *region;
    int64_t now; /* seconds since 1970 on the clock of the service */
};

/** Percent-encodes all but A-Za-z0-9-_.~ (upper-case hex). */
char *aws_encode(struct arena *arena, const char *text);
/** The same, "/" kept. */
char *aws_encode_path(struct arena *arena, const char *path);
/**
 * Fills `ret_lines` with the headers to send: the given ones, x-amz-date, x-amz-content-sha256,
 * x-amz-security-token where there is one, Authorization. Not Host: the transport sends that.
 */
void aws_sign(struct arena *arena, const struct aws_keys *keys, const struct aws_request *request,
    struct strings *ret_lines);
/** For tests and -v: the canonical request and the string to sign; no secret is in them. */
void aws_sign_explain(struct arena *arena, const struct aws_keys *keys,
    const struct aws_request *request, const char **ret_canonical, const char **ret_to_sign);

#endif
