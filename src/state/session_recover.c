#include "state/session.h"

#include "base/file.h"
#include "base/text.h"

#include <string.h>

/* The state that could not be stored, in a file of its own. */

/* Where the state is put that cannot be stored: beside local files, else where we were told to. */
static const char *recovery_path(
    const struct session *session, struct arena *arena, const char *folder, int64_t serial)
{
    return arena_printf(
        arena, "%s/%s-recovery-%08lld.json", folder, session->environment, (long long)serial);
}

static const char *write_recovery(
    const struct session *session, struct arena *arena, const struct buf *text, int64_t serial)
{
    const char *shown = session->backend->ops->show(session->backend);
    const char *folders[] = {session->recovery_folder,
        text_starts(shown, "file:") ? shown + strlen("file:") : NULL, "."};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (folders[i] == NULL || file_make_folders(folders[i], 0700) != 0)
            continue;
        const char *path = recovery_path(session, arena, folders[i], serial);
        if (file_write_atomic(path, text->at, text->len, 0600) == 0)
            return path;
    }
    return NULL;
}

void session_recover(
    struct session *session, const struct buf *text, int64_t serial, struct diags *diags)
{
    if (text->overflow)
        return;
    const char *path = write_recovery(session, diags->arena, text, serial);
    struct diag *diag = NULL;
    if (path == NULL) {
        diag = diag_add(diags, "LF417",
            "the state of \"%s\" could not be written, and no recovery file either",
            session->environment);
        diag->fix = "what was done is found again: the next plan looks at what is live";
        return;
    }
    diag = diag_add(diags, "LF417", "the state of \"%s\" could not be written; it is in %s",
        session->environment, path);
    diag->fix =
        session->fenced
            ? arena_printf(
                  diags->arena, "plan anew; what the other run does not know of is in that file")
            : arena_printf(diags->arena, "when the store is well again: liteform state push %s %s",
                  session->environment, path);
}
