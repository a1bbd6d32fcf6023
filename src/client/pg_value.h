/* What stands in a PostgreSQL connection string and in its result columns; no libpq in here. */
#ifndef LITEFORM_CLIENT_PG_VALUE_H
#define LITEFORM_CLIENT_PG_VALUE_H

#include "base/arena.h"
#include "value/node.h"

#include <stddef.h>

/**
 * The connection string without the parameters that are Prisma's and not libpq's, in both spellings
 * (URI and keywords). *ret_schema is the value of `schema`, or NULL. NULL when a URI or keyword list
 * cannot be read; no reason is given, as it would hold parts of the string.
 */
char *pg_url_clean(struct arena *arena, const char *url, const char **ret_schema);

/** A column in PostgreSQL's text form, by the type's OID; `text` NULL is SQL NULL. */
struct node *pg_value(struct arena *arena, unsigned type, const char *text, size_t length);

/** An array literal "{a,\"b c\",NULL}" as a list; NULL when it is none. `type` is the element's. */
struct node *pg_array(struct arena *arena, unsigned type, const char *text);

#endif
