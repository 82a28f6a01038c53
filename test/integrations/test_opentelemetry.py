"""Spans of GenAI instrumentations are billed once each, whatever the sampler exports."""

from __future__ import annotations

import asyncio
import gc
import importlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry import baggage, context, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, DEFAULT_ON, ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags

from openmonetize import OpenMonetize
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.integrations.opentelemetry import (
    KeepGenAISpans,
    UsageSpanProcessor,
    annotate_spans,
    install,
    observe_health,
)
from openmonetize.integrations.opentelemetry.attributes import CONTAINERS, INPUT, LEAVES, OUTPUT, PARTS, usage_of
from openmonetize.providers import Usage, otel
from openmonetize.providers.totals import all_tokens
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, Failure, FakeProviders

USER = "acme-corp-user-000001"
MESSAGES: Any = [{"role": "user", "content": "Hi"}]


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    with OpenMonetize(sandbox.key, sandbox.url) as running, running.context(user_id=USER, feature_id="chat"):
        yield running


@pytest.fixture
def fake() -> Iterator[FakeProviders]:
    with FakeProviders() as started:
        yield started


@pytest.fixture
def provider(om: OpenMonetize) -> Iterator[TracerProvider]:
    made = TracerProvider(sampler=KeepGenAISpans())
    install(made, om)
    yield made
    made.shutdown()


def events(om: OpenMonetize, sandbox: Sandbox) -> list[dict[str, Any]]:
    om.flush()
    return sandbox.events()


def tokens(om: OpenMonetize, sandbox: Sandbox) -> list[tuple[int, int]]:
    return [(one["input_tokens"], one["output_tokens"]) for one in events(om, sandbox)]


def attributes(read: int | None = 100, written: int | None = 20, **more: Any) -> dict[str, Any]:
    counts = {otel.INPUT: read, otel.OUTPUT: written}
    values = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        **counts,
        **{name.replace("__", "."): value for name, value in more.items()},
    }
    return {name: value for name, value in values.items() if value is not None}


def span(provider: TracerProvider, values: Mapping[str, Any], scope: str = "mine", name: str = "chat gpt-4o") -> Any:
    return provider.get_tracer(scope).start_as_current_span(name, attributes=dict(values))


# Which spans, and which names


@pytest.mark.parametrize("operation", sorted(LEAVES))
def test_a_call_is_billed(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider, operation: str) -> None:
    with span(provider, attributes(gen_ai__operation__name=operation)):
        pass
    assert tokens(om, sandbox) == [(100, 20)]
    assert (events(om, sandbox)[0]["user_id"], events(om, sandbox)[0]["feature_id"]) == (USER, "chat")
    assert om.warning_counts()["unmetered"] == 0


@pytest.mark.parametrize("operation", sorted(CONTAINERS))
def test_sums_are_not(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider, operation: str) -> None:
    with span(provider, attributes(gen_ai__operation__name=operation, **{"gen_ai.aggregated_usage.input_tokens": 9})):
        pass
    assert tokens(om, sandbox) == []
    assert om.warning_counts()["unmetered"] == 0


@pytest.mark.parametrize("operation", [None, "sing_a_song"])
def test_tokens_of_an_unknown_operation_are_told(
    om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider, operation: str | None
) -> None:
    with span(provider, attributes(gen_ai__operation__name=operation)):
        pass
    assert tokens(om, sandbox) == []
    assert om.warning_counts()["unmetered"] == 1


@pytest.mark.parametrize(
    ("kind", "values", "billed"),
    [
        ("llm.request.type", ("chat", "completion", "embedding"), True),
        ("openinference.span.kind", ("LLM", "EMBEDDING"), True),
        ("openinference.span.kind", ("AGENT", "CHAIN", "TOOL", "RETRIEVER", "RERANKER", "GUARDRAIL"), False),
        ("traceloop.span.kind", ("workflow", "task", "agent", "tool"), False),
    ],
)
def test_kinds_of_other_conventions(
    om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider, kind: str, values: tuple[str, ...], billed: bool
) -> None:
    for value in values:
        with span(provider, {**attributes(gen_ai__operation__name=None), kind: value}):
            pass
    assert tokens(om, sandbox) == ([(100, 20)] * len(values) if billed else [])
    assert om.warning_counts()["unmetered"] == 0


