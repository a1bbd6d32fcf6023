/*
 * Objects in S3, or in what speaks like it: read, written under a condition, listed, removed.
 *
 * Calls and answers: docs.aws.amazon.com/AmazonS3/latest/API (GetObject, PutObject, ListObjectsV2,
 * DeleteObject, DeleteObjects, "Error responses"). An ETag is opaque and goes back as it came.
 *
 * Repeated here, with full jitter (client/retry.h): what reads or removes, after no connection, a
 * lost answer, 5xx, SlowDown, 429; what writes, only where it surely was not carried out (no
 * connection, SlowDown, 429). Once more in any case: after RequestTimeTooSkewed with the time of the
 * answer, and after ExpiredToken with credentials asked for anew. Whether a write whose answer was
 * lost took effect is found out by the caller, who reads: state/store.h.
 *
 * TLS is verified. A redirect is an error that names the region: credentials go nowhere else.
 * An s3 belongs to one thread; the aws behind it may be shared.
 */
#ifndef LITEFORM_CLIENT_S3_H
#define LITEFORM_CLIENT_S3_H

#include "base/arena.h"
#include "base/vec.h"
#include "client/aws.h"
#include "diag/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define S3_NEW "*" /* as `expect`: If-None-Match: * */

struct s3;

/** Where the bucket's name stands. AUTO: in the path for an endpoint of one's own and for a name
 *  with dots, which no certificate of AWS fits; else in the host. */
enum s3_style { S3_STYLE_AUTO, S3_STYLE_PATH, S3_STYLE_HOST };

struct s3_options {
    const char *bucket;
    const char *prefix;   /* what all keys begin with, without a slash at its end: for messages */
    const char *endpoint; /* NULL: as environment or profile say (aws_endpoint()), else AWS's */
    enum s3_style style;
    const char *encryption; /* "AES256", "aws:kms", or NULL: the bucket's own */
    const char *kms_key;    /* or NULL: the account's own, with "aws:kms" */
    const char *ca_file;    /* private roots, or NULL: aws_ca_file() */
    size_t max_object;      /* bytes that are taken; 0: 256 MiB */
};

enum s3_result {
    S3_OK,
    S3_ABSENT,   /* there is no such object */
    S3_CONFLICT, /* the condition of a write did not hold */
    S3_UNKNOWN,  /* a write may have been carried out; a diagnostic says what happened */
    S3_FAILED,   /* it was not; again at once is no use; a diagnostic says why */
};

struct s3_object {
    char *bytes; /* NUL behind */
    size_t length;
    const char *etag;
};

struct s3_write {
    const char *key;
    const void *bytes;
    size_t length;
    const char *expect; /* an etag, S3_NEW, or NULL: no condition */
};

/** Strings are copied; `aws` must outlive it. Asks nobody yet. */
struct s3 *s3_new(struct aws *aws, const struct s3_options *options);
struct s3 *s3_free(struct s3 *s3);

/** "https://s3.eu-central-1.amazonaws.com/bucket": what conditions that hold were seen to hold for.
 *  NULL with a diagnostic when no region is known. */
const char *s3_place(struct s3 *s3, struct diags *diags);

enum s3_result s3_get(struct s3 *s3, struct arena *arena, const char *key,
    struct s3_object *ret_object, struct diags *diags);
/** Never S3_ABSENT: an etag of an object that is gone is S3_CONFLICT. */
enum s3_result s3_put(struct s3 *s3, struct arena *arena, const struct s3_write *write,
    const char **ret_etag, struct diags *diags);
/** All keys that begin with `prefix`, in the order of their bytes. */
enum s3_result s3_list(struct s3 *s3, struct arena *arena, const char *prefix,
    struct strings *ret_keys, struct diags *diags);
/** S3_OK also where there was nothing: S3 does not say. */
enum s3_result s3_delete(struct s3 *s3, const char *key, struct diags *diags);
/** In calls of up to 1,000, or one by one where the server does not know that. */
enum s3_result s3_delete_many(struct s3 *s3, const struct strings *keys, struct diags *diags);

/** Seconds since 1970 as the last answer had it, and what went by since; before the first: ours. */
int64_t s3_now(struct s3 *s3);
/** Requests sent so far, those that were repeated included. */
unsigned s3_sent(const struct s3 *s3);

#endif
