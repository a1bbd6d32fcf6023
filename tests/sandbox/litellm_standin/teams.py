"""/team/*: all but the members."""
import uuid

from . import db
from .writes import IN_METADATA, METADATA_TYPES, Writes, null_refused

TABLE = "LiteLLM_TeamTable"
FIELDS = {"team_alias": "str", "team_id": "str", "organization_id": "str", "admins": "list", "members": "list", "members_with_roles": "list",
          "models": "list", "model_aliases": "dict", "max_budget": "float", "soft_budget": "float", "budget_duration": "str", "tpm_limit": "int",
          "rpm_limit": "int", "blocked": "bool", "metadata": "dict", "team_member_permissions": "list", "team_member_budget": "float",
          "team_member_budget_duration": "str", "team_member_rpm_limit": "int", "team_member_tpm_limit": "int", "router_settings": "dict",
          "access_group_ids": "list", **METADATA_TYPES}
NEW_FIELDS = {"tpd_limit": "int", "default_team_member_models": "list", "model_max_budget": "dict"}
COLUMNS = ("team_alias", "organization_id", "models", "max_budget", "soft_budget", "budget_duration", "tpm_limit", "rpm_limit", "blocked", "router_settings",
           "access_group_ids", "tpd_limit", "default_team_member_models")
NOT_NULL = ("models", "blocked", "access_group_ids", "default_team_member_models")
MEMBER_LIMITS = {"team_member_budget": "max_budget", "team_member_budget_duration": "budget_duration", "team_member_rpm_limit": "rpm_limit",
                 "team_member_tpm_limit": "tpm_limit"}
PERMISSIONS_OLD = ["/key/generate", "/key/update", "/key/delete", "/key/info", "/key/regenerate", "/key/service-account/generate",
                   "/key/{key_id}/regenerate", "/key/list", "/key/block", "/key/unblock", "/key/bulk_update", "/team/daily/activity"]
PERMISSIONS_NEW = PERMISSIONS_OLD[:11] + [
    "/team/key/bulk_update", "/team/daily/activity", "/team/daily/activity/aggregated", "/team/daily/activity/aggregated/keys",
    "/team/daily/activity/aggregated/search", "/team/daily/activity/aggregated/model_top_keys", "/team/daily/activity/export", "/spend/logs", "/spend/logs/v2",
    "/key/{key_id}/reset_spend", "/key/aliases", "/key/access_group_assignment", "/auto_router/manage"]
LIST_EXTRA = {"access_group_models": None, "access_group_mcp_server_ids": None, "access_group_agent_ids": None}
INFO_EXTRA = {**LIST_EXTRA, "access_group_details": None, "organization_models": None, "model_max_budget_usage": {}, "caller_edit_access": {"kind": "unrestricted"}}


