"""/budget/*."""
import datetime
import uuid

from . import db, times
from .writes import Writes

TABLE = "LiteLLM_BudgetTable"
FIELDS = {"budget_id": "str", "max_budget": "float", "soft_budget": "float", "max_parallel_requests": "int", "tpm_limit": "int", "rpm_limit": "int",
          "model_max_budget": "dict", "budget_duration": "str", "budget_reset_at": "any"}
WHO = {"created_by": "default_user_id", "updated_by": "default_user_id"}
SETTINGS = (("max_budget", "Float", "Requests will fail if this budget (in USD) is exceeded."),
            ("soft_budget", "Float", "Requests will NOT fail if this is exceeded. Will fire alerting though."),
            ("max_parallel_requests", "Integer", "Max concurrent requests allowed for this budget id."),
            ("tpm_limit", "Integer", "Max tokens per minute, allowed for this budget id."),
            ("rpm_limit", "Integer", "Max requests per minute, allowed for this budget id."),
            ("budget_duration", "String", "Max duration budget should be set for (e.g. '1hr', '1d', '28d')"))


class Budgets:
    def __init__(self, app):
        self.app, self.writes = app, Writes(app)

    def routes(self):
        return {("POST", "/budget/new"): self.new, ("POST", "/budget/update"): self.update, ("POST", "/budget/info"): self.info,
                ("GET", "/budget/list"): self.list, ("POST", "/budget/delete"): self.delete, ("GET", "/budget/settings"): self.settings}

    def by_id(self, idents):
        """id -> row, for any number of ids in one query."""
        if not idents:
            return {}
        return {r["budget_id"]: r for r in self.app.db.rows('SELECT * FROM "LiteLLM_BudgetTable" WHERE budget_id = ANY(%s)', (idents,))}

    def window(self, values):
        """1.106 ends on a calendar boundary, 1.81 counts from now."""
        if self.app.new:
            self.writes.window(values)
        elif values.get("budget_duration"):
            found = times.parse(values["budget_duration"])
            values["budget_reset_at"] = times.after(values["budget_duration"]) if found else times.utcnow() + datetime.timedelta(days=1)

    async def new(self, request):
        values = self.app.check.body(request.json, FIELDS)
        ident = values.get("budget_id") or str(uuid.uuid4())
        self.writes.check_duration(values)
        self.window(values)
        try:
            row = self.app.db.insert(TABLE, {**values, "budget_id": ident, **WHO})
        except db.UniqueViolation:
            if self.app.new:
                raise self.app.errors.detail(400, "Budget with id '%s' already exists." % ident) from None
            raise self.app.errors.uncaught() from None
        return self.app.shapes.budget(row)

    async def update(self, request):
        values = self.app.check.body(request.json, FIELDS)
        ident = values.pop("budget_id", None)
        if self.app.new:
            self.writes.check_duration(values)
            self.window(values)
        return self.app.shapes.budget(self.app.db.update(TABLE, {"budget_id": ident}, {**values, "updated_by": "default_user_id"}))

    async def info(self, request):
        idents = self.app.check.body(request.json, {"budgets": "list"}, ("budgets",))["budgets"]
        found = self.by_id(idents)
        return [self.app.shapes.budget(found[i]) for i in idents if i in found]

    async def list(self, _request):
        return [self.app.shapes.budget(r) for r in self.app.db.rows('SELECT * FROM "LiteLLM_BudgetTable" ORDER BY created_at, budget_id')]

    async def delete(self, request):
        ident = self.app.check.body(request.json, {"id": "str"}, ("id",))["id"]
        row = self.app.db.get(TABLE, budget_id=ident)
        if row:
            self.app.db.delete(TABLE, budget_id=ident)
        return self.app.shapes.budget(row)

    async def settings(self, request):
        row = self.app.db.get(TABLE, budget_id=self.app.check.query_required(request.query, "budget_id")) or {}
        out = []
        for name, kind, text in SETTINGS:
            item = {"field_name": name, "field_type": kind, "field_description": text, "field_value": row.get(name), "stored_in_db": True,
                    "field_default_value": None, "premium_field": False, "nested_fields": None}
            if self.app.new:
                item.update(field_options=None, field_tab=None, source="unset", editable=True)
            out.append(item)
        return out
