/*
 * Shared by the kinds: the server's objects into fields and fields into request bodies, both by the
 * field table, and the course of a change that takes several calls.
 */
#ifndef LITEFORM_KINDS_COMMON_H
#define LITEFORM_KINDS_COMMON_H

#include "model/kind.h"

/** The key in metadata, model_info and credential_info that holds our mark. */
#define MARK_KEY "liteform"

/** Names on the server that stand for a list of models (litellm 1.81.15: SpecialModelNames). */
#define MODELS_ALL "all-proxy-models"
#define MODELS_NONE "no-default-models"
#define MODELS_TEAM "all-team-models"

/* ------------------------------------------------------------------ from the server */

/** A new object of the kind with copies of id and name. */
struct object *kind_object(
    struct live *live, const struct live_kind *in, const char *id, const char *name);

/**
 * Fills object->fields from the server's object by the table. A field whose place is missing in
 * `item` (not null: missing) goes to object->unseen: some lists of some versions lack it.
 */
void kind_decode(struct live *live, struct object *object, const struct node *item);
/** Whether a key of a free map of the server's is to be kept; may say that it is unseen. */
typedef bool kind_wants(
    struct live *live, struct object *object, const struct field *field, const struct pair *pair);
/** kind_decode() with only those keys of free maps that are wanted; NULL: all. */
void kind_decode_some(
    struct live *live, struct object *object, const struct node *item, kind_wants *wants);
/** A copy of `text` that lasts as long as the objects, shared with its equals; NULL stays NULL. */
const char *kind_text(const struct live *live, const char *text);
/** Sets one field that was found elsewhere, and takes it out of `unseen`. */
void kind_set_field(
    struct live *live, struct object *object, const char *field, const struct node *value);
/** Says that a field could not be read; `field` must last as long as the object. */
void kind_set_unseen(struct live *live, struct object *object, const char *field);
/** Keeps a copy of `value` in object->raw; `key` must last as long as the object. Nothing that was
 *  kept may be changed: it is shared with other objects. */
void kind_keep(struct live *live, struct object *object, const char *key, const struct node *value);

/** What waits for its partner while lists come in: a map in in->raw, by "SORT:ID". */
void *waiting(const struct live_kind *in, const char *sort, const char *id);
void wait_for(
    struct live *live, struct live_kind *in, const char *sort, const char *id, const void *value);

/** Whether the text is a mask that the server put in place of a value. */
bool is_masked(const char *text);

/* ------------------------------------------------------------------ to the server */

/** Every field of the resource that is sent, at its place. */
void kind_put_all(const struct call_context *context, struct node *body);
/**
 * Every changed field, at its place; `home` ("metadata") is a map that the server replaces whole:
 * when one of its keys changes, or `mark` is to be written, body gets all of the live one
 * (object->raw) with the changes and our mark in it. NULL: maps are merged by the server.
 */
void kind_put_changes(
    const struct call_context *context, struct node *body, const char *home, bool mark);
/** The change of a field ("max_budget", or "params" for any of its keys), or NULL. */
const struct field_change *kind_change(const struct change *change, const char *field);
/** Sets our mark at body.home. */
void kind_put_mark(const struct call_context *context, struct node *body, const char *home);
/** Whether the live object lacks the mark that is to be written. */
bool kind_wants_mark(const struct call_context *context);
/** The wanted value, or NULL. */
const struct node *wanted(const struct call_context *context, const char *field);
/** Text of change->extra, or NULL. */
const char *extra_text(const struct change *change, const char *key);

/* ------------------------------------------------------------------ the course of a change */

/**
 * Where a change stands: the first member of every kind's memory. A stage is one request. Asked
 * again with the same n, the same request is built again: every request here may be repeated.
 */
struct flow {
    bool begun, retried;
    unsigned n, stage;
    const char *why; /* the answer that made us look, for the message if looking does not help */
};

struct course {
    unsigned (*first)(const struct call_context *context);
    /** Builds the request of a stage. */
    void (*build)(const struct call_context *context, unsigned stage, struct request *ret_request);
    /** Judges the answer: CALL_SEND with *ret_next, CALL_DONE, CALL_FAILED. */
    enum call_result (*judge)(const struct call_context *context, unsigned stage,
        const struct reply *reply, unsigned *ret_next, struct diags *diags);
};

/** Ends the course at once: nothing is to be sent. */
#define STAGE_NONE UINT32_MAX

enum call_result course_call(const struct course *course, const struct call_context *context,
    unsigned n, const struct reply *previous, struct request *ret_request, struct diags *diags);

void request_make(
    struct request *ret_request, const char *method, const char *path, const struct node *body);

/** A diagnostic of the change: the server's message, and what to do where that is known. */
enum call_result refused(
    const struct call_context *context, const struct reply *reply, struct diags *diags);
/** The same with a message that was kept earlier. */
enum call_result refused_why(
    const struct call_context *context, const char *why, struct diags *diags);
/** A write that is simply done or not: 2xx is done; lost is repeated once; else refused(). */
enum call_result judge_plain(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags);
/** The same for a delete: an answer that says "not there" is done too. */
enum call_result judge_delete(const struct call_context *context, unsigned stage,
    const struct reply *reply, unsigned *ret_next, struct diags *diags);
/** Whether the answer leaves open if the write was carried out: lost, or a 5xx. */
bool is_unclear(const struct reply *reply);
/** Whether the server's message holds `text` (case does not count). */
bool says(const struct call_context *context, const struct reply *reply, const char *text);
/** Answers of status 200 that are an error all the same (credentials, 1.81). */
bool is_disguised_error(const struct reply *reply);

/* ------------------------------------------------------------------ planning */

/** The id of what an address means: context->id_of, else by wanted id and natural key. */
const char *resolve_id(const struct plan_context *context, const char *address);
/** The user row of a name in the spec: a declared user, else a live one by e-mail or id; or NULL. */
const char *resolve_user(const struct plan_context *context, const char *name);
/** Takes a field change back. */
void change_drop(struct change *change, const char *path);
/** Adds a text to change->extra. */
void extra_set(
    const struct plan_context *context, struct change *change, const char *key, const char *text);
void extra_set_bool(
    const struct plan_context *context, struct change *change, const char *key, bool value);
/** A finding at a resource. */
struct diag *finding(const struct plan_context *context, const struct resource *resource,
    const char *id, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ------------------------------------------------------------------ checks */

/** budget_duration without a budget; soft_budget not below max_budget; licensed fields. */
void check_limits(const struct check_context *context, const struct resource *resource);
/**
 * LF019 for plain text below a name that LiteLLM itself takes for a secret's: it would be kept in
 * the spec and in the state in clear. The value is not repeated.
 */
void check_plain_secrets(const struct check_context *context, const struct resource *resource,
    const char *field, const char *fix);
/** The place of a field, else that of the resource. */
struct span field_span(const struct resource *resource, const char *field);

#endif