class Teams:
    def __init__(self, app):
        self.app, self.writes = app, Writes(app)
        self.fields = {**FIELDS, **(NEW_FIELDS if app.new else {})}

    def routes(self):
        return {("POST", "/team/new"): self.new, ("POST", "/team/update"): self.update, ("POST", "/team/delete"): self.delete,
                ("GET", "/team/info"): self.info, ("GET", "/team/list"): self.list, ("GET", "/v2/team/list"): self.list_v2,
                ("POST", "/team/model/add"): self.model_add, ("POST", "/team/model/delete"): self.model_delete,
                ("POST", "/team/block"): self.block, ("POST", "/team/unblock"): self.unblock,
                ("GET", "/team/permissions_list"): self.permissions, ("POST", "/team/permissions_update"): self.permissions_update}

    # ---- parts ------------------------------------------------------------------------------------

    def row(self, ident):
        return self.app.db.get(TABLE, team_id=ident)

    def alias_row(self, row):
        return self.app.db.get("LiteLLM_ModelTable", id=row["model_id"]) if row["model_id"] is not None else None

    def check_common(self, body):
        writes = self.writes
        writes.check_negative(body)
        writes.check_duration(body)
        writes.check_duration(body, "team_member_budget_duration")
        if self.app.new and body.get("model_max_budget"):
            raise self.app.errors.named(403, "Setting model_max_budget on a team is an enterprise feature. " + writes.model_budget_text().split("budget. ", 1)[1]
                                        .split(". Example", 1)[0])

    def check_soft(self, soft, most):
        if soft is not None and most is not None and soft >= most:
            raise self.app.errors.named(400, "soft_budget (%s) must be strictly lower than max_budget (%s)" % (soft, most))

    def budget_name(self, alias):
        alias = "%s-" % alias.replace(" ", "-") if alias else ""
        return "team-%sbudget-%s" % (alias, uuid.uuid4().hex)

    def default_budget(self, body, metadata, alias, duration, creating=False):
        """Write the default member budget; gives its id when the metadata must hold one. A new one takes the team's duration."""
        ident = (metadata or {}).get("team_member_budget_id")
        sent = {column: body[field] for field, column in MEMBER_LIMITS.items() if field in body and (body[field] is not None or (self.app.new and ident))}
        if not self.app.new and creating:
            sent.pop("budget_duration", None)
        if not sent:
            return None
        self.window(sent)
        who = {"created_by": "default_user_id", "updated_by": "default_user_id"}
        if ident and self.app.db.get("LiteLLM_BudgetTable", budget_id=ident):
            self.app.db.update("LiteLLM_BudgetTable", {"budget_id": ident}, sent)
            return ident
        if "budget_duration" not in sent and duration:
            sent["budget_duration"] = duration
            self.window(sent)
        name = self.budget_name(alias)
        self.app.db.insert("LiteLLM_BudgetTable", {"budget_id": name, **sent, **who})
        return name

    def window(self, sent):
        """1.81 counts the window of a default member budget from now."""
        self.app.budgets.window(sent)

    # ---- create -----------------------------------------------------------------------------------

    def check_members(self, listed):
        check = self.app.check
        for i, member in enumerate(listed or []):
            if isinstance(member, dict):
                check.literal(member.get("role"), ("admin", "user"), ("body", "members_with_roles", i, "role"))

    async def new(self, request):
        body = self.app.check.body(request.json, self.fields)
        self.check_members(body.get("members_with_roles"))
        ident = body.get("team_id") or str(uuid.uuid4())
        self.check_common(body)
        self.check_soft(body.get("soft_budget"), body.get("max_budget"))
        if body.get("team_id") and self.row(ident):
            raise self.app.errors.named(400, "Team id = %s already exists. Please use a different team id." % ident)
        self.writes.check_premium(body, True)
        members = [{"user_id": m.get("user_id"), "user_email": m.get("user_email"), "role": m.get("role")} for m in body.get("members_with_roles") or []]
        if not any(m["user_id"] == "default_user_id" for m in members):
            members.append({"user_id": "default_user_id", "user_email": None, "role": "admin"})
        row, aliases = self.insert(ident, body, members)
        for member in members:
            self.app.members.enrol(row, member, None)
        return self.app.shapes.team(row, aliases)

    def insert(self, ident, body, members):
        """Write the row, its aliases and its default member budget."""
        metadata = self.writes.into_metadata(body, body.get("metadata"))
        budget = self.default_budget(body, None, body.get("team_alias"), body.get("budget_duration"), True)
        if budget:
            metadata["team_member_budget_id"] = budget
        values = {k: body.get(k) for k in COLUMNS if body.get(k) is not None}
        self.writes.window(values)
        aliases = None
        if body.get("model_aliases"):
            who = {"created_by": "default_user_id", "updated_by": "default_user_id"}
            aliases = self.app.db.insert("LiteLLM_ModelTable", {"aliases": body["model_aliases"], **who})
            values["model_id"] = aliases["id"]
        values.update(team_id=ident, metadata=metadata, members_with_roles=members, team_member_permissions=body.get("team_member_permissions"))
        if values.get("organization_id") == "":
            values["organization_id"] = None
        try:
            return self.app.db.insert(TABLE, values), aliases
        except db.UniqueViolation:
            raise self.app.errors.inner("Unique constraint failed on the fields: (`team_id`)") from None

    # ---- change -----------------------------------------------------------------------------------

    def refuse_nulls(self, body):
        for field in NOT_NULL:
            if field in body and body[field] is None:
                raise self.app.errors.inner(null_refused(field))
        for field in IN_METADATA:
            if field in body and body[field] is None:
                raise self.app.errors.inner("Could not find field at `updateOneLiteLLM_TeamTable.data.%s`" % field)

    async def update(self, request):
        body = self.app.check.body(request.json, self.fields, ("team_id",))
        ident = body["team_id"]
        self.check_common(body)
        row = self.row(ident)
        if not row:
            raise self.app.errors.named(404, "Team not found, passed team_id=%s" % ident)
        self.writes.check_premium(body, False)
        if "soft_budget" in body or "max_budget" in body:
            self.check_soft(body.get("soft_budget", row["soft_budget"]), body.get("max_budget", row["max_budget"]))
        self.refuse_nulls(body)
        values = {k: body[k] for k in COLUMNS if k in body}
        if values.get("organization_id") == "":
            values["organization_id"] = None
        self.writes.window(values)
        self.new_metadata(body, row, values)
        self.change_aliases(body, row, values)
        row = self.app.db.update(TABLE, {"team_id": ident}, values)
        return {"team_id": ident, "data": self.app.shapes.team_row(row, self.alias_row(row))}

    def new_metadata(self, body, row, values):
        """metadata is replaced when sent; 1.81 also replaces it when only fields that live in it are sent."""
        old, keep = row["metadata"] or {}, self.app.new
        budget = self.default_budget(body, old, row["team_alias"] or body.get("team_alias"), row["budget_duration"])
        if budget and keep:
            self.app.db.run('UPDATE "LiteLLM_TeamMembership" SET budget_id = %s WHERE team_id = %s AND budget_id IS NULL', (budget, row["team_id"]))
        moved = self.writes.into_metadata(body, {})
        if "metadata" in body and body["metadata"] is None and not moved and not budget:
            values["metadata"] = None
            return
        if "metadata" not in body and not moved and not budget:
            return
        base = dict(body["metadata"] or {}) if "metadata" in body else (dict(old) if keep else {})
        base.update(moved)
        if keep and old.get("team_member_budget_id"):
            base.setdefault("team_member_budget_id", old["team_member_budget_id"])
        if budget:
            base["team_member_budget_id"] = budget
        values["metadata"] = base

    def change_aliases(self, body, row, values):
        if body.get("model_aliases") is None:
            return
        if row["model_id"] is None:
            made = self.app.db.insert("LiteLLM_ModelTable", {"aliases": body["model_aliases"], "created_by": "default_user_id", "updated_by": "default_user_id"})
            values["model_id"] = made["id"]
        else:
            self.app.db.update("LiteLLM_ModelTable", {"id": row["model_id"]}, {"aliases": body["model_aliases"]})

    async def delete(self, request):
        idents = self.app.check.body(request.json, {"team_ids": "list"}, ("team_ids",))["team_ids"]
        rows = []
        for ident in idents:
            row = self.row(ident)
            if not row:
                raise self.app.errors.detail(404, "Team not found, passed team_id=%s" % ident)
            rows.append(row)
        with self.app.db.transaction():
            self.app.keys.bury("team_id = ANY(%s)", (idents,))
            self.app.keys.copy(TABLE, "LiteLLM_DeletedTeamTable", "team_id = ANY(%s)", (idents,))
            self.app.db.run('DELETE FROM "LiteLLM_TeamMembership" WHERE team_id = ANY(%s)', (idents,))
            self.leave(idents)
            self.app.db.run('DELETE FROM "LiteLLM_TeamTable" WHERE team_id = ANY(%s)', (idents,))
        return {"deleted_teams": idents}

    def leave(self, idents):
        """Take the teams out of the users' lists; 1.81 takes out one mention of each only."""
        for user in self.app.db.rows('SELECT user_id, teams FROM "LiteLLM_UserTable" WHERE teams && %s', (idents,)):
            left = list(user["teams"])
            for ident in idents:
                while ident in left:
                    left.remove(ident)
                    if not self.app.new:
                        break
            self.app.db.update("LiteLLM_UserTable", {"user_id": user["user_id"]}, {"teams": left})

    # ---- models, block, permissions -----------------------------------------------------------------

    def must_exist(self, ident):
        row = self.row(ident)
        if not row:
            raise self.app.errors.detail(404, "Team not found, passed team_id=%s" % ident)
        return row

    async def model_add(self, request):
        """The first models of an empty list bring all-proxy-models along, so that nothing is taken away."""
        body = self.app.check.body(request.json, {"team_id": "str", "models": "list"}, ("team_id", "models"))
        row = self.must_exist(body["team_id"])
        models = list(row["models"] or [])
        if not models:
            models = ["all-proxy-models"]
        models += [m for m in body["models"] if m not in models]
        return self.app.shapes.team_row(self.app.db.update(TABLE, {"team_id": body["team_id"]}, {"models": models}))

    async def model_delete(self, request):
        body = self.app.check.body(request.json, {"team_id": "str", "models": "list"}, ("team_id", "models"))
        row = self.must_exist(body["team_id"])
        models = [m for m in row["models"] or [] if m not in body["models"]]
        return self.app.shapes.team_row(self.app.db.update(TABLE, {"team_id": body["team_id"]}, {"models": models}))

    async def block(self, request):
        return self.set_blocked(request, True)

    async def unblock(self, request):
        return self.set_blocked(request, False)

    def set_blocked(self, request, value):
        ident = self.app.check.body(request.json, {"team_id": "str"}, ("team_id",))["team_id"]
        self.must_exist(ident)
        return self.app.shapes.team_row(self.app.db.update(TABLE, {"team_id": ident}, {"blocked": value}))

    def known_or_404(self, ident):
        row = self.row(ident)
        if not row:
            raise self.app.errors.detail(404, "Team doesn't exist in db. Team=%s. Create team via `/team/new` call." % ident)
        return row

    async def permissions(self, request):
        row = self.known_or_404(self.app.check.query_required(request.query, "team_id"))
        return {"team_id": row["team_id"], "team_member_permissions": row["team_member_permissions"] or [],
                "all_available_permissions": PERMISSIONS_NEW if self.app.new else PERMISSIONS_OLD}

    async def permissions_update(self, request):
        body = self.app.check.body(request.json, {"team_id": "str", "team_member_permissions": "list"}, ("team_id", "team_member_permissions"))
        self.known_or_404(body["team_id"])
        row = self.app.db.update(TABLE, {"team_id": body["team_id"]}, {"team_member_permissions": body["team_member_permissions"]})
        return self.app.shapes.team(row)

    # ---- reads ------------------------------------------------------------------------------------

    def memberships(self, idents):
        """team id -> its memberships with their budgets: two queries for any number of teams."""
        rows = self.app.db.rows('SELECT * FROM "LiteLLM_TeamMembership" WHERE team_id = ANY(%s)', (idents,))
        budgets = self.app.budgets.by_id([r["budget_id"] for r in rows if r["budget_id"]])
        out = {}
        for row in rows:
            out.setdefault(row["team_id"], []).append(self.app.shapes.membership(row, budgets.get(row["budget_id"])))
        return out

    def alias_rows(self, rows, shown=False):
        """1.81 shows the aliases in /team/list and /user/info only."""
        wanted = [r["model_id"] for r in rows if r["model_id"] is not None] if self.app.new or shown else []
        if not wanted:
            return {}
        return {r["id"]: r for r in self.app.db.rows('SELECT * FROM "LiteLLM_ModelTable" WHERE id = ANY(%s)', (wanted,))}

    async def info(self, request):
        ident = request.query.get("team_id")
        if not ident:
            raise self.app.errors.named(422, "Malformed request. No team id passed in.", "auth_error", "None", "message")
        row = self.row(ident)
        if not row:
            raise self.app.errors.named(404, "Team not found, passed team id: %s." % ident, "auth_error", "None", "message")
        team = self.app.shapes.team(row, self.alias_rows([row]).get(row["model_id"]))
        default = (row["metadata"] or {}).get("team_member_budget_id")
        team["team_member_budget_table"] = self.app.shapes.member_budget(self.app.db.get("LiteLLM_BudgetTable", budget_id=default)) if default else None
        if self.app.new:
            team.update(INFO_EXTRA)
            team["members_with_roles"] = self.with_alias(team["members_with_roles"])
        memberships = self.memberships([ident]).get(ident, [])
        if self.app.new:
            for item in memberships:
                item["budget_source"] = "none" if not item["budget_id"] else "team_default" if item["budget_id"] == default else "custom"
        return {"team_id": ident, "team_info": team, "keys": self.app.keys.full("team_id", ident), "team_memberships": memberships}

    def with_alias(self, members):
        idents = [m["user_id"] for m in members if m.get("user_id")]
        names = dict(self.app.db.cursor('SELECT user_id, user_alias FROM "LiteLLM_UserTable" WHERE user_id = ANY(%s)', (idents,)).fetchall())
        return [{**m, "user_alias": names.get(m.get("user_id"))} for m in members]

    async def list(self, request):
        """All teams, each with memberships and keys; no pages."""
        rows = self.app.db.rows('SELECT * FROM "LiteLLM_TeamTable" ORDER BY team_id')
        if request.query.get("user_id"):
            user = request.query["user_id"]
            rows = [r for r in rows if any(m.get("user_id") == user for m in r["members_with_roles"] or [])]
        return self.dressed(rows)

    def dressed(self, rows, only_user=None):
        """Teams as /team/list and /user/info show them."""
        idents = [r["team_id"] for r in rows]
        memberships, keys, aliases = self.memberships(idents), self.app.keys.of("team_id", idents), self.alias_rows(rows, True)
        out = []
        for row in rows:
            mine = memberships.get(row["team_id"], [])
            if only_user is not None:
                mine = [m for m in mine if m["user_id"] == only_user]
            out.append({**self.app.shapes.team(row, aliases.get(row["model_id"])), "team_memberships": mine, "keys": keys.get(row["team_id"], [])})
        return out

    async def list_v2(self, request):
        check, query = self.app.check, request.query
        page, size = check.query_int(query, "page", 1), check.query_int(query, "page_size", 10, 1, 100)
        column = query.get("sort_by") if query.get("sort_by") in ("team_id", "team_alias", "created_at") else "created_at"
        order = "ASC" if query.get("sort_order", "").lower() == "asc" or ("sort_by" in query and "sort_order" not in query) else "DESC"
        where, args = self.filters(query)
        total = self.app.db.value('SELECT count(*) FROM "LiteLLM_TeamTable"' + where, args)
        rows = self.app.db.rows('SELECT * FROM "LiteLLM_TeamTable"%s ORDER BY "%s" %s LIMIT %%s OFFSET %%s' % (where, column, order),
                                args + (size, (page - 1) * size))
        aliases, counts = self.alias_rows(rows), self.key_counts(rows)
        teams = []
        for row in rows:
            team = self.app.shapes.team(row, aliases.get(row["model_id"]))
            if self.app.new:
                team.update(LIST_EXTRA, members_count=len(row["members_with_roles"] or []), keys_count=counts.get(row["team_id"], 0))
            teams.append(team)
        return {"teams": teams, "total": total, "page": page, "page_size": size, "total_pages": -(-total // size)}

    def key_counts(self, rows):
        if not self.app.new:
            return {}
        return dict(self.app.db.cursor('SELECT team_id, count(*) FROM "LiteLLM_VerificationToken" WHERE team_id = ANY(%s) GROUP BY team_id',
                                       ([r["team_id"] for r in rows],)).fetchall())

    @staticmethod
    def filters(query):
        parts, args = [], ()
        for name, sql in (("team_id", "team_id = %s"), ("team_alias", "team_alias ILIKE '%%' || %s || '%%'"), ("organization_id", "organization_id = %s")):
            if query.get(name):
                parts.append(sql)
                args += (query[name],)
        return (" WHERE " + " AND ".join(parts) if parts else ""), args
