#include "state/backend_s3.h"

#include "base/digest.h"
#include "base/text.h"

#include <string.h>

/* Objects below a prefix of a bucket. What the conditions rest on is tried by probe(). */

struct bucket {
    struct backend backend;
    struct aws *aws;
    struct s3_options options;
    struct s3 *s3;
    const char *shown;
};

static struct bucket *bucket_of(struct backend *backend)
{
    return (struct bucket *)backend;
}

static const char *bucket_show(const struct backend *backend)
{
    return ((const struct bucket *)backend)->shown;
}

static char *key_of(struct arena *arena, const struct bucket *bucket, const char *name)
{
    return arena_printf(arena, "%s/%s", bucket->options.prefix, name);
}

static enum backend_result result_of(struct bucket *bucket, enum s3_result result)
{
    bucket->backend.hopeless = result == S3_FAILED;
    switch (result) {
    case S3_OK:
        return BACKEND_OK;
    case S3_ABSENT:
        return BACKEND_ABSENT;
    case S3_CONFLICT:
        return BACKEND_CONFLICT;
    case S3_UNKNOWN:
    case S3_FAILED:
        break;
    }
    return BACKEND_FAILED;
}

static enum backend_result bucket_read(struct backend *backend, struct arena *arena,
    const char *name, char **ret_bytes, size_t *ret_length, const char **ret_etag,
    struct diags *diags)
{
    struct bucket *bucket = bucket_of(backend);
    struct s3_object object = {0};
    enum s3_result result = s3_get(bucket->s3, arena, key_of(arena, bucket, name), &object, diags);
    if (result == S3_OK) {
        *ret_bytes = object.bytes;
        *ret_length = object.length;
        *ret_etag = object.etag;
    }
    return result_of(bucket, result);
}

static enum backend_result bucket_write(struct backend *backend, struct arena *arena,
    const char *name, const void *bytes, size_t length, const char *expect, const char **ret_etag,
    struct diags *diags)
{
    struct bucket *bucket = bucket_of(backend);
    struct s3_write write = {
        .key = key_of(arena, bucket, name), .bytes = bytes, .length = length, .expect = expect};
    return result_of(bucket, s3_put(bucket->s3, arena, &write, ret_etag, diags));
}

static enum backend_result bucket_list(struct backend *backend, struct arena *arena,
    const char *prefix, struct strings *ret_names, struct diags *diags)
{
    struct bucket *bucket = bucket_of(backend);
    struct strings keys = {0}, names = {0};
    size_t above = strlen(bucket->options.prefix) + 1;
    enum s3_result result = s3_list(bucket->s3, arena, key_of(arena, bucket, prefix), &keys, diags);
    for (size_t i = 0; i < keys.count; i++)
        strings_add(arena, &names, keys.at[i] + above);
    *ret_names = names;
    return result_of(bucket, result);
}

static enum backend_result bucket_remove(
    struct backend *backend, const char *name, struct diags *diags)
{
    struct bucket *bucket = bucket_of(backend);
    CLEANUP_ARENA struct arena *scratch = arena_new();
    return result_of(bucket, s3_delete(bucket->s3, key_of(scratch, bucket, name), diags));
}

static enum backend_result bucket_remove_many(
    struct backend *backend, const struct strings *names, struct diags *diags)
{
    struct bucket *bucket = bucket_of(backend);
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct strings keys = {0};
    for (size_t i = 0; i < names->count; i++)
        strings_add(scratch, &keys, key_of(scratch, bucket, names->at[i]));
    return result_of(bucket, s3_delete_many(bucket->s3, &keys, diags));
}

static int64_t bucket_now(struct backend *backend)
{
    return s3_now(bucket_of(backend)->s3);
}

static const char *bucket_place(struct backend *backend, struct diags *diags)
{
    return s3_place(bucket_of(backend)->s3, diags);
}

static void bucket_close(struct backend *backend)
{
    struct bucket *bucket = bucket_of(backend);
    bucket->s3 = s3_free(bucket->s3);
}

/* --- whether conditions hold ------------------------------------------------------------------ */

struct look {
    struct bucket *bucket;
    struct arena *arena;
    struct diags *diags;
    const char *key, *other; /* other: never there */
    const char *text, *etag; /* as it was written last, where that was right */
    const char *broken;      /* the first thing that is not as it must be */
    bool failed;             /* it could not be found out */
};

/* One write, whose end is known: a conflict with something else is tried again. */
static enum s3_result try_write(
    struct look *look, const char *key, const char *expect, const char **ret_etag)
{
    enum { TRIES = 4 };
    const char *text = arena_printf(look->arena, "{\"probe\":\"%s\"}\n", digest_uuid(look->arena));
    struct s3_write write = {.key = key, .bytes = text, .length = strlen(text), .expect = expect};
    enum s3_result result = S3_UNKNOWN;
    for (unsigned try = 0; try < TRIES && result == S3_UNKNOWN; try++) {
        struct diags ignored = diags_init(look->arena);
        bool last = try + 1 == TRIES;
        result =
            s3_put(look->bucket->s3, look->arena, &write, ret_etag, last ? look->diags : &ignored);
        if (result == S3_FAILED && !last) /* for its diagnostic: such an end comes again */
            result = s3_put(look->bucket->s3, look->arena, &write, ret_etag, look->diags);
    }
    if (result == S3_OK)
        look->text = text;
    return result;
}

