/* Typing of the sections that belong to no kind, and of the document as a whole. */
#include "base/file.h"
#include "base/text.h"
#include "spec/inner.h"

#include <stdlib.h>
#include <string.h>

static struct strings rule_names(const struct typing *t, const struct rule *rules)
{
    struct strings names = {0};
    for (const struct rule *rule = rules; rule->field.name != NULL && !tired(t); rule++)
        strings_add(t->arena, &names, rule->field.name);
    return names;
}

static void missing_rules(struct typing *t, const struct rule *rules, const struct node *node,
    struct span where, const char *owner)
{
    for (const struct rule *rule = rules; rule->field.name != NULL; rule++) {
        const struct field *field = &rule->field;
        if ((field->flags & FIELD_REQUIRED) == 0 || !is_null(node_get(node, field->name)))
            continue;
        const char *fix = arena_printf(t->arena, "add \"%s\": %s", field->name, field->doc);
        diag_at(t->diags, "LF013", where, fix, "%s has no \"%s\"", owner, field->name);
    }
}

static struct node *type_object(struct typing *t, const struct rule *rules, const struct node *node,
    struct span where, const char *owner)
{
    if (!node_is(node, NODE_MAP))
        return wrong_type(t, node, owner, "a map of keys", NULL);
    struct node *out = placed(node_map(t->arena), node);
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        const struct rule *rule = rule_by_name(rules, pair->key);
        if (rule == NULL) {
            struct strings known = rule_names(t, rules);
            unknown_key(t, pair, arena_printf(t->arena, "\"%s\"", owner), &known);
            continue;
        }
        struct node *value =
            is_null(pair->value) ? NULL : type_rule(t, rule, pair->value, pair_span(pair));
        if (value != NULL)
            put_pair(t->arena, out, pair, value);
    }
    missing_rules(t, rules, node, where, arena_printf(t->arena, "\"%s\"", owner));
    return out;
}

static struct node *type_objects(struct typing *t, const struct rule *rule, const struct node *node)
{
    const char *name = rule->field.name;
    if (!node_is(node, NODE_LIST))
        return wrong_type(t, node, name, "a list of maps", NULL);
    struct node *out = placed(node_list(t->arena), node);
    for (uint32_t i = 0; i < node->count; i++) {
        const struct node *item = node->items[i];
        struct node *typed = type_object(t, rule->rules, item, node_span(item), name);
        if (typed != NULL)
            node_list_add(t->arena, out, typed);
    }
    return out;
}

/* ------------------------------------------------------------------ secrets of the cluster */

/* A name of Kubernetes: RFC 1123, with dots; of a key in a Secret also capitals and underscores. */
static bool cluster_name(struct typing *t, const struct pair *pair, bool key)
{
    const char *takes = key ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
                            : "abcdefghijklmnopqrstuvwxyz0123456789-.";
    size_t length = strlen(pair->key);
    bool good = length > 0 && length <= 253 && pair->key[strspn(pair->key, takes)] == '\0';
    if (good)
        return true;
    diag_at(t->diags, "LF028", pair_span(pair),
        key ? "use letters, digits, - _ ." : "use small letters, digits, - .",
        "\"%.60s\" cannot be the name of %s", pair->key, key ? "a key in a Secret" : "a Secret");
    return false;
}

static struct node *type_cluster_secret(struct typing *t, const struct pair *secret)
{
    if (!node_is(secret->value, NODE_MAP)) {
        hide_secret(t, secret->value);
        diag_at(t->diags, "LF011", node_span(secret->value), "write { KEY: { env: NAME } }",
            "\"%s\" takes a map of keys to secret references", secret->key);
        return NULL;
    }
    struct node *out = placed(node_map(t->arena), secret->value);
    for (uint32_t i = 0; i < secret->value->count; i++) {
        const struct pair *pair = &secret->value->pairs[i];
        if (!cluster_name(t, pair, true) || is_null(pair->value))
            continue;
        struct node *value = type_secret(t, pair->value);
        if (value != NULL)
            put_pair(t->arena, out, pair, value);
    }
    return out;
}

static struct node *type_named(struct typing *t, const struct rule *rule, const struct node *node)
{
    if (!node_is(node, NODE_MAP))
        return wrong_type(t, node, rule->field.name, "a map of names of Secrets", NULL);
    struct node *out = placed(node_map(t->arena), node);
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        if (!cluster_name(t, pair, false))
            continue;
        struct node *value = type_cluster_secret(t, pair);
        if (value != NULL)
            put_pair(t->arena, out, pair, value);
    }
    return out;
}

