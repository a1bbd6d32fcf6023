/* Values from Secrets Manager and from the parameter store, many with one request. */
#include "client/aws_secrets.h"

#include "base/fail.h"
#include "base/text.h"
#include "value/read.h"

#define MANAGER "secretsmanager:"
#define STORE "ssm:"
#define MANAGER_MOST 20 /* of BatchGetSecretValue */
#define STORE_MOST 10   /* of GetParameters */

struct aws_secrets {
    struct aws *aws;
    struct exchange *exchange; /* NULL until needed */
    char *fallback_region;
};

/** One secret or parameter, whatever number of references lead to it. */
struct item {
    const char *id, *region;
    const char *value, *reason;
};

struct reading {
    struct aws_secrets *source;
    struct arena *arena; /* secret */
    struct diags diags;  /* of the credentials; its arena is the same */
    const char *standard_region;
    bool region_known;
    VEC(struct item) items;
};

/** Some items of one region. */
struct batch {
    struct item *at[MANAGER_MOST];
    size_t count;
};

struct aws_secrets *aws_secrets_new(struct aws *aws, const char *fallback_region)
{
    struct aws_secrets *source = calloc(1, sizeof(*source));

    if (source == NULL)
        fail_memory();
    source->aws = aws;
    if (fallback_region != NULL) {
        source->fallback_region = strdup(fallback_region);
        if (source->fallback_region == NULL)
            fail_memory();
    }
    return source;
}

struct aws_secrets *aws_secrets_free(struct aws_secrets *source)
{
    if (source == NULL)
        return NULL;
    exchange_free(source->exchange);
    free(source->fallback_region);
    free(source);
    return NULL;
}

/* ------------------------------------------------------------------ what is wanted */

/** Why nobody can be asked: the last diagnostic of the search for credentials or region. */
static const char *no_access(const struct reading *r)
{
    if (r->diags.list.count == 0)
        return "AWS cannot be asked";
    const struct diag *diag = &r->diags.list.at[r->diags.list.count - 1];
    return arena_printf(r->arena, "%s%s%s%s", diag->message, diag->fix != NULL ? " (" : "",
        diag->fix != NULL ? diag->fix : "", diag->fix != NULL ? ")" : "");
}

/** arn:aws:SERVICE:REGION:..., else the region that holds for all; NULL: none is known. */
static const char *region_of(struct reading *r, const char *id)
{
    if (text_starts(id, "arn:")) {
        const char *at = id;
        for (int colons = 0; colons < 3 && at != NULL; colons++) {
            at = strchr(at, ':');
            at = at != NULL ? at + 1 : NULL;
        }
        size_t length = at != NULL ? strcspn(at, ":") : 0;
        if (length > 0 && at[length] == ':')
            return arena_strndup(r->arena, at, length);
    }
    if (!r->region_known) {
        r->region_known = true;
        r->standard_region = aws_region_around(r->source->aws);
        if (r->standard_region == NULL)
            r->standard_region = r->source->fallback_region;
        if (r->standard_region == NULL)
            r->standard_region = aws_region(r->source->aws, &r->diags);
    }
    return r->standard_region;
}

static struct item *item_of(struct reading *r, const char *id)
{
    VEC_EACH(item, &r->items) {
        if (strcmp(item->id, id) == 0)
            return item;
    }
    struct item *item = VEC_ADD(r->arena, &r->items);
    item->id = id;
    item->region = region_of(r, id);
    if (item->region == NULL)
        item->reason = no_access(r);
    return item;
}

/** The id in a reference: without its form, without "#KEY". */
static const char *id_of(struct arena *arena, const char *reference)
{
    const char *id = strchr(reference, ':') + 1;
    return text_starts(reference, MANAGER) ? arena_strndup(arena, id, strcspn(id, "#")) : id;
}

/** The next items of one region that nothing is known of. */
static struct batch next_batch(struct reading *r, size_t most)
{
    struct batch batch = {.count = 0};

    VEC_EACH(item, &r->items) {
        if (item->value != NULL || item->reason != NULL || batch.count == most)
            continue;
        if (batch.count == 0 || strcmp(batch.at[0]->region, item->region) == 0)
            batch.at[batch.count++] = item;
    }
    return batch;
}

/* ------------------------------------------------------------------ what is said when it fails */

static const char *partition_of(const char *region)
{
    if (text_starts(region, "cn-"))
        return "aws-cn";
    return text_starts(region, "us-gov-") ? "aws-us-gov" : "aws";
}

