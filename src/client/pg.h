/*
 * PostgreSQL, read only: libpq's door. Every session sets default_transaction_read_only = on and a
 * statement timeout first and does nothing when that fails.
 */
#ifndef LITEFORM_CLIENT_PG_H
#define LITEFORM_CLIENT_PG_H

#include "base/arena.h"
#include "client/secret.h"
#include "diag/diag.h"
#include "value/node.h"

#include <stdbool.h>

struct sql;

/**
 * Connects (10 s limit); NULL with the reason (no password in it). The URL may be any libpq
 * connection string; `schema`, `connection_limit`, `pool_timeout`, `pgbouncer` parameters, which
 * Prisma uses, are taken out (schema becomes the search_path).
 */
struct sql *sql_open(
    struct arena *arena, const char *url, uint32_t statement_ms, const char **reterr_reason);
struct sql *sql_close(struct sql *sql);

/** One row; values are nodes: bool, int, decimal, text, json, text[] (list), timestamps as text. */
typedef void (*sql_row)(void *context, struct arena *scratch, const struct node *row);

/**
 * Runs one SELECT and calls `row` for each row, in single-row mode; `scratch` is emptied between
 * rows. False with the reason when it failed (rows may have been delivered before).
 */
bool sql_query(struct sql *sql, struct arena *arena, const char *statement, sql_row row,
    void *context, const char **reterr_reason);
/** The columns of a table in the search path, as a list of text; empty when there is none. */
struct node *sql_columns(struct sql *sql, struct arena *arena, const char *table);
/** "SYSTEM_IDENTIFIER/DATABASE" as far as it may be read, else "DATABASE@host:port". */
const char *sql_identity(struct sql *sql, struct arena *arena);

#endif
