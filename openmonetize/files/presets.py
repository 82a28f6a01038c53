"""Mappings for the usage files of well-known tools, as data. `--map` and `--set` come before what a preset says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

from openmonetize.providers import otel

_CACHE_READ, _CACHE_WRITE = f"metadata.{otel.CACHE_READ}", f"metadata.{otel.CACHE_WRITE}"
_CACHE_WRITE_5M, _CACHE_WRITE_1H = f"metadata.{otel.CACHE_WRITE_5M}", f"metadata.{otel.CACHE_WRITE_1H}"
_SERVICE_TIER, _BATCH = f"metadata.{otel.SERVICE_TIER}", f"metadata.{otel.BATCH}"


class Preset(NamedTuple):
    """A mapping.

    Attributes:
        columns: by field of an event, the expression that gives it (see `openmonetize.files.expressions`).
        constants: by field of an event, its value.
        records: the names of the lists within a JSON object that hold the rows.
        only: by column, the one value that rows with usage have; other rows are left out.
        free: by column, the text that rows have which cost nothing, in lower case; they are left out.
        providers: the platform's name of a provider by the file's, where that is another name for the same.
        id_column: the column that identifies a row; None if there is none. Rows without a value are identified by
            their content.
        sums: whether a row is the sum of many calls.
        caches_apart: an expression of those tokens of caches that the input tokens leave out; None if there are none.
    """

    columns: Mapping[str, str]
    constants: Mapping[str, Any] = {}
    records: tuple[str, ...] = ()
    only: Mapping[str, str] = {}
    free: Mapping[str, str] = {}
    providers: Mapping[str, str] = {}
    id_column: Optional[str] = None
    sums: bool = False
    caches_apart: Optional[str] = None


# Names that routers give to the vendors that the platform takes: slugs of OpenRouter's models
# (https://openrouter.ai/docs/api-reference/list-available-models), LiteLLM's `custom_llm_provider`
# (https://docs.litellm.ai/docs/providers). `vertex_ai`, `bedrock` and `azure` sell several vendors' models.
_VENDORS = {"mistralai": "MISTRAL", "gemini": "GOOGLE", "cohere_chat": "COHERE"}

_ANTHROPIC_READ = "cache_read_input_tokens + usage_input_tokens_cache_read"
_ANTHROPIC_WRITTEN = (
    "cache_creation.ephemeral_5m_input_tokens + cache_creation.ephemeral_1h_input_tokens"
    " + usage_input_tokens_cache_write_5m + usage_input_tokens_cache_write_1h"
)

# Langfuse takes the details that OpenAI counts within its totals out of `input` and `output`, and keeps them beside
# (https://langfuse.com/docs/observability/features/token-and-cost-tracking); a model's answer has them within. What
# caches hold of Anthropic's prompts is in neither.
_LANGFUSE_INPUT = ("input", "input_cached_tokens", "input_audio_tokens")
_LANGFUSE_OUTPUT = (
    "output",
    "output_reasoning_tokens",
    "output_audio_tokens",
    "output_accepted_prediction_tokens",
    "output_rejected_prediction_tokens",
)


# Names of Anthropic's caches, and those that Langfuse's handler of LangChain gives to any.
_LANGFUSE_READ, _LANGFUSE_WRITTEN = (
    ("cache_read_input_tokens", "input_cache_read"),
    ("cache_creation_input_tokens", "input_cache_creation"),
)


def _langfuse(names: tuple[str, ...], *others: str) -> str:
    sums = (" + ".join(f"{details}.{name}" for name in names) for details in ("usage_details", "usageDetails"))
    return " or ".join((*sums, *others))


# What LiteLLM made of the provider's usage. Its `prompt_tokens` contain all caches, also those of Anthropic
# (`litellm.types.utils.Usage`).
_LITELLM_USAGE = "metadata.usage_object"
_LITELLM_READ, _LITELLM_WRITTEN = (f"{_LITELLM_USAGE}.{name}_tokens_details" for name in ("prompt", "completion"))
_LITELLM_KEPT = f"{_LITELLM_READ}.cache_creation_token_details"


PRESETS: Mapping[str, Preset] = {
    # https://github.com/Azure/AzurePublicDataset, AzureLLMInferenceDataset2023.md. It names no model and no user.
    "azure-llm-trace": Preset(
        columns={"timestamp": "TIMESTAMP", "input_tokens": "ContextTokens", "output_tokens": "GeneratedTokens"},
        constants={"feature_id": "azure-llm-trace"},
    ),
    # GET /v1/organization/usage/completions, as pages of JSON or as the dashboard's CSV:
    # https://platform.openai.com/docs/api-reference/usage/completions_object. Its user is one of the organization,
    # not one of yours. Rows without `group_by=model` have no model.
    "openai-usage": Preset(
        columns={
            "timestamp": "start_time",
            "model": "model",
            "input_tokens": "input_tokens",
            "output_tokens": "output_tokens",
            _CACHE_READ: "input_cached_tokens",
            _SERVICE_TIER: "service_tier",
            _BATCH: "batch",
            "metadata.requests": "num_model_requests",
            "metadata.project_id": "project_id",
            "metadata.api_key_id": "api_key_id",
        },
        constants={"provider": "OPENAI", "feature_id": "openai-usage"},
        records=("data", "results"),
        sums=True,
    ),
    # GET /v1/organizations/usage_report/messages, as pages of JSON
    # (https://platform.claude.com/docs/en/api/admin-api/usage-cost/get-messages-usage-report), or the Console's CSV.
    # Its input tokens leave caches out, as those of an answer of the API do.
    "anthropic-usage": Preset(
        columns={
            "timestamp": "starting_at or usage_date_utc",
            "model": "model or model_version",
            "input_tokens": "uncached_input_tokens or usage_input_tokens_no_cache",
            "output_tokens": "output_tokens or usage_output_tokens",
            _CACHE_READ: _ANTHROPIC_READ,
            _CACHE_WRITE: _ANTHROPIC_WRITTEN,
            _CACHE_WRITE_5M: "cache_creation.ephemeral_5m_input_tokens or usage_input_tokens_cache_write_5m",
            _CACHE_WRITE_1H: "cache_creation.ephemeral_1h_input_tokens or usage_input_tokens_cache_write_1h",
            f"metadata.{otel.tool_calls_of('web_search')}": "server_tool_use.web_search_requests",
            _SERVICE_TIER: "service_tier",
            "metadata.workspace": "workspace_id or workspace",
            "metadata.api_key_id": "api_key_id or api_key",
        },
        constants={"provider": "ANTHROPIC", "feature_id": "anthropic-usage"},
        records=("data", "results"),
        sums=True,
        caches_apart=f"{_ANTHROPIC_READ} + {_ANTHROPIC_WRITTEN}",
    ),
    # The table LiteLLM_SpendLogs of schema.prisma of https://github.com/BerriAI/litellm, exported. `end_user` is the
    # `user` of a request; its own `user` is the owner of the key. Times are UTC without saying so.
    "litellm-spend-logs": Preset(
        columns={
            "timestamp": "startTime",
            "provider": 'custom_llm_provider or before(model, "/")',
            "model": 'after(model, "/")',
            "input_tokens": "prompt_tokens",
            "output_tokens": "completion_tokens",
            "user_id": "end_user",
            _CACHE_READ: f"{_LITELLM_READ}.cached_tokens or {_LITELLM_USAGE}.cache_read_input_tokens",
            _CACHE_WRITE: (f"{_LITELLM_READ}.cache_creation_tokens or {_LITELLM_USAGE}.cache_creation_input_tokens"),
            _CACHE_WRITE_5M: f"{_LITELLM_KEPT}.ephemeral_5m_input_tokens",
            _CACHE_WRITE_1H: f"{_LITELLM_KEPT}.ephemeral_1h_input_tokens",
            f"metadata.{otel.REASONING}": f"{_LITELLM_WRITTEN}.reasoning_tokens",
            **{
                f"metadata.{name_of(modality)}": f"{details}.{modality}_tokens"
                for name_of, details in ((otel.input_of, _LITELLM_READ), (otel.output_of, _LITELLM_WRITTEN))
                for modality in ("audio", "image", "video")
            },
            _SERVICE_TIER: f"{_LITELLM_USAGE}.service_tier",
            "metadata.request_id": "request_id",
            "metadata.team_id": "team_id",
        },
        constants={"feature_id": "litellm"},
        free={"cache_hit": "true"},  # LiteLLM answered from its own cache: no provider was asked
        providers=_VENDORS,
        id_column="request_id",  # the table's primary key
    ),
    # https://langfuse.com/docs/api-and-data-platform/features/blob-storage-export-fields (enriched observations), and
    # the columns of the observations of the API and of the page's export. It names no provider.
    "langfuse-export": Preset(
        columns={
            "timestamp": "start_time or startTime",
            "model": "provided_model_name or providedModelName or model",
            "input_tokens": _langfuse(_LANGFUSE_INPUT, "inputUsage", "usage.input", "promptTokens"),
            "output_tokens": _langfuse(_LANGFUSE_OUTPUT, "outputUsage", "usage.output", "completionTokens"),
            "user_id": "user_id or userId",
            "feature_id": 'trace_name or traceName or name or "langfuse"',
            _CACHE_READ: _langfuse(("input_cached_tokens", *_LANGFUSE_READ)),
            _CACHE_WRITE: _langfuse(_LANGFUSE_WRITTEN),
            "metadata.observation_id": "id",
            "metadata.trace_id": "trace_id or traceId",
        },
        only={"type": "GENERATION"},
        id_column="id",
        caches_apart=_langfuse(_LANGFUSE_READ + _LANGFUSE_WRITTEN),
    ),
    # The activity page's CSV (one row a generation), and GET /api/v1/activity (one row a day and endpoint):
    # https://openrouter.ai/docs/api-reference/analytics/get-activity. The vendor is the first part of the model's
    # slug; `provider_name` is who served it.
    "openrouter-activity": Preset(
        columns={
            "timestamp": "created_at or date",
            "provider": 'before(model_permaslug, "/") or before(model, "/")',
            "model": 'after(model_permaslug, "/") or after(model, "/")',
            "input_tokens": "tokens_prompt or prompt_tokens",
            "output_tokens": "tokens_completion or completion_tokens",
            "metadata.generation_id": "generation_id",
            "metadata.app": "app_name",
        },
        constants={"feature_id": "openrouter"},
        records=("data",),
        providers=_VENDORS,
        id_column="generation_id",
    ),
}
