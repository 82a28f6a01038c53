"""What a result of LangChain says of one call's usage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional
from urllib.parse import urlsplit

from langchain_core.outputs import ChatGenerationChunk, GenerationChunk, LLMResult

from openmonetize.integrations._vendors import gateway_provider
from openmonetize.providers import Usage, UsageError, otel, usage_from
from openmonetize.providers.inclusive import usage_of_totals

# LangChain's own ids of messages contain the run that has made them.
_OWN_IDS = ("lc_run-", "run-")
# OpenAI's tiers are put before the names of details, which leaves the plain names out.
_TIERS = ("priority", "flex")
_ADDRESSES = ("openai_api_base", "azure_endpoint", "anthropic_api_url", "base_url", "endpoint_url")


class Asked(NamedTuple):
    """What is known of a call when it begins.

    Attributes:
        provider: LangChain's name of it (``ls_provider``).
        model: the model that was asked for.
        host: the host that is asked, where the model's settings name it.
        prompts: how many prompts the request has; only completion models take several.
    """

    provider: Optional[str]
    model: str
    host: Optional[str]
    prompts: int


class Answered:
    """The first generation of a result: all generations of a call repeat its usage.

    Attributes:
        streamed: whether chunks have come.
        cached: whether LangChain's own cache has answered, and no provider.
        model: the model that answered, or that was asked for.

    Args:
        result: what LangChain tells at the end of a run.
        asked: what was asked.
        run_id: the run's id.
        providers: the user's own mapping of LangChain's names of providers.
    """

    def __init__(self, result: LLMResult | None, asked: Asked, run_id: object, providers: Mapping[str, str]) -> None:
        listed = result.generations if result is not None else []
        first = next((one for generations in listed for one in generations), None)
        self._message = getattr(first, "message", None)
        self._meta: Mapping[str, Any] = getattr(self._message, "response_metadata", None) or {}
        self._totals: Mapping[str, Any] = getattr(self._message, "usage_metadata", None) or {}
        self._output: Mapping[str, Any] = (result.llm_output if result is not None else None) or {}
        self._asked = asked
        self._providers = providers
        self.streamed = isinstance(first, (ChatGenerationChunk, GenerationChunk))
        self.cached = self._is_cached(str(run_id))
        self.model: str = self._told("model_name") or self._told("model") or asked.model

    @property
    def part_of_batch(self) -> bool:
        """Whether this is one of several prompts of a request, whose usage is told with the first prompt only."""
        return self._asked.prompts > 1 and self._output.get("token_usage") == {}

    @property
    def has_usage(self) -> bool:
        """Whether there is any usage to read."""
        return bool(self._raw() or self._totals)

    def usage(self) -> Usage:
        """Return the usage of a whole answer.

        Raises:
            UsageError: it is not told, or the provider is not known.
        """
        raw = self._raw()
        if raw is None:
            return self._of_totals()
        return usage_from(raw, provider=self._provider(), model=self.model or None, host=self._asked.host)

    def usage_so_far(self) -> Usage:
        """Return the usage of a stream that has ended early.

        Raises:
            UsageError: as :meth:`usage`.
        """
        return self._of_totals(partial=True) if self._raw() is None else self.usage()

    def _of_totals(self, partial: bool = False) -> Usage:
        totals = self._totals
        if not totals:
            raise UsageError("LangChain has no usage of it: a stream may need ChatOpenAI(stream_usage=True)")
        read, written = totals.get("input_tokens"), totals.get("output_tokens")
        if not read or written is None:  # a count that a provider leaves out is 0 here, and no call reads nothing
            raise UsageError("LangChain does not know how many tokens were read")
        tier, parts = _parts(totals)
        return usage_of_totals(
            self._provider(),
            self.model,
            read,
            written,
            parts,
            response_id=self._response_id(),
            host=self._asked.host,
            completeness="partial" if partial else "exact",
            service_tier=self._told("service_tier") or tier,
        )

    def _raw(self) -> dict[str, Any] | None:
        """Return a provider's own usage in the form of its answer, where LangChain keeps it."""
        body = self._meta.get("body")  # of an answer that could not be parsed
        if isinstance(body, Mapping):
            return dict(body) if body.get("usage") else None
        named = {"id": self._response_id(), "model": self.model}
        if isinstance(usage := self._meta.get("usage"), Mapping) and "input_tokens" in usage:
            return {**named, "type": "message", "role": "assistant", "usage": usage}
        usage = self._meta.get("token_usage") or self._output.get("token_usage")
        if isinstance(usage, Mapping) and usage.get("prompt_tokens") is not None:
            tier = self._told("service_tier")
            return {**named, "object": "chat.completion", "choices": [], "usage": usage, "service_tier": tier}
        return None

    def _provider(self) -> str:
        # `azure` is told at the start only, an answer of it calls itself OpenAI's.
        names = [name for name in (self._asked.provider, self._told("model_provider")) if name]
        for name in names[:-1]:
            try:
                return gateway_provider(name, self.model, self._providers)
            except UsageError:
                pass  # subclasses of vendors' models have names of their own
        return gateway_provider(names[-1] if names else None, self.model, self._providers)

    def _response_id(self) -> str | None:
        """Return the provider's own id of the answer."""
        told = self._told("id")
        if told is None:
            message_id = getattr(self._message, "id", None)
            told = message_id if isinstance(message_id, str) and message_id.startswith("resp_") else None
        if told is None:
            told = (self._meta.get("ResponseMetadata") or {}).get("RequestId")  # of Bedrock
        return None if told is None or told.startswith(_OWN_IDS) else told

    def _told(self, name: str) -> str | None:
        value = self._meta.get(name) or self._output.get(name)
        return value if isinstance(value, str) and value else None

    def _is_cached(self, run_id: str) -> bool:
        """Return whether the message was made by another run.

        LangChain names a new message after its run, and keeps the name in its cache. Messages that have a provider's
        id are told by the cost of 0 that it gives to what comes from the cache.
        """
        message_id = getattr(self._message, "id", None)
        if isinstance(message_id, str) and message_id.startswith(_OWN_IDS):
            return run_id not in message_id
        return self._totals.get("total_cost") == 0


