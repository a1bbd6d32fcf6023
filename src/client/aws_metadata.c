/* Credentials from beside the machine: container endpoints, instance metadata, SSO. */
#include "client/aws_internal.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "client/answer.h"
#include "value/read.h"

#include <strings.h>

#define CONTAINER_HOST "http://169.254.170.2"
#define CONTAINER_MS 2000
#define CONTAINER_TRIES 3
#define INSTANCE_MS 1000
#define INSTANCE_ROLES "/latest/meta-data/iam/security-credentials/"
#define TOKEN_MAX ((size_t)64 << 10)

static const struct aws_members container_names = {
    "AccessKeyId", "SecretAccessKey", "Token", "Expiration"};

static bool is_ok(const struct exchange_reply *reply)
{
    return reply->outcome == OUTCOME_ANSWERED && reply->status == 200;
}

/* ------------------------------------------------------------------ containers */

/** The host of a URL, as it stands there, in lower case; NULL: it is no http(s) URL. */
static const char *host_of(struct arena *arena, const char *url, bool *ret_plain)
{
    *ret_plain = strncasecmp(url, "http://", 7) == 0;
    if (!*ret_plain && strncasecmp(url, "https://", 8) != 0)
        return NULL;
    const char *start = url + (*ret_plain ? 7 : 8);
    size_t length = strcspn(start, "/?#");
    if (length == 0 || memchr(start, '@', length) != NULL)
        return NULL;
    const char *host = text_lower(arena, arena_strndup(arena, start, length));
    size_t end = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    return end > length ? NULL : arena_strndup(arena, host, end);
}

/** Without TLS only what is on this machine, or what AWS puts beside it. */
static bool is_allowed(struct arena *arena, const char *url)
{
    static const char *const hosts[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
    bool plain = false;
    const char *host = host_of(arena, url, &plain);

    if (host == NULL)
        return false;
    if (!plain || answer_is_loopback(url))
        return true;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        if (strcmp(host, hosts[i]) == 0)
            return true;
    }
    return false;
}

/** The Authorization header; false with a diagnostic. None is fine. */
static bool container_token(struct aws_look *look, struct strings *lines)
{
    const char *path = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = aws_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    char *read = NULL;
    size_t length = 0;

    if (path != NULL) {
        int error = file_read(look->arena, path, TOKEN_MAX, &read, &length);
        if (error != 0) {
            aws_look_failed(look, "is the token mounted into the pod?",
                "container: the token file %s cannot be read: %s", path, strerror(error));
            return false;
        }
        token = read;
    }
    if (token == NULL)
        return true;
    if (token[strcspn(token, "\r\n")] != '\0' || (path != NULL && strlen(token) != length)) {
        aws_look_failed(look, "write the token as one line without a line break",
            "container: the authorization token holds a line break or a NUL");
        return false;
    }
    strings_add(look->arena, lines, arena_printf(look->arena, "Authorization: %s", token));
    return true;
}

enum aws_result aws_from_container(struct aws_look *look, struct aws_found *ret)
{
    struct arena *arena = look->arena;
    const char *relative = aws_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *url = aws_env("AWS_CONTAINER_CREDENTIALS_FULL_URI"), *reason = NULL;
    struct strings lines = {0};
    struct exchange_reply reply = {0};

    if (relative == NULL && url == NULL) {
        aws_look_saw(look,
            "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not "
            "set");
        return AWS_NONE;
    }
    if (relative != NULL)
        url = arena_printf(arena, CONTAINER_HOST "%s%s", *relative == '/' ? "" : "/", relative);
    const char *shown = text_printable(arena, url, false);
    if (!is_allowed(arena, url))
        return aws_look_failed(look, "use https, or the address that ECS or EKS has set",
            "container: AWS_CONTAINER_CREDENTIALS_FULL_URI is %s: without TLS only this machine "
            "and "
            "the addresses of ECS and EKS are asked",
            shown);
    if (!container_token(look, &lines))
        return AWS_FAILED;
    strings_add(arena, &lines, "Accept: application/json");
    struct exchange_call call = {.method = "GET",
        .url = url,
        .lines = &lines,
        .direct = true,
        .connect_ms = CONTAINER_MS,
        .timeout_ms = CONTAINER_MS,
        .max_body = TOKEN_MAX};
    for (unsigned tries = 1;; tries++) {
        reply = exchange_send(aws_own_exchange(look->aws), arena, &call);
        bool vain = reply.outcome == OUTCOME_ANSWERED && reply.status < 500;
        if (vain || tries == CONTAINER_TRIES || !aws_again(&reply, false, tries))
            break;
    }
    if (!is_ok(&reply))
        return aws_look_failed(look,
            "does the task have a role, or the pod's service account a pod identity association?",
            "container: %s gave no credentials: %s", shown, aws_reply_reason(arena, &reply));
    if (!aws_members_read(look, reply.body, reply.length, &container_names, ret, &reason))
        return aws_look_failed(look, "is that address the credential endpoint of ECS or EKS?",
            "container: the answer of %s %s", shown, reason);
    ret->source = arena_printf(arena, "container (%s)", shown);
    return AWS_FOUND;
}

