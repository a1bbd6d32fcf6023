#include "cli/state_actions.h"

#include "base/text.h"

/* Two states side by side. Values are not shown: what a state knows of a secret is its hash. */

/* "fields, id": the members in which two objects differ, or NULL. */
static const char *differences(
    struct arena *arena, const struct known_object *a, const struct known_object *b)
{
    const struct {
        const char *name;
        bool different;
    } members[] = {
        {"kind", !text_equal(a->kind, b->kind)},
        {"id", !text_equal(a->id, b->id)},
        {"adopted", a->adopted != b->adopted},
        {"fields", !node_equal(a->fields, b->fields)},
        {"extra", !node_equal(a->extra, b->extra)},
        {"changed_at", !text_equal(a->changed_at, b->changed_at)},
        {"server_time", !text_equal(a->server_time, b->server_time)},
    };
    const char *found = NULL;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (!members[i].different)
            continue;
        found =
            found == NULL ? members[i].name : arena_printf(arena, "%s, %s", found, members[i].name);
    }
    return found;
}

struct state_diff state_compare(
    struct arena *arena, const struct state *before, const struct state *after)
{
    /* What takes the place of nothing differs from nothing. */
    struct state_diff diff = {0};
    if (state_readable(before)) {
        diff.lineage = !text_equal(before->known.lineage, after->known.lineage);
        diff.target = !node_equal(before->target, after->target);
    }
    const struct map *old = &before->known.objects, *new = &after->known.objects;
    for (size_t i = 0; i < old->count; i++) {
        if (map_get(new, old->at[i].key) == NULL)
            strings_add(arena, &diff.removed, old->at[i].key);
    }
    for (size_t i = 0; i < new->count; i++) {
        const struct known_object *was = map_get(old, new->at[i].key);
        if (was == NULL)
            strings_add(arena, &diff.added, new->at[i].key);
        else if (differences(arena, was, new->at[i].value) != NULL)
            strings_add(arena, &diff.changed, new->at[i].key);
        else
            diff.same++;
    }
    strings_sort(&diff.added);
    strings_sort(&diff.removed);
    strings_sort(&diff.changed);
    for (size_t i = 0; i < diff.changed.count; i++) {
        const char *address = diff.changed.at[i];
        strings_add(
            arena, &diff.members, differences(arena, map_get(old, address), map_get(new, address)));
    }
    return diff;
}

static void lines(
    struct buf *out, char sign, const struct strings *addresses, const struct strings *members)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    for (size_t i = 0; i < addresses->count; i++) {
        buf_printf(out, "  %c %s", sign, text_printable(arena, addresses->at[i], false));
        if (members != NULL)
            buf_printf(out, "  (%s)", members->at[i]);
        buf_char(out, '\n');
    }
}

void state_diff_text(const struct state_diff *diff, struct buf *out)
{
    lines(out, '+', &diff->added, NULL);
    lines(out, '-', &diff->removed, NULL);
    lines(out, '~', &diff->changed, &diff->members);
    if (diff->lineage)
        buf_str(out, "  ~ the lineage\n");
    if (diff->target)
        buf_str(out, "  ~ the target it was applied to\n");
    buf_printf(out, "Objects: %zu added, %zu removed, %zu changed, %zu the same.\n",
        diff->added.count, diff->removed.count, diff->changed.count, diff->same);
}

static void set_list(
    struct arena *arena, struct node *map, const char *key, const struct strings *texts)
{
    struct node *list = node_list(arena);
    for (size_t i = 0; i < texts->count; i++)
        node_list_add(arena, list, node_string(arena, texts->at[i]));
    node_set(arena, map, key, list);
}

struct node *state_diff_node(struct arena *arena, const struct state_diff *diff)
{
    struct node *node = node_map(arena);
    set_list(arena, node, "added", &diff->added);
    set_list(arena, node, "removed", &diff->removed);
    set_list(arena, node, "changed", &diff->changed);
    node_set_int(arena, node, "same", (int64_t)diff->same);
    node_set_bool(arena, node, "other_lineage", diff->lineage);
    node_set_bool(arena, node, "other_target", diff->target);
    return node;
}
