/* Checks across sections: values with two homes, parts that need another, names that lead nowhere. */
#include "base/text.h"
#include "model/desired.h"
#include "spec/inner.h"

#include <string.h>

static void two_homes(struct typing *t, const struct pair *here, const struct pair *there,
    const char *first, const char *second)
{
    if (here == NULL || there == NULL || is_null(here->value) || is_null(there->value))
        return;
    struct diag *diag = diag_at(t->diags, "LF022", pair_span(there),
        arena_printf(t->arena, "keep it under \"%s\"", first), "\"%s\" and \"%s\" are one value",
        first, second);
    diag->also = pair_span(here);
    diag->also_label = "and here";
}

static void check_homes(struct typing *t, const struct node *raw)
{
    const struct node *release = node_get(raw, "release");
    const struct node *values = node_get(release, "values");
    two_homes(t, node_pair(release, "config"), node_pair(values, "proxy_config"), "release.config",
        "release.values.proxy_config");
    two_homes(t, node_pair(release, "image"), node_pair(values, "image"), "release.image",
        "release.values.image");
    two_homes(t, node_pair(raw, "ingress"), node_pair(values, "ingress"), "ingress",
        "release.values.ingress");
}

/* The same callable name from the config file and from the API: two rows, balanced by accident. */
static void check_config_name(struct typing *t, const struct map *declared, const struct node *item)
{
    const struct pair *pair = node_pair(item, "model_name");
    const char *name = pair == NULL ? NULL : node_text(pair->value);
    const struct pair *twin = name == NULL ? NULL : map_get(declared, name);
    if (twin == NULL || text_equal(node_get_text(twin->value, "also_in_config"), "true"))
        return;
    struct diag *diag = diag_at(t->diags, "LF022", node_span(pair->value),
        "take it out of one of the two, or write also_in_config: true under \"models\"",
        "model \"%s\" is declared under \"models\" and in release.config.model_list", name);
    diag->also = pair_span(twin);
    diag->also_label = "and here";
}

static void check_model_list(struct typing *t, const struct spec *spec)
{
    const struct node *models = node_get(spec->raw, "models");
    const struct node *list = node_path(spec->document, "release.config.model_list");
    if (!is_null(list) && list->type != NODE_LIST) {
        diag_at(t->diags, "LF011", node_span(list), NULL, "\"model_list\" takes a list of models");
        return;
    }
    struct map declared = map_init(t->temp);
    for (uint32_t i = 0; node_is(models, NODE_MAP) && i < models->count; i++)
        map_set(&declared, model_called(&models->pairs[i]), &models->pairs[i]);
    for (uint32_t i = 0; node_is(list, NODE_LIST) && i < list->count; i++)
        check_config_name(t, &declared, list->items[i]);
}

/* ------------------------------------------------------------------ the release */

static void written_out(struct typing *t, const struct node *map, const char *key, const char *what)
{
    const struct pair *pair = node_pair(map, key);
    const char *text = pair == NULL ? NULL : node_text(pair->value);
    if (text == NULL || *text == '\0' || text_starts(text, "os.environ/"))
        return;
    hide_secret(t, pair->value);
    diag_at(t->diags, "LF019", pair_span(pair),
        "put it into a Secret under \"secrets\" and name that in "
        "release.values.masterkeySecretName",
        "%s is written out", what);
}

/* The Deployment finds its database by a Secret of ours, by the chart's `db`, or by others' Secrets. */
static bool has_database(const struct node *raw)
{
    const struct node *secrets = node_get(raw, "secrets");
    const struct node *values = node_path(raw, "release.values");
    for (uint32_t i = 0; node_is(secrets, NODE_MAP) && i < secrets->count; i++) {
        if (!is_null(node_get(secrets->pairs[i].value, "DATABASE_URL")))
            return true;
    }
    static const char *const homes[] = {"db", "database", "environmentSecrets"};
    for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
        const struct node *home = node_get(values, homes[i]);
        if (home != NULL && home->count > 0)
            return true;
    }
    return !is_null(node_path(values, "envVars.DATABASE_URL"));
}

static void check_release(struct typing *t, const struct node *raw)
{
    const struct pair *release = node_pair(raw, "release");
    if (release == NULL || !node_is(release->value, NODE_MAP))
        return;
    const struct node *image = node_get(release->value, "image");
    written_out(t, node_get(release->value, "values"), "masterkey", "the master key");
    written_out(
        t, node_path(release->value, "config.general_settings"), "master_key", "the master key");
    /* An image without a tag is a missing key, said where the section was typed. */
    if (is_null(image) && is_null(node_path(release->value, "values.image")))
        diag_at(t->diags, "LF025", pair_span(release), "add image: { tag: v1.81.15-stable }",
            "\"release\" needs \"image.tag\": the chart's own default may not exist");
    if (!has_database(raw))
        diag_at(t->diags, "LF025", pair_span(release),
            "put DATABASE_URL into a Secret under \"secrets\", or give release.values.db",
            "\"release\" needs a database: without one nothing that is made outlives a restart");
}

