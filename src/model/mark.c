#include "model/mark.h"

#include "base/text.h"

#include <string.h>

#define LINEAGE_SHOWN 8

char *mark_make(
    struct arena *arena, const char *word, const char *environment, const struct known *known)
{
    if (known == NULL || known->lineage == NULL)
        return arena_printf(arena, "%s/%s", word, environment);
    return arena_printf(arena, "%s/%s/%.*s", word, environment, LINEAGE_SHOWN, known->lineage);
}

bool mark_says(const char *mark, const char *word)
{
    size_t length = strlen(word);
    return mark != NULL && strncmp(mark, word, length) == 0 && mark[length] == '/';
}

/* What follows the first slash, and how much of it is the environment. */
static const char *environment_part(const char *mark, size_t *ret_length)
{
    const char *slash = mark == NULL ? NULL : strchr(mark, '/');
    if (slash == NULL)
        return NULL;
    *ret_length = strcspn(slash + 1, "/");
    return slash + 1;
}

bool mark_is_of(const char *mark, const char *environment)
{
    size_t length = 0;
    const char *part = environment_part(mark, &length);
    return part != NULL && strlen(environment) == length && memcmp(part, environment, length) == 0;
}

char *mark_environment(struct arena *arena, const char *mark)
{
    size_t length = 0;
    const char *part = environment_part(mark, &length);
    return part == NULL ? NULL : arena_strndup(arena, part, length);
}

const char *mark_lineage(const char *mark)
{
    size_t length = 0;
    const char *part = environment_part(mark, &length);
    return part == NULL || part[length] == '\0' ? NULL : part + length + 1;
}

bool mark_is_older(const char *mark, const struct known *known)
{
    const char *lineage = mark_lineage(mark);
    if (lineage == NULL || known->lineage == NULL)
        return false;
    return strncmp(lineage, known->lineage, LINEAGE_SHOWN) != 0 || strlen(lineage) != LINEAGE_SHOWN;
}

bool mark_is_strange(const char *mark, const struct known *known)
{
    return mark_is_older(mark, known) && !strings_has(&known->taken_over, mark_lineage(mark));
}
