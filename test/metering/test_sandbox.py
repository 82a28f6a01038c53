"""End to end: the recorder against the sandbox, under faults of every kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openmonetize import ApiClient, Configuration, TokenUsageEvent
from openmonetize.pricing import credits_for_event, price_book

pytest.importorskip("werkzeug")

from openmonetize.sandbox import Sandbox

from .conftest import MakeRecorder

FAULTS = ["429:5%,retry-after=0", "500:5%", "500-after:5%", "reset-before:5%", "reset-after:5%", "truncate:5%"]
FAULTS += ["html-200:5%", "html-502:5%", "slow=0.5s:2%"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(processing_delay=0.05, faults=[f"{fault},path=/v1/events/ingest" for fault in FAULTS]) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[ApiClient]:
    with ApiClient(Configuration(sandbox.url, access_token=sandbox.key)) as client:
        yield client


def token_event(number: int) -> TokenUsageEvent:
    return TokenUsageEvent(
        user_id="acme_user_1",
        feature_id="chat",
        provider="OPENAI",
        model="gpt-4o",
        input_tokens=number,
        output_tokens=number % 7,
    )


@pytest.mark.parametrize("buffer", ["memory", "outbox"])
def test_every_event_is_billed_exactly_once_under_faults(
    make_recorder: MakeRecorder, sandbox: Sandbox, client: ApiClient, tmp_path: Path, buffer: str
) -> None:
    grant = {"userId": "acme_user_1", "amount": 100_000, "idempotencyKey": "7a7a1f6e-4f1d-4f55-9d7b-2b9a5c1d0e11"}
    assert client.call_api("POST", "/v1/credits/grant", body=grant).status == 200
    options: Any = {"outbox": tmp_path / "usage-outbox"} if buffer == "outbox" else {}
    recorder = make_recorder(flush_at=20, flush_interval=0.01, rate_share=1.0, **options)
    batch = [token_event(number) for number in range(1500)]
    for event in batch[:500]:
        recorder.record(event)
    sandbox.fail_next("402:path=/v1/events/ingest", 3)
    for event in batch[500:1000]:
        recorder.record(event)
    recorder.flush(0.2)
    answer = client.call_api("POST", "/v1/customers/rotate-key")
    new_key = json.loads(answer.data)["data"]["apiKey"]
    for event in batch[1000:]:
        recorder.record(event)
    recorder.flush(0.2)
    client.configuration.access_token = new_key
    for _ in range(20):
        if recorder.flush(20):
            break
    stats = recorder.stats()
    assert stats.accepted + stats.duplicate == stats.tracked == 1500
    sandbox.advance(seconds=10)
    billed = sandbox.events()
    assert sorted(event["event_id"] for event in billed) == sorted(str(event.event_id) for event in batch)
    assert sum(event["input_tokens"] for event in billed) == sum(event.input_tokens or 0 for event in batch)
    book = price_book()
    credits = sum(credits_for_event(event.to_dict(), book=book).credits for event in batch)
    assert sandbox.billed("acme_user_1") == credits
    assert sandbox.balance("acme_user_1") == 100_000 - credits


def test_a_sandboxs_refusals_name_the_events(make_recorder: MakeRecorder, sandbox: Sandbox) -> None:
    recorder = make_recorder(flush_interval=3600)
    for number in range(10):
        recorder.record(token_event(number))
    recorder.put(token_event(1).to_wire().replace(b'"OPENAI"', b'"NOBODY"'))
    result = recorder.flush(20)
    assert (result.accepted + result.duplicate, result.dead) == (10, 1)
    assert recorder.dead_letters()[0].reason.startswith("body/events/10/provider")


def test_a_busy_recorder_stays_within_the_rate_limit(make_recorder: MakeRecorder, sandbox: Sandbox) -> None:
    with Sandbox(rate_limit=20) as limited, ApiClient(Configuration(limited.url, access_token=limited.key)) as client:
        recorder = make_recorder(client=client, flush_at=1, flush_interval=0.0)
        for number in range(60):
            recorder.record(token_event(number))
        assert recorder.flush(30)
        assert {request["status"] for request in limited.requests} <= {200, 202}
        assert client.call_api("GET", "/v1/credits/balance").status == 200
