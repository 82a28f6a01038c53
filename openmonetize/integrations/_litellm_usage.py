"""What LiteLLM tells of a call, as a `Usage`. Nothing of LiteLLM is imported here."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from openmonetize.providers import Usage, UsageError, otel, usage_from
from openmonetize.providers.bedrock_models import base_model_id
from openmonetize.providers.extract import read_usage
from openmonetize.providers.hosts import VENDOR_HOSTS
from openmonetize.providers.inclusive import usage_of_totals
from openmonetize.providers.response_fields import get

CHAT = ("completion", "text_completion", "responses", "anthropic_messages", "generate_content")
STREAMED_CHAT = ("generate_content_stream",)
EMBEDDING, TRANSCRIPTION = "embedding", "transcription"
IMAGES = ("image_generation", "image_edit")
METERED = (*CHAT, *STREAMED_CHAT, EMBEDDING, TRANSCRIPTION, *IMAGES)
TOOL_CALL = "call_mcp_tool"

# LiteLLM's providers whose models are all one vendor's. Others need `providers=`: they have prices of their own.
_VENDORS: Mapping[str, str] = {
    "openai": "OPENAI",
    "text-completion-openai": "OPENAI",
    "azure": "OPENAI",
    "azure_text": "OPENAI",
    "anthropic": "ANTHROPIC",
    "anthropic_text": "ANTHROPIC",
    "gemini": "GOOGLE",
    "mistral": "MISTRAL",
    "codestral": "MISTRAL",
    "text-completion-codestral": "MISTRAL",
    "cohere": "COHERE",
    "cohere_chat": "COHERE",
}

# LiteLLM's providers that serve several vendors' models. The model's name says whose it is.
_CLOUDS = ("bedrock", "bedrock_converse", "vertex_ai", "vertex_ai_beta", "azure_ai")
_VENDOR_OF_MODEL: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"anthropic\.|claude"), "ANTHROPIC"),
    (re.compile(r"gemini|gemma|imagen|text-embedding-00|text-multilingual-embedding|textembedding-gecko"), "GOOGLE"),
    (re.compile(r"mistral|mixtral|codestral|ministral|pixtral|magistral"), "MISTRAL"),
    (re.compile(r"cohere|command-"), "COHERE"),
    (re.compile(r"openai\.|gpt-|^o\d"), "OPENAI"),
)

# Bedrock's id of a vendor's model: "anthropic.claude-3-5-sonnet-20240620-v1:0".
_BEDROCK_VENDOR = re.compile(r"^(?:anthropic|mistral|cohere|openai)\.")
_BEDROCK_VERSION = re.compile(r"-v\d+(?::\d+)?$|(?<=\d):\d+$")

# Their own addresses, which LiteLLM does not always tell.
_OWN_HOST = ("openai", "text-completion-openai", "anthropic", "gemini", "mistral", "cohere", "cohere_chat")

# Where an answer's id is the provider's: LiteLLM 1.108 makes one up for Anthropic, Bedrock and Cohere.
_IDS_OF_PROVIDER = (
    "openai",
    "text-completion-openai",
    "azure",
    "azure_text",
    "gemini",
    "vertex_ai",
    "vertex_ai_beta",
    "mistral",
)
_MADE_UP_ID = re.compile(r"chatcmpl-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch

# Providers of which LiteLLM speaks the own protocol, whose streams always end with the provider's usage.
_STREAMS_TELL = (*_CLOUDS, "anthropic", "gemini", "mistral", "codestral", "cohere", "cohere_chat")

# LiteLLM counts the tokens of their embeddings by itself: observed for gemini, read in its source for vertex_ai.
_EMBEDDINGS_GUESSED = ("gemini", "vertex_ai", "vertex_ai_beta")

KEY_OF_MOCKS = "mock-key"  # which LiteLLM gives to a call with a `mock_response`, before it is made


def payload_of(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return LiteLLM's standard logging payload, or an empty mapping: some paths leave it out."""
    payload = kwargs.get("standard_logging_object")
    return payload if isinstance(payload, Mapping) else {}


def kind_of(kwargs: Mapping[str, Any]) -> str:
    """Return the call's type, the same for synchronous and asynchronous calls."""
    call_type = str(payload_of(kwargs).get("call_type") or kwargs.get("call_type") or "").lstrip("_")
    if call_type.startswith("a") and call_type[1:] in METERED:
        return call_type[1:]
    return call_type


