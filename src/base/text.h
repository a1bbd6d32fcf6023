/*
 * Small helpers on text: comparing, near-misses, percent-encoding, globs, durations.
 * All take and return NUL-terminated UTF-8.
 */
#ifndef LITEFORM_BASE_TEXT_H
#define LITEFORM_BASE_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Equal, with NULL equal to NULL only. */
bool text_equal(const char *a, const char *b);
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
/** ASCII lower case copy. */
char *text_lower(struct arena *arena, const char *text);

/** Edit distance (insert, delete, replace, swap of neighbours), capped at `limit` + 1. */
unsigned text_distance(const char *a, const char *b, unsigned limit);

/** The candidate nearest to `text` within a third of its length, or NULL: for "did you mean". */
const char *text_nearest(const char *text, const struct strings *candidates);

/**
 * Percent-encodes for an address: `/`, `*`, `%`, white space and control characters.
 * The other way: false when a `%` is not followed by two hex digits or encodes NUL.
 */
char *text_encode_address(struct arena *arena, const char *text);
bool text_decode_address(struct arena *arena, const char *text, char **ret_text);

/** Percent-encodes everything but unreserved characters (RFC 3986), for URL paths and queries. */
char *text_encode_url(struct arena *arena, const char *text);
/** The same, "/" kept. */
char *text_encode_path(struct arena *arena, const char *path);

/** A shell-like glob: `*` any run (also over `/`), `?` one character, the rest literal. */
bool text_glob(const char *pattern, const char *text);

/**
 * A LiteLLM duration: digits and one of s, m, h, d, w, mo (month = 30 days when converted).
 * Source: litellm 1.81.15 litellm_core_utils/duration_parser.py. False when it is none.
 */
bool text_duration_seconds(const char *text, int64_t *ret_seconds);

/** Valid UTF-8 without NUL; `ret_offset` is the first bad byte. */
bool text_is_utf8(const char *bytes, size_t length, size_t *ret_offset);

/**
 * The code point at `bytes` (at least one byte) and how many bytes it takes. An invalid byte is
 * TEXT_INVALID and takes one.
 */
#define TEXT_INVALID UINT32_MAX
uint32_t text_code_point(const char *bytes, size_t length, size_t *ret_bytes);
/** Code points in `length` bytes; an invalid byte counts as one. */
size_t text_count(const char *bytes, size_t length);
/** What must not reach a terminal: controls (also tab, newline), bidirectional marks, invalid. */
bool text_is_unsafe(uint32_t code);

/** A JSON string literal with its quotes; only what JSON requires is escaped. */
void text_json_quote(struct buf *out, const char *text);

/**
 * A copy fit for a terminal: control characters, escape sequences, bidirectional overrides and
 * invalid bytes become `\xNN` or `\u{NNNN}`; tabs and (if `lines`) newlines stay.
 */
char *text_printable(struct arena *arena, const char *text, bool lines);

#endif
