"""What the cost map adds to model_info on a read: the names as the two versions show them, the values of a few Claude ids.

Seen on litellm 1.106.2 and 1.81.15 (conform.py: "model info", "after repair"). Numbers are examples: a client must not compare them.
"""
import re

# shown as null for the Claude models of Bedrock
NULLS_NEW = (
    "input_cost_per_token_flex", "input_cost_per_token_priority", "input_cost_per_token_balanced", "input_cost_per_token_ultrafast",
    "cache_creation_input_token_cost_above_200k_tokens", "cache_creation_input_token_cost_above_272k_tokens",
    "cache_creation_input_token_cost_above_272k_tokens_priority", "cache_creation_input_token_cost_above_272k_tokens_flex",
    "cache_creation_input_token_cost_above_272k_tokens_ultrafast", "cache_creation_input_token_cost_flex",
    "cache_creation_input_token_cost_priority", "cache_creation_input_token_cost_ultrafast", "cache_read_input_audio_token_cost",
    "cache_read_input_token_cost_above_200k_tokens", "cache_read_input_token_cost_above_200k_tokens_priority",
    "cache_read_input_token_cost_above_272k_tokens", "cache_read_input_token_cost_above_272k_tokens_priority",
    "cache_read_input_token_cost_above_272k_tokens_flex", "cache_read_input_token_cost_above_272k_tokens_ultrafast",
    "cache_read_input_token_cost_above_512k_tokens", "cache_read_input_token_cost_flex", "cache_read_input_token_cost_priority",
    "cache_read_input_token_cost_balanced", "cache_read_input_token_cost_ultrafast", "cache_read_input_token_cost_batches",
    "cache_read_input_token_cost_above_200k_tokens_batches", "cache_read_input_token_cost_above_272k_tokens_batches",
    "cache_creation_input_token_cost_batches", "cache_creation_input_token_cost_above_200k_tokens_batches",
    "cache_creation_input_token_cost_above_272k_tokens_batches", "off_peak_pricing", "input_cost_per_character",
    "input_cost_per_token_above_128k_tokens", "input_cost_per_token_above_200k_tokens", "input_cost_per_token_above_200k_tokens_priority",
    "input_cost_per_token_above_272k_tokens", "input_cost_per_token_above_272k_tokens_priority", "input_cost_per_token_above_272k_tokens_flex",
    "input_cost_per_token_above_272k_tokens_ultrafast", "input_cost_per_token_above_512k_tokens", "input_cost_per_query", "cost_per_second",
    "input_cost_per_second", "input_cost_per_audio_token", "input_cost_per_image_token", "input_cost_per_video_token",
    "input_cost_per_audio_token_batches", "input_cost_per_image_token_batches", "input_cost_per_image", "input_cost_per_audio_per_second",
    "input_cost_per_video_per_second", "input_cost_per_token_batches", "input_cost_per_video_token_batches",
    "input_cost_per_token_above_200k_tokens_batches", "input_cost_per_token_above_272k_tokens_batches", "output_cost_per_token_batches",
    "output_cost_per_token_above_200k_tokens_batches", "output_cost_per_token_above_272k_tokens_batches", "output_cost_per_token_flex",
    "output_cost_per_token_priority", "output_cost_per_token_balanced", "output_cost_per_token_ultrafast",
    "regional_processing_uplift_multiplier_eu", "regional_processing_uplift_multiplier_us", "regional_endpoint_uplift_multiplier",
    "output_cost_per_audio_token", "output_cost_per_character", "output_cost_per_reasoning_token", "output_cost_per_reasoning_token_flex",
    "output_cost_per_reasoning_token_priority", "output_cost_per_token_above_128k_tokens", "output_cost_per_character_above_128k_tokens",
    "output_cost_per_token_above_200k_tokens", "output_cost_per_token_above_200k_tokens_priority", "output_cost_per_token_above_272k_tokens",
    "output_cost_per_token_above_272k_tokens_priority", "output_cost_per_token_above_272k_tokens_flex",
    "output_cost_per_token_above_272k_tokens_ultrafast", "output_cost_per_token_above_512k_tokens", "output_cost_per_second",
    "output_cost_per_second_1080p", "output_cost_per_second_480p", "output_cost_per_second_720p", "output_cost_per_second_768p",
    "output_cost_per_second_2k", "output_cost_per_second_4k", "output_cost_per_video_per_second", "output_cost_per_image", "output_cost_per_pixel",
    "output_cost_per_image_token", "output_cost_per_image_token_batches", "output_cost_per_video_token", "output_vector_size",
    "citation_cost_per_token", "tiered_pricing", "supported_endpoints", "supports_system_messages", "supports_parallel_function_calling",
    "supports_prompt_cache_breakpoint", "supports_thinking_cache_preservation", "supports_audio_input", "supports_video_input",
    "supports_box_questions", "supports_audio_output", "supports_embedding_image_input", "supports_native_streaming", "supports_web_search",
    "supports_url_context", "thinking_always_on", "supports_mid_conversation_system", "supports_anthropic_thinking_payload",
    "supports_anthropic_compaction", "supports_none_reasoning_effort", "supports_minimal_reasoning_effort", "supports_low_reasoning_effort",
    "supports_xhigh_reasoning_effort", "reasoning_effort_levels", "default_reasoning_effort", "bedrock_output_config_effort_ceiling",
    "bedrock_converse_supports_strict_tools", "supports_regex_lookaround", "web_search_billing_unit", "search_free_requests",
    "google_maps_grounding_cost_per_query", "tpm", "rpm", "ocr_cost_per_page", "ocr_cost_per_page_batches", "ocr_cost_per_credit",
    "annotation_cost_per_page", "annotation_cost_per_page_batches", "provider_specific_entry", "uses_embed_content", "supports_image_size",
    "supported_audio_formats", "token_count_framing", "token_count_tokenizer", "vertex_ai_audio_api",
)
NULLS_OLD = (
    "input_cost_per_token_flex", "input_cost_per_token_priority", "cache_read_input_token_cost_flex", "cache_read_input_token_cost_priority",
    "cache_creation_input_token_cost_above_1hr", "input_cost_per_character", "input_cost_per_token_above_128k_tokens", "input_cost_per_query",
    "input_cost_per_second", "input_cost_per_audio_token", "input_cost_per_image_token", "input_cost_per_image", "input_cost_per_audio_per_second",
    "input_cost_per_video_per_second", "input_cost_per_token_batches", "output_cost_per_token_batches", "output_cost_per_token_flex",
    "output_cost_per_token_priority", "output_cost_per_audio_token", "output_cost_per_character", "output_cost_per_reasoning_token",
    "output_cost_per_token_above_128k_tokens", "output_cost_per_character_above_128k_tokens", "output_cost_per_second",
    "output_cost_per_video_per_second", "output_cost_per_image", "output_cost_per_image_token", "output_vector_size", "citation_cost_per_token",
    "tiered_pricing", "supports_system_messages", "supports_audio_input", "supports_audio_output", "supports_embedding_image_input",
    "supports_native_streaming", "supports_web_search", "supports_url_context", "tpm", "rpm", "ocr_cost_per_page", "annotation_cost_per_page",
    "provider_specific_entry",
)
COMMON_NEW = {
    "prompt_cache_min_tokens": 1024,
    "cache_creation_input_token_cost_above_1hr": 6.6e-06,
    "supports_response_schema": True,
    "supports_vision": True,
    "supports_function_calling": True,
    "supports_tool_choice": True,
    "supports_assistant_prefill": False,
    "supports_prompt_caching": True,
    "supports_pdf_input": True,
    "supports_native_structured_output": True,
    "supports_reasoning": True,
    "supports_adaptive_thinking": True,
    "supports_legacy_thinking": True,
    "supports_tool_search": True,
    "supports_max_reasoning_effort": True,
    "supports_computer_use": True,
    "search_context_cost_per_query": {"search_context_size_high": 0.01, "search_context_size_low": 0.01, "search_context_size_medium": 0.01},
    "token_count_model": {"model": "anthropic.claude-sonnet-4-6", "litellm_provider": "bedrock"},
    "supported_openai_params": ["max_tokens", "max_completion_tokens", "stream", "stream_options", "stop", "temperature", "top_p", "extra_headers",
                                "response_format", "requestMetadata", "service_tier", "parallel_tool_calls", "tools", "tool_choice", "thinking",
                                "reasoning_effort", "output_config", "context_management"],
}
COMMON_OLD = {
    "cache_creation_input_token_cost_above_200k_tokens": 7.5e-06,
    "cache_read_input_token_cost_above_200k_tokens": 6e-07,
    "input_cost_per_token_above_200k_tokens": 6e-06,
    "output_cost_per_token_above_200k_tokens": 2.25e-05,
    "supports_response_schema": True,
    "supports_vision": True,
    "supports_function_calling": True,
    "supports_tool_choice": True,
    "supports_assistant_prefill": True,
    "supports_prompt_caching": True,
    "supports_pdf_input": True,
    "supports_reasoning": True,
    "supports_computer_use": True,
    "search_context_cost_per_query": {"search_context_size_high": 0.01, "search_context_size_low": 0.01, "search_context_size_medium": 0.01},
    "supported_openai_params": ["max_tokens", "max_completion_tokens", "stream", "stream_options", "stop", "temperature", "top_p", "extra_headers",
                                "response_format", "requestMetadata", "service_tier", "parallel_tool_calls", "tools", "tool_choice", "thinking",
                                "reasoning_effort"],
}
# base id: (context, output, input price, output price)
CLAUDE = {
    "anthropic.claude-sonnet-4-6": (1000000, 64000, 3e-06, 1.5e-05),
    "anthropic.claude-opus-4-6-v1": (1000000, 128000, 5e-06, 2.5e-05),
    "anthropic.claude-opus-4-5-20251101-v1:0": (200000, 64000, 5e-06, 2.5e-05),
    "anthropic.claude-sonnet-4-5-20250929-v1:0": (200000, 64000, 3e-06, 1.5e-05),
    "anthropic.claude-sonnet-4-20250514-v1:0": (200000, 64000, 3e-06, 1.5e-05),
    "anthropic.claude-haiku-4-5-20251001-v1:0": (200000, 64000, 1e-06, 5e-06),
    "anthropic.claude-3-5-sonnet-20241022-v2:0": (200000, 8192, 3e-06, 1.5e-05),
    "anthropic.claude-3-haiku-20240307-v1:0": (200000, 4096, 2.5e-07, 1.25e-06),
}
# a bare id that 1.81.15 does not know, so that it does not load without a provider
UNKNOWN_BARE_OLD = {"au.anthropic.claude-sonnet-4-6"}
PRICED = ("max_tokens", "max_input_tokens", "max_output_tokens", "input_cost_per_token", "output_cost_per_token", "cache_creation_input_token_cost",
          "cache_read_input_token_cost", "mode")
