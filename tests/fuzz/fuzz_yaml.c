/* room: value */
#include "base/text.h"
#include "value/read.h"

#include <stdint.h>
#include <stdlib.h>

/* YAML of any bytes: read or refused with a reason; what is read can be written and read again. */

static struct node *read_text(struct arena *arena, const char *text, size_t length)
{
    struct diags diags = diags_init(arena);
    uint16_t source = diags_source(&diags, "fuzz.yaml", text, length);
    struct node *node = yaml_read(arena, &diags, source);
    if ((node == NULL) != (diags_errors(&diags) > 0))
        abort();
    struct node *resolved = node_plain_resolve(arena, node, &diags);
    CLEANUP_BUF struct buf out = BUF_INIT(0);
    diags_render_text(&diags, &(struct diag_style){.width = 80, .color = true}, &out);
    diags_render_json(&diags, &out);
    if ((node == NULL) != (resolved == NULL))
        abort();
    return node;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct node *node = read_text(arena, (const char *)data, size);
    if (node == NULL)
        return 0;
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    yaml_write(node, 0, &text);
    if (!text_is_utf8(text.at, text.len, NULL))
        abort();
    const struct node *again = read_text(arena, text.at, text.len);
    /* An empty document is a map, so a null on top does not come back. */
    if (!node_is(node, NODE_NULL) && !node_equal(node, again))
        abort();
    return 0;
}
