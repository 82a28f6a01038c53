"""Spans of GenAI instrumentations, recorded as usage when they end."""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Mapping
from contextvars import Context as Variables, ContextVar, copy_context
from typing import Any, Callable, NamedTuple, Optional, Union

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import StatusCode

from openmonetize.client import OpenMonetize
from openmonetize.client.layers import Layer
from openmonetize.integrations.opentelemetry import attributes as names
from openmonetize.integrations.opentelemetry.sampling import check_provider, keeps_all
from openmonetize.providers import Usage, UsageError
from openmonetize.providers.totals import all_tokens

_LOG = logging.getLogger("openmonetize")

IdOfSpan = Union[str, Callable[[ReadableSpan], Optional[str]], None]

# Whether usage is just being recorded that a span has told.
TOLD_BY_SPAN: ContextVar[bool] = ContextVar("openmonetize_told_by_span", default=False)


class _Told(NamedTuple):
    """A call that a span has told of.

    Attributes:
        ids: the provider's ids of the answer, from this span and those below.
        model: the model.
        counts: all tokens read and written.
    """

    ids: frozenset[str]
    model: str
    counts: tuple[int, int]


class _Open:
    """A span that has not ended.

    Attributes:
        span: the span; it is let go of by those who never end it.
        parent: id of the span around it.
        variables: the context variables at its start: ``om.context``, the baggage.
        began: when, in monotonic seconds.
        below: calls that ended spans below have told of.
    """

    __slots__ = ("began", "below", "parent", "span", "variables")

    def __init__(self, span: weakref.ref[Span], parent: int | None, began: float) -> None:
        self.span = span
        self.parent = parent
        self.began = began
        self.variables: Variables = copy_context()
        self.below: list[_Told] = []


class UsageSpanProcessor(SpanProcessor):
    """Records what the spans of GenAI instrumentations tell of calls of models. Add it with `install`.

    A span that is one call is recorded, by its operation: ``chat``, ``text_completion``, ``generate_content`` and
    ``embeddings``, or what older instrumentations call these. Spans of agents, tools and workflows repeat the sums of
    calls, and are not. A call that several instrumentations, a wrapped client or ``om.instrument`` see is recorded
    once. A span of a call without tokens is counted in ``om.warning_counts()["unmetered"]``, unless the provider gave
    no answer.

    The scope is the one in which the span was started, also where it ends on another thread. A thread that does not
    get the caller's context variables has no scope, and no parent span either.

    Args:
        om: records the usage.
        user_id: the user of all calls, or a function of the ended span that returns it or None; it runs with the
            context variables of the span's start, and so finds the baggage. By default the span's ``user.id`` or
            ``enduser.id``. Where this finds none, that of ``om.context``.
        feature_id: the feature of all calls, or such a function. By default that of ``om.context``.
        metadata: facts to keep with every event.
        providers: what instrumentations call a system, to one of ``PROVIDERS``, beside the names that are known.

    Raises:
        ApiTypeError, ApiValueError: a value cannot be sent.
    """

    def __init__(
        self,
        om: OpenMonetize,
        *,
        user_id: IdOfSpan = None,
        feature_id: IdOfSpan = None,
        metadata: Mapping[str, Any] | None = None,
        providers: Mapping[str, str] | None = None,
    ) -> None:
        self._om = om
        self._user_id = user_id
        self._feature_id = feature_id
        self._metadata = metadata
        self._providers = providers or {}
        self._open: dict[int, _Open] = {}
        self._layers: dict[str, Layer] = {}
        self._told_of_sampler = False
        self._layer("opentelemetry")  # a bad value is an error of this line

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Keep the scope in which a span starts."""
        try:
            self._check_sampler(span)
            span_id, opened = span.get_span_context().span_id, self._open
            reference = weakref.ref(span, lambda _: opened.pop(span_id, None))
            ago = max(0, time.time_ns() - (span.start_time or 0)) / 1e9 if span.start_time else 0.0
            parent = span.parent.span_id if span.parent is not None and not span.parent.is_remote else None
            opened[span_id] = _Open(reference, parent, time.monotonic() - ago)
        except Exception as error:  # metering must not break the program that it watches
            _LOG.warning("a span was not taken note of: %r", error)

    def on_end(self, span: ReadableSpan) -> None:
        """Record the call that a span tells of."""
        try:
            self._end(span)
        except Exception as error:
            self._layer_of(span).unknown(names.model_of(span.attributes or {}), error)

    def shutdown(self) -> None:
        """Do nothing: `OpenMonetize.close` delivers what is recorded."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Return True: all ended spans are recorded. `OpenMonetize.flush` delivers them."""
        return True

    def _end(self, span: ReadableSpan) -> None:
        context = span.get_span_context()
        opened = self._open.pop(context.span_id, None) if context is not None else None
        values, below = span.attributes or {}, [] if opened is None else opened.below
        operation = names.operation_of(values)
        if operation not in names.LEAVES:
            self._end_of_container(span, operation)
            told = [] if operation in names.TOOLS else below  # a tool's own calls are none of the call around it
        else:
            told = self._end_of_call(span, opened, below)
        around = self._open.get(opened.parent) if opened is not None and opened.parent is not None else None
        if around is not None:
            around.below.extend(told)

    def _end_of_container(self, span: ReadableSpan, operation: str | None) -> None:
        """Tell of tokens that no rule knows what to make of."""
        values = span.attributes or {}
        if operation is None or operation not in names.CONTAINERS:
            own = "gen_ai.operation.name" in values or operation is None  # kinds of other conventions are all known
            if own and names.has_usage(values) and names.EVENT_IDS not in values:
                named = "names no operation" if operation is None else f"names the operation {operation!r}"
                error = UsageError(f"the span has tokens, and {named}: it may be a call, or a sum of some")
                self._layer_of(span).unknown(names.model_of(values), error, call_id=_call_id(span))

    def _end_of_call(self, span: ReadableSpan, opened: _Open | None, below: list[_Told]) -> list[_Told]:
        """Record a call unless spans below have told of it. Return the calls that are known at the end of the span."""
        values = span.attributes or {}
        try:
            usage = names.usage_of(values, _emitter(span), self._providers)
        except UsageError as error:
            failed = span.status.status_code is StatusCode.ERROR and not names.answered(values)
            if not failed and not below and not self._in_call(opened):
                began = None if opened is None else opened.began
                self._layer_of(span).unknown(names.model_of(values), error, call_id=_call_id(span), began=began)
            return below
        if not _is_told(usage, below):
            variables = copy_context() if opened is None else opened.variables
            variables.run(self._record, span, usage, None if opened is None else opened.began)
        ids = {usage.response_id} if usage.response_id else set()
        return [_Told(frozenset(ids.union(*(one.ids for one in below))), usage.model, all_tokens(usage))]

    def _record(self, span: ReadableSpan, usage: Usage, began: float | None) -> None:
        TOLD_BY_SPAN.set(True)  # in the copy of the context variables
        user_id = self._user_id(span) if callable(self._user_id) else None
        if self._user_id is None:
            user_id = names.user_of(span.attributes or {})
        feature_id = self._feature_id(span) if callable(self._feature_id) else None
        self._layer_of(span).record(usage, call_id=_call_id(span), began=began, user_id=user_id, feature_id=feature_id)

    def _in_call(self, opened: _Open | None) -> bool:
        """Return whether an open span around this one is a call too: it tells of the usage, or that it is not known."""
        while opened is not None and opened.parent is not None:
            opened = self._open.get(opened.parent)
            span = None if opened is None else opened.span()
            operation = None if span is None else names.operation_of(span.attributes or {})
            if operation in names.LEAVES:
                return True
            if operation in names.TOOLS:
                return False
        return False

    def _layer_of(self, span: ReadableSpan) -> Layer:
        return self._layer(_emitter(span))

    def _layer(self, emitter: str) -> Layer:
        """Return the layer of an instrumentation. Each is one of its own, as several may see one call."""
        layer = self._layers.get(emitter)
        if layer is None:
            user_id = self._user_id if isinstance(self._user_id, str) else None
            feature_id = self._feature_id if isinstance(self._feature_id, str) else None
            layer = self._layers[emitter] = self._om.layer(
                f"spans of {emitter}", user_id=user_id, feature_id=feature_id, metadata=self._metadata
            )
        return layer

    def _check_sampler(self, span: Span) -> None:
        """Tell once where this was added to a provider that drops spans. Raising here would break the program."""
        sampler = getattr(span, "_sampler", None)
        if sampler is not None and not self._told_of_sampler and not keeps_all(sampler):
            self._told_of_sampler = True
            _LOG.error(
                "the sampler %s drops spans, whose usage is not billed: use KeepGenAISpans, and add UsageSpanProcessor "
                "with install(), which checks it",
                sampler.get_description(),
            )


