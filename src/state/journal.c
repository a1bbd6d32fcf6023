#include "state/journal.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "state/codec.h"
#include "state/store.h"

#include <stdlib.h>
#include <string.h>

/* Journal objects: their names, their text, folding them, and removing them. */

#define JOURNAL_FORMAT 1

char *journal_name(struct arena *arena, int64_t serial, int64_t index)
{
    return arena_printf(
        arena, JOURNAL_FOLDER "%08lld-%06lld.json", (long long)serial, (long long)index);
}

/* At least `digits` digits; longer numbers are written when they are needed. */
static bool take_number(const char **at, size_t digits, int64_t *ret)
{
    int64_t value = 0;
    size_t length = 0;
    for (; (*at)[length] >= '0' && (*at)[length] <= '9' && length < 18; length++)
        value = value * 10 + ((*at)[length] - '0');
    if (length < digits)
        return false;
    *at += length;
    *ret = value;
    return true;
}

bool journal_name_parse(const char *name, int64_t *ret_serial, int64_t *ret_index)
{
    if (!text_starts(name, JOURNAL_FOLDER))
        return false;
    const char *at = name + strlen(JOURNAL_FOLDER);
    return take_number(&at, 8, ret_serial) && *at++ == '-' && take_number(&at, 6, ret_index) &&
           strcmp(at, ".json") == 0;
}

static void set_text(struct arena *arena, struct node *map, const char *key, const char *text)
{
    if (text != NULL)
        node_set_string(arena, map, key, text);
}

static struct node *entry_node(struct arena *arena, const struct journal_entry *entry)
{
    struct node *map = node_map(arena);
    set_text(arena, map, "action", entry->action);
    set_text(arena, map, "address", entry->address);
    set_text(arena, map, "id", entry->id);
    set_text(arena, map, "kind", entry->kind);
    node_set_int(arena, map, "n", entry->n);
    if (entry->note != NULL)
        node_set(arena, map, "note", codec_copy(arena, entry->note));
    return map;
}

void journal_encode(struct arena *arena, const struct journal_part *part, struct buf *out)
{
    struct node *entries = node_list(arena), *outcomes = node_list(arena);
    VEC_EACH(entry, &part->entries.list)
        node_list_add(arena, entries, entry_node(arena, entry));
    VEC_EACH(outcome, &part->outcomes) {
        struct node *map = node_map(arena);
        node_set_int(arena, map, "n", outcome->n);
        set_text(arena, map, "result", outcome->result);
        node_list_add(arena, outcomes, map);
    }
    struct node *map = node_map(arena);
    node_set(arena, map, "entries", entries);
    node_set_int(arena, map, "epoch", part->epoch);
    node_set_int(arena, map, "format", JOURNAL_FORMAT);
    set_text(arena, map, "lineage", part->lineage);
    set_text(arena, map, "lock_id", part->lock_id);
    node_set(arena, map, "results", outcomes);
    node_set_int(arena, map, "serial", part->serial);
    node_set_bool(arena, map, "takeover", part->takeover);
    node_set_string(arena, map, "write_id", digest_uuid(arena));
    set_text(arena, map, "written_at", part->written_at);
    codec_write(arena, map, out);
}

static bool decode_entries(struct arena *arena, const struct node *list, struct journal_part *part,
    const char **ret_reason)
{
    int64_t last = 0;
    for (uint32_t i = 0; node_is(list, NODE_LIST) && i < list->count; i++) {
        const struct node *map = list->items[i];
        struct journal_entry entry = {
            .n = node_get_int(map, "n", 0),
            .address = node_get_text(map, "address"),
            .kind = node_get_text(map, "kind"),
            .action = node_get_text(map, "action"),
            .id = node_get_text(map, "id"),
            .note = node_get(map, "note"),
        };
        if (entry.address == NULL || entry.n <= last) {
            *ret_reason = "an entry has no address, or a number out of order";
            return false;
        }
        last = entry.n;
        *VEC_ADD(arena, &part->entries.list) = entry;
    }
    return true;
}

