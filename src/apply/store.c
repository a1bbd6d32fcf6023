/* A key whose value liteform makes: the store is written and read back before the key is sent. */
#include "apply/internal.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES 32 /* 256 bits */

static const char *store_path(const struct change *change)
{
    const char *reference = node_get_text(change->resource->fields, "store");
    return reference != NULL && text_starts(reference, "file:") ? reference + strlen("file:")
                                                                : NULL;
}

/** A value on its way to its store. */
struct store_order {
    const char *path;
    char value[64];
    bool written;
    int error; /* errno of the writing */
};

bool store_wanted(const struct step *step)
{
    return node_get_bool(step->change->extra, "generate", false);
}

bool store_make(struct run *run, struct step *step)
{
    const char *path = store_path(step->change);
    if (path == NULL) {
        diag_add(run->diags, "LF520", "only { file: PATH } stores can take a new value");
        return false;
    }
    uint8_t bytes[KEY_BYTES];
    digest_random(bytes, sizeof(bytes));
    struct arena *scratch = arena_new();
    char *text = digest_base64url(scratch, bytes, sizeof(bytes));
    struct store_order *order = ARENA_NEW(run->arena, struct store_order);
    order->path = arena_strdup(run->arena, path);
    snprintf(order->value, sizeof(order->value), "sk-%s", text);
    step->made = order;
    step->made_id = digest_hex(run->arena, order->value, strlen(order->value));
    digest_wipe(text, strlen(text));
    digest_wipe(bytes, sizeof(bytes));
    arena_free(scratch);
    return true;
}

void store_put(struct store_order *order)
{
    struct arena *scratch = arena_new();
    char *back = NULL;
    size_t length = 0, wanted = strlen(order->value);
    int error = file_make_folders(file_folder(scratch, order->path), 0700);

    if (error == 0) {
        error = file_write_new(order->path, order->value, wanted, 0600);
    }
    if (error == 0) {
        error = file_read(scratch, order->path, 65536, &back, &length);
    }
    if (error == 0 && (length != wanted || memcmp(back, order->value, length) != 0)) {
        error = EIO;
    }
    if (back != NULL) {
        digest_wipe(back, length);
    }
    arena_free(scratch);
    order->error = error;
    order->written = error == 0;
}

bool store_made(struct run *run, struct step *step, bool wanted)
{
    struct store_order *order = step->made;
    bool written = order->written;

    step->made = NULL;
    if (written && wanted) {
        secrets_put(
            run->secrets, node_get_text(step->change->resource->fields, "store"), order->value);
    } else if (wanted) {
        diag_add(
            run->diags, "LF520", "%s cannot be written: %s", order->path, strerror(order->error));
    }
    digest_wipe(order->value, sizeof(order->value));
    return written;
}
