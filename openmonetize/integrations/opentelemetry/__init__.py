"""OpenTelemetry: usage from the spans of GenAI instrumentations, and this library's own work in traces and metrics.

>>> provider = TracerProvider(sampler=KeepGenAISpans(TraceIdRatioBased(0.1)))
>>> install(provider, om, feature_id="chat")  # each call of a model that an instrumentation traces is billed
>>> observe_health(om)  # queued, accepted, dead, ... as metrics
>>> annotate_spans(om)  # tokens and event ids of wrapped clients on the caller's span

A wrapped client or ``om.instrument`` is exact; spans are the wide way, for what is instrumented already. All of them
together record a call once. A span knows what its instrumentation has put there, and no more: a stream whose caller
did not ask for its usage has none, and is counted in ``om.warning_counts()["unmetered"]``.
"""

from __future__ import annotations

from openmonetize.integrations.opentelemetry.annotating import annotate_spans
from openmonetize.integrations.opentelemetry.health import observe_health
from openmonetize.integrations.opentelemetry.processor import UsageSpanProcessor, install
from openmonetize.integrations.opentelemetry.sampling import KeepGenAISpans

__all__ = ["KeepGenAISpans", "UsageSpanProcessor", "annotate_spans", "install", "observe_health"]