/** The policy that is missing, in IAM's words. */
static const char *statement(
    const struct reading *r, const struct item *item, const char *action, const char *message)
{
    struct arena *arena = r->arena;
    bool manager = text_starts(action, MANAGER);

    if (strstr(message, "kms:Decrypt") != NULL)
        return "{\"Effect\": \"Allow\", \"Action\": \"kms:Decrypt\", \"Resource\": \"ARN of the "
               "key\"}";
    const char *resource =
        text_starts(item->id, "arn:")
            ? item->id
            : arena_printf(arena, "arn:%s:%s:%s:*:%s%s%s", partition_of(item->region),
                  manager ? "secretsmanager" : "ssm", item->region,
                  manager ? "secret:" : (*item->id == '/' ? "parameter" : "parameter/"), item->id,
                  manager ? "-??????" : "");
    return arena_printf(arena, "{\"Effect\": \"Allow\", \"Action\": \"%s\", \"Resource\": \"%s\"}",
        action, resource);
}

static bool is_denied(const char *code)
{
    return text_starts(code, "AccessDenied");
}

/** The reason for a code of AWS. */
static const char *reason_of(const struct reading *r, const struct item *item, const char *action,
    const char *code, const char *message)
{
    const char *what = text_starts(action, MANAGER) ? "secret" : "parameter";
    const char *who = aws_source(r->source->aws);

    if (is_denied(code))
        return arena_printf(r->arena,
            "AWS (%s) does not let %s read the %s %s: %s; what is missing: %s", item->region,
            who != NULL ? who : "us", what, item->id, message, statement(r, item, action, message));
    if (strcmp(code, "ResourceNotFoundException") == 0 || strcmp(code, "ParameterNotFound") == 0)
        return arena_printf(r->arena,
            "there is no %s %s in the region %s that was asked (another region is named by an ARN "
            "or "
            "by AWS_REGION; credentials: %s)",
            what, item->id, item->region, who != NULL ? who : "none");
    if (strcmp(code, "DecryptionFailure") == 0 || strcmp(code, "InvalidKeyId") == 0)
        return arena_printf(r->arena,
            "the %s %s in %s cannot be decrypted: is its KMS key enabled, and may we use it "
            "(kms:Decrypt)? %s",
            what, item->id, item->region, message);
    return arena_printf(r->arena, "AWS (%s) did not give the %s %s: %s%s%s", item->region, what,
        item->id, code, *message != '\0' ? ": " : "", message);
}

/** One request; NULL with a reason for each of the batch when there is no answer to read. A refusal
 *  sets `ret_error`, and no reason. */
static const struct node *ask(struct reading *r, const struct batch *batch, const char *service,
    const char *target, const struct node *wanted, struct aws_error *ret_error)
{
    CLEANUP_BUF struct buf body = BUF_INIT(0);
    const char *fault = NULL;
    size_t before = r->diags.errors;

    *ret_error = (struct aws_error){.code = "", .message = ""};
    if (r->source->exchange == NULL)
        r->source->exchange = exchange_new();
    node_json(wanted, &body);
    struct aws_call call = {
        .service = service, .region = batch->at[0]->region, .target = target, .body = &body};
    struct exchange_reply reply =
        aws_post(r->source->aws, r->source->exchange, r->arena, &call, &r->diags);
    if (reply.outcome == OUTCOME_ANSWERED && reply.status == 200) {
        const struct node *answer = json_read(r->arena, reply.body, reply.length, &fault);
        if (node_is(answer, NODE_MAP))
            return answer;
        fault = "the answer is no JSON object";
    } else if (reply.outcome == OUTCOME_ANSWERED) {
        *ret_error = aws_error_read(r->arena, reply.body, reply.length);
        if (*ret_error->code != '\0')
            return NULL;
        fault = arena_printf(r->arena, "status %d", reply.status);
    } else {
        fault =
            r->diags.errors > before ? no_access(r) : text_printable(r->arena, reply.reason, false);
    }
    for (size_t i = 0; i < batch->count; i++)
        batch->at[i]->reason =
            arena_printf(r->arena, "AWS (%s in %s): %s", service, batch->at[0]->region, fault);
    return NULL;
}

static struct node *names_of(struct arena *arena, const struct batch *batch)
{
    struct node *names = node_list(arena);

    for (size_t i = 0; i < batch->count; i++)
        node_list_add(arena, names, node_string(arena, batch->at[i]->id));
    return names;
}

