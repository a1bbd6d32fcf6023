/* Credentials of roles: STS AssumeRole and AssumeRoleWithWebIdentity, and the chains of profiles. */
#include "client/aws_internal.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>

#define VERSION "2011-06-15"
#define LONGEST_CHAIN 16
#define TOKEN_MAX ((size_t)64 << 10)

struct role {
    const char *arn, *session, *external_id, *duration;
    const char *place;   /* where the role is named, for messages */
    const char *profile; /* whose region counts */
};

/** The profiles on the way, to see a circle. */
struct chain {
    const char *at[LONGEST_CHAIN];
    size_t count;
};

static void form(struct arena *arena, struct buf *out, const char *name, const char *value)
{
    if (value != NULL)
        buf_printf(out, "%s%s=%s", out->len == 0 ? "" : "&", name, text_encode_url(arena, value));
}

static bool all_in(const char *text, const char *any_of)
{
    return text[strspn(text, any_of)] == '\0';
}

/** The keys of an answer of STS, or why there are none. */
static enum aws_result take_answer(struct aws_look *look, const struct role *role,
    const char *action, const struct exchange_reply *reply, struct aws_found *ret)
{
    struct arena *arena = look->arena;

    if (reply->outcome != OUTCOME_ANSWERED || reply->status != 200) {
        bool denied = reply->outcome == OUTCOME_ANSWERED && reply->status == 403;
        return aws_look_failed(look,
            denied ? arena_printf(arena,
                         "let the trust policy of the role allow sts:%s to whoever asks, and that "
                         "one's own policy allow it on %s",
                         action, role->arn)
                   : "look at the network, and at AWS_ENDPOINT_URL_STS and the region",
            "%s: role %s could not be taken: %s", role->place, role->arn,
            aws_reply_reason(arena, reply));
    }
    ret->keys.id = aws_xml_text(arena, reply->body, reply->length, "AccessKeyId");
    ret->keys.secret = aws_xml_text(arena, reply->body, reply->length, "SecretAccessKey");
    ret->keys.token = aws_xml_text(arena, reply->body, reply->length, "SessionToken");
    const char *expires = aws_xml_text(arena, reply->body, reply->length, "Expiration");
    if (ret->keys.id == NULL || ret->keys.secret == NULL || ret->keys.token == NULL ||
        !clock_parse(expires, &ret->expires))
        return aws_look_failed(look, "look at AWS_ENDPOINT_URL_STS: is that STS?",
            "%s: what answered for role %s is no answer of STS", role->place, role->arn);
    ret->renewable = true;
    return AWS_FOUND;
}

/** `keys` NULL: unsigned, with the token of a web identity. */
static enum aws_result ask_sts(struct aws_look *look, const struct role *role,
    const struct aws_keys *keys, const char *token, struct aws_found *ret)
{
    struct arena *arena = look->arena;
    const char *action = token == NULL ? "AssumeRole" : "AssumeRoleWithWebIdentity";
    const char *region = aws_look_region(look, role->profile);
    const char *endpoint = aws_look_endpoint(look, "sts");
    struct buf body = BUF_INIT(TOKEN_MAX * 4);

    form(arena, &body, "Action", action);
    form(arena, &body, "Version", VERSION);
    form(arena, &body, "RoleArn", role->arn);
    form(arena, &body, "RoleSessionName", role->session);
    form(arena, &body, "DurationSeconds", role->duration);
    form(arena, &body, "ExternalId", role->external_id);
    form(arena, &body, "WebIdentityToken", token);
    /* Without a region the one endpoint that is nobody's, as the CLI does. */
    if (endpoint == NULL && region == NULL)
        endpoint = "https://sts.amazonaws.com";
    if (endpoint == NULL)
        endpoint = arena_printf(arena, "https://%s", aws_host(arena, "sts", region));
    struct aws_shipment shipment = {.keys = keys,
        .service = "sts",
        .region = region != NULL ? region : "us-east-1",
        .endpoint = endpoint,
        .ca_file = aws_look_ca(look),
        .body = &body};
    struct exchange_reply reply =
        aws_ship(look->aws, aws_own_exchange(look->aws), arena, &shipment);
    buf_wipe(&body);
    return take_answer(look, role, action, &reply, ret);
}

