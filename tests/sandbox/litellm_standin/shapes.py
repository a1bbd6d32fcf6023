"""How a row of a table looks in an answer: which columns are left out, what is added.

Read from real answers of 1.106.2 and 1.81.15 (conform.py compares every one of them).
"""
TEAM_HIDDEN_OLD = ("model_spend", "model_max_budget", "policies", "allow_team_guardrail_config")
USER_HIDDEN_OLD = ("team_id", "organization_id", "password", "max_parallel_requests", "allowed_cache_controls", "object_permission_id", "policies")
USER_RELATIONS = dict.fromkeys(("litellm_organization_table", "organization_memberships", "invitations_created", "invitations_updated", "invitations_user",
                                "object_permission"))
BUDGET_RELATIONS = dict.fromkeys(("organization", "projects", "keys", "end_users", "tags", "team_membership", "organization_membership"))
KEY_RELATIONS = dict.fromkeys(("litellm_budget_table", "litellm_organization_table", "litellm_project_table", "object_permission"))
KEY_GENERATED_OLD = dict.fromkeys(("duration", "model_rpm_limit", "model_tpm_limit", "guardrails", "prompts", "object_permission", "tags", "enforced_params",
                                   "allowed_passthrough_routes", "allowed_vector_store_indexes", "rpm_limit_type", "tpm_limit_type", "litellm_budget_table"))
KEY_GENERATED_NEW = {**KEY_GENERATED_OLD, **dict.fromkeys((
    "mcp_rpm_limit", "tag_rpm_limit", "default_estimated_output_tokens", "default_estimated_output_tokens_per_model", "end_user_budget_id",
    "disable_global_guardrails", "enable_prompt_caching", "throttle_on_budget_exceeded", "denied_passthrough_routes"))}
KEY_GENERATED_HIDDEN = ("soft_budget_cooldown", "budget_reset_at", "model_spend", "object_permission_id", "auto_rotate", "key_rotation_at", "last_rotation_at",
                        "rotation_count", "rotation_interval", "last_active", "settings_updated_at", "total_spend")
KEY_VIEW_OLD = {**dict.fromkeys((
    "team_spend", "team_alias", "team_tpm_limit", "team_rpm_limit", "team_max_budget", "team_soft_budget", "soft_budget", "team_model_aliases", "team_member",
    "team_metadata", "team_object_permission_id", "team_member_spend", "team_member_tpm_limit", "team_member_rpm_limit", "end_user_id", "end_user_tpm_limit",
    "end_user_rpm_limit", "end_user_max_budget", "organization_max_budget", "organization_tpm_limit", "organization_rpm_limit", "organization_metadata",
    "last_refreshed_at", "api_key", "user_role", "allowed_model_region", "parent_otel_span", "rpm_limit_per_model", "tpm_limit_per_model", "user_tpm_limit",
    "user_rpm_limit", "user_email", "user_spend", "user_max_budget", "request_route", "user", "end_user_object_permission")),
    "team_models": [], "team_blocked": False}
KEY_VIEW_NEW = {**KEY_VIEW_OLD, **dict.fromkeys((
    "team_tpd_limit", "team_model_max_budget", "end_user_tpd_limit", "end_user_model_max_budget", "organization_alias", "project_alias", "project_metadata",
    "user_model_max_budget", "created_by_user", "team_object_permission", "jwt_claims")), "is_session_token": False}
ROUTER_OLD = {**dict.fromkeys(("routing_strategy_args", "routing_strategy", "model_group_retry_policy", "allowed_fails", "cooldown_time", "num_retries", "timeout",
                               "max_retries", "retry_after", "fallbacks", "context_window_fallbacks")), "model_group_alias": {}}
ROUTER_NEW = {**ROUTER_OLD, **dict.fromkeys(("routing_groups", "retry_policy", "model_group_affinity_config", "enable_tag_filtering", "weights",
                                             "tag_routing_prefix", "optional_pre_call_checks"))}
TIMES = ("created_at", "updated_at", "expires", "budget_reset_at", "last_active", "settings_updated_at", "key_rotation_at", "last_rotation_at", "deleted_at",
         "temp_budget_expiry")


def without(row, names):
    return {k: v for k, v in row.items() if k not in names}


