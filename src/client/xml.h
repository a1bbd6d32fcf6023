/*
 * What S3 and STS answer in XML, by fixed tags: enough to find the text of an element, no more.
 *
 * Tolerant: prefixes of names and attributes are passed over, comments, CDATA and declarations
 * understood as far as needed, and what is cut short simply ends. Nothing is nested deeper than the
 * bytes themselves, entities of a document type are not known: hostile input costs its own length.
 */
#ifndef LITEFORM_CLIENT_XML_H
#define LITEFORM_CLIENT_XML_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/** A stretch of XML: a document, or what is inside of an element. */
struct xml {
    const char *at, *end;
};

/**
 * The next element called `tag` at or after xml->at, at any depth; what is inside of it is
 * `ret_inside`, and xml->at is behind it. False when there is none, or it does not end.
 */
bool xml_next(struct xml *xml, const char *tag, struct xml *ret_inside);
/** Its text: entities resolved, markup left out, blanks at both ends cut. */
char *xml_text(struct arena *arena, const struct xml *inside);
/** The text of the first element called `tag`, or NULL. */
char *xml_find(struct arena *arena, const struct xml *xml, const char *tag);

#endif
