/* The search for credentials: its order, the files, and what is said when there are none. */
#include "client/aws_internal.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>

struct aws_look aws_look_begin(struct aws *aws, struct diags *diags)
{
    struct aws_look look = {.aws = aws,
        .arena = arena_new_secret(),
        .diags = diags,
        .explicit_profile = aws->profile != NULL,
        .seen = BUF_INIT((size_t)16 << 10)};

    look.profile = aws->profile;
    if (look.profile == NULL)
        look.profile = aws_env("AWS_PROFILE");
    if (look.profile == NULL)
        look.profile = aws_env("AWS_DEFAULT_PROFILE");
    if (look.profile == NULL)
        look.profile = "default";
    return look;
}

void aws_look_end(struct aws_look *look)
{
    buf_release(&look->seen);
    arena_free(look->arena);
}

enum aws_result aws_look_failed(struct aws_look *look, const char *fix, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const char *text = arena_vprintf(look->arena, format, args);
    va_end(args);
    struct diag *diag = diag_add(look->diags, "LF702", "%s", text);
    diag->fix = arena_strdup(look->diags->arena, fix);
    return AWS_FAILED;
}

void aws_look_saw(struct aws_look *look, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_str(&look->seen, look->seen.len == 0 ? "" : "; ");
    buf_vprintf(&look->seen, format, args);
    va_end(args);
}

/* ------------------------------------------------------------------ the files */

/** A path for people: "~/" for the home folder. */
static const char *shown(struct arena *arena, const char *path)
{
    const char *home = aws_env("HOME");
    size_t length = home != NULL ? strlen(home) : 0;

    if (length > 1 && strncmp(path, home, length) == 0 && path[length] == '/')
        return arena_printf(arena, "~%s", path + length);
    return path;
}

static bool read_ini(struct aws_look *look, const char *variable, const char *standard,
    bool credentials, struct aws_ini *ini)
{
    const char *path = aws_env(variable), *reason = NULL;
    char *text = NULL;
    size_t length = 0;
    unsigned line = 0;

    if (ini->path != NULL)
        return true;
    path = file_join(look->arena, "", path != NULL ? path : standard);
    ini->path = shown(look->arena, path);
    int error = file_read(look->arena, path, AWS_INI_MAX, &text, &length);
    if (error == ENOENT || error == ENOTDIR)
        return true;
    if (error != 0) {
        aws_look_failed(look,
            error == EFBIG ? "a file of more than 1 MiB is none of the AWS CLI's"
                           : "let it be a file that you may read",
            "%s cannot be read: %s", ini->path, strerror(error));
        return false;
    }
    ini->there = true;
    if (aws_ini_read(look->arena, text, length, credentials, ini, &reason, &line))
        return true;
    aws_look_failed(look, "mend the file; `aws configure list-profiles` reads it too", "%s:%u: %s",
        ini->path, line, reason);
    return false;
}

bool aws_look_files(struct aws_look *look)
{
    if (look->files_failed)
        return false;
    look->files_failed = !read_ini(look, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", true,
                             &look->credentials) ||
                         !read_ini(look, "AWS_CONFIG_FILE", "~/.aws/config", false, &look->config);
    return !look->files_failed;
}

const struct aws_ini_entry *aws_profile_entry(
    const struct aws_look *look, const char *profile, const char *key, const char **ret_path)
{
    const struct aws_ini *const files[] = {&look->credentials, &look->config};

    for (size_t i = 0; i < 2; i++) {
        const struct aws_ini_entry *entry = aws_ini_find(files[i], "profile", profile, NULL, key);
        if (entry != NULL && ret_path != NULL)
            *ret_path = files[i]->path;
        if (entry != NULL)
            return entry;
    }
    return NULL;
}

const char *aws_profile_value(const struct aws_look *look, const char *profile, const char *key)
{
    const struct aws_ini_entry *entry = aws_profile_entry(look, profile, key, NULL);
    return entry != NULL && *entry->value != '\0' ? entry->value : NULL;
}

const char *aws_profile_place(const struct aws_look *look, const char *profile, const char *key)
{
    const char *path = NULL;
    const struct aws_ini_entry *entry = aws_profile_entry(look, profile, key, &path);
    return entry == NULL ? look->config.path
                         : arena_printf(look->arena, "%s:%u", path, entry->line);
}

