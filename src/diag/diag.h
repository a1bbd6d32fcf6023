/*
 * Diagnostics are values: found anywhere, collected, rendered by diag/render.c, printed by cli.
 *
 * A function that can find fault takes `struct diags *` last, adds what it finds and goes on, so
 * that one pass shows everything. Whether it worked is its return value or diags_errors().
 *
 * Every diagnostic has an id of the catalogue (diag/catalog.def), which holds its level, its title
 * and the long text of `liteform explain ID`.
 */
#ifndef LITEFORM_DIAG_DIAG_H
#define LITEFORM_DIAG_DIAG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum severity { SEVERITY_OFF, SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR };

/** A place in a source; line 0 is none. Lines and columns start at 1, columns count characters. */
struct span {
    uint16_t file; /* index into diags->sources */
    uint32_t line, column;
    uint32_t length; /* characters to underline; 0: to the end of the word */
};

/** A text that diagnostics point into. */
struct source {
    const char *path; /* as shown */
    const char *text; /* NULL when it could not be read */
    size_t length;
    const uint32_t *line_starts; /* built at the first use */
    size_t line_count;
};

struct diag {
    const char *id; /* of the catalogue */
    enum severity severity;
    struct span where;
    struct span also;       /* where the other half is: first definition, open bracket */
    const char *also_label; /* "first here" */
    const char *address;    /* model/claude-opus, or NULL */
    const char *message;    /* the fact, one line, lower case, no full stop */
    const char *fix;        /* what to do, or NULL */
    unsigned repeats;       /* how often the same was found besides */
};

struct diags {
    struct arena *arena;
    VEC(struct diag) list;
    VEC(struct source) sources; /* [0] is "no source" */
    size_t errors, warnings;
    struct diag *spare; /* takes what is added beyond DIAGS_MAX: counted, not kept */
};

/** So many are kept; hostile input may cause one for every byte. */
#define DIAGS_MAX 20000

/** A row of the catalogue. */
struct catalog_entry {
    const char *id;
    enum severity severity;
    const char *title;
    const char *text; /* reason, symptom, what to do; for `explain` */
};

/** All rows, ended by one whose id is NULL. */
extern const struct catalog_entry diag_catalog[];
/** The row of `id` (case does not matter), or NULL. */
const struct catalog_entry *diag_lookup(const char *id);

/** Empty; memory comes from `arena`. */
struct diags diags_init(struct arena *arena);

/** Makes a source known and returns its index. `text` must live as long as `diags`. */
uint16_t diags_source(struct diags *diags, const char *path, const char *text, size_t length);

/**
 * Adds a diagnostic with the catalogue's severity and returns it, for .where, .fix, .address.
 * The pointer is good until the next one is added. An unknown id is a bug and aborts.
 */
struct diag *diag_add(struct diags *diags, const char *id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The same with a place and a fix (either may be empty). */
struct diag *diag_at(struct diags *diags, const char *id, struct span where, const char *fix,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

/** Changes the severity of a diagnostic of this list and keeps the counts right. */
void diag_set_severity(struct diags *diags, struct diag *diag, enum severity severity);

/** The place of the byte at `offset` of a source: for what counts bytes, not lines. */
struct span diags_span_at(const struct diags *diags, uint16_t source, size_t offset);
/**
 * Line `line` (from 1) of a source without its line break; NULL when there is none. Lines end as
 * YAML 1.1 ends them (also at U+0085, U+2028, U+2029), because that is how libyaml counts.
 */
const char *diags_line(
    const struct diags *diags, uint16_t source, uint32_t line, size_t *ret_length);

size_t diags_errors(const struct diags *diags);
/** Whether a diagnostic with this id is in the list. */
bool diags_has(const struct diags *diags, const char *id);
/** Sorts by file, line, column, id; folds the same message at different places into a count. */
void diags_sort(struct diags *diags);
/** A sorted copy of the list in the arena, without folding. */
struct diag *diags_sorted(const struct diags *diags);
/** Folds repeats in a sorted list; returns how many are left. */
size_t diags_fold(struct diag *list, size_t count);

struct diag_style {
    bool color;
    unsigned width; /* columns of the terminal; 0: do not wrap */
    unsigned most;  /* how many to show; 0: 50 */
};

/** Text for people: id, place, snippet, caret, fix; all of them, the count beyond `most`. */
void diags_render_text(const struct diags *diags, const struct diag_style *style, struct buf *out);
/** A JSON array of {"id","level","message","address","file","line","column","fix"}. */
void diags_render_json(const struct diags *diags, struct buf *out);
/** One diagnostic in that JSON form. */
void diag_render_json(const struct diags *diags, const struct diag *diag, struct buf *out);
/** "error", "warning", "info", "off" */
const char *severity_name(enum severity severity);

#endif
