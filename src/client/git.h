/* What git knows of the spec's folder: libgit2's door, read only. */
#ifndef LITEFORM_CLIENT_GIT_H
#define LITEFORM_CLIENT_GIT_H

#include "base/arena.h"

#include <stdbool.h>

struct git_facts {
    const char *unknown;  /* why nothing can be told (no libgit2), else NULL */
    bool repository;      /* the folder is in a work tree */
    const char *top;      /* of the work tree, absolute */
    const char *commit;   /* HEAD, hex, or NULL before the first commit */
    const char *branch;   /* or NULL when detached */
    bool dirty;           /* a tracked file below `folder` differs, or an untracked one is there */
    bool on_upstream;     /* HEAD is reachable from the branch's upstream */
    const char *upstream; /* "origin/main", or NULL; when detached: a remote branch that has HEAD */
};

/**
 * Facts about the folder. Outside a repository all is empty; the same with `unknown` set says
 * nothing: a guard that asks must refuse.
 */
struct git_facts git_facts(struct arena *arena, const char *folder);

#endif