bool aws_profile_there(const struct aws_look *look, const char *profile)
{
    return aws_profile_entry(look, profile, NULL, NULL) != NULL;
}

const char *aws_look_region(const struct aws_look *look, const char *profile)
{
    return look->aws->region != NULL ? look->aws->region : aws_look_region_around(look, profile);
}

const char *aws_look_region_around(const struct aws_look *look, const char *profile)
{
    const char *region = aws_env("AWS_REGION");
    if (region == NULL)
        region = aws_env("AWS_DEFAULT_REGION");
    return region != NULL ? region : aws_profile_value(look, profile, "region");
}

const char *aws_look_ca(const struct aws_look *look)
{
    const char *file = look->aws->ca_file != NULL ? look->aws->ca_file : aws_env("AWS_CA_BUNDLE");
    return file != NULL ? file : aws_profile_value(look, look->profile, "ca_bundle");
}

static bool is_true(struct arena *arena, const char *value)
{
    return value != NULL && strcmp(text_lower(arena, value), "true") == 0;
}

/** The endpoint of the profile: of its `services` section, else for all services. */
static const char *profile_endpoint(const struct aws_look *look, const char *service)
{
    const char *services = aws_profile_value(look, look->profile, "services");
    const struct aws_ini_entry *entry = services == NULL ? NULL
                                                         : aws_ini_find(&look->config, "services",
                                                               services, service, "endpoint_url");

    return entry != NULL && *entry->value != '\0'
               ? entry->value
               : aws_profile_value(look, look->profile, "endpoint_url");
}

