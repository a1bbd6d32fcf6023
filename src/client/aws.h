/*
 * What AWS's services have in common for us: who we are, where, and what time it is there.
 *
 * Credentials are looked for as the AWS CLI does (boto/botocore:botocore/credentials.py):
 *
 *   1. environment          AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; passed by
 *                           when the options name a profile (AWS_PROFILE does not do that)
 *   2. assume-role profile  role_arn with source_profile or credential_source
 *   3. web identity         AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or the profile's
 *   4. SSO                  the token that `aws sso login` left in ~/.aws/sso/cache
 *   5. credentials file     ~/.aws/credentials, AWS_SHARED_CREDENTIALS_FILE
 *   6. `aws login`          named in an error with what to do instead
 *   7. credential_process   of the profile
 *   8. config file          static keys in ~/.aws/config, AWS_CONFIG_FILE
 *   9. container            AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI (ECS, EKS Pod Identity)
 *  10. instance metadata    version 2 only
 *
 * The first source that yields something ends the search; one that is configured and fails is an
 * error, not a skip. They are looked for when first needed, and again 10 minutes before they expire
 * (half their life, where that is less), files and tokens read anew. Where the new look fails, keys
 * that are still good for a minute go on being used. Secret parts lie in a vault.
 *
 * An aws may be used by several threads: mutexes guard credentials and clock.
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
    const char *ca_file; /* private roots, or NULL: AWS_CA_BUNDLE, the profile's ca_bundle */
    bool guarded;        /* CI without --trust-spec: a profile named by the spec runs no program */
};

/** Strings are copied. Reads no file and asks nobody yet. */
struct aws *aws_new(const struct aws_options *options);
struct aws *aws_free(struct aws *aws);

/**
 * Credentials that are good for now. They lie in the vault of `aws` and keep their place and value
 * until aws_free(), also when others have taken their place; ask anew before each signing.
 * False with a diagnostic: no source has any (LF701; all are named, with what was found), or one
 * failed (LF702).
 */
bool aws_keys(struct aws *aws, struct aws_keys *ret_keys, struct diags *diags);
/** Lets the next aws_keys() ask the source again: after ExpiredToken and the like. False when the
 *  source is one that cannot give others (environment, static file). */
bool aws_keys_expired(struct aws *aws);
/** "profile prod in ~/.aws/credentials", "web identity (role arn:aws:...)": never a secret. NULL
 *  before the first success. Good until aws_free(). */
const char *aws_source(struct aws *aws);

/** NULL with a diagnostic (LF703) when nothing says it. Good until aws_free(), as are those below. */
const char *aws_region(struct aws *aws, struct diags *diags);
/** The region by environment and profile alone, whatever the options say; NULL: none. For what does not
 *  lie where the state does. */
const char *aws_region_around(struct aws *aws);
/** A custom endpoint without trailing slash for "s3", "sts", "secretsmanager", "ssm":
 *  AWS_ENDPOINT_URL_S3 (_STS, _SECRETS_MANAGER, _SSM), AWS_ENDPOINT_URL, the profile's `services` section, its endpoint_url;
 *  NULL: the service's own. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true: always NULL. */
const char *aws_endpoint(struct aws *aws, const char *service);
/** The service's own host in a region ("s3.eu-west-1.amazonaws.com"), with the suffix of China and
 *  as AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT ask. */
char *aws_host(struct arena *arena, const char *service, const char *region);
const char *aws_ca_file(struct aws *aws);

/** The time there: ours, corrected by what aws_clock_seen() was told. */
int64_t aws_now(struct aws *aws);
/** A "Date" header of an answer, or NULL. True when the correction moved by more than a minute. */
bool aws_clock_seen(struct aws *aws, const char *date);
/** Seconds that our clock is behind theirs (negative: ahead); 0 until more than 60. */
int64_t aws_clock_offset(struct aws *aws);

/** What an error answer of a service says, whether JSON or XML. */
struct aws_error {
    const char *code;    /* "AccessDeniedException", never NULL ("" when it says none) */
    const char *message; /* printable, at most 300 bytes, from outside; never NULL */
};
struct aws_error aws_error_read(struct arena *arena, const char *body, size_t length);
/** The kinds of refusal that are treated alike everywhere. */
bool aws_error_is_throttle(const struct aws_error *error);
/** The session token or the keys are over: aws_keys_expired() may help. */
bool aws_error_is_expired(const struct aws_error *error);
/** The signature's time is too far from the service's. */
bool aws_error_is_clock(const struct aws_error *error);
/** The text of the first element `name` in an XML answer, entities decoded; NULL when none is there.
 *  NULL too where elements are in it. For the flat answers of STS and for errors. */
char *aws_xml_text(struct arena *arena, const char *xml, size_t length, const char *name);

/**
 * A signed POST to a service other than S3: JSON 1.1 with `target` ("secretsmanager.GetSecretValue"),
 * or a form where target is NULL (STS). Repeated: what was throttled or never sent; besides, for
 * reads, what ended in 5xx or without an answer (five times in all); once more after a wrong clock,
 * and once with new credentials after expired ones.
 *
 * A diagnostic is added only where no credentials can be had (outcome UNSENT, hopeless): what an
 * answer means is the caller's to say. The body of a reply may hold secrets: arena_new_secret().
 */
struct aws_call {
    const char *service, *region, *target;
    const struct buf *body;
    bool write;
};
struct exchange_reply aws_post(struct aws *aws, struct exchange *exchange, struct arena *arena,
    const struct aws_call *call, struct diags *diags);

#endif