static const char *session_name(struct aws_look *look, const char *given)
{
    return given != NULL ? given
                         : arena_printf(look->arena, "liteform-%lld", (long long)clock_now());
}

/* ------------------------------------------------------------------ assume-role profiles */

static enum aws_result role_of(
    struct aws_look *look, const char *profile, struct chain *chain, struct aws_found *ret);

static bool has_static(const struct aws_look *look, const char *profile)
{
    return aws_profile_value(look, profile, "aws_access_key_id") != NULL;
}

static enum aws_result from_named_source(
    struct aws_look *look, const char *profile, const char *source, struct aws_found *ret)
{
    enum aws_result result = AWS_NONE;

    if (strcasecmp(source, "Environment") == 0)
        result = aws_from_environment(look, ret);
    else if (strcasecmp(source, "EcsContainer") == 0)
        result = aws_from_container(look, ret);
    else if (strcasecmp(source, "Ec2InstanceMetadata") == 0)
        result = aws_from_instance(look, ret);
    else
        return aws_look_failed(look, "write Environment, EcsContainer or Ec2InstanceMetadata",
            "%s: credential_source is none that there is",
            aws_profile_place(look, profile, "credential_source"));
    if (result == AWS_NONE)
        return aws_look_failed(look, "give that source credentials, or name a source_profile",
            "%s: credential_source %s has no credentials",
            aws_profile_place(look, profile, "credential_source"), source);
    return result;
}

/** The keys that ask for the role. */
static enum aws_result source_of(
    struct aws_look *look, const char *profile, struct chain *chain, struct aws_found *ret)
{
    const char *source = aws_profile_value(look, profile, "source_profile");
    const char *place = aws_profile_place(look, profile, "source_profile");
    enum aws_result result = AWS_NONE;

    if (!aws_profile_there(look, source))
        return aws_look_failed(look, "name one that is there (`aws configure list-profiles`)",
            "%s: source_profile %s is in neither file", place, source);
    bool itself = strcmp(source, profile) == 0 && has_static(look, source);
    for (size_t i = 0; i < chain->count && !itself; i++) {
        if (strcmp(chain->at[i], source) == 0 || chain->count == LONGEST_CHAIN)
            return aws_look_failed(look, "let the chain end in a profile with credentials",
                "%s: source_profile %s leads back to profile %s: a circle", place, source,
                chain->at[i]);
    }
    if (!itself)
        result = role_of(look, source, chain, ret);
    if (result == AWS_NONE)
        result = aws_from_profile(look, source, ret);
    if (result == AWS_NONE)
        return aws_look_failed(look, "give it keys (`aws configure --profile NAME`)",
            "%s: source_profile %s has no credentials", place, source);
    return result;
}

static bool read_role(struct aws_look *look, const char *profile, struct role *role)
{
    *role = (struct role){.arn = aws_profile_value(look, profile, "role_arn"),
        .external_id = aws_profile_value(look, profile, "external_id"),
        .duration = aws_profile_value(look, profile, "duration_seconds"),
        .place = aws_profile_place(look, profile, "role_arn"),
        .profile = profile};
    role->session = session_name(look, aws_profile_value(look, profile, "role_session_name"));
    if (role->duration != NULL &&
        (!all_in(role->duration, "0123456789") || strlen(role->duration) > 6)) {
        aws_look_failed(look, "write seconds, 900 to 43200", "%s: duration_seconds is no number",
            aws_profile_place(look, profile, "duration_seconds"));
        return false;
    }
    if (aws_profile_value(look, profile, "mfa_serial") != NULL) {
        aws_look_failed(look,
            "take a session yourself (`aws sts assume-role --serial-number ... --token-code ...`) "
            "and export its keys, or let a credential_process ask for the code",
            "%s: profile %s asks for a code (mfa_serial), and nobody can be asked here",
            aws_profile_place(look, profile, "mfa_serial"), profile);
        return false;
    }
    return true;
}