const char *aws_look_endpoint(const struct aws_look *look, const char *service)
{
    /* The id of the service in AWS's models, which is not the name that signatures have. */
    if (strcmp(service, "secretsmanager") == 0)
        service = "secrets_manager";
    char *variable = arena_printf(look->arena, "AWS_ENDPOINT_URL_%s", service);
    const char *ignored = aws_profile_value(look, look->profile, "ignore_configured_endpoint_urls");

    for (char *at = variable; *at != '\0'; at++)
        *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
    if (aws_env_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") || is_true(look->arena, ignored))
        return NULL;
    const char *url = aws_env(variable);
    if (url == NULL)
        url = aws_env("AWS_ENDPOINT_URL");
    if (url == NULL)
        url = profile_endpoint(look, service);
    if (url == NULL)
        return NULL;
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    return arena_strndup(look->arena, url, length);
}

/* ------------------------------------------------------------------ the order */

enum aws_result aws_from_environment(struct aws_look *look, struct aws_found *ret)
{
    const char *id = aws_env("AWS_ACCESS_KEY_ID"), *secret = aws_env("AWS_SECRET_ACCESS_KEY");
    const char *expires = aws_env("AWS_CREDENTIAL_EXPIRATION");

    if (id == NULL) {
        aws_look_saw(look, "environment: AWS_ACCESS_KEY_ID is not set%s",
            secret != NULL ? ", while AWS_SECRET_ACCESS_KEY is" : "");
        return AWS_NONE;
    }
    if (secret == NULL)
        return aws_look_failed(look, "export both, or unset AWS_ACCESS_KEY_ID",
            "environment: AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not");
    ret->keys = (struct aws_keys){.id = id, .secret = secret};
    ret->keys.token = aws_env("AWS_SESSION_TOKEN");
    if (ret->keys.token == NULL)
        ret->keys.token = aws_env("AWS_SECURITY_TOKEN");
    ret->source = "environment (AWS_ACCESS_KEY_ID)";
    if (expires != NULL && !clock_parse(expires, &ret->expires))
        return aws_look_failed(look, "unset it, or write it as 2026-11-24T08:30:00Z",
            "environment: AWS_CREDENTIAL_EXPIRATION is no time");
    return AWS_FOUND;
}

/** Static keys of one file. */
static enum aws_result from_file(
    struct aws_look *look, const struct aws_ini *ini, const char *profile, struct aws_found *ret)
{
    const struct aws_ini_entry *id =
        aws_ini_find(ini, "profile", profile, NULL, "aws_access_key_id");
    const struct aws_ini_entry *secret =
        aws_ini_find(ini, "profile", profile, NULL, "aws_secret_access_key");
    const struct aws_ini_entry *token =
        aws_ini_find(ini, "profile", profile, NULL, "aws_session_token");

    if (id == NULL || *id->value == '\0')
        return AWS_NONE;
    if (secret == NULL || *secret->value == '\0')
        return aws_look_failed(look, "write aws_secret_access_key below it",
            "%s:%u: profile %s has aws_access_key_id and no aws_secret_access_key", ini->path,
            id->line, profile);
    if (token == NULL)
        token = aws_ini_find(ini, "profile", profile, NULL, "aws_security_token");
    ret->keys = (struct aws_keys){.id = id->value, .secret = secret->value};
    if (token != NULL && *token->value != '\0')
        ret->keys.token = token->value;
    ret->source = arena_printf(look->arena, "profile %s in %s", profile, ini->path);
    return AWS_FOUND;
}

static enum aws_result from_login(struct aws_look *look, const char *profile)
{
    if (aws_profile_value(look, profile, "login_session") == NULL)
        return AWS_NONE;
    return aws_look_failed(look,
        "write `credential_process = aws configure export-credentials --profile NAME` into another "
        "profile and use that",
        "%s: profile %s is logged in by `aws login`, which is not read directly",
        aws_profile_place(look, profile, "login_session"), profile);
}

enum aws_result aws_from_profile(struct aws_look *look, const char *profile, struct aws_found *ret)
{
    enum aws_result result = aws_from_web_identity(look, profile, false, ret);

    if (result == AWS_NONE)
        result = aws_from_sso(look, profile, ret);
    if (result == AWS_NONE)
        result = from_file(look, &look->credentials, profile, ret);
    if (result == AWS_NONE)
        result = from_login(look, profile);
    if (result == AWS_NONE)
        result = aws_from_process(look, profile, ret);
    if (result == AWS_NONE)
        result = from_file(look, &look->config, profile, ret);
    return result;
}

/** The profile, its existence checked: one that was named and is not there is a fault. */
static enum aws_result chosen_profile(struct aws_look *look)
{
    struct strings names = {0};

    if (!aws_look_files(look))
        return AWS_FAILED;
    if (aws_profile_there(look, look->profile) || strcmp(look->profile, "default") == 0)
        return AWS_NONE;
    const struct aws_ini *const files[] = {&look->credentials, &look->config};
    for (size_t i = 0; i < 2; i++) {
        VEC_EACH(entry, &files[i]->entries) {
            if (strcmp(entry->type, "profile") == 0)
                strings_add(look->arena, &names, entry->name);
        }
    }
    const char *nearest = text_nearest(look->profile, &names);
    const char *fix = nearest != NULL ? arena_printf(look->arena, "did you mean %s?", nearest)
                                      : "`aws configure list-profiles` lists those there are";
    return aws_look_failed(look, fix, "there is no profile %s in %s%s or %s%s%s", look->profile,
        look->credentials.path, look->credentials.there ? "" : " (not there)", look->config.path,
        look->config.there ? "" : " (not there)",
        look->explicit_profile ? "" : "; AWS_PROFILE names it");
}

static enum aws_result from_files(struct aws_look *look, struct aws_found *ret)
{
    enum aws_result result = chosen_profile(look);

    if (result == AWS_NONE)
        result = aws_from_role(look, look->profile, ret);
    if (result == AWS_NONE)
        result = aws_from_web_identity(look, look->profile, !look->explicit_profile, ret);
    if (result == AWS_NONE)
        result = aws_from_profile(look, look->profile, ret);
    if (result == AWS_NONE)
        aws_look_saw(look, "profile %s: no credentials in %s%s or %s%s", look->profile,
            look->credentials.path, look->credentials.there ? "" : " (not there)",
            look->config.path, look->config.there ? "" : " (not there)");
    return result;
}

enum aws_result aws_look_all(struct aws_look *look, struct aws_found *ret)
{
    enum aws_result result = AWS_NONE;

    if (!look->explicit_profile)
        result = aws_from_environment(look, ret);
    if (result == AWS_NONE)
        result = from_files(look, ret);
    if (result == AWS_NONE)
        result = aws_from_container(look, ret);
    if (result == AWS_NONE)
        result = aws_from_instance(look, ret);
    if (result == AWS_NONE) {
        struct diag *diag = diag_add(
            look->diags, "LF701", "no AWS credentials; looked at %s", buf_text(&look->seen));
        diag->fix = "export AWS_PROFILE=NAME after `aws configure`, or AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY; in a pod give its service account a role";
    }
    return result;
}