@pytest.mark.parametrize("written", OUTPUT)
@pytest.mark.parametrize("read", INPUT)
def test_all_names_of_tokens(read: str, written: str) -> None:
    found = usage_of({**attributes(None, None), read: 100, written: 20}, "mine", {})
    assert (found.input_tokens, found.output_tokens) == (100, 20)


@pytest.mark.parametrize(("part", "name"), [(part, name) for part, names in PARTS.items() for name in names])
def test_all_names_of_parts(part: str, name: str) -> None:
    assert usage_of({**attributes(), name: 7}, "mine", {}).details == {part: 7}


@pytest.mark.parametrize(
    ("system", "model", "expected"),
    [
        ("openai", "gpt-4o", "OPENAI"),
        ("OpenAI", "gpt-4o", "OPENAI"),
        ("azure.ai.openai", "gpt-4o", "OPENAI"),
        ("Anthropic", "claude-sonnet-4-5", "ANTHROPIC"),
        ("gcp.vertex_ai", "gemini-2.5-pro", "GOOGLE"),
        ("gcp.vertex_ai", "claude-sonnet-4-5@20250929", "ANTHROPIC"),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "ANTHROPIC"),
        ("mistral_ai", "mistral-large-latest", "MISTRAL"),
        ("cohere", "command-r-plus", "COHERE"),
        (None, "gpt-4o-mini", "OPENAI"),
        ("house", "gpt-4o", "MISTRAL"),
    ],
)
def test_providers(system: str | None, model: str, expected: str) -> None:
    values = attributes(gen_ai__provider__name=None, gen_ai__system=system, gen_ai__request__model=model)
    assert usage_of(values, "mine", {"house": "MISTRAL"}).provider == expected


def test_the_model_that_answered_its_id_and_host() -> None:
    values = attributes(
        gen_ai__response__model="gpt-4o-2024-08-06", gen_ai__response__id="chatcmpl-1", server__address="api.openai.com"
    )
    found = usage_of(values, "mine", {})
    assert (found.model, found.response_id, found.host) == ("gpt-4o-2024-08-06", "chatcmpl-1", "api.openai.com")
    assert usage_of(values, "litellm", {}).response_id is None
    assert usage_of({**values, "gen_ai.response.id": "lc_run--1"}, "mine", {}).response_id is None


@pytest.mark.parametrize(
    ("counts", "totals"),
    [
        ({"input": 3000, "output": 300, "read": 1000, "write": 500}, (3000, 300)),
        ({"input": 1500, "output": 300, "read": 1000, "write": 500, "total": 3300}, (3000, 300)),
        ({"input": 12, "output": 300, "read": 1000, "write": 500}, (1512, 300)),
        ({"input": 3000, "output": 300, "read": 1000, "write": 500, "total": 3300}, (3000, 300)),
        ({"input": 3000, "output": 60, "reasoning": 1200}, (3000, 1260)),
        ({"input": 3000, "output": 300, "reasoning": 200, "total": 3500}, (3000, 500)),
        ({"input": 3000, "output": 300, "reasoning": 200, "total": 3300}, (3000, 300)),
    ],
)
def test_counts_that_leave_something_out(counts: dict[str, int], totals: tuple[int, int]) -> None:
    wire = {
        "input": otel.INPUT,
        "output": otel.OUTPUT,
        "read": otel.CACHE_READ,
        "write": "gen_ai.usage.cache_creation.input_tokens",
        "reasoning": "gen_ai.usage.reasoning_tokens",
        "total": "gen_ai.usage.total_tokens",
    }
    values = attributes(gen_ai__provider__name="anthropic", gen_ai__request__model="claude-sonnet-4-5")
    found = usage_of({**values, **{wire[name]: count for name, count in counts.items()}}, "mine", {})
    assert all_tokens(found) == totals
    assert found.input_tokens == totals[0] - counts.get("read", 0) - counts.get("write", 0)


# What is not known


@pytest.mark.parametrize("counts", [(None, None), (100, None), (None, 20), (0, 0)])
def test_missing_counts_are_unknown(
    om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider, counts: tuple[int | None, int | None]
) -> None:
    with span(provider, attributes(*counts)):
        pass
    assert tokens(om, sandbox) == []
    assert om.warning_counts()["unmetered"] == 1


