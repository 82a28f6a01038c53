"""Meter what LlamaIndex calls, by its instrumentation.

Example:
    >>> with metering(om, feature_id="search", user_id=user):
    ...     engine.query("What changed?")
"""

from __future__ import annotations

import contextvars
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.embedding import EmbeddingEndEvent, EmbeddingStartEvent
from llama_index.core.instrumentation.events.exception import ExceptionEvent
from llama_index.core.instrumentation.events.llm import (
    LLMChatEndEvent,
    LLMChatStartEvent,
    LLMCompletionEndEvent,
    LLMCompletionStartEvent,
)
from pydantic import PrivateAttr

from openmonetize.integrations._vendors import gateway_provider
from openmonetize.providers import StreamMeter, Usage, UsageError, usage_from

if TYPE_CHECKING:
    from openmonetize import OpenMonetize

__all__ = ["MeteringEventHandler", "metering"]

MAX_SPANS = 10_000  # that have begun and not ended

# Embedding models of these are charged for, others may run in this process.
_CHARGED = ("openai", "azure", "cohere", "mistral", "google", "gemini", "vertex", "bedrock")


class _Span(NamedTuple):
    """A call that has begun."""

    name: str  # of the model's class
    model: str
    began: float
    context: contextvars.Context  # streams may end in another one


class MeteringEventHandler(BaseEventHandler):  # type: ignore[misc, unused-ignore]
    """Records each chat and completion that a model of LlamaIndex has made. One object for any threads.

    Use :func:`metering`, or add it for good: ``get_dispatcher().add_event_handler(MeteringEventHandler(om))``. Without
    a ``user_id`` or ``feature_id`` here, those of ``om.context`` at the beginning of the call count. LlamaIndex drops
    what a handler raises, so it cannot refuse a call: ask with ``om.require`` before.

    Args:
        om: records the calls.
        feature_id: the feature of all calls; by default that of ``om.context``.
        user_id: the user of all calls; by default that of ``om.context``.
        metadata: facts to keep with every event.
        providers: what to bill under, ``"OPENAI"`` for instance, by LlamaIndex's name of a model's class
            (``class_name()``). By default the provider whose format the answer has.

    Raises:
        ApiTypeError, ApiValueError: a value cannot be sent.
    """

    _layer: Any = PrivateAttr()
    _providers: dict[str, str] = PrivateAttr()
    _spans: dict[str, _Span] = PrivateAttr(default_factory=dict)
    # A model whose completion is a chat tells of both, with the same answer.
    _answers: deque[Any] = PrivateAttr(default_factory=lambda: deque(maxlen=32))

    def __init__(
        self,
        om: OpenMonetize,
        *,
        feature_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        providers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._layer = om.layer("llama-index", user_id=user_id, feature_id=feature_id, metadata=metadata)
        self._providers = dict(providers or {})

    @classmethod
    def class_name(cls) -> str:
        """Return the name by which LlamaIndex knows it."""
        return "OpenMonetizeMeteringEventHandler"

    def handle(self, event: Any, **given: Any) -> None:
        """Take an event of LlamaIndex."""
        if isinstance(event, (LLMChatStartEvent, LLMCompletionStartEvent, EmbeddingStartEvent)):
            self._begin(event)
            return
        if not isinstance(event, (LLMChatEndEvent, LLMCompletionEndEvent, ExceptionEvent, EmbeddingEndEvent)):
            return
        span = self._spans.pop(event.span_id or "", None)
        if isinstance(event, (LLMChatEndEvent, LLMCompletionEndEvent)):
            self._end(event, span or _Span("", "", time.monotonic(), contextvars.copy_context()))
        elif span is not None and isinstance(event, ExceptionEvent):
            self._unknown(event, span, UsageError(f"its stream has ended early: {type(event.exception).__name__}"))
        elif span is not None and any(name in span.name.lower() for name in _CHARGED):
            self._unknown(event, span, UsageError("LlamaIndex tells no usage of embeddings: wrap the client"))

    def _begin(self, event: Any) -> None:
        settings = event.model_dict
        name = str(settings.get("class_name") or "")
        model = str(settings.get("model_name") or settings.get("model") or "")
        if len(self._spans) >= MAX_SPANS:
            self._spans.pop(next(iter(self._spans)), None)
        self._spans[event.span_id or ""] = _Span(name, model, time.monotonic(), contextvars.copy_context())

    def _end(self, event: Any, span: _Span) -> None:
        answer = event.response
        raw = getattr(answer, "raw", None)
        if span.name == "structured_llm" or any(one is raw for one in self._answers if raw is not None):
            return  # told by the model within
        if raw is not None:
            self._answers.append(raw)
        try:
            usage = self._usage(raw, span)
        except Exception as error:  # raw answers are of any kind
            self._unknown(event, span, error)
            return
        span.context.run(self._layer.record, usage, call_id=event.span_id, began=span.began)

    def _usage(self, raw: Any, span: _Span) -> Usage:
        provider, model = self._providers.get(span.name), None
        if provider is None and "bedrock" in span.name.lower():
            provider = gateway_provider("bedrock", span.model, {})
        if provider is not None and "bedrock" in span.name.lower():
            model = span.model
        if raw is None:
            raise UsageError("LlamaIndex does not hand the provider's answer over")
        try:
            return usage_from(raw, provider=provider and provider.upper(), model=model)
        except UsageError:
            meter = StreamMeter(provider=provider and provider.upper(), model=model, default_model=span.model or None)
            meter.feed(raw)  # the last chunk of a stream
            if not meter.finished:
                raise UsageError(
                    "a stream without usage: OpenAI wants stream_options={'include_usage': True}"
                ) from None
            return meter.usage()

    def _unknown(self, event: Any, span: _Span, error: Exception) -> None:
        self._layer.unknown(span.model or None, error, call_id=event.span_id, began=span.began)


@contextmanager
def metering(
    om: OpenMonetize,
    *,
    feature_id: str | None = None,
    user_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    providers: Mapping[str, str] | None = None,
) -> Iterator[MeteringEventHandler]:
    """Meter every call of LlamaIndex in this process while a block runs: ``with metering(om):``.

    Args:
        om, feature_id, user_id, metadata, providers: see `MeteringEventHandler`.

    Returns:
        The handler.
    """
    handler = MeteringEventHandler(om, feature_id=feature_id, user_id=user_id, metadata=metadata, providers=providers)
    handlers = get_dispatcher().event_handlers
    handlers.append(handler)
    try:
        yield handler
    finally:
        # Handlers are models, which compare by their values.
        handlers[:] = [one for one in handlers if one is not handler]
