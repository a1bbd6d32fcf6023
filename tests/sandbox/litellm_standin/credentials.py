"""/credentials: values come back masked; 1.81 answers reads from the memory of the pod."""
import re
import uuid

from . import db
from .pods import MASKED

TABLE = "LiteLLM_CredentialsTable"
FIELDS = {"credential_name": "str", "credential_values": "dict", "credential_info": "dict", "model_id": "str", "display_name": "str"}


def masked(values):
    """Two characters at each end of what looks secret."""
    out = {}
    for name, value in values.items():
        secret = isinstance(value, str) and set(re.split("[_-]", name.lower())) & MASKED
        out[name] = value[:2] + "****" + value[-2:] if secret and len(value) > 4 else "****" if secret else value
    return out


class Credentials:
    def __init__(self, app):
        self.app = app

    def routes(self):
        return {("POST", "/credentials"): self.new, ("GET", "/credentials"): self.list, ("GET", "/credentials/by_name/*"): self.get,
                ("PATCH", "/credentials/*"): self.patch, ("DELETE", "/credentials/*"): self.delete}

    def done(self, verb):
        return {"success": True, "message": "Credential %s successfully" % verb}

    def shown(self, row):
        out = {"credential_name": row["credential_name"], "credential_info": row["credential_info"],
               "credential_values": masked(self.app.cipher.open_values(row["credential_values"]))}
        if self.app.new:
            out.update(display_name=row.get("display_name"), source="db")
        return out

    def missing(self, name):
        return self.app.errors.proxy(404, "Credential not found. Got credential name: %s" % name)

    async def new(self, request):
        body = self.app.check.body(request.json, FIELDS, ("credential_name", "credential_info"))
        if body.get("credential_values") is None and not body.get("model_id"):
            self.app.check.fail(request.json, "Either credential_values or model_id must be set")
        name = body["credential_name"]
        values = {"credential_id": str(uuid.uuid4()), "credential_name": name, "credential_values": self.app.cipher.seal_values(body.get("credential_values") or {}),
                  "credential_info": body["credential_info"], "display_name": body.get("display_name"),
                  "created_by": "default_user_id", "updated_by": "default_user_id"}
        try:
            row = self.app.db.insert(TABLE, values)
        except db.UniqueViolation:
            if self.app.new:
                text = "Credential '%s' already exists. Update it with PATCH /credentials/%s, or delete it first."
                raise self.app.errors.proxy(409, text % (name, name)) from None
            raise self.app.errors.inner("Unique constraint failed on the fields: (`credential_name`)") from None
        request.pod.credentials[name] = row
        return self.done("created")

    def known(self, request):
        """1.106 reads the table, 1.81 what the pod remembers."""
        return self.app.read_credentials() if self.app.new else request.pod.credentials

    async def list(self, request):
        return {"success": True, "credentials": [self.shown(r) for r in self.known(request).values()]}

    async def get(self, request):
        row = self.known(request).get(request.captured)
        if not row:
            raise self.missing(request.captured)
        return self.shown(row)

    async def patch(self, request):
        """Values and info are merged."""
        body = self.app.check.body(request.json, FIELDS, ("credential_name",))
        name, new = request.captured, self.app.new
        row = self.app.db.get(TABLE, credential_name=name)
        if not row:
            if new:
                raise self.app.errors.proxy(404, "Credential not found in DB.")
            # the error is returned, not raised (litellm.md 1.6)
            return {**self.app.errors.proxy(404, "Credential not found in DB.").body["error"], "headers": {}, "openai_code": 404, "provider_specific_fields": None}
        if new and body["credential_name"] != name:
            raise self.app.errors.proxy(400, "credential_name is immutable. Set display_name to change how the credential is labeled.", "validation_error",
                                        "credential_name")
        values = {"credential_name": body["credential_name"],
                  "credential_values": {**row["credential_values"], **self.app.cipher.seal_values(body.get("credential_values") or {})},
                  "credential_info": {**(row["credential_info"] or {}), **(body.get("credential_info") or {})}, "updated_by": "default_user_id"}
        if new and "display_name" in body:
            values["display_name"] = body["display_name"]
        self.app.db.update(TABLE, {"credential_name": name}, values)
        return self.done("updated")

    async def delete(self, request):
        name = request.captured
        gone = self.app.db.delete(TABLE, credential_name=name)
        request.pod.credentials.pop(name, None)
        if not gone and self.app.new:
            raise self.missing(name)
        return self.done("deleted")
