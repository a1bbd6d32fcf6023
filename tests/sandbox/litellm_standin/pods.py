"""What one pod has loaded: LiteLLM answers /model/info from the memory of the pod that got the call."""
import json
import re

from . import costmap

# names in litellm_params that never come back, and parts that are masked (litellm.md 2.1)
REMOVED = {"api_key", "client_secret", "vertex_credentials", "aws_access_key_id", "aws_secret_access_key"}
MASKED = {"password", "secret", "key", "token", "auth", "authorization", "credential", "credentials", "access", "private", "certificate", "fingerprint", "tenancy"}
FILLED_OLD = {"use_in_pass_through": False, "use_litellm_proxy": False, "merge_reasoning_content_in_choices": False}
FILLED_NEW = {"allow_client_keepalive_override": False, "use_xai_oauth": False, **FILLED_OLD}
PRICE = re.compile(r"^(input|output|cache)_.*cost|_cost_per_")


def mask(value):
    """first4****last4; a short value is hidden whole."""
    if len(value) <= 8:
        return "*" * len(value)
    return value[:4] + "*" * (len(value) - 8) + value[-4:]


def readable(params):
    """litellm_params as a read shows them."""
    out = {}
    for name, value in params.items():
        if name in REMOVED or value is None:
            continue
        parts = set(name.lower().split("_"))
        if isinstance(value, str) and parts & MASKED and "cost" not in parts and name != "litellm_credential_name":
            value = mask(value)
        out[name] = value
    return out


class Deployment:
    """A loaded model, or a row of the table seen as one."""
    __slots__ = ("ident", "name", "params", "info", "db_model", "blocked", "created_at", "updated_at", "version", "text")

    def __init__(self, ident, name, params, info, db_model=True, blocked=False, created_at="", updated_at="", version=""):
        self.ident, self.name, self.params, self.info = ident, name, params, info or {}
        self.db_model, self.blocked, self.created_at, self.updated_at, self.version = db_model, blocked, created_at, updated_at, version
        self.text = None

    def shown_info(self, new):
        info = {k: v for k, v in self.info.items() if v is not None}
        info.update(id=self.ident, db_model=self.db_model)
        if new:
            info.setdefault("member_auto_router", False)
            info["blocked"] = self.blocked
            prices = [k for k in self.params if PRICE.search(k) and self.params[k] is not None]
            info["pricing_overrides"] = sorted(prices)
        filled = costmap.fill(self.params, new)
        filled.update({k: v for k, v in self.params.items() if PRICE.search(k) and v is not None})
        for name, value in filled.items():
            info.setdefault(name, value)
        return info

    def render(self, new):
        """The entry of a list, as JSON text; made once."""
        if self.text is None:
            params = {**(FILLED_NEW if new else FILLED_OLD), **readable(self.params)}
            self.text = json.dumps({"model_name": self.name, "litellm_params": params, "model_info": self.shown_info(new)},
                                   separators=(",", ":"), ensure_ascii=False)
        return self.text


class Pod:
    """The in-memory router of one pod."""

    def __init__(self, app, number):
        self.app, self.number = app, number
        self.loaded = {}            # model id -> Deployment
        self.seen = {}              # model id -> version of the row at the last poll
        self.newest = "2000"        # the newest updated_at seen
        self.credentials = {}
        for item in app.config_models:
            self.loaded[item.ident] = item

    @property
    def new(self):
        return self.app.new

    def reset(self):
        self.loaded, self.seen, self.credentials, self.newest = {}, {}, {}, "2000"
        for item in self.app.config_models:
            self.loaded[item.ident] = item

    def deployment(self, row):
        cipher = self.app.cipher
        return Deployment(row["model_id"], row["model_name"], cipher.open_values(row["litellm_params"]), row["model_info"], True,
                          bool(row.get("blocked")), row["created_at"], row["updated_at"], row["xmin"])

    def take(self, row, forced):
        """Bring one row into the router; a poll (not forced) looks only at litellm_params. True when it is live."""
        fresh = self.deployment(row)
        current = self.loaded.get(fresh.ident)
        if current and not forced and current.params == fresh.params:
            return True
        if costmap.has_provider(fresh.params, self.new):
            self.loaded.pop(fresh.ident, None)
            self.loaded[fresh.ident] = fresh
            return True
        # 1.106 goes on serving the old values, 1.81 drops the model (conform.py: "served after bad patch")
        if current and self.new:
            return True
        self.loaded.pop(fresh.ident, None)
        return False

    def written(self, ident):
        """The pod that carried out a write is up to date at once, with other pods' writes too. True when the row is live."""
        for other in self.app.models_since(self.newest):
            if other["model_id"] != ident and self.seen.get(other["model_id"]) != other["xmin"]:
                self.remember(other)
                self.take(other, False)
        row = self.app.model_row(ident)
        if row is None:
            self.loaded.pop(ident, None)
            self.seen.pop(ident, None)
            return False
        self.remember(row)
        return self.take(row, True)

    def remember(self, row):
        self.seen[row["model_id"]] = row["xmin"]
        self.newest = max(self.newest, row["updated_at"])

    def poll(self, forced=False):
        """What the job of every 30 seconds does: read the rows that changed, drop those that are gone."""
        versions = self.app.model_versions()
        changed = [i for i, v in versions.items() if forced or self.seen.get(i) != v]
        for row in self.app.model_rows(changed):
            self.remember(row)
            self.take(row, forced)
        gone = [i for i, d in self.loaded.items() if d.db_model and i not in versions]
        # 1.81 keeps the last model of the table (litellm.md 2.3)
        if versions or self.new or forced:
            for ident in gone:
                del self.loaded[ident]
        self.seen = versions
        self.credentials = self.app.read_credentials()
