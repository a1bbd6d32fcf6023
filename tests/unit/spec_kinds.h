/* Kinds of the tests' own: each type of field, a group, a short form, a kind without a section. */
#ifndef TESTS_UNIT_SPEC_KINDS_H
#define TESTS_UNIT_SPEC_KINDS_H

#include "base/text.h"
#include "model/desired.h"
#include "spec/spec.h"

#include <string.h>

static const char *const sizes[] = {"small", "large", NULL};

static const struct field deployment_fields[] = {
    {.name = "bedrock", .type = FIELD_TEXT, .doc = "id"},
    {.name = "rpm", .type = FIELD_INT, .doc = "requests a minute"},
    {.name = "info", .type = FIELD_MAP, .doc = "notes"},
    {0},
};
static const struct field model_fields[] = {
    {.name = "bedrock", .type = FIELD_TEXT, .doc = "id"},
    {.name = "name", .type = FIELD_TEXT, .doc = "name it is called by"},
    {.name = "rpm", .type = FIELD_INT, .doc = "requests a minute"},
    {.name = "info", .type = FIELD_MAP, .doc = "notes"},
    {.name = "also_in_config", .type = FIELD_BOOL, .doc = "on purpose"},
    {.name = "deployments",
        .type = FIELD_GROUP,
        .flags = FIELD_SHORTHAND,
        .sub = deployment_fields,
        .doc = "several"},
    {.name = "id", .type = FIELD_TEXT, .flags = FIELD_LOCAL, .doc = "id"},
    {0},
};
static const struct field member_fields[] = {
    {.name = "role",
        .type = FIELD_CHOICE,
        .choices = (const char *const[]){"admin", "user", NULL},
        .doc = "role"},
    {.name = "max_budget", .type = FIELD_DECIMAL, .doc = "budget"},
    {0},
};
static const struct field team_fields[] = {
    {.name = "models",
        .type = FIELD_MODELS,
        .flags = FIELD_REQUIRED,
        .refers = "model",
        .doc = "models"},
    {.name = "model_aliases", .type = FIELD_MAP, .doc = "aliases"},
    {.name = "members",
        .type = FIELD_GROUP,
        .flags = FIELD_SHORTHAND,
        .sub = member_fields,
        .doc = "members"},
    {.name = "max_budget", .type = FIELD_DECIMAL, .doc = "budget"},
    {.name = "window", .type = FIELD_INT, .min = 1, .max = 10, .doc = "one to ten"},
    {.name = "budget_duration", .type = FIELD_DURATION, .doc = "duration"},
    {.name = "blocked", .type = FIELD_BOOL, .doc = "blocked"},
    {.name = "size", .type = FIELD_CHOICE, .choices = sizes, .doc = "size"},
    {.name = "tags", .type = FIELD_TEXTS, .doc = "tags"},
    {.name = "note", .type = FIELD_TEXT, .doc = "note"},
    {.name = "metadata", .type = FIELD_MAP, .doc = "notes"},
    {.name = "depth", .api = "metadata.depth", .type = FIELD_INT, .doc = "depth"},
    {.name = "guardrails", .type = FIELD_TEXTS, .flags = FIELD_LICENSED, .doc = "licensed"},
    {.name = "spend", .type = FIELD_DECIMAL, .flags = FIELD_LIVE_ONLY, .doc = "seen"},
    {.name = "budget", .type = FIELD_TEXT, .flags = FIELD_RETIRED, .doc = "write max_budget"},
    {.name = "id", .type = FIELD_TEXT, .flags = FIELD_LOCAL, .doc = "id"},
    {0},
};
static const struct field user_fields[] = {
    {.name = "role", .type = FIELD_TEXT, .doc = "role"},
    {.name = "id", .type = FIELD_TEXT, .flags = FIELD_LOCAL, .doc = "id"},
    {0},
};
static const struct field key_fields[] = {
    {.name = "team", .type = FIELD_TEXT, .refers = "team", .doc = "team"},
    {.name = "models", .type = FIELD_MODELS, .refers = "model", .doc = "models"},
    {.name = "value", .type = FIELD_SECRET, .flags = FIELD_WRITE_ONLY, .doc = "value"},
    {.name = "extra", .type = FIELD_SECRETS, .doc = "more"},
    {.name = "alias", .type = FIELD_TEXT, .doc = "alias"},
    {0},
};

static const char *named(struct arena *arena, const struct resource *resource)
{
    const char *alias = node_get_text(resource->fields, "alias");
    return alias != NULL ? alias : arena_strdup(arena, resource->name);
}

static void expand_model(
    const struct check_context *context, const char *name, struct node *entry, struct span where)
{
    const struct node *group = node_get(entry, "deployments");
    if (group == NULL)
        desired_add(context, context->kind, &name, 1, entry, where);
    for (uint32_t i = 0; group != NULL && i < group->count; i++) {
        const char *parts[] = {name, group->pairs[i].key};
        desired_add(
            context, context->kind, parts, 2, group->pairs[i].value, pair_span(&group->pairs[i]));
    }
}

static const struct kind model_kind = {.name = "model",
    .section = "models",
    .title = "models",
    .doc = "Models.",
    .fields = model_fields,
    .natural = named,
    .expand = expand_model};
static const struct kind member_kind = {.name = "member",
    .title = "members",
    .doc = "Members.",
    .fields = member_fields,
    .natural = named,
    .ownership = OWNERSHIP_KEEP};

static void expand_team(
    const struct check_context *context, const char *name, struct node *entry, struct span where)
{
    const struct node *group = node_get(entry, "members");
    const struct resource *team = desired_add(context, context->kind, &name, 1, entry, where);
    for (uint32_t i = 0; team != NULL && group != NULL && i < group->count; i++) {
        const char *parts[] = {name, group->pairs[i].key};
        struct resource *member = desired_add(
            context, &member_kind, parts, 2, group->pairs[i].value, pair_span(&group->pairs[i]));
        if (member == NULL)
            continue;
        member->id = NULL;
        member->parent = team->address;
    }
}

static const struct kind team_kind = {.name = "team",
    .section = "teams",
    .title = "teams",
    .doc = "Teams.",
    .fields = team_fields,
    .natural = named,
    .expand = expand_team};
static const struct kind user_kind = {.name = "user",
    .section = "users",
    .title = "users",
    .doc = "Users.",
    .fields = user_fields,
    .natural = named,
    .ownership = OWNERSHIP_KEEP};
static const struct kind key_kind = {.name = "key",
    .section = "keys",
    .title = "keys",
    .doc = "Keys.",
    .fields = key_fields,
    .natural = named,
    .ownership = OWNERSHIP_KEEP};

static const struct kind *const kind_list[] = {
    &model_kind, &team_kind, &user_kind, &member_kind, &key_kind};
static const struct kind_set test_kinds = {kind_list, sizeof(kind_list) / sizeof(kind_list[0])};

#endif