/* A write that must be carried out, or (`refuse`) must not be. */
static bool check_write(
    struct look *look, const char *key, const char *expect, bool refuse, const char *broken)
{
    const char *etag = NULL;
    if (look->broken != NULL || look->failed)
        return false;
    enum s3_result result = try_write(look, key, expect, &etag);
    look->failed = result != S3_OK && result != S3_CONFLICT;
    if (!look->failed && (result == S3_CONFLICT) != refuse)
        look->broken = broken;
    if (result == S3_OK && !refuse && text_equal(etag, look->etag))
        look->broken = "two writes of different bytes got one ETag";
    if (result == S3_OK)
        look->etag = etag;
    return !look->failed && look->broken == NULL;
}

static void check_read(struct look *look)
{
    struct s3_object object = {0};
    struct strings keys = {0};
    struct s3 *s3 = look->bucket->s3;
    if (look->broken != NULL || look->failed)
        return;
    enum s3_result result = s3_get(s3, look->arena, look->key, &object, look->diags);
    look->failed = result != S3_OK && result != S3_ABSENT;
    if (look->failed)
        return;
    if (result == S3_ABSENT || !text_equal(object.bytes, look->text))
        look->broken = "what was written last is not what is read";
    else if (!text_equal(object.etag, look->etag))
        look->broken = "a read tells another ETag than the write did";
    if (look->broken != NULL)
        return;
    look->failed = s3_list(s3, look->arena, look->key, &keys, look->diags) != S3_OK;
    if (!look->failed && !strings_has(&keys, look->key))
        look->broken = "what was written is not in the listing";
}

/* By its own name, so that two who look at once do not meet. */
static bool bucket_probe(struct backend *backend, struct diags *diags)
{
    struct bucket *bucket = bucket_of(backend);
    CLEANUP_ARENA struct arena *scratch = arena_new();
    const char *id = digest_uuid(scratch);
    struct look look = {.bucket = bucket, .arena = scratch, .diags = diags};
    look.key = key_of(scratch, bucket, arena_printf(scratch, "probe-%s.json", id));
    look.other = key_of(scratch, bucket, arena_printf(scratch, "probe-%s-none.json", id));

    bool wrote = check_write(&look, look.key, S3_NEW, false,
        "an object that is not there could not "
        "be made under If-None-Match: *");
    check_write(
        &look, look.key, S3_NEW, true, "it wrote over an object in spite of If-None-Match: *");
    check_write(&look, look.key, "\"0123456789abcdef0123456789abcdef\"", true,
        "it wrote over an object in spite of If-Match with another ETag");
    const char *before = look.etag;
    check_write(&look, look.key, before, false,
        "it refused a write under If-Match with the ETag that it had told");
    check_write(&look, look.key, before, true,
        "it wrote over an object in spite of If-Match with an ETag that was past");
    check_read(&look);
    check_write(&look, look.other, before, true,
        "it made an object in spite of If-Match, which wants one to be there");

    struct strings keys = {0};
    strings_add(scratch, &keys, look.key);
    strings_add(scratch, &keys, look.other);
    /* Nothing of a probe is left behind; and what is removed here is a right that apply needs. */
    if (wrote && s3_delete_many(bucket->s3, &keys, diags) != S3_OK)
        look.failed = true;
    if (look.broken == NULL)
        return !look.failed;
    const char *place = s3_place(bucket->s3, diags);
    struct diag *diag = diag_add(diags, "LF452", "%s does not honour conditional writes: %s",
        place == NULL ? bucket->shown : place, look.broken);
    diag->fix = "keep the state where they are honoured (AWS S3, Cloudflare R2, MinIO, Ceph); "
                "no state was written here";
    return false;
}

/* ---------------------------------------------------------------------------------------------- */

static struct backend *bucket_again(
    struct backend *backend, struct arena *arena, struct diags *diags);

static const struct backend_ops bucket_ops = {
    .show = bucket_show,
    .read = bucket_read,
    .write = bucket_write,
    .list = bucket_list,
    .remove = bucket_remove,
    .remove_many = bucket_remove_many,
    .again = bucket_again,
    .now = bucket_now,
    .place = bucket_place,
    .probe = bucket_probe,
    .close = bucket_close,
};

static struct backend *bucket_again(
    struct backend *backend, struct arena *arena, struct diags *diags)
{
    (void)diags;
    const struct bucket *bucket = bucket_of(backend);
    struct backend_s3_options options = {
        .s3 = bucket->options, .ttl_seconds = bucket->backend.ttl_seconds};
    return backend_s3_open(arena, bucket->aws, &options);
}

struct backend *backend_s3_open(
    struct arena *arena, struct aws *aws, const struct backend_s3_options *options)
{
    struct bucket *bucket = ARENA_NEW(arena, struct bucket);
    bucket->backend =
        (struct backend){.ops = &bucket_ops, .leased = true, .ttl_seconds = options->ttl_seconds};
    bucket->aws = aws;
    bucket->options = options->s3;
    bucket->options.bucket = arena_strdup(arena, options->s3.bucket);
    bucket->options.prefix = arena_strdup(arena, options->s3.prefix);
    bucket->options.endpoint = arena_strdup(arena, options->s3.endpoint);
    bucket->options.encryption = arena_strdup(arena, options->s3.encryption);
    bucket->options.kms_key = arena_strdup(arena, options->s3.kms_key);
    bucket->options.ca_file = arena_strdup(arena, options->s3.ca_file);
    bucket->shown = arena_printf(arena, "s3://%s/%s", options->s3.bucket, options->s3.prefix);
    bucket->s3 = s3_new(aws, &bucket->options);
    return &bucket->backend;
}