/* ------------------------------------------------------------------ Secrets Manager */

static void take_secret(const struct reading *r, struct item *item, const struct node *answer)
{
    item->value = node_get_text(answer, "SecretString");
    if (item->value == NULL)
        item->reason = arena_printf(r->arena, "the secret %s in %s holds %s, and no text", item->id,
            item->region,
            node_get_text(answer, "SecretBinary") != NULL ? "binary data" : "no value");
}

static void read_one_secret(struct reading *r, struct item *item)
{
    struct batch alone = {.at = {item}, .count = 1};
    struct node *wanted = node_map(r->arena);
    struct aws_error error;

    node_set_string(r->arena, wanted, "SecretId", item->id);
    const struct node *answer =
        ask(r, &alone, "secretsmanager", "secretsmanager.GetSecretValue", wanted, &error);
    if (answer != NULL)
        take_secret(r, item, answer);
    else if (item->reason == NULL)
        item->reason =
            reason_of(r, item, "secretsmanager:GetSecretValue", error.code, error.message);
}

/** An id is a name, an ARN, or an ARN without the six characters that AWS adds. */
static bool is_secret(const char *id, const struct node *answer)
{
    const char *name = node_get_text(answer, "Name"), *arn = node_get_text(answer, "ARN");
    size_t length = strlen(id);

    if (text_equal(id, name) || text_equal(id, arn))
        return true;
    return arn != NULL && text_starts(id, "arn:") && text_starts(arn, id) && arn[length] == '-' &&
           strlen(arn) == length + 7;
}

static void take_secrets(
    const struct reading *r, const struct batch *batch, const struct node *answer)
{
    const struct node *values = node_get(answer, "SecretValues");
    const struct node *errors = node_get(answer, "Errors");

    for (size_t i = 0; i < batch->count; i++) {
        struct item *item = batch->at[i];
        for (uint32_t v = 0; node_is(values, NODE_LIST) && v < values->count; v++) {
            if (item->value == NULL && is_secret(item->id, values->items[v]))
                take_secret(r, item, values->items[v]);
        }
        for (uint32_t e = 0; node_is(errors, NODE_LIST) && e < errors->count; e++) {
            const struct node *error = errors->items[e];
            const char *code = node_get_text(error, "ErrorCode");
            const char *message = node_get_text(error, "Message");
            if (item->value != NULL || code == NULL ||
                !text_equal(node_get_text(error, "SecretId"), item->id))
                continue;
            item->reason = reason_of(r, item, "secretsmanager:GetSecretValue",
                text_printable(r->arena, code, false),
                text_printable(r->arena, message != NULL ? message : "", false));
        }
    }
}

static void read_secrets(struct reading *r)
{
    bool one_by_one = false;

    for (;;) {
        struct batch batch = next_batch(r, one_by_one ? 1 : MANAGER_MOST);
        struct aws_error error = {.code = "", .message = ""};
        if (batch.count == 0)
            return;
        /* One is read with the right that reading one takes. */
        if (batch.count > 1) {
            struct node *wanted = node_map(r->arena);
            node_set(r->arena, wanted, "SecretIdList", names_of(r->arena, &batch));
            const struct node *answer = ask(
                r, &batch, "secretsmanager", "secretsmanager.BatchGetSecretValue", wanted, &error);
            if (answer != NULL)
                take_secrets(r, &batch, answer);
            one_by_one = one_by_one || *error.code != '\0';
        }
        /* What was not allowed as a batch, and what a batch did not mention. */
        for (size_t i = 0; i < batch.count; i++) {
            if (batch.at[i]->value == NULL && batch.at[i]->reason == NULL)
                read_one_secret(r, batch.at[i]);
        }
    }
}

/** A member of the JSON in a secret: a text, or what stands there of a number or a boolean. */
static void take_key(
    struct arena *arena, const struct item *item, const char *key, struct secrets_ask *ask)
{
    const char *reason = NULL;
    const struct node *map = json_read(arena, item->value, strlen(item->value), &reason);
    const struct node *member = node_get(map, key);
    struct strings names = {0};

