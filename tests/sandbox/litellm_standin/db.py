"""Rows in a real PostgreSQL with LiteLLM's tables."""
import contextlib
import json
import os

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras

from . import times

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIMESTAMP = psycopg2.extensions.new_type((1114,), "ISO", lambda value, cursor: times.from_database(value) if value is not None else None)
JSONB = psycopg2.extensions.new_type((3802,), "JSONB", lambda value, cursor: from_json(value))
UniqueViolation = psycopg2.errors.UniqueViolation
ForeignKeyViolation = psycopg2.errors.ForeignKeyViolation


def from_json(value):
    """Most JSON columns of most rows are empty objects: not worth a parser."""
    if value is None:
        return None
    return {} if value == "{}" else json.loads(value)


def quoted(name):
    return '"%s"' % name


class Database:
    """One connection, used from one thread; every statement commits by itself unless inside transaction()."""

    def __init__(self, url):
        self.conn = psycopg2.connect(url)
        self.conn.autocommit = True
        psycopg2.extensions.register_type(TIMESTAMP, self.conn)
        psycopg2.extensions.register_type(JSONB, self.conn)
        self.types = {}

    def prepare(self, new):
        """Make the tables when they are not there, and learn the columns."""
        if not self.value("SELECT to_regclass('public.\"LiteLLM_TeamTable\"')"):
            self.script("schema.sql")
            if new:
                self.script("schema-1.106.sql")
            self.run("INSERT INTO _prisma_migrations(id, checksum, finished_at, migration_name, applied_steps_count) "
                     "VALUES (gen_random_uuid()::text, repeat('0', 64), now(), '20250326162113_baseline', 1)")
        for table, column, kind in self.cursor(
                "SELECT table_name, column_name, udt_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY ordinal_position").fetchall():
            self.types.setdefault(table, {})[column] = kind

    def script(self, name):
        with open(os.path.join(HERE, name), encoding="utf-8") as text:
            self.run(text.read())

    def wipe(self):
        tables = [t for t in self.types if t.startswith("LiteLLM_")]
        self.run("TRUNCATE %s RESTART IDENTITY CASCADE" % ", ".join(quoted(t) for t in tables))

    def cursor(self, sql, args=None):
        cursor = self.conn.cursor()
        cursor.execute(sql, args)
        return cursor

    def run(self, sql, args=None):
        return self.cursor(sql, args).rowcount

    def rows(self, sql, args=None):
        cursor = self.cursor(sql, args)
        names = [c.name for c in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]

    def row(self, sql, args=None):
        found = self.rows(sql, args)
        return found[0] if found else None

    def value(self, sql, args=None):
        found = self.cursor(sql, args).fetchone()
        return found[0] if found else None

    @contextlib.contextmanager
    def transaction(self):
        self.run("BEGIN")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    def adapt(self, table, column, value):
        if self.types[table][column] == "jsonb":
            return json.dumps(value)
        return value

    def get(self, table, **where):
        parts = " AND ".join("%s = %%s" % quoted(k) for k in where)
        return self.row("SELECT * FROM %s WHERE %s" % (quoted(table), parts), tuple(where.values()))

    def insert(self, table, values):
        """Insert a row; lists not given are empty, as Prisma reads them. Gives the row."""
        types, filled = self.types[table], dict(values)
        for column, kind in types.items():
            if kind == "_text" and filled.get(column) is None:
                filled[column] = []
        filled = {k: v for k, v in filled.items() if k in types and (v is not None or types[k] == "_text")}
        names = ", ".join(quoted(k) for k in filled)
        marks = ", ".join(["%s"] * len(filled))
        return self.row("INSERT INTO %s (%s) VALUES (%s) RETURNING *" % (quoted(table), names, marks),
                        tuple(self.adapt(table, k, v) for k, v in filled.items()))

    def update(self, table, where, values):
        """Set the values of the rows that match; gives the first changed row or None."""
        if "updated_at" in self.types[table]:
            values = {**values, "updated_at": times.utcnow()}
        sets = ", ".join("%s = %%s" % quoted(k) for k in values)
        parts = " AND ".join("%s = %%s" % quoted(k) for k in where)
        return self.row("UPDATE %s SET %s WHERE %s RETURNING *" % (quoted(table), sets, parts),
                        tuple(self.adapt(table, k, v) for k, v in values.items()) + tuple(where.values()))

    def delete(self, table, **where):
        parts = " AND ".join("%s = %%s" % quoted(k) for k in where)
        return self.run("DELETE FROM %s WHERE %s" % (quoted(table), parts), tuple(where.values()))
