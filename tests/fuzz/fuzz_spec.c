/* room: spec */
/* An environment of two files: the input, cut at its first NUL. Loading, showing and rendering may
   end in any diagnostics, but not in a crash, and a spec without errors reads back as itself. */
#include "base/file.h"
#include "unit/spec_kinds.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[] = "/tmp/liteform-fuzz-XXXXXX";
static char first[128], second[128], folder[64], environments[48];

static void remove_folder(void)
{
    unlink(first);
    unlink(second);
    rmdir(folder);
    rmdir(environments);
    rmdir(root);
}

static void make_folder(void)
{
    if (folder[0] != '\0')
        return;
    if (mkdtemp(root) == NULL)
        abort();
    snprintf(environments, sizeof(environments), "%s/environments", root);
    snprintf(folder, sizeof(folder), "%s/environments/fuzz", root);
    snprintf(first, sizeof(first), "%s/a.yaml", folder);
    snprintf(second, sizeof(second), "%s/b.yaml", folder);
    if (file_make_folders(folder, 0700) != 0)
        abort();
    atexit(remove_folder);
}

/* Not the atomic way: this runs many thousand times a minute. */
static void put(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || (size > 0 && fwrite(bytes, 1, size, file) != size) || fclose(file) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    CLEANUP_BUF struct buf shown = BUF_INIT(0);
    CLEANUP_BUF struct buf text = BUF_INIT(0);
    struct diags diags = diags_init(arena), again = diags_init(arena);
    const struct spec_options options = {.root = root, .name = "fuzz", .keep_raw = true};
    const struct diag_style style = {.most = 20};
    make_folder();
    const uint8_t *cut = size > 0 ? memchr(data, 0, size) : NULL;
    size_t length = cut != NULL ? (size_t)(cut - data) : size;
    put(first, data, length);
    put(second, data + length + (cut != NULL), size - length - (cut != NULL));
    const struct spec *spec = spec_load(arena, &options, &test_kinds, &diags);
    if (spec == NULL)
        abort();
    diags_render_text(&diags, &style, &text);
    if (!spec_show(spec, &diags, NULL, false, &shown))
        abort();
    if (diags_errors(&diags) > 0)
        return 0;
    put(first, (const uint8_t *)buf_text(&shown), shown.len);
    put(second, NULL, 0);
    const struct spec *same = spec_load(arena, &options, &test_kinds, &again);
    if (same == NULL || diags_errors(&again) > 0 || !node_equal(spec->document, same->document))
        abort();
    return 0;
}
