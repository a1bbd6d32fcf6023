/*
 * What the engine knows of a kind of resource: a field table, the lists that show what exists, and
 * pure functions. A kind does no I/O: it builds requests and reads replies.
 *
 * To add a kind: src/kinds/<kind>.c with `const struct kind kind_<kind>`, one line in
 * src/kinds/kinds.def, specs/examples/<kind>.yaml and a folder under tests/cases/<kind>-*.
 */
#ifndef LITEFORM_MODEL_KIND_H
#define LITEFORM_MODEL_KIND_H

#include "base/map.h"
#include "base/vec.h"
#include "diag/diag.h"
#include "model/known.h"
#include "model/request.h"
#include "model/secret.h"
#include "value/node.h"
#include "value/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ------------------------------------------------------------------ the field table */

enum field_type {
    FIELD_TEXT,
    FIELD_INT,     /* min..max */
    FIELD_DECIMAL, /* compared as a decimal; min */
    FIELD_BOOL,
    FIELD_DURATION, /* 30s 30m 12h 30d 1w 1mo */
    FIELD_TEXTS,    /* list of texts */
    FIELD_MODELS,   /* list of model names, or `all`, or `none` */
    FIELD_CHOICE,   /* one of `choices` */
    FIELD_MAP,      /* free-form; each declared key is compared by itself, others are not ours */
    FIELD_SECRET,   /* a secret reference */
    FIELD_SECRETS,  /* map from name to secret reference or plain text */
    FIELD_GROUP,    /* map of name -> entry, described by `sub` (deployments, members) */
};

enum field_flag {
    FIELD_REQUIRED = 1 << 0,
    FIELD_SET = 1 << 1,        /* list whose order carries no meaning */
    FIELD_WRITE_ONLY = 1 << 2, /* never comes back: compared with what we last wrote */
    FIELD_IMMUTABLE = 1 << 3,  /* a change means replace */
    FIELD_LOCAL = 1 << 4,      /* steers liteform, is not sent (id, store, grace, provider) */
    FIELD_LICENSED = 1 << 5,   /* enterprise tier only */
    FIELD_LIVE_ONLY = 1 << 6,  /* not in the spec: seen live, shown, never compared */
    FIELD_CREATE = 1 << 7,     /* sent at creation only; later changes are LF finding */
    FIELD_RETIRED = 1 << 8,    /* refused, `doc` is the hint */
    FIELD_SHORTHAND = 1 << 9,  /* group: a scalar entry stands for its first sub-field */
};

/** How a field that we set and the spec no longer has is taken back. */
enum unset {
    UNSET_NEVER,    /* the server has no way: the finding "cannot be unset" */
    UNSET_NULL,     /* send null */
    UNSET_EMPTY,    /* send the type's empty value: "", [], {} */
    UNSET_RECREATE, /* delete and create with the same id (models, credentials) */
    UNSET_FALSE,    /* send false */
    UNSET_MINUS_ONE /* send "-1" (key duration: never expires) */
};

struct field {
    const char *name; /* in the spec */
    const char *api;  /* dotted path in the server's object; NULL: as `name` */
    const char *send; /* dotted path in a request where it differs from `api`; NULL: as `api` */
    enum field_type type;
    unsigned flags;
    enum unset unset;
    uint16_t unset_since; /* LITELLM(1,106): earlier versions cannot; 0: all */
    int64_t min, max;     /* of FIELD_INT and FIELD_DECIMAL; both 0: 0..2^53-1 */
    const char *const *choices;
    const char *refers;      /* kind that the text, or the items of the list, must name */
    const struct field *sub; /* of FIELD_GROUP, ended by a row without name */
    const char *doc;         /* one line, shown in specs/README.md */
};

/** Versions as one number: LITELLM(1, 106) compares major and minor. */
#define LITELLM(major, minor) ((uint16_t)(((major) << 12) | (minor)))

/** The server, as far as kinds must know it. */
struct server {
    const char *version; /* "1.106.2", or NULL: could not be told */
    uint16_t release;    /* LITELLM(...), 0 when unknown */
    bool licensed;
};

/* ------------------------------------------------------------------ desired */

