/* specs/README.md: the language for people, from the same tables that decode it. */
#include "base/text.h"
#include "spec/inner.h"

#include <inttypes.h>
#include <string.h>

static const char intro[] =
    "# The spec language\n"
    "\n"
    "Printed by `liteform reference` from the tables that the program reads specs with; do not "
    "edit\n"
    "it. `schema.json` beside it is the same for editors, `examples/` has one small environment "
    "for\n"
    "each kind. `liteform new NAME` writes an environment to start from, `liteform explain LF014`\n"
    "tells more about a fault.\n"
    "\n"
    "## Files\n"
    "\n"
    "An environment is a folder below `environments/`. All `*.yaml` files directly in it are read "
    "as\n"
    "one document; how it is split is up to you, but a top-level key stands in one file only.\n"
    "`environment:` must be the folder's name, so that a copied folder cannot be applied to the\n"
    "system it was copied from.\n"
    "\n"
    "`extends:` names files that lie below: `extends: ../common/base.yaml`, or a list. Paths are\n"
    "relative to the file they stand in. They are merged in their order, then the file itself on\n"
    "top: maps merge key by key, lists and scalars replace what is below, `null` removes it. A "
    "file\n"
    "may extend others; a circle is an error. `liteform show ENV --origin` prints the merged\n"
    "document with the file and line of every value.\n"
    "\n"
    "## Scalars\n"
    "\n"
    "Plain YAML 1.2: no templates, loops, anchors, aliases, tags. The table of a section decides\n"
    "what a scalar is: where a text is wanted, `no`, `1.80` and `007` are texts. A boolean is "
    "`true`\n"
    "or `false`. A number in quotes is a text, and an error where a number is wanted. In "
    "free-form\n"
    "maps (`params`, `metadata`, `values`) a plain scalar is what YAML 1.2 says; what YAML 1.1 "
    "would\n"
    "read differently (`yes`, `0777`, `12:30`) is text and a warning. Unknown and duplicate keys "
    "are\n"
    "errors. A duration is a number and one of `s m h d w mo`: `30d`.\n"
    "\n"
    "Lists of models name declared models (of `models`, of `release.config.model_list`, aliases "
    "of\n"
    "teams, access groups), or are the word `all` or `none`. An empty list is an error: the "
    "server\n"
    "takes it for all models.\n"
    "\n"
    "## Secrets\n"
    "\n"
    "A secret is never written out. It is a reference, opened when it is needed:\n"
    "\n"
    "| reference | where the value is |\n"
    "| --- | --- |\n"
    "| `{ env: NAME }` | in a variable of the environment |\n"
    "| `{ file: PATH }` | in a file; relative to the file of the spec, or `~/` |\n"
    "| `{ command: [PROGRAM, ARGUMENT] }` | what a program prints |\n"
    "| `{ secret: NAME/KEY }` | in a Kubernetes Secret of the target's namespace |\n"
    "| `{ secretsmanager: ID, key: KEY }` | in AWS Secrets Manager: a member of the JSON that the "
    "secret holds; without `key` the whole of it. ID is a name or an ARN |\n"
    "| `{ ssm: /PATH }` | in the parameter store of AWS Systems Manager; `/PATH:3` is a version |\n"
    "\n"
    "AWS is asked with the credentials that the AWS CLI would use, in the region of the ARN, else "
    "of\n"
    "AWS_REGION or the profile, else of `backend.s3`.\n"
    "\n"
    "URLs and paths of files are no secrets, but may be `{ env: NAME }` or\n"
    "`{ env: NAME, default: TEXT }` too; that is looked up when the spec is read.\n"
    "\n"
    "## Addresses\n"
    "\n"
    "`kind/name`, such as `team/platform`; a deployment is `model/NAME/DEPLOYMENT`, a member\n"
    "`member/TEAM/PERSON`. In names `/`, `*`, `%` and white space are percent-encoded. Where a "
    "list\n"
    "of addresses takes patterns, `*` is any run of characters.\n"
    "\n"
    "An entry that is renamed is a delete and a create, unless `moved` says that it is the same:\n"
    "\n"
    "```yaml\n"
    "moved:\n"
    "  - { from: team/platform, to: team/core }\n"
    "```\n"
    "\n"
    "An entry that is taken out: what was created from here is deleted where `policy.ownership` "
    "says\n"
    "`full`; what was found and adopted is only forgotten, unless `removed: [team/old]` asks for "
    "it.\n";

