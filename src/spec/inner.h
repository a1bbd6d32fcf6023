/*
 * Between the files of this room: reading files, the tables of the sections that are no kind's,
 * typing, and the passes over the result.
 */
#ifndef LITEFORM_SPEC_INNER_H
#define LITEFORM_SPEC_INNER_H

#include "base/map.h"
#include "base/vec.h"
#include "diag/diag.h"
#include "model/kind.h"
#include "model/spec.h"
#include "spec/spec.h"
#include "value/node.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ------------------------------------------------------------------ place.c: folders and paths */

/** Where an environment lies. Paths "as shown" are relative to the working folder. */
struct place {
    const char *name;         /* of the folder */
    const char *shown;        /* environments/prod */
    const char *folder;       /* the same, to open */
    const char *top;          /* as shown: the folder that no 'extends' may lead out of */
    const char *state_folder; /* to open */
};

/** Finds an environment; false: there is none, and LF007 says which there are. */
bool place_find(struct arena *arena, const struct spec_options *options, struct place *ret,
    struct diags *diags);
/** A path without "." and "x/..", by its text alone. */
char *path_tidy(struct arena *arena, const char *path);
/** Whether the tidy `path` lies below the tidy folder `top`. */
bool path_within(const char *top, const char *path);
/** A shown path as it must be opened. */
char *path_open(struct arena *arena, const char *root, const char *shown);

/* ------------------------------------------------------------------ files.c: reading and merging */

/** What must be known of a source beyond what diagnostics know. */
struct source_file {
    const char *folder; /* to open: relative paths in the file are taken from here */
    char *text;         /* the bytes, to blank out secrets that were written out */
};

struct reading {
    struct arena *arena;
    struct arena *temp; /* of the documents as written; ends behind the checks, or is `arena` */
    struct diags *diags;
    const char *root;
    struct place place;
    VEC(struct source_file) sources; /* by the index of diags->sources */
    struct map documents;            /* shown path -> struct document: a file is read once */
    struct strings files;            /* shown paths, in the order of reading */
    struct strings hashes;           /* of their contents */
    unsigned depth;                  /* of extends */
    bool broken;                     /* a file is missing or not YAML: the document has holes */
};

/** All files of the environment, merged. Never NULL; `reading->broken` tells whether it is whole. */
struct node *reading_environment(struct reading *reading);
/** The folder of the file that `source` is. */
const char *reading_folder(const struct reading *reading, uint16_t source);
/** Blanks the text of a source from a place to the end of its line: a secret stands there. */
void reading_blank(struct reading *reading, struct span where);
/** The document `over` laid over `base`: maps merge, the rest replaces, null removes. */
struct node *merge_over(struct arena *arena, struct node *base, struct node *over);
/** Appends or replaces a pair with the place of its key. */
void put_pair(struct arena *arena, struct node *map, const struct pair *pair, struct node *value);

/* ------------------------------------------------------------------ sections.c: own tables */

enum shape {
    SHAPE_FIELD,      /* as the field says */
    SHAPE_OBJECT,     /* a map with the keys of `rules` */
    SHAPE_NAMED,      /* a map of any names to secret references per key (secrets) */
    SHAPE_OBJECTS,    /* a list of maps with the keys of `rules` */
    SHAPE_TEXTS,      /* a list of texts, or one text */
    SHAPE_TEXT_MAP,   /* a map of any names to texts */
    SHAPE_PLACE,      /* a text, or { env: NAME }, which is looked up when the spec is read */
    SHAPE_URL,        /* the same, and it must be http:// or https:// */
    SHAPE_FILE,       /* a path, relative to the file it stands in */
    SHAPE_BACKEND,    /* `local`, or a map with the keys of `rules` */
    SHAPE_MASTER_KEY, /* a secret reference that may hold `previous:` with another */
    SHAPE_THRESHOLD,  /* a number or a share in percent */
    SHAPE_OWNERSHIP,  /* a map of the kinds' sections to full, keep, ignore */
    SHAPE_LINT,       /* a map of rule ids to error, warning, info, off */
    SHAPE_ADDRESSES,  /* a list of addresses, globs are taken */
};

/** A key of a section that belongs to no kind. `field` describes it as a kind's field would. */
struct rule {
    struct field field;
    enum shape shape;
    const struct rule *rules; /* ended by a row without name */
    const char *otherwise;    /* what holds when it is absent, for the reference */
};

