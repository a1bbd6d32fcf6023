/*
 * Shared by the files aws*.c alone. A look is one search for credentials: its arena holds file texts
 * and answers, and is wiped with it.
 */
#ifndef LITEFORM_CLIENT_AWS_INTERNAL_H
#define LITEFORM_CLIENT_AWS_INTERNAL_H

#include "client/aws.h"
#include "client/aws_ini.h"
#include "client/vault.h"

#include <pthread.h>

struct aws_named {
    const char *name, *value;
};

struct aws {
    const char *profile, *region, *ca_file; /* of the options; NULL: not said */
    bool guarded;
    pthread_mutex_t lock; /* of all below, but the clock */
    struct arena *arena;  /* nothing secret */
    struct vault *vault;
    struct exchange *exchange; /* for STS and the like; NULL until needed */
    struct aws_keys keys;
    bool have, stale, renewable;
    int64_t refresh_at, expires; /* 0: never */
    const char *source;
    VEC(struct aws_named) told; /* what files and environment said: region, endpoints */
    pthread_mutex_t clock_lock;
    int64_t offset;
};

/** What a source gave. All in the look's arena. */
struct aws_found {
    struct aws_keys keys;
    int64_t expires; /* 0: never */
    bool renewable;  /* asked again, the source may give others */
    const char *source;
};

enum aws_result {
    AWS_NONE, /* not configured */
    AWS_FOUND,
    AWS_FAILED, /* with a diagnostic */
};

struct aws_look {
    struct aws *aws;
    struct arena *arena; /* secret */
    struct diags *diags; /* of the caller, who lives longer than the look */
    struct aws_ini config, credentials;
    const char *profile;   /* the chosen one */
    bool explicit_profile; /* named by the options: the environment's keys do not count */
    bool files_failed;
    struct buf seen; /* what was looked at, for the error at the end */
};

/** A variable that is set and not empty, or NULL. */
const char *aws_env(const char *name);
bool aws_env_true(const char *name);
struct aws_look aws_look_begin(struct aws *aws, struct diags *diags);
void aws_look_end(struct aws_look *look);
/** Reads both files; false with LF702 when one is there and cannot be read. */
bool aws_look_files(struct aws_look *look);
/** Adds LF702 and returns AWS_FAILED. `fix` may be NULL. */
enum aws_result aws_look_failed(struct aws_look *look, const char *fix, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Adds to the list of what was looked at. */
void aws_look_saw(struct aws_look *look, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** An entry of a profile: of the credentials file, else of the config file; `ret_path` may be NULL. */
const struct aws_ini_entry *aws_profile_entry(
    const struct aws_look *look, const char *profile, const char *key, const char **ret_path);
/** Its value when it is not empty, or NULL. */
const char *aws_profile_value(const struct aws_look *look, const char *profile, const char *key);
/** "~/.aws/config:12" of an entry. */
const char *aws_profile_place(const struct aws_look *look, const char *profile, const char *key);
bool aws_profile_there(const struct aws_look *look, const char *profile);
/** The region by what the look knows: options, environment, profile; NULL: none. */
const char *aws_look_region(const struct aws_look *look, const char *profile);
const char *aws_look_region_around(const struct aws_look *look, const char *profile);
const char *aws_look_endpoint(const struct aws_look *look, const char *service);
const char *aws_look_ca(const struct aws_look *look);

/** The sources. */
enum aws_result aws_from_environment(struct aws_look *look, struct aws_found *ret);
enum aws_result aws_from_role(struct aws_look *look, const char *profile, struct aws_found *ret);
enum aws_result aws_from_web_identity(
    struct aws_look *look, const char *profile, bool environment, struct aws_found *ret);
enum aws_result aws_from_sso(struct aws_look *look, const char *profile, struct aws_found *ret);
enum aws_result aws_from_process(struct aws_look *look, const char *profile, struct aws_found *ret);
enum aws_result aws_from_container(struct aws_look *look, struct aws_found *ret);
enum aws_result aws_from_instance(struct aws_look *look, struct aws_found *ret);
/** What a profile has by itself, role_arn with a source left out: 3 to 8 of client/aws.h. */
enum aws_result aws_from_profile(struct aws_look *look, const char *profile, struct aws_found *ret);
/** All of them, in order. */
enum aws_result aws_look_all(struct aws_look *look, struct aws_found *ret);

/** The JSON that processes and metadata services give; the names of the members differ. */
struct aws_members {
    const char *id, *secret, *token, *expires;
};
/** False with the reason; nothing of the text is in it. */
bool aws_members_read(struct aws_look *look, const char *text, size_t length,
    const struct aws_members *members, struct aws_found *ret, const char **reterr_reason);
/** A command line as a shell would split it; NULL when a quote is not closed or nothing is there. */
const char **aws_split(struct arena *arena, const char *text);

/** One request, signed where `keys` is not NULL, repeated as client/aws.h says. */
struct aws_shipment {
    const struct aws_keys *keys;
    const char *service, *region, *target;
    const char *endpoint; /* "https://host", no slash behind */
    const char *ca_file;
    const struct buf *body;
    bool write;
};
struct exchange_reply aws_ship(struct aws *aws, struct exchange *exchange, struct arena *arena,
    const struct aws_shipment *shipment);
/** Waits before try `tries` + 1 when there is to be one. */
bool aws_again(const struct exchange_reply *reply, bool write, unsigned tries);
/** Why a reply is none that can be used: its reason, or status, code and message. */
const char *aws_reply_reason(struct arena *arena, const struct exchange_reply *reply);
/** The exchange of the aws itself; its lock is held. */
struct exchange *aws_own_exchange(struct aws *aws);

#endif
