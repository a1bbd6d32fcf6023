/* The door to libpq: one session, read only, each statement in a transaction of its own. */
#include "client/pg.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "client/http.h"
#include "client/interrupt.h"
#include "client/library.h"
#include "client/pg_value.h"

#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>

/* clang-format off */
#define FUNCTIONS(X)                                                                               \
    X(cancel) X(clear) X(connectdbParams) X(conninfoFree) X(conninfoParse) X(consumeInput) X(db)   \
    X(errorMessage) X(escapeIdentifier) X(exec) X(finish) X(fname) X(freeCancel) X(freemem)        \
    X(ftype) X(getCancel) X(getResult) X(getisnull) X(getlength) X(getvalue) X(host) X(isBusy)     \
    X(nfields) X(port) X(resultErrorMessage) X(resultStatus) X(sendQueryParams)                    \
    X(setClientEncoding) X(setSingleRowMode) X(socket) X(status)
/* clang-format on */
#define MEMBER(name) __typeof__(PQ##name) *name;
#define NAME(name) "PQ" #name,

static struct {
    FUNCTIONS(MEMBER)
} pq;
static const char *const names[] = {FUNCTIONS(NAME)};
static struct library library = LIBRARY(LIBPQ_SONAME, LIBPQ_PACKAGE, names, pq);

#define CONNECT_SECONDS 10
#define SLACK_MS 5000 /* beyond the statement's own limit: then the server is given up */
#define LOOK_MS 200
#define STATEMENT_MS                                                                               \
    30000 /* where the caller has no limit of its own; none at all is never meant */
#define MAX_PARAMETERS 64

struct sql {
    PGconn *connection;
    struct arena *arena;
    /* Sent before every statement. Once for the session would be enough, were it not for PgBouncer,
       which may give each transaction another session. */
    const char *begin;
    int64_t limit_ms; /* of one wait for the server */
    bool given_up;    /* it did not answer in time, or we were interrupted: nothing more is asked */
};

static void clear_result(PGresult **result)
{
    pq.clear(*result);
}
#define CLEANUP_RESULT __attribute__((cleanup(clear_result)))

/** What libpq says, on one line. It names host and user, never the password. */
static const char *words(struct arena *arena, const char *text)
{
    char *line = arena_strdup(arena, text != NULL && *text != '\0' ? text : "no reason given");

    for (char *at = line; *at != '\0'; at++) {
        if (*at == '\n' || *at == '\r' || *at == '\t')
            *at = ' ';
    }
    for (size_t length = strlen(line); length > 0 && line[length - 1] == ' ';)
        line[--length] = '\0';
    return text_printable(arena, line, false);
}

/* ------------------------------------------------------------------ connecting */

struct parameters {
    const char *names[MAX_PARAMETERS], *values[MAX_PARAMETERS];
    size_t count;
};

static void parameter(struct parameters *list, const char *name, const char *value)
{
    if (list->count + 1 < MAX_PARAMETERS) {
        list->names[list->count] = name;
        list->values[list->count++] = value;
    }
}

/*
 * Takes the options apart with libpq's own parser. Its words on a string that it cannot read quote
 * that string, password and all: they are not passed on.
 */
static PQconninfoOption *parse(const char *cleaned)
{
    char *ignored = NULL;
    PQconninfoOption *options = cleaned != NULL ? pq.conninfoParse(cleaned, &ignored) : NULL;

    if (ignored != NULL) {
        explicit_bzero(ignored, strlen(ignored));
        pq.freemem(ignored);
    }
    return options;
}

static void options_free(PQconninfoOption *options)
{
    for (PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++) {
        if (option->val != NULL && text_equal(option->keyword, "password"))
            explicit_bzero(option->val, strlen(option->val));
    }
    pq.conninfoFree(options);
}

static PGconn *connect_with(
    struct arena *arena, const PQconninfoOption *options, uint32_t statement_ms)
{
    struct parameters list = {.count = 0};

    /* First, so that what the URL says of them wins. */
    parameter(&list, "application_name", "liteform");
    parameter(&list, "keepalives_idle", "10");
    parameter(&list, "tcp_user_timeout", arena_printf(arena, "%u", statement_ms + SLACK_MS));
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->val != NULL && !text_equal(option->keyword, "connect_timeout"))
            parameter(&list, option->keyword, option->val);
    }
    parameter(&list, "connect_timeout", arena_printf(arena, "%d", CONNECT_SECONDS));
    return pq.connectdbParams(list.names, list.values, 0);
}