/** One thing the spec wants. */
struct resource {
    const char *address;
    const struct kind *kind;
    const char *name;    /* decoded name: the part after "kind/" ("platform", "platform/alice@x") */
    const char *id;      /* wanted id: `id:` or derived; NULL where the server has none (member) */
    bool id_given;       /* `id:` stands in the spec */
    const char *key;     /* natural key, see kind.natural */
    const char *parent;  /* address of the resource it belongs to (member: team/...), or NULL */
    struct node *fields; /* typed by the field table; secrets as NODE_SECRET references */
    struct span where;   /* of its name in the spec */
    struct strings needs; /* addresses of resources it refers to */
};

struct desired {
    const char *environment;
    const char *tier;            /* "free" or "enterprise" */
    VEC(struct resource *) list; /* in spec order; sorted by step and address when planned */
    struct map by_address;
    struct strings model_names; /* every callable name: models:, config.model_list, team aliases */
};

/* ------------------------------------------------------------------ live */

enum loaded { LOADED_UNKNOWN, LOADED_YES, LOADED_LOADING, LOADED_NO, LOADED_OLD_VALUES };

/** One thing that exists. */
struct object {
    const struct kind *kind;
    const char *id;
    const char *key;           /* natural key, lower-cased where case does not count */
    const char *name;          /* for people: alias, e-mail, model name */
    const struct node *fields; /* by field name, as the spec would say it */
    const struct node *raw;    /* the server's object, cut down to what the kind keeps */
    const char *mark;          /* our mark on it (model/mark.h), or NULL */
    const char *updated_at;    /* server's time of the last write, or NULL */
    const char *parent;        /* id of the object it belongs to (member: team_id), or NULL */
    enum loaded loaded;        /* models */
    bool foreign;              /* never ours: config-file model, default_user_id, UI session key */
    struct strings unseen;     /* names of fields that could not be read: compared with what we last
                                  wrote, else "not compared"; never taken for "not set" */
};

enum live_status { LIVE_UNREAD, LIVE_READ };

/** What was read of one kind. */
struct live_kind {
    const struct kind *kind;
    enum live_status status;
    const char *reason; /* why it is unread */
    VEC(struct object *) list;
    struct map by_id; /* id -> object */
    struct map raw;   /* kind's own scratch while collecting (rows waiting for their partner) */
    bool uncertain;   /* nothing was seen, and that may be untrue (`reason`): with objects of the
                        * kind in the state it counts as unread */
};

struct live {
    struct server server;
    const char *identity;        /* of the database, or NULL */
    bool database;               /* the database was read */
    const char *database_reason; /* why not */
    struct live_kind *kinds;     /* as many as the registry, same order */
    size_t kind_count;
    struct arena *arena;
    struct pool *pool; /* while lists come in: what shares equal values; NULL: each is copied */
    uint32_t elapsed_ms;
    size_t requests;
};

struct live_kind *live_kind(const struct live *live, const struct kind *kind);
/** Adds to list and by_id. A second object with the same id replaces the first. */
void live_add(struct live *live, struct live_kind *in, struct object *object);
struct object *live_object(const struct live_kind *in, const char *id);

/**
 * A list of the LiteLLM API that shows what exists. live/ pages through it: page 1 tells how many
 * there are, the rest is fetched side by side; items are de-duplicated by `id`, and a count that
 * falls short of `total` makes the kind unread. A list with the path of another kind's is fetched
 * once and offered to both.
 */
struct listing {
    const char *name;
    const char *path;  /* with fixed query */
    const char *items; /* member that holds the array; NULL: the body is the array */
    const char *total; /* member with the number of all items; NULL: page until one is short */
    const char *page, *size; /* names of the query parameters; NULL: not paged */
    unsigned page_size;
    const char *id;        /* dotted path of the item's id, for de-duplication */
    uint16_t since, until; /* releases it is for; 0: no bound */
    bool optional;         /* 404 (old version) leaves the kind readable */
    bool without_database; /* a dear list, wanted only where the database is not read */
};

/** A SELECT that completes the lists; needs the database. Columns that the table lacks are left out. */
struct sql_listing {
    const char *name;
    const char *table;          /* "LiteLLM_ProxyModelTable" */
    const char *const *columns; /* wanted, NULL-ended; missing ones are simply absent in the row */
    const char *where;          /* SQL condition, or NULL */
    const char *order;          /* column for a stable order */
};

/* ------------------------------------------------------------------ changes */

