/*
 * Names that LiteLLM reads below litellm_params and model_info. Any other name is passed on to the
 * provider (params) or kept and never looked at (info): a misspelt one gives no error anywhere.
 *
 * Source: BerriAI/litellm types/router.py and the price keys of model_prices_and_context_window.json,
 * 1.81.15; names that have a field of their own in the spec are not repeated here.
 */
#include "base/text.h"
#include "kinds/model.h"

static const char *param_names[] = {"additional_drop_params", "allowed_openai_params", "api_base",
    "api_version", "aws_access_key_id", "aws_bedrock_runtime_endpoint", "aws_external_id",
    "aws_profile_name", "aws_region_name", "aws_role_name", "aws_secret_access_key",
    "aws_session_name", "aws_session_token", "aws_sts_endpoint", "aws_web_identity_token",
    "cache_control_injection_points", "cache_creation_input_token_cost",
    "cache_read_input_token_cost", "configurable_clientside_auth_params", "cooldown_time",
    "custom_llm_provider", "default_max_tokens", "extra_body", "extra_headers", "frequency_penalty",
    "gcs_bucket_name", "input_cost_per_second", "max_completion_tokens", "max_file_size_mb",
    "max_parallel_requests", "max_tokens", "merge_reasoning_content_in_choices", "mock_response",
    "modify_params", "num_retries", "organization", "output_cost_per_second", "presence_penalty",
    "reasoning_effort", "region_name", "response_format", "retry_policy", "s3_bucket_name", "seed",
    "stop", "stream", "temperature", "thinking", "top_k", "top_p", "use_in_pass_through",
    "use_litellm_proxy", "vector_store_id", "vertex_credentials", "vertex_location",
    "vertex_project", "watsonx_region_name"};

static const char *info_names[] = {"access_groups", "base_model", "cache_creation_input_token_cost",
    "cache_read_input_token_cost", "description", "disable_background_health_check",
    "health_check_model", "health_check_timeout", "input_cost_per_token", "max_input_tokens",
    "max_output_tokens", "max_tokens", "mode", "output_cost_per_token", "output_vector_size",
    "supported_environments", "supports_assistant_prefill", "supports_computer_use",
    "supports_function_calling", "supports_pdf_input", "supports_prompt_caching",
    "supports_reasoning", "supports_response_schema", "supports_tool_choice", "supports_vision",
    "team_id", "team_public_model_name", "tier"};

static void check_map(const struct check_context *context, const struct resource *resource,
    const char *field, const struct strings *names)
{
    const struct node *map = node_get(resource->fields, field);

    for (uint32_t i = 0; node_is(map, NODE_MAP) && i < map->count; i++) {
        const struct pair *pair = &map->pairs[i];
        const char *near = strings_has(names, pair->key) ? NULL : text_nearest(pair->key, names);

        if (near != NULL) {
            diag_at(context->diags, "LF027", pair_span(pair),
                arena_printf(context->arena, "did you mean %s?", near),
                "%s.%s is no name that LiteLLM reads, and close to one that it does", field,
                pair->key)
                ->address = resource->address;
        }
    }
}

void model_check_names(const struct check_context *context, const struct resource *resource)
{
    const struct strings params = {
        .at = param_names, .count = sizeof(param_names) / sizeof(param_names[0])};
    const struct strings info = {
        .at = info_names, .count = sizeof(info_names) / sizeof(info_names[0])};

    check_map(context, resource, "params", &params);
    check_map(context, resource, "info", &info);
}
