/*
 * Shared libraries that are loaded when they are first needed. Most verbs need none of them, and
 * the loader would take several times as long over them as such a verb runs.
 *
 * A door (http.c, pg.c, git.c) lists the functions it calls once:
 *
 *   #define FUNCTIONS(X) X(easy_init) X(easy_cleanup)
 *   #define MEMBER(name) __typeof__(curl_##name) *name;
 *   #define NAME(name) "curl_" #name,
 *   static struct { FUNCTIONS(MEMBER) } curl;
 *   static const char *const names[] = {FUNCTIONS(NAME)};
 *   static struct library library = LIBRARY(LIBCURL_SONAME, LIBCURL_PACKAGE, names, curl);
 *
 * The types are the header's, and CMake takes name and package from the library that belongs to
 * the header. Nothing is ever unloaded: what was loaded may have threads and handlers of its own.
 */
#ifndef LITEFORM_CLIENT_LIBRARY_H
#define LITEFORM_CLIENT_LIBRARY_H

#include "diag/diag.h"

#include <stdbool.h>
#include <stddef.h>

struct library {
    const char *soname;       /* "libcurl.so.4" */
    const char *package;      /* of the distribution: "libcurl4"; "" when it is not known */
    const char *const *names; /* of the functions */
    size_t count;
    void *functions;   /* pointers to them, in the order of the names */
    char missing[256]; /* why it cannot be used; empty when it can, or was not loaded yet */
};

#define LIBRARY(soname_, package_, names_, functions_)                                             \
    {                                                                                              \
        .soname = (soname_), .package = (package_), .names = (names_),                             \
        .count = sizeof(functions_) / sizeof(void (*)(void)), .functions = &(functions_)           \
    }

/** Loads it and finds all functions; false with `missing` set. To be called by one thread, once. */
bool library_load(struct library *library);
/** LF630 with the text of `missing`. */
struct diag *library_fault(struct diags *diags, const char *missing);

#endif
