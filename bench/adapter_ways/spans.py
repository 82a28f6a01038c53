"""The openai library, metered and traced. Each function returns the ways to make one call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from adapter_ways.common import (
    MESSAGES,
    MODEL,
    OTHER_SPANS,
    OURS,
    SPANS,
    WITHOUT,
    Servers,
    Way,
    Ways,
    for_user,
    new_client,
    openinference,
    openllmetry,
    repeated,
)


def wrapped(at: Servers) -> Ways:
    """Call a client, and a wrapped one."""
    import openai

    om, client = new_client(at), openai.OpenAI(base_url=at.openai, api_key="unused")
    ours = om.wrap(client)
    plain = repeated(lambda: client.chat.completions.create(model=MODEL, messages=MESSAGES))
    return {
        WITHOUT: Way(plain),
        OURS: Way(repeated(for_user(om, at, lambda: ours.chat.completions.create(model=MODEL, messages=MESSAGES))), om),
        SPANS: Way(plain, around=openllmetry),
        OTHER_SPANS: Way(plain, around=openinference),
    }


def streamed(at: Servers) -> Ways:
    """Read streams of a client, and of a wrapped one."""
    import openai

    om, client = new_client(at), openai.OpenAI(base_url=at.openai, api_key="unused")
    ours = om.wrap(client)

    def read(client: Any) -> None:
        options = {"include_usage": True}
        for _ in client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, stream_options=options):
            pass

    plain = repeated(lambda: read(client))
    return {
        WITHOUT: Way(plain),
        OURS: Way(repeated(for_user(om, at, lambda: read(ours))), om),
        SPANS: Way(plain, around=openllmetry),
        OTHER_SPANS: Way(plain, around=openinference),
    }


def instrumented(at: Servers) -> Ways:
    """Call a client of a library that is instrumented, or not."""
    import openai

    om, client = new_client(at), openai.OpenAI(base_url=at.openai, api_key="unused")

    def call() -> object:
        return client.chat.completions.create(model=MODEL, messages=MESSAGES)

    @contextmanager
    def instrumented() -> Iterator[None]:
        om.instrument("openai")
        try:
            yield
        finally:
            om.uninstrument()

    return {
        WITHOUT: Way(repeated(call)),
        OURS: Way(repeated(for_user(om, at, call)), om, instrumented),
        SPANS: Way(repeated(call), around=openllmetry),
        OTHER_SPANS: Way(repeated(call), around=openinference),
    }


def spans(at: Servers) -> Ways:
    """Call a client that OpenLLMetry traces: its spans are billed, or only made."""
    import openai
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

    from openmonetize.integrations.opentelemetry import KeepGenAISpans, install

    om, client = new_client(at), openai.OpenAI(base_url=at.openai, api_key="unused")
    plain, idle = TracerProvider(sampler=KeepGenAISpans()), TracerProvider(sampler=KeepGenAISpans())
    billed = TracerProvider(sampler=KeepGenAISpans())
    idle.add_span_processor(SpanProcessor())
    install(billed, om)

    def call() -> object:
        return client.chat.completions.create(model=MODEL, messages=MESSAGES)

    return {
        WITHOUT: Way(repeated(call), around=lambda: openllmetry(plain)),
        OURS: Way(repeated(for_user(om, at, call)), om, lambda: openllmetry(billed)),
        "a processor that does nothing": Way(repeated(call), around=lambda: openllmetry(idle)),
        "no spans at all": Way(repeated(call)),
    }
