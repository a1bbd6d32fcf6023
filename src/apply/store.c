/* A key whose value liteform makes: the store is written and read back before the key is sent. */
#include "apply/internal.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

#define KEY_BYTES 32 /* 256 bits */

static const char *store_path(const struct change *change)
{
    const char *reference = node_get_text(change->resource->fields, "store");
    return reference != NULL && text_starts(reference, "file:") ? reference + strlen("file:")
                                                                : NULL;
}

static bool write_store(struct run *run, const char *path, const char *value)
{
    struct arena *scratch = arena_new();
    char *back = NULL;
    size_t length = 0;
    int error = file_make_folders(file_folder(scratch, path), 0700);

    if (error == 0) {
        error = file_write_new(path, value, strlen(value), 0600);
    }
    if (error == 0) {
        error = file_read(scratch, path, 65536, &back, &length);
    }
    if (error == 0 && (length != strlen(value) || memcmp(back, value, length) != 0)) {
        error = EIO;
    }
    if (back != NULL) {
        digest_wipe(back, length);
    }
    arena_free(scratch);
    if (error != 0) {
        diag_add(run->diags, "LF520", "%s cannot be written: %s", path, strerror(error));
    }
    return error == 0;
}

bool store_make(struct run *run, struct step *step)
{
    const struct change *change = step->change;

    if (!node_get_bool(change->extra, "generate", false)) {
        return true;
    }
    const char *path = store_path(change);
    if (path == NULL) {
        diag_add(run->diags, "LF520", "only { file: PATH } stores can take a new value");
        return false;
    }
    uint8_t bytes[KEY_BYTES];
    digest_random(bytes, sizeof(bytes));
    struct arena *scratch = arena_new();
    char *value = arena_printf(scratch, "sk-%s", digest_base64url(scratch, bytes, sizeof(bytes)));
    bool written = write_store(run, path, value);
    if (written) {
        secrets_put(run->secrets, node_get_text(change->resource->fields, "store"), value);
        step->made_id = digest_hex(run->arena, value, strlen(value));
    }
    digest_wipe(value, strlen(value));
    digest_wipe(bytes, sizeof(bytes));
    arena_free(scratch);
    return written;
}