/** Runs a statement of ours without a result; false with the reason. */
static bool command(struct sql *sql, struct arena *arena, const char *text, const char **reterr)
{
    CLEANUP_RESULT PGresult *result = pq.exec(sql->connection, text);

    if (pq.resultStatus(result) == PGRES_COMMAND_OK)
        return true;
    *reterr = words(arena, pq.errorMessage(sql->connection));
    return false;
}

/** Makes the session read only and limited; false with the reason. */
static bool prepare(struct sql *sql, struct arena *arena, const char *schema, uint32_t statement_ms,
    const char **reterr)
{
    const char *path = "";
    const char *session = "SET default_transaction_read_only = on";

    pq.setClientEncoding(sql->connection, "UTF8");
    if (schema != NULL) {
        char *quoted = pq.escapeIdentifier(sql->connection, schema, strlen(schema));
        if (quoted == NULL) {
            *reterr = "the schema in the URL is no name";
            return false;
        }
        path = arena_printf(sql->arena, "; SET LOCAL search_path = %s", quoted);
        pq.freemem(quoted);
    }
    sql->begin = arena_printf(sql->arena,
        "BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = %u%s", statement_ms, path);
    return command(sql, arena, session, reterr) &&
           command(
               sql, arena, arena_printf(arena, "SET statement_timeout = %u", statement_ms), reterr);
}

static void load(void)
{
    library_load(&library);
}

struct sql *sql_open(
    struct arena *arena, const char *url, uint32_t statement_ms, const char **reterr_reason)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load);
    if (*library.missing != '\0') {
        *reterr_reason = library.missing;
        return NULL;
    }
    CLEANUP_ARENA struct arena *scratch = arena_new();
    const char *schema = NULL;
    char *cleaned = pg_url_clean(scratch, url, &schema);
    PQconninfoOption *options = parse(cleaned);
    struct sql *sql = calloc(1, sizeof(*sql));

    if (sql == NULL)
        fail_memory();
    if (statement_ms == 0)
        statement_ms = STATEMENT_MS;
    sql->arena = arena_new();
    sql->limit_ms = (int64_t)statement_ms + SLACK_MS;
    if (options != NULL)
        sql->connection = connect_with(scratch, options, statement_ms);
    options_free(options);
    if (cleaned != NULL)
        explicit_bzero(cleaned, strlen(cleaned));
    if (options == NULL)
        *reterr_reason = "the database URL cannot be read (postgresql://USER:PASSWORD@HOST:PORT/"
                         "DATABASE; special characters in the password percent-encoded)";
    else if (pq.status(sql->connection) != CONNECTION_OK)
        *reterr_reason = words(arena, pq.errorMessage(sql->connection));
    else if (prepare(sql, arena, schema, statement_ms, reterr_reason))
        return sql;
    return sql_close(sql);
}

struct sql *sql_close(struct sql *sql)
{
    if (sql == NULL)
        return NULL;
    pq.finish(sql->connection);
    arena_free(sql->arena);
    free(sql);
    return NULL;
}

/* ------------------------------------------------------------------ asking */

static void cancel(struct sql *sql)
{
    char ignored[256];
    PGcancel *handle = pq.getCancel(sql->connection);

    if (handle != NULL)
        pq.cancel(handle, ignored, sizeof(ignored));
    pq.freeCancel(handle);
}

/*
 * Waits for the next result without blocking in libpq: a server that is gone, and an interrupt, end
 * the wait. A read that nobody waits for any more is also ended on the server.
 */
static bool wait_for_result(struct sql *sql, struct arena *arena, const char **reterr)
{
    int64_t until = clock_ms() + sql->limit_ms;

    while (pq.isBusy(sql->connection)) {
        struct pollfd fds[2] = {
            {.fd = pq.socket(sql->connection), .events = POLLIN},
            {.fd = interrupt_fd(), .events = POLLIN},
        };
        if (client_interrupted() > 0 || clock_ms() > until) {
            *reterr = client_interrupted() > 0 ? "interrupted" : "no answer in time";
            cancel(sql);
            sql->given_up = true;
            return false;
        }
        if (poll(fds, 2, LOOK_MS) > 0 && fds[1].revents != 0)
            interrupt_drain();
        if (fds[0].revents != 0 && !pq.consumeInput(sql->connection)) {
            *reterr = words(arena, pq.errorMessage(sql->connection));
            return false;
        }
    }
    return true;
}

static struct node *row_of(struct arena *scratch, const PGresult *result)
{
    struct node *row = node_map(scratch);

    for (int i = 0; i < pq.nfields(result); i++) {
        const char *text = pq.getisnull(result, 0, i) ? NULL : pq.getvalue(result, 0, i);
        node_set(scratch, row, pq.fname(result, i),
            pg_value(scratch, pq.ftype(result, i), text, (size_t)pq.getlength(result, 0, i)));
    }
    return row;
}

