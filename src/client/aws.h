/*
 * What AWS's services have in common for us: who we are, where, and what time it is there.
 *
 * Credentials are looked for as the AWS CLI does (boto/botocore:botocore/credentials.py): environment;
 * assume-role profile; web identity; SSO (named in an error with what to do instead); shared
 * credentials file; credential_process; config file; container endpoint; instance metadata (v2). The first
 * source that yields something ends the search; one that is configured and fails is an error, not a
 * skip. They are looked for when first needed, and again before they expire (10 minutes), files and tokens read anew.
 * Secret parts lie in a vault.
 *
 * An aws may be used by several threads: a mutex guards credentials and clock.
 */
#ifndef LITEFORM_CLIENT_AWS_H
#define LITEFORM_CLIENT_AWS_H

#include "base/arena.h"
#include "client/aws_sign.h"
#include "client/exchange.h"
#include "diag/diag.h"

#include <stdbool.h>
#include <stdint.h>

struct aws;

struct aws_options {
    const char *profile; /* from the spec, or NULL: AWS_PROFILE, "default" */
    const char *region;  /* from the spec, or NULL: AWS_REGION, AWS_DEFAULT_REGION, the profile */
    const char *ca_file; /* private roots, or NULL: AWS_CA_BUNDLE */
    bool guarded;        /* CI without --trust-spec: a profile named by the spec runs no program */
};

/** Strings are copied. Reads no file and asks nobody yet. */
struct aws *aws_new(const struct aws_options *options);
struct aws *aws_free(struct aws *aws);

/**
 * Credentials that are good for now, copied into `keys_arena`; the caller wipes nothing: use them at
 * once and end the arena (its blocks hold secrets: make it with aws_keys_arena()).
 * False with a diagnostic: no source has any (all are named, with what was found), or one failed.
 */
bool aws_keys(struct aws *aws, struct arena *arena, struct aws_keys *ret_keys, struct diags *diags);
/** Lets the next aws_keys() ask the source again: after ExpiredToken and the like. False when the
 *  source is one that cannot give others (environment, static file). */
bool aws_keys_expired(struct aws *aws);
/** "profile prod in ~/.aws/credentials", "web identity (role arn:aws:...)": never a secret. NULL
 *  before the first success. */
const char *aws_source(struct aws *aws);

/** NULL with a diagnostic when nothing says it. */
const char *aws_region(struct aws *aws, struct diags *diags);
/** A custom endpoint without trailing slash for "s3", "sts", "secretsmanager", "ssm": AWS_ENDPOINT_URL_<SERVICE>,
 *  AWS_ENDPOINT_URL, the profile's; NULL: the service's own. */
const char *aws_endpoint(struct aws *aws, const char *service);
const char *aws_ca_file(struct aws *aws);

/** The time there: ours, corrected by what aws_clock_seen() was told. */
int64_t aws_now(struct aws *aws);
/** A "Date" header of an answer. True when the correction moved by more than a minute. */
bool aws_clock_seen(struct aws *aws, const char *date);
/** Seconds that our clock is behind theirs (negative: ahead); 0 until more than 60. */
int64_t aws_clock_offset(struct aws *aws);

/**
 * A signed POST to a service other than S3: JSON 1.1 with `target` ("secretsmanager.GetSecretValue"),
 * or a form where target is NULL (STS). Repeats what is safe to repeat (all calls here are reads but
 * PutSecretValue: `write`), once more after a wrong clock or expired credentials.
 */
struct aws_call {
    const char *service, *region, *target;
    const struct buf *body;
    bool write;
};
struct exchange_reply aws_post(struct aws *aws, struct exchange *exchange, struct arena *arena,
    const struct aws_call *call, struct diags *diags);

#endif
