/* The SELECTs that complete the lists; read only, named columns, absent ones left out. */
#include "base/text.h"
#include "client/pg.h"
#include "live/internal.h"

#define STATEMENT_MS 20000

/** What one SELECT's rows are offered to. */
struct offering {
    struct collecting *c;
    struct live_kind *in;
    const struct sql_listing *table;
    bool refused; /* a row of an unexpected shape */
};

static void offer_row(void *context, struct arena *scratch, const struct node *row)
{
    struct offering *offering = context;
    (void)scratch;
    if (!offering->refused &&
        !offering->in->kind->item(offering->c->live, offering->in, offering->table->name, row)) {
        offering->refused = true;
    }
}

/** SELECT of the wanted columns that exist; NULL when the table has none of them. */
static char *statement_of(
    struct arena *arena, const struct sql_listing *table, const struct node *columns)
{
    struct buf out = BUF_INIT(16384);
    unsigned count = 0;

    buf_str(&out, "SELECT ");
    for (size_t i = 0; table->columns[i] != NULL; i++) {
        for (uint32_t j = 0; j < columns->count; j++) {
            if (text_equal(node_text(columns->items[j]), table->columns[i])) {
                buf_printf(&out, "%s\"%s\"", count++ > 0 ? ", " : "", table->columns[i]);
            }
        }
    }
    buf_printf(&out, " FROM \"%s\"", table->table);
    if (table->where != NULL) {
        buf_printf(&out, " WHERE %s", table->where);
    }
    if (table->order != NULL) {
        buf_printf(&out, " ORDER BY \"%s\"", table->order);
    }
    char *text = count > 0 ? arena_strdup(arena, buf_text(&out)) : NULL;
    buf_release(&out);
    return text;
}

static bool read_table(struct collecting *c, struct sql *sql, struct arena *scratch,
    struct live_kind *in, const struct sql_listing *table, const char **reterr_reason)
{
    struct offering offering = {.c = c, .in = in, .table = table};
    const struct node *columns = sql_columns(sql, scratch, table->table);
    const char *statement = statement_of(scratch, table, columns);

    if (statement == NULL) {
        *reterr_reason = arena_printf(c->arena, "no table \"%s\"", table->table);
        return false;
    }
    if (!sql_query(sql, scratch, statement, offer_row, &offering, reterr_reason)) {
        return false;
    }
    if (offering.refused) {
        diag_add(c->diags, "LF256", "a row of \"%s\" is not of a known shape", table->table);
        collect_unread(
            c, in, arena_printf(c->arena, "a row of \"%s\" has an unexpected shape", table->table));
    }
    return true;
}

static void not_looked_at(struct collecting *c, const char *reason)
{
    c->live->database = false;
    c->live->database_reason = arena_strdup(c->arena, reason);
    if (c->spec->database_required) {
        diag_add(c->diags, "LF254", "the database could not be read: %s", reason);
    }
}

static void read_all(struct collecting *c, struct sql *sql, struct arena *scratch)
{
    c->live->database = true;
    c->live->identity = sql_identity(sql, c->arena);
    for (size_t i = 0; i < c->live->kind_count; i++) {
        struct live_kind *in = &c->live->kinds[i];
        const struct sql_listing *table = in->kind->tables;
        if (!collect_wants(c, in->kind)) {
            continue;
        }
        for (; table != NULL && table->name != NULL; table++) {
            const char *reason = NULL;
            if (!read_table(c, sql, scratch, in, table, &reason)) {
                not_looked_at(c, reason != NULL ? reason : "a query failed");
                return;
            }
        }
    }
}

void collect_tables(struct collecting *c)
{
    const char *reason = NULL;

    if (c->options->no_database || c->spec->database_url == NULL) {
        c->live->database_reason = "targets.database is not set";
        return;
    }
    const char *url = secrets_value(c->secrets, c->spec->database_url, &reason);
    if (url == NULL) {
        not_looked_at(c, reason);
        return;
    }
    struct arena *scratch = arena_new();
    struct sql *sql = sql_open(scratch, url, STATEMENT_MS, &reason);
    if (sql == NULL) {
        not_looked_at(c, reason);
    } else {
        read_all(c, sql, scratch);
    }
    sql_close(sql);
    arena_free(scratch);
}