@pytest.mark.parametrize("counts", [(None, None), (None, 20), ("100", 20), (-1, 20), (True, 20), (1.5, 20)])
def test_what_is_no_count_is_unknown(
    om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider, counts: tuple[Any, Any]
) -> None:
    with span(provider, attributes(*counts)):
        pass
    assert (tokens(om, sandbox), om.warning_counts()["unmetered"]) == ([], 1)


def test_embeddings_write_nothing(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider) -> None:
    with span(provider, attributes(100, None, gen_ai__operation__name="embeddings")):
        pass
    assert tokens(om, sandbox) == [(100, 0)]


@pytest.mark.parametrize(("more", "unmetered"), [({}, 0), ({"gen_ai__response__id": "chatcmpl-1"}, 1)])
def test_a_failed_call_is_told_if_the_provider_has_answered(
    om: OpenMonetize, provider: TracerProvider, more: dict[str, str], unmetered: int
) -> None:
    with span(provider, attributes(None, None, **more)) as current:
        current.set_status(Status(StatusCode.ERROR))
    assert om.warning_counts()["unmetered"] == unmetered


def test_an_unknown_provider_is_told(om: OpenMonetize, provider: TracerProvider) -> None:
    with span(provider, attributes(gen_ai__provider__name="house", gen_ai__request__model="llama")):
        pass
    assert om.warning_counts()["unmetered"] == 1


# One call, several spans


@pytest.mark.parametrize("scopes", [("a", "a"), ("a", "b"), ("a", "b", "c")])
@pytest.mark.parametrize("ids", [True, False])
def test_nested_spans_of_one_call(
    om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider, scopes: tuple[str, ...], ids: bool
) -> None:
    def call(number: int, depth: int = 0) -> None:
        more = {"gen_ai__response__id": f"chatcmpl-{number}"} if ids else {}
        with span(provider, attributes(100 + number, **more), scopes[depth]):
            if depth + 1 < len(scopes):
                with span(provider, {}, "http", "POST"):
                    call(number, depth + 1)

    for number in range(3):
        call(number)
    assert sorted(tokens(om, sandbox)) == [(100, 20), (101, 20), (102, 20)]
    assert om.warning_counts()["unmetered"] == 0


@pytest.mark.parametrize("scope", ["a", "b"])
def test_a_sum_of_the_calls_below(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider, scope: str) -> None:
    embedding = {"gen_ai__operation__name": "embeddings"}
    with span(provider, attributes(300, None, **embedding), "a"):
        for count in (100, 200):
            with span(provider, attributes(count, None, **embedding), scope):
                pass
    assert sorted(tokens(om, sandbox)) == [(100, 0), (200, 0)]


def test_another_call_within_a_call(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider) -> None:
    outer, inner = (attributes(100, gen_ai__response__id=f"chatcmpl-{number}") for number in (1, 2))
    with span(provider, outer), span(provider, inner):
        pass
    with span(provider, attributes(70)), span(provider, attributes(60)):
        pass
    tool = {"gen_ai.operation.name": "execute_tool"}
    with span(provider, attributes(50)), span(provider, tool), span(provider, attributes(50)):
        pass
    assert sorted(tokens(om, sandbox)) == [(50, 20), (50, 20), (60, 20), (70, 20), (100, 20), (100, 20)]


def test_siblings_of_two_instrumentations(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider) -> None:
    """OpenLLMetry makes the span of a response after the call, beside the span that another one has made of it."""
    for _ in range(3):
        began = time.time_ns()
        with span(provider, attributes(), "a"):
            pass
        late = provider.get_tracer("b").start_span("openai.response", start_time=began)
        late.set_attributes(attributes(gen_ai__response__id="resp_1"))
        late.end()
    assert tokens(om, sandbox) == [(100, 20)] * 3


def test_parallel_calls_that_look_the_same(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider) -> None:
    barrier = threading.Barrier(4)

    def call() -> None:
        with span(provider, attributes(), "a"):
            barrier.wait()
            with span(provider, attributes(), "b"):
                barrier.wait()

    with ThreadPoolExecutor(4) as pool, om.context(user_id=USER, feature_id="chat"):
        for future in [pool.submit(context_of(call)) for _ in range(4)]:
            future.result()
    assert tokens(om, sandbox) == [(100, 20)] * 4


def context_of(function: Callable[[], None]) -> Callable[[], None]:
    import contextvars

    variables = contextvars.copy_context()
    return lambda: variables.run(function)


