/* Shared by the files of live/: one collecting run. */
#ifndef LITEFORM_LIVE_INTERNAL_H
#define LITEFORM_LIVE_INTERNAL_H

#include "live/collect.h"

struct collecting {
    struct arena *arena;
    const struct spec *spec;
    const struct kind_set *kinds;
    struct client *client;
    struct secrets *secrets;
    const struct collect_options *options;
    struct diags *diags;
    struct live *live;
    struct arena *scratch; /* until all is joined */
};

/** Whether a kind is to be read in this run. */
bool collect_wants(const struct collecting *c, const struct kind *kind);
/** Marks a kind unread with its reason, once. */
void collect_unread(struct collecting *c, struct live_kind *in, const char *reason);

/** pages.c: all HTTP lists of all kinds, side by side. */
void collect_pages(struct collecting *c);
/** tables.c: the SELECTs of all kinds. */
void collect_tables(struct collecting *c);

#endif