def is_cache_hit(kwargs: Mapping[str, Any]) -> bool:
    """Return whether LiteLLM has answered from its own cache."""
    return bool(payload_of(kwargs).get("cache_hit") or kwargs.get("cache_hit"))


def vendor_of(kwargs: Mapping[str, Any]) -> str:
    """Return LiteLLM's own name of the provider."""
    return str(payload_of(kwargs).get("custom_llm_provider") or kwargs.get("custom_llm_provider") or "")


def model_of(kwargs: Mapping[str, Any], response: Any = None) -> str:
    """Return the model as the provider named it in its answer, else as LiteLLM asked for it, without its prefixes."""
    hidden = getattr(response, "_hidden_params", None) or {}
    vendor, asked = vendor_of(kwargs), str(kwargs.get("model") or payload_of(kwargs).get("model") or "")
    asked = asked[len(vendor) + 1 :] if vendor and asked.startswith(f"{vendor}/") else asked
    if vendor.startswith("bedrock"):
        name = base_model_id(asked if asked.startswith("arn:") else asked.rpartition("/")[2])
        return _BEDROCK_VERSION.sub("", _BEDROCK_VENDOR.sub("", name))
    return str(hidden.get("provider_response_model") or asked)


def provider_of(vendor: str, model: str, providers: Mapping[str, str]) -> str:
    """Return the platform's name of the provider of a model.

    Args:
        vendor: LiteLLM's name of the provider.
        model: the model's name.
        providers: the user's own mapping; it comes first.

    Raises:
        UsageError: it is not known; the text says how to map it.
    """
    found = providers.get(vendor) or _VENDORS.get(vendor)
    if found is None and vendor in _CLOUDS:
        found = next((name for pattern, name in _VENDOR_OF_MODEL if pattern.search(model.lower())), None)
    if found is None:
        raise UsageError(
            f"LiteLLM's provider {vendor or 'of this call'!r} is not one that the platform takes: bill it as one that "
            f"it does, with MeteringLogger(providers={{{vendor!r}: 'OPENAI'}}), or with "
            f"OPENMONETIZE_LITELLM_PROVIDERS={vendor}=OPENAI for the proxy"
        )
    return found


def host_of(kwargs: Mapping[str, Any], provider: str) -> str | None:
    """Return the host that answered: that of the base URL, else the vendor's own."""
    base = payload_of(kwargs).get("api_base") or (kwargs.get("litellm_params") or {}).get("api_base")
    if base:
        return urlsplit(str(base)).hostname
    return VENDOR_HOSTS[provider][0] if vendor_of(kwargs) in _OWN_HOST else None


def usage_of(kwargs: Mapping[str, Any], response: Any, providers: Mapping[str, str]) -> Usage:
    """Return what a call has used: from the provider's own answer where LiteLLM has it, else from LiteLLM's counts.

    Raises:
        UsageError: the usage is not known; the text says why.
    """
    model = model_of(kwargs, response)
    provider = provider_of(vendor_of(kwargs), model, providers)
    host = host_of(kwargs, provider)
    asked = kwargs.get("optional_params") or {}
    request = {"model": model, **{name: asked[name] for name in ("size", "quality") if asked.get(name)}}
    for answer in _answers(kwargs, response):
        try:
            return read_usage(answer, provider=provider, model=None, host=host, request=request)
        except UsageError:  # an unknown form: LiteLLM's own counts are left
            continue
    return _usage_of_counts(kwargs, response, provider, model, host)


def _answers(kwargs: Mapping[str, Any], response: Any) -> Iterator[Any]:
    """Yield the provider's whole answer, if LiteLLM has it: not for streams, and not where messages are redacted."""
    raw = kwargs.get("original_response")
    whole = isinstance(raw, str) and raw.startswith("{") and not kwargs.get("stream")
    if whole or get(raw, "object") == "list":  # embeddings are an object of the openai library
        yield raw
    if kind_of(kwargs) in IMAGES and hasattr(response, "model_dump"):
        yield response.model_dump()


