"""What the attributes of a GenAI span say, under all names that are on the wire.

The conventions have renamed most of them once or twice, and no instrumentation follows at once: OpenLLMetry
(``llm.…``, ``traceloop.…``) and OpenInference (``llm.token_count.…``) have had their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from openmonetize.providers import Usage, UsageError, otel
from openmonetize.providers.bedrock_models import base_model_id
from openmonetize.providers.inclusive import usage_of_totals

# The operations that are one call of a model. The others contain some, and repeat their sums.
LEAVES = frozenset(("chat", "text_completion", "generate_content", "embeddings"))
TOOLS = frozenset(("execute_tool", "tool"))
CONTAINERS = frozenset(("agent_step", "create_agent", "invoke_agent", "invoke_workflow", "plan", "retrieval")) | TOOLS

# OpenLLMetry's `llm.request.type` and OpenInference's kinds, in the conventions' words.
_OTHER_OPERATIONS = {"completion": "text_completion", "embedding": "embeddings", "llm": "chat"}

OPERATION = ("gen_ai.operation.name", "llm.request.type", "openinference.span.kind", "traceloop.span.kind")
PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.system", "llm.provider")
RESPONSE_MODEL = ("gen_ai.response.model", "llm.response.model_name", "llm.response.model")
MODEL = (
    *RESPONSE_MODEL,
    "llm.model_name",
    "embedding.model_name",
    "gen_ai.request.model",
    "llm.request.model_name",
    "llm.request.model",
)
RESPONSE_ID = ("gen_ai.response.id", "llm.response.id")
USER = ("user.id", "enduser.id")
EVENT_IDS = "openmonetize.event_ids"  # written by `annotate_spans`

INPUT = (otel.INPUT, "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens", "llm.token_count.prompt")
OUTPUT = (otel.OUTPUT, "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens", "llm.token_count.completion")
TOTAL = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total")
PARTS: Mapping[str, tuple[str, ...]] = {
    otel.CACHE_READ: (
        otel.CACHE_READ,
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.input_tokens.cached",
        "gen_ai.usage.details.cache_read_tokens",
        "llm.usage.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read",
    ),
    otel.CACHE_WRITE: (
        otel.CACHE_WRITE,
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.input_tokens.cache_write",
        "gen_ai.usage.details.cache_write_tokens",
        "llm.usage.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write",
    ),
    otel.REASONING: (
        otel.REASONING,
        "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.output_tokens.reasoning",
        "gen_ai.usage.details.reasoning_tokens",
        "llm.usage.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
    ),
    otel.input_of("audio"): ("llm.token_count.prompt_details.audio",),
    otel.output_of("audio"): ("llm.token_count.completion_details.audio",),
}

# Names of systems, reduced to letters, to the platform's providers. Services that speak OpenAI's format count as
# OpenAI, as they do for a wrapped client.
_OPENAI = (
    *("openai", "azureaiopenai", "azureaiinference", "azureopenai", "azaiopenai", "azaiinference", "azure"),
    *("deepseek", "fireworks", "groq", "huggingface", "ollama", "openrouter", "perplexity", "together", "togetherai"),
    *("vllm", "xai"),
)
_GOOGLE = (
    *("gcpgemini", "gcpgenai", "gcpvertexai", "gemini", "google", "googlegenai", "googlegenerativeai", "googlegla"),
    *("googlevertex", "vertexai"),
)
_PROVIDERS = {
    **dict.fromkeys(_OPENAI, "OPENAI"),
    **dict.fromkeys(_GOOGLE, "GOOGLE"),
    "anthropic": "ANTHROPIC",
    "cohere": "COHERE",
    "mistral": "MISTRAL",
    "mistralai": "MISTRAL",
}
# Whose model it is, where the system serves models of several vendors.
_MODELS = (
    (re.compile(r"claude"), "ANTHROPIC"),
    (re.compile(r"^cohere\.|^command|^embed-"), "COHERE"),
    (re.compile(r"^mistral|^codestral|^ministral|^pixtral"), "MISTRAL"),
    (re.compile(r"gemini"), "GOOGLE"),
    (re.compile(r"^openai\.|^gpt-|^o\d|^text-embedding-"), "OPENAI"),
)
# Ids that frameworks make up.
_MADE_UP = re.compile(r"(lc_)?run-|__fake_id__").match

# Names and attributes of the spans of GenAI instrumentations, as they are at the start. OpenLLMetry gives the spans of
# OpenAI's responses a name and nothing else.
_NAME = re.compile(
    r"(chat|text_completion|generate_content|embeddings|invoke_agent|execute_tool|invoke_workflow)\b"
    r"|(openai|anthropic|azure|bedrock|cohere|gemini|google|groq|mistralai|ollama|together|vertexai|watsonx)[._]"
    r"|ChatCompletion|Completion|CreateEmbeddings|Response$|messages\."
).match
_PREFIXES = ("gen_ai.", "llm.", "openinference.", "traceloop.", "embedding.")


def is_gen_ai(name: str, attributes: Mapping[str, Any] | None) -> bool:
    """Return whether a span that has this name and these attributes at its start is one of a GenAI instrumentation."""
    return bool(_NAME(name)) or any(key.startswith(_PREFIXES) for key in attributes or ())


def operation_of(attributes: Mapping[str, Any]) -> str | None:
    """Return what a span does, in the conventions' words; None if it does not say."""
    operation = _text(attributes, OPERATION)
    return None if operation is None else _OTHER_OPERATIONS.get(operation.lower(), operation.lower())


