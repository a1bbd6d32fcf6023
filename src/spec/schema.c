/* specs/schema.json: the tables as JSON Schema, for editors. */
#include "base/text.h"
#include "spec/inner.h"

#include <string.h>

/*
 * Any file of an environment may hold a part of it and lie over another, so that null (which
 * removes) is taken wherever a value is, and no key of a map is required.
 */

struct writer {
    struct arena *arena;
    const struct kind_set *kinds;
};

static struct node *types(struct arena *arena, const char *const *names)
{
    struct node *list = node_list(arena);
    for (; *names != NULL; names++)
        node_list_add(arena, list, node_string(arena, *names));
    return list;
}

static struct node *schema_of(const struct writer *w, const char *const *names, const char *doc)
{
    struct node *schema = node_map(w->arena);
    node_set(w->arena, schema, "type", types(w->arena, names));
    if (doc != NULL)
        node_set_string(w->arena, schema, "description", doc);
    return schema;
}

/* A text may be written without quotes: 1.80 and no are texts where the table says so. */
static struct node *text_schema(const struct writer *w, const char *doc)
{
    static const char *const names[] = {"string", "number", "boolean", "null", NULL};
    return schema_of(w, names, doc);
}

static struct node *map_schema(const struct writer *w, const char *doc)
{
    static const char *const names[] = {"object", "null", NULL};
    return schema_of(w, names, doc);
}

static struct node *list_schema(const struct writer *w, struct node *items, const char *doc)
{
    static const char *const names[] = {"array", "null", NULL};
    struct node *schema = schema_of(w, names, doc);
    node_set(w->arena, schema, "items", items);
    return schema;
}

static struct node *pattern_schema(const struct writer *w, const char *pattern, const char *doc)
{
    static const char *const names[] = {"string", "null", NULL};
    struct node *schema = schema_of(w, names, doc);
    node_set_string(w->arena, schema, "pattern", pattern);
    return schema;
}

static struct node *any_of(const struct writer *w, struct node *const *choices, const char *doc)
{
    struct node *schema = node_map(w->arena), *list = node_list(w->arena);
    for (; *choices != NULL; choices++)
        node_list_add(w->arena, list, *choices);
    node_set(w->arena, schema, "anyOf", list);
    if (doc != NULL)
        node_set_string(w->arena, schema, "description", doc);
    return schema;
}

static struct node *reference_schema(const struct writer *w, const char *name, const char *doc)
{
    struct node *schema = node_map(w->arena);
    node_set_string(w->arena, schema, "$ref", arena_printf(w->arena, "#/$defs/%s", name));
    if (doc != NULL)
        node_set_string(w->arena, schema, "description", doc);
    return schema;
}

static struct node *choice_schema(
    const struct writer *w, const char *const *choices, const char *doc)
{
    struct node *schema = node_map(w->arena), *list = types(w->arena, choices);
    node_list_add(w->arena, list, node_null(w->arena));
    node_set(w->arena, schema, "enum", list);
    if (doc != NULL)
        node_set_string(w->arena, schema, "description", doc);
    return schema;
}

static struct node *number_schema(const struct writer *w, const struct field *field)
{
    static const char *const whole[] = {"integer", "null", NULL};
    static const char *const any[] = {"number", "null", NULL};
    struct node *schema = schema_of(w, field->type == FIELD_INT ? whole : any, field->doc);
    node_set_int(w->arena, schema, "minimum", field->min);
    if (field->max != 0)
        node_set_int(w->arena, schema, "maximum", field->max);
    return schema;
}

static struct node *fields_schema(
    const struct writer *w, const struct field *fields, const char *doc);

static struct node *group_schema(const struct writer *w, const struct field *field);

