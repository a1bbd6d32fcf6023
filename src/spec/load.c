/* From an environment's files to `struct spec`: reading, typing, resources, checks, in this order. */
#include "base/digest.h"
#include "base/text.h"
#include "spec/inner.h"

#include <stdlib.h>
#include <string.h>

static const char *digest_of(const struct reading *reading)
{
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    for (size_t i = 0; i < reading->files.count; i++)
        buf_printf(&out, "%s\n%s\n", reading->files.at[i], reading->hashes.at[i]);
    return digest_hex(reading->arena, buf_text(&out), out.len);
}

static void check_environment(struct typing *t, const struct node *raw, const struct place *place)
{
    const struct pair *pair = node_pair(raw, "environment");
    const char *name = pair == NULL ? NULL : node_text(pair->value);
    if (name == NULL || strcmp(name, place->name) == 0)
        return;
    diag_at(t->diags, "LF017", node_span(pair->value),
        arena_printf(t->arena, "write environment: %s, or rename the folder", place->name),
        "the folder is called \"%s\", and it says environment \"%s\"", place->name, name);
}

static struct threshold threshold_of(const struct node *policy, const char *key, uint32_t percent)
{
    const char *text = node_get_text(policy, key);
    if (text == NULL)
        return (struct threshold){.percent = true, .value = percent};
    return (struct threshold){
        .percent = text[strlen(text) - 1] == '%', .value = (uint32_t)strtoul(text, NULL, 10)};
}

static struct strings texts_of(struct arena *arena, const struct node *list)
{
    struct strings texts = {0};
    for (uint32_t i = 0; node_is(list, NODE_LIST) && i < list->count; i++)
        strings_add(arena, &texts, list->items[i]->text);
    return texts;
}

static void fill_targets(struct spec *spec)
{
    const struct node *litellm = node_path(spec->document, "targets.litellm");
    const struct node *database = node_path(spec->document, "targets.database");
    const struct node *key = node_get(litellm, "master_key");
    spec->litellm_url = node_get_text(litellm, "url");
    spec->litellm_key = node_is(key, NODE_MAP) ? node_get_text(key, "current") : node_text(key);
    spec->litellm_key_previous = node_get_text(key, "previous");
    spec->litellm_ca_file = node_get_text(litellm, "ca_file");
    spec->litellm_insecure = node_get_bool(litellm, "insecure", false);
    spec->litellm_window = (uint32_t)node_get_int(litellm, "window", 0);
    spec->database_url = node_get_text(database, "url");
    spec->database_required = node_get_bool(database, "required", false);
}

void spec_fill(struct typing *t, struct spec *spec)
{
    static const char *const others[] = {"secrets", "release", "ingress"};
    const struct node *policy = node_get(spec->document, "policy");
    spec->backend = node_get(spec->document, "backend");
    spec->backend_local = node_get_bool(spec->backend, "local", false);
    spec->hash_key = node_get_text(spec->backend, "hash_key");
    fill_targets(spec);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (!is_null(node_get(spec->raw, others[i])) &&
            kind_by_section(t->kinds, others[i]) == NULL)
            strings_add(t->arena, &spec->not_collected, others[i]);
    }
    spec->policy.max_delete = threshold_of(policy, "max_delete", 10);
    spec->policy.max_update = threshold_of(policy, "max_update", 50);
    spec->policy.protected_environment = node_get_bool(policy, "protected", false);
    spec->policy.protect = texts_of(t->arena, node_get(policy, "protect"));
    spec->policy.ignore = texts_of(t->arena, node_get(policy, "ignore"));
    spec->policy.lint = node_get(policy, "lint");
    spec->policy.ownership = node_get(policy, "ownership");
}

/* Whoever found a secret written out: the line that holds it is not shown with the fault. */
static void blank_secrets(struct reading *reading)
{
    VEC_EACH(diag, &reading->diags->list) {
        if (strcmp(diag->id, "LF019") == 0 || strcmp(diag->id, "LF020") == 0)
            reading_blank(reading, diag->where);
    }
}

/* The policy's level of a rule goes before the rule's own. */
static void level_rules(const struct spec *spec, struct diags *diags, size_t first)
{
    for (size_t i = first; i < diags->list.count; i++) {
        struct diag *diag = &diags->list.at[i];
        const char *level = node_get_text(spec->policy.lint, diag->id);
        for (int s = SEVERITY_OFF; level != NULL && s <= SEVERITY_ERROR; s++) {
            if (strcmp(level, severity_name((enum severity)s)) == 0)
                diag_set_severity(diags, diag, (enum severity)s);
        }
    }
}

/* What belongs to no kind is small and is typed in place: it must outlive what was written. */
static void keep_sections(const struct typing *t, const struct node *raw)
{
    for (uint32_t i = 0; t->temp != t->arena && i < raw->count; i++) {
        struct pair *pair = &raw->pairs[i];
        if (kind_by_section(t->kinds, pair->key) == NULL)
            pair->value = node_copy(t->arena, pair->value);
    }
}

struct spec *spec_load(struct arena *arena, const struct spec_options *options,
    const struct kind_set *kinds, struct diags *diags)
{
    CLEANUP_ARENA struct arena *written = options->keep_raw ? NULL : arena_new();
    struct arena *temp = options->keep_raw ? arena : written;
    struct reading reading = {.arena = arena, .temp = temp, .diags = diags, .root = options->root};
    size_t errors_before = diags_errors(diags), first = diags->list.count;
    if (!place_find(arena, options, &reading.place, diags))
        return NULL;
    reading.documents = map_init(arena);
    struct spec *spec = ARENA_NEW(arena, struct spec);
    struct node *raw = reading_environment(&reading);
    spec->raw = raw;
    spec->environment = reading.place.name;
    spec->tier = text_equal(node_get_text(raw, "tier"), "enterprise") ? "enterprise" : "free";
    spec->folder = reading.place.folder;
    spec->state_folder = reading.place.state_folder;
    spec->files = reading.files;
    spec->digest = digest_of(&reading);
    spec->desired.environment = spec->environment;
    spec->desired.tier = spec->tier;
    spec->desired.by_address = map_init(arena);
    spec->document = node_map(arena);
    struct typing t = {.arena = arena,
        .temp = temp,
        .diags = diags,
        .reading = &reading,
        .kinds = kinds,
        .tier = spec->tier,
        .errors_before = errors_before};
    /* With a hole in the document every reference into it would be a second error. */
    if (!reading.broken) {
        check_environment(&t, raw, &reading.place);
        keep_sections(&t, raw);
        spec->document = type_document(&t, raw);
        struct names names = names_gather(temp, raw, spec->document, &spec->desired);
        resources_make(&t, spec, &names);
        check_spec(&t, spec, &names);
    }
    spec_fill(&t, spec);
    level_rules(spec, diags, first);
    blank_secrets(&reading);
    if (!options->keep_raw)
        spec->raw = NULL;
    return spec;
}
