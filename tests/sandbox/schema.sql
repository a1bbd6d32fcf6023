-- The tables of LiteLLM 1.81.15 that the stand-in and liteform read: columns, types, NOT NULL, defaults, keys.
-- Mixed-case names: always quoted. Timestamps have no zone and hold UTC. schema-1.106.sql adds what 1.106.2 has more.

CREATE TABLE "LiteLLM_BudgetTable" (
    "budget_id" text NOT NULL,
    "max_budget" float8,
    "soft_budget" float8,
    "max_parallel_requests" integer,
    "tpm_limit" bigint,
    "rpm_limit" bigint,
    "model_max_budget" jsonb,
    "budget_duration" text,
    "budget_reset_at" timestamp(3),
    "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" text NOT NULL,
    "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_by" text NOT NULL,
    PRIMARY KEY (budget_id)
);
CREATE TABLE "LiteLLM_ModelTable" (
    "id" serial NOT NULL,
    "aliases" jsonb,
    "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" text NOT NULL,
    "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_by" text NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE "LiteLLM_OrganizationTable" (
    "organization_id" text NOT NULL,
    "organization_alias" text NOT NULL,
    "budget_id" text NOT NULL,
    "metadata" jsonb NOT NULL DEFAULT '{}',
    "models" text[],
    "spend" float8 NOT NULL DEFAULT 0.0,
    "model_spend" jsonb NOT NULL DEFAULT '{}',
    "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" text NOT NULL,
    "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_by" text NOT NULL,
    "object_permission_id" text,
    PRIMARY KEY (organization_id)
);
CREATE TABLE "LiteLLM_UserTable" (
    "user_id" text NOT NULL,
    "user_alias" text,
    "team_id" text,
    "sso_user_id" text,
    "organization_id" text,
    "password" text,
    "teams" text[] DEFAULT '{}',
    "user_role" text,
    "max_budget" float8,
    "spend" float8 NOT NULL DEFAULT 0.0,
    "user_email" text,
    "models" text[],
    "metadata" jsonb NOT NULL DEFAULT '{}',
    "max_parallel_requests" integer,
    "tpm_limit" bigint,
    "rpm_limit" bigint,
    "budget_duration" text,
    "budget_reset_at" timestamp(3),
    "allowed_cache_controls" text[] DEFAULT '{}',
    "model_spend" jsonb NOT NULL DEFAULT '{}',
    "model_max_budget" jsonb NOT NULL DEFAULT '{}',
    "created_at" timestamp(3) DEFAULT CURRENT_TIMESTAMP,
    "updated_at" timestamp(3) DEFAULT CURRENT_TIMESTAMP,
    "object_permission_id" text,
    "policies" text[] DEFAULT '{}',
    PRIMARY KEY (user_id)
);
CREATE TABLE "LiteLLM_TeamTable" (
    "team_id" text NOT NULL,
    "team_alias" text,
    "organization_id" text,
    "admins" text[],
    "members" text[],
    "members_with_roles" jsonb NOT NULL DEFAULT '{}',
    "metadata" jsonb NOT NULL DEFAULT '{}',
    "max_budget" float8,
    "spend" float8 NOT NULL DEFAULT 0.0,
    "models" text[],
    "max_parallel_requests" integer,
    "tpm_limit" bigint,
    "rpm_limit" bigint,
    "budget_duration" text,
    "budget_reset_at" timestamp(3),
    "blocked" boolean NOT NULL DEFAULT false,
    "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "model_spend" jsonb NOT NULL DEFAULT '{}',
    "model_max_budget" jsonb NOT NULL DEFAULT '{}',
    "model_id" integer,
    "team_member_permissions" text[] DEFAULT '{}',
    "object_permission_id" text,
    "router_settings" jsonb DEFAULT '{}',
    "policies" text[] DEFAULT '{}',
    "allow_team_guardrail_config" boolean NOT NULL DEFAULT false,
    "soft_budget" float8,
    "access_group_ids" text[] DEFAULT '{}',
    PRIMARY KEY (team_id)
);
CREATE TABLE "LiteLLM_TeamMembership" (
    "user_id" text NOT NULL,
    "team_id" text NOT NULL,
    "spend" float8 NOT NULL DEFAULT 0.0,
    "budget_id" text,
    PRIMARY KEY (user_id, team_id)
);
CREATE TABLE "LiteLLM_OrganizationMembership" (
    "user_id" text NOT NULL,
    "organization_id" text NOT NULL,
    "user_role" text,
    "spend" float8 DEFAULT 0.0,
    "budget_id" text,
    "created_at" timestamp(3) DEFAULT CURRENT_TIMESTAMP,
    "updated_at" timestamp(3) DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (user_id, organization_id)
);
CREATE TABLE "LiteLLM_VerificationToken" (
    "token" text NOT NULL,
    "key_name" text,
    "key_alias" text,
    "soft_budget_cooldown" boolean NOT NULL DEFAULT false,
    "spend" float8 NOT NULL DEFAULT 0.0,
    "expires" timestamp(3),
    "models" text[],
    "aliases" jsonb NOT NULL DEFAULT '{}',
    "config" jsonb NOT NULL DEFAULT '{}',
    "user_id" text,
    "team_id" text,
    "permissions" jsonb NOT NULL DEFAULT '{}',
    "max_parallel_requests" integer,
    "metadata" jsonb NOT NULL DEFAULT '{}',
    "blocked" boolean,
    "tpm_limit" bigint,
    "rpm_limit" bigint,
    "max_budget" float8,
    "budget_duration" text,
    "budget_reset_at" timestamp(3),
    "allowed_cache_controls" text[] DEFAULT '{}',
    "model_spend" jsonb NOT NULL DEFAULT '{}',
    "model_max_budget" jsonb NOT NULL DEFAULT '{}',
    "budget_id" text,
    "organization_id" text,
    "created_at" timestamp(3) DEFAULT CURRENT_TIMESTAMP,
    "created_by" text,
    "updated_at" timestamp(3) DEFAULT CURRENT_TIMESTAMP,
    "updated_by" text,
    "allowed_routes" text[] DEFAULT '{}',
    "object_permission_id" text,
    "auto_rotate" boolean DEFAULT false,
    "key_rotation_at" timestamp(3),
    "last_rotation_at" timestamp(3),
    "rotation_count" integer DEFAULT 0,
    "rotation_interval" text,
    "project_id" text,
    "router_settings" jsonb DEFAULT '{}',
    "policies" text[] DEFAULT '{}',
    "access_group_ids" text[] DEFAULT '{}',
    "last_active" timestamp(3),
    PRIMARY KEY (token)
);
CREATE TABLE "LiteLLM_DeprecatedVerificationToken" (
    "id" text NOT NULL,
    "token" text NOT NULL,
    "active_token_id" text NOT NULL,
    "revoke_at" timestamp(3) NOT NULL,
    "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (id)
);
CREATE TABLE "LiteLLM_DeletedVerificationToken" (
    "id" text NOT NULL,
    "token" text NOT NULL,
    "key_name" text,
    "key_alias" text,
    "soft_budget_cooldown" boolean NOT NULL DEFAULT false,
    "spend" float8 NOT NULL DEFAULT 0.0,
    "expires" timestamp(3),
    "models" text[],
    "aliases" jsonb NOT NULL DEFAULT '{}',
    "config" jsonb NOT NULL DEFAULT '{}',
    "user_id" text,
    "team_id" text,
    "permissions" jsonb NOT NULL DEFAULT '{}',
    "max_parallel_requests" integer,
    "metadata" jsonb NOT NULL DEFAULT '{}',
    "blocked" boolean,
    "tpm_limit" bigint,
    "rpm_limit" bigint,
    "max_budget" float8,
    "budget_duration" text,
    "budget_reset_at" timestamp(3),
    "allowed_cache_controls" text[] DEFAULT '{}',
    "allowed_routes" text[] DEFAULT '{}',
    "model_spend" jsonb NOT NULL DEFAULT '{}',
    "model_max_budget" jsonb NOT NULL DEFAULT '{}',
    "budget_id" text,
    "organization_id" text,
    "object_permission_id" text,
    "created_at" timestamp(3),
    "created_by" text,
    "updated_at" timestamp(3),
    "updated_by" text,
    "rotation_count" integer DEFAULT 0,
    "auto_rotate" boolean DEFAULT false,
    "rotation_interval" text,
    "last_rotation_at" timestamp(3),
    "key_rotation_at" timestamp(3),
    "deleted_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_by" text,
    "deleted_by_api_key" text,
    "litellm_changed_by" text,
    "router_settings" jsonb DEFAULT '{}',
    "policies" text[] DEFAULT '{}',
    "access_group_ids" text[] DEFAULT '{}',
    "last_active" timestamp(3),
    "project_id" text,
    PRIMARY KEY (id)
);
CREATE TABLE "LiteLLM_DeletedTeamTable" (
    "id" text NOT NULL,
    "team_id" text NOT NULL,
    "team_alias" text,
    "organization_id" text,
    "object_permission_id" text,
    "admins" text[],
    "members" text[],
    "members_with_roles" jsonb NOT NULL DEFAULT '{}',
    "metadata" jsonb NOT NULL DEFAULT '{}',
    "max_budget" float8,
    "spend" float8 NOT NULL DEFAULT 0.0,
    "models" text[],
    "max_parallel_requests" integer,
    "tpm_limit" bigint,
    "rpm_limit" bigint,
    "budget_duration" text,
    "budget_reset_at" timestamp(3),
    "blocked" boolean NOT NULL DEFAULT false,
    "model_spend" jsonb NOT NULL DEFAULT '{}',
    "model_max_budget" jsonb NOT NULL DEFAULT '{}',
    "team_member_permissions" text[] DEFAULT '{}',
    "model_id" integer,
    "created_at" timestamp(3),
    "updated_at" timestamp(3),
    "deleted_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_by" text,
    "deleted_by_api_key" text,
    "litellm_changed_by" text,
    "router_settings" jsonb DEFAULT '{}',
    "policies" text[] DEFAULT '{}',
    "allow_team_guardrail_config" boolean NOT NULL DEFAULT false,
    "soft_budget" float8,
    "access_group_ids" text[] DEFAULT '{}',
    PRIMARY KEY (id)
);
CREATE TABLE "LiteLLM_ProxyModelTable" (
    "model_id" text NOT NULL,
    "model_name" text NOT NULL,
    "litellm_params" jsonb NOT NULL,
    "model_info" jsonb,
    "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" text NOT NULL,
    "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_by" text NOT NULL,
    PRIMARY KEY (model_id)
);
CREATE TABLE "LiteLLM_CredentialsTable" (
    "credential_id" text NOT NULL,
    "credential_name" text NOT NULL,
    "credential_values" jsonb NOT NULL,
    "credential_info" jsonb,
    "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" text NOT NULL,
    "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_by" text NOT NULL,
    PRIMARY KEY (credential_id)
);
CREATE TABLE "LiteLLM_Config" (
    "param_name" text NOT NULL,
    "param_value" jsonb,
    PRIMARY KEY (param_name)
);
CREATE TABLE "LiteLLM_InvitationLink" (
    "id" text NOT NULL,
    "user_id" text NOT NULL,
    "is_accepted" boolean NOT NULL DEFAULT false,
    "accepted_at" timestamp(3),
    "expires_at" timestamp(3) NOT NULL,
    "created_at" timestamp(3) NOT NULL,
    "created_by" text NOT NULL,
    "updated_at" timestamp(3) NOT NULL,
    "updated_by" text NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE "LiteLLM_SpendLogs" (
    "request_id" text NOT NULL,
    "call_type" text NOT NULL,
    "api_key" text NOT NULL DEFAULT '',
    "spend" float8 NOT NULL DEFAULT 0.0,
    "total_tokens" integer NOT NULL DEFAULT 0,
    "prompt_tokens" integer NOT NULL DEFAULT 0,
    "completion_tokens" integer NOT NULL DEFAULT 0,
    "startTime" timestamp(3) NOT NULL,
    "endTime" timestamp(3) NOT NULL,
    "completionStartTime" timestamp(3),
    "model" text NOT NULL DEFAULT '',
    "model_id" text DEFAULT '',
    "model_group" text DEFAULT '',
    "custom_llm_provider" text DEFAULT '',
    "api_base" text DEFAULT '',
    "user" text DEFAULT '',
    "metadata" jsonb DEFAULT '{}',
    "cache_hit" text DEFAULT '',
    "cache_key" text DEFAULT '',
    "request_tags" jsonb DEFAULT '[]',
    "team_id" text,
    "end_user" text,
    "requester_ip_address" text,
    "messages" jsonb DEFAULT '{}',
    "response" jsonb DEFAULT '{}',
    "proxy_server_request" jsonb DEFAULT '{}',
    "session_id" text,
    "status" text,
    "mcp_namespaced_tool_name" text,
    "organization_id" text,
    "agent_id" text,
    PRIMARY KEY (request_id)
);
CREATE TABLE "LiteLLM_AuditLog" (
    "id" text NOT NULL,
    "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "changed_by" text NOT NULL DEFAULT '',
    "changed_by_api_key" text NOT NULL DEFAULT '',
    "action" text NOT NULL,
    "table_name" text NOT NULL,
    "object_id" text NOT NULL,
    "before_value" jsonb,
    "updated_values" jsonb,
    PRIMARY KEY (id)
);
CREATE TABLE "LiteLLM_HealthCheckTable" (
    "health_check_id" text NOT NULL,
    "model_name" text NOT NULL,
    "model_id" text,
    "status" text NOT NULL,
    "healthy_count" integer NOT NULL DEFAULT 0,
    "unhealthy_count" integer NOT NULL DEFAULT 0,
    "error_message" text,
    "response_time_ms" float8,
    "details" jsonb,
    "checked_by" text,
    "checked_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" timestamp(3) NOT NULL,
    PRIMARY KEY (health_check_id)
);
CREATE TABLE "LiteLLM_AccessGroupTable" (
    "access_group_id" text NOT NULL,
    "access_group_name" text NOT NULL,
    "description" text,
    "access_mcp_server_ids" text[] DEFAULT '{}',
    "access_agent_ids" text[] DEFAULT '{}',
    "assigned_team_ids" text[] DEFAULT '{}',
    "assigned_key_ids" text[] DEFAULT '{}',
    "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" text,
    "updated_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_by" text,
    "access_model_names" text[] DEFAULT '{}',
    PRIMARY KEY (access_group_id)
);

CREATE UNIQUE INDEX "LiteLLM_CredentialsTable_credential_name_key" ON "LiteLLM_CredentialsTable" (credential_name);
CREATE UNIQUE INDEX "LiteLLM_TeamTable_model_id_key" ON "LiteLLM_TeamTable" (model_id);
CREATE UNIQUE INDEX "LiteLLM_UserTable_sso_user_id_key" ON "LiteLLM_UserTable" (sso_user_id);
CREATE UNIQUE INDEX "LiteLLM_OrganizationMembership_user_id_organization_id_key" ON "LiteLLM_OrganizationMembership" (user_id, organization_id);
CREATE UNIQUE INDEX "LiteLLM_DeprecatedVerificationToken_token_key" ON "LiteLLM_DeprecatedVerificationToken" (token);
CREATE UNIQUE INDEX "LiteLLM_AccessGroupTable_access_group_name_key" ON "LiteLLM_AccessGroupTable" (access_group_name);

ALTER TABLE "LiteLLM_InvitationLink" ADD CONSTRAINT "LiteLLM_InvitationLink_created_by_fkey" FOREIGN KEY (created_by) REFERENCES "LiteLLM_UserTable"(user_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE "LiteLLM_InvitationLink" ADD CONSTRAINT "LiteLLM_InvitationLink_updated_by_fkey" FOREIGN KEY (updated_by) REFERENCES "LiteLLM_UserTable"(user_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE "LiteLLM_InvitationLink" ADD CONSTRAINT "LiteLLM_InvitationLink_user_id_fkey" FOREIGN KEY (user_id) REFERENCES "LiteLLM_UserTable"(user_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE "LiteLLM_OrganizationMembership" ADD CONSTRAINT "LiteLLM_OrganizationMembership_budget_id_fkey" FOREIGN KEY (budget_id) REFERENCES "LiteLLM_BudgetTable"(budget_id) ON UPDATE CASCADE ON DELETE SET NULL;
ALTER TABLE "LiteLLM_OrganizationMembership" ADD CONSTRAINT "LiteLLM_OrganizationMembership_organization_id_fkey" FOREIGN KEY (organization_id) REFERENCES "LiteLLM_OrganizationTable"(organization_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE "LiteLLM_OrganizationMembership" ADD CONSTRAINT "LiteLLM_OrganizationMembership_user_id_fkey" FOREIGN KEY (user_id) REFERENCES "LiteLLM_UserTable"(user_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE "LiteLLM_OrganizationTable" ADD CONSTRAINT "LiteLLM_OrganizationTable_budget_id_fkey" FOREIGN KEY (budget_id) REFERENCES "LiteLLM_BudgetTable"(budget_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE "LiteLLM_TeamMembership" ADD CONSTRAINT "LiteLLM_TeamMembership_budget_id_fkey" FOREIGN KEY (budget_id) REFERENCES "LiteLLM_BudgetTable"(budget_id) ON UPDATE CASCADE ON DELETE SET NULL;
ALTER TABLE "LiteLLM_TeamTable" ADD CONSTRAINT "LiteLLM_TeamTable_model_id_fkey" FOREIGN KEY (model_id) REFERENCES "LiteLLM_ModelTable"(id) ON UPDATE CASCADE ON DELETE SET NULL;
ALTER TABLE "LiteLLM_TeamTable" ADD CONSTRAINT "LiteLLM_TeamTable_organization_id_fkey" FOREIGN KEY (organization_id) REFERENCES "LiteLLM_OrganizationTable"(organization_id) ON UPDATE CASCADE ON DELETE SET NULL;
ALTER TABLE "LiteLLM_UserTable" ADD CONSTRAINT "LiteLLM_UserTable_organization_id_fkey" FOREIGN KEY (organization_id) REFERENCES "LiteLLM_OrganizationTable"(organization_id) ON UPDATE CASCADE ON DELETE SET NULL;
ALTER TABLE "LiteLLM_VerificationToken" ADD CONSTRAINT "LiteLLM_VerificationToken_budget_id_fkey" FOREIGN KEY (budget_id) REFERENCES "LiteLLM_BudgetTable"(budget_id) ON UPDATE CASCADE ON DELETE SET NULL;
ALTER TABLE "LiteLLM_VerificationToken" ADD CONSTRAINT "LiteLLM_VerificationToken_organization_id_fkey" FOREIGN KEY (organization_id) REFERENCES "LiteLLM_OrganizationTable"(organization_id) ON UPDATE CASCADE ON DELETE SET NULL;

CREATE INDEX "LiteLLM_VerificationToken_team_id_idx" ON "LiteLLM_VerificationToken" (team_id);
CREATE INDEX "LiteLLM_TeamTable_created_at_idx" ON "LiteLLM_TeamTable" (created_at);

CREATE TABLE "_prisma_migrations" (
    id varchar(36) PRIMARY KEY,
    checksum varchar(64) NOT NULL,
    finished_at timestamptz,
    migration_name varchar(255) NOT NULL,
    logs text,
    rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0
);