static struct node *field_schema(const struct writer *w, const struct field *field)
{
    static const char *const booleans[] = {"boolean", "null", NULL};
    struct node *item = NULL;
    switch (field->type) {
    case FIELD_TEXT:
        return text_schema(w, field->doc);
    case FIELD_INT:
    case FIELD_DECIMAL:
        return number_schema(w, field);
    case FIELD_BOOL:
        return schema_of(w, booleans, field->doc);
    case FIELD_DURATION:
        return reference_schema(w, "duration", field->doc);
    case FIELD_TEXTS:
        item =
            field->choices != NULL ? choice_schema(w, field->choices, NULL) : text_schema(w, NULL);
        return list_schema(w, item, field->doc);
    case FIELD_MODELS:
        return reference_schema(w, "models", field->doc);
    case FIELD_CHOICE:
        return choice_schema(w, field->choices, field->doc);
    case FIELD_MAP:
        return map_schema(w, field->doc);
    case FIELD_SECRET:
        return reference_schema(w, "secret", field->doc);
    case FIELD_SECRETS:
        return reference_schema(w, "secrets", field->doc);
    case FIELD_GROUP:
        return group_schema(w, field);
    }
    return NULL;
}

static struct node *group_schema(const struct writer *w, const struct field *field)
{
    struct node *schema = map_schema(w, field->doc);
    struct node *entry = fields_schema(w, field->sub, NULL);
    if ((field->flags & FIELD_SHORTHAND) != 0) {
        struct node *choices[] = {field_schema(w, field->sub), entry, NULL};
        entry = any_of(w, choices, NULL);
    }
    node_set(w->arena, schema, "additionalProperties", entry);
    return schema;
}

static struct node *fields_schema(
    const struct writer *w, const struct field *fields, const char *doc)
{
    struct node *schema = map_schema(w, doc), *properties = node_map(w->arena);
    for (const struct field *field = fields; field->name != NULL; field++) {
        if ((field->flags & (FIELD_LIVE_ONLY | FIELD_RETIRED)) == 0)
            node_set(w->arena, properties, field->name, field_schema(w, field));
    }
    node_set(w->arena, schema, "properties", properties);
    node_set_bool(w->arena, schema, "additionalProperties", false);
    return schema;
}

/* ------------------------------------------------------------------ sections */

static struct node *rules_schema(const struct writer *w, const struct rule *rules, const char *doc);

static struct node *ownership_schema(const struct writer *w, const char *doc)
{
    static const char *const levels[] = {"full", "keep", "ignore", NULL};
    struct node *schema = map_schema(w, doc), *properties = node_map(w->arena);
    for (size_t i = 0; i < w->kinds->count; i++) {
        const struct kind *kind = w->kinds->at[i];
        const char *key =
            kind->section != NULL ? kind->section : arena_printf(w->arena, "%ss", kind->name);
        node_set(w->arena, properties, key, choice_schema(w, levels, kind->title));
    }
    node_set(w->arena, schema, "properties", properties);
    node_set_bool(w->arena, schema, "additionalProperties", false);
    return schema;
}

/* `off` is a boolean for editors that read YAML 1.1. */
static struct node *lint_schema(const struct writer *w, const char *doc)
{
    static const char *const levels[] = {"error", "warning", "info", "off", NULL};
    struct node *schema = map_schema(w, doc), *level = choice_schema(w, levels, NULL);
    struct node *patterns = node_map(w->arena);
    node_list_add(w->arena, node_get(level, "enum"), node_bool(w->arena, false));
    node_set(w->arena, patterns, "^LF1[0-9][0-9]$", level);
    node_set(w->arena, schema, "patternProperties", patterns);
    node_set_bool(w->arena, schema, "additionalProperties", false);
    return schema;
}

static struct node *place_schema(const struct writer *w, const char *doc)
{
    struct node *schema = map_schema(w, NULL), *properties = node_map(w->arena);
    node_set(w->arena, properties, "env",
        pattern_schema(w, "^[A-Za-z_][A-Za-z0-9_]*$", "variable that is read with the spec"));
    node_set(w->arena, properties, "default", text_schema(w, "what holds when it is not set"));
    node_set(w->arena, schema, "properties", properties);
    node_set_bool(w->arena, schema, "additionalProperties", false);
    struct node *choices[] = {text_schema(w, NULL), schema, NULL};
    return any_of(w, choices, doc);
}

