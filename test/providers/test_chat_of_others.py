"""Claude and Gemini in OpenAI's chat format, and the objects of LiteLLM."""

from __future__ import annotations

from typing import Any

import pytest

from openmonetize.providers import StreamMeter, UsageError, usage_from
from openmonetize.testing.fake_providers import FakeProviders
from openmonetize.testing.fake_providers.reply import json_reply, sse_reply

from . import wire
from .calls import library_warnings, summary

pytestmark = library_warnings

CACHED: Any = {
    "input_tokens": 12,
    "cache_read_input_tokens": 18_000,
    "cache_creation_input_tokens": 2_051,
    "output_tokens": 503,
}
CACHED_CHAT: Any = {
    "prompt_tokens": 20_063,
    "completion_tokens": 503,
    "prompt_tokens_details": {"cached_tokens": 18_000},
    "cache_read_input_tokens": 18_000,
    "cache_creation_input_tokens": 2_051,
}


class FromLiteLLM:
    """An answer with the attributes of LiteLLM's, and its module."""

    def __init__(self, hidden: Any, **fields: Any) -> None:
        self._hidden_params = hidden
        self.__dict__.update(fields)


FromLiteLLM.__module__ = "litellm.types.utils"


def from_litellm(hidden: Any, model: str, usage: Any) -> Any:
    return FromLiteLLM(hidden, id="chatcmpl-1", object="chat.completion", model=model, choices=[], usage=usage)


def test_a_call_of_claude_costs_the_same_in_both_formats() -> None:
    own = usage_from({**wire.anthropic_message(), "usage": CACHED})
    chat = usage_from({**wire.openai_chat("claude-sonnet-4-5-20250929"), "usage": CACHED_CHAT})
    for usage in (own, chat):
        assert summary(usage) == ("ANTHROPIC", "claude-sonnet-4-5-20250929", 12, 503, "exact")
    assert own.details == chat.details


def test_a_call_of_gemini_costs_the_same_in_both_formats() -> None:
    usage = {
        "prompt_tokens": 53,
        "completion_tokens": 16,
        "prompt_tokens_details": {"tool_use_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 9},
    }
    chat = usage_from({**wire.openai_chat("gemini-2.5-flash"), "usage": usage})
    assert summary(chat) == summary(usage_from(wire.google_content()))
    assert chat.details["gen_ai.usage.input_tokens"] == 53
    assert chat.details["gen_ai.usage.output_tokens"] == 16


@pytest.mark.parametrize("model", ["anthropic/claude-sonnet-4.5", "google/gemini-2.5-flash", "my-claude"])
def test_a_gateways_own_names_are_a_servers_with_openais_format(model: str) -> None:
    assert usage_from(wire.openai_chat(model)).provider == "OPENAI"


@pytest.mark.parametrize(
    ("hidden", "model", "provider"),
    [
        ({"custom_llm_provider": "openai"}, "gpt-4o", "OPENAI"),
        ({"custom_llm_provider": "azure"}, "gpt-4o", "OPENAI"),
        ({"custom_llm_provider": "anthropic"}, "claude-sonnet-4-5", "ANTHROPIC"),
        ({"litellm_model_name": "anthropic/claude-sonnet-4-5"}, "claude-sonnet-4-5", "ANTHROPIC"),
        ({"custom_llm_provider": "vertex_ai"}, "claude-sonnet-4-5", "ANTHROPIC"),
        ({"custom_llm_provider": "gemini"}, "gemini-2.5-flash", "GOOGLE"),
        ({"custom_llm_provider": "mistral"}, "a-fine-tuned-one", "MISTRAL"),
        ({"custom_llm_provider": "cohere_chat"}, "command-r", "COHERE"),
    ],
)
def test_an_object_of_litellm_is_of_the_provider_that_it_names(hidden: Any, model: str, provider: str) -> None:
    usage = usage_from(from_litellm(hidden, model, {"prompt_tokens": 5, "completion_tokens": 2}))
    assert summary(usage) == (provider, model, 5, 2, "exact")
    assert usage.response_id == ("chatcmpl-1" if hidden.get("custom_llm_provider") == "openai" else None)


@pytest.mark.parametrize(
    ("hidden", "message"),
    [({}, "does not say which provider"), (None, "does not say"), ({"custom_llm_provider": "groq"}, "'groq'")],
)
def test_an_object_of_litellm_is_not_billed_under_a_guess(hidden: Any, message: str) -> None:
    answer = from_litellm(hidden, "a-model", {"prompt_tokens": 5, "completion_tokens": 2})
    with pytest.raises(UsageError, match=message):
        usage_from(answer)
    assert usage_from(answer, provider="openai").provider == "OPENAI"
    meter = StreamMeter()
    meter.feed(FromLiteLLM(hidden, id="1", model="m", choices=[{"finish_reason": "stop"}], usage=answer.usage))
    with pytest.raises(UsageError, match="pass provider="):
        meter.usage()


@pytest.mark.filterwarnings("ignore")
def test_answers_and_streams_of_litellm_itself(server: FakeProviders, monkeypatch: Any) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    litellm = pytest.importorskip("litellm", reason="litellm is not installed")

    def complete(model: str, **options: Any) -> Any:
        messages = [{"role": "user", "content": "Hi"}]
        return litellm.completion(model=model, api_base=server.url, api_key="k", messages=messages, **options)

    server.script = json_reply({**wire.anthropic_message(), "usage": CACHED})
    usage = usage_from(complete("anthropic/claude-sonnet-4-5"))
    assert summary(usage) == ("ANTHROPIC", "claude-sonnet-4-5-20250929", 12, 503, "exact")
    server.script = json_reply(wire.google_content())
    assert summary(usage_from(complete("gemini/gemini-2.5-flash"))) == summary(usage_from(wire.google_content()))
    server.script = json_reply(wire.openai_chat())
    usage = usage_from(complete("openai/gpt-4o-mini"))
    assert (usage.provider, usage.response_id, usage.input_tokens) == ("OPENAI", "chatcmpl-1", 21)
    server.script = sse_reply(wire.anthropic_events(), named=True)
    meter = StreamMeter()
    for chunk in complete("anthropic/claude-sonnet-4-5", stream=True, stream_options={"include_usage": True}):
        meter.feed(chunk)
    assert (meter.usage().provider, meter.usage().input_tokens) == ("ANTHROPIC", 5)
