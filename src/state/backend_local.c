#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "state/backend.h"
#include "state/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/*
 * Objects as files below one folder. Two locks, both of the system and so both gone with their
 * process: `.lock` for a whole session, `.write` around looking at a file and replacing it.
 */

#define WRITE_WAIT_MS 10000

struct local {
    struct backend backend;
    const char *folder, *shown;
    int hold; /* descriptor of .lock while it is held, else -1 */
};

static struct local *local_of(struct backend *backend)
{
    return (struct local *)backend;
}

static const char *local_show(const struct backend *backend)
{
    return ((const struct local *)backend)->shown;
}

static enum backend_result failed(
    struct diags *diags, const char *what, const char *path, int error)
{
    struct diag *diag =
        diag_add(diags, "LF407", "%s cannot be %s: %s", path, what, strerror(error));
    if (error == EACCES || error == EPERM || error == EROFS)
        diag->fix = "the folder and what is in it must belong to the one who runs this";
    return BACKEND_FAILED;
}

static char *path_of(struct arena *arena, const struct local *local, const char *name)
{
    return arena_printf(arena, "%s/%s", local->folder, name);
}

/* Opens a lock file; -1 with errno. */
static int open_lock(const struct local *local, const char *name)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    const char *path = path_of(scratch, local, name);
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0 || errno != EINTR)
            return fd;
    }
}