static void check_cluster(struct typing *t, const struct node *raw)
{
    static const char *const sections[] = {"secrets", "release", "ingress"};
    const struct node *targets = node_get(raw, "targets");
    if (!node_is(targets, NODE_MAP) || !is_null(node_get(targets, "kubernetes")))
        return;
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        const struct pair *section = node_pair(raw, sections[i]);
        if (section == NULL || is_null(section->value))
            continue;
        diag_at(t->diags, "LF025", pair_span(section),
            "add targets.kubernetes: { context: ..., namespace: ... }",
            "\"%s\" needs \"targets.kubernetes\"", sections[i]);
        return;
    }
}

/* ------------------------------------------------------------------ names */

static void check_claude_code(struct typing *t, const struct spec *spec, const struct names *names)
{
    const struct node *tiers = node_get(spec->document, "claude_code");
    for (uint32_t i = 0; node_is(tiers, NODE_MAP) && i < tiers->count; i++) {
        if (node_is(tiers->pairs[i].value, NODE_STRING))
            model_known(t, &spec->desired, names, tiers->pairs[i].value, NULL);
    }
}

/* An address as the program writes it, or NULL after a diagnostic. */
static const char *canonical(struct typing *t, const struct node *node)
{
    const char *text = node->text;
    CLEANUP_BUF struct buf out = BUF_INIT((size_t)1 << 16);
    bool good = address_known_kind(t, text);
    for (const char *at = text; good && *at != '\0';) {
        size_t length = strcspn(at, "/");
        char *decoded = NULL;
        good = text_decode_address(t->arena, arena_strndup(t->arena, at, length), &decoded);
        if (good)
            buf_printf(&out, "%s%s", at == text ? "" : "/", text_encode_address(t->arena, decoded));
        at += length + (at[length] == '/');
    }
    if (good && !out.overflow)
        return arena_strndup(t->arena, buf_text(&out), out.len);
    diag_at(t->diags, "LF012", node_span(node), "write KIND/NAME, such as team/platform",
        "\"%.60s\" is no address", text);
    return NULL;
}

static void check_moved(struct typing *t, struct spec *spec)
{
    const struct node *list = node_get(spec->document, "moved");
    struct map froms = map_init(t->temp);
    for (uint32_t i = 0; node_is(list, NODE_LIST) && i < list->count; i++) {
        const struct node *from = node_get(list->items[i], "from");
        const struct node *to = node_get(list->items[i], "to");
        const char *old = from == NULL ? NULL : canonical(t, from);
        const char *new = to == NULL ? NULL : canonical(t, to);
        if (old == NULL || new == NULL)
            continue;
        size_t kind = strcspn(old, "/") + 1;
        const char *why = NULL;
        if (strncmp(old, new, kind) != 0)
            why = arena_printf(t->arena, "%s cannot become %s: the kinds differ", old, new);
        else if (strcmp(old, new) == 0)
            why = arena_printf(t->arena, "%s is moved to itself", old);
        else if (desired_resource(&spec->desired, old) != NULL)
            why = arena_printf(t->arena, "%s is moved away and still declared", old);
        else if (map_set(&froms, old, spec) != NULL)
            why = arena_printf(t->arena, "%s is moved twice", old);
        if (why != NULL) {
            diag_at(t->diags, "LF025", node_span(from), NULL, "%s", why);
            continue;
        }
        if (desired_resource(&spec->desired, new) == NULL &&
            diags_errors(t->diags) == t->errors_before) {
            diag_at(t->diags, "LF014", node_span(to), "declare it, or take the move out",
                "%s is moved to %s, which is not declared", old, new);
            continue;
        }
        *VEC_ADD(t->arena, &spec->moved) = (struct moved){old, new, node_span(list->items[i])};
    }
}

static void check_removed(struct typing *t, struct spec *spec)
{
    const struct node *list = node_get(spec->document, "removed");
    for (uint32_t i = 0; node_is(list, NODE_LIST) && i < list->count; i++) {
        const char *address = canonical(t, list->items[i]);
        if (address == NULL)
            continue;
        const struct resource *still = desired_resource(&spec->desired, address);
        if (still == NULL) {
            strings_add(t->arena, &spec->removed, address);
            continue;
        }
        struct diag *diag = diag_at(t->diags, "LF025", node_span(list->items[i]),
            "take out one of the two", "%s is to be removed and is declared", address);
        diag->also = still->where;
        diag->also_label = "declared here";
    }
}

void check_spec(struct typing *t, struct spec *spec, const struct names *names)
{
    check_homes(t, spec->raw);
    check_model_list(t, spec);
    check_release(t, spec->raw);
    check_cluster(t, spec->raw);
    check_claude_code(t, spec, names);
    check_moved(t, spec);
    check_removed(t, spec);
}