    if (!node_is(map, NODE_MAP)) {
        ask->reason = arena_printf(arena,
            "the secret %s in %s is no JSON object, so it has no key %s; without `key:` it is "
            "taken "
            "whole",
            item->id, item->region, key);
        return;
    }
    if (node_is(member, NODE_STRING)) {
        ask->value = member->text;
        return;
    }
    if (member != NULL && !node_is(member, NODE_NULL) && !node_is(member, NODE_MAP) &&
        !node_is(member, NODE_LIST)) {
        ask->value = node_json_text(arena, member);
        return;
    }
    for (uint32_t i = 0; i < map->count; i++)
        strings_add(arena, &names, map->pairs[i].key);
    const char *nearest = member == NULL ? text_nearest(key, &names) : NULL;
    ask->reason = arena_printf(arena, "the secret %s in %s %s %s%s%s%s", item->id, item->region,
        member == NULL ? "has no key" : "has under this key no text:", key,
        nearest != NULL ? " (did you mean " : "", nearest != NULL ? nearest : "",
        nearest != NULL ? "?)" : "");
}

static struct reading begin(struct aws_secrets *source, struct arena *arena)
{
    return (struct reading){.source = source, .arena = arena, .diags = diags_init(arena)};
}

static void read_manager(void *context, struct arena *arena, struct secrets_ask *asks, size_t count)
{
    struct reading r = begin(context, arena);

    for (size_t i = 0; i < count; i++)
        item_of(&r, id_of(arena, asks[i].reference));
    read_secrets(&r);
    for (size_t i = 0; i < count; i++) {
        const struct item *item = item_of(&r, id_of(arena, asks[i].reference));
        const char *key = strchr(asks[i].reference, '#');
        asks[i].reason = item->reason;
        if (item->value != NULL && key != NULL)
            take_key(arena, item, key + 1, &asks[i]);
        else
            asks[i].value = item->value;
    }
}

/* ------------------------------------------------------------------ the parameter store */

/** An id may be an ARN, and may end in ":VERSION" or ":LABEL". */
static bool is_parameter(struct arena *arena, const char *id, const struct node *answer)
{
    const char *name = node_get_text(answer, "Name"), *arn = node_get_text(answer, "ARN");
    const char *selector = node_get_text(answer, "Selector");

    if (text_equal(id, name) || text_equal(id, arn))
        return true;
    return selector != NULL &&
           ((name != NULL && strcmp(id, arena_printf(arena, "%s%s", name, selector)) == 0) ||
               (arn != NULL && strcmp(id, arena_printf(arena, "%s%s", arn, selector)) == 0));
}

static void take_parameters(
    const struct reading *r, const struct batch *batch, const struct node *answer)
{
    const struct node *values = node_get(answer, "Parameters");

    for (size_t i = 0; i < batch->count; i++) {
        struct item *item = batch->at[i];
        for (uint32_t v = 0; node_is(values, NODE_LIST) && v < values->count; v++) {
            if (is_parameter(r->arena, item->id, values->items[v]))
                item->value = node_get_text(values->items[v], "Value");
        }
        if (item->value == NULL)
            item->reason = reason_of(r, item, "ssm:GetParameters", "ParameterNotFound", "");
    }
}

static void read_store(void *context, struct arena *arena, struct secrets_ask *asks, size_t count)
{
    struct reading r = begin(context, arena);
    size_t most = STORE_MOST;

    for (size_t i = 0; i < count; i++)
        item_of(&r, id_of(arena, asks[i].reference));
    for (struct batch batch = next_batch(&r, most); batch.count > 0; batch = next_batch(&r, most)) {
        struct node *wanted = node_map(arena);
        struct aws_error error;
        node_set(arena, wanted, "Names", names_of(arena, &batch));
        node_set_bool(arena, wanted, "WithDecryption", true);
        const struct node *answer =
            ask(&r, &batch, "ssm", "AmazonSSM.GetParameters", wanted, &error);
        if (answer != NULL)
            take_parameters(&r, &batch, answer);
        else if (*error.code != '\0' && batch.count == 1)
            batch.at[0]->reason =
                reason_of(&r, batch.at[0], "ssm:GetParameters", error.code, error.message);
        else if (*error.code != '\0')
            most = 1; /* one that may not be read refuses them all: ask for each by itself */
    }
    for (size_t i = 0; i < count; i++) {
        const struct item *item = item_of(&r, id_of(arena, asks[i].reference));
        asks[i].value = item->value;
        asks[i].reason = item->reason;
    }
}

void aws_secrets_attach(struct aws_secrets *source, struct secrets *secrets)
{
    secrets_source(secrets,
        &(struct secrets_reader){.prefix = MANAGER, .read = read_manager, .context = source});
    secrets_source(
        secrets, &(struct secrets_reader){.prefix = STORE, .read = read_store, .context = source});
}
