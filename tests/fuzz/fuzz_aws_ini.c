/* room: client */
#include "base/text.h"
#include "client/aws_ini.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ~/.aws/config of any bytes: taken apart in place, or refused with a line; nothing leaves the text. */

static void take(const uint8_t *data, size_t size, bool credentials)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct aws_ini ini = {.path = "config"};
    const char *reason = NULL;
    unsigned line = 0;
    char *text = arena_strndup(arena, (const char *)data, size);
    bool read = aws_ini_read(arena, text, size, credentials, &ini, &reason, &line);

    if (read != (reason == NULL))
        abort();
    VEC_EACH(entry, &ini.entries) {
        if (entry->type == NULL || entry->name == NULL || entry->line == 0)
            abort();
        if (entry->key == NULL)
            continue;
        if (entry->value < text || entry->value + strlen(entry->value) > text + size)
            abort();
        if (strchr(entry->key, '\n') != NULL || strchr(entry->name, '\n') != NULL)
            abort();
        if (aws_ini_find(&ini, entry->type, entry->name, entry->outer, entry->key) == NULL)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take(data, size, false);
    take(data, size, true);
    return 0;
}
