/* The names by which models can be called, and what each leads to. */
#include "base/text.h"
#include "spec/inner.h"

#include <string.h>

static void add_name(struct names *names, struct desired *desired, const char *name)
{
    if (map_get(&names->models, name) != NULL)
        return;
    struct arena *arena = desired->by_address.arena; /* of what outlives the names */
    map_set(&names->models, name, ARENA_NEW(names->arena, struct strings));
    strings_add(arena, &desired->model_names, arena_strdup(arena, name));
    if (strchr(name, '*') != NULL)
        strings_add(names->arena, &names->patterns, name);
}

static void add_groups(struct names *names, const struct node *info)
{
    const struct node *groups = node_get(info, "access_groups");
    for (uint32_t i = 0; node_is(groups, NODE_LIST) && i < groups->count; i++) {
        const char *group = node_text(groups->items[i]);
        if (group != NULL && map_set(&names->group_set, group, names) == NULL)
            strings_add(names->arena, &names->groups, group);
    }
}

const char *model_called(const struct pair *entry)
{
    const char *name = node_get_text(entry->value, "name");
    return name != NULL ? name : entry->key;
}

static void gather_models(
    struct names *names, const struct node *raw, const struct node *typed, struct desired *desired)
{
    /* As written, so that a name whose entry has a fault of its own is known all the same. */
    for (uint32_t i = 0; node_is(raw, NODE_MAP) && i < raw->count; i++)
        add_name(names, desired, model_called(&raw->pairs[i]));
    for (uint32_t i = 0; node_is(typed, NODE_MAP) && i < typed->count; i++) {
        const struct node *entry = typed->pairs[i].value;
        const struct node *deployments = node_get(entry, "deployments");
        add_groups(names, node_get(entry, "info"));
        for (uint32_t j = 0; node_is(deployments, NODE_MAP) && j < deployments->count; j++)
            add_groups(names, node_get(deployments->pairs[j].value, "info"));
    }
}

static void gather_config(struct names *names, const struct node *document, struct desired *desired)
{
    const struct node *list = node_path(document, "release.config.model_list");
    for (uint32_t i = 0; node_is(list, NODE_LIST) && i < list->count; i++) {
        const char *name = node_get_text(list->items[i], "model_name");
        if (name != NULL)
            add_name(names, desired, name);
        add_groups(names, node_get(list->items[i], "model_info"));
    }
}

static void gather_aliases(struct names *names, const struct node *teams, struct desired *desired)
{
    for (uint32_t i = 0; node_is(teams, NODE_MAP) && i < teams->count; i++) {
        const struct node *aliases = node_get(teams->pairs[i].value, "model_aliases");
        for (uint32_t j = 0; node_is(aliases, NODE_MAP) && j < aliases->count; j++)
            add_name(names, desired, aliases->pairs[j].key);
    }
}

struct names names_gather(struct arena *temp, const struct node *raw, const struct node *document,
    struct desired *desired)
{
    struct names names = {.arena = temp, .models = map_init(temp), .group_set = map_init(temp)};
    gather_models(&names, node_get(raw, "models"), node_get(document, "models"), desired);
    gather_config(&names, document, desired);
    gather_aliases(&names, node_get(document, "teams"), desired);
    return names;
}

const struct strings *names_find(const struct names *names, const char *name)
{
    static const struct strings nothing = {0};
    const struct strings *found = map_get(&names->models, name);
    if (found != NULL)
        return found;
    /* A wildcard stands for what the proxy finds out; `all-team-models` for the team's list. */
    if (strchr(name, '*') != NULL || strcmp(name, "all-team-models") == 0)
        return &nothing;
    if (map_get(&names->group_set, name) != NULL)
        return &nothing;
    for (size_t i = 0; i < names->patterns.count; i++) {
        if (text_glob(names->patterns.at[i], name))
            return map_get(&names->models, names->patterns.at[i]);
    }
    return NULL;
}
