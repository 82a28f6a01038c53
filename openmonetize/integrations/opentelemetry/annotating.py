"""Recorded usage as attributes of the caller's span."""

from __future__ import annotations

from typing import Any, Callable

from opentelemetry import trace

from openmonetize.client import OpenMonetize
from openmonetize.integrations.opentelemetry.attributes import EVENT_IDS, is_gen_ai, operation_of
from openmonetize.integrations.opentelemetry.processor import TOLD_BY_SPAN
from openmonetize.providers import Usage, otel
from openmonetize.providers.totals import all_tokens


def annotate_spans(om: OpenMonetize) -> Callable[[], None]:
    """Write what each provider's call has used on the span around it: tokens, model, and the ids of its events.

    The names are the newest of the GenAI conventions. Tokens of several calls within one span are added up;
    ``openmonetize.event_ids`` names each. A span of a GenAI instrumentation has tokens of its own, and gets the ids
    only. Usage that a span has told is not written back. ``om.track_token_usage`` is not a call, and writes nothing.

    Args:
        om: the client that records the usage.

    Returns:
        A function that ends it.
    """
    listeners = om._recording.listeners
    listeners.append(_annotate)

    def stop() -> None:
        if _annotate in listeners:
            listeners.remove(_annotate)

    return stop


def _annotate(usage: Usage, event_id: str) -> None:
    span = trace.get_current_span()
    if not span.is_recording() or TOLD_BY_SPAN.get():
        return
    before: Any = getattr(span, "attributes", None) or {}  # spans of the SDK can be read
    ids = before.get(EVENT_IDS, ())
    written: dict[str, Any] = {EVENT_IDS: [*ids, event_id]}
    if operation_of(before) is None and not is_gen_ai(getattr(span, "name", ""), None):
        read, output = all_tokens(usage)
        counts = {**usage.details, otel.INPUT: read, otel.OUTPUT: output}
        written.update({name: count + before.get(name, 0) for name, count in counts.items()})
        written["gen_ai.provider.name"] = _PROVIDERS.get(usage.provider, usage.provider.lower())
        written["gen_ai.response.model"] = usage.model
        if usage.response_id and not ids:
            written["gen_ai.response.id"] = usage.response_id
    span.set_attributes(written)


_PROVIDERS = {"GOOGLE": "gcp.gen_ai", "MISTRAL": "mistral_ai"}
