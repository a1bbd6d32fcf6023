#include "diag/diag.h"

#include "base/fail.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Collecting, sorting and folding diagnostics. */

struct diags diags_init(struct arena *arena)
{
    struct diags diags = {.arena = arena};
    *VEC_ADD(arena, &diags.sources) = (struct source){0};
    return diags;
}

static void count(struct diags *diags, enum severity severity, size_t by)
{
    /* `by` is 1 or, wrapping round, -1 */
    if (severity == SEVERITY_ERROR)
        diags->errors += by;
    else if (severity == SEVERITY_WARNING)
        diags->warnings += by;
}

__attribute__((format(printf, 3, 0))) static struct diag *add(
    struct diags *diags, const char *id, const char *format, va_list args)
{
    const struct catalog_entry *entry = diag_lookup(id);
    if (entry == NULL)
        fail_bug("a diagnostic that is not in the catalogue", id);
    count(diags, entry->severity, 1);
    if (diags->list.count >= DIAGS_MAX) {
        if (diags->spare == NULL)
            diags->spare = ARENA_NEW(diags->arena, struct diag);
        *diags->spare =
            (struct diag){.id = entry->id, .severity = entry->severity, .message = entry->title};
        return diags->spare;
    }
    struct diag *diag = VEC_ADD(diags->arena, &diags->list);
    diag->id = entry->id;
    diag->severity = entry->severity;
    diag->message = arena_vprintf(diags->arena, format, args);
    return diag;
}

struct diag *diag_add(struct diags *diags, const char *id, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct diag *diag = add(diags, id, format, args);
    va_end(args);
    return diag;
}

struct diag *diag_at(struct diags *diags, const char *id, struct span where, const char *fix,
    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct diag *diag = add(diags, id, format, args);
    va_end(args);
    diag->where = where;
    if (diag != diags->spare && fix != NULL && fix[0] != '\0')
        diag->fix = arena_strdup(diags->arena, fix);
    return diag;
}

void diag_set_severity(struct diags *diags, struct diag *diag, enum severity severity)
{
    count(diags, diag->severity, (size_t)-1);
    count(diags, severity, 1);
    diag->severity = severity;
}

size_t diags_errors(const struct diags *diags)
{
    return diags->errors;
}

bool diags_has(const struct diags *diags, const char *id)
{
    VEC_EACH(diag, &diags->list) {
        if (strcmp(diag->id, id) == 0)
            return true;
    }
    return false;
}

const char *severity_name(enum severity severity)
{
    switch (severity) {
    case SEVERITY_ERROR:
        return "error";
    case SEVERITY_WARNING:
        return "warning";
    case SEVERITY_INFO:
        return "info";
    case SEVERITY_OFF:
        break;
    }
    return "off";
}

static const char *path_of(const struct diags *diags, uint16_t file)
{
    const char *path = file < diags->sources.count ? diags->sources.at[file].path : NULL;
    return path == NULL ? "" : path;
}

static int compare_numbers(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

struct sort_key {
    const char *path; /* the order must not depend on which file was read first */
    const struct diag *diag;
    size_t index;
};

static int compare_keys(const void *a, const void *b)
{
    const struct sort_key *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    if (order == 0)
        order = compare_numbers(x->diag->where.line, y->diag->where.line);
    if (order == 0)
        order = compare_numbers(x->diag->where.column, y->diag->where.column);
    if (order == 0)
        order = strcmp(x->diag->id, y->diag->id);
    return order != 0 ? order : compare_numbers(x->index, y->index);
}

struct diag *diags_sorted(const struct diags *diags)
{
    size_t total = diags->list.count;
    struct diag *sorted = arena_array(diags->arena, total, sizeof(*sorted));
    struct sort_key *keys = arena_array(diags->arena, total, sizeof(*keys));
    for (size_t i = 0; i < total; i++) {
        const struct diag *diag = &diags->list.at[i];
        const char *path = path_of(diags, diag->where.file);
        keys[i] = (struct sort_key){.path = path, .diag = diag, .index = i};
    }
    if (total > 1)
        qsort(keys, total, sizeof(*keys), compare_keys);
    for (size_t i = 0; i < total; i++)
        sorted[i] = *keys[i].diag;
    return sorted;
}

/* The same fact found elsewhere. Another address is another thing to repair, so it stays. */
static bool same_fact(const struct diag *a, const struct diag *b)
{
    return a->severity == b->severity && strcmp(a->id, b->id) == 0 &&
           strcmp(a->message, b->message) == 0 && text_equal(a->address, b->address) &&
           text_equal(a->fix, b->fix);
}

struct fold_key {
    struct diag *diag;
    size_t index;
};

static int compare_facts(const void *a, const void *b)
{
    const struct fold_key *x = a, *y = b;
    int order = strcmp(x->diag->id, y->diag->id);
    if (order == 0)
        order = strcmp(x->diag->message, y->diag->message);
    if (order == 0)
        order = strcmp(x->diag->address == NULL ? "" : x->diag->address,
            y->diag->address == NULL ? "" : y->diag->address);
    return order != 0 ? order : compare_numbers(x->index, y->index);
}

size_t diags_fold(struct diag *list, size_t total)
{
    if (total < 2)
        return total;
    struct fold_key *keys = calloc(total, sizeof(*keys));
    bool *gone = calloc(total, sizeof(*gone));
    if (keys == NULL || gone == NULL)
        fail_memory();
    for (size_t i = 0; i < total; i++)
        keys[i] = (struct fold_key){.diag = &list[i], .index = i};
    qsort(keys, total, sizeof(*keys), compare_facts);
    struct diag *first = keys[0].diag;
    for (size_t i = 1; i < total; i++) {
        if (same_fact(first, keys[i].diag)) {
            first->repeats += 1 + keys[i].diag->repeats;
            gone[keys[i].index] = true;
        } else {
            first = keys[i].diag;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < total; i++) {
        if (!gone[i])
            list[kept++] = list[i];
    }
    free(keys);
    free(gone);
    return kept;
}

void diags_sort(struct diags *diags)
{
    struct diag *sorted = diags_sorted(diags);
    size_t total = diags->list.count;
    diags->list.count = diags_fold(sorted, total);
    diags->list.at = sorted;
    diags->list.cap = total;
}