/* ------------------------------------------------------------------ single values */

static struct node *type_text_map(
    struct typing *t, const struct rule *rule, const struct node *node)
{
    static const struct field text = {.type = FIELD_TEXT};
    if (!node_is(node, NODE_MAP))
        return wrong_type(t, node, rule->field.name, "a map of names to texts", NULL);
    struct node *out = placed(node_map(t->arena), node);
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        if (is_null(pair->value))
            continue;
        struct node *value = type_value(t, &text, pair->value, pair->key);
        if (value != NULL)
            put_pair(t->arena, out, pair, value);
    }
    return out;
}

/* `{ env: NAME, default: TEXT }` for a value that is no secret: it is looked up now. */
static struct node *type_place(struct typing *t, const struct rule *rule, const struct node *node)
{
    static const struct field text = {.type = FIELD_TEXT};
    const char *key = rule->field.name;
    if (!node_is(node, NODE_MAP))
        return type_value(t, &text, node, key);
    const char *name = node_get_text(node, "env"), *otherwise = node_get_text(node, "default");
    if (name == NULL || node->count != 1u + (otherwise != NULL))
        return wrong_type(
            t, node, key, "a text, { env: NAME } or { env: NAME, default: TEXT }", NULL);
    const char *value = getenv(name);
    if (value == NULL || *value == '\0')
        value = otherwise;
    if (value != NULL)
        return placed(node_string(t->arena, value), node);
    diag_at(t->diags, "LF021", node_span(node), arena_printf(t->arena, "export %s=...", name),
        "\"%s\" is taken from the variable %s, which is not set", key, name);
    return NULL;
}

static struct node *type_url(struct typing *t, const struct rule *rule, const struct node *node)
{
    struct node *url = type_place(t, rule, node);
    if (url == NULL)
        return NULL;
    size_t length = strlen(url->text);
    size_t scheme = text_starts(url->text, "https://")  ? 8
                    : text_starts(url->text, "http://") ? 7
                                                        : 0;
    const char *host = url->text + scheme;
    size_t host_length = strcspn(host, "/?#");
    const char *why = NULL;
    if (scheme == 0)
        why = "begins with neither https:// nor http://";
    else if (host_length == 0 || strcspn(url->text, " \t\r\n\"<>\\") != length)
        why = "is no URL";
    else if (memchr(host, '@', host_length) != NULL)
        why = "holds a user or password";
    else if (strpbrk(host, "?#") != NULL)
        why = "holds a query";
    if (why != NULL) {
        if (memchr(url->text, '@', length) != NULL)
            reading_blank(t->reading, node_span(node)); /* the snippet would show a password */
        diag_at(t->diags, "LF012", node_span(node), "write https://HOST", "\"%s\" %s",
            rule->field.name, why);
        return NULL;
    }
    while (length > scheme && url->text[length - 1] == '/')
        length--;
    return placed(node_string_n(t->arena, url->text, length), node);
}

static struct node *type_file(struct typing *t, const struct rule *rule, const struct node *node)
{
    struct node *path = type_place(t, rule, node);
    if (path == NULL)
        return NULL;
    const char *folder = reading_folder(t->reading, node->file);
    return placed(node_string(t->arena, file_join(t->arena, folder, path->text)), node);
}

static struct node *type_master_key(struct typing *t, const struct node *node, struct span where)
{
    const struct node *previous = node_get(node, "previous");
    if (previous == NULL)
        return type_secret(t, node);
    struct node *current = node_copy_shallow(t->arena, node);
    node_unset(current, "previous");
    struct node *out = placed(node_map(t->arena), node);
    if (current->count == 0) {
        diag_at(t->diags, "LF025", where, "write { env: NAME, previous: { env: OTHER } }",
            "\"previous\" stands without the key that is in force");
        return NULL;
    }
    struct node *now = type_secret(t, current);
    struct node *before = is_null(previous) ? NULL : type_secret(t, previous);
    if (now == NULL || (before == NULL && !is_null(previous)))
        return NULL;
    node_set(t->arena, out, "current", now);
    if (before != NULL)
        node_set(t->arena, out, "previous", before);
    return out;
}

