"""/key/* and /v2/key/info."""
import hashlib
import secrets
import uuid

from . import check, db, shapes, times
from .errors import LICENCE
from .writes import METADATA_TYPES, Writes, null_refused

TABLE, GRAVE = "LiteLLM_VerificationToken", "LiteLLM_DeletedVerificationToken"
FIELDS = {"key": "str", "key_alias": "str", "user_id": "str", "team_id": "str", "models": "list", "aliases": "dict", "config": "dict", "max_budget": "float",
          "soft_budget": "float", "budget_duration": "str", "budget_id": "str", "duration": "str", "tpm_limit": "int", "rpm_limit": "int",
          "max_parallel_requests": "int", "metadata": "dict", "permissions": "dict", "blocked": "bool", "key_type": "any", "allowed_routes": "list",
          "allowed_cache_controls": "list", "auto_rotate": "bool", "rotation_interval": "str", "router_settings": "dict", "model_max_budget": "dict",
          "spend": "float", "organization_id": "str", "access_group_ids": "list", **METADATA_TYPES}
COLUMNS = ("key_alias", "user_id", "team_id", "models", "aliases", "config", "max_budget", "budget_duration", "budget_id", "tpm_limit", "rpm_limit",
           "max_parallel_requests", "permissions", "blocked", "allowed_routes", "allowed_cache_controls", "auto_rotate", "rotation_interval", "router_settings",
           "spend", "organization_id", "access_group_ids", "tpd_limit")
NOT_NULL = ("models", "allowed_routes", "allowed_cache_controls", "spend", "access_group_ids")
SORTS = ("spend", "max_budget", "created_at", "updated_at", "token", "key_alias")
ROUTES_OF_TYPE = {"llm_api": ["llm_api_routes"], "management": ["management_routes"], "read_only": ["info_routes"]}
WHO = {"created_by": "default_user_id", "updated_by": "default_user_id"}


def hashed(key):
    """The token of a key; a hash stays."""
    return hashlib.sha256(key.encode()).hexdigest() if key.startswith("sk-") else key


