#include "base/file.h"

#include "base/digest.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The only door to files: errors are errno values, replacement is atomic. */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define CLEANUP_FD __attribute__((cleanup(close_fd)))

static int open_retrying(const char *path, int flags, mode_t mode, int *ret_fd)
{
    for (;;) {
        int fd = open(path, flags | O_CLOEXEC, mode);
        if (fd >= 0) {
            *ret_fd = fd;
            return 0;
        }
        if (errno != EINTR)
            return errno;
    }
}

/* Up to `size` bytes; 0 bytes is the end of the file. */
static int read_some(int fd, char *at, size_t size, size_t *ret_got)
{
    for (;;) {
        ssize_t got = read(fd, at, size);
        if (got >= 0) {
            *ret_got = (size_t)got;
            return 0;
        }
        if (errno != EINTR)
            return errno;
    }
}

/* Reads to the end into memory that starts at `cap` bytes and grows, as pipes and /proc need. */
static int read_all(
    struct arena *arena, int fd, size_t cap, size_t max, char **ret, size_t *ret_len)
{
    char *at = arena_alloc(arena, cap);
    size_t len = 0;
    for (;;) {
        size_t got = 0;
        int error = read_some(fd, at + len, cap - len, &got);
        if (error != 0)
            return error;
        len += got;
        if (len > max)
            return EFBIG;
        if (got == 0)
            break;
        if (len == cap) {
            size_t grown = cap * 2;
            char *moved = arena_alloc(arena, grown);
            memcpy(moved, at, len);
            at = moved;
            cap = grown;
        }
    }
    /* The last read left at least one byte free. */
    at[len] = '\0';
    *ret = at;
    *ret_len = len;
    return 0;
}

int file_read(struct arena *arena, const char *path, size_t max, char **ret_bytes, size_t *ret_len)
{
    CLEANUP_FD int fd = -1;
    int error = open_retrying(path, O_RDONLY, 0, &fd);
    if (error != 0)
        return error;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return errno;
    if (S_ISDIR(st.st_mode))
        return EISDIR;
    size_t cap = 4096;
    if (S_ISREG(st.st_mode) && st.st_size > 0) {
        if ((uintmax_t)st.st_size > max)
            return EFBIG;
        cap = (size_t)st.st_size + 2;
    }
    return read_all(arena, fd, cap, max, ret_bytes, ret_len);
}

static int write_all(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t wrote = write(fd, at, length);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return errno;
        at += wrote;
        length -= (size_t)wrote;
    }
    return 0;
}

static int sync_fd(int fd)
{
    while (fsync(fd) != 0) {
        if (errno != EINTR)
            return errno;
    }
    return 0;
}

/* A new name is durable only when its folder is. */
static int sync_folder_of(const char *path)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    CLEANUP_FD int fd = -1;
    int error = open_retrying(file_folder(scratch, path), O_RDONLY | O_DIRECTORY, 0, &fd);
    if (error != 0)
        return error;
    error = sync_fd(fd);
    /* Some file systems cannot sync folders and say so; nothing more can be done there. */
    return error == EINVAL ? 0 : error;
}

/* The content on disk and closed, or an error and no file. */
static int write_exclusive(const char *path, const void *bytes, size_t length, unsigned mode)
{
    int fd = -1;
    int error = open_retrying(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, (mode_t)mode, &fd);
    if (error != 0)
        return error;
    error = write_all(fd, bytes, length);
    if (error == 0)
        error = sync_fd(fd);
    /* close() reports what network file systems could not write; EINTR closes all the same. */
    if (close(fd) != 0 && error == 0 && errno != EINTR)
        error = errno;
    if (error != 0)
        unlink(path);
    return error;
}

/* A name that is free; a hard link where the file system cannot rename without replacing. */
static int rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    if (link(from, to) != 0)
        return errno;
    unlink(from);
    return 0;
}