enum action {
    ACTION_NONE,
    ACTION_CREATE,
    ACTION_UPDATE,
    ACTION_REPLACE, /* delete and create with the same id */
    ACTION_DELETE,
    ACTION_ADOPT,  /* exists, wanted, not ours yet: taken over, with its differences as updates */
    ACTION_FORGET, /* leaves the state, stays where it is */
    ACTION_ROTATE, /* key: old value retired, new one in force */
    ACTION_REPAIR, /* model: stored but not loaded; spelled anew */
    ACTION_MOVE,   /* renamed in place */
};

struct field_change {
    const char *path; /* "max_budget", "params.top_k", "metadata.owner" */
    const struct field *field;
    const struct node *old; /* NULL: not set */
    const struct node *new; /* NULL: unset */
    bool sensitive;         /* values are references or hashes; shown as (sensitive) */
    bool outside;           /* live differs from what we last wrote */
    const char *note;       /* why, for people, or NULL */
};

struct change {
    const char *address;
    const struct kind *kind;
    enum action action;
    const char *reason;              /* "new in spec", "changed outside", ... */
    unsigned step;                   /* order of kinds; deletes come later, in reverse */
    const struct resource *resource; /* NULL for delete and forget */
    const struct object *object;     /* NULL for create */
    const char *id;                  /* that it has or will have */
    VEC(struct field_change) fields;
    struct strings needs;     /* addresses of changes that must be done before */
    struct strings takes;     /* addresses of what ends with it (cascade) */
    struct strings risks;     /* "widens access", "restart", ... */
    const char *from;         /* ACTION_MOVE: the old address */
    const char *lane;         /* changes of one lane go one after another (writes to one team) */
    const char *note;         /* one line for people: which spelling and why */
    const struct node *extra; /* kind's own: spelling to use, hash of the new key, ... */
};

/** What calls of a change may know. */
struct call_context {
    struct arena *arena;
    const struct change *change;
    const struct server *server;
    const char *environment;
    const char *mark; /* what to write as our mark */
    void *memory;     /* kept between the calls of one change, zeroed; kind.memory bytes */
};

enum call_result {
    CALL_SEND,   /* *ret_request is to be sent */
    CALL_DONE,   /* the change is carried out */
    CALL_FAILED, /* a diagnostic says why */
};

/* ------------------------------------------------------------------ the kind */

enum ownership { OWNERSHIP_FULL, OWNERSHIP_KEEP, OWNERSHIP_IGNORE };

/** What expanding and checking the spec may know. */
struct check_context {
    struct arena *arena;
    struct desired *desired;
    const struct node *spec; /* the whole merged document, typed: for defaults (bedrock:) */
    const struct kind *kind; /* whose section is expanded */
    const struct kind_set *kinds;
    struct diags *diags;
};

/** A guard that refuses a plan unless it is allowed by name. */
struct guard {
    const char *id; /* of the catalogue, LF3xx */
    const char *address;
    const char *message;
    const char *allow; /* the flag that allows it: "--allow-rotate key/ci-bot" */
    bool allowed;      /* the flag was given */
};
struct guards {
    VEC(struct guard) list;
};

/** An allowance given on the command line: "rotate", "key/ci-bot" (NULL: for all). */
struct allowance {
    const char *name, *address;
};
struct allowances {
    VEC(struct allowance) list;
};
/** Whether --allow-NAME was given, without an address or for this one (globs are taken). */
bool allowed(const struct allowances *allowances, const char *name, const char *address);

/** What planning may know. All of it is data: planning is pure. */
struct plan_context {
    struct arena *arena;
    const struct desired *desired;
    const struct live *live;
    const struct server *server;
    const struct known_object *known; /* of the resource at hand, or NULL */
    const struct secret_facts *secrets;
    const struct allowances *allowances;
    const char *today;    /* "2026-11-24": for the alias of a retired key */
    bool rewrite_secrets; /* --rewrite-secrets: write them again, whatever the hash says */
    struct guards *guards;
    struct diags *findings;
    unsigned not_compared;         /* fields of which nobody can tell whether they differ */
    unsigned secrets_not_compared; /* those of them that the hash key would tell */
    bool unresolved; /* a secret that the change at hand would write cannot be resolved */
    bool touched;    /* the object at hand was written by others after our last write */
    /** The id of what `address` means: of the live object that it matched, else the one that it
     *  will have; NULL: none known. Set by plan/; kinds fall back on desired and live. */
    const char *(*id_of)(const struct plan_context *context, const char *address);
};

