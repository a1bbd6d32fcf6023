/*
 * A growing byte buffer with a maximum.
 *
 * `at` is NUL-terminated from the first append on. Every buffer states its maximum where it is
 * made; an append that would pass it sets `overflow` and is dropped whole, as are those after it
 * (what is held is a prefix without holes), so a caller may check once at the end. Released by
 * buf_release() or handed over with buf_take().
 */
#ifndef LITEFORM_BASE_BUF_H
#define LITEFORM_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *at;   /* NULL until the first append */
    size_t len; /* bytes without the NUL */
    size_t cap;
    size_t max;    /* most bytes it may hold; 0: BUF_MAX */
    bool overflow; /* an append was dropped */
};

#define BUF_MAX ((size_t)1 << 30)
#define BUF_INIT(maximum) ((struct buf){.max = (maximum)})
#define CLEANUP_BUF __attribute__((cleanup(buf_release)))

void buf_release(struct buf *buf);
/** Empties it and keeps the memory. */
void buf_reset(struct buf *buf);
void buf_add(struct buf *buf, const char *bytes, size_t length);
void buf_str(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/** The bytes, or "" when nothing was appended. */
const char *buf_text(const struct buf *buf);
/** Hands the memory over: the caller frees it. Never NULL. */
char *buf_take(struct buf *buf);
/** Overwrites the content before releasing it: for secrets. */
void buf_wipe(struct buf *buf);

#endif