def test_the_span_that_knows_the_tokens_is_billed(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider) -> None:
    with span(provider, attributes(), "a"), span(provider, attributes(None, None), "b"):
        pass
    with span(provider, attributes(None, None), "a"), span(provider, attributes(200), "b"):
        pass
    assert (tokens(om, sandbox), om.warning_counts()["unmetered"]) == ([(100, 20), (200, 20)], 0)
    nothing = attributes(None, None, gen_ai__request__model="o3")
    with span(provider, nothing, "a"), span(provider, nothing, "b"):
        pass
    assert om.warning_counts()["unmetered"] == 1


def test_an_instrumentation_that_adds_the_first_count_of_a_stream(
    om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider
) -> None:
    added = attributes(3000, 301, gen_ai__response__id="msg_1")
    with span(provider, added, "a"), span(provider, attributes(3000, 300), "b"):
        pass
    assert len(tokens(om, sandbox)) == 1


def test_two_processors(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider) -> None:
    install(provider, om)
    with span(provider, attributes()):
        pass
    assert tokens(om, sandbox) == [(100, 20)]


def test_an_agent_with_sums(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider) -> None:
    """The trial of `field/trials/otel_leaf.py`: 60,000 tokens, where a naive sum is 160,000."""
    for number in range(20):
        with span(provider, {"gen_ai.operation.name": "invoke_agent", otel.INPUT: 300}, name="invoke_agent"):
            with span(provider, attributes(100, gen_ai__response__id=f"a{number}")):
                pass
            new = attributes(200, gen_ai__response__id=f"b{number}")
            old = {**attributes(None, gen_ai__response__id=f"b{number}"), "gen_ai.usage.prompt_tokens": 200}
            with span(provider, old), span(provider, new):
                pass
    assert sum(read for read, _ in tokens(om, sandbox)) == 6_000


# User and feature


def test_the_scope_in_which_a_span_has_started(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider) -> None:
    with om.context(user_id="acme-corp-user-000002", feature_id="summary", metadata={"job": 7}):
        started = provider.get_tracer("mine").start_span("chat", attributes=attributes())
    with ThreadPoolExecutor(1) as pool:
        pool.submit(started.end).result()
    [event] = events(om, sandbox)
    assert (event["user_id"], event["feature_id"]) == ("acme-corp-user-000002", "summary")
    assert event["metadata"]["job"] == 7


@pytest.mark.parametrize("name", ["user.id", "enduser.id"])
def test_the_user_of_a_span(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider, name: str) -> None:
    with span(provider, {**attributes(), name: "acme-corp-user-000003"}):
        pass
    assert events(om, sandbox)[0]["user_id"] == "acme-corp-user-000003"


def test_functions_and_texts(om: OpenMonetize, sandbox: Sandbox) -> None:
    def of_baggage(ended: ReadableSpan) -> Any:
        return baggage.get_baggage("user.id")

    def of_span(ended: ReadableSpan) -> Any:
        return (ended.attributes or {}).get("app.feature")

    provider = TracerProvider(sampler=ALWAYS_ON)
    install(provider, om, user_id=of_baggage, feature_id=of_span, metadata={"source": "spans"})
    token = context.attach(baggage.set_baggage("user.id", "acme-corp-user-000004"))
    started = provider.get_tracer("mine").start_span("chat", attributes=attributes(app__feature="search"))
    context.detach(token)
    started.end()
    with span(provider, attributes()):
        pass
    other = TracerProvider(sampler=ALWAYS_ON)
    install(other, om, user_id="acme-corp-user-000005", feature_id="other")
    with span(other, attributes()):
        pass
    found = {(one["user_id"], one["feature_id"], one["metadata"].get("source")) for one in events(om, sandbox)}
    assert found == {
        ("acme-corp-user-000004", "search", "spans"),
        (USER, "chat", "spans"),
        ("acme-corp-user-000005", "other", None),
    }


def test_a_function_that_fails_breaks_nothing(om: OpenMonetize, sandbox: Sandbox) -> None:
    def fail(ended: ReadableSpan) -> Any:
        raise RuntimeError("no user")

    provider = TracerProvider(sampler=ALWAYS_ON)
    install(provider, om, user_id=fail)
    with span(provider, attributes()):
        pass
    assert (tokens(om, sandbox), om.warning_counts()["unmetered"]) == ([], 1)