def asked_of(serialized: Mapping[str, Any] | None, given: Mapping[str, Any]) -> Asked:
    """Return what LangChain tells of a call that begins.

    Args:
        serialized: the model's settings.
        given: the keyword arguments of ``on_llm_start``.
    """
    meta, params = given.get("metadata") or {}, given.get("invocation_params") or {}
    settings = (serialized or {}).get("kwargs") or {}
    model = meta.get("ls_model_name") or params.get("model") or params.get("model_name") or params.get("model_id")
    address = next((settings[name] for name in _ADDRESSES if isinstance(settings.get(name), str)), "")
    # Completion models say who they are for single prompts only; `_type` is "openai" or "openai-chat" for these.
    provider = meta.get("ls_provider") or str(params.get("_type") or "").partition("-")[0]
    return Asked(provider or None, str(model or ""), urlsplit(address).hostname, int(given.get("batch_size") or 1))


def _parts(totals: Mapping[str, Any]) -> tuple[str | None, dict[str, int | None]]:
    """Return the service tier, and the parts of the totals by their OpenTelemetry names."""
    read, written = totals.get("input_token_details") or {}, totals.get("output_token_details") or {}
    tier = next((tier for tier in _TIERS if tier in read or tier in written), None)

    def of(details: Mapping[str, Any], name: str) -> int:
        return int(details.get(name) or details.get(f"{tier}_{name}") or 0)

    five_minutes, one_hour = of(read, "ephemeral_5m_input_tokens"), of(read, "ephemeral_1h_input_tokens")
    return tier, {
        otel.CACHE_READ: of(read, "cache_read"),
        otel.CACHE_WRITE: of(read, "cache_creation") or five_minutes + one_hour,
        otel.CACHE_WRITE_5M: five_minutes,
        otel.CACHE_WRITE_1H: one_hour,
        otel.input_of("audio"): of(read, "audio"),
        otel.REASONING: of(written, "reasoning"),
        otel.output_of("audio"): of(written, "audio"),
    }