/** Delivers the rows of the statement that was sent; false with the reason. */
static bool deliver_rows(
    struct sql *sql, struct arena *arena, sql_row row, void *context, const char **reterr)
{
    for (;;) {
        if (!wait_for_result(sql, arena, reterr))
            return false;
        CLEANUP_RESULT PGresult *result = pq.getResult(sql->connection);
        if (result == NULL)
            return true;
        if (pq.resultStatus(result) == PGRES_SINGLE_TUPLE) {
            CLEANUP_ARENA struct arena *scratch = arena_new();
            row(context, scratch, row_of(scratch, result));
        } else if (pq.resultStatus(result) != PGRES_TUPLES_OK) {
            *reterr = words(arena, pq.resultErrorMessage(result));
            return false;
        }
    }
}

/** What is left of a statement that was given up; libpq takes no new one before. */
static void drain_results(struct sql *sql)
{
    const char *ignored = NULL;
    CLEANUP_ARENA struct arena *scratch = arena_new();

    while (!sql->given_up && wait_for_result(sql, scratch, &ignored)) {
        PGresult *result = pq.getResult(sql->connection);
        if (result == NULL)
            return;
        pq.clear(result);
    }
}

static bool query(struct sql *sql, struct arena *arena, const char *statement,
    const char *parameter_text, sql_row row, void *context, const char **reterr)
{
    const char *values[1] = {parameter_text};
    const char *ignored = NULL;
    CLEANUP_ARENA struct arena *scratch = arena_new();

    if (client_interrupted() > 0 || sql->given_up) {
        *reterr = client_interrupted() > 0 ? "interrupted" : "the server was given up before";
        return false;
    }
    if (!command(sql, arena, sql->begin, reterr))
        return false;
    /* The extended protocol takes one statement only: nothing can hide behind a semicolon. */
    bool worked = pq.sendQueryParams(sql->connection, statement, parameter_text != NULL ? 1 : 0,
                      NULL, values, NULL, NULL, 0) == 1 &&
                  pq.setSingleRowMode(sql->connection) == 1;
    if (!worked)
        *reterr = words(arena, pq.errorMessage(sql->connection));
    worked = worked && deliver_rows(sql, arena, row, context, reterr);
    if (!worked)
        drain_results(sql);
    if (!sql->given_up)
        command(sql, scratch, "ROLLBACK", &ignored); /* it only read: there is nothing to keep */
    return worked;
}

bool sql_query(struct sql *sql, struct arena *arena, const char *statement, sql_row row,
    void *context, const char **reterr_reason)
{
    return query(sql, arena, statement, NULL, row, context, reterr_reason);
}

/* ------------------------------------------------------------------ facts */

struct column_list {
    struct arena *arena;
    struct node *list;
};

static void take_column(void *context, struct arena *scratch, const struct node *row)
{
    struct column_list *columns = context;

    (void)scratch;
    node_list_add(
        columns->arena, columns->list, node_string(columns->arena, node_get_text(row, "name")));
}

struct node *sql_columns(struct sql *sql, struct arena *arena, const char *table)
{
    struct column_list columns = {arena, node_list(arena)};
    const char *ignored = NULL;

    query(sql, arena,
        "SELECT attname::text AS name FROM pg_catalog.pg_attribute "
        "WHERE attrelid = pg_catalog.to_regclass(pg_catalog.quote_ident($1)) "
        "AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        table, take_column, &columns, &ignored);
    return columns.list;
}

static void take_identity(void *context, struct arena *scratch, const struct node *row)
{
    struct column_list *facts = context;

    (void)scratch;
    node_list_add(
        facts->arena, facts->list, node_string(facts->arena, node_get_text(row, "identity")));
}

const char *sql_identity(struct sql *sql, struct arena *arena)
{
    struct column_list facts = {arena, node_list(arena)};
    const char *ignored = NULL;

    /* Not every role may call it, and not every service that speaks PostgreSQL's protocol has it. */
    if (query(sql, arena,
            "SELECT system_identifier::text || '/' || pg_catalog.current_database() AS identity "
            "FROM pg_catalog.pg_control_system()",
            NULL, take_identity, &facts, &ignored) &&
        facts.list->count == 1 && node_text(facts.list->items[0]) != NULL)
        return node_text(facts.list->items[0]);
    const char *host = pq.host(sql->connection), *port = pq.port(sql->connection);
    return arena_printf(arena, "%s@%s:%s", pq.db(sql->connection), host != NULL ? host : "",
        port != NULL ? port : "");
}
