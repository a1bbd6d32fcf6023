"""The routes of LiteLLM's management API, in memory: what server.py answers."""
import datetime
import hashlib
import json
import urllib.parse
import uuid

MASTER_KEY = "sk-bench-0123456789abcdef"
VERSION = "1.106.2"
ADMIN = "default_user_id"
SECRET_PARAMS = ("api_key", "aws_access_key_id", "aws_secret_access_key", "aws_session_token")
MODEL_BYTES, MODEL_BYTES_FULL = 1500, 7800
LARGEST_PAGE = 100  # of teams, users and keys; models have no limit


def dumps(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def now():
    at = datetime.datetime.now(datetime.timezone.utc)
    return at.isoformat(timespec="milliseconds")[:-6] + "000Z"


# ------------------------------------------------------------------ shapes, as LiteLLM 1.106 has them

FILLED_PARAMS = {"use_in_pass_through": False, "use_litellm_proxy": False, "use_xai_oauth": False,
                 "merge_reasoning_content_in_choices": False,
                 "allow_client_keepalive_override": False}
TEAM = {"team_alias": None, "team_id": None, "organization_id": None, "admins": [], "members": [],
        "members_with_roles": [], "team_member_permissions": [], "metadata": {}, "tpm_limit": None,
        "rpm_limit": None, "tpd_limit": None, "max_budget": None, "soft_budget": None,
        "budget_duration": None, "budget_limits": None, "models": [], "blocked": False,
        "router_settings": {}, "access_group_ids": [], "default_team_member_models": [],
        "spend": 0.0, "max_parallel_requests": None, "budget_reset_at": None, "model_id": None,
        "model_spend": {}, "model_max_budget": {}, "policies": [],
        "allow_team_guardrail_config": False, "litellm_model_table": None,
        "object_permission": None, "object_permission_id": None}
USER = {"user_id": None, "user_alias": None, "team_id": None, "sso_user_id": None,
        "organization_id": None, "object_permission_id": None, "password_reset_required": None,
        "last_breach_check_at": None, "teams": [], "user_role": None, "max_budget": None,
        "spend": 0.0, "user_email": None, "models": [], "metadata": {},
        "max_parallel_requests": None, "tpm_limit": None, "rpm_limit": None,
        "budget_duration": None, "budget_reset_at": None, "allowed_cache_controls": [],
        "policies": [], "model_spend": {}, "model_max_budget": {}}
KEY = {"token": None, "key_name": None, "key_alias": None, "soft_budget_cooldown": False,
       "spend": 0.0, "total_spend": 0.0, "expires": None, "models": [], "aliases": {}, "config": {},
       "router_settings": {}, "user_id": None, "team_id": None, "agent_id": None,
       "project_id": None, "permissions": {}, "max_parallel_requests": None, "metadata": {},
       "blocked": None, "tpm_limit": None, "rpm_limit": None, "tpd_limit": None,
       "max_budget": None, "budget_duration": None, "budget_reset_at": None,
       "allowed_cache_controls": [], "allowed_routes": [], "key_type": None, "policies": [],
       "access_group_ids": [], "model_spend": {}, "model_max_budget": {}, "budget_fallbacks": {},
       "budget_id": None, "organization_id": None, "object_permission_id": None,
       "settings_updated_at": None, "last_active": None, "rotation_count": 0, "auto_rotate": False,
       "rotation_interval": None, "last_rotation_at": None, "key_rotation_at": None,
       "budget_limits": None, "litellm_budget_table": None, "object_permission": None}
IN_METADATA = ("model_rpm_limit", "model_tpm_limit", "enforced_params", "rpm_limit_type",
               "tpm_limit_type", "guardrails", "tags", "prompts")


def price_keys():
    """Names of the cost map, most of them null in a model's info: what makes it so long."""
    bases = ("input_cost_per_token", "output_cost_per_token", "cache_creation_input_token_cost",
             "cache_read_input_token_cost", "cache_read_input_audio_token_cost",
             "input_cost_per_audio_token", "output_cost_per_audio_token", "input_cost_per_image",
             "output_cost_per_reasoning_token", "input_cost_per_character")
    ends = ("", "_flex", "_priority", "_balanced", "_ultrafast", "_batches", "_above_128k_tokens",
            "_above_200k_tokens", "_above_272k_tokens", "_above_200k_tokens_priority",
            "_above_272k_tokens_priority", "_above_272k_tokens_flex",
            "_above_272k_tokens_ultrafast", "_above_512k_tokens", "_above_1hr",
            "_above_1hr_above_200k_tokens", "_per_second", "_per_query", "_regional", "_global")
    for end in ends:
        for base in bases:
            yield base + end


def model_filler(size):
    """A piece of JSON that brings a usual model to `size` bytes."""
    lead = ('"key":"au.anthropic.claude-sonnet-4-6","max_tokens":64000,"max_input_tokens":1000000,'
            '"max_output_tokens":64000,"litellm_provider":"bedrock_converse",'
            '"supports_vision":true,"supports_function_calling":true')
    usual = {"model_name": "model-00001",
             "litellm_params": dict(FILLED_PARAMS, model="au.anthropic.claude-sonnet-4-6",
                                    custom_llm_provider="bedrock", rpm=60, tpm=100000, timeout=60,
                                    aws_region_name="ap-southeast-2"),
             "model_info": {"id": "bench-10000-model-00001-default-12345678", "db_model": True,
                            "liteform": "created/bench-10000", "access_groups": ["all"],
                            "mode": "chat",
                            "created_at": now(), "updated_at": now()}}
    filler, have = lead, len(dumps(usual)) + len(lead)
    for name in price_keys():
        more = ',"%s":null' % name
        if have + len(more) > size:
            break
        filler += more
        have += len(more)
    return filler.encode()


# ------------------------------------------------------------------ what is stored

class Collection:
    """Objects of one sort, each with its JSON as the list shows it."""

    def __init__(self, pages, view):
        self.pages, self.view = pages, view
        self.items, self.texts = {}, {}

    def put(self, ident, item):
        self.items[ident] = item
        self.texts[ident] = self.view(item)
        self.pages.clear()

    def drop(self, ident):
        self.pages.clear()
        self.texts.pop(ident, None)
        return self.items.pop(ident, None)

    def wipe(self):
        self.items.clear()
        self.texts.clear()
        self.pages.clear()

    def ordered(self, by, falling=False):
        if by is None:
            return list(self.items)
        items = self.items
        return sorted(items, key=lambda i: (str(items[i].get(by) or ""), i), reverse=falling)


class Api:
    """The routes. Each takes the query and the body, and gives a status and an object or bytes."""

    def __init__(self, full_size):
        self.filler = model_filler(MODEL_BYTES_FULL if full_size else MODEL_BYTES)
        self.pages = {}  # target -> body of the answer; emptied by every change
        self.models = Collection(self.pages, self.model_text)
        self.teams = Collection(self.pages, self.team_text)
        self.users = Collection(self.pages, self.user_text)
        self.keys = Collection(self.pages, dumps)
        self.credentials = Collection(self.pages, dumps)
        self.memberships = {}  # team -> user -> budget row or None
        self.key_counts = {}
        self.routes = {
            ("GET", "/health/liveliness"): lambda q, b: (200, "I'm alive!"),
            ("GET", "/health/readiness"): lambda q, b: (200, {"status": "healthy",
                                                              "db": "connected"}),
            ("GET", "/health/readiness/details"): self.details,
            ("GET", "/health/license"): lambda q, b: (200, {"has_license": False,
                                                            "license_type": "community"}),
            ("GET", "/model/info"): self.model_info, ("GET", "/v1/model/info"): self.model_info,
            ("GET", "/v2/model/info"): self.model_list,
            ("GET", "/v1/models"): self.model_names, ("GET", "/models"): self.model_names,
            ("POST", "/model/new"): self.model_new, ("POST", "/model/delete"): self.model_delete,
            ("GET", "/v2/team/list"): self.team_page, ("GET", "/team/list"): self.team_list,
            ("GET", "/team/info"): self.team_info, ("POST", "/team/new"): self.team_new,
            ("POST", "/team/update"): self.team_update, ("POST", "/team/delete"): self.team_delete,
            ("GET", "/team/permissions_list"): self.permissions_list,
            ("POST", "/team/permissions_update"): self.permissions_update,
            ("POST", "/team/member_add"): self.member_add,
            ("POST", "/team/member_update"): self.member_update,
            ("POST", "/team/member_delete"): self.member_delete,
            ("GET", "/user/list"): self.user_page, ("GET", "/user/info"): self.user_info,
            ("POST", "/user/new"): self.user_new, ("POST", "/user/update"): self.user_update,
            ("POST", "/user/delete"): self.user_delete,
            ("GET", "/key/list"): self.key_page, ("GET", "/key/info"): self.key_info,
            ("POST", "/key/generate"): self.key_new,
            ("POST", "/key/service-account/generate"): self.key_new,
            ("POST", "/key/update"): self.key_update, ("POST", "/key/delete"): self.key_delete,
            ("GET", "/credentials"): self.credential_list,
            ("POST", "/credentials"): self.credential_new,
        }

    def wipe(self):
        for each in (self.models, self.teams, self.users, self.keys, self.credentials):
            each.wipe()
        self.memberships.clear()
        self.key_counts.clear()

    def objects(self):
        return {"models": len(self.models.items), "teams": len(self.teams.items),
                "users": len(self.users.items), "keys": len(self.keys.items),
                "credentials": len(self.credentials.items)}

    def answer(self, method, target, raw):
        """Status and body of the answer."""
        if method == "GET":
            body = self.pages.get(target)
            if body is not None:
                return 200, body
        path, _, query = target.partition("?")
        asked = dict(urllib.parse.parse_qsl(query, keep_blank_values=True)) if query else {}
        route = self.routes.get((method, path))
        try:
            sent = json.loads(raw) if raw else {}
            if route is None:
                status, out = self.by_name(method, path, sent)
            else:
                status, out = route(asked, sent)
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            status, out = 422, {"detail": [{"type": "missing", "loc": ["body"], "msg": str(fault)}]}
        if isinstance(out, bytes):  # a list: good until something changes
            self.pages[target] = out
            return status, out
        return status, dumps(out)

    def by_name(self, method, path, sent):
        """Routes with a name in their path."""
        parts = [urllib.parse.unquote(part) for part in path.split("/")[1:]]
        if method == "PATCH" and len(parts) == 3 and (parts[0], parts[2]) == ("model", "update"):
            return self.model_patch(parts[1], sent)
        if parts[0] == "credentials" and len(parts) in (2, 3):
            return self.credential_one(method, parts[-1], sent)
        return 404, {"detail": "Not Found"}

    @staticmethod
    def details(_query, _body):
        return 200, {"status": "healthy", "db": "connected", "cache": None,
                     "litellm_version": VERSION, "success_callbacks": ["ServiceLogging"],
                     "use_aiohttp_transport": True, "log_level": "WARNING",
                     "is_detailed_debug": False}

    @staticmethod
    def refused(status, message, kind="internal_server_error"):
        return status, {"error": {"message": message, "type": kind, "param": None,
                                  "code": str(status)}}

    @staticmethod
    def page_of(query, collection, size_name, usual, most, name, by):
        """One page of a list and its numbers."""
        size = int(query.get(size_name, usual))
        page = int(query.get("page", 1))
        if size < 1 or page < 1 or (most and size > most):
            raise ValueError("%s: at most %s" % (size_name, most))
        order = collection.ordered(query.get("sort_by") or by, query.get("sort_order") == "desc")
        texts = collection.texts
        part = [texts[i] for i in order[(page - 1) * size:page * size]]
        total = len(order)
        return b'{"%s":[%s],' % (name, b",".join(part)), page, size, total, -(-total // size)

    # ---- models

    def model_text(self, row):
        params = {k: v for k, v in row["litellm_params"].items() if k not in SECRET_PARAMS}
        info = dict(row["model_info"], db_model=True, blocked=False,
                    created_at=row["created_at"], updated_at=row["updated_at"])
        text = dumps({"model_name": row["model_name"], "litellm_params": params,
                      "model_info": info})
        return text[:-2] + b"," + self.filler + b"}}"

    @staticmethod
    def is_loaded(row):
        return row["litellm_params"].get("custom_llm_provider") != "bedrock_converse"

    def model_row(self, ident, row):
        """What a write answers: the row of the table, texts encrypted."""
        params = {k: "c2VhbGVkIHdpdGggdGhlIHNhbHQga2V5LCBvbmUgYnkgb25l" if isinstance(v, str)
                  else v for k, v in row["litellm_params"].items()}
        if not self.is_loaded(row):
            return self.refused(500, "Model update was saved to the database, but the model id(s) "
                                "['%s'] are not live in this pod's router" % ident)
        return 200, {"model_id": ident, "model_name": row["model_name"], "litellm_params": params,
                     "model_info": row["model_info"], "blocked": False, "created_by": ADMIN,
                     "created_at": row["created_at"], "updated_at": row["updated_at"],
                     "updated_by": ADMIN}

    def model_new(self, _query, body):
        info = dict(body.get("model_info") or {})
        ident = str(info.get("id") or uuid.uuid4())
        if ident in self.models.items:
            return self.refused(500, "{'error': 'Failed to add model to db. Check your server "
                                "logs for more details.'}", "auth_error")
        params = dict(FILLED_PARAMS, **body["litellm_params"])
        params["model"]  # pylint: disable=pointless-statement
        info.update(id=ident, db_model=False, member_auto_router=False)
        at = now()
        row = {"model_name": body["model_name"], "litellm_params": params, "model_info": info,
               "created_at": at, "updated_at": at}
        self.models.put(ident, row)
        return self.model_row(ident, row)

    def model_patch(self, ident, body):
        row = self.models.items.get(ident)
        if row is None:
            return self.refused(404, "Model %s not found on proxy." % ident, "not_found_error")
        row = dict(row, updated_at=now(), model_name=body.get("model_name") or row["model_name"])
        for part in ("litellm_params", "model_info"):
            sent = body.get(part) or {}
            row[part] = dict(row[part], **{k: v for k, v in sent.items() if v is not None})
        self.models.put(ident, row)
        return self.model_row(ident, row)

    def model_delete(self, _query, body):
        if self.models.drop(body["id"]) is None:
            return self.refused(400, "{'error': 'Model with id=%s not found in db'}" % body["id"],
                                "auth_error")
        return 200, {"message": "Model: %s deleted successfully" % body["id"]}

    def model_info(self, query, _body):
        ident = query.get("litellm_model_id")
        served = [i for i, row in self.models.items.items() if self.is_loaded(row)] \
            if ident is None else [i for i in [ident] if i in self.models.items]
        if ident is not None and not served:
            return 400, {"detail": {"error": "Model id = %s not found on litellm proxy" % ident}}
        return 200, b'{"data":[%s]}' % b",".join(self.models.texts[i] for i in served)

    def model_list(self, query, _body):
        """With `search` the rows of the table, else what is served; see kinds/model.c."""
        models, size, page = self.models, int(query.get("size", 50)), int(query.get("page", 1))
        if query.get("modelId"):
            order = [i for i in [query["modelId"]] if i in models.items]
        elif query.get("search"):
            text = query["search"].strip("%").lower()
            order = sorted(i for i, row in models.items.items()
                           if text in row["model_name"].lower())
        else:
            order = [i for i, row in models.items.items() if self.is_loaded(row)]
        part = order[(page - 1) * size:page * size]
        total = len(order)
        seen = min(total, page * size) if query.get("search") else total
        head = b'{"data":[%s],' % b",".join(models.texts[i] for i in part)
        return 200, head + b'"total_count":%d,"current_page":%d,"total_pages":%d,"size":%d}' % (
            seen, page, -(-seen // size), size)

    def model_names(self, _query, _body):
        names = dict.fromkeys(row["model_name"] for row in self.models.items.values()
                              if self.is_loaded(row))
        return 200, {"object": "list", "data": [{"id": name, "object": "model",
                                                 "created": 1677610602, "owned_by": "openai"}
                                                for name in names]}

    # ---- teams and members

    def team_text(self, row):
        return dumps(dict(row, members_count=len(row["members_with_roles"]),
                          keys_count=self.key_counts.get(row["team_id"], 0),
                          access_group_models=None))

    def team_put(self, row, sent):
        row = dict(row, updated_at=now(), **{k: v for k, v in sent.items() if k in TEAM})
        row["metadata"] = dict(row["metadata"] or {},
                               **{k: sent[k] for k in IN_METADATA if sent.get(k)})
        row["budget_reset_at"] = "2030-01-01T00:00:00Z" if row["budget_duration"] else None
        self.teams.put(row["team_id"], row)
        return row

    def team_new(self, _query, body):
        ident = body.get("team_id") or str(uuid.uuid4())
        if ident in self.teams.items:
            return self.refused(400, "{'error': 'Team id = %s already exists. Please use a "
                                "different team id.'}" % ident)
        if ADMIN not in self.users.items:
            self.user_put(dict(USER, user_id=ADMIN, user_role="internal_user", created_at=now()),
                          {})
        members = list(body.get("members_with_roles") or [])
        if not any(m.get("user_id") == ADMIN for m in members):
            members.append({"user_id": ADMIN, "user_email": None, "role": "admin"})
        self.memberships[ident] = {m.get("user_id"): None for m in members}
        row = dict(TEAM, team_id=ident, created_at=now())
        return 200, self.team_put(row, dict(body, team_id=ident, members_with_roles=members))

    def no_team(self, ident):
        return self.refused(404, "Team not found, passed team_id=%s" % ident, "not_found_error")

    def team_update(self, _query, body):
        row = self.teams.items.get(body["team_id"])
        if row is None:
            return self.no_team(body["team_id"])
        sent = {k: v for k, v in body.items()
                if k not in ("team_member_permissions", "members_with_roles")}
        return 200, {"team_id": row["team_id"], "data": self.team_put(row, sent)}

    def team_delete(self, _query, body):
        missing = [i for i in body["team_ids"] if i not in self.teams.items]
        if missing:
            return 404, {"detail": {"error": "Team not found, passed team_id=%s" % missing[0]}}
        for ident in body["team_ids"]:
            self.teams.drop(ident)
            self.memberships.pop(ident, None)
            for token in [t for t, key in self.keys.items.items() if key["team_id"] == ident]:
                self.keys.drop(token)
        return 200, {"deleted_teams": body["team_ids"]}

    def team_page(self, query, _body):
        head, page, size, total, pages = self.page_of(
            query, self.teams, "page_size", 10, LARGEST_PAGE, b"teams", "team_id")
        return 200, head + b'"total":%d,"page":%d,"page_size":%d,"total_pages":%d}' % (
            total, page, size, pages)

    def memberships_of(self, ident):
        return [{"user_id": user, "team_id": ident, "spend": 0.0,
                 "budget_id": budget["budget_id"] if budget else None,
                 "litellm_budget_table": budget}
                for user, budget in self.memberships.get(ident, {}).items()]

    def team_list(self, _query, _body):
        held = {}
        for token, key in self.keys.items.items():
            held.setdefault(key["team_id"], []).append(self.keys.texts[token])
        parts = [self.teams.texts[i][:-1] + b',"team_memberships":%s,"keys":[%s]}' % (
            dumps(self.memberships_of(i)), b",".join(held.get(i, [])))
                 for i in self.teams.items]
        return 200, b"[" + b",".join(parts) + b"]"

    def team_info(self, query, _body):
        row = self.teams.items.get(query["team_id"])
        if row is None:
            return self.no_team(query["team_id"])
        return 200, {"team_id": row["team_id"], "team_info": row, "keys": [],
                     "team_memberships": self.memberships_of(row["team_id"])}

    def permissions_list(self, query, _body):
        row = self.teams.items.get(query["team_id"])
        if row is None:
            return self.no_team(query["team_id"])
        return 200, {"team_id": row["team_id"], "all_available_permissions": [],
                     "team_member_permissions": row["team_member_permissions"]}

    def permissions_update(self, _query, body):
        row = self.teams.items.get(body["team_id"])
        if row is None:
            return self.no_team(body["team_id"])
        return 200, self.team_put(
            row, {"team_member_permissions": body["team_member_permissions"]})

    @staticmethod
    def member_budget(body, was):
        names = {"max_budget_in_team": "max_budget", "tpm_limit": "tpm_limit",
                 "rpm_limit": "rpm_limit", "budget_duration": "budget_duration"}
        row = dict(was or {"budget_id": str(uuid.uuid4()), "max_budget": None, "tpm_limit": None,
                           "rpm_limit": None, "budget_duration": None})
        row.update({to: body[sent] for sent, to in names.items() if sent in body})
        limits = [row["max_budget"], row["tpm_limit"], row["rpm_limit"]]
        return row if any(limit is not None for limit in limits) else None

    def member_add(self, _query, body):
        row = self.teams.items.get(body["team_id"])
        if row is None:
            return self.no_team(body["team_id"])
        given = body["member"] if isinstance(body["member"], list) else [body["member"]]
        members, ident = list(row["members_with_roles"]), row["team_id"]
        added = []
        for one in given:
            user = one.get("user_id") or next(
                (i for i, u in self.users.items.items()
                 if (u["user_email"] or "").lower() == (one.get("user_email") or "").lower()),
                str(uuid.uuid4()))
            if any(m["user_id"] == user for m in members):
                return self.refused(400, "{'error': 'User already in team. Member: %s'}" % user,
                                    "team_member_already_in_team")
            members.append({"user_id": user, "user_email": one.get("user_email"),
                            "role": one.get("role", "user")})
            self.memberships.setdefault(ident, {})[user] = self.member_budget(body, None)
            is_new = user not in self.users.items
            person = dict(USER, user_id=user, user_role="internal_user", created_at=now(),
                          user_email=one.get("user_email")) if is_new else self.users.items[user]
            added.append(self.user_put(person, {"teams": person["teams"] + [ident]}))
        row = self.team_put(row, {"members_with_roles": members})
        return 200, dict(row, updated_users=added, updated_team_memberships=[])

    def member_update(self, _query, body):
        row, user = self.teams.items.get(body["team_id"]), body.get("user_id")
        if row is None:
            return self.no_team(body["team_id"])
        of_team = self.memberships.setdefault(row["team_id"], {})
        of_team[user] = self.member_budget(body, of_team.get(user))
        self.pages.clear()
        members = [dict(m, role=body["role"]) if body.get("role") and m["user_id"] == user else m
                   for m in row["members_with_roles"]]
        self.team_put(row, {"members_with_roles": members})
        return 200, {"team_id": row["team_id"], "user_id": user, "user_email": None,
                     "max_budget_in_team": body.get("max_budget_in_team")}

    def member_delete(self, _query, body):
        row, user = self.teams.items.get(body["team_id"]), body.get("user_id")
        if row is None or user not in [m["user_id"] for m in row["members_with_roles"]]:
            return 400, {"detail": {"error": "User not found in team"}}
        self.memberships.get(row["team_id"], {}).pop(user, None)
        members = [m for m in row["members_with_roles"] if m["user_id"] != user]
        return 200, self.team_put(row, {"members_with_roles": members})

    # ---- users

    @staticmethod
    def user_text(row):
        return dumps(dict(row, organization_memberships=None, object_permission=None, key_count=0))

    def user_put(self, row, sent):
        row = dict(row, updated_at=now(), **{k: v for k, v in sent.items() if k in USER})
        row["budget_reset_at"] = "2030-01-01T00:00:00Z" if row["budget_duration"] else None
        self.users.put(row["user_id"], row)
        return row

    def user_new(self, _query, body):
        ident = body.get("user_id") or str(uuid.uuid4())
        if ident in self.users.items:
            return self.refused(409, "{'error': 'User with id %s already exists'}" % ident)
        row = self.user_put(dict(USER, created_at=now()),
                            dict(body, user_id=ident, teams=[], models=body.get("models") or [],
                                 metadata=body.get("metadata") or {}))
        made = {"key": "", "token": None, "expires": None}
        if body.get("auto_create_key", True):
            made = self.key_new({}, {"user_id": ident})[1]
        return 200, dict({k: v for k, v in row.items() if not k.startswith("model_")},
                         key=made["key"], token=made["token"], expires=made["expires"])

    def user_update(self, _query, body):
        ident = body["user_id"]
        row = self.users.items.get(ident) or dict(USER, user_id=ident, created_at=now())
        cleared = ("max_budget", "tpm_limit", "rpm_limit", "budget_duration")
        sent = {k: v for k, v in body.items()
                if k != "teams" and (k in cleared or v not in (None, [], {}))}
        return 200, {"user_id": ident, "data": self.user_put(row, sent)}

    def user_delete(self, _query, body):
        gone = [i for i in body["user_ids"] if self.users.drop(i) is not None]
        return (200, len(gone)) if gone else (404, {"detail": {"error": "User not found"}})

    def user_page(self, query, _body):
        head, page, size, total, pages = self.page_of(
            query, self.users, "page_size", 25, LARGEST_PAGE, b"users", "created_at")
        return 200, head + b'"total":%d,"page":%d,"page_size":%d,"total_pages":%d}' % (
            total, page, size, pages)

    def user_info(self, query, _body):
        row = self.users.items.get(query["user_id"])
        if row is None:
            return self.refused(404, "User %s not found" % query["user_id"], "not_found_error")
        return 200, {"user_id": row["user_id"], "user_info": row, "keys": [], "teams": []}

    # ---- keys

    @staticmethod
    def token_of(key):
        return hashlib.sha256(key.encode()).hexdigest() if key.startswith("sk-") else key

    def key_put(self, row, sent):
        row = dict(row, updated_at=now(), **{k: v for k, v in sent.items() if k in KEY})
        row["metadata"] = dict(row["metadata"] or {},
                               **{k: sent[k] for k in IN_METADATA if sent.get(k)})
        if sent.get("duration"):
            row["expires"] = None if sent["duration"] == "-1" else "2030-01-01T00:00:00.000000Z"
        row["budget_reset_at"] = "2030-01-01T00:00:00Z" if row["budget_duration"] else None
        self.keys.put(row["token"], row)
        return row

    def key_new(self, _query, body):
        key = body.get("key") or "sk-" + uuid.uuid4().hex
        if not key.startswith("sk-") or len(key) < 16:
            return self.refused(400, "Invalid key format", "bad_request_error")
        token, alias, team = self.token_of(key), body.get("key_alias"), body.get("team_id")
        row = self.key_put(
            dict(KEY, created_at=now(), created_by=ADMIN, updated_by=ADMIN, blocked=False),
            dict(body, token=token, key_name="sk-..." + key[-4:], models=body.get("models") or [],
                 metadata=body.get("metadata") or {}, key_alias=alias))
        self.key_counts[team] = self.key_counts.get(team, 0) + 1
        if team in self.teams.items:
            self.teams.put(team, self.teams.items[team])
        return 200, dict(row, key=key, token_id=token)

    def key_update(self, _query, body):
        row = self.keys.items.get(self.token_of(body["key"]))
        if row is None:
            return self.refused(404, "Key not found", "not_found_error")
        return 200, dict(self.key_put(row, body), key=body["key"])

    def key_delete(self, _query, body):
        tokens = [self.token_of(key) for key in body.get("keys") or []]
        tokens += [t for t, row in self.keys.items.items()
                   if row["key_alias"] in (body.get("key_aliases") or [])]
        gone = [self.keys.drop(token) for token in tokens]
        if not any(gone):
            return self.refused(404, "No keys found", "not_found_error")
        return 200, {"deleted_keys": body.get("keys") or body.get("key_aliases")}

    def key_info(self, query, _body):
        row = self.keys.items.get(self.token_of(query["key"]))
        if row is None:
            return self.refused(404, "Key not found in database", "not_found_error")
        return 200, {"key": query["key"], "info": {k: v for k, v in row.items() if k != "token"}}

    def key_page(self, query, _body):
        wanted = {"key_alias": query.get("key_alias"), "token": query.get("key_hash")}
        if any(wanted.values()):
            found = [self.keys.texts[i] for i, row in self.keys.items.items()
                     if all(v is None or row[k] == v for k, v in wanted.items())]
            return 200, b'{"keys":[%s],"total_count":%d,"current_page":1,"total_pages":1}' % (
                b",".join(found), len(found))
        head, page, _size, total, pages = self.page_of(
            query, self.keys, "size", 10, LARGEST_PAGE, b"keys", "created_at")
        if query.get("return_full_object") != "true":
            head = b'{"keys":%s,' % dumps([row["token"] for row in json.loads(head[:-1] + b"}")
                                           ["keys"]])
        return 200, head + b'"total_count":%d,"current_page":%d,"total_pages":%d}' % (
            total, page, pages)

    # ---- credentials

    @staticmethod
    def masked(row):
        values = {k: v if k == "aws_region_name" else "%s****%s" % (str(v)[:2], str(v)[-2:])
                  for k, v in row["credential_values"].items()}
        return dict(row, credential_values=values, display_name=None, source="db")

    def credential_list(self, _query, _body):
        rows = [self.masked(row) for row in self.credentials.items.values()]
        return 200, b'{"success":true,"credentials":%s}' % dumps(rows)

    def credential_new(self, _query, body):
        name = body["credential_name"]
        if name in self.credentials.items:
            return self.refused(409, "Credential %s already exists" % name)
        self.credentials.put(name, {"credential_name": name,
                                    "credential_values": body.get("credential_values") or {},
                                    "credential_info": body.get("credential_info") or {}})
        return 200, {"success": True, "message": "Credential created successfully"}

    def credential_one(self, method, name, body):
        row = self.credentials.items.get(name)
        if row is None:
            return self.refused(404, "Credential not found. Got credential name: " + name)
        if method == "DELETE":
            self.credentials.drop(name)
            return 200, {"success": True, "message": "Credential deleted successfully"}
        if method == "PATCH":
            row = dict(row)
            for part in ("credential_values", "credential_info"):
                row[part] = dict(row[part], **(body.get(part) or {}))
            self.credentials.put(name, row)
            return 200, {"success": True, "message": "Credential updated successfully"}
        return 200, self.masked(row)