static bool decode_outcomes(struct arena *arena, const struct node *list, struct journal_part *part,
    const char **ret_reason)
{
    for (uint32_t i = 0; node_is(list, NODE_LIST) && i < list->count; i++) {
        struct journal_outcome outcome = {
            .n = node_get_int(list->items[i], "n", 0),
            .result = node_get_text(list->items[i], "result"),
        };
        if (outcome.n <= 0 || outcome.result == NULL) {
            *ret_reason = "a result has no number or no text";
            return false;
        }
        *VEC_ADD(arena, &part->outcomes) = outcome;
    }
    return true;
}

bool journal_decode(struct arena *arena, const char *bytes, size_t length,
    struct journal_part *ret_part, const char **ret_reason)
{
    struct node *map = codec_parse(arena, bytes, length, ret_reason);
    if (map == NULL)
        return false;
    int64_t format = node_get_int(map, "format", 0);
    if (format != JOURNAL_FORMAT) {
        *ret_reason =
            arena_printf(arena, "its format is %lld, known is %d: a newer program wrote it",
                (long long)format, JOURNAL_FORMAT);
        return false;
    }
    if (!codec_unseal(arena, map, CODEC_SEALED, ret_reason))
        return false;
    struct journal_part part = {
        .serial = node_get_int(map, "serial", -1),
        .epoch = node_get_int(map, "epoch", 0),
        .lineage = node_get_text(map, "lineage"),
        .lock_id = node_get_text(map, "lock_id"),
        .written_at = node_get_text(map, "written_at"),
        .takeover = node_get_bool(map, "takeover", false),
    };
    if (!decode_entries(arena, node_get(map, "entries"), &part, ret_reason) ||
        !decode_outcomes(arena, node_get(map, "results"), &part, ret_reason))
        return false;
    *ret_part = part;
    return true;
}

/* Numbers grow within a serial, over all its runs. */
static struct journal_entry *find_entry(struct journal_entries *entries, int64_t n)
{
    size_t low = 0, high = entries->list.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (entries->list.at[middle].n == n)
            return &entries->list.at[middle];
        if (entries->list.at[middle].n < n)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void journal_fold(
    struct arena *arena, struct journal_entries *entries, const struct journal_part *part)
{
    VEC_EACH(entry, &part->entries.list) {
        size_t count = entries->list.count;
        if (count == 0 || entries->list.at[count - 1].n < entry->n)
            *VEC_ADD(arena, &entries->list) = *entry;
    }
    VEC_EACH(outcome, &part->outcomes) {
        struct journal_entry *entry = find_entry(entries, outcome->n);
        if (entry != NULL)
            entry->result = outcome->result;
    }
}

static int compare_refs(const void *a, const void *b)
{
    const struct journal_ref *x = a, *y = b;
    if (x->serial != y->serial)
        return x->serial < y->serial ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

bool journal_list(struct backend *backend, struct arena *arena, int64_t serial,
    struct journal_refs *ret_refs, struct diags *diags)
{
    struct strings names = {0};
    const char *prefix = JOURNAL_FOLDER;
    if (serial >= 0)
        prefix = arena_printf(arena, JOURNAL_FOLDER "%08lld-", (long long)serial);
    if (store_list(backend, arena, prefix, &names, diags) != BACKEND_OK)
        return false;
    struct journal_refs refs = {0};
    for (size_t i = 0; i < names.count; i++) {
        struct journal_ref ref = {.name = names.at[i]};
        if (journal_name_parse(ref.name, &ref.serial, &ref.index))
            *VEC_ADD(arena, &refs.list) = ref;
    }
    if (refs.list.count > 1)
        qsort(refs.list.at, refs.list.count, sizeof(*refs.list.at), compare_refs);
    *ret_refs = refs;
    return true;
}

/* Also when it cannot be read: then it is kept, which harms nobody. */
static bool may_be_fence(
    struct backend *backend, struct arena *arena, const char *name, struct diags *diags)
{
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL, *reason = NULL;
    struct journal_part part = {0};
    enum backend_result result =
        backend->ops->read(backend, arena, name, &bytes, &length, &etag, diags);
    if (result != BACKEND_OK)
        return result == BACKEND_FAILED;
    if (!journal_decode(arena, bytes, length, &part, &reason) || !part.takeover)
        return false;
    int64_t written = 0;
    return clock_parse(part.written_at, &written) && store_now(backend) - written < JOURNAL_FENCE_S;
}

static void remove_all(struct backend *backend, const struct strings *names, struct diags *diags)
{
    if (names->count > 0 && backend->ops->remove_many != NULL) {
        backend->ops->remove_many(backend, names, diags);
        return;
    }
    for (size_t i = 0; i < names->count; i++)
        backend->ops->remove(backend, names->at[i], diags);
}

void journal_remove(struct backend *backend, int64_t serial, const struct journal_ref *ours)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct diags ignored = diags_init(scratch);
    struct journal_refs refs = {0};
    struct strings names = {0};
    if (!journal_list(backend, scratch, -1, &refs, &ignored))
        return;
    VEC_EACH(ref, &refs.list) {
        CLEANUP_ARENA struct arena *each = arena_new();
        if (ref->serial >= serial)
            continue;
        bool known = ref->serial == ours->serial && ref->index >= ours->index;
        if (known || !may_be_fence(backend, each, ref->name, &ignored))
            strings_add(scratch, &names, ref->name);
    }
    remove_all(backend, &names, &ignored);
}

void journal_remove_own(struct backend *backend, int64_t serial, int64_t first, int64_t next)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct diags ignored = diags_init(scratch);
    struct strings names = {0};
    for (int64_t index = first; index < next; index++)
        strings_add(scratch, &names, journal_name(scratch, serial, index));
    remove_all(backend, &names, &ignored);
}

