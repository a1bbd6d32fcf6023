"""Rules that writes of teams, users and keys share."""
from . import times
from .errors import LICENCE

# accepted at top level, kept inside metadata (litellm.md 1.1)
IN_METADATA = ("model_rpm_limit", "model_tpm_limit", "rpm_limit_type", "tpm_limit_type", "enforced_params", "temp_budget_increase", "temp_budget_expiry",
               "allowed_vector_store_indexes")
# need a licence when not empty; they would be kept inside metadata too
PREMIUM = ("guardrails", "policies", "tags", "team_member_key_duration", "prompts", "logging", "secret_manager_settings", "allowed_passthrough_routes")
METADATA_TYPES = {"model_rpm_limit": "dict", "model_tpm_limit": "dict", "rpm_limit_type": "any", "tpm_limit_type": "any", "enforced_params": "list",
                  "temp_budget_increase": "float", "temp_budget_expiry": "any", "allowed_vector_store_indexes": "list",
                  "guardrails": "list", "policies": "list", "tags": "list", "team_member_key_duration": "str", "prompts": "list", "logging": "any",
                  "secret_manager_settings": "dict", "allowed_passthrough_routes": "list"}
NOT_SET = ("Unable to match input value to any allowed input type for the field. Parse errors: [Unable to match input value to any allowed input type for the "
           "field. Parse errors: [{one}, {one}], Unable to match input value to any allowed input type for the field. Parse errors: [{one}, {one}]]")


def null_refused(field):
    """What Prisma says of null for a column that cannot be null."""
    return NOT_SET.format(one="`data.%s`: A value is required but not set" % field)


class Writes:
    def __init__(self, app):
        self.app, self.errors, self.new = app, app.errors, app.new

    def check_premium(self, body, named, kind="internal_server_error", param=None):
        """403 for a licensed field; an empty one is let through on 1.106 only."""
        extra = {} if param is None else {"param": param}
        for field in PREMIUM:
            value = body.get(field)
            if value is None or (self.new and value in ([], {}, "")):
                continue
            raise self.errors.licence(field if named else None, kind, **extra)

    def check_duration(self, body, field="budget_duration", kind="internal_server_error", param=None):
        """1.106 refuses what 1.81 stores."""
        text = body.get(field)
        if text is None or not self.new or times.parse(text):
            return
        extra = {} if param is None else {"param": param}
        raise self.errors.named(400, "Invalid budget_duration %s. Use a format like '1h', '24h', '7d', or '30d'." % repr(text), kind, **extra)

    def check_negative(self, body, fields=("max_budget", "soft_budget", "team_member_budget")):
        for field in fields:
            value = body.get(field)
            if value is not None and value < 0:
                text = "%s must be a non-negative finite number. Received: %s" if self.new else "%s cannot be negative. Received: %s"
                raise self.errors.named(400, text % (field, value))

    def model_budget_text(self):
        return ("Invalid model_max_budget: You must have an enterprise license to set model_max_budget. %s. Example of valid model_max_budget: "
                "https://docs.litellm.ai/docs/proxy/users" % LICENCE)

    def into_metadata(self, body, metadata, fields=IN_METADATA + PREMIUM):
        """Move the fields that live in metadata; null is left out. Empty licensed lists are stored by 1.106."""
        out = dict(metadata or {})
        for field in fields:
            if body.get(field) is not None:
                out[field] = body[field]
        return out

    def window(self, values):
        """budget_reset_at follows budget_duration."""
        if values.get("budget_duration") is not None:
            values["budget_reset_at"] = times.reset_at(values["budget_duration"])
        elif "budget_duration" in values and self.new:
            values["budget_reset_at"] = None
