/* An s3 from the inside: s3.c sends, s3_objects.c says what, s3_fault.c says why not. */
#ifndef LITEFORM_CLIENT_S3_INNER_H
#define LITEFORM_CLIENT_S3_INNER_H

#include "client/s3.h"
#include "client/xml.h"

struct s3 {
    struct arena *arena;
    struct aws *aws;
    struct exchange *exchange;
    struct s3_options options;

    /* Found out at the first call. */
    const char *region;
    const char *base;      /* "https://host:port/path", the bucket in it where the style says so */
    const char *authority; /* as in the Host header */
    const char *path;      /* what the path begins with: "" or "/bucket" */
    const char *place;

    int64_t date, date_ms; /* of the last answer, and when it came */
    unsigned sent;
    bool single; /* the server does not know DeleteObjects */
};

enum s3_kind { S3_KIND_GET, S3_KIND_PUT, S3_KIND_LIST, S3_KIND_DELETE };

struct s3_call {
    enum s3_kind kind;
    const char *method, *key; /* NULL: the bucket */
    const char *query;        /* or NULL */
    const struct strings *headers;
    const struct buf *body;
};

/** An answer, or that there was none. */
struct s3_answer {
    struct exchange_reply reply;
    const char *code, *message; /* of an error in XML, or NULL */
    const char *region;         /* that it names, or NULL */
};

/** Sends, and sends again where that is safe. False: nothing was sent, a diagnostic says why. */
bool s3_send(struct s3 *s3, struct arena *arena, const struct s3_call *call,
    struct s3_answer *ret_answer, struct diags *diags);
/** Whether the request may have been carried out although no success came back. */
bool s3_is_unknown(const struct s3_answer *answer);
/** Says what is wrong and what to do about it. */
void s3_fault(
    struct s3 *s3, const struct s3_call *call, const struct s3_answer *answer, struct diags *diags);
/** The same for the error that DeleteObjects gives for one key. */
void s3_fault_key(
    struct s3 *s3, const char *key, const char *code, const char *message, struct diags *diags);

/** "s3://bucket/key" */
const char *s3_name(const struct s3 *s3, struct arena *arena, const char *key);

#endif
