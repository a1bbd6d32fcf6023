/* The files of an environment: found, read, merged over what they extend. */
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "spec/inner.h"
#include "value/read.h"

#include <errno.h>
#include <string.h>

#define MOST_FILES 1000
#define MOST_EXTENDS 64

/* A file that was read, with what it extends below it. */
struct document {
    struct node *node; /* NULL: it could not be read */
    bool busy;         /* is being read: to extend it now is a circle */
};

static struct node *document_of(struct reading *reading, const char *shown, struct span where);

static void know_source(struct reading *reading, uint16_t source, const char *folder, char *text)
{
    while (reading->sources.count <= source)
        *VEC_ADD(reading->arena, &reading->sources) = (struct source_file){0};
    reading->sources.at[source] = (struct source_file){folder, text};
}

const char *reading_folder(const struct reading *reading, uint16_t source)
{
    if (source >= reading->sources.count || reading->sources.at[source].folder == NULL)
        return reading->place.folder;
    return reading->sources.at[source].folder;
}

void reading_blank(struct reading *reading, struct span where)
{
    if (where.file >= reading->sources.count || reading->sources.at[where.file].text == NULL)
        return;
    size_t length = 0;
    const char *line = diags_line(reading->diags, where.file, where.line, &length);
    if (line == NULL)
        return;
    char *text = reading->sources.at[where.file].text;
    size_t from = (size_t)(line - text), at = 0;
    for (uint32_t column = 1; column < where.column && at < length; column++) {
        size_t size = 0;
        text_code_point(line + at, length - at, &size);
        at += size;
    }
    for (; at < length; at++) {
        if (text[from + at] != ' ')
            text[from + at] = '*';
    }
}

static struct node *broken(struct reading *reading)
{
    reading->broken = true;
    return NULL;
}

/* The text of a file as a node; `where` is the place that asked for it. */
static struct node *read_file(struct reading *reading, const char *shown, struct span where)
{
    struct arena *arena = reading->arena;
    const char *path = path_open(arena, reading->root, shown);
    char *text = NULL;
    size_t length = 0;
    int error = file_read(arena, path, READ_MAX_YAML, &text, &length);
    if (error != 0) {
        if (where.file == 0)
            where.file = diags_source(reading->diags, shown, NULL, 0);
        if (error == EFBIG)
            diag_at(reading->diags, "LF005", where, "split the file", "%s is larger than %zu MiB",
                shown, READ_MAX_YAML >> 20);
        else
            diag_at(reading->diags, "LF001", where, NULL, "%s cannot be read: %s", shown,
                strerror(error));
        return broken(reading);
    }
    uint16_t source = diags_source(reading->diags, shown, text, length);
    know_source(reading, source, file_folder(arena, path), text);
    strings_add(arena, &reading->files, shown);
    strings_add(arena, &reading->hashes, digest_hex(arena, text, length));
    struct node *node = yaml_read(reading->temp, reading->diags, source);
    if (node == NULL)
        return broken(reading);
    if (is_null(node))
        return node_map(reading->temp);
    if (!node_is(node, NODE_MAP)) {
        diag_at(reading->diags, "LF011", node_span(node), "begin with a key, such as \"models:\"",
            "a file of an environment is a map, here is a %s", node_type_name(node->type));
        return broken(reading);
    }
    return node;
}

/* One entry of `extends`: a tidy path as shown, or NULL after a diagnostic. */
static const char *extended_path(
    struct reading *reading, const struct node *entry, const char *from)
{
    struct arena *arena = reading->arena;
    struct span where = node_span(entry);
    const char *text = node_text(entry);
    if (text == NULL || *text == '\0') {
        diag_at(reading->diags, "LF011", where, "write the path of a file",
            "\"extends\" takes a path or a list of paths, here is a %s",
            node_type_name(entry->type));
        return NULL;
    }
    const char *path = path_tidy(arena, file_join(arena, file_folder(arena, from), text));
    if (!path_within(reading->place.top, path)) {
        diag_at(reading->diags, "LF001", where, "keep shared files under environments/common/",
            "\"extends\" leads out of the folder that holds the environments: %s", path);
        return NULL;
    }
    if (!text_ends(path, ".yaml")) {
        diag_at(reading->diags, "LF001", where, "name a file that ends in .yaml",
            "\"extends\" takes *.yaml files, here is %s", path);
        return NULL;
    }
    return path;
}