def install(
    tracer_provider: Any,
    om: OpenMonetize,
    *,
    user_id: IdOfSpan = None,
    feature_id: IdOfSpan = None,
    metadata: Mapping[str, Any] | None = None,
    providers: Mapping[str, str] | None = None,
) -> UsageSpanProcessor:
    """Have the GenAI spans of a tracer provider recorded as usage, after a look at its sampler.

    Do it before the instrumentations start: a tracer keeps the sampler that its provider had when it was made.

    Args:
        tracer_provider: of the OpenTelemetry SDK; None stands for the global one.
        om, user_id, feature_id, metadata, providers: see `UsageSpanProcessor`.

    Returns:
        The processor, which was added to the provider.

    Raises:
        ApiValueError: the provider does not record all GenAI spans, or a value cannot be sent.
        ApiTypeError: a value cannot be sent.
    """
    provider: Any = trace.get_tracer_provider() if tracer_provider is None else tracer_provider
    check_provider(provider)
    processor = UsageSpanProcessor(om, user_id=user_id, feature_id=feature_id, metadata=metadata, providers=providers)
    provider.add_span_processor(processor)
    return processor


def _is_told(usage: Usage, below: list[_Told]) -> bool:
    """Return whether the calls that spans below have told of are this one."""
    if not below:
        return False
    ids = frozenset().union(*(one.ids for one in below))
    if usage.response_id and all(one.ids for one in below):
        return usage.response_id in ids
    read, written = all_tokens(usage)
    if (read, written) == (sum(one.counts[0] for one in below), sum(one.counts[1] for one in below)):
        return True
    # Some instrumentations add the first count of Anthropic's streams to the last one.
    return len(below) == 1 and read > 0 and (below[0].model, below[0].counts[0]) == (usage.model, read)


def _call_id(span: ReadableSpan) -> tuple[int, int] | None:
    context = span.get_span_context()
    return None if context is None else (context.trace_id, context.span_id)


def _emitter(span: ReadableSpan) -> str:
    scope = span.instrumentation_scope
    return scope.name if scope is not None and scope.name else "opentelemetry"
