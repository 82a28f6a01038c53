"""Answers of Claude and Gemini in OpenAI's chat format, from LiteLLM or a gateway.

The format does not tell who answered: LiteLLM's own fields do, or the model's name where it is spelled as its maker's
API spells it. The counts of that format include what the maker's own leave out, and a call has to cost the same either
way.
"""

from __future__ import annotations

import re
from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.anthropic import Messages
from openmonetize.providers.dialect import Counts, ResponseReading
from openmonetize.providers.openai import Chat
from openmonetize.providers.response_fields import count, get
from openmonetize.providers.usage import UsageError

# LiteLLM's names of providers (https://docs.litellm.ai/docs/providers) to the platform's.
_PROVIDERS = {
    "openai": "OPENAI",
    "text-completion-openai": "OPENAI",
    "azure": "OPENAI",
    "azure_text": "OPENAI",
    "anthropic": "ANTHROPIC",
    "gemini": "GOOGLE",
    "vertex_ai": "GOOGLE",
    "vertex_ai_beta": "GOOGLE",
    "mistral": "MISTRAL",
    "cohere": "COHERE",
    "cohere_chat": "COHERE",
}

# How the makers' own APIs name their models. Gateways that name them otherwise ("anthropic/claude-…") are servers of
# their own, with prices of their own.
_CLAUDE = re.compile(r"claude-[a-z0-9@.-]+")
_GEMINI = re.compile(r"(models/)?gemini-[a-z0-9.-]+")


def is_litellm(response: Any) -> bool:
    """Return whether this is an object of LiteLLM."""
    return type(response).__module__.partition(".")[0] == "litellm"


def provider_of(response: Any) -> str:
    """Return the platform's name of the provider that answered through LiteLLM.

    Raises:
        UsageError: the object does not say, or the platform does not take this provider.
    """
    name = _litellm_provider(response)
    if name is None:
        raise UsageError(LiteLLMChat.unnamed)
    if name.startswith("vertex_ai") and "claude" in str(get(response, "model")):
        return "ANTHROPIC"
    if name not in _PROVIDERS:
        raise UsageError(f"the platform does not take LiteLLM's provider {name!r}: pass provider= to bill under")
    return _PROVIDERS[name]


class LiteLLMChat(Chat):
    """Chat and embeddings through LiteLLM."""

    provider: str | None = None  # each object says it
    unnamed = "this object of LiteLLM does not say which provider answered: pass provider="

    def read(self, response: Any) -> ResponseReading:
        return _without_litellms_own(super().read(response), response)

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        super().feed(reading, chunk)
        _without_litellms_own(reading, chunk)


class ClaudeChat(LiteLLMChat):
    """Claude, whose ``prompt_tokens`` here include what Anthropic's ``input_tokens`` leave out: the prompt cache."""

    provider = "ANTHROPIC"

    def counts(self, usage: Any) -> Counts:
        cache_read = count(usage, "cache_read_input_tokens")
        if cache_read is None:
            cache_read = count(get(usage, "prompt_tokens_details"), "cached_tokens")
        cache_write = count(usage, "cache_creation_input_tokens")
        chat = super().counts(usage)
        if cache_write is None:
            cache_write = chat.details.get(otel.CACHE_WRITE)
        return Messages().counts(
            {
                "input_tokens": max(0, chat.input_tokens - (cache_read or 0) - (cache_write or 0)),
                "output_tokens": chat.output_tokens,
                "cache_read_input_tokens": cache_read,
                "cache_creation_input_tokens": cache_write,
                "cache_creation": get(usage, "cache_creation")
                or get(get(usage, "prompt_tokens_details"), "cache_creation_token_details"),
                "server_tool_use": get(usage, "server_tool_use"),
                "output_tokens_details": {
                    "thinking_tokens": count(get(usage, "completion_tokens_details"), "reasoning_tokens")
                },
            }
        )


class GeminiChat(LiteLLMChat):
    """Gemini, whose counts here include what Google's own leave out: the prompts of tools, and thoughts."""

    provider = "GOOGLE"

    def counts(self, usage: Any) -> Counts:
        chat = super().counts(usage)
        tools = count(get(usage, "prompt_tokens_details"), "tool_use_tokens") or 0
        thoughts = count(get(usage, "completion_tokens_details"), "reasoning_tokens") or 0
        whole_input, whole_output = chat.input_tokens, chat.output_tokens
        rest = (count(usage, "total_tokens") or 0) - whole_input - whole_output
        if rest > 0 and thoughts in (0, rest) and not tools:
            # Google's own endpoint of this format has thoughts in the total only.
            whole = max(whole_output + rest, chat.details.get(otel.OUTPUT, 0))
            return Counts(whole_input, whole_output, {**chat.details, otel.REASONING: rest, otel.OUTPUT: whole})
        if tools > whole_input or thoughts > whole_output:
            return chat  # they are counted apart
        details = dict(chat.details)
        if tools:
            details.setdefault(otel.INPUT, whole_input)
            details[otel.TOOL_PROMPT] = tools
        if thoughts:
            details.setdefault(otel.OUTPUT, whole_output)
        return Counts(whole_input - tools, whole_output - thoughts, details)


LITELLM_CHAT = LiteLLMChat()
_CLAUDE_CHAT = ClaudeChat()
_GEMINI_CHAT = GeminiChat()


def dialect_of_another(response: Any) -> Chat | None:
    """Return the dialect of a chat answer or chunk that is not of a server of OpenAI's kind, or None."""
    if is_litellm(response):
        try:
            provider = provider_of(response)
        except UsageError:  # the caller may name the provider
            return LITELLM_CHAT
        return {"ANTHROPIC": _CLAUDE_CHAT, "GOOGLE": _GEMINI_CHAT}.get(provider, LITELLM_CHAT)
    model = get(response, "model")
    if not isinstance(model, str):
        return None
    if _CLAUDE.fullmatch(model):
        return _CLAUDE_CHAT
    return _GEMINI_CHAT if _GEMINI.fullmatch(model) else None


def _litellm_provider(response: Any) -> str | None:
    hidden = getattr(response, "_hidden_params", None)
    name = get(hidden, "custom_llm_provider")
    if name is None:  # of some providers it only has the model's name, as it was asked for
        asked = get(hidden, "litellm_model_name")
        name = asked.partition("/")[0] if isinstance(asked, str) and "/" in asked else None
    return name if isinstance(name, str) and name else None


def _without_litellms_own(reading: ResponseReading, response: Any) -> ResponseReading:
    """Remove what LiteLLM adds: a provider's name before the model's, and an id of its own."""
    if not is_litellm(response):
        return reading
    name = _litellm_provider(response)
    if name and reading.model and reading.model.startswith(f"{name}/"):
        reading.model = reading.model[len(name) + 1 :]
    if name != "openai":
        reading.response_id = None
    return reading