class Keys:
    def __init__(self, app):
        self.app, self.writes = app, Writes(app)
        self.fields = {**FIELDS, **({"tpd_limit": "int"} if app.new else {})}

    def routes(self):
        return {("POST", "/key/generate"): self.generate, ("POST", "/key/service-account/generate"): self.service_account, ("POST", "/key/update"): self.update,
                ("POST", "/key/delete"): self.delete, ("GET", "/key/info"): self.info, ("POST", "/v2/key/info"): self.info_v2, ("GET", "/key/list"): self.list,
                ("GET", "/key/aliases"): self.aliases, ("POST", "/key/block"): self.block, ("POST", "/key/unblock"): self.unblock,
                ("POST", "/key/regenerate"): self.regenerate, ("POST", "/key/*/regenerate"): self.regenerate}

    # ---- shared with others -----------------------------------------------------------------------

    def copy(self, table, grave, where, args):
        """Keep a copy of rows that are about to be deleted."""
        types = self.app.db.types
        names = [c for c in types[table] if c in types[grave]]
        listed = ", ".join(db.quoted(n) for n in names)
        self.app.db.run('INSERT INTO "%s" (id, deleted_at, deleted_by, deleted_by_api_key, %s) SELECT gen_random_uuid()::text, now() AT TIME ZONE \'UTC\', '
                        "'default_user_id', 'litellm_proxy_master_key', %s FROM \"%s\" WHERE %s" % (grave, listed, listed, table, where), args)

    def bury(self, where, args):
        self.copy(TABLE, GRAVE, where, args)
        return self.app.db.run('DELETE FROM "%s" WHERE %s' % (TABLE, where), args)

    def of(self, column, idents):
        """column value -> keys as the teams of a list show them."""
        sql, args = 'SELECT * FROM "LiteLLM_VerificationToken"', None
        if idents is not None:
            sql, args = sql + ' WHERE "%s" = ANY(%%s)' % column, (idents,)
        out = {}
        for row in self.app.db.rows(sql + " ORDER BY created_at", args):
            out.setdefault(row[column], []).append(self.app.shapes.key_unblocked(row))
        return out

    def full(self, column, ident):
        """The keys of one user or team, as /user/info and /team/info show them."""
        rows = self.app.db.rows('SELECT * FROM "LiteLLM_VerificationToken" WHERE "%s" = %%s ORDER BY created_at' % column, (ident,))
        budgets = self.app.budgets.by_id([r["budget_id"] for r in rows if r["budget_id"]])
        return [self.app.shapes.key_part(r, budgets.get(r["budget_id"])) for r in rows]

    def router_settings(self, sent):
        return {**(shapes.ROUTER_NEW if self.app.new else shapes.ROUTER_OLD), **(sent or {})}

    def empty_answer(self):
        """The answer of /user/new without a key."""
        types = self.app.db.types[TABLE]
        out = {n: None for n in types if n not in shapes.KEY_GENERATED_HIDDEN}
        out.update(shapes.KEY_GENERATED_NEW if self.app.new else shapes.KEY_GENERATED_OLD)
        out.update(key="", token_id=None, token=None, aliases={}, config={}, permissions={}, allowed_routes=[], duration=None)
        return out

    # ---- create -----------------------------------------------------------------------------------

    def read(self, body):
        sent = self.app.check.body(body if body is not None else {}, self.fields)
        for name, allowed in (("rpm_limit_type", check.LIMIT_TYPES), ("tpm_limit_type", check.LIMIT_TYPES), ("key_type", check.KEY_TYPES)):
            if sent.get(name) is not None:
                self.app.check.literal(sent[name], allowed, ("body", name))
        return sent

    def refuse_alias(self, alias, token=None):
        """Aliases of live keys are unique; looked up, not guarded by an index."""
        if alias and self.app.db.value('SELECT 1 FROM "LiteLLM_VerificationToken" WHERE key_alias = %s AND token IS DISTINCT FROM %s LIMIT 1', (alias, token)):
            raise self.app.errors.proxy(400, "Key with alias '%s' already exists. Unique key aliases across all keys are required." % alias,
                                        "bad_request_error", "key_alias")

    def check_key(self, key):
        if key is None:
            return
        if not key.startswith("sk-"):
            shown = key[:4] + "****" + key[-4:] if len(key) > 8 else "****"
            raise self.app.errors.named(400, "Invalid key format. LiteLLM Virtual Key must start with 'sk-'. Received: %s" % shown)
        if self.app.new and len(key) < 16:
            raise self.app.errors.named(400, "Invalid key format. LiteLLM Virtual Key must be at least 16 characters long.")

    async def generate(self, request):
        return self.create(self.read(request.json))

    async def service_account(self, request):
        sent = self.read(request.json)
        if not sent.get("team_id"):
            raise self.app.errors.plain(400, "team_id is required for service account keys. Please specify `team_id` in the request body.")
        sent.pop("user_id", None)
        if self.app.new and sent.get("key_alias"):
            sent["metadata"] = {**(sent.get("metadata") or {}), "service_account_id": sent["key_alias"]}
        return self.create(sent)

    def create(self, sent):
        self.check_key(sent.get("key"))
        self.writes.check_premium(sent, True)
        if sent.get("model_max_budget"):
            raise self.app.errors.inner(self.writes.model_budget_text())
        self.writes.check_duration(sent)
        self.refuse_alias(sent.get("key_alias"))
        made = self.make(sent, sent.get("user_id"))
        return self.app.shapes.key_generated(made["row"], made["plain"], made["budget"])

    def expiry(self, text):
        try:
            return times.after(text)
        except ValueError as problem:
            raise self.app.errors.inner(str(problem)) from None

    def make(self, sent, user_id):
        """Write the row. A chosen key that exists: the row stays, the answer repeats the wish."""
        plain = sent.get("key") or "sk-" + secrets.token_urlsafe(16)
        values = {k: sent[k] for k in COLUMNS if sent.get(k) is not None}
        values.update(WHO, token=hashed(plain), key_name="sk-..." + plain[-4:], user_id=user_id,
                      metadata=self.writes.into_metadata(sent, sent.get("metadata")))
        if sent.get("duration"):
            values["expires"] = self.expiry(sent["duration"])
        kind = sent.get("key_type")
        if kind in ROUTES_OF_TYPE:
            values["allowed_routes"] = ROUTES_OF_TYPE[kind]
        if self.app.new and "key" in sent or self.app.new and "key_alias" in sent:
            values["key_type"] = kind or "default"
        self.writes.window(values)
        budget = None
        if sent.get("soft_budget") is not None:
            budget = self.app.db.insert("LiteLLM_BudgetTable", {"budget_id": str(uuid.uuid4()), "soft_budget": sent["soft_budget"], "model_max_budget": {}, **WHO})
            values["budget_id"] = budget["budget_id"]
        elif sent.get("budget_id"):
            budget = self.app.db.get("LiteLLM_BudgetTable", budget_id=sent["budget_id"])
        known = self.app.db.get(TABLE, token=values["token"])
        if known:
            budget = self.app.db.get("LiteLLM_BudgetTable", budget_id=known["budget_id"]) if known["budget_id"] else None
            return {"row": self.wished(known, values), "plain": plain, "budget": budget}
        return {"row": self.app.db.insert(TABLE, values), "plain": plain, "budget": budget}

    def wished(self, known, values):
        """What the answer shows for a key that exists: the values sent, else empty, with the times of the row."""
        types, row = self.app.db.types[TABLE], {}
        for name, kind in types.items():
            row[name] = [] if kind == "_text" else {} if kind == "jsonb" and name != "budget_limits" else None
        row.update(spend=0.0, created_at=known["created_at"], updated_at=known["updated_at"])
        row.update(values)
        for name in ("expires", "budget_reset_at"):
            if row[name] is not None:
                row[name] = times.text(row[name])
        return row

    # ---- change -----------------------------------------------------------------------------------

    def find(self, key, blocking=False):
        row = self.app.db.get(TABLE, token=hashed(key))
        if row:
            return row
        if self.app.new:
            raise self.app.errors.proxy(404, "Key not found.", "not_found_error", "key")
        if blocking:
            raise self.app.errors.proxy(401, "Authentication Error, Invalid proxy server token passed. key=%s, not found in db. Create key via "
                                        "`/key/generate` call." % hashed(key), "token_not_found_in_db", "key")
        raise self.app.errors.proxy(401, "Authentication Error: invalid user key - user key does not exist in db. User Key=%s" % key, "auth_error", "None")

    def check_update(self, sent, row):
        kind = ("auth_error", "None")
        self.writes.check_premium(sent, True, *kind)
        self.writes.check_duration(sent, "budget_duration", *kind)
        if sent.get("model_max_budget"):
            raise self.app.errors.proxy(400, "Authentication Error, " + self.writes.model_budget_text(), *kind)
        if sent.get("key_alias"):
            self.refuse_alias(sent["key_alias"], row["token"])
        team = sent.get("team_id")
        if team is not None and not (team == "" and self.app.new) and not self.app.db.get("LiteLLM_TeamTable", team_id=team):
            raise self.app.errors.named(404, "Team doesn't exist in db. Team=%s. Create team via `/team/new` call." % team, *kind)
        for field in NOT_NULL:
            if field in sent and sent[field] is None:
                raise self.app.errors.proxy(400, "Authentication Error, " + null_refused(field), *kind)

    def changes(self, sent, row):
        out = {k: sent[k] for k in COLUMNS if k in sent and k != "budget_duration"}
        if out.get("team_id") == "":
            del out["team_id"]
        if sent.get("budget_duration") or ("budget_duration" in sent and self.app.new):
            out["budget_duration"] = sent["budget_duration"]
        self.writes.window(out)
        self.set_expiry(sent, out)
        for field in ("model_max_budget",):
            if field in sent:
                out[field] = sent[field]
        moved = self.writes.into_metadata(sent, {})
        if "metadata" in sent and sent["metadata"] is None and not moved:
            out["metadata"] = None
        elif "metadata" in sent or moved:
            base = sent["metadata"] if sent.get("metadata") is not None else {} if "metadata" in sent else (row["metadata"] or {})
            out["metadata"] = {**base, **moved}
        return out

    def set_expiry(self, sent, out):
        text = sent.get("duration")
        if text == "-1" or ("duration" in sent and text is None and self.app.new):
            out["expires"] = None
        elif text:
            try:
                out["expires"] = times.after(text)
            except ValueError as problem:
                raise self.app.errors.proxy(400, "Authentication Error, %s" % problem, "auth_error", "None") from None

    def set_soft_budget(self, sent, row, out):
        if "soft_budget" not in sent or not self.app.new:
            return      # 1.81 takes it and does nothing
        if row["budget_id"]:
            self.app.db.update("LiteLLM_BudgetTable", {"budget_id": row["budget_id"]}, {"soft_budget": sent["soft_budget"]})
        elif sent["soft_budget"] is not None:
            made = self.app.db.insert("LiteLLM_BudgetTable", {"budget_id": str(uuid.uuid4()), "soft_budget": sent["soft_budget"], "model_max_budget": {}, **WHO})
            out["budget_id"] = made["budget_id"]

    async def update(self, request):
        body = request.json
        sent = self.read(body)
        if not sent.get("key"):
            if self.app.new:
                raise self.app.errors.invalid("value_error", ("body",), "Value error, either key or key_alias must be provided", body)
            self.app.check.missing({k: v for k, v in body.items() if k != "key"}, "key")
        row = self.find(sent["key"])
        self.check_update(sent, row)
        out = self.changes(sent, row)
        self.set_soft_budget(sent, row, out)
        out["updated_by"] = "default_user_id"
        if self.app.new:
            out["settings_updated_at"] = times.utcnow()
        try:
            row = self.app.db.update(TABLE, {"token": row["token"]}, out)
        except db.ForeignKeyViolation as problem:
            raise self.app.errors.proxy(400, "Authentication Error, Foreign key constraint failed on the field: `%s (index)`" % problem.diag.constraint_name,
                                        "auth_error", "None") from None
        return {"key": sent["key"], **self.app.shapes.key_row(row)}

    async def delete(self, request):
        body = request.json if isinstance(request.json, dict) else {}
        sent = self.app.check.body(body, {"keys": "list", "key_aliases": "list"})
        if not sent.get("keys") and not sent.get("key_aliases"):
            self.app.check.fail(body, "At least one of 'keys' or 'key_aliases' must be provided.")
        with self.app.db.transaction():
            if sent.get("keys"):
                gone = self.bury("token = ANY(%s)", ([hashed(k) for k in sent["keys"]],))
            else:
                gone = self.bury("key_alias = ANY(%s)", (sent["key_aliases"],))
        if not gone:
            raise self.app.errors.named(404, "No keys found")
        return {"deleted_keys": sent.get("keys") or sent["key_aliases"]}

    async def block(self, request):
        return self.set_blocked(request, True)

    async def unblock(self, request):
        return self.set_blocked(request, False)

    def set_blocked(self, request, value):
        key = self.app.check.body(request.json, {"key": "str"}, ("key",))["key"]
        row = self.find(key, True)
        row = self.app.db.update(TABLE, {"token": row["token"]}, {"blocked": value})
        return self.app.shapes.key_short(row) if value else self.app.shapes.key_unblocked(row)

    async def regenerate(self, _request):
        raise self.app.errors.inner("Regenerating Virtual Keys is an Enterprise feature, " + LICENCE)

    # ---- reads ------------------------------------------------------------------------------------

    async def info(self, request):
        key = request.query.get("key") or request.secret
        token = hashed(key)
        row = self.app.db.get(TABLE, token=token)
        if row:
            budget = self.app.db.get("LiteLLM_BudgetTable", budget_id=row["budget_id"]) if row["budget_id"] else None
            shown = self.app.shapes.key_row(row, budget)
            del shown["token"]
            if self.app.new:
                shown["status"] = self.status(row)
            return {"key": key, "info": shown}
        buried = None
        if self.app.new:
            buried = self.app.db.row('SELECT * FROM "%s" WHERE token = %%s ORDER BY deleted_at DESC LIMIT 1' % GRAVE, (token,))
        if not buried:
            raise self.app.errors.proxy(404, "Key not found in database", "not_found_error", "key")
        return {"key": key, "info": self.app.shapes.deleted_key(buried)}

    @staticmethod
    def status(row):
        if row["blocked"]:
            return "revoked"
        return "expired" if row["expires"] and row["expires"] < times.text(times.utcnow()) else "active"

    async def info_v2(self, request):
        keys = self.app.check.body(request.json, {"keys": "list"}, ("keys",))["keys"]
        rows = self.app.db.rows('SELECT * FROM "LiteLLM_VerificationToken" WHERE token = ANY(%s)', ([hashed(k) for k in keys],))
        budgets = self.app.budgets.by_id([r["budget_id"] for r in rows if r["budget_id"]])
        shown = [self.app.shapes.key_row(r, budgets.get(r["budget_id"])) for r in rows]
        if self.app.new:
            for item in shown:
                del item["token"]
        return {"key": keys, "info": shown}

    @staticmethod
    def filters(query):
        """UI session keys are left out."""
        parts, args = ["team_id IS DISTINCT FROM 'litellm-dashboard'"], ()
        for name, column in (("user_id", "user_id"), ("team_id", "team_id"), ("organization_id", "organization_id"), ("key_hash", "token"),
                             ("key_alias", "key_alias")):
            if query.get(name):
                parts.append('"%s" = %%s' % column)
                args += (query[name],)
        return " WHERE " + " AND ".join(parts), args

    async def list(self, request):
        checker, query = self.app.check, request.query
        page, size = checker.query_int(query, "page", 1), checker.query_int(query, "size", 10, 1, 100)
        column = query.get("sort_by") or "created_at"
        if column not in SORTS:
            raise self.app.errors.named(400, "Invalid sort column. Must be one of: " + ", ".join(SORTS), param="None")
        order = "ASC" if query.get("sort_order", "desc").lower() == "asc" else "DESC"
        collate = ' COLLATE "C"' if column in ("token", "key_alias") else ""
        where, args = self.filters(query)
        total = self.app.db.value('SELECT count(*) FROM "LiteLLM_VerificationToken"' + where, args)
        full = query.get("return_full_object", "").lower() in ("true", "1")
        rows = self.app.db.rows('SELECT %s FROM "LiteLLM_VerificationToken"%s ORDER BY "%s"%s %s, token LIMIT %%s OFFSET %%s' % (
            "*" if full else "token", where, column, collate, order), args + (size, (page - 1) * size))
        if full:
            budgets = self.app.budgets.by_id([r["budget_id"] for r in rows if r["budget_id"]]) if self.app.new else {}
            shown = [self.app.shapes.key_item(r, budgets.get(r["budget_id"])) for r in rows]
        else:
            shown = [r["token"] for r in rows]
        return {"keys": shown, "total_count": total, "current_page": page, "total_pages": -(-total // size)}

    async def aliases(self, request):
        sql = 'SELECT key_alias FROM "LiteLLM_VerificationToken" WHERE key_alias IS NOT NULL AND key_alias <> \'\' ORDER BY key_alias COLLATE "C"'
        if not self.app.new:
            return {"aliases": [r["key_alias"] for r in self.app.db.rows(sql)]}
        checker, query = self.app.check, request.query
        page, size = checker.query_int(query, "page", 1), checker.query_int(query, "size", 50, 1, 100)
        names = [r["key_alias"] for r in self.app.db.rows(sql)]
        return {"aliases": names[(page - 1) * size:page * size], "total_count": len(names), "current_page": page,
                "total_pages": -(-len(names) // size), "size": size}
