/* room: state */
#include "state/codec.h"
#include "state/journal.h"
#include "state/lock_record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * What the store gives back, of any bytes: refused with a diagnostic, or one canonical text. The
 * checksum is not looked at first, else nothing would ever get past it.
 */

static void fuzz_state(struct arena *arena, const char *bytes, size_t size)
{
    struct diags diags = diags_init(arena);
    struct state *state = state_decode_edited(arena, bytes, size, "prod", &diags);
    if ((state == NULL) != (diags_errors(&diags) > 0))
        abort();
    if (state == NULL)
        return;
    CLEANUP_BUF struct buf text = BUF_INIT(CODEC_MAX), again = BUF_INIT(CODEC_MAX);
    state_encode(state, &text);
    struct state *second = state_decode(arena, text.at, text.len, "prod", &diags);
    /* Digits beyond what is read, or one level too deep, are no fault of the writer. */
    if (second == NULL)
        return;
    state_encode(second, &again);
    if (strcmp(text.at, again.at) != 0)
        abort();
    for (size_t i = 0; i < second->known.objects.count; i += 2)
        state_drop(arena, second, second->known.objects.at[i].key);
}

static void fuzz_journal(struct arena *arena, const char *bytes, size_t size)
{
    const char *reason = NULL;
    struct journal_part part = {0};
    struct node *map = codec_parse(arena, bytes, size, &reason);
    if (map == NULL) {
        if (reason == NULL || journal_decode(arena, bytes, size, &part, &reason))
            abort();
        return;
    }
    /* With the checksum that it should have. */
    node_unset(map, "checksum");
    CLEANUP_BUF struct buf text = BUF_INIT(CODEC_MAX);
    if (map->count > 0 && strcmp(map->pairs[0].key, "checksum") < 0)
        return;
    codec_write(arena, map, &text);
    if (!journal_decode(arena, text.at, text.len, &part, &reason))
        return;
    struct journal_entries entries = {0};
    journal_fold(arena, &entries, &part);
    journal_fold(arena, &entries, &part);
    if (entries.list.count != part.entries.list.count)
        abort();
    CLEANUP_BUF struct buf again = BUF_INIT(CODEC_MAX);
    journal_encode(arena, &part, &again);
    if (!journal_decode(arena, again.at, again.len, &part, &reason))
        abort();
}

static void fuzz_lock(struct arena *arena, const char *bytes, size_t size)
{
    const char *reason = NULL;
    struct lock_record record = {0};
    if (!lock_record_decode(arena, bytes, size, &record, &reason)) {
        if (reason == NULL)
            abort();
        return;
    }
    const char *text = lock_record_encode(arena, &record);
    if (!lock_record_decode(arena, text, strlen(text), &record, &reason))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    fuzz_state(arena, (const char *)data, size);
    fuzz_journal(arena, (const char *)data, size);
    fuzz_lock(arena, (const char *)data, size);
    return 0;
}