def test_values_that_cannot_be_sent(om: OpenMonetize) -> None:
    with pytest.raises(ApiValueError):
        UsageSpanProcessor(om, user_id="")
    with pytest.raises(ApiTypeError):
        UsageSpanProcessor(om, metadata="job")  # type: ignore[arg-type]


def test_spans_that_never_end_are_forgotten(om: OpenMonetize) -> None:
    provider = TracerProvider(sampler=ALWAYS_ON)
    processor = install(provider, om)
    for _ in range(10):
        provider.get_tracer("mine").start_span("chat")
    gc.collect()
    assert not processor._open


# Sampling


@pytest.mark.parametrize(
    "sampler", [None, DEFAULT_ON, ALWAYS_OFF, TraceIdRatioBased(0.1), ParentBased(TraceIdRatioBased(0.1))]
)
def test_a_sampler_that_drops_is_refused(om: OpenMonetize, sampler: Any) -> None:
    with pytest.raises(ApiValueError, match="KeepGenAISpans"):
        install(TracerProvider(sampler=sampler), om)


def test_providers_without_spans_are_refused(om: OpenMonetize, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ApiValueError, match="SDK"):
        install(trace.NoOpTracerProvider(), om)
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with pytest.raises(ApiValueError, match="OTEL_SDK_DISABLED"):
        install(TracerProvider(sampler=ALWAYS_ON), om)


def test_a_processor_that_was_added_without_a_look(om: OpenMonetize, caplog: pytest.LogCaptureFixture) -> None:
    provider = TracerProvider(sampler=TraceIdRatioBased(1))
    provider.add_span_processor(UsageSpanProcessor(om))
    for _ in range(2):
        with span(provider, attributes()):
            pass
    assert [record.message for record in caplog.records if "KeepGenAISpans" in record.message] != []
    assert sum("KeepGenAISpans" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize("root", [TraceIdRatioBased(0.1), ParentBased(TraceIdRatioBased(0.1))])
def test_all_is_billed_and_a_tenth_is_exported(om: OpenMonetize, sandbox: Sandbox, root: Any) -> None:
    provider, exporter = TracerProvider(sampler=KeepGenAISpans(root)), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    install(provider, om)
    for number in range(400):
        with span(provider, {}, "web", "GET /"), span(provider, attributes(gen_ai__response__id=f"chatcmpl-{number}")):
            pass
    assert tokens(om, sandbox) == [(100, 20)] * 400
    calls = [one for one in exporter.get_finished_spans() if one.name != "GET /"]
    assert 10 <= len(calls) <= 90  # 40 on average; outside of this once in ten million runs
    if isinstance(root, ParentBased):
        assert len(calls) * 2 == len(exporter.get_finished_spans())


def test_a_request_whose_caller_does_not_sample(om: OpenMonetize, sandbox: Sandbox) -> None:
    """Anybody can send a traceparent header that says so; the usage is billed all the same."""
    provider, exporter = TracerProvider(sampler=KeepGenAISpans()), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    install(provider, om)
    remote = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(0))
    token = context.attach(trace.set_span_in_context(NonRecordingSpan(remote)))
    try:
        with span(provider, {}, "web", "GET /") as request:
            assert not request.is_recording()
            with span(provider, attributes()), span(provider, {}, "http", "POST") as below:
                assert below.is_recording()
    finally:
        context.detach(token)
    assert (tokens(om, sandbox), exporter.get_finished_spans()) == ([(100, 20)], ())


def test_keep_is_the_callers_choice() -> None:
    sampler = KeepGenAISpans(ALWAYS_OFF, keep=lambda name, attributes: name == "mine")
    assert sampler.should_sample(None, 1, "mine").decision.is_recording()
    assert not sampler.should_sample(None, 1, "chat").decision.is_recording()
    assert sampler.get_description() == "KeepGenAISpans{AlwaysOffSampler}"


# Out