def offset_times(row):
    """Some answers write +00:00 where others write Z, always with six digits unless zero."""
    out = dict(row)
    for name in TIMES:
        if isinstance(out.get(name), str) and out[name].endswith("Z"):
            out[name] = out[name][:-1] + "+00:00"
    return out


class Shapes:
    def __init__(self, new):
        self.new = new

    # ---- teams ------------------------------------------------------------------------------------

    def team(self, row, aliases=None):
        """The team as most routes show it."""
        out = row if self.new else without(row, TEAM_HIDDEN_OLD)
        return {**out, "litellm_model_table": self.aliases(aliases, False), "object_permission": None}

    def team_row(self, row, aliases=None):
        """The team as /team/update, /team/model/* and /team/block show it."""
        return {**row, "litellm_organization_table": None, "litellm_model_table": self.aliases(aliases, True), "object_permission": None, "projects": None}

    def aliases(self, row, times):
        if row is None:
            return None
        out = {"id": row["id"], "model_aliases": row["aliases"], "created_by": row["created_by"], "updated_by": row["updated_by"], "team": None}
        if times:
            out.update(created_at=row["created_at"], updated_at=row["updated_at"])
        return out

    def membership(self, row, budget):
        return {**row, "litellm_budget_table": self.member_budget(budget)}

    def member_budget(self, budget):
        if budget is None:
            return None
        hidden = ("created_by", "updated_at", "updated_by")
        return without(budget, hidden if self.new else hidden + ("budget_reset_at", "created_at"))

    def budget(self, row):
        if row is None:
            return None
        return {**row, **BUDGET_RELATIONS, **({"model_access_groups": None} if self.new else {})}

    # ---- users ------------------------------------------------------------------------------------

    def user_row(self, row):
        """The user as /user/info and /user/update show it."""
        out = {**(without(row, ("password",)) if self.new else row), **USER_RELATIONS}
        if self.new:
            out["verified_subjects"] = None
        return out

    def user_item(self, row):
        """The user as /user/list and member_add show it."""
        out = without(row, ("password",) if self.new else USER_HIDDEN_OLD)
        return {**out, "organization_memberships": None, "object_permission": None}

    # ---- keys -------------------------------------------------------------------------------------

    def key_generated(self, row, plain, budget):
        """The answer of /key/generate."""
        out = without(row, KEY_GENERATED_HIDDEN)
        out.update(KEY_GENERATED_NEW if self.new else KEY_GENERATED_OLD)
        out.update(key=plain, token_id=row["token"], litellm_budget_table=self.budget(budget), policies=None,
                   router_settings={**(ROUTER_NEW if self.new else ROUTER_OLD), **(row["router_settings"] or {})})
        return out

    def key_row(self, row, budget=None):
        """The row with its relations; times with +00:00."""
        out = {**offset_times(row), **KEY_RELATIONS}
        if budget is not None:
            out["litellm_budget_table"] = offset_times(self.budget(budget))
        if self.new:
            out["jwt_key_mappings"] = None
        return out

    def key_unblocked(self, row):
        """The row as /key/unblock shows it, and as a part of a team."""
        return {**row, **KEY_RELATIONS, **({"jwt_key_mappings": None} if self.new else {})}

    def key_part(self, row, budget):
        """A key inside /user/info and /team/info: only `expires` is written with +00:00."""
        out = {**self.key_unblocked(row), "litellm_budget_table": self.budget(budget)}
        if out["expires"]:
            out["expires"] = offset_times({"expires": out["expires"]})["expires"]
        return out

    def key_short(self, row):
        """The row as /key/block shows it."""
        hidden = ("organization_id", "policies") if self.new else ("organization_id", "policies", "budget_id")
        return {**without(row, hidden), "litellm_budget_table": None, "org_id": row["organization_id"], "object_permission": None}

    def key_item(self, row, budget=None):
        """An object of /key/list."""
        out = {**self.key_short(row), **(KEY_VIEW_NEW if self.new else KEY_VIEW_OLD)}
        if self.new:
            out["litellm_budget_table"] = self.budget(budget)
        return out

    def deleted_key(self, row):
        """1.106 shows a deleted key with status "deleted"."""
        hidden = ("token", "policies")
        out = {**offset_times(without(row, hidden)), "litellm_budget_table": None, "org_id": row["organization_id"], "object_permission": None,
               "status": "deleted"}
        out.setdefault("budget_limits", None)
        return out
