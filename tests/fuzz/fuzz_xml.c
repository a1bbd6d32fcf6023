/* room: client */
#include "client/xml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Answers of S3 of any bytes: what is found lies inside, goes forward, and has a text without NUL. */

static void look(struct arena *arena, const char *bytes, size_t size, const char *tag)
{
    struct xml all = {.at = bytes, .end = bytes + size}, inside;
    const char *before = all.at;
    while (xml_next(&all, tag, &inside)) {
        if (all.at <= before || all.at > all.end || inside.at < bytes || inside.end < inside.at ||
            inside.end > all.at)
            abort();
        before = all.at;
        const char *text = xml_text(arena, &inside);
        /* An entity is never shorter than what it stands for. */
        if (strlen(text) > (size_t)(inside.end - inside.at))
            abort();
    }
    if (all.at != all.end)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    static const char *const tags[] = {"Error", "Code", "Contents", "Key", "NextContinuationToken"};
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
        look(arena, (const char *)data, size, tags[i]);
    return 0;
}
