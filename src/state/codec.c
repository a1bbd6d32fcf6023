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

/*
 * The digest that the checksum has to be, out of the stored text alone. NULL where only writing the
 * map anew can tell: the text is not canonical, or the checksum is not its first member.
 */
static const char *digest_of_text(
    struct arena *arena, const struct codec_stored *stored, const char *said)
{
    static const char member[] = "{\"checksum\":\"";
    const size_t head = sizeof(member) - 1;
    size_t length = stored->length;
    if (length > 0 && stored->bytes[length - 1] == '\n')
        length--;
    if (!stored->canonical || length < head + ZEROS || strlen(said) != ZEROS ||
        memcmp(stored->bytes, member, head) != 0 || memcmp(stored->bytes + head, said, ZEROS) != 0)
        return NULL;
    CLEANUP_BUF struct buf text = BUF_INIT(CODEC_MAX);
    buf_add(&text, stored->bytes, length);
    if (text.overflow)
        return NULL;
    memcpy(text.at + head, CODEC_UNSEALED, ZEROS);
    return digest_hex(arena, buf_text(&text), text.len);
}

static bool checksum_is_right(
    struct arena *arena, const struct codec_stored *stored, const char *said)
{
    struct node *map = stored->map;
    const char *digest = digest_of_text(arena, stored, said);
    if (digest != NULL)
        return digest_equal(said, digest);
    node_set_string(arena, map, "checksum", CODEC_UNSEALED);
    CLEANUP_BUF struct buf text = BUF_INIT(CODEC_MAX);
    node_json(map, &text);
    if (text.overflow)
        return false;
    return digest_equal(said, digest_hex(arena, buf_text(&text), text.len));
}

bool codec_parse_stored(struct arena *arena, struct codec_stored *stored, const char **ret_reason)
{
    const char *reason = NULL;
    stored->map =
        json_read_canonical(arena, stored->bytes, stored->length, &stored->canonical, &reason);
    if (stored->map == NULL) {
        *ret_reason = is_cut_short(stored->bytes, stored->length) ? "it is cut short" : reason;
        return false;
    }
    if (!node_is(stored->map, NODE_MAP)) {
        *ret_reason = "it is JSON, but no object";
        return false;
    }
    return true;
}

struct node *codec_parse(
    struct arena *arena, const char *bytes, size_t length, const char **ret_reason)
{
    struct codec_stored stored = {.bytes = bytes, .length = length};
    return codec_parse_stored(arena, &stored, ret_reason) ? stored.map : NULL;
}

bool codec_unseal(
    struct arena *arena, struct node *map, enum codec_check check, const char **ret_reason)
{
    struct codec_stored stored = {.map = map};
    return codec_unseal_stored(arena, &stored, check, ret_reason);
}

bool codec_unseal_stored(struct arena *arena, const struct codec_stored *stored,
    enum codec_check check, const char **ret_reason)
{
    struct node *map = stored->map;
    const char *said = node_get_text(map, "checksum");
    if (check == CODEC_SEALED && said == NULL) {
        *ret_reason = "it has no checksum";
        return false;
    }
    if (check == CODEC_SEALED && !checksum_is_right(arena, stored, said)) {
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