/** Adds a guard; `allow` is the flag's name without "--allow-" ("rotate"). */
void guard_add(const struct plan_context *context, const char *id, const char *allow,
    const char *address, const char *format, ...) __attribute__((format(printf, 5, 6)));

struct kind {
    const char *name;    /* "team" */
    const char *section; /* top-level key of the spec, "teams"; NULL: comes from another section */
    const char *title;   /* heading in the plan, "teams" */
    const char *doc;     /* a paragraph for specs/README.md */
    const struct field *fields; /* ended by a row without name */
    const char *const *after;   /* kinds that come before, NULL-ended */
    enum ownership ownership;   /* when the policy does not say */
    bool replaceable;           /* ACTION_REPLACE is allowed (same id) */

    /** MAY. Turns one entry of the section into resources (deployments, members); default: one
     *  resource per entry with its fields. `add` registers; it derives id and address. */
    void (*expand)(const struct check_context *context, const char *name, struct node *entry,
        struct span where);
    /** MAY. Checks across fields of one resource; faults are diagnostics at its fields. */
    void (*check)(const struct check_context *context, const struct resource *resource);
    /** MUST. The natural key of a resource: what it is called on the server; NULL: none. */
    const char *(*natural)(struct arena *arena, const struct resource *resource);

    /** MUST. Lists that show what exists, ended by a row without name. */
    const struct listing *listings;
    const struct sql_listing *tables; /* MAY */
    /** MUST. One item of a list (`name` says which): adds an object or completes one. Called while
     *  pages come in; what it keeps must be copied into live->arena. False: the item cannot be
     *  understood (wrong types); the kind becomes unread. */
    bool (*item)(
        struct live *live, struct live_kind *in, const char *name, const struct node *item);
    /** MAY. All lists are in: join what waited, work out `loaded`. */
    void (*joined)(struct live *live, struct live_kind *in);

    /** MAY. What only this kind knows about a pair that is compared: spelling, store, rotation.
     *  May add field changes, set action, note, extra, risks. Pure. */
    void (*plan)(const struct plan_context *context, const struct resource *resource,
        const struct object *object, struct change *change);
    /** MAY. Whether deleting `gone` ends `other` too (keys of a team). Pure. */
    bool (*takes)(const struct object *gone, const struct object *other);

    /** MUST. The calls of a change, one at a time: `n` counts from 0, `previous` is the answer to
     *  the last one (NULL at n = 0). Answers with an error status are the kind's to judge. */
    enum call_result (*call)(const struct call_context *context, unsigned n,
        const struct reply *previous, struct request *ret_request, struct diags *diags);
    size_t memory; /* bytes of call_context.memory */

    /** MAY. The id under which a resource is found live when neither the state nor the spec has it:
     *  asked before the natural key. Member: "TEAM_ID/USER_ID" (also the id of a create). User: the
     *  row with its sso_user_id. Pure. */
    const char *(*identify)(const struct plan_context *context, const struct resource *resource);
    bool identify_first; /* the value itself is the identity: asked before the state's id */

    /** MAY. Whether what was written is in force on the pod that answers (models: loaded). The
     *  request, then what its answer says. Asked over fresh connections, so of several pods. */
    bool (*force)(const struct call_context *context, struct request *ret_request);
    enum loaded (*forced)(const struct call_context *context, const struct reply *reply);
    /** MAY. The calls to try when the change is in force nowhere after the wait: the other spelling.
     *  As call; CALL_FAILED at n = 0 when there is nothing left to try. */
    enum call_result (*retry)(const struct call_context *context, unsigned n,
        const struct reply *previous, struct request *ret_request, struct diags *diags);
    /** MAY. Why an object that nobody declared should not be there, or NULL (LF207). */
    const char *(*stray)(const struct object *object);
    /** MAY. What the state is to remember besides fields, once done (the spelling that loaded). */
    struct node *(*remember)(const struct call_context *context);
};

/** The kinds in the order of their steps; from src/kinds/kinds.def. */
struct kind_set {
    const struct kind *const *at;
    size_t count;
};

const struct kind *kind_by_name(const struct kind_set *kinds, const char *name);
const struct kind *kind_by_section(const struct kind_set *kinds, const char *section);
const struct field *field_by_name(const struct field *fields, const char *name);

#endif
