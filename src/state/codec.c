#include "state/codec.h"

#include "base/digest.h"
#include "base/fail.h"
#include "value/read.h"

#include <string.h>

/* Canonical JSON with a checksum inside, for all objects that must not be changed by hand. */

#define ZEROS (sizeof(CODEC_UNSEALED) - 1)

/* A text that stops in the middle reads as "not JSON at byte N", which hides what happened. */
static bool is_cut_short(const char *bytes, size_t length)
{
    while (length > 0 && strchr(" \t\r\n", bytes[length - 1]) != NULL)
        length--;
    return length == 0 || bytes[length - 1] != '}';
}

static bool checksum_is_right(struct arena *arena, struct node *map, const char *said)
{
    node_set_string(arena, map, "checksum", CODEC_UNSEALED);
    CLEANUP_BUF struct buf text = BUF_INIT(CODEC_MAX);
    node_json(map, &text);
    if (text.overflow)
        return false;
    return digest_equal(said, digest_hex(arena, buf_text(&text), text.len));
}

struct node *codec_parse(
    struct arena *arena, const char *bytes, size_t length, const char **ret_reason)
{
    const char *reason = NULL;
    struct node *map = json_read(arena, bytes, length, &reason);
    if (map == NULL) {
        *ret_reason = is_cut_short(bytes, length) ? "it is cut short" : reason;
        return NULL;
    }
    if (!node_is(map, NODE_MAP)) {
        *ret_reason = "it is JSON, but no object";
        return NULL;
    }
    return map;
}

bool codec_unseal(
    struct arena *arena, struct node *map, enum codec_check check, const char **ret_reason)
{
    const char *said = node_get_text(map, "checksum");
    if (check == CODEC_SEALED && said == NULL) {
        *ret_reason = "it has no checksum";
        return false;
    }
    if (check == CODEC_SEALED && !checksum_is_right(arena, map, said)) {
        *ret_reason = "its checksum does not fit its content: it was edited by hand, or damaged";
        return false;
    }
    node_unset(map, "checksum");
    return true;
}

void codec_seal(struct buf *out, size_t from, size_t zeros)
{
    if (out->overflow)
        return;
    if (zeros + ZEROS > out->len || memcmp(out->at + zeros, CODEC_UNSEALED, ZEROS) != 0)
        fail_bug("a text without a place for its checksum", NULL);
    CLEANUP_ARENA struct arena *scratch = arena_new();
    memcpy(out->at + zeros, digest_hex(scratch, out->at + from, out->len - from), ZEROS);
    buf_char(out, '\n');
}

void codec_write(struct arena *arena, struct node *map, struct buf *out)
{
    static const char member[] = "\"checksum\":\"";
    size_t from = out->len;
    node_set_string(arena, map, "checksum", CODEC_UNSEALED);
    node_json(map, out);
    if (out->overflow)
        return;
    /* Within a string the quotes would be escaped, so this finds a key, and the first is ours. */
    const char *at = strstr(out->at + from, member);
    if (at == NULL)
        fail_bug("a text without its checksum", NULL);
    codec_seal(out, from, (size_t)(at - out->at) + sizeof(member) - 1);
}

static void hide_secrets(struct arena *arena, struct node *node)
{
    if (node->type == NODE_LIST) {
        for (uint32_t i = 0; i < node->count; i++) {
            if ((node->items[i]->marks & NODE_SECRET) != 0)
                node->items[i] = node_string(arena, "(sensitive)");
            hide_secrets(arena, node->items[i]);
        }
    } else if (node->type == NODE_MAP) {
        for (uint32_t i = 0; i < node->count; i++) {
            if ((node->pairs[i].value->marks & NODE_SECRET) != 0)
                node->pairs[i].value = node_string(arena, "(sensitive)");
            hide_secrets(arena, node->pairs[i].value);
        }
    }
}

struct node *codec_copy(struct arena *arena, const struct node *node)
{
    if (node == NULL)
        return NULL;
    /* Callers give keyed hashes, never values. This is the second lock on that door. */
    if ((node->marks & NODE_SECRET) != 0)
        return node_string(arena, "(sensitive)");
    struct node *copy = node_copy(arena, node);
    hide_secrets(arena, copy);
    return copy;
}
