#include "cli/backend.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/out.h"
#include "client/aws.h"
#include "state/backend_s3.h"

#include <string.h>

/* Where the state lives: opened as the spec says, and looked at before it is relied on. */

static struct aws *aws_of(
    const struct run *run, const char *profile, const char *region, const char *ca_file)
{
    struct aws_options options = {.profile = profile,
        .region = region,
        .ca_file = ca_file,
        .guarded = out_ci() && !run->trusted};
    return aws_new(&options);
}

static struct backend *open_s3(struct run *run, const struct node *s3)
{
    const char *ca_file = node_get_text(s3, "ca_file"), *prefix = node_get_text(s3, "prefix");
    const char *kms_key = node_get_text(s3, "kms_key");
    const char *encryption = node_get_text(s3, "encryption");
    const char *lease = node_get_text(s3, "lease");
    struct backend_s3_options options = {
        .s3 = {.bucket = node_get_text(s3, "bucket"),
            .prefix = prefix == NULL ? run->spec->environment : prefix,
            .endpoint = node_get_text(s3, "endpoint"),
            .encryption = encryption == NULL && kms_key != NULL ? "aws:kms" : encryption,
            .kms_key = kms_key,
            .ca_file = ca_file}};
    if (node_get(s3, "path_style") != NULL)
        options.s3.style = node_get_bool(s3, "path_style", true) ? S3_STYLE_PATH : S3_STYLE_HOST;
    if (lease != NULL)
        text_duration_seconds(lease, &options.ttl_seconds);
    if (run->aws == NULL)
        run->aws = aws_of(run, node_get_text(s3, "profile"), node_get_text(s3, "region"), ca_file);
    return backend_s3_open(run->arena, run->aws, &options);
}

enum exit_code run_backend(struct run *run)
{
    const struct spec *spec = run->spec;
    if (spec->backend_local)
        run->backend = backend_local_open(run->arena, spec->state_folder, &run->call->diags);
    else
        run->backend = open_s3(run, node_get(spec->backend, "s3"));
    if (run->backend == NULL)
        return EXIT_ERROR;
    run->backend->keep = node_get_int(spec->backend, "keep", 0);
    return EXIT_DONE;
}

struct backend *backend_named(struct run *run, const char *text, struct aws **ret_aws)
{
    struct arena *arena = run->arena;
    const char *bucket = text + strlen("s3://");
    size_t length = strcspn(bucket, "/");
    if (!text_starts(text, "s3://") || length == 0 || strlen(bucket) < length + 2) {
        struct diag *diag = diag_add(
            &run->call->diags, "LF603", "--from: \"%s\" is neither local nor a bucket", text);
        diag->fix = "write local, or s3://BUCKET/PREFIX?region=REGION (and &endpoint=URL)";
        return NULL;
    }
    const char *query = strchr(bucket, '?');
    size_t end = query == NULL ? strlen(bucket) : (size_t)(query - bucket);
    struct strings names = {0};
    const char *region = NULL, *endpoint = NULL;
    for (const char *at = query; at != NULL; at = strchr(at + 1, '&')) {
        size_t part = strcspn(at + 1, "&");
        const char *pair = arena_strndup(arena, at + 1, part);
        if (text_starts(pair, "region="))
            region = pair + strlen("region=");
        else if (text_starts(pair, "endpoint="))
            endpoint = pair + strlen("endpoint=");
        else
            strings_add(arena, &names, pair);
    }
    if (names.count > 0) {
        diag_add(&run->call->diags, "LF603", "--from: \"%s\" is not known", names.at[0])->fix =
            "region= and endpoint= are taken";
        return NULL;
    }
    const struct node *s3 = node_get(run->spec->backend, "s3");
    *ret_aws = aws_of(run, node_get_text(s3, "profile"),
        region == NULL ? node_get_text(s3, "region") : region, node_get_text(s3, "ca_file"));
    struct backend_s3_options options = {.s3 = {.bucket = arena_strndup(arena, bucket, length),
                                             .prefix = arena_strndup(arena, bucket + length + 1,
                                                 end > length ? end - length - 1 : 0),
                                             .endpoint = endpoint,
                                             .ca_file = node_get_text(s3, "ca_file")}};
    return backend_s3_open(arena, *ret_aws, &options);
}

static bool is_noted(const struct state *state, const char *place)
{
    return text_equal(node_get_text(state->store, "place"), place);
}

enum exit_code backend_look(struct run *run, struct backend *backend, struct state *state)
{
    struct diags *diags = &run->call->diags;
    if (backend->ops->probe == NULL) {
        state->store = NULL;
        return EXIT_DONE;
    }
    const char *place = backend->ops->place(backend, diags);
    if (place == NULL)
        return EXIT_ERROR;
    if (is_noted(state, place))
        return EXIT_DONE;
    if (!backend->ops->probe(backend, diags))
        return EXIT_ERROR;
    struct node *note = node_map(run->arena);
    node_set_string(run->arena, note, "place", place);
    node_set_string(run->arena, note, "at", clock_format(run->arena, clock_now()));
    state->store = note;
    return EXIT_DONE;
}

enum exit_code backend_looked(struct run *run, const struct state *state)
{
    struct backend *backend = run->backend;
    if (backend->ops->probe == NULL)
        return EXIT_DONE;
    const char *place = backend->ops->place(backend, &run->call->diags);
    if (place == NULL)
        return EXIT_ERROR;
    if (is_noted(state, place))
        return EXIT_DONE;
    const char *noted = node_get_text(state->store, "place");
    struct diag *diag = NULL;
    if (!state->known.exists)
        diag = diag_add(&run->call->diags, "LF453", "there is no state of %s at %s yet",
            run->spec->environment, backend->ops->show(backend));
    else
        diag = diag_add(&run->call->diags, "LF453",
            "nobody looked yet whether %s honours conditional writes%s%s", place,
            noted == NULL ? "" : "; the state was made at ", noted == NULL ? "" : noted);
    diag->fix = command_text(run->call, "init", run->name);
    return EXIT_ERROR;
}