/* ------------------------------------------------------------------ instances */

static const char *instance_base(struct aws_look *look)
{
    const char *base = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = aws_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

    if (base == NULL)
        base = aws_profile_value(look, look->profile, "ec2_metadata_service_endpoint");
    if (mode == NULL)
        mode = aws_profile_value(look, look->profile, "ec2_metadata_service_endpoint_mode");
    if (base == NULL)
        base = mode != NULL && strcasecmp(mode, "ipv6") == 0 ? "http://[fd00:ec2::254]"
                                                             : "http://169.254.169.254";
    size_t length = strlen(base);
    while (length > 0 && base[length - 1] == '/')
        length--;
    return arena_strndup(look->arena, base, length);
}

static struct exchange_reply ask_instance(
    struct aws_look *look, const char *method, const char *url, const char *header)
{
    struct strings lines = {0};

    strings_add(look->arena, &lines, header);
    struct exchange_call call = {.method = method,
        .url = url,
        .lines = &lines,
        .direct = true,
        .connect_ms = INSTANCE_MS,
        .timeout_ms = INSTANCE_MS,
        .max_body = TOKEN_MAX};
    return exchange_send(aws_own_exchange(look->aws), look->arena, &call);
}

/** A token or a role's name: one word, or NULL. */
static const char *one_word(struct arena *arena, const struct exchange_reply *reply)
{
    size_t length = strcspn(reply->body, "\r\n");
    const char *word = arena_strndup(arena, reply->body, length);
    bool fit = is_ok(reply) && length > 0 && length <= 4096 &&
               reply->body[length + strspn(reply->body + length, "\r\n")] == '\0' &&
               text_equal(word, text_printable(arena, word, false)) && strchr(word, ' ') == NULL;
    return fit ? word : NULL;
}

enum aws_result aws_from_instance(struct aws_look *look, struct aws_found *ret)
{
    struct arena *arena = look->arena;
    const char *reason = NULL;

    if (aws_env_true("AWS_EC2_METADATA_DISABLED")) {
        aws_look_saw(look, "instance metadata: AWS_EC2_METADATA_DISABLED is true");
        return AWS_NONE;
    }
    const char *base = instance_base(look);
    struct exchange_reply reply =
        ask_instance(look, "PUT", arena_printf(arena, "%s/latest/api/token", base),
            "X-aws-ec2-metadata-token-ttl-seconds: 21600");
    const char *token = one_word(arena, &reply);
    if (token == NULL) {
        aws_look_saw(look, "instance metadata: %s gives no token (%s)",
            text_printable(arena, base, false), aws_reply_reason(arena, &reply));
        return AWS_NONE;
    }
    const char *header = arena_printf(arena, "X-aws-ec2-metadata-token: %s", token);
    reply = ask_instance(look, "GET", arena_printf(arena, "%s" INSTANCE_ROLES, base), header);
    const char *role = one_word(arena, &reply);
    if (role == NULL) {
        aws_look_saw(look, "instance metadata: the instance has no role (%s)",
            aws_reply_reason(arena, &reply));
        return AWS_NONE;
    }
    reply = ask_instance(look, "GET",
        arena_printf(arena, "%s" INSTANCE_ROLES "%s", base, text_encode_url(arena, role)), header);
    if (!is_ok(&reply))
        return aws_look_failed(look, "look at the instance profile of the machine",
            "instance metadata: role %s gave no credentials: %s", role,
            aws_reply_reason(arena, &reply));
    if (!aws_members_read(look, reply.body, reply.length, &container_names, ret, &reason))
        return aws_look_failed(look,
            "look at the instance profile: is its role there, and may EC2 take it?",
            "instance metadata: the answer for role %s %s", role, reason);
    ret->source = arena_printf(arena, "instance metadata (role %s)", role);
    return AWS_FOUND;
}
