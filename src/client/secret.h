/*
 * The only place that holds secret values. Resolved when first asked for, kept in locked, wiped
 * memory until secrets_free(); never in argv, never logged.
 *
 * env:NAME       the variable; unset or empty is "not set"
 * file:PATH      the file without one trailing newline; at most 64 KiB; a file that others may
 *                write is refused
 * command:[...]  the program's stdout without one trailing newline; run directly (no shell) with a
 *                clean environment (PATH HOME LANG USER TERM AWS_* KUBECONFIG), stdin empty,
 *                30 s limit, at most 64 KiB; several are run side by side by secrets_prefetch()
 * secretsmanager:ID[#KEY], ssm:NAME
 *                AWS: by a source that secrets_source() adds, see client/aws_secrets.h
 * secret:N/K     a Kubernetes Secret: none yet
 *
 * With `guarded` (CI set and no --trust-spec; semantics 4) command references and files inside
 * `repository` are refused.
 */
#ifndef LITEFORM_CLIENT_SECRET_H
#define LITEFORM_CLIENT_SECRET_H

#include "base/arena.h"
#include "model/secret.h"

#include <stdbool.h>
#include <stddef.h>

struct secrets;

struct secrets_options {
    bool guarded;
    const char *repository; /* top of the git work tree, or NULL */
};

struct secrets *secrets_new(const struct secrets_options *options);
struct secrets *secrets_free(struct secrets *secrets);

/**
 * The value, or NULL with the reason in *reterr_reason (no part of the value in it). Good until
 * secrets_free(). Resolved once per reference; a failure is remembered too.
 */
const char *secrets_value(
    struct secrets *secrets, const char *reference, const char **reterr_reason);
/** One reference that a source is asked for; it sets value or reason. */
struct secrets_ask {
    const char *reference;
    const char *value;  /* in the arena of the call, which is wiped; at most 64 KiB are taken */
    const char *reason; /* in that arena; no part of a value in it */
};

/** Where the references of one form are read. */
struct secrets_reader {
    const char *prefix; /* "ssm:"; lives as long as the secrets */
    void (*read)(void *context, struct arena *arena, struct secrets_ask *asks, size_t count);
    void *context;
};

/** Adds a source; a later one of the same prefix takes its place. At most SECRETS_READERS. */
#define SECRETS_READERS 8
void secrets_source(struct secrets *secrets, const struct secrets_reader *reader);
/** Resolves many at once (commands side by side, 8 at most; a source is asked once for all its
 *  references). Failures show up in secrets_value(). */
void secrets_prefetch(struct secrets *secrets, const char *const *references, size_t count);
/** Puts a value in by hand: for a key that was just made and written to its store. */
void secrets_put(struct secrets *secrets, const char *reference, const char *value);
/** Forgets a remembered result, so that it is resolved again. */
void secrets_forget(struct secrets *secrets, const char *reference);

/** The key for keyed hashes; without one, facts have no hash. It is copied. */
void secrets_set_hash_key(struct secrets *secrets, const void *key, size_t length);
/**
 * A fact for planning. The hash is HMAC(key, "liteform-secret-v1" NUL value): the same value gives
 * the same hash under whatever reference, so a renamed reference is no change.
 */
struct secret_fact secrets_fact(
    struct secrets *secrets, struct arena *arena, const char *reference);

/**
 * Replaces every known value that occurs in `text` by "(sensitive)": for text from outside. Also its
 * form inside of JSON, and the beginning of one at the end of a text that was cut off. Values of
 * less than 4 bytes are left: they are in every text.
 */
char *secrets_cut(struct secrets *secrets, struct arena *arena, const char *text);
/** The first `most` bytes of what secrets_cut() gives, without looking at all of a long text. */
char *secrets_cut_start(
    struct secrets *secrets, struct arena *arena, const char *text, size_t most);

#endif