/** The sections that belong to no kind, ended by a row without name; in the order of the reference. */
extern const struct rule spec_sections[];
const struct rule *rule_by_name(const struct rule *rules, const char *name);

/* ------------------------------------------------------------------ type.c, rules.c: typing */

struct typing {
    struct arena *arena;
    struct arena *temp; /* for what is needed until the checks are done */
    struct diags *diags;
    struct reading *reading;
    const struct kind_set *kinds;
    const char *tier;
    size_t errors_before; /* in `diags`, when this environment's turn came */
    unsigned unknown;     /* keys; after many, what is known is no longer looked up for each */
    unsigned guesses;     /* did-you-mean over long lists is given up after so many */
};

/** The typed value, or NULL after a diagnostic. `what` is how messages call it: "max_budget". */
struct node *type_value(
    struct typing *t, const struct field *field, const struct node *node, const char *what);
/** A map by a field table; `owner` is how messages call it. Wrong fields are left out and counted
 *  in `*bad`. */
struct node *type_fields(struct typing *t, const struct field *fields, const struct node *node,
    struct span where, const char *owner, unsigned *bad);
/** A whole section of a kind: entries with a fault are left out. */
struct node *type_section(struct typing *t, const struct kind *kind, const struct node *node);
/** A section of a table of this room. */
struct node *type_rule(
    struct typing *t, const struct rule *rule, const struct node *node, struct span where);
/** The whole document. */
struct node *type_document(struct typing *t, const struct node *raw);

/** LF011: `what` takes `wanted`, here is something else. Returns NULL. */
struct node *wrong_type(struct typing *t, const struct node *node, const char *what,
    const char *wanted, const char *fix);
/** LF010 with the nearest of `known`, or all of them where they are few. */
void unknown_key(
    struct typing *t, const struct pair *pair, const char *owner, const struct strings *known);
/** Whether so many keys were unknown that no more help is given. */
bool tired(const struct typing *t);
/** `to` with the place of `from`. */
struct node *placed(struct node *to, const struct node *from);
/** Plain `null`, `~` or nothing. */
bool is_null(const struct node *node);
/** A secret stands where a reference belongs: no output may show it. */
void hide_secret(struct typing *t, const struct node *node);
/** A reference, else NULL; what cannot be read is hidden. */
struct node *type_secret(struct typing *t, const struct node *node);
/** Whether a name can be an address and a part of a URL; LF028 if not. */
bool name_usable(struct typing *t, const char *name, struct span where);
/** "did you mean ...?", or NULL. Looks at long lists only so often. */
const char *guess(struct typing *t, const char *text, const struct strings *candidates);
/** "a, b, c" of at most `most` (then ", ..."). */
char *list_of(struct arena *arena, const struct strings *texts, size_t most);
/** Whether the text of an address begins with a kind that there is or will be. */
bool address_known_kind(const struct typing *t, const char *address);

/* ------------------------------------------------------------------ names.c, resources.c, check.c */

/** What the spec's names lead to. */
struct names {
    struct arena *arena;
    struct map models;       /* callable name -> struct strings: addresses of its deployments */
    struct strings patterns; /* declared names with a `*` */
    struct strings groups;   /* access groups */
    struct map group_set;    /* the same, for looking up */
};

/** In `temp`, gathers every callable name: models:, release.config.model_list, aliases of teams. */
struct names names_gather(struct arena *temp, const struct node *raw, const struct node *document,
    struct desired *desired);
/** The callable name of an entry of models: its `name`, else its key. */
const char *model_called(const struct pair *entry);
/** The addresses a model name leads to (maybe none), or NULL when nothing declares it. */
const struct strings *names_find(const struct names *names, const char *name);

/** The document's entries become resources, with references and duplicates checked. */
void resources_make(struct typing *t, struct spec *spec, struct names *names);
/** LF014 for a model name that is not declared. */
bool model_known(struct typing *t, const struct desired *desired, const struct names *names,
    const struct node *at, const char *address);

/** Checks across sections. */
void check_spec(struct typing *t, struct spec *spec, const struct names *names);

/** Fills the parts of `spec` that steer the program from its document. */
void spec_fill(struct typing *t, struct spec *spec);

#endif
