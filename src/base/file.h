/*
 * All file I/O: whole files in, atomic replacement out.
 * Errors are an errno value (0 is success); the caller turns it into a diagnostic.
 */
#ifndef LITEFORM_BASE_FILE_H
#define LITEFORM_BASE_FILE_H

#include "base/arena.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>

/** Reads all of `path`, at most `max` bytes (EFBIG beyond). The result has a NUL behind it. */
int file_read(struct arena *arena, const char *path, size_t max, char **ret_bytes, size_t *ret_len);
/**
 * Replaces `path` by a new file of `mode` with these bytes: temporary name in the same folder,
 * fsync, rename, fsync of the folder. A reader sees the old or the new file, never a part.
 */
int file_write_atomic(const char *path, const void *bytes, size_t length, unsigned mode);
/** The same for a name that must be free; EEXIST when it is not. */
int file_write_new(const char *path, const void *bytes, size_t length, unsigned mode);
/** mkdir -p with `mode` for the new folders. */
int file_make_folders(const char *path, unsigned mode);
/** Names in a folder that end in `suffix` ("" for all), sorted, without "." and "..". */
int file_list(struct arena *arena, const char *folder, const char *suffix, struct strings *ret);
bool file_exists(const char *path);
bool file_is_folder(const char *path);
/** unlink; ENOENT is success. fsyncs the folder. */
int file_remove(const char *path);
/** "a/b" from "a" and "b"; an absolute `name` stays; "~/" becomes $HOME/. */
char *file_join(struct arena *arena, const char *folder, const char *name);
/** "a" of "a/b", "." of "b". */
char *file_folder(struct arena *arena, const char *path);
/** "b" of "a/b". */
const char *file_base(const char *path);

#endif
