/* The kinds there are, in the order of their steps. */
#ifndef LITEFORM_KINDS_REGISTRY_H
#define LITEFORM_KINDS_REGISTRY_H

#include "model/kind.h"

/** All kinds; from kinds.def. */
const struct kind_set *kinds_all(void);

#define KIND(name) extern const struct kind kind_##name;
#include "kinds/kinds.def"
#undef KIND

#endif