static struct node *type_threshold(
    struct typing *t, const struct rule *rule, const struct node *node)
{
    const char *text = node_text(node);
    size_t digits = text == NULL ? 0 : strspn(text, "0123456789");
    bool percent = digits > 0 && strcmp(text + digits, "%") == 0;
    bool good = digits > 0 && digits < 8 && (percent || text[digits] == '\0');
    if (!good)
        return wrong_type(
            t, node, rule->field.name, "a number or a share in percent", "such as 10% or 3");
    if (percent && strtoul(text, NULL, 10) > 100) {
        diag_at(t->diags, "LF012", node_span(node), "write at most 100%", "\"%s\" is above 100%%",
            rule->field.name);
        return NULL;
    }
    return placed(node_string(t->arena, text), node);
}

/* ------------------------------------------------------------------ policy */

/* How the policy calls a kind: by its section, members by what their plural is. */
static char *ownership_key(struct arena *arena, const struct kind *kind)
{
    return kind->section != NULL ? arena_strdup(arena, kind->section)
                                 : arena_printf(arena, "%ss", kind->name);
}

static struct node *type_ownership(
    struct typing *t, const struct rule *rule, const struct node *node)
{
    static const char *const levels[] = {"full", "keep", "ignore", NULL};
    static const struct field level = {.type = FIELD_CHOICE, .choices = levels};
    if (!node_is(node, NODE_MAP))
        return wrong_type(t, node, rule->field.name, "a map of sections", NULL);
    struct strings known = {0};
    for (size_t i = 0; i < t->kinds->count; i++)
        strings_add(t->arena, &known, ownership_key(t->arena, t->kinds->at[i]));
    struct node *out = placed(node_map(t->arena), node);
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        if (!strings_has(&known, pair->key)) {
            unknown_key(t, pair, "\"ownership\"", &known);
            continue;
        }
        if (is_null(pair->value))
            continue;
        struct node *value = type_value(t, &level, pair->value, pair->key);
        if (value != NULL)
            put_pair(t->arena, out, pair, value);
    }
    return out;
}

/* Rules, LF1xx, have a level that the policy may set; what is wrong in itself has none. */
static struct strings rule_ids(struct arena *arena)
{
    struct strings ids = {0};
    for (const struct catalog_entry *entry = diag_catalog; entry->id != NULL; entry++) {
        if (text_starts(entry->id, "LF1"))
            strings_add(arena, &ids, entry->id);
    }
    return ids;
}

static struct node *type_lint(struct typing *t, const struct rule *rule, const struct node *node)
{
    static const char *const levels[] = {"error", "warning", "info", "off", NULL};
    static const struct field level = {.type = FIELD_CHOICE, .choices = levels};
    if (!node_is(node, NODE_MAP))
        return wrong_type(t, node, rule->field.name, "a map of rules", NULL);
    struct strings known = rule_ids(t->arena);
    struct node *out = placed(node_map(t->arena), node);
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        if (!strings_has(&known, pair->key)) {
            unknown_key(t, pair, "\"lint\"", &known);
            continue;
        }
        struct node *value =
            is_null(pair->value) ? NULL : type_value(t, &level, pair->value, pair->key);
        if (value != NULL)
            put_pair(t->arena, out, pair, value);
    }
    return out;
}

/* Sections that have no kind of their own yet, by what their addresses begin with. */
static const char *const other_kinds[] = {"secret", "release", "ingress"};

static struct strings address_kinds(const struct typing *t)
{
    struct strings names = {0};
    for (size_t i = 0; i < sizeof(other_kinds) / sizeof(other_kinds[0]); i++)
        strings_add(t->arena, &names, other_kinds[i]);
    for (size_t i = 0; i < t->kinds->count; i++)
        strings_add(t->arena, &names, t->kinds->at[i]->name);
    return names;
}

bool address_known_kind(const struct typing *t, const char *address)
{
    size_t length = strcspn(address, "/");
    const char *kind = arena_strndup(t->arena, address, length);
    struct strings known = address_kinds(t);
    return address[length] == '/' && address[length + 1] != '\0' && strings_has(&known, kind);
}

