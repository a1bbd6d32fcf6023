-- What the tables of LiteLLM 1.106.2 have more than those of 1.81.15.

ALTER TABLE "LiteLLM_BudgetTable"
    ADD COLUMN "allowed_models" text[] DEFAULT '{}',
    ADD COLUMN "tpd_limit" bigint,
    ADD COLUMN "temp_budget_increase" float8,
    ADD COLUMN "temp_budget_expiry" timestamp(3);
ALTER TABLE "LiteLLM_UserTable"
    ADD COLUMN "password_reset_required" boolean,
    ADD COLUMN "last_breach_check_at" timestamp(3);
ALTER TABLE "LiteLLM_TeamTable"
    ADD COLUMN "budget_limits" jsonb,
    ADD COLUMN "default_team_member_models" text[] DEFAULT '{}',
    ADD COLUMN "tpd_limit" bigint;
ALTER TABLE "LiteLLM_TeamMembership"
    ADD COLUMN "total_spend" float8 NOT NULL DEFAULT 0.0;
ALTER TABLE "LiteLLM_VerificationToken"
    ADD COLUMN "agent_id" text,
    ADD COLUMN "budget_limits" jsonb,
    ADD COLUMN "budget_fallbacks" jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN "key_type" text,
    ADD COLUMN "settings_updated_at" timestamp(3),
    ADD COLUMN "tpd_limit" bigint,
    ADD COLUMN "total_spend" float8 NOT NULL DEFAULT 0.0;
ALTER TABLE "LiteLLM_DeletedVerificationToken"
    ADD COLUMN "agent_id" text,
    ADD COLUMN "budget_fallbacks" jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN "key_type" text,
    ADD COLUMN "settings_updated_at" timestamp(3),
    ADD COLUMN "tpd_limit" bigint,
    ADD COLUMN "total_spend" float8 NOT NULL DEFAULT 0.0;
ALTER TABLE "LiteLLM_DeletedTeamTable"
    ADD COLUMN "tpd_limit" bigint;
ALTER TABLE "LiteLLM_ProxyModelTable"
    ADD COLUMN "blocked" boolean NOT NULL DEFAULT false;
ALTER TABLE "LiteLLM_CredentialsTable"
    ADD COLUMN "display_name" text;
ALTER TABLE "LiteLLM_Config"
    ADD COLUMN "last_run_at" timestamp(3),
    ADD COLUMN "reload_revision" bigint NOT NULL DEFAULT 0;
ALTER TABLE "LiteLLM_SpendLogs"
    ADD COLUMN "request_duration_ms" integer,
    ADD COLUMN "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ADD COLUMN "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ADD COLUMN "litellm_call_id" text,
    ADD COLUMN "billing_agent_id" text;