def test_health(om: OpenMonetize, sandbox: Sandbox) -> None:
    reader = InMemoryMetricReader()
    observe_health(om, MeterProvider([reader]))
    om.layer("mine").record(Usage("OPENAI", "gpt-4o", 100, 20))
    om.layer("mine").unknown("gpt-4o", ValueError("nobody knows"), began=time.monotonic() + 100)
    om.flush()
    data = reader.get_metrics_data()
    assert data is not None
    found = {
        (metric.name, *point.attributes.values()): point.value
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }
    stats = om.stats()
    for name in ("tracked", "accepted", "duplicate", "queued", "retrying", "dead", "dropped", "unpaid", "followed"):
        assert found[f"openmonetize.events.{name}",] == getattr(stats, name)
    assert found["openmonetize.events.accepted",] == 1
    assert ("openmonetize.events.billed",) not in found  # nobody has looked
    assert found["openmonetize.warnings", "unmetered"] == om.warning_counts()["unmetered"] == 1
    assert found["openmonetize.outbox.unreadable",] == 0


def test_usage_on_the_callers_span(om: OpenMonetize, provider: TracerProvider) -> None:
    stop = annotate_spans(om)
    layer = om.layer("mine")
    with span(provider, {}, "web", "GET /") as request:
        details = {otel.CACHE_READ: 50}
        first = layer.record(Usage("OPENAI", "gpt-4o", 100, 20, details=details, response_id="chatcmpl-1"))
        second = layer.record(Usage("OPENAI", "gpt-4o-mini", 10, 2))
    assert dict(request.attributes) == {
        "openmonetize.event_ids": (first, second),
        "gen_ai.provider.name": "openai",
        "gen_ai.response.model": "gpt-4o-mini",
        "gen_ai.response.id": "chatcmpl-1",
        otel.INPUT: 110,
        otel.OUTPUT: 22,
        otel.CACHE_READ: 50,
    }
    with span(provider, attributes(900, 90)) as call:
        third = layer.record(Usage("OPENAI", "gpt-4o", 900, 90))
    assert call.attributes["openmonetize.event_ids"] == (third,)
    assert call.attributes[otel.INPUT] == 900
    stop()
    stop()
    with span(provider, {}, "web", "GET /") as request:
        layer.record(Usage("OPENAI", "gpt-4o", 100, 20))
    assert not request.attributes
    assert om.warning_counts()["unmetered"] == 0


def test_what_spans_tell_is_not_written_back(om: OpenMonetize, sandbox: Sandbox, provider: TracerProvider) -> None:
    annotate_spans(om)
    with span(provider, {}, "web", "GET /") as request, span(provider, attributes()):
        pass
    assert not request.attributes
    assert tokens(om, sandbox) == [(100, 20)]


def test_a_listener_that_fails_breaks_nothing(om: OpenMonetize, sandbox: Sandbox) -> None:
    def fail(usage: Usage, event_id: str) -> None:
        raise RuntimeError

    om._recording.listeners.append(fail)
    assert om.layer("mine").record(Usage("OPENAI", "gpt-4o", 100, 20))
    assert tokens(om, sandbox) == [(100, 20)]


# Real instrumentations: by name, what starts and what stops it


def _instrument(module: str, name: str, provider: TracerProvider) -> Callable[[], None]:
    try:  # some cannot be imported beside the versions of others
        instrumentor = getattr(__import__(module, fromlist=[name]), name)()
        instrumentor.instrument(tracer_provider=provider, skip_dep_check=True)
    except (ImportError, TypeError) as error:
        pytest.skip(f"{module}: {error}")
    return instrumentor.uninstrument  # type: ignore[no-any-return]


def _importable(module: str) -> bool:
    try:
        importlib.import_module(module)
    except (ImportError, TypeError):
        return False
    return True


# Those that are there: openai-v2 cannot be beside the present versions of the others.
OPENAI = {
    name: module
    for name, module in {
        "openai-v2": "opentelemetry.instrumentation.openai_v2",
        "openllmetry": "opentelemetry.instrumentation.openai",
        "openinference": "openinference.instrumentation.openai",
    }.items()
    if _importable(module)
}
ANTHROPIC = {
    "openllmetry": "opentelemetry.instrumentation.anthropic",
    "openinference": "openinference.instrumentation.anthropic",
}
BELOW = ("nothing", "wrapped", "instrumented")

