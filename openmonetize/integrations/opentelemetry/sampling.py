"""Sampling: a span that is not recorded is not billed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Decision, Sampler, SamplingResult, StaticSampler
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span

from openmonetize.exceptions import ApiValueError
from openmonetize.integrations.opentelemetry.attributes import is_gen_ai


class KeepGenAISpans(Sampler):
    """Samples as another sampler does, and has the GenAI spans that it drops recorded, though not exported.

    What is exported does not change: a span that is recorded only is seen by processors, and no exporter takes it.

    Args:
        root_sampler: says which spans are exported; by default all, unless the caller of a request says otherwise.
        keep: returns whether to keep a span, by its name and its attributes at the start. By default, those that known
            instrumentations start, and all below them; ``lambda name, attributes: True`` keeps all spans.
    """

    def __init__(
        self,
        root_sampler: Sampler = DEFAULT_ON,
        keep: Callable[[str, Mapping[str, Any] | None], bool] = is_gen_ai,
    ) -> None:
        self._root = root_sampler
        self._keep = keep

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Return what the other sampler says, or that the span is to be recorded only."""
        result = self._root.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)
        if result.decision is not Decision.DROP:
            return result
        # What is below a kept span is kept, so that instrumentations of one call are seen to be nested.
        around = get_current_span(parent_context)
        in_kept = around.is_recording() and not around.get_span_context().trace_flags.sampled
        if not in_kept and not self._keep(name, attributes):
            return result
        return SamplingResult(Decision.RECORD_ONLY, attributes, result.trace_state)

    def get_description(self) -> str:
        """Return the name of this sampler and of the other one."""
        return f"KeepGenAISpans{{{self._root.get_description()}}}"


def check_provider(provider: Any) -> None:
    """Raise `ApiValueError` unless a tracer provider records all GenAI spans."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        raise ApiValueError("OTEL_SDK_DISABLED is set, so that there are no spans to bill")
    if not hasattr(provider, "add_span_processor"):
        raise ApiValueError(
            "there is no TracerProvider of the OpenTelemetry SDK: make one, and pass it or set it with "
            "opentelemetry.trace.set_tracer_provider() first"
        )
    sampler = getattr(provider, "sampler", None)
    if not keeps_all(sampler):
        named = sampler.get_description() if isinstance(sampler, Sampler) else repr(sampler)
        raise ApiValueError(
            f"the tracer provider's sampler, {named}, drops spans, or lets the caller of a request say so in its "
            "traceparent header, and what is dropped is not billed. Use TracerProvider(sampler=KeepGenAISpans(...)) "
            "with your sampler: it exports the same spans, and has GenAI spans recorded"
        )


def keeps_all(sampler: object) -> bool:
    """Return whether a sampler has all GenAI spans recorded."""
    if isinstance(sampler, KeepGenAISpans):
        return True
    # OpenTelemetry's default is based on the parent: the caller of a service decides by a header, and may be anybody.
    return isinstance(sampler, StaticSampler) and sampler.get_description() == "AlwaysOnSampler"
