/* room: value */
#include "base/text.h"
#include "value/read.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* JSON of any bytes: read or refused with a reason; what is read has one canonical text, and only
 * of that it may be said. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    const char *reason = NULL;
    bool canonical = false;
    struct node *node = json_read_canonical(arena, (const char *)data, size, &canonical, &reason);
    if ((node == NULL) != (reason != NULL))
        abort();
    if (node == NULL)
        return 0;
    const char *text = node_json_text(arena, node);
    if (!text_is_utf8(text, strlen(text), NULL))
        abort();
    size_t length = size > 0 && data[size - 1] == '\n' ? size - 1 : size;
    if (canonical && (strlen(text) != length || memcmp(text, data, length) != 0))
        abort();
    const struct node *again = json_read(arena, text, strlen(text), &reason);
    /* A number of many digits may not fit into the 63 that are read. */
    if (again == NULL && !text_starts(reason, "a number of more than"))
        abort();
    if (again != NULL &&
        (!node_equal(node, again) || strcmp(node_json_text(arena, again), text) != 0))
        abort();
    if (!node_equal(node, node_copy(arena, node)))
        abort();
    return 0;
}