ASKS: dict[str, Callable[[Any], Any]] = {
    "chat": lambda client: client.chat.completions.create(model="gpt-4o", messages=MESSAGES),
    "stream": lambda client: list(
        client.chat.completions.create(
            model="gpt-4o", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
    ),
    "responses": lambda client: client.responses.create(model="gpt-4o", input="Hi"),
    "responses stream": lambda client: list(client.responses.create(model="gpt-4o", input="Hi", stream=True)),
    "embeddings": lambda client: client.embeddings.create(model="text-embedding-3-small", input="Hi"),
}


@pytest.fixture(params=[*((name,) for name in OPENAI), tuple(OPENAI)], ids="+".join)
def instrumented(
    unpatched: None, request: pytest.FixtureRequest, provider: TracerProvider
) -> Iterator[tuple[str, ...]]:
    pytest.importorskip("openai")
    stops = []
    try:
        for name in request.param:
            try:
                stops.append(_instrument(OPENAI[name], "OpenAIInstrumentor", provider))
            except pytest.skip.Exception:
                if len(request.param) == 1:
                    raise
        if len(stops) < min(2, len(request.param)):
            pytest.skip("there are not several of them here")
        yield request.param
    finally:
        for stop in reversed(stops):
            stop()


def openai_client(om: OpenMonetize, fake: FakeProviders, below: str, stack: Any) -> Any:
    import openai

    if below == "instrumented":
        om.instrument("openai")
        stack.callback(om.uninstrument)
    client = openai.OpenAI(base_url=fake.openai_url, api_key="unused", max_retries=1)
    stack.callback(client.close)
    return om.wrap(client) if below == "wrapped" else client


@pytest.mark.shows("OpenTelemetry", "metered", "plain", "stream")
@pytest.mark.shows("OpenTelemetry", "once", "wrapped client below", "instrumented below")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("below", BELOW)
@pytest.mark.parametrize("ask", list(ASKS))
def test_openai(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, instrumented: tuple[str, ...], ask: str, below: str
) -> None:
    from contextlib import ExitStack

    if instrumented == ("openai-v2",) and ask.startswith("responses") and below == "nothing":
        pytest.skip("it does not trace them")
    output = 0 if ask == "embeddings" else 300
    fake.script = Answer(input_tokens=3000, output_tokens=300, cached_tokens=1000)
    with ExitStack() as stack:
        client = openai_client(om, fake, below, stack)
        for _ in range(2):
            assert ASKS[ask](client)
    assert tokens(om, sandbox) == [(3000, output)] * 2
    assert {one["user_id"] for one in events(om, sandbox)} == {USER}
    assert om.warning_counts()["unmetered"] == 0


@pytest.mark.shows("OpenTelemetry", "not known", "stream without usage")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("below", BELOW)
def test_openai_stream_without_usage(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, instrumented: tuple[str, ...], below: str
) -> None:
    from contextlib import ExitStack

    fake.script = Answer(input_tokens=3000, output_tokens=300)
    with ExitStack() as stack:
        client = openai_client(om, fake, below, stack)
        assert list(client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True))
    known = below != "nothing"
    assert tokens(om, sandbox) == [(3000, 300)] * known
    assert bool(om.warning_counts()["unmetered"]) is not known


@pytest.mark.shows("OpenTelemetry", "metered", "retry", "threads")
@pytest.mark.shows("OpenTelemetry", "nothing", "error")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_openai_errors_retries_and_threads(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, instrumented: tuple[str, ...]
) -> None:
    import openai

    answer = Answer(input_tokens=3000, output_tokens=300)
    with openai.OpenAI(base_url=fake.openai_url, api_key="unused", max_retries=1) as client:
        fake.script = Failure(400)
        with pytest.raises(openai.BadRequestError):
            ASKS["chat"](client)
        assert (tokens(om, sandbox), om.warning_counts()["unmetered"]) == ([], 0)
        fake.script = [Failure(500, retry_after=0), answer]
        ASKS["chat"](client)
        assert tokens(om, sandbox) == [(3000, 300)]
        fake.script = answer
        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(context_of(lambda: ASKS["chat"](client))) for _ in range(8)]:
                future.result()
    assert tokens(om, sandbox) == [(3000, 300)] * 9
    assert {one["user_id"] for one in events(om, sandbox)} == {USER}