/* A run's id in a name: what cannot stand there is left out. */
static const char *name_part(struct arena *arena, const char *run)
{
    enum { MOST = 40 };
    char *part = arena_alloc(arena, MOST + 1);
    size_t length = 0;
    for (; run != NULL && *run != '\0' && length < MOST; run++) {
        bool digit = *run >= '0' && *run <= '9';
        bool letter = (*run >= 'a' && *run <= 'z') || (*run >= 'A' && *run <= 'Z');
        if (digit || letter || *run == '-')
            part[length++] = *run;
    }
    return length == 0 ? "run" : part;
}

static int64_t kept(const struct backend *backend)
{
    return backend->keep > 0 ? backend->keep : HISTORY_KEPT;
}

static bool trim_is_due(const struct backend *backend, int64_t serial)
{
    enum { EVERY = 8 };
    int64_t every = kept(backend) < EVERY ? kept(backend) : EVERY;
    return !backend->leased || serial % every == 0;
}

void history_keep(struct backend *backend, int64_t serial, const char *run, const char *bytes,
    size_t length, struct diags *diags)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    struct diags_point point = diags_point(diags);
    const char *name =
        arena_printf(scratch, "history/%08lld-%s.json", (long long)serial, name_part(scratch, run));
    const char *etag = NULL;
    if (backend->ops->write(backend, scratch, name, bytes, length, NULL, &etag, diags) !=
        BACKEND_OK) {
        diags_take_back(diags, point);
        diag_add(diags, "LF408", "the old state could not be copied to %s in %s", name,
            backend->ops->show(backend));
        return;
    }
    if (trim_is_due(backend, serial)) {
        struct strings names = {0}, old = {0};
        backend->ops->list(backend, scratch, "history/", &names, diags);
        for (size_t i = 0; i + (size_t)kept(backend) < names.count; i++)
            strings_add(scratch, &old, names.at[i]);
        remove_all(backend, &old, diags);
    }
    diags_take_back(diags, point);
}