static struct node *master_key_schema(const struct writer *w, const char *doc)
{
    struct node *with = map_schema(w, NULL), *properties = node_map(w->arena);
    node_set(w->arena, properties, "env", text_schema(w, "variable"));
    node_set(w->arena, properties, "file", text_schema(w, "path"));
    node_set(w->arena, properties, "command",
        list_schema(w, text_schema(w, NULL), "program and arguments"));
    node_set(w->arena, properties, "secret", text_schema(w, "NAME/KEY"));
    node_set(w->arena, properties, "secretsmanager", text_schema(w, "name or ARN"));
    node_set(w->arena, properties, "key", text_schema(w, "member of the JSON of secretsmanager"));
    node_set(w->arena, properties, "ssm", text_schema(w, "/PATH"));
    node_set(w->arena, properties, "previous",
        reference_schema(w, "secret", "the key before it, tried when the first is refused"));
    node_set(w->arena, with, "properties", properties);
    node_set_bool(w->arena, with, "additionalProperties", false);
    struct node *choices[] = {reference_schema(w, "secret", NULL), with, NULL};
    return any_of(w, choices, doc);
}

static struct node *texts_schema(const struct writer *w, const char *doc)
{
    struct node *choices[] = {
        text_schema(w, NULL), list_schema(w, text_schema(w, NULL), NULL), NULL};
    return any_of(w, choices, doc);
}

static struct node *backend_schema(const struct writer *w, const struct rule *rule)
{
    static const char *const local[] = {"local", NULL};
    struct node *choices[] = {
        choice_schema(w, local, NULL), rules_schema(w, rule->rules, NULL), NULL};
    return any_of(w, choices, rule->field.doc);
}

static struct node *of_names(const struct writer *w, struct node *value, const char *doc)
{
    struct node *schema = map_schema(w, doc);
    node_set(w->arena, schema, "additionalProperties", value);
    return schema;
}

static struct node *threshold_schema(const struct writer *w, const char *doc)
{
    struct node *schema = node_map(w->arena);
    static const char *const names[] = {"string", "integer", "null", NULL};
    node_set(w->arena, schema, "type", types(w->arena, names));
    node_set_string(w->arena, schema, "pattern", "^[0-9]+%?$");
    node_set_string(w->arena, schema, "description", doc);
    return schema;
}

static struct node *rule_schema(const struct writer *w, const struct rule *rule)
{
    const char *doc = rule->field.doc;
    switch (rule->shape) {
    case SHAPE_FIELD:
        return field_schema(w, &rule->field);
    case SHAPE_OBJECT:
        return rules_schema(w, rule->rules, doc);
    case SHAPE_NAMED:
        return of_names(w, of_names(w, reference_schema(w, "secret", NULL), NULL), doc);
    case SHAPE_OBJECTS:
        return list_schema(w, rules_schema(w, rule->rules, NULL), doc);
    case SHAPE_TEXTS:
        return texts_schema(w, doc);
    case SHAPE_TEXT_MAP:
        return of_names(w, text_schema(w, NULL), doc);
    case SHAPE_PLACE:
    case SHAPE_URL:
    case SHAPE_FILE:
        return place_schema(w, doc);
    case SHAPE_BACKEND:
        return backend_schema(w, rule);
    case SHAPE_MASTER_KEY:
        return master_key_schema(w, doc);
    case SHAPE_THRESHOLD:
        return threshold_schema(w, doc);
    case SHAPE_OWNERSHIP:
        return ownership_schema(w, doc);
    case SHAPE_LINT:
        return lint_schema(w, doc);
    case SHAPE_ADDRESSES:
        return list_schema(w, pattern_schema(w, "^(\\*|[a-z_]+/.)", "an address"), doc);
    }
    return NULL;
}

static struct node *rules_schema(const struct writer *w, const struct rule *rules, const char *doc)
{
    struct node *schema = map_schema(w, doc), *properties = node_map(w->arena);
    for (const struct rule *rule = rules; rule->field.name != NULL; rule++)
        node_set(w->arena, properties, rule->field.name, rule_schema(w, rule));
    node_set(w->arena, schema, "properties", properties);
    node_set_bool(w->arena, schema, "additionalProperties", false);
    return schema;
}