@pytest.mark.shows("OpenTelemetry", "metered", "async")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_openai_async(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, instrumented: tuple[str, ...]) -> None:
    import openai

    fake.script = Answer(input_tokens=3000, output_tokens=300)

    async def ask(client: Any, user: str) -> None:
        with om.context(user_id=user):
            await client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
            options = {"include_usage": True}
            async for _ in await client.chat.completions.create(
                model="gpt-4o", messages=MESSAGES, stream=True, stream_options=options
            ):
                pass

    async def run() -> None:
        async with openai.AsyncOpenAI(base_url=fake.openai_url, api_key="unused") as client:
            await asyncio.gather(*(ask(client, f"acme-corp-user-00000{number}") for number in range(3)))

    asyncio.run(run())
    found = sorted((one["user_id"], one["input_tokens"], one["output_tokens"]) for one in events(om, sandbox))
    assert found == [(f"acme-corp-user-00000{number // 2}", 3000, 300) for number in range(6)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("below", ["nothing", "wrapped"])
@pytest.mark.parametrize("how", ["create", "stream", "helper"])
@pytest.mark.parametrize("which", [("openllmetry",), ("openinference",), tuple(ANTHROPIC)], ids="+".join)
def test_anthropic(
    om: OpenMonetize,
    sandbox: Sandbox,
    fake: FakeProviders,
    provider: TracerProvider,
    which: tuple[str, ...],
    how: str,
    below: str,
) -> None:
    anthropic = pytest.importorskip("anthropic")
    stops = [_instrument(ANTHROPIC[name], "AnthropicInstrumentor", provider) for name in which]
    fake.script = Answer(input_tokens=3000, output_tokens=300, cached_tokens=1000, cache_write_tokens=500)
    asked: dict[str, Any] = {"model": "claude-haiku-4-5", "messages": MESSAGES, "max_tokens": 1000}
    try:
        with anthropic.Anthropic(base_url=fake.anthropic_url, api_key="unused") as bare:
            client = om.wrap(bare) if below == "wrapped" else bare
            if how == "helper":
                with client.messages.stream(**asked) as stream:
                    stream.get_final_message()
            else:
                answer = client.messages.create(**asked, stream=how == "stream")
                assert list(answer) if how == "stream" else answer
    finally:
        for stop in reversed(stops):
            stop()
    if which == tuple(ANTHROPIC) and how == "helper" and below == "nothing":
        # Neither is within the other, one has no id, and the other adds one token: nothing says that they are one call.
        assert len(events(om, sandbox)) == 2
        return
    [event] = events(om, sandbox)
    # OpenLLMetry adds the first count of a stream, 1, to the last.
    added = 1 if which == ("openllmetry",) and how != "create" and below == "nothing" else 0
    assert (event["input_tokens"], event["output_tokens"] - added) in {(1500, 300), (1500, 301)}
    if len(which) == 1 or below == "wrapped":
        assert event["output_tokens"] == 300 + added
    assert event["metadata"][otel.CACHE_READ] == 1000
    assert event["metadata"][otel.CACHE_WRITE] == 500
    assert om.warning_counts()["unmetered"] == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("below", ["nothing", "wrapped", "openllmetry"])
@pytest.mark.usefixtures("unpatched")
def test_pydantic_ai(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, provider: TracerProvider, below: str
) -> None:
    """Its agent's span has the sums of its calls."""
    pytest.importorskip("pydantic_ai.capabilities")
    import openai
    from pydantic_ai import Agent
    from pydantic_ai.capabilities import Instrumentation
    from pydantic_ai.models.instrumented import InstrumentationSettings
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    from openmonetize.testing.fake_providers import ToolCall

    stop = None
    if below == "openllmetry":
        stop = _instrument(OPENAI["openllmetry"], "OpenAIInstrumentor", provider)
    client: Any = openai.AsyncOpenAI(base_url=fake.openai_url, api_key="unused")
    if below == "wrapped":
        client = om.wrap(client)
    model = OpenAIChatModel("gpt-4o", provider=OpenAIProvider(openai_client=client))
    agent = Agent(model, capabilities=[Instrumentation(settings=InstrumentationSettings(tracer_provider=provider))])

    @agent.tool_plain
    def weather(city: str) -> str:
        return "rain"

    fake.script = [
        Answer(input_tokens=1000, output_tokens=100, tool_calls=[ToolCall("weather", {"city": "Bern"})]),
        Answer(input_tokens=2000, output_tokens=200),
    ]
    try:
        assert agent.run_sync("How is the weather?").output
    finally:
        if stop is not None:
            stop()
    assert tokens(om, sandbox) == [(1000, 100), (2000, 200)]
    assert om.warning_counts()["unmetered"] == 0


def test_the_example() -> None:
    path = Path(__file__).parents[2] / "examples" / "integrations" / "otel.py"
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=120, check=True)
    assert "100 calls billed: 15,000 input tokens" in done.stdout
