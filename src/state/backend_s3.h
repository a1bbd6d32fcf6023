/* A backend in a bucket of S3. */
#ifndef LITEFORM_STATE_BACKEND_S3_H
#define LITEFORM_STATE_BACKEND_S3_H

#include "client/s3.h"
#include "state/backend.h"

struct backend_s3_options {
    struct s3_options s3; /* with a prefix */
    int64_t ttl_seconds;  /* of the lease; 0: 90 */
};

/** Below s3://bucket/prefix. `aws` must outlive it; strings are copied. Asks nobody yet. Removing
 *  what is not there is BACKEND_OK: S3 does not say. */
struct backend *backend_s3_open(
    struct arena *arena, struct aws *aws, const struct backend_s3_options *options);

#endif
