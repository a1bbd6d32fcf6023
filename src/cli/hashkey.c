#include "cli/run.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

/* The key for keyed hashes of what never comes back: by reference, or a file of this machine. */

#define KEY_BYTES 32
#define KEY_FILE_MAX 4096

const char *hashkey_path(struct arena *arena, const char *lineage)
{
    const char *data = getenv("XDG_DATA_HOME");
    const char *folder = data != NULL && *data == '/'
                             ? arena_printf(arena, "%s/liteform", data)
                             : file_join(arena, ".", "~/.local/share/liteform");
    /* A state is data from outside: its lineage must not lead to another folder. */
    return arena_printf(arena, "%s/%s.key", folder, text_encode_url(arena, lineage));
}

static const char *read_file(struct run *run, const char *path, size_t *ret_length)
{
    char *bytes = NULL;
    size_t length = 0;
    if (file_read(run->arena, path, KEY_FILE_MAX, &bytes, &length) != 0)
        return NULL;
    while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
        length--;
    *ret_length = length;
    return length == 0 ? NULL : bytes;
}

void hashkey_load(struct run *run)
{
    const char *reference = run->spec->hash_key, *reason = NULL, *key = NULL;
    size_t length = 0;
    if (reference != NULL) {
        key = secrets_value(run->secrets, reference, &reason);
        length = key == NULL ? 0 : strlen(key);
    } else if (run->state->known.lineage != NULL) {
        const char *path = hashkey_path(run->arena, run->state->known.lineage);
        key = read_file(run, path, &length);
        reason = key == NULL ? arena_printf(run->arena, "%s is not there", path) : NULL;
    }
    run->facts.no_key = key == NULL;
    if (key != NULL) {
        secrets_set_hash_key(run->secrets, key, length);
        return;
    }
    run->no_key_reason = reason == NULL ? "there is none" : reason;
}

void hashkey_warn(struct run *run)
{
    /* Before the first apply there is nothing that could be compared. */
    if (run->facts.no_key && run->state->known.exists && run->plan->counts.secrets_not_compared > 0)
        diag_add(&run->call->diags, "LF615", "%u not compared, for want of the hash key: %s",
            run->plan->counts.secrets_not_compared, run->no_key_reason);
}

bool hashkey_make(struct run *run, const char *lineage, bool *ret_made)
{
    *ret_made = false;
    if (run->spec->hash_key != NULL)
        return true;
    const char *path = hashkey_path(run->arena, lineage);
    if (file_exists(path))
        return true;
    unsigned char key[KEY_BYTES];
    digest_random(key, sizeof(key));
    char *line = arena_printf(run->arena, "%s\n", digest_to_hex(run->arena, key, sizeof(key)));
    digest_wipe(key, sizeof(key));
    int fault = file_make_folders(file_folder(run->arena, path), 0700);
    if (fault == 0)
        fault = file_write_new(path, line, strlen(line), 0600);
    digest_wipe(line, strlen(line));
    if (fault != 0 && fault != EEXIST) {
        diag_add(&run->call->diags, "LF617", "%s: %s", path, strerror(fault));
        return false;
    }
    *ret_made = fault == 0;
    return true;
}