static struct node *type_addresses(
    struct typing *t, const struct rule *rule, const struct node *node)
{
    static const struct field texts = {.type = FIELD_TEXTS};
    struct node *list = type_value(t, &texts, node, rule->field.name);
    struct node *out = list == NULL ? NULL : placed(node_list(t->arena), node);
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const char *text = list->items[i]->text;
        if (text[0] == '*' || address_known_kind(t, text)) {
            node_list_add(t->arena, out, list->items[i]);
            continue;
        }
        struct strings known = address_kinds(t);
        const char *kind = arena_strndup(t->arena, text, strcspn(text, "/"));
        const char *fix = guess(t, kind, &known);
        if (strings_has(&known, kind))
            fix = arena_printf(t->arena, "write %s/NAME", kind);
        else if (fix == NULL)
            fix = arena_printf(
                t->arena, "write KIND/NAME with one of %s", list_of(t->arena, &known, 20));
        diag_at(t->diags, "LF012", node_span(list->items[i]), fix,
            "\"%.60s\" in \"%s\" is no address", text, rule->field.name);
    }
    return out;
}

/* ------------------------------------------------------------------ sections and document */

/* What a set-up of Terraform has for its lock, by the names it has there. */
static const char *const lock_tables[] = {
    "dynamodb_table", "dynamodb_endpoint", "lock_table", "use_lockfile", "lock"};

/* `backend` without them; each is told what has taken its place. */
static const struct node *without_lock_table(struct typing *t, const struct node *backend)
{
    const struct node *s3 = node_get(backend, "s3");
    struct node *out = NULL;
    for (size_t i = 0; i < sizeof(lock_tables) / sizeof(lock_tables[0]); i++) {
        const struct pair *pair = node_pair(s3, lock_tables[i]);
        if (pair == NULL)
            continue;
        if (out == NULL)
            out = node_copy_shallow(t->arena, s3);
        node_unset(out, pair->key);
        diag_at(t->diags, "LF030", pair_span(pair),
            "take the line out; a table that nothing else uses can be removed",
            "\"%s\" is not needed: the lock lies in the bucket, beside the state", pair->key);
    }
    if (out == NULL)
        return backend;
    struct node *copy = node_copy_shallow(t->arena, backend);
    node_set(t->arena, copy, "s3", out);
    return copy;
}

static void bad_value(
    struct typing *t, const struct node *s3, const char *key, const char *why, const char *fix)
{
    const struct pair *pair = node_pair(s3, key);
    if (why != NULL && pair != NULL)
        diag_at(t->diags, "LF012", node_span(pair->value), fix, "\"%s\" %s", key, why);
}

static bool has_odd_byte(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f || *text == ':')
            return true;
    }
    return false;
}

/* The names of objects begin with it, and stand in paths that are signed. */
static const char *prefix_fault(const char *prefix)
{
    size_t length = strlen(prefix);
    if (length == 0)
        return "is empty";
    if (length > 512)
        return "is longer than 512 bytes";
    if (has_odd_byte(prefix))
        return "holds a blank or a colon, which servers sign in different ways";
    if (prefix[0] == '/' || prefix[length - 1] == '/' || strstr(prefix, "//") != NULL)
        return "has a slash at one of its ends, or two together";
    for (const char *at = prefix; *at != '\0'; at += strcspn(at, "/"), at += *at == '/') {
        size_t part = strcspn(at, "/");
        if ((part == 1 || part == 2) && strspn(at, ".") >= part)
            return "has a part that is . or ..";
    }
    return NULL;
}

