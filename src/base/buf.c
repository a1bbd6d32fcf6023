#include "base/buf.h"

#include "base/fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A byte buffer that grows up to a stated maximum. */

static size_t most(const struct buf *buf)
{
    return buf->max == 0 ? BUF_MAX : buf->max;
}

void buf_release(struct buf *buf)
{
    free(buf->at);
    size_t max = buf->max;
    *buf = BUF_INIT(max);
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
    if (buf->at != NULL)
        buf->at[0] = '\0';
}

/* Small buffers may hold secrets, and realloc would leave copies of them behind. */
#define WIPE_BELOW ((size_t)64 << 10)

static void grow_to(struct buf *buf, size_t cap)
{
    char *at = NULL;
    if (buf->cap >= WIPE_BELOW) {
        at = realloc(buf->at, cap);
        if (at == NULL)
            fail_memory();
    } else {
        at = malloc(cap);
        if (at == NULL)
            fail_memory();
        if (buf->at != NULL) {
            memcpy(at, buf->at, buf->len + 1);
            explicit_bzero(buf->at, buf->cap);
            free(buf->at);
        } else {
            at[0] = '\0';
        }
    }
    buf->at = at;
    buf->cap = cap;
}

/* Room for `length` more bytes and the NUL; false when that would pass the maximum. */
static bool reserve(struct buf *buf, size_t length)
{
    size_t max = most(buf);
    if (buf->overflow || buf->len > max || length > max - buf->len) {
        buf->overflow = true;
        return false;
    }
    size_t need = buf->len + length + 1;
    if (need <= buf->cap)
        return true;
    size_t cap = buf->cap < 64 ? 64 : buf->cap * 2;
    if (cap < need)
        cap = need;
    if (cap > max + 1)
        cap = max + 1;
    grow_to(buf, cap);
    return true;
}

void buf_add(struct buf *buf, const char *bytes, size_t length)
{
    if (!reserve(buf, length))
        return;
    if (length > 0)
        memcpy(buf->at + buf->len, bytes, length);
    buf->len += length;
    buf->at[buf->len] = '\0';
}

void buf_str(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    /* Where there is room already, formatting is done once. */
    size_t room = buf->at == NULL || buf->overflow ? 0 : buf->cap - buf->len;
    int length = vsnprintf(room > 0 ? buf->at + buf->len : NULL, room, format, args);
    if (length < 0)
        fail_bug("a format that cannot be printed", format);
    if ((size_t)length < room) {
        buf->len += (size_t)length;
        va_end(again);
        return;
    }
    if (room > 0)
        buf->at[buf->len] = '\0';
    if (reserve(buf, (size_t)length)) {
        vsnprintf(buf->at + buf->len, (size_t)length + 1, format, again);
        buf->len += (size_t)length;
    }
    va_end(again);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(buf, format, args);
    va_end(args);
}

const char *buf_text(const struct buf *buf)
{
    return buf->at == NULL ? "" : buf->at;
}

char *buf_take(struct buf *buf)
{
    if (buf->at == NULL)
        grow_to(buf, 1);
    char *at = buf->at;
    size_t max = buf->max;
    *buf = BUF_INIT(max);
    return at;
}

void buf_wipe(struct buf *buf)
{
    if (buf->at != NULL)
        explicit_bzero(buf->at, buf->cap);
    buf_release(buf);
}
