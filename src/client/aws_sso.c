/* SSO profiles: the token that `aws sso login` left behind is traded for credentials of the role. */
#include "client/aws_internal.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "value/read.h"

#include <errno.h>

#define CACHE_MAX ((size_t)256 << 10)

struct sso {
    const char *session; /* its name, or NULL: the old form, without a session */
    const char *url, *region, *account, *role;
    const char *place, *profile;
};

static const char *session_value(
    const struct aws_look *look, const struct sso *sso, const char *key)
{
    const struct aws_ini_entry *entry =
        sso->session == NULL ? NULL
                             : aws_ini_find(&look->config, "sso-session", sso->session, NULL, key);
    if (entry != NULL && *entry->value != '\0')
        return entry->value;
    return aws_profile_value(look, sso->profile, key);
}

static const char *login_fix(struct aws_look *look, const struct sso *sso)
{
    return arena_printf(look->arena, "run `aws sso login --profile %s`", sso->profile);
}

/** The token of the cache: named by the SHA-1 of the session's name, or of the URL. */
static enum aws_result cached_token(
    struct aws_look *look, const struct sso *sso, const char **ret_token)
{
    struct arena *arena = look->arena;
    const char *key = sso->session != NULL ? sso->session : sso->url, *reason = NULL;
    const char *path = file_join(arena, "",
        arena_printf(arena, "~/.aws/sso/cache/%s.json", digest_sha1_hex(arena, key, strlen(key))));
    char *text = NULL;
    size_t length = 0;
    int64_t expires = 0;

    int error = file_read(arena, path, CACHE_MAX, &text, &length);
    if (error == ENOENT || error == ENOTDIR)
        return aws_look_failed(look, login_fix(look, sso),
            "%s: profile %s uses SSO, and nobody is logged in", sso->place, sso->profile);
    if (error != 0)
        return aws_look_failed(look, login_fix(look, sso),
            "%s: the login of SSO cannot be read: %s", sso->place, strerror(error));
    const struct node *map = json_read(arena, text, length, &reason);
    *ret_token = node_get_text(map, "accessToken");
    if (*ret_token == NULL || (*ret_token)[strcspn(*ret_token, "\r\n")] != '\0' ||
        !clock_parse(node_get_text(map, "expiresAt"), &expires))
        return aws_look_failed(look, login_fix(look, sso),
            "%s: the login of SSO is none that the AWS CLI wrote", sso->place);
    if (expires <= aws_now(look->aws))
        return aws_look_failed(look, login_fix(look, sso),
            "%s: the login of SSO for profile %s expired at %s", sso->place, sso->profile,
            clock_format(arena, expires));
    return AWS_FOUND;
}

/** {"roleCredentials": {..., "expiration": milliseconds}} */
static bool take_role(
    struct aws_look *look, const struct exchange_reply *reply, struct aws_found *ret)
{
    const char *reason = NULL;
    const struct node *map = json_read(look->arena, reply->body, reply->length, &reason);
    const struct node *role = node_get(map, "roleCredentials");

    ret->keys.id = node_get_text(role, "accessKeyId");
    ret->keys.secret = node_get_text(role, "secretAccessKey");
    ret->keys.token = node_get_text(role, "sessionToken");
    ret->expires = node_get_int(role, "expiration", 0) / 1000;
    ret->renewable = true;
    return ret->keys.id != NULL && ret->keys.secret != NULL && ret->keys.token != NULL &&
           ret->expires > 0;
}

static enum aws_result ask_portal(
    struct aws_look *look, const struct sso *sso, const char *token, struct aws_found *ret)
{
    struct arena *arena = look->arena;
    const char *endpoint = aws_look_endpoint(look, "sso");
    struct exchange_reply reply;
    struct strings lines = {0};

    if (endpoint == NULL)
        endpoint = arena_printf(arena, "https://portal.%s", aws_host(arena, "sso", sso->region));
    strings_add(arena, &lines, arena_printf(arena, "x-amz-sso_bearer_token: %s", token));
    strings_add(arena, &lines, "Accept: application/json");
    struct exchange_call call = {.method = "GET",
        .url = arena_printf(arena, "%s/federation/credentials?role_name=%s&account_id=%s", endpoint,
            text_encode_url(arena, sso->role), text_encode_url(arena, sso->account)),
        .lines = &lines,
        .ca_file = aws_look_ca(look)};
    for (unsigned tries = 1;; tries++) {
        reply = exchange_send(aws_own_exchange(look->aws), arena, &call);
        if (!aws_again(&reply, false, tries))
            break;
    }
    if (reply.outcome != OUTCOME_ANSWERED || reply.status != 200) {
        bool over = reply.outcome == OUTCOME_ANSWERED && reply.status == 401;
        return aws_look_failed(look,
            over ? login_fix(look, sso) : "are sso_account_id and sso_role_name yours?",
            "%s: SSO gave no credentials for role %s in account %s: %s", sso->place, sso->role,
            sso->account, aws_reply_reason(arena, &reply));
    }
    if (!take_role(look, &reply, ret))
        return aws_look_failed(look, "look at the proxy and at AWS_ENDPOINT_URL_SSO",
            "%s: what answered for role %s is no answer of SSO", sso->place, sso->role);
    return AWS_FOUND;
}

enum aws_result aws_from_sso(struct aws_look *look, const char *profile, struct aws_found *ret)
{
    struct sso sso = {.profile = profile};
    const char *token = NULL, *missing = NULL;

    sso.session = aws_profile_value(look, profile, "sso_session");
    if (sso.session == NULL && aws_profile_value(look, profile, "sso_start_url") == NULL)
        return AWS_NONE;
    sso.place =
        aws_profile_place(look, profile, sso.session != NULL ? "sso_session" : "sso_start_url");
    sso.url = session_value(look, &sso, "sso_start_url");
    sso.region = session_value(look, &sso, "sso_region");
    sso.account = aws_profile_value(look, profile, "sso_account_id");
    sso.role = aws_profile_value(look, profile, "sso_role_name");
    if (sso.url == NULL)
        missing = "sso_start_url";
    else if (sso.region == NULL)
        missing = "sso_region";
    else if (sso.account == NULL)
        missing = "sso_account_id";
    else if (sso.role == NULL)
        missing = "sso_role_name";
    if (missing != NULL)
        return aws_look_failed(look, "run `aws configure sso` again",
            "%s: profile %s uses SSO and has no %s", sso.place, profile, missing);
    enum aws_result result = cached_token(look, &sso, &token);
    if (result == AWS_FOUND)
        result = ask_portal(look, &sso, token, ret);
    if (result == AWS_FOUND)
        ret->source = arena_printf(
            look->arena, "profile %s (SSO, role %s, account %s)", profile, sso.role, sso.account);
    return result;
}
