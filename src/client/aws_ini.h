/*
 * ~/.aws/config and ~/.aws/credentials, as botocore reads them (Python's configparser, with nested
 * keys): `#` and `;` begin a comment, also behind a value and a blank (but for credential_process);
 * `=` or `:` ends a key; a line that is indented deeper goes on with the key before it, or, where that
 * has no value, is a key below it. Keys are compared in lower case. Of two values the later holds.
 *
 * The text is taken apart where it lies, so that secrets are in no second place.
 */
#ifndef LITEFORM_CLIENT_AWS_INI_H
#define LITEFORM_CLIENT_AWS_INI_H

#include "base/arena.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>

#define AWS_INI_MAX ((size_t)1 << 20) /* bytes of a file */

struct aws_ini_entry {
    const char *type;  /* of the section: "profile", "sso-session", "services", or "" */
    const char *name;  /* "default" */
    const char *outer; /* the key that this one is below ("s3"), or NULL */
    const char *key;   /* lower case; NULL: the head of the section itself */
    const char *value;
    unsigned line;
};

struct aws_ini {
    const char *path; /* as shown; NULL: not looked for yet */
    bool there;
    VEC(struct aws_ini_entry) entries;
};

/**
 * Takes `text` apart (it is changed, has a NUL at `length`, and must live as long as `ini`).
 * `credentials`: each section is a profile. False with the reason ("line 3 is ...") and its line; no
 * part of the text is in it.
 */
bool aws_ini_read(struct arena *arena, char *text, size_t length, bool credentials,
    struct aws_ini *ini, const char **reterr_reason, unsigned *reterr_line);
/** The last entry for it, or NULL. `key` NULL: whether there is such a section. */
const struct aws_ini_entry *aws_ini_find(const struct aws_ini *ini, const char *type,
    const char *name, const char *outer, const char *key);

#endif