/* 0, EWOULDBLOCK when somebody has it until `wait_ms` are over, or another error. */
static int lock_within(int fd, int how, int64_t wait_ms)
{
    int64_t end = clock_ms() + wait_ms;
    for (;;) {
        if (flock(fd, how | LOCK_NB) == 0)
            return 0;
        if (errno != EINTR && errno != EWOULDBLOCK)
            return errno;
        if (errno == EWOULDBLOCK && clock_ms() >= end)
            return EWOULDBLOCK;
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

static void unlock(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* The short lock; its end is the end of the scope. */
static bool lock_writes(const struct local *local, int *ret_fd, struct diags *diags)
{
    int fd = open_lock(local, ".write");
    int error = fd < 0 ? errno : lock_within(fd, LOCK_EX, WRITE_WAIT_MS);
    if (error == 0) {
        *ret_fd = fd;
        return true;
    }
    unlock(&fd);
    if (error == EWOULDBLOCK) {
        diag_add(diags, "LF407", "another process has been in the middle of a write in %s for %d s",
            local->folder, WRITE_WAIT_MS / 1000);
        return false;
    }
    failed(diags, "locked for writing", local->folder, error);
    return false;
}

static enum backend_result local_read(struct backend *backend, struct arena *arena,
    const char *name, char **ret_bytes, size_t *ret_length, const char **ret_etag,
    struct diags *diags)
{
    const char *path = path_of(arena, local_of(backend), name);
    char *bytes = NULL;
    size_t length = 0;
    int error = file_read(arena, path, CODEC_MAX, &bytes, &length);
    if (error == ENOENT)
        return BACKEND_ABSENT;
    if (error != 0)
        return failed(diags, "read", path, error);
    *ret_bytes = bytes;
    *ret_length = length;
    *ret_etag = digest_hex(arena, bytes, length);
    return BACKEND_OK;
}

/* Whether the file is what `expect` says, under the write lock. */
static enum backend_result compare(struct local *local, struct arena *arena, const char *name,
    const char *expect, struct diags *diags)
{
    if (expect == NULL)
        return BACKEND_OK;
    char *bytes = NULL;
    size_t length = 0;
    const char *etag = NULL;
    enum backend_result result =
        local_read(&local->backend, arena, name, &bytes, &length, &etag, diags);
    if (result == BACKEND_FAILED)
        return result;
    bool absent = result == BACKEND_ABSENT;
    if (strcmp(expect, BACKEND_MUST_NOT_EXIST) == 0)
        return absent ? BACKEND_OK : BACKEND_CONFLICT;
    return !absent && strcmp(expect, etag) == 0 ? BACKEND_OK : BACKEND_CONFLICT;
}

static enum backend_result local_write(struct backend *backend, struct arena *arena,
    const char *name, const void *bytes, size_t length, const char *expect, const char **ret_etag,
    struct diags *diags)
{
    struct local *local = local_of(backend);
    CLEANUP_ARENA struct arena *scratch = arena_new();
    const char *path = path_of(scratch, local, name);
    int error = file_make_folders(file_folder(scratch, path), 0700);
    if (error != 0)
        return failed(diags, "made", file_folder(scratch, path), error);
    __attribute__((cleanup(unlock))) int fd = -1;
    if (!lock_writes(local, &fd, diags))
        return BACKEND_FAILED;
    enum backend_result result = compare(local, scratch, name, expect, diags);
    if (result != BACKEND_OK)
        return result;
    /* Two syncs: of the file, before its name stands for it (a name without its bytes would be a part
     * of the journal that cannot be understood); of the folder, without which the name may be gone
     * after a power cut, and with it the intent of a call that was made. */
    error = file_write_atomic(path, bytes, length, 0600);
    if (error != 0)
        return failed(diags, "written", path, error);
    *ret_etag = digest_hex(arena, bytes, length);
    return BACKEND_OK;
}

static enum backend_result local_list(struct backend *backend, struct arena *arena,
    const char *prefix, struct strings *ret_names, struct diags *diags)
{
    const char *slash = strrchr(prefix, '/');
    size_t above = slash == NULL ? 0 : (size_t)(slash - prefix) + 1;
    const char *folder =
        path_of(arena, local_of(backend), arena_strndup(arena, prefix, above > 0 ? above - 1 : 0));
    struct strings files = {0}, names = {0};
    int error = file_list(arena, folder, "", &files);
    if (error != 0 && error != ENOENT)
        return failed(diags, "listed", folder, error);
    for (size_t i = 0; i < files.count; i++) {
        /* A leading dot: locks, and files that are being written */
        if (files.at[i][0] != '.' && text_starts(files.at[i], prefix + above))
            strings_add(
                arena, &names, arena_printf(arena, "%.*s%s", (int)above, prefix, files.at[i]));
    }
    *ret_names = names;
    return BACKEND_OK;
}

/*
 * Under the write lock. Without a sync of the folder: what is removed is the past (journal parts
 * below the state's serial, old history), and should it come back after a power cut nobody reads it.
 */
static enum backend_result unlink_one(
    const struct local *local, struct arena *arena, const char *name, struct diags *diags)
{
    const char *path = path_of(arena, local, name);
    if (unlink(path) == 0)
        return BACKEND_OK;
    return errno == ENOENT ? BACKEND_ABSENT : failed(diags, "removed", path, errno);
}

static enum backend_result local_remove(
    struct backend *backend, const char *name, struct diags *diags)
{
    struct local *local = local_of(backend);
    CLEANUP_ARENA struct arena *scratch = arena_new();
    __attribute__((cleanup(unlock))) int fd = -1;
    if (!lock_writes(local, &fd, diags))
        return BACKEND_FAILED;
    return unlink_one(local, scratch, name, diags);
}

static enum backend_result local_remove_many(
    struct backend *backend, const struct strings *names, struct diags *diags)
{
    struct local *local = local_of(backend);
    CLEANUP_ARENA struct arena *scratch = arena_new();
    __attribute__((cleanup(unlock))) int fd = -1;
    if (!lock_writes(local, &fd, diags))
        return BACKEND_FAILED;
    enum backend_result result = BACKEND_OK;
    for (size_t i = 0; i < names->count; i++) {
        if (unlink_one(local, scratch, names->at[i], diags) == BACKEND_FAILED)
            result = BACKEND_FAILED;
    }
    return result;
}

/* What a killed process was writing. Nobody writes while we have the write lock. */
static void sweep(struct local *local, struct diags *diags)
{
    static const char *const folders[] = {"", "journal", "history"};
    CLEANUP_ARENA struct arena *scratch = arena_new();
    __attribute__((cleanup(unlock))) int fd = -1;
    if (!lock_writes(local, &fd, diags))
        return;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        const char *folder = path_of(scratch, local, folders[i]);
        struct strings files = {0};
        if (file_list(scratch, folder, ".tmp", &files) != 0)
            continue;
        for (size_t j = 0; j < files.count; j++) {
            if (files.at[j][0] == '.')
                file_remove(file_join(scratch, folder, files.at[j]));
        }
    }
}

static bool local_hold(struct backend *backend, struct diags *diags)
{
    /* Whoever only looks has the lock for a moment (local_held). */
    enum { MOMENT_MS = 30 };
    struct local *local = local_of(backend);
    if (local->hold >= 0)
        return true;
    int error = file_make_folders(local->folder, 0700);
    int fd = error != 0 ? -1 : open_lock(local, ".lock");
    if (error == 0)
        error = fd < 0 ? errno : lock_within(fd, LOCK_EX, MOMENT_MS);
    if (error != 0) {
        unlock(&fd);
        if (error != EWOULDBLOCK)
            failed(diags, "locked", local->folder, error);
        return false;
    }
    local->hold = fd;
    sweep(local, diags);
    return true;
}

static void local_release(struct backend *backend)
{
    unlock(&local_of(backend)->hold);
}

static bool local_held(struct backend *backend)
{
    struct local *local = local_of(backend);
    if (local->hold >= 0)
        return true;
    CLEANUP_ARENA struct arena *scratch = arena_new();
    if (!file_exists(path_of(scratch, local, ".lock")))
        return false;
    __attribute__((cleanup(unlock))) int fd = open_lock(local, ".lock");
    /* Who may not open it cannot know better than lock.json. */
    return fd < 0 || (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK);
}

static void local_close(struct backend *backend)
{
    local_release(backend);
}

static struct backend *local_again(
    struct backend *backend, struct arena *arena, struct diags *diags);

static const struct backend_ops local_ops = {
    .show = local_show,
    .read = local_read,
    .write = local_write,
    .list = local_list,
    .remove = local_remove,
    .remove_many = local_remove_many,
    .hold = local_hold,
    .release = local_release,
    .held = local_held,
    .again = local_again,
    .close = local_close,
};

/* All is in files; every write opens its own descriptor of `.write`, which is what flock() sees. */
static struct backend *local_again(
    struct backend *backend, struct arena *arena, struct diags *diags)
{
    (void)diags;
    const struct local *local = local_of(backend);
    struct local *again = ARENA_NEW(arena, struct local);
    *again = (struct local){
        .backend.ops = &local_ops, .folder = local->folder, .shown = local->shown, .hold = -1};
    return &again->backend;
}

struct backend *backend_local_open(struct arena *arena, const char *folder, struct diags *diags)
{
    if (file_exists(folder) && !file_is_folder(folder)) {
        failed(diags, "used as a folder", folder, ENOTDIR);
        return NULL;
    }
    struct local *local = ARENA_NEW(arena, struct local);
    local->backend.ops = &local_ops;
    local->folder = arena_strdup(arena, folder);
    local->shown = arena_printf(arena, "file:%s", folder);
    local->hold = -1;
    return &local->backend;
}