REGION = re.compile(r"^(global|us|eu|apac|jp|au|us-gov)\.")
ROUTES = re.compile(r"^bedrock/(converse/|invoke/|[a-z]{2}-[a-z]+-\d/)?")
# providers by the first part of a model's name; bedrock_converse is a label of the cost map and no provider
PROVIDERS = {"bedrock", "openai", "azure", "anthropic", "vertex_ai", "gemini", "mistral", "groq", "cohere", "ollama", "deepseek", "xai", "openrouter",
             "together_ai", "fireworks_ai", "huggingface", "replicate", "sagemaker", "watsonx", "databricks", "perplexity", "hosted_vllm", "azure_ai",
             "litellm_proxy", "nvidia_nim", "cerebras", "text-completion-openai", "custom_openai"}
KNOWN_BARE = re.compile(r"^(gpt-(3\.5|4|4o|4\.1|5)|o[134]|claude-(opus|sonnet|haiku|3)|text-embedding-|gemini-)")


def base_id(model):
    """The id of the cost map: without route and region."""
    return REGION.sub("", ROUTES.sub("", model))


def has_provider(params, new):
    """Whether the router can work out a provider, and so loads the row."""
    model, named = params.get("model") or "", params.get("custom_llm_provider")
    if named:
        return named in PROVIDERS
    head, slash, _ = model.partition("/")
    if slash and head in PROVIDERS:
        return True
    if slash:
        return False
    return bool(KNOWN_BARE.match(model)) or (base_id(model) in CLAUDE and (new or model not in UNKNOWN_BARE_OLD))


def unknown(params, model):
    """1.106 shows every name as null for a model that its cost map does not hold."""
    out = dict.fromkeys(NULLS_NEW + tuple(COMMON_NEW) + PRICED)
    out.update(key=model, litellm_provider=params.get("custom_llm_provider") or model.partition("/")[0],
               supported_openai_params=["max_tokens", "max_completion_tokens", "stream"])
    return out


def fill(params, new):
    """What the cost map says of the model; nothing for one that it does not hold."""
    model = params.get("model") or ""
    base = base_id(model)
    if base not in CLAUDE or (not new and model in UNKNOWN_BARE_OLD):
        return unknown(params, model) if new else {}
    context, output, price_in, price_out = CLAUDE[base]
    out = {"key": ROUTES.sub("", model) if new else base, "max_tokens": output, "max_input_tokens": context, "max_output_tokens": output,
           "input_cost_per_token": price_in, "output_cost_per_token": price_out, "cache_creation_input_token_cost": price_in * 1.25,
           "cache_read_input_token_cost": price_in / 10, "litellm_provider": "bedrock_converse", "mode": "chat"}
    out.update(dict.fromkeys(NULLS_NEW if new else NULLS_OLD))
    out.update(COMMON_NEW if new else COMMON_OLD)
    return out
