"""/user/* and /v2/user/info."""
import uuid

from . import check, db
from .writes import IN_METADATA, METADATA_TYPES, Writes

TABLE = "LiteLLM_UserTable"
FIELDS = {"user_id": "str", "user_email": "str", "user_alias": "str", "user_role": "any", "teams": "list", "models": "list", "max_budget": "float",
          "budget_duration": "str", "tpm_limit": "int", "rpm_limit": "int", "max_parallel_requests": "int", "metadata": "dict", "auto_create_key": "bool",
          "send_invite_email": "bool", "sso_user_id": "str", "organizations": "list", "key_alias": "str", "duration": "str", "blocked": "bool",
          "permissions": "dict", "aliases": "dict", "config": "dict", "allowed_cache_controls": "list", "model_max_budget": "dict", "spend": "float",
          **METADATA_TYPES}
NEW_COLUMNS = ("user_email", "user_alias", "user_role", "models", "max_budget", "budget_duration", "tpm_limit", "rpm_limit", "max_parallel_requests", "metadata",
               "allowed_cache_controls", "spend", "sso_user_id")
UPDATE_COLUMNS = ("user_email", "user_alias", "user_role", "models", "max_budget", "budget_duration", "tpm_limit", "rpm_limit", "max_parallel_requests",
                  "allowed_cache_controls", "spend", "model_max_budget")
SORTS = ("user_id", "user_email", "created_at", "spend", "user_alias", "user_role")
# what null clears
NULLABLE_NEW = ("max_budget", "budget_duration", "tpm_limit", "rpm_limit")
NULLABLE_OLD = ("max_budget",)
V2 = ("user_id", "user_email", "user_alias", "user_role", "spend", "max_budget", "tpm_limit", "rpm_limit", "models", "budget_duration", "budget_reset_at",
      "metadata", "created_at", "updated_at", "sso_user_id", "teams", "model_max_budget")