/* What the document extends, merged in its order; an empty map when nothing. */
static struct node *extended(struct reading *reading, const struct node *extends, const char *from)
{
    struct node *base = node_map(reading->temp);
    if (extends == NULL || is_null(extends))
        return base;
    struct node *one[] = {NULL};
    struct node *const *items = one;
    uint32_t count = 1;
    if (extends->type == NODE_LIST) {
        items = extends->items;
        count = extends->count;
    } else {
        one[0] = node_copy_shallow(reading->temp, extends);
    }
    if (count > MOST_EXTENDS || reading->depth > MOST_EXTENDS) {
        diag_at(reading->diags, "LF005", node_span(extends), NULL,
            "more than %d files in \"extends\"", MOST_EXTENDS);
        broken(reading);
        return base;
    }
    reading->depth++;
    for (uint32_t i = 0; i < count; i++) {
        const char *path = extended_path(reading, items[i], from);
        struct node *node =
            path == NULL ? broken(reading) : document_of(reading, path, node_span(items[i]));
        if (node != NULL)
            base = merge_over(reading->temp, base, node);
    }
    reading->depth--;
    return base;
}

static struct node *over_extended(struct reading *reading, struct node *node, const char *shown)
{
    const struct pair *extends = node_pair(node, "extends");
    if (extends == NULL)
        return node;
    struct node *base = extended(reading, extends->value, shown);
    struct node *own = node_copy_shallow(reading->temp, node);
    node_unset(own, "extends");
    return merge_over(reading->temp, base, own);
}

static struct node *document_of(struct reading *reading, const char *shown, struct span where)
{
    struct document *document = map_get(&reading->documents, shown);
    if (document != NULL && document->busy) {
        diag_at(reading->diags, "LF016", where, "take one of the two 'extends' out",
            "%s extends itself", shown);
        return broken(reading);
    }
    if (document != NULL)
        return document->node;
    document = ARENA_NEW(reading->arena, struct document);
    map_set(&reading->documents, shown, document);
    document->busy = true;
    struct node *node = read_file(reading, shown, where);
    if (node != NULL)
        document->node = over_extended(reading, node, shown);
    document->busy = false;
    return document->node;
}

/* The keys of one file of the folder join those of the others. */
static void join_file(struct reading *reading, struct node *all, const struct node *file)
{
    for (uint32_t i = 0; i < file->count; i++) {
        const struct pair *pair = &file->pairs[i];
        const struct pair *first = node_pair(all, pair->key);
        if (first == NULL) {
            put_pair(reading->temp, all, pair, pair->value);
            continue;
        }
        struct diag *diag =
            diag_at(reading->diags, "LF015", pair_span(pair), "keep it in one of the two files",
                "\"%s\" stands in two files of this environment", pair->key);
        diag->also = pair_span(first);
        diag->also_label = "first here";
    }
}

/* Names that look like a part of the environment and are none. */
static void warn_unread(struct reading *reading)
{
    struct strings others = {0};
    if (file_list(reading->arena, reading->place.folder, ".yml", &others) != 0)
        return;
    for (size_t i = 0; i < others.count; i++) {
        if (others.at[i][0] == '.')
            continue;
        const char *path = file_join(reading->arena, reading->place.shown, others.at[i]);
        struct span where = {.file = diags_source(reading->diags, path, NULL, 0)};
        diag_at(reading->diags, "LF029", where, "rename it to end in .yaml, or move it elsewhere",
            "%s is not read", path);
    }
}

struct node *reading_environment(struct reading *reading)
{
    struct arena *arena = reading->arena;
    struct strings names = {0};
    struct node *all = node_map(reading->temp);
    int error = file_list(arena, reading->place.folder, ".yaml", &names);
    if (error != 0 || names.count > MOST_FILES) {
        struct span where = {.file = diags_source(reading->diags, reading->place.shown, NULL, 0)};
        if (error != 0)
            diag_at(reading->diags, "LF001", where, NULL, "%s cannot be read: %s",
                reading->place.shown, strerror(error));
        else
            diag_at(reading->diags, "LF005", where, NULL, "%s holds more than %d files",
                reading->place.shown, MOST_FILES);
        broken(reading);
        return all;
    }
    const char *shown = NULL;
    for (size_t i = 0; i < names.count; i++) {
        if (names.at[i][0] == '.')
            continue;
        const char *path = file_join(arena, reading->place.shown, names.at[i]);
        struct node *file = read_file(reading, path, (struct span){0});
        if (file == NULL)
            continue;
        if (shown == NULL)
            all->file = file->file;
        if (shown == NULL || node_get(file, "extends") != NULL)
            shown = path;
        join_file(reading, all, file);
    }
    warn_unread(reading);
    return shown == NULL ? all : over_extended(reading, all, shown);
}