/* ------------------------------------------------------------------ shared definitions */

static struct node *secret_definition(const struct writer *w)
{
    struct node *choices = node_list(w->arena);
    struct node *words = list_schema(w, text_schema(w, NULL), "a program and its arguments");
    node_set_int(w->arena, words, "minItems", 1);
    const struct {
        const char *key;
        struct node *schema;
    } forms[] = {
        {"env", pattern_schema(w, "^[A-Za-z_][A-Za-z0-9_]*$", "name of a variable")},
        {"file", pattern_schema(w, "^.", "path; relative to this file, or ~/")},
        {"command", words},
        {"secret", pattern_schema(w, "^[^/ ]+/[^/ ]+$", "NAME/KEY of a Kubernetes Secret")},
        {"secretsmanager", pattern_schema(w, "^[A-Za-z0-9/_.:+=@!-]+$",
                               "name or ARN of a secret in AWS Secrets Manager")},
        {"ssm", pattern_schema(w, "^[A-Za-z0-9/_.:-]+$", "name of a parameter of AWS SSM")},
    };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct node *form = node_map(w->arena), *properties = node_map(w->arena);
        struct node *required = node_list(w->arena);
        node_list_add(w->arena, required, node_string(w->arena, forms[i].key));
        node_set(w->arena, properties, forms[i].key, forms[i].schema);
        if (strcmp(forms[i].key, "secretsmanager") == 0)
            node_set(w->arena, properties, "key",
                pattern_schema(w, "^.", "member of the JSON that it holds"));
        node_set_string(w->arena, form, "type", "object");
        node_set(w->arena, form, "properties", properties);
        node_set(w->arena, form, "required", required);
        node_set_bool(w->arena, form, "additionalProperties", false);
        node_list_add(w->arena, choices, form);
    }
    struct node *nothing = node_map(w->arena), *schema = node_map(w->arena);
    node_set_string(w->arena, nothing, "type", "null");
    node_list_add(w->arena, choices, nothing);
    node_set(w->arena, schema, "oneOf", choices);
    node_set_string(w->arena, schema, "description", "where a secret is: never the secret itself");
    return schema;
}

static struct node *definitions(const struct writer *w)
{
    static const char *const words[] = {"all", "none", NULL};
    struct node *defs = node_map(w->arena);
    struct node *names = list_schema(w, text_schema(w, NULL), "names of declared models");
    node_set_int(w->arena, names, "minItems", 1);
    struct node *models[] = {choice_schema(w, words, "every model, or no model"), names, NULL};
    struct node *values[] = {text_schema(w, NULL), reference_schema(w, "secret", NULL), NULL};
    node_set(w->arena, defs, "secret", secret_definition(w));
    node_set(w->arena, defs, "models", any_of(w, models, "names of models, all, or none"));
    node_set(w->arena, defs, "secrets",
        of_names(w, any_of(w, values, NULL), "texts and secret references"));
    node_set(w->arena, defs, "duration",
        pattern_schema(w, "^[0-9]+(s|m|h|d|w|mo)$", "a duration such as 30d"));
    return defs;
}

void spec_schema(const struct kind_set *kinds, struct buf *out)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct writer w = {arena, kinds};
    struct node *schema = rules_schema(&w, spec_sections,
        "A file of a liteform environment. All files of a folder are one document, over what they "
        "extend; null removes.");
    struct node *properties = node_get(schema, "properties");
    for (size_t i = 0; i < kinds->count; i++) {
        const struct kind *kind = kinds->at[i];
        if (kind->section != NULL)
            node_set(arena, properties, kind->section,
                of_names(&w, fields_schema(&w, kind->fields, NULL), kind->doc));
    }
    node_set_string(arena, schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    node_set_string(arena, schema, "title", "liteform environment");
    node_set(arena, schema, "$defs", definitions(&w));
    node_json_pretty(schema, out);
    const char *text = buf_text(out);
    if (out->len > 0 && text[out->len - 1] != '\n')
        buf_char(out, '\n');
}