class Users:
    def __init__(self, app):
        self.app, self.writes = app, Writes(app)

    def routes(self):
        out = {("POST", "/user/new"): self.new, ("POST", "/user/update"): self.update, ("POST", "/user/delete"): self.delete, ("GET", "/user/info"): self.info,
               ("GET", "/user/list"): self.list}
        if self.app.new:
            out[("GET", "/v2/user/info")] = self.info_v2
        return out

    def row(self, ident):
        return self.app.db.get(TABLE, user_id=ident)

    def read(self, body):
        sent = self.app.check.body(body, FIELDS)
        if sent.get("user_role") is not None:
            self.app.check.literal(sent["user_role"], check.ROLES, ("body", "user_role"), check.ROLE_TEXT)
        return sent

    # ---- create -----------------------------------------------------------------------------------

    def refuse_double(self, ident, email):
        """409 for an id (exact) or an e-mail (whatever its case) that exists."""
        if email and self.app.db.value('SELECT 1 FROM "LiteLLM_UserTable" WHERE lower(user_email) = lower(%s) LIMIT 1', (email,)):
            raise self.app.errors.named(409, "User with email %s already exists" % email.lower())
        if ident and self.row(ident):
            raise self.app.errors.named(409, "User with id %s already exists" % ident)

    async def new(self, request):
        sent = self.read(request.json if request.json is not None else {})
        self.refuse_double(sent.get("user_id"), sent.get("user_email"))
        self.writes.check_duration(sent)
        self.writes.check_negative(sent)
        if sent.get("model_max_budget"):
            raise self.app.errors.inner(self.writes.model_budget_text())
        ident = sent.get("user_id") or str(uuid.uuid4())
        values = {k: sent[k] for k in NEW_COLUMNS if sent.get(k) is not None}
        values.update(user_id=ident, metadata=self.writes.into_metadata(sent, sent.get("metadata"), IN_METADATA))
        self.writes.window(values)
        try:
            row = self.app.db.insert(TABLE, values)
        except db.UniqueViolation:
            raise self.app.errors.inner("Unique constraint failed on the fields: (`user_id`)") from None
        self.join_teams(row, sent.get("teams") or [])
        key = None
        if sent.get("auto_create_key", True) is not False:
            key = self.app.keys.make({k: sent.get(k) for k in ("key_alias", "duration") if sent.get(k)}, user_id=ident)
        return self.answer(row, sent, key)

    def join_teams(self, row, listed):
        """A team that does not exist is passed over without a word."""
        for item in listed:
            ident = item.get("team_id") if isinstance(item, dict) else item
            team = self.app.db.get("LiteLLM_TeamTable", team_id=ident)
            if not team:
                continue
            member = {"user_id": row["user_id"], "user_email": row["user_email"], "role": "user"}
            present = list(team["members_with_roles"] or [])
            if not self.app.members.is_in(member, present):
                self.app.members.enrol(team, member, item.get("max_budget_in_team") if isinstance(item, dict) else None)
                self.app.db.update("LiteLLM_TeamTable", {"team_id": ident}, {"members_with_roles": present + [member]})

    def answer(self, row, sent, key):
        """The answer has the shape of a key's, with the user's values; without a key most of it is empty."""
        shape = self.app.keys.empty_answer()
        if key:
            shape.update(key=key["plain"], key_name=key["row"]["key_name"], expires=key["row"]["expires"], access_group_ids=[], model_max_budget={},
                         created_at=key["row"]["created_at"], updated_at=key["row"]["updated_at"],
                         router_settings=self.app.keys.router_settings({}))
            if self.app.new:
                shape["budget_fallbacks"] = {}
        for name in ("models", "spend", "max_budget", "user_id", "max_parallel_requests", "metadata", "tpm_limit", "rpm_limit", "budget_duration",
                     "allowed_cache_controls", "user_email", "user_role", "user_alias"):
            shape[name] = row[name]
        shape["teams"] = None
        if self.app.new and sent.get("teams"):
            shape["teams"] = self.row(row["user_id"])["teams"]
        return shape

    # ---- change -----------------------------------------------------------------------------------

    def changes(self, sent, row):
        """The columns to set: null, [] and {} are passed over, apart from what the version lets null clear."""
        nullable, out = NULLABLE_NEW if self.app.new else NULLABLE_OLD, {}
        for name in UPDATE_COLUMNS:
            if name not in sent:
                continue
            value = sent[name]
            if name == "model_max_budget" and self.app.new:
                out[name] = value or {}
            elif value is None:
                if name in nullable:
                    out[name] = None
            elif value not in ([], {}):
                out[name] = value
        self.writes.window(out)
        moved = self.writes.into_metadata(sent, {}, IN_METADATA)
        if sent.get("metadata") or moved:
            base = sent.get("metadata") or ((row or {}).get("metadata") or {})
            out["metadata"] = {**base, **moved}
        return out

    async def update(self, request):
        body = request.json
        sent = self.read(body)
        if not sent.get("user_id") and not sent.get("user_email"):
            self.app.check.fail(body, "Either user id or user email must be provided")
        self.writes.check_duration(sent, "budget_duration", "auth_error", "None")
        if "blocked" in sent and sent["blocked"] is not None:
            raise self.app.errors.proxy(400, "Authentication Error, Could not find field at `upsertOneLiteLLM_UserTable.create.blocked`", "auth_error", "None")
        if sent.get("user_id"):
            row = self.row(sent["user_id"])
            changes = self.changes(sent, row)
            if row is None:
                row = self.app.db.insert(TABLE, {"user_id": sent["user_id"], **changes})
            else:
                row = self.app.db.update(TABLE, {"user_id": row["user_id"]}, changes)
        else:
            row = self.update_by_email(sent)
        return {"user_id": row["user_id"], "data": self.app.shapes.user_row(row)}

    def update_by_email(self, sent):
        """An unknown e-mail makes a row and answers 400 all the same."""
        row = self.app.db.row('SELECT * FROM "LiteLLM_UserTable" WHERE user_email = %s ORDER BY created_at LIMIT 1', (sent["user_email"],))
        if row:
            return self.app.db.update(TABLE, {"user_id": row["user_id"]}, self.changes(sent, row))
        self.app.db.insert(TABLE, {"user_id": str(uuid.uuid4()), **self.changes(sent, None)})
        raise self.app.errors.proxy(400, "Authentication Error, 'LiteLLM_UserTable' object has no attribute 'get'", "auth_error", "None")

    async def delete(self, request):
        """Keys, invitations and memberships go too; on 1.81 an invitation made by the user stops it."""
        idents = self.app.check.body(request.json, {"user_ids": "list"}, ("user_ids",))["user_ids"]
        for ident in idents:
            if not self.row(ident):
                raise self.app.errors.detail(404, "User not found, passed user_id=%s" % ident)
        try:
            with self.app.db.transaction():
                self.remove(idents)
        except db.ForeignKeyViolation:
            raise self.app.errors.uncaught() from None
        return len(idents)

    def remove(self, idents):
        run = self.app.db.run
        for team in self.app.db.rows('SELECT t.* FROM "LiteLLM_TeamTable" t WHERE EXISTS (SELECT 1 FROM jsonb_array_elements('
                                     "CASE jsonb_typeof(t.members_with_roles) WHEN 'array' THEN t.members_with_roles ELSE '[]' END) m "
                                     "WHERE m->>'user_id' = ANY(%s))", (idents,)):
            left = [m for m in team["members_with_roles"] if m.get("user_id") not in idents]
            self.app.db.update("LiteLLM_TeamTable", {"team_id": team["team_id"]}, {"members_with_roles": left})
        self.app.keys.bury("user_id = ANY(%s)", (idents,))
        mine = "user_id = ANY(%(u)s)"
        if self.app.new:
            mine += " OR created_by = ANY(%(u)s) OR updated_by = ANY(%(u)s)"
        run('DELETE FROM "LiteLLM_InvitationLink" WHERE ' + mine, {"u": idents})
        run('DELETE FROM "LiteLLM_OrganizationMembership" WHERE user_id = ANY(%s)', (idents,))
        run('DELETE FROM "LiteLLM_TeamMembership" WHERE user_id = ANY(%s)', (idents,))
        run('DELETE FROM "LiteLLM_UserTable" WHERE user_id = ANY(%s)', (idents,))

    # ---- reads ------------------------------------------------------------------------------------

    async def info(self, request):
        ident = request.query.get("user_id")
        if ident is None:
            return {"user_id": None, "user_info": None, "keys": sum(self.app.keys.of("user_id", None).values(), []),
                    "teams": [self.app.shapes.team(r) for r in self.app.db.rows('SELECT * FROM "LiteLLM_TeamTable"')]}
        row = self.row(ident)
        if not row:
            raise self.app.errors.proxy(404, "User %s not found" % ident)
        user = self.app.shapes.user_row(row)
        user["organization_memberships"] = []
        if self.app.new:
            user["model_max_budget_usage"] = {}
        teams = self.app.db.rows('SELECT * FROM "LiteLLM_TeamTable" WHERE team_id = ANY(%s)', (row["teams"] or [],))
        names = {t["team_id"]: t["team_alias"] for t in teams}
        keys = [{**k, "team_alias": names.get(k["team_id"])} for k in self.app.keys.full("user_id", ident)]
        return {"user_id": ident, "user_info": user, "keys": keys,
                "teams": self.app.teams.dressed(teams, ident)}

    async def info_v2(self, request):
        ident = request.query.get("user_id")
        row = self.row(ident)
        if not row:
            raise self.app.errors.proxy(404, "User not found: %s" % ident)
        return {**{k: row[k] for k in V2}, "object_permission": None, "model_max_budget_usage": {}}

    async def list(self, request):
        checker, query = self.app.check, request.query
        page, size = checker.query_int(query, "page", 1), checker.query_int(query, "page_size", 25, 1, 100)
        column = query.get("sort_by") or "created_at"
        if column not in SORTS:
            raise self.app.errors.detail(400, "Invalid sort column. Must be one of: " + ", ".join(SORTS))
        order = "ASC" if query.get("sort_order", "asc" if query.get("sort_by") else "desc").lower() == "asc" else "DESC"
        where, args = self.filters(query)
        total = self.app.db.value('SELECT count(*) FROM "LiteLLM_UserTable"' + where, args)
        rows = self.app.db.rows('SELECT * FROM "LiteLLM_UserTable"%s ORDER BY "%s" COLLATE "C" %s LIMIT %%s OFFSET %%s' % (where, column, order)
                                if column not in ("created_at", "spend") else
                                'SELECT * FROM "LiteLLM_UserTable"%s ORDER BY "%s" %s LIMIT %%s OFFSET %%s' % (where, column, order),
                                args + (size, (page - 1) * size))
        counts = dict(self.app.db.cursor('SELECT user_id, count(*) FROM "LiteLLM_VerificationToken" WHERE user_id = ANY(%s) GROUP BY user_id',
                                         ([r["user_id"] for r in rows],)).fetchall())
        users = [{**self.app.shapes.user_item(r), "key_count": counts.get(r["user_id"], 0)} for r in rows]
        return {"users": users, "total": total, "page": page, "page_size": size, "total_pages": -(-total // size)}

    @staticmethod
    def filters(query):
        """One value in user_ids is a part of the id in any case, several are exact."""
        parts, args = [], ()
        for name, sql in (("role", "user_role = %s"), ("user_email", "user_email ILIKE '%%' || %s || '%%'"), ("team", "%s = ANY(teams)")):
            if query.get(name):
                parts.append(sql)
                args += (query[name],)
        for name, column in (("user_ids", "user_id"), ("sso_user_ids", "sso_user_id")):
            idents = [i.strip() for i in query.get(name, "").split(",") if i.strip()]
            if len(idents) == 1 and name == "user_ids":
                parts.append("user_id ILIKE '%%' || %s || '%%'")
                args += (idents[0],)
            elif idents:
                parts.append(column + " = ANY(%s)")
                args += (idents,)
        return (" WHERE " + " AND ".join(parts) if parts else ""), args
