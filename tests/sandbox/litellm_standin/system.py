"""/health/*, /openapi.json, /config/update and the few routes around them."""
from . import times
from .errors import Answer

CALLBACKS = ["sync_deployment_callback_on_success"]


def open_to_all(handler):
    handler.open_to_all = True
    return handler


class System:
    def __init__(self, app):
        self.app = app

    def routes(self):
        out = {("GET", "/health/liveliness"): liveliness, ("GET", "/health/liveness"): liveliness, ("GET", "/openapi.json"): self.openapi(),
               ("GET", "/health/readiness"): self.readiness(), ("GET", "/health/license"): self.licence, ("POST", "/config/update"): self.config_update,
               ("GET", "/health"): self.health}
        if self.app.new:
            out[("GET", "/health/readiness/details")] = self.details
        return out

    def openapi(self):
        @open_to_all
        async def answer(_call):
            return {"openapi": "3.1.0", "info": {"title": "LiteLLM API", "version": self.app.version}, "paths": {}}
        return answer

    def readiness(self):
        @open_to_all
        async def answer(_call):
            self.app.db.value("SELECT 1")
            if self.app.new:
                return {"status": "healthy", "db": "connected"}
            return {"status": "connected", "db": "connected", "cache": None, "litellm_version": self.app.version, "success_callbacks": CALLBACKS,
                    "use_aiohttp_transport": True, "last_updated": times.text(times.utcnow())[:-1]}
        return answer

    async def details(self, _call):
        return {"status": "healthy", "db": "connected", "cache": None, "litellm_version": self.app.version, "success_callbacks": CALLBACKS,
                "use_aiohttp_transport": True, "log_level": "WARNING", "is_detailed_debug": False, "show_no_redis_warning": False,
                "show_env_credential_login_warning": True}

    async def licence(self, _call):
        return {"has_license": False, "license_type": "community", "expiration_date": None, "allowed_features": [],
                "limits": {"max_users": None, "max_teams": None}}

    async def health(self, call):
        """Without model calls: what is loaded counts as healthy; an unknown model is 503 with empty lists on 1.106."""
        ident = call.query.get("model_id")
        if ident and ident not in call.pod.loaded:
            raise self.app.errors.detail(404, "Model with ID %s not found" % ident)
        names = {d.name for d in call.pod.loaded.values()}
        wanted = call.query.get("model")
        found = [] if wanted and wanted not in names else [{"model": n} for n in sorted(names) if not wanted or n == wanted]
        body = {"healthy_endpoints": found, "unhealthy_endpoints": [], "healthy_count": len(found), "unhealthy_count": 0}
        if not found and wanted and self.app.new:
            raise Answer(503, body)
        return body

    async def config_update(self, call):
        """Writes the sections into LiteLLM_Config; a key that the file sets is refused on 1.106 (no file settings here)."""
        for section in ("general_settings", "litellm_settings", "router_settings", "environment_variables"):
            values = (call.json or {}).get(section)
            if not values:
                continue
            if section == "environment_variables":
                values = self.app.cipher.seal_values(values)
            row = self.app.db.get("LiteLLM_Config", param_name=section)
            merged = {**values, **(row["param_value"] or {})} if row and section == "litellm_settings" else {**((row or {}).get("param_value") or {}), **values}
            if row:
                self.app.db.update("LiteLLM_Config", {"param_name": section}, {"param_value": merged})
            else:
                self.app.db.insert("LiteLLM_Config", {"param_name": section, "param_value": merged})
        return {"message": "Config updated successfully"}


@open_to_all
async def liveliness(_call):
    return b'"I\'m alive!"'