static enum aws_result role_of(
    struct aws_look *look, const char *profile, struct chain *chain, struct aws_found *ret)
{
    const char *named = aws_profile_value(look, profile, "credential_source");
    const char *source = aws_profile_value(look, profile, "source_profile");
    struct aws_found asking = {0};
    struct role role;

    if (aws_profile_value(look, profile, "role_arn") == NULL ||
        aws_profile_value(look, profile, "web_identity_token_file") != NULL)
        return AWS_NONE;
    const char *place = aws_profile_place(look, profile, "role_arn");
    if (named == NULL && source == NULL)
        return aws_look_failed(look, "write source_profile or credential_source beside it",
            "%s: profile %s has a role_arn, and nothing says who takes the role", place, profile);
    if (named != NULL && source != NULL)
        return aws_look_failed(look, "take one of them out",
            "%s: profile %s has both source_profile and credential_source", place, profile);
    if (!read_role(look, profile, &role))
        return AWS_FAILED;
    chain->at[chain->count++] = profile;
    enum aws_result result = named != NULL ? from_named_source(look, profile, named, &asking)
                                           : source_of(look, profile, chain, &asking);
    if (result == AWS_FOUND)
        result = ask_sts(look, &role, &asking.keys, NULL, ret);
    if (result == AWS_FOUND)
        ret->source = arena_printf(
            look->arena, "profile %s (role %s) by way of %s", profile, role.arn, asking.source);
    return result;
}

enum aws_result aws_from_role(struct aws_look *look, const char *profile, struct aws_found *ret)
{
    struct chain chain = {.count = 0};
    return role_of(look, profile, &chain, ret);
}

/* ------------------------------------------------------------------ web identity */

static enum aws_result read_token(
    struct aws_look *look, const char *place, const char *path, const char **ret_token)
{
    char *token = NULL;
    size_t length = 0;

    int error =
        file_read(look->arena, file_join(look->arena, "", path), TOKEN_MAX, &token, &length);
    if (error != 0)
        return aws_look_failed(look,
            "in a pod: does it run under the service account, and is the token mounted?",
            "%s: the token file %s cannot be read: %s", place, path, strerror(error));
    while (length > 0 && strchr(" \t\r\n", token[length - 1]) != NULL)
        token[--length] = '\0';
    if (length == 0 || strlen(token) != length)
        return aws_look_failed(look, "write the token anew", "%s: the token file %s %s", place,
            path, length == 0 ? "is empty" : "is no text");
    *ret_token = token;
    return AWS_FOUND;
}

enum aws_result aws_from_web_identity(
    struct aws_look *look, const char *profile, bool environment, struct aws_found *ret)
{
    struct role role = {.profile = profile};
    const char *file = environment ? aws_env("AWS_WEB_IDENTITY_TOKEN_FILE") : NULL, *token = NULL;

    if (file != NULL) {
        role.arn = aws_env("AWS_ROLE_ARN");
        role.session = aws_env("AWS_ROLE_SESSION_NAME");
        role.place = "web identity (AWS_WEB_IDENTITY_TOKEN_FILE)";
    } else {
        if (environment)
            aws_look_saw(look, "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set");
        file = aws_profile_value(look, profile, "web_identity_token_file");
        if (file == NULL)
            return AWS_NONE;
        role.arn = aws_profile_value(look, profile, "role_arn");
        role.session = aws_profile_value(look, profile, "role_session_name");
        role.place = aws_profile_place(look, profile, "web_identity_token_file");
    }
    if (role.arn == NULL)
        return aws_look_failed(look, "set AWS_ROLE_ARN, or role_arn in the profile",
            "%s: no role is named for the token", role.place);
    role.session = session_name(look, role.session);
    enum aws_result result = read_token(look, role.place, file, &token);
    if (result == AWS_FOUND)
        result = ask_sts(look, &role, NULL, token, ret);
    if (result == AWS_FOUND)
        ret->source = arena_printf(look->arena, "web identity (role %s)", role.arn);
    return result;
}
