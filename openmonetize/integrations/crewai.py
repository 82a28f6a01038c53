"""Meter what CrewAI's models call, by its event bus.

Example:
    >>> with metering(om, feature_id="research", user_id=user):
    ...     crew.kickoff()
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from crewai.events import crewai_event_bus
from crewai.events.types.llm_events import LLMCallCompletedEvent, LLMCallFailedEvent, LLMCallStartedEvent

from openmonetize.integrations._vendors import gateway_provider
from openmonetize.providers import Usage, UsageError, otel
from openmonetize.providers.inclusive import usage_of_totals

if TYPE_CHECKING:
    from openmonetize import OpenMonetize

__all__ = ["MeteringListener", "metering"]

MAX_CALLS = 10_000  # that have begun and not ended


class MeteringListener:
    """Records each call that a model of CrewAI has made, from now until :meth:`stop`. One object for all crews.

    CrewAI calls it on threads of its own, a moment after the call, in the context of the call: without a ``user_id``
    or ``feature_id`` here, those of ``om.context`` around ``kickoff`` count. It cannot refuse a call: ask with
    ``om.require`` before.

    Args:
        om: records the calls.
        feature_id: the feature of all calls; by default that of ``om.context``.
        user_id: the user of all calls; by default that of ``om.context``.
        metadata: facts to keep with every event.
        providers: what to bill under, ``"OPENAI"`` for instance, by CrewAI's name of a provider that the platform does
            not know (such as ``"deepseek"``). Calls of others are not metered, and counted.

    Raises:
        ApiTypeError, ApiValueError: a value cannot be sent.
    """

    def __init__(
        self,
        om: OpenMonetize,
        *,
        feature_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        providers: Mapping[str, str] | None = None,
    ) -> None:
        self._layer = om.layer("crewai", user_id=user_id, feature_id=feature_id, metadata=metadata)
        self._providers = dict(providers or {})
        self._began: dict[str, float] = {}
        self._handlers = (
            (LLMCallStartedEvent, self._on_start),
            (LLMCallCompletedEvent, self._on_end),
            (LLMCallFailedEvent, self._on_failure),
        )
        for event_type, handler in self._handlers:
            crewai_event_bus.on(event_type)(handler)

    def stop(self) -> None:
        """Wait for the events that are under way, and listen no more. Before ``om.close()``."""
        crewai_event_bus.flush()
        for event_type, handler in self._handlers:
            crewai_event_bus.off(event_type, handler)

    def _on_start(self, source: Any, event: LLMCallStartedEvent) -> None:
        if len(self._began) >= MAX_CALLS:
            self._began.pop(next(iter(self._began)), None)
        self._began[event.call_id] = _monotonic(event.timestamp)

    def _on_failure(self, source: Any, event: LLMCallFailedEvent) -> None:
        self._began.pop(event.call_id, None)

    def _on_end(self, source: Any, event: LLMCallCompletedEvent) -> None:
        began = self._began.get(event.call_id)  # a call with tools may end twice
        if began is None:
            began = _monotonic(event.timestamp)
        call_id = event.call_id, event.response_id
        try:
            usage = _usage(source, event, self._providers)
        except Exception as error:  # usage is a dictionary of the provider's making
            self._layer.unknown(event.model, error, call_id=call_id, began=began)
            return
        self._layer.record(usage, call_id=call_id, began=began)


def _usage(source: Any, event: LLMCallCompletedEvent, providers: Mapping[str, str]) -> Usage:
    """Return the usage of a call, whose counts CrewAI names as each provider does."""
    told, model = event.usage or {}, event.model or ""
    provider = gateway_provider(getattr(source, "provider", None), model, providers)
    read = _first(told, "prompt_tokens", "input_tokens", "prompt_token_count", "inputTokens")
    written = _first(told, "completion_tokens", "output_tokens", "outputTokens")
    if not read or written is None:  # CrewAI writes 0 for a count that is missing, and no call reads nothing
        raise UsageError("CrewAI does not know how many tokens were read")
    cached = _first(told, "cached_prompt_tokens", "cache_read_input_tokens", "cacheReadInputTokens") or _within(
        told, "prompt_tokens_details", "cached_tokens"
    )
    stored = _first(told, "cache_creation_tokens", "cache_creation_input_tokens", "cacheWriteInputTokens") or 0
    reasoning = told.get("reasoning_tokens") or _within(told, "completion_tokens_details", "reasoning_tokens")
    if "inputTokens" in told:  # Bedrock's leave the cache out
        read += (cached or 0) + stored
    by_litellm = getattr(source, "is_litellm", False)  # whose ids and whose streams' counts may be its own
    return usage_of_totals(
        provider,
        model,
        read,
        written,
        {otel.CACHE_READ: cached, otel.CACHE_WRITE: stored, otel.REASONING: reasoning},
        response_id=None if by_litellm else event.response_id,
        completeness="partial" if by_litellm and getattr(source, "stream", False) else "exact",
    )


def _first(told: Mapping[str, Any], *names: str) -> int | None:
    return next((told[name] for name in names if told.get(name) is not None), None)


def _within(told: Mapping[str, Any], name: str, part: str) -> int | None:
    details = told.get(name)
    found = details.get(part) if isinstance(details, Mapping) else getattr(details, part, None)
    return found if isinstance(found, int) else None


def _monotonic(moment: datetime) -> float:
    """Return when a moment was, by `time.monotonic`. Events are handled later than they happen."""
    return time.monotonic() - (datetime.now(timezone.utc) - moment).total_seconds()


@contextmanager
def metering(
    om: OpenMonetize,
    *,
    feature_id: str | None = None,
    user_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    providers: Mapping[str, str] | None = None,
) -> Iterator[MeteringListener]:
    """Meter every call of CrewAI in this process while a block runs, and wait for them: ``with metering(om):``.

    Args:
        om, feature_id, user_id, metadata, providers: see `MeteringListener`.

    Returns:
        The listener.
    """
    listener = MeteringListener(om, feature_id=feature_id, user_id=user_id, metadata=metadata, providers=providers)
    try:
        yield listener
    finally:
        listener.stop()