def _usage_of_counts(kwargs: Mapping[str, Any], response: Any, provider: str, model: str, host: str | None) -> Usage:
    usage, payload = get(response, "usage"), payload_of(kwargs)
    read = _count(usage, "prompt_tokens", "input_tokens")
    written = _count(usage, "completion_tokens", "output_tokens")
    read = read if read is not None else payload.get("prompt_tokens")
    written = written if written is not None else payload.get("completion_tokens")
    if not read and not written:  # LiteLLM writes 0 where it knows nothing
        raise UsageError(
            "LiteLLM knows no usage: ask a server that tells it only on demand, with "
            "stream_options={'include_usage': True}"
            if kwargs.get("stream")
            else "LiteLLM tells no usage of this call"
        )
    inside = get(usage, "prompt_tokens_details", "input_tokens_details")
    outside = get(usage, "completion_tokens_details", "output_tokens_details")
    kept = get(inside, "cache_creation_token_details")
    parts = {
        otel.CACHE_READ: _count(inside, "cached_tokens") or _count(usage, "cache_read_input_tokens"),
        otel.CACHE_WRITE: _count(inside, "cache_creation_tokens", "cache_write_tokens")
        or _count(usage, "cache_creation_input_tokens"),
        otel.CACHE_WRITE_5M: _count(kept, "ephemeral_5m_input_tokens"),
        otel.CACHE_WRITE_1H: _count(kept, "ephemeral_1h_input_tokens"),
        otel.REASONING: _count(outside, "reasoning_tokens"),
        otel.input_of("audio"): _count(inside, "audio_tokens"),
        otel.output_of("audio"): _count(outside, "audio_tokens"),
    }
    return usage_of_totals(
        provider,
        model,
        read or 0,
        written or 0,
        parts,
        response_id=response_id_of(vendor_of(kwargs), get(response, "id")),
        host=host,
        completeness="partial" if _is_guess(kwargs, usage, host) else "exact",
    )


def response_id_of(vendor: str, identifier: Any) -> str | None:
    """Return an answer's id if it is the provider's own, or the one that LiteLLM has put into its own."""
    if not isinstance(identifier, str):
        return None
    if identifier.startswith("resp_"):
        try:
            _, found, inner = base64.b64decode(identifier[5:], validate=True).decode().partition("response_id:")
        except (binascii.Error, UnicodeDecodeError):
            return identifier  # the Responses API's own
        return inner.partition(";")[0] if found else identifier
    if vendor == "anthropic" and identifier.startswith("msg_"):  # the endpoint of Anthropic's own form
        return identifier
    return identifier if vendor in _IDS_OF_PROVIDER and not _MADE_UP_ID(identifier) else None


def _is_guess(kwargs: Mapping[str, Any], usage: Any, host: str | None) -> bool:
    """Return whether the counts may be those of LiteLLM's own tokenizer, which it does not mark.

    A stream in OpenAI's form tells its usage only if that was asked for. LiteLLM asks by itself at OpenAI's hosts only.
    Its guesses have no details of the prompt, so that those are a sign of the provider's counts.
    """
    vendor, kind = vendor_of(kwargs), kind_of(kwargs)
    if kind == EMBEDDING:
        return vendor in _EMBEDDINGS_GUESSED
    if not kwargs.get("stream") or kind not in ("completion", "text_completion") or vendor in _STREAMS_TELL:
        return False
    options = kwargs.get("stream_options") or (kwargs.get("optional_params") or {}).get("stream_options")
    asked = bool(get(options, "include_usage")) or (vendor == "openai" and (host or "").endswith("api.openai.com"))
    return not asked and get(usage, "prompt_tokens_details") is None


def usage_of_line(line: Mapping[str, Any], providers: Mapping[str, str]) -> Usage:
    """Return what a line of a finished batch has used.

    Raises:
        UsageError: it is not known.
    """
    vendor, model = str(line.get("custom_llm_provider") or ""), str(line.get("model") or "")
    model = model[len(vendor) + 1 :] if vendor and model.startswith(f"{vendor}/") else model
    provider = provider_of(vendor, model, providers)
    host = VENDOR_HOSTS[provider][0] if vendor in _OWN_HOST else None
    if line.get("response") is not None:
        try:
            found = usage_from(line["response"], provider=provider, host=host)
            return replace(found, batch=True)
        except UsageError:
            pass
    read, written = _count(line.get("usage"), "prompt_tokens"), _count(line.get("usage"), "completion_tokens")
    if read is None or written is None:
        raise UsageError("LiteLLM tells no usage of this line")
    usage = usage_of_totals(provider, model, read, written, host=host)
    return replace(usage, batch=True, later_id=f"{line.get('batch_id')}/{line.get('custom_id')}")


def _count(holder: Any, *names: str) -> int | None:
    value = get(holder, *names)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