static void cell(struct buf *out, const char *text)
{
    for (const char *at = text == NULL ? "" : text; *at != '\0'; at++) {
        if (*at == '|')
            buf_char(out, '\\');
        buf_char(out, *at == '\n' ? ' ' : *at);
    }
}

static void choices_of(struct buf *out, const char *const *choices)
{
    for (size_t i = 0; choices != NULL && choices[i] != NULL; i++)
        buf_printf(out, "%s`%s`", i == 0 ? "" : ", ", choices[i]);
}

static void type_of(struct buf *out, const struct field *field)
{
    static const char *const names[] = {
        [FIELD_TEXT] = "text",
        [FIELD_INT] = "whole number",
        [FIELD_DECIMAL] = "number",
        [FIELD_BOOL] = "boolean",
        [FIELD_DURATION] = "duration",
        [FIELD_TEXTS] = "list of texts",
        [FIELD_MODELS] = "list of models, `all`, `none`",
        [FIELD_CHOICE] = "",
        [FIELD_MAP] = "free map",
        [FIELD_SECRET] = "secret",
        [FIELD_SECRETS] = "map of secrets or texts",
        [FIELD_GROUP] = "map of entries",
    };
    if (field->refers != NULL && field->type == FIELD_TEXT)
        buf_printf(out, "name of a %s", field->refers);
    else
        buf_str(out, names[field->type]);
    if (field->type == FIELD_TEXTS && field->choices != NULL)
        buf_str(out, ": ");
    choices_of(out, field->choices);
    if (field->type == FIELD_INT && field->max != 0)
        buf_printf(out, ", %" PRId64 " to %" PRId64, field->min, field->max);
}

/* What else a reader must know of a field before writing it. */
static void notes_of(struct buf *out, const struct field *field)
{
    if ((field->flags & FIELD_IMMUTABLE) != 0)
        buf_str(out, ". A change replaces the object");
    if ((field->flags & FIELD_CREATE) != 0)
        buf_str(out, ". Only when it is created");
    if ((field->flags & FIELD_LICENSED) != 0)
        buf_str(out, ". Needs `tier: enterprise`");
    if ((field->flags & FIELD_SHORTHAND) != 0 && field->sub != NULL)
        buf_printf(out, ". An entry that is no map stands for its `%s`", field->sub[0].name);
}

static void table_head(struct buf *out)
{
    buf_str(out, "\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n");
}

static void field_rows(struct buf *out, const struct field *fields)
{
    table_head(out);
    for (const struct field *field = fields; field->name != NULL; field++) {
        if ((field->flags & (FIELD_LIVE_ONLY | FIELD_RETIRED)) != 0)
            continue;
        buf_printf(out, "| `%s` | ", field->name);
        type_of(out, field);
        buf_printf(out, " | %s | ", (field->flags & FIELD_REQUIRED) != 0 ? "required" : "");
        cell(out, field->doc);
        notes_of(out, field);
        buf_str(out, " |\n");
    }
}

/* A table of the same fields as its parent's is not shown again: deployments of a model. */
static bool adds_nothing(const struct field *sub, const struct field *fields)
{
    for (; sub->name != NULL; sub++) {
        if (field_by_name(fields, sub->name) == NULL)
            return false;
    }
    return true;
}

static void kind_section(struct buf *out, const struct kind *kind)
{
    static const char *const levels[] = {
        [OWNERSHIP_FULL] = "full", [OWNERSHIP_KEEP] = "keep", [OWNERSHIP_IGNORE] = "ignore"};
    buf_printf(out, "\n## `%s`\n\n%s\n", kind->section, kind->doc != NULL ? kind->doc : "");
    buf_printf(out,
        "\nA map of names to entries; addresses are `%s/NAME`. Ownership unless the\n"
        "policy says otherwise: `%s`.\n",
        kind->name, levels[kind->ownership]);
    field_rows(out, kind->fields);
    for (const struct field *field = kind->fields; field->name != NULL; field++) {
        if (field->type != FIELD_GROUP)
            continue;
        buf_printf(out, "\n### `%s.NAME.%s`\n\n", kind->section, field->name);
        if (adds_nothing(field->sub, kind->fields)) {
            buf_str(out, "A map of names to entries with the fields above.\n");
            continue;
        }
        buf_str(out, "A map of names to entries:\n");
        field_rows(out, field->sub);
    }
}

