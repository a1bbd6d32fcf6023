/* Kinds of the tests' own, and an environment written to a folder of its own and loaded. */
#ifndef TESTS_UNIT_SPEC_KINDS_H
#define TESTS_UNIT_SPEC_KINDS_H

#include "base/file.h"
#include "base/text.h"
#include "model/desired.h"
#include "spec/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

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
    {.name = "role", .type = FIELD_CHOICE, .choices = (const char *const[]){"admin", "user", NULL},
        .doc = "role"},
    {.name = "max_budget", .type = FIELD_DECIMAL, .doc = "budget"},
    {0},
};
static const struct field team_fields[] = {
    {.name = "models", .type = FIELD_MODELS, .flags = FIELD_REQUIRED, .refers = "model",
        .doc = "models"},
    {.name = "model_aliases", .type = FIELD_MAP, .doc = "aliases"},
    {.name = "members", .type = FIELD_GROUP, .flags = FIELD_SHORTHAND, .sub = member_fields,
        .doc = "members"},
    {.name = "max_budget", .type = FIELD_DECIMAL, .doc = "budget"},
    {.name = "window", .type = FIELD_INT, .min = 1, .max = 10, .doc = "one to ten"},
    {.name = "budget_duration", .type = FIELD_DURATION, .doc = "duration"},
    {.name = "blocked", .type = FIELD_BOOL, .doc = "blocked"},
    {.name = "size", .type = FIELD_CHOICE, .choices = sizes, .doc = "size"},
    {.name = "tags", .type = FIELD_TEXTS, .doc = "tags"},
    {.name = "note", .type = FIELD_TEXT, .doc = "note"},
    {.name = "metadata", .type = FIELD_MAP, .doc = "notes"},
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

static void expand_model(const struct check_context *context, const char *name, struct node *entry,
    struct span where)
{
    const struct node *group = node_get(entry, "deployments");
    if (group == NULL)
        desired_add(context, context->kind, &name, 1, entry, where);
    for (uint32_t i = 0; group != NULL && i < group->count; i++) {
        const char *parts[] = {name, group->pairs[i].key};
        desired_add(context, context->kind, parts, 2, group->pairs[i].value,
            pair_span(&group->pairs[i]));
    }
}

static const struct kind model_kind = {.name = "model", .section = "models", .title = "models",
    .doc = "Models.", .fields = model_fields, .natural = named, .expand = expand_model};
static const struct kind member_kind = {.name = "member", .title = "members", .doc = "Members.",
    .fields = member_fields, .natural = named, .ownership = OWNERSHIP_KEEP};

static void expand_team(const struct check_context *context, const char *name, struct node *entry,
    struct span where)
{
    const struct node *group = node_get(entry, "members");
    const struct resource *team = desired_add(context, context->kind, &name, 1, entry, where);
    for (uint32_t i = 0; team != NULL && group != NULL && i < group->count; i++) {
        const char *parts[] = {name, group->pairs[i].key};
        struct resource *member = desired_add(context, &member_kind, parts, 2,
            group->pairs[i].value, pair_span(&group->pairs[i]));
        if (member == NULL)
            continue;
        member->id = NULL;
        member->parent = team->address;
    }
}

static const struct kind team_kind = {.name = "team", .section = "teams", .title = "teams",
    .doc = "Teams.", .fields = team_fields, .natural = named, .expand = expand_team};
static const struct kind user_kind = {.name = "user", .section = "users", .title = "users",
    .doc = "Users.", .fields = user_fields, .natural = named, .ownership = OWNERSHIP_KEEP};
static const struct kind key_kind = {.name = "key", .section = "keys", .title = "keys",
    .doc = "Keys.", .fields = key_fields, .natural = named, .ownership = OWNERSHIP_KEEP};

static const struct kind *const kind_list[] = {
    &model_kind, &team_kind, &user_kind, &member_kind, &key_kind};
static const struct kind_set test_kinds = {kind_list, sizeof(kind_list) / sizeof(kind_list[0])};

/* ------------------------------------------------------------------ an environment to load */

struct fixture {
    struct arena *arena;
    struct diags diags;
    char *root;
    struct spec *spec;
};

static struct fixture fixture_new(void)
{
    struct fixture f = {.arena = arena_new()};
    char name[] = "/tmp/liteform-spec-XXXXXX";
    assert_non_null(mkdtemp(name));
    f.diags = diags_init(f.arena);
    f.root = arena_strdup(f.arena, name);
    return f;
}

static void fixture_write(struct fixture *f, const char *name, const char *bytes, size_t length)
{
    const char *path = file_join(f->arena, f->root, name);
    assert_int_equal(file_make_folders(file_folder(f->arena, path), 0700), 0);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static inline void fixture_file(struct fixture *f, const char *name, const char *text)
{
    fixture_write(f, name, text, strlen(text));
}

static inline struct spec *fixture_load(struct fixture *f, const char *name)
{
    struct spec_options options = {.root = f->root, .name = name};
    f->spec = spec_load(f->arena, &options, &test_kinds, &f->diags);
    return f->spec;
}

#define HEAD                                                                                       \
    "environment: test\nbackend: local\ntargets: { litellm: { url: 'https://l.example.com', "      \
    "master_key: { env: KEY } } }\n"

/* One environment "test" of one file: the required sections and this text. */
static inline struct fixture loaded(const char *text)
{
    struct fixture f = fixture_new();
    fixture_file(&f, "environments/test/environment.yaml", arena_printf(f.arena, HEAD "%s", text));
    fixture_load(&f, "test");
    assert_non_null(f.spec);
    return f;
}

static inline const char *fixture_diags(struct fixture *f)
{
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    struct diag_style style = {.most = 1000};
    diags_sort(&f->diags);
    diags_render_text(&f->diags, &style, &out);
    return arena_strdup(f->arena, buf_text(&out));
}

static inline void fixture_remove_folder(const char *folder)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct strings names = {0};
    file_list(arena, folder, "", &names);
    for (size_t i = 0; i < names.count; i++) {
        const char *path = file_join(arena, folder, names.at[i]);
        struct stat st;
        if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
            fixture_remove_folder(path);
        else
            unlink(path);
    }
    rmdir(folder);
}

static inline void fixture_end(struct fixture *f)
{
    fixture_remove_folder(f->root);
    f->arena = arena_free(f->arena);
}

/* The text must give just these ids, in the order of their places: "LF010 LF013". */
static inline void expect_ids(const char *text, const char *ids)
{
    struct fixture f = loaded(text);
    CLEANUP_BUF struct buf found = BUF_INIT(0);
    diags_sort(&f.diags);
    VEC_EACH(diag, &f.diags.list)
        buf_printf(&found, "%s%s", found.len > 0 ? " " : "", diag->id);
    if (strcmp(buf_text(&found), ids) != 0)
        print_error("%s\n%s", text, fixture_diags(&f));
    assert_string_equal(buf_text(&found), ids);
    fixture_end(&f);
}

static inline void expect_fault(const char *text, const char *id, const char *part)
{
    struct fixture f = loaded(text);
    const char *shown = fixture_diags(&f);
    bool good = diags_has(&f.diags, id) && strstr(shown, part) != NULL && f.diags.list.count == 1;
    if (!good)
        print_error("%s\n%s\nwanted: %s %s\n", text, shown, id, part);
    assert_true(good);
    fixture_end(&f);
}

#endif