static const char *bucket_fault(const char *bucket)
{
    size_t length = strlen(bucket);
    static const char taken[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    return length < 3 || length > 255 || strspn(bucket, taken) != length
               ? "cannot be the name of a bucket"
               : NULL;
}

static void check_s3(struct typing *t, const struct node *s3)
{
    const char *prefix = node_get_text(s3, "prefix"), *bucket = node_get_text(s3, "bucket");
    const char *lease = node_get_text(s3, "lease");
    int64_t seconds = 0;
    if (prefix != NULL)
        bad_value(t, s3, "prefix", prefix_fault(prefix), "write it like litellm/prod");
    if (bucket != NULL)
        bad_value(t, s3, "bucket", bucket_fault(bucket),
            "3 to 63 of a-z, 0-9, dots and hyphens; what stands below it goes into `prefix`");
    if (lease != NULL && text_duration_seconds(lease, &seconds) && (seconds < 3 || seconds > 3600))
        bad_value(t, s3, "lease", "is below 3s or above an hour", "90s does for most");
    if (text_equal(node_get_text(s3, "encryption"), "AES256") && node_get(s3, "kms_key") != NULL)
        diag_at(t->diags, "LF025", node_span(node_pair(s3, "kms_key")->value),
            "take out `encryption`, or `kms_key`",
            "\"encryption: AES256\" uses no KMS key, and \"kms_key\" names one");
}

static struct node *type_backend(
    struct typing *t, const struct rule *rule, const struct node *node, struct span where)
{
    static const char fix[] = "write `backend: local`, or `backend: { s3: { bucket: ... } }`";
    if (node_is(node, NODE_STRING) && strcmp(node->text, "local") == 0) {
        struct node *out = placed(node_map(t->arena), node);
        node_set(t->arena, out, "local", placed(node_bool(t->arena, true), node));
        return out;
    }
    if (!node_is(node, NODE_MAP))
        return wrong_type(t, node, "backend", "`local` or a map", fix);
    if (node_is(node_get(node, "s3"), NODE_MAP))
        node = without_lock_table(t, node);
    struct node *out = type_object(t, rule->rules, node, where, "backend");
    check_s3(t, node_get(out, "s3"));
    bool local = node_get_bool(out, "local", false);
    bool s3 = !is_null(node_get(node, "s3"));
    bool said = !is_null(node_get(node, "local"));
    if (local == s3 && (s3 || !said || node_get(out, "local") != NULL))
        diag_at(t->diags, "LF025", where, fix, "\"backend\" is either local or s3, here %s",
            s3 ? "are both" : "is neither");
    return out;
}

static struct node *type_extends(struct typing *t, const struct node *node)
{
    /* Reading has judged it already; after merging it is gone. */
    return placed(node_list(t->arena), node);
}

struct node *type_rule(
    struct typing *t, const struct rule *rule, const struct node *node, struct span where)
{
    const char *name = rule->field.name;
    switch (rule->shape) {
    case SHAPE_FIELD:
        return type_value(t, &rule->field, node, name);
    case SHAPE_OBJECT:
        return type_object(t, rule->rules, node, where, name);
    case SHAPE_NAMED:
        return type_named(t, rule, node);
    case SHAPE_OBJECTS:
        return type_objects(t, rule, node);
    case SHAPE_TEXTS:
        return type_extends(t, node);
    case SHAPE_TEXT_MAP:
        return type_text_map(t, rule, node);
    case SHAPE_PLACE:
        return type_place(t, rule, node);
    case SHAPE_URL:
        return type_url(t, rule, node);
    case SHAPE_FILE:
        return type_file(t, rule, node);
    case SHAPE_BACKEND:
        return type_backend(t, rule, node, where);
    case SHAPE_MASTER_KEY:
        return type_master_key(t, node, where);
    case SHAPE_THRESHOLD:
        return type_threshold(t, rule, node);
    case SHAPE_OWNERSHIP:
        return type_ownership(t, rule, node);
    case SHAPE_LINT:
        return type_lint(t, rule, node);
    case SHAPE_ADDRESSES:
        return type_addresses(t, rule, node);
    }
    return NULL;
}

static struct strings section_names(const struct typing *t)
{
    struct strings names = rule_names(t, spec_sections);
    for (size_t i = 0; i < t->kinds->count && !tired(t); i++) {
        if (t->kinds->at[i]->section != NULL)
            strings_add(t->arena, &names, t->kinds->at[i]->section);
    }
    return names;
}

struct node *type_document(struct typing *t, const struct node *raw)
{
    struct node *out = placed(node_map(t->arena), raw);
    for (uint32_t i = 0; i < raw->count; i++) {
        const struct pair *pair = &raw->pairs[i];
        const struct rule *rule = rule_by_name(spec_sections, pair->key);
        const struct kind *kind = kind_by_section(t->kinds, pair->key);
        struct node *value = NULL;
        if (rule == NULL && kind == NULL) {
            struct strings known = section_names(t);
            unknown_key(t, pair, "an environment", &known);
            continue;
        }
        if (is_null(pair->value))
            continue;
        value = kind != NULL ? type_section(t, kind, pair->value)
                             : type_rule(t, rule, pair->value, pair_span(pair));
        if (value != NULL)
            put_pair(t->arena, out, pair, value);
    }
    struct span where = {.file = raw->file, .line = 1, .column = 1};
    missing_rules(t, spec_sections, raw, where, "the environment");
    return out;
}
