/* The list of kinds, made from kinds.def. */
#include "kinds/registry.h"

const struct kind_set *kinds_all(void)
{
    static const struct kind *const kinds[] = {
#define KIND(name) &kind_##name,
#include "kinds/kinds.def"
#undef KIND
    };
    static const struct kind_set set = {kinds, sizeof(kinds) / sizeof(kinds[0])};

    return &set;
}