/* Whole under another name first: whoever is killed on the way leaves no half of it at `path`. */
static int write_whole(
    const char *path, const void *bytes, size_t length, unsigned mode, bool replace)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    uint8_t random[6];
    digest_random(random, sizeof(random));
    const char *name = arena_printf(
        scratch, ".%.200s.%s.tmp", file_base(path), digest_to_hex(scratch, random, sizeof(random)));
    const char *temporary = file_join(scratch, file_folder(scratch, path), name);
    int error = write_exclusive(temporary, bytes, length, mode);
    if (error != 0)
        return error;
    if (!replace)
        error = rename_new(temporary, path);
    else if (rename(temporary, path) != 0)
        error = errno;
    if (error != 0) {
        unlink(temporary);
        return error;
    }
    return sync_folder_of(path);
}

int file_write_atomic(const char *path, const void *bytes, size_t length, unsigned mode)
{
    return write_whole(path, bytes, length, mode, true);
}

/* Without a name until it is whole, so that a kill leaves nothing at all; ENOTSUP: not here. */
static int write_nameless(const char *path, const void *bytes, size_t length, unsigned mode)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    CLEANUP_FD int fd = -1;
    if (open_retrying(
            file_folder(scratch, path), O_TMPFILE | O_WRONLY | O_CLOEXEC, (mode_t)mode, &fd) != 0)
        return ENOTSUP;
    int error = write_all(fd, bytes, length);
    if (error == 0)
        error = sync_fd(fd);
    if (error != 0)
        return error;
    const char *self = arena_printf(scratch, "/proc/self/fd/%d", fd);
    if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0)
        return errno == EEXIST ? EEXIST : ENOTSUP;
    return sync_folder_of(path);
}

int file_write_new(const char *path, const void *bytes, size_t length, unsigned mode)
{
    int error = write_nameless(path, bytes, length, mode);
    if (error != ENOTSUP)
        return error;
    return write_whole(path, bytes, length, mode, false);
}

static int make_folder(const char *path, unsigned mode)
{
    if (mkdir(path, (mode_t)mode) == 0)
        return 0;
    int error = errno;
    if (file_is_folder(path))
        return 0;
    return error == EEXIST ? ENOTDIR : error;
}

int file_make_folders(const char *path, unsigned mode)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    char *prefix = arena_strdup(scratch, path);
    for (char *at = prefix; *at != '\0'; at++) {
        if (*at != '/' || at == prefix)
            continue;
        *at = '\0';
        int error = make_folder(prefix, mode);
        *at = '/';
        if (error != 0)
            return error;
    }
    return make_folder(prefix, mode);
}

static void close_folder(DIR **folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

int file_list(struct arena *arena, const char *folder, const char *suffix, struct strings *ret)
{
    __attribute__((cleanup(close_folder))) DIR *dir = opendir(folder);
    if (dir == NULL)
        return errno;
    struct strings names = {0};
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            if (errno != 0)
                return errno;
            break;
        }
        const char *name = entry->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && text_ends(name, suffix))
            strings_add(arena, &names, arena_strdup(arena, name));
    }
    strings_sort(&names);
    *ret = names;
    return 0;
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int file_remove(const char *path)
{
    if (unlink(path) != 0)
        return errno == ENOENT ? 0 : errno;
    return sync_folder_of(path);
}

char *file_join(struct arena *arena, const char *folder, const char *name)
{
    if (name[0] == '~' && name[1] == '/') {
        const char *home = getenv("HOME");
        if (home != NULL && home[0] != '\0')
            return arena_printf(arena, "%s%s", home, name + 1);
    }
    if (name[0] == '/' || folder == NULL || folder[0] == '\0')
        return arena_strdup(arena, name);
    return arena_printf(arena, "%s%s%s", folder, text_ends(folder, "/") ? "" : "/", name);
}

char *file_folder(struct arena *arena, const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    if (length == 0)
        return arena_strdup(arena, ".");
    while (length > 1 && path[length - 1] == '/')
        length--;
    return arena_strndup(arena, path, length);
}

const char *file_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}
