/* Where an environment lies: names, folders, and paths as they are shown and opened. */
#include "base/file.h"
#include "base/text.h"
#include "spec/inner.h"
#include "value/read.h"

#include <stdlib.h>
#include <string.h>

/* A path of folders that is being put together. */
struct steps {
    const char **at;
    size_t count;
    bool absolute;
};

static void step(struct arena *arena, struct steps *steps, const char *part, size_t length)
{
    bool up = length == 2 && memcmp(part, "..", 2) == 0;
    if (length == 0 || (length == 1 && *part == '.'))
        return;
    if (up && steps->count > 0 && strcmp(steps->at[steps->count - 1], "..") != 0) {
        steps->count--;
        return;
    }
    if (up && steps->absolute)
        return;
    steps->at[steps->count++] = arena_strndup(arena, part, length);
}

char *path_tidy(struct arena *arena, const char *path)
{
    size_t most = 1;
    for (const char *at = path; *at != '\0'; at++)
        most += *at == '/';
    struct steps steps = {arena_array(arena, most, sizeof(char *)), 0, *path == '/'};
    for (const char *at = path; *at != '\0';) {
        size_t length = strcspn(at, "/");
        step(arena, &steps, at, length);
        at += length + (at[length] == '/');
    }
    char *out = arena_alloc(arena, strlen(path) + 2);
    size_t used = 0;
    for (size_t i = 0; i < steps.count; i++) {
        size_t length = strlen(steps.at[i]);
        if (i > 0 || steps.absolute)
            out[used++] = '/';
        memcpy(out + used, steps.at[i], length);
        used += length;
    }
    if (used == 0)
        out[used] = steps.absolute ? '/' : '.';
    return out;
}

bool path_within(const char *top, const char *path)
{
    if (strcmp(top, ".") == 0)
        return *path != '/' && strcmp(path, "..") != 0 && !text_starts(path, "../");
    if (strcmp(top, "/") == 0)
        return *path == '/';
    size_t length = strlen(top);
    return strncmp(path, top, length) == 0 && path[length] == '/';
}

char *path_open(struct arena *arena, const char *root, const char *shown)
{
    if (root == NULL || strcmp(root, ".") == 0)
        return arena_strdup(arena, shown);
    return file_join(arena, root, shown);
}

static bool is_plain_name(const char *name)
{
    return *name != '\0' && *name != '.' &&
           name[strspn(
               name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

static bool has_yaml(struct arena *arena, const char *folder)
{
    struct strings names = {0};
    if (file_list(arena, folder, ".yaml", &names) != 0)
        return false;
    for (size_t i = 0; i < names.count; i++) {
        if (names.at[i][0] != '.')
            return true;
    }
    return false;
}

static const char *which_there_are(struct arena *arena, const char *root, const char *name)
{
    struct strings names = {0};
    spec_environments(arena, root, &names);
    if (names.count == 0)
        return "there is no environment here yet: `liteform new NAME` writes one, -C DIR looks "
               "elsewhere";
    const char *nearest = text_nearest(name, &names);
    const char *all = list_of(arena, &names, 20);
    if (nearest != NULL)
        return arena_printf(arena, "did you mean \"%s\"? There are: %s", nearest, all);
    return arena_printf(arena, "there are: %s", all);
}

static bool not_there(
    struct arena *arena, const struct spec_options *options, const char *shown, struct diags *diags)
{
    const char *folder = path_open(arena, options->root, shown);
    const char *why = file_is_folder(folder) ? "holds no *.yaml file" : "is no folder";
    diag_at(diags, "LF007", (struct span){0}, which_there_are(arena, options->root, options->name),
        "no environment \"%s\": %s %s", options->name, shown, why);
    return false;
}

/* A path that ends in "." or ".." does not say the folder's name. */
static const char *named_path(struct arena *arena, const char *root, const char *tidy)
{
    const char *base = file_base(tidy);
    if (strcmp(base, ".") != 0 && strcmp(base, "..") != 0)
        return tidy;
    char *real = realpath(path_open(arena, root, tidy), NULL);
    const char *named = real == NULL ? tidy : arena_strdup(arena, real);
    free(real);
    return named;
}

bool place_find(
    struct arena *arena, const struct spec_options *options, struct place *ret, struct diags *diags)
{
    struct place place = {.top = "."};
    if (strchr(options->name, '/') == NULL) {
        place.name = arena_strdup(arena, options->name);
        place.shown = arena_printf(arena, "environments/%s", options->name);
        if (!is_plain_name(options->name)) {
            diag_at(diags, "LF007", (struct span){0},
                which_there_are(arena, options->root, options->name),
                "\"%s\" cannot be the name of an environment", options->name);
            return false;
        }
    } else {
        place.shown = path_tidy(arena, file_join(arena, NULL, options->name));
        place.shown = named_path(arena, options->root, place.shown);
        place.name = file_base(place.shown);
        const char *parent = file_folder(arena, place.shown);
        bool usual = strcmp(file_base(parent), "environments") == 0;
        place.top = usual ? file_folder(arena, parent) : parent;
    }
    place.folder = path_open(arena, options->root, place.shown);
    if (!has_yaml(arena, place.folder))
        return not_there(arena, options, place.shown, diags);
    const char *state = arena_printf(arena, "%s/state/%s", place.top, place.name);
    place.state_folder = path_open(arena, options->root, path_tidy(arena, state));
    *ret = place;
    return true;
}

/* Whether a line begins with `environment:`. The text alone is looked at: an environment with a
   fault in its YAML is one all the same. */
static bool names_environment(const char *text, size_t length)
{
    static const char key[] = "environment:";
    const char *end = text + length;
    for (const char *at = text; at != NULL && (size_t)(end - at) >= sizeof(key) - 1;) {
        if (memcmp(at, key, sizeof(key) - 1) == 0)
            return true;
        at = memchr(at, '\n', (size_t)(end - at));
        at = at == NULL ? NULL : at + 1;
    }
    return false;
}

static bool is_environment(const char *folder)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct strings names = {0};
    if (!file_is_folder(folder) || file_list(scratch, folder, ".yaml", &names) != 0)
        return false;
    for (size_t i = 0; i < names.count; i++) {
        char *text = NULL;
        size_t length = 0;
        const char *path = file_join(scratch, folder, names.at[i]);
        bool hidden = names.at[i][0] == '.';
        if (!hidden && file_read(scratch, path, READ_MAX_YAML, &text, &length) == 0 &&
            names_environment(text, length))
            return true;
    }
    return false;
}

void spec_environments(struct arena *arena, const char *root, struct strings *ret_names)
{
    struct strings all = {0};
    const char *folder = path_open(arena, root, "environments");
    *ret_names = (struct strings){0};
    if (file_list(arena, folder, "", &all) != 0)
        return;
    for (size_t i = 0; i < all.count; i++) {
        if (is_plain_name(all.at[i]) && is_environment(file_join(arena, folder, all.at[i])))
            strings_add(arena, ret_names, all.at[i]);
    }
}