def has_usage(attributes: Mapping[str, Any]) -> bool:
    """Return whether a span has any tokens."""
    return any(_count(attributes, names) for names in (INPUT, OUTPUT))


def answered(attributes: Mapping[str, Any]) -> bool:
    """Return whether a provider has answered the call, so that it may charge for it."""
    return _text(attributes, (*RESPONSE_ID, *RESPONSE_MODEL)) is not None


def model_of(attributes: Mapping[str, Any]) -> str | None:
    """Return the model: the one that answered, else the one that was asked."""
    return _text(attributes, MODEL)


def user_of(attributes: Mapping[str, Any]) -> str | None:
    """Return the user that a span names."""
    return _text(attributes, USER)


def usage_of(attributes: Mapping[str, Any], emitter: str, providers: Mapping[str, str]) -> Usage:
    """Return the usage of a call.

    Args:
        attributes: of the span of one call.
        emitter: name of the instrumentation.
        providers: names of systems to names of providers, beside those that are known.

    Raises:
        UsageError: the span does not tell it, or it is not possible.
    """
    model = model_of(attributes)
    if model is None:
        raise UsageError("the span names no model")
    read, written = _count(attributes, INPUT), _count(attributes, OUTPUT)
    if written is None and operation_of(attributes) == "embeddings":
        written = 0
    if read is None or written is None or not (read or written):
        raise UsageError("the span has no input and output tokens; a stream has them where its caller asks for usage")
    parts = {name: _count(attributes, names) for name, names in PARTS.items()}
    read, written = _inclusive(read, written, _count(attributes, TOTAL), parts)
    return usage_of_totals(
        _provider(_text(attributes, PROVIDER), model, providers),
        model,
        read,
        written,
        parts,
        response_id=_response_id(attributes, emitter),
        host=_host(attributes),
    )


def _inclusive(read: int, written: int, total: int | None, parts: Mapping[str, int | None]) -> tuple[int, int]:
    """Return all tokens read and written.

    By the conventions the counts say that. Older instrumentations give Anthropic's own field, without caches, and
    Gemini's, without thoughts; their totals, or parts larger than the whole, show it.
    """
    cached = (parts[otel.CACHE_READ] or 0) + (parts[otel.CACHE_WRITE] or 0)
    thought = parts[otel.REASONING] or 0
    if cached > read or (cached and total in (read + cached + written, read + cached + written + thought)):
        read += cached
    if thought > written or (thought and total == read + written + thought):
        written += thought
    return read, written


def _provider(system: str | None, model: str, providers: Mapping[str, str]) -> str:
    if system is not None and system in providers:
        return providers[system]
    bare = base_model_id(model).lower()
    known = _PROVIDERS.get(re.sub(r"[^a-z]", "", (system or "").lower()))
    if known is not None and not (known == "GOOGLE" and "claude" in bare):
        return known
    found = next((provider for pattern, provider in _MODELS if pattern.search(bare)), None)
    if found is None:
        raise UsageError(f"the system {system!r} is not known: pass providers={{{system!r}: 'OPENAI'}}, or another one")
    return found


def _response_id(attributes: Mapping[str, Any], emitter: str) -> str | None:
    """Return the provider's id of the answer, if it is that."""
    response_id = _text(attributes, RESPONSE_ID)
    if response_id is None or _MADE_UP(response_id) or emitter.startswith("litellm"):
        return None
    return response_id


def _host(attributes: Mapping[str, Any]) -> str | None:
    base = _text(attributes, ("gen_ai.openai.api_base",))
    return urlsplit(base).hostname if base else _text(attributes, ("server.address",))


def _text(attributes: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """Return the first of these attributes that is a text."""
    values = (attributes.get(name) for name in names)
    return next((value for value in values if isinstance(value, str) and value), None)


def _count(attributes: Mapping[str, Any], names: Iterable[str]) -> int | None:
    """Return the first of these attributes that is a whole number."""
    for name in names:
        value = attributes.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1 and value >= 0:
            return int(value)
    return None