static const char *shape_name(enum shape shape)
{
    switch (shape) {
    case SHAPE_FIELD:
        return "";
    case SHAPE_OBJECT:
        return "map, below";
    case SHAPE_NAMED:
        return "map of maps of secrets";
    case SHAPE_OBJECTS:
        return "list of maps, below";
    case SHAPE_TEXTS:
        return "text or list of texts";
    case SHAPE_TEXT_MAP:
        return "map of texts";
    case SHAPE_PLACE:
        return "text or `{ env: NAME }`";
    case SHAPE_URL:
        return "URL or `{ env: NAME }`";
    case SHAPE_FILE:
        return "path or `{ env: NAME }`";
    case SHAPE_BACKEND:
        return "`local`, or map, below";
    case SHAPE_MASTER_KEY:
        return "secret";
    case SHAPE_THRESHOLD:
        return "number or percent";
    case SHAPE_OWNERSHIP:
        return "map of `full`, `keep`, `ignore`";
    case SHAPE_LINT:
        return "map of rule to level";
    case SHAPE_ADDRESSES:
        return "list of addresses";
    }
    return "";
}

static void rule_rows(struct buf *out, const struct rule *rules)
{
    table_head(out);
    for (const struct rule *rule = rules; rule->field.name != NULL; rule++) {
        buf_printf(out, "| `%s` | ", rule->field.name);
        if (rule->shape == SHAPE_FIELD)
            type_of(out, &rule->field);
        else
            buf_str(out, shape_name(rule->shape));
        bool required = (rule->field.flags & FIELD_REQUIRED) != 0;
        buf_printf(out, " | %s | ",
            required                  ? "required"
            : rule->otherwise != NULL ? rule->otherwise
                                      : "");
        cell(out, rule->field.doc);
        buf_str(out, " |\n");
    }
}

static void rule_section(struct buf *out, const struct rule *rule, const char *path, unsigned level)
{
    static const char hashes[] = "####";
    buf_printf(out, "\n%.*s `%s`\n\n", (int)level, hashes, path);
    buf_char(out, (char)(rule->field.doc[0] >= 'a' && rule->field.doc[0] <= 'z'
                             ? rule->field.doc[0] - 'a' + 'A'
                             : rule->field.doc[0]));
    buf_printf(out, "%s.\n", rule->field.doc + 1);
    rule_rows(out, rule->rules);
    for (const struct rule *inner = rule->rules; inner->field.name != NULL; inner++) {
        CLEANUP_BUF struct buf name = BUF_INIT(1000);
        if (inner->rules == NULL)
            continue;
        buf_printf(&name, "%s.%s", path, inner->field.name);
        rule_section(out, inner, buf_text(&name), level < 4 ? level + 1 : 4);
    }
}

void spec_reference(const struct kind_set *kinds, struct buf *out)
{
    buf_str(out, intro);
    buf_str(out, "\n## Top level\n");
    rule_rows(out, spec_sections);
    for (size_t i = 0; i < kinds->count; i++) {
        const struct kind *kind = kinds->at[i];
        if (kind->section == NULL)
            continue;
        buf_printf(out, "| `%s` | map of entries, below |  | ", kind->section);
        cell(out, kind->title);
        buf_str(out, " |\n");
    }
    for (const struct rule *rule = spec_sections; rule->field.name != NULL; rule++) {
        if (rule->rules != NULL)
            rule_section(out, rule, rule->field.name, 2);
    }
    for (size_t i = 0; i < kinds->count; i++) {
        if (kinds->at[i]->section != NULL)
            kind_section(out, kinds->at[i]);
    }
}
