/*
 * Bytes to meaning and back, without the transfer: the body of a request with its secrets put in,
 * the JSON and the printable text of an answer, and the facts of a URL.
 */
#ifndef LITEFORM_CLIENT_ANSWER_H
#define LITEFORM_CLIENT_ANSWER_H

#include "base/buf.h"
#include "client/secret.h"
#include "model/request.h"

/**
 * Writes the body as JSON; a NODE_SECRET becomes the value it refers to. False with the reason when
 * one cannot be resolved. The caller ends `out` with buf_wipe(): nothing else keeps a copy.
 */
bool answer_write_body(struct secrets *secrets, struct arena *arena, const struct node *body,
    struct buf *out, const char **reterr_reason);

/** Sets body, or fault and reason, and text, from the bytes that came. `content_type` is set. */
void answer_read(
    struct reply *reply, struct arena *arena, struct secrets *secrets, const struct buf *bytes);
/** Only the text: for an answer that is not whole. */
void answer_text(
    struct reply *reply, struct arena *arena, struct secrets *secrets, const struct buf *bytes);

/** Without the user and password that may stand before the host. */
char *answer_url(struct arena *arena, const char *base, const char *path);
/** Whether the host of an http(s) URL is this machine: then no proxy has a part in it. */
bool answer_is_loopback(const char *url);

#endif
