"""/model/* and /models."""
import json
import uuid

from . import costmap, db
from .pods import FILLED_NEW, FILLED_OLD, PRICE

TABLE = "LiteLLM_ProxyModelTable"
NEW = {"model_name": "str", "litellm_params": "dict", "model_info": "dict"}
PATCH = {"model_name": "str", "litellm_params": "dict", "model_info": "dict", "blocked": "bool"}
FLOATS = ("timeout", "stream_timeout", "input_cost_per_token", "output_cost_per_token", "max_budget")
CLEARABLE = {"cache_control_injection_points", "litellm_credential_name"}
NOT_LIVE = ("Model {verb} was saved to the database, but the model id(s) ['{ident}'] are not live in this pod's router after the reload and are not "
            "being served by this pod. Other pods reload on their own interval. Check server logs for 'Error upserting deployment' or "
            "'Error creating deployment' for the cause.")


class Models:
    def __init__(self, app):
        self.app = app

    def routes(self):
        both = {("POST", "/model/new"): self.new, ("POST", "/model/update"): self.update, ("POST", "/model/delete"): self.delete,
                ("GET", "/model/info"): self.info, ("GET", "/v1/model/info"): self.info, ("GET", "/v2/model/info"): self.info_v2,
                ("GET", "/models"): self.names, ("GET", "/v1/models"): self.names, ("PATCH", "/model/*/update"): self.patch}
        if self.app.new:
            both[("POST", "/model/block")] = self.block
            both[("POST", "/model/unblock")] = self.unblock
        return both

    # ---- writes -------------------------------------------------------------------------------------

    def declared(self, params):
        """litellm_params as the request model hands them on: numbers converted, null left out, flags filled in."""
        out = {k: v for k, v in params.items() if v is not None}
        for name in FLOATS:
            if isinstance(out.get(name), int) and not isinstance(out[name], bool):
                out[name] = float(out[name])
        return {**(FILLED_NEW if self.app.new else FILLED_OLD), **out}

    def stored_info(self, info, ident):
        out = {"id": ident, "db_model": False}
        if self.app.new:
            out["member_auto_router"] = False
        out.update({k: v for k, v in info.items() if v is not None})
        out["id"] = str(out["id"])
        return out

    def row_answer(self, row):
        return {k: v for k, v in row.items() if k != "xmin"}

    def must_live(self, request, ident, verb):
        """Bring the pod up to date; 1.106 answers 500 when the row is not live then."""
        live = request.pod.written(ident)
        if self.app.new and not live:
            raise self.app.errors.proxy(500, NOT_LIVE.format(verb=verb, ident=ident), param=None)

    def read_new(self, request):
        """The checked body of /model/new."""
        body, errors = request.json, self.app.errors
        if not isinstance(body, dict):
            raise errors.uncaught()
        params = body.get("litellm_params")
        if not isinstance(params, dict) or "model" not in params:
            if self.app.new:
                where = ("body", "litellm_params") if isinstance(params, dict) else ("body",)
                self.app.check.missing(params if isinstance(params, dict) else {}, "model" if isinstance(params, dict) else "litellm_params", where)
            raise errors.uncaught()
        body = self.app.check.body(body, NEW)
        if body.get("model_name") is None:
            raise errors.uncaught()
        return body

    async def new(self, request):
        body = self.read_new(request)
        errors, info = self.app.errors, body.get("model_info") or {}
        ident = str(info.get("id") or uuid.uuid4())
        team = info.get("team_id")
        if team is not None:
            if not self.app.db.get("LiteLLM_TeamTable", team_id=team):
                raise errors.named(400, "Team id=%s does not exist in db" % team, "auth_error", "None")
            raise errors.licence(kind="auth_error", param="None")
        values = {"model_id": ident, "model_name": body["model_name"], "litellm_params": self.app.cipher.seal_values(self.declared(body["litellm_params"])),
                  "model_info": self.stored_info(info, ident), "created_by": "default_user_id", "updated_by": "default_user_id"}
        try:
            row = self.app.db.insert(TABLE, values)
        except db.UniqueViolation:
            raise errors.named(500, "Failed to add model to db. Check your server logs for more details.", "auth_error", "None") from None
        self.must_live(request, ident, "create")
        return self.row_answer(row)

    def existing(self, request, ident):
        """The row to change, or the answer that there is none."""
        row = self.app.model_row(ident)
        if row:
            return row
        if ident in request.pod.loaded:
            raise self.app.errors.proxy(400, "Cannot edit config-based model. Store model in DB via /model/new first.", "validation_error", None)
        raise self.app.errors.proxy(404, "Model %s not found on proxy." % ident, "not_found_error", None)

    def merged_params(self, stored, sent):
        """One level deep; null is dropped, but 1.106 lets it clear prices and two more."""
        out = dict(stored)
        for name, value in sent.items():
            if value is None:
                if self.app.new and (PRICE.search(name) or name in CLEARABLE):
                    out.pop(name, None)
                continue
            out[name] = value
        return out

    def check_credential(self, params):
        name = params.get("litellm_credential_name")
        if self.app.new and name and not self.app.db.get("LiteLLM_CredentialsTable", credential_name=name):
            raise self.app.errors.proxy(400, "Credential '%s' not found. Create it via /credentials before attaching it to a model." % name,
                                        "validation_error", "litellm_credential_name")

    async def patch(self, request):
        ident = request.captured
        body = self.app.check.body(request.json, PATCH)
        row = self.existing(request, ident)
        params, values = body.get("litellm_params"), {}
        if params is not None:
            self.check_credential(params)
            sent = {k: self.app.cipher.seal(v) if isinstance(v, str) else v for k, v in self.floats(params).items()}
            values["litellm_params"] = self.merged_params(row["litellm_params"], sent)
        if body.get("model_info") is not None:
            values["model_info"] = {**(row["model_info"] or {}), **self.stored_info(body["model_info"], body["model_info"].get("id") or str(uuid.uuid4()))}
        if body.get("model_name"):
            values["model_name"] = body["model_name"]
        if self.app.new and body.get("blocked") is not None:
            values["blocked"] = body["blocked"]
        row = self.app.db.update(TABLE, {"model_id": ident}, {**values, "updated_by": "default_user_id"})
        self.must_live(request, ident, "update")
        return self.row_answer(row)

    def floats(self, params):
        out = dict(params)
        for name in FLOATS:
            if isinstance(out.get(name), int) and not isinstance(out[name], bool):
                out[name] = float(out[name])
        return out

    async def update(self, request):
        """POST /model/update: 1.106 renames and reloads, 1.81 does neither; model_info is left alone by both."""
        body = self.app.check.body(request.json, NEW)
        ident = str((body.get("model_info") or {}).get("id"))
        row = self.app.model_row(ident)
        if not row:
            raise self.app.errors.proxy(400, "Authentication Error, model not found", "auth_error", "None")
        sent = {k: self.app.cipher.seal(v) if isinstance(v, str) else v for k, v in self.floats(body.get("litellm_params") or {}).items() if v is not None}
        values = {"litellm_params": self.only_declared(row["litellm_params"], sent), "updated_by": "default_user_id"}
        if self.app.new and body.get("model_name"):
            values["model_name"] = body["model_name"]
        row = self.app.db.update(TABLE, {"model_id": ident}, values)
        if self.app.new:
            request.pod.written(ident)
        return self.row_answer(row)

    def only_declared(self, stored, sent):
        """Keys that LiteLLM does not know are lost when they are not sent again; 1.81 counts tags among them."""
        known = DECLARED | DECLARED_NEW if self.app.new else DECLARED
        kept = {k: v for k, v in stored.items() if k in known or PRICE.search(k)}
        return {**kept, **sent}

    async def delete(self, request):
        body = self.app.check.body(request.json, {"id": "str"}, ("id",))
        if not self.app.db.delete(TABLE, model_id=body["id"]):
            raise self.app.errors.named(400, "Model with id=%s not found in db" % body["id"], "auth_error", "None")
        request.pod.written(body["id"])
        return {"message": "Model: %s deleted successfully" % body["id"]}

    async def block(self, request):
        return self.set_blocked(request, True)

    async def unblock(self, request):
        return self.set_blocked(request, False)

    def set_blocked(self, request, value):
        ident = self.app.check.body(request.json, {"model_id": "str"}, ("model_id",))["model_id"]
        self.existing(request, ident)
        row = self.app.db.update(TABLE, {"model_id": ident}, {"blocked": value, "updated_by": "default_user_id"})
        self.must_live(request, ident, "blocked" if value else "unblocked")
        return self.row_answer(row)

    # ---- reads --------------------------------------------------------------------------------------

    def access(self):
        """1.106: which teams reach a model; all those with an empty list, and those that name it."""
        everybody, named = [], {}
        for row in self.app.db.rows('SELECT team_id, models FROM "LiteLLM_TeamTable"'):
            models = row["models"] or []
            if not models or "all-proxy-models" in models:
                everybody.append(row["team_id"])
            for model in models:
                named.setdefault(model, []).append(row["team_id"])
        return everybody, named

    def with_access(self, items):
        """The entries of /model/info of 1.106: access_via_team_ids and direct_access added."""
        everybody, named = self.access()
        for item in items:
            teams = json.dumps(everybody + named.get(item.name, []), separators=(",", ":"))
            yield '%s,"access_via_team_ids":%s,"direct_access":true}}' % (item.render(True)[:-2], teams)

    async def info(self, request):
        pod, ident = request.pod, request.query.get("litellm_model_id")
        if ident is not None:
            if ident not in pod.loaded:
                raise self.app.errors.detail(400, "Model id = %s not found on litellm proxy" % ident)
            items = [pod.loaded[ident]]
        else:
            items = list(pod.loaded.values())
        texts = self.with_access(items) if self.app.new else (i.render(False) for i in items)
        return ('{"data":[%s]}' % ",".join(texts)).encode()

    async def info_v2(self, request):
        check, query, pod = self.app.check, request.query, request.pod
        page, size = check.query_int(query, "page", 1), check.query_int(query, "size", 50)
        search, ident = query.get("search"), query.get("modelId")
        if not pod.loaded:
            items, total = [], 0        # the hole: a pod without a loaded model shows nothing, whatever the table holds
        elif ident:
            items, total = self.by_id(pod, ident, page, size)
        elif search:
            items, total = self.search(pod, search, page, size, query)
        else:
            found = [d for d in pod.loaded.values() if not query.get("model") or d.name == query["model"]]
            items, total = self.sort(found, query)[(page - 1) * size:page * size], len(found)
        pages = -(-total // size)
        data = ",".join(d.render(self.app.new) for d in items)
        return ('{"data":[%s],"total_count":%d,"current_page":%d,"total_pages":%d,"size":%d}' % (data, total, page, pages, size)).encode()

    def by_id(self, pod, ident, page, size):
        found = pod.loaded.get(ident) or self.app.table_deployment(ident)
        items = [found] if found else []
        return items[(page - 1) * size:page * size], len(items)

    def search(self, pod, text, page, size, query):
        """Loaded models that hold the text literally, then rows of the table by LIKE, ordered by id."""
        small = text.lower()
        literal = [d for d in pod.loaded.values() if small in d.name.lower()]
        skip = [d.ident for d in literal]
        if query.get("sortBy"):
            rows = self.app.table_search(text, skip)
            found = self.sort(literal + rows, query)
            return found[(page - 1) * size:page * size], len(found)
        wanted = max(0, page * size - len(literal))
        start = max(0, (page - 1) * size - len(literal))
        rows = self.app.table_search(text, skip, start, wanted - start)
        before = start if rows else min(start, self.app.table_count(text, skip))
        items = literal[(page - 1) * size:page * size] + rows
        return items, len(literal) + before + len(rows)

    @staticmethod
    def sort(items, query):
        names = {"model_name": lambda d: d.name.lower(), "created_at": lambda d: d.created_at, "updated_at": lambda d: d.updated_at}
        key = names.get(query.get("sortBy"))
        return sorted(items, key=key, reverse=query.get("sortOrder") == "desc") if key else items

    async def names(self, request):
        """The OpenAI list: each name once, cut to what the key may see."""
        allowed = None if request.caller is None else set(request.caller["models"] or []) - {"all-proxy-models", "all-team-models"}
        seen = {}
        for item in request.pod.loaded.values():
            if item.name not in seen and (not allowed or item.name in allowed):
                seen[item.name] = self.entry(item)
        return {"data": list(seen.values()), "object": "list"}

    def entry(self, item):
        out = {"id": item.name, "object": "model", "created": 1677610602, "owned_by": "openai"}
        if self.app.new:
            filled = costmap.fill(item.params, True)
            out.update({k: filled[k] for k in ("mode", "max_input_tokens", "max_output_tokens") if filled.get(k) is not None})
        return out


DECLARED = {"model", "custom_llm_provider", "api_key", "api_base", "api_version", "region_name", "aws_access_key_id", "aws_secret_access_key", "aws_region_name",
            "aws_bedrock_runtime_endpoint", "vertex_project", "vertex_location", "vertex_credentials", "watsonx_region_name", "tpm", "rpm", "timeout",
            "stream_timeout", "max_retries", "organization", "configurable_clientside_auth_params", "litellm_credential_name", "litellm_trace_id",
            "max_file_size_mb", "max_budget", "budget_duration", "use_in_pass_through", "use_litellm_proxy", "merge_reasoning_content_in_choices",
            "mock_response", "s3_bucket_name", "gcs_bucket_name", "vector_store_id"}
DECLARED_NEW = {"tags", "use_xai_oauth", "allow_client_keepalive_override"}
