"""What a caller is told of its own usage: ``on_recorded`` and ``last_usage``."""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError, Charge, EventModel, OpenMonetize
from openmonetize.sandbox import Sandbox

Told = list[tuple[EventModel, Charge]]
TOKENS: dict[str, Any] = {"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 100}
OF_ADA: dict[str, Any] = {"user_id": "acme-ada", "feature_id": "chat"}


def answer(model: str = "claude-haiku-4-5-20251001") -> dict[str, Any]:
    usage = {"input_tokens": 86, "cache_read_input_tokens": 150_000, "output_tokens": 400}
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "usage": usage}


@pytest.fixture
def make(sandbox: Sandbox, request: pytest.FixtureRequest) -> Callable[..., OpenMonetize]:
    def made(**settings: Any) -> OpenMonetize:
        om = OpenMonetize(sandbox.key, sandbox.url, **settings)
        request.addfinalizer(om.close)
        return om

    return made


def test_each_event_is_told_with_its_estimate(make: Callable[..., OpenMonetize], sandbox: Sandbox) -> None:
    told: Told = []
    om = make(on_recorded=lambda event, estimate: told.append((event, estimate)))
    ids = [
        om.track_token_usage(**TOKENS, **OF_ADA),
        om.track_token_usage(**TOKENS, **OF_ADA),  # one like it was recorded before
        om.track_custom_event(unit_type="page", quantity=2, **OF_ADA),
        om.track_usage(answer(), **OF_ADA),
        om.track({"event_type": "API_CALL", **OF_ADA}),
    ]
    assert [event.event_id for event, _ in told] == ids
    assert [estimate.credits for _, estimate in told] == [4, 4, 20, 3, 0]
    assert told[0][1].usd == Decimal("0.0035")
    om.credits.grant(user_id="acme-ada", amount=100)
    assert om.wait_billed()
    assert sandbox.billed("acme-ada") == 31


def test_an_id_of_ones_own_is_told_as_it_is_sent(make: Callable[..., OpenMonetize]) -> None:
    told: Told = []
    om = make(on_recorded=lambda event, estimate: told.append((event, estimate)), customer_id="cust_1")
    sent = om.track_token_usage(**TOKENS, **OF_ADA, event_id="call_1")
    assert sent != "call_1"
    assert told[0][0].event_id == sent


def test_events_that_are_refused_are_not_told(make: Callable[..., OpenMonetize]) -> None:
    told: Told = []
    om = make(on_recorded=lambda event, estimate: told.append((event, estimate)))
    with pytest.raises(ApiValueError):
        om.track_token_usage(**{**TOKENS, "input_tokens": -1}, **OF_ADA)
    assert told == []


def test_what_it_raises_reaches_nobody_and_is_logged_once(
    make: Callable[..., OpenMonetize], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: EventModel, estimate: Charge) -> None:
        raise RuntimeError("no room in the table")

    om = make(on_recorded=fail)
    with caplog.at_level(logging.ERROR, "openmonetize"):
        for _ in range(3):
            assert om.track_token_usage(**TOKENS, **OF_ADA)
    assert [record.message for record in caplog.records] == ["on_recorded failed; the event was recorded"]
    assert om.stats().tracked == 3


def test_what_it_records_itself_is_not_told(make: Callable[..., OpenMonetize]) -> None:
    told: list[str] = []

    def record(event: EventModel, estimate: Charge) -> None:
        told.append(str(event.event_id))
        om.track_api_call(**OF_ADA)

    om = make(on_recorded=record)
    om.track_token_usage(**TOKENS, **OF_ADA)
    assert len(told) == 1
    assert om.stats().tracked == 2


def test_nobody_is_asked_for_an_estimate(make: Callable[..., OpenMonetize], sandbox: Sandbox) -> None:
    told: Told = []
    om = make(on_recorded=lambda event, estimate: told.append((event, estimate)), flush_interval=3600)
    om.track_token_usage(**{**TOKENS, "model": "gpt-9-odd"}, **OF_ADA)
    assert told[0][1].basis == "fallback"
    assert sandbox.requests == []


def test_it_must_be_a_function(make: Callable[..., OpenMonetize]) -> None:
    with pytest.raises(ApiTypeError, match="on_recorded must be"):
        make(on_recorded=7)


def test_it_must_not_be_a_coroutine_function_which_nobody_would_await(make: Callable[..., OpenMonetize]) -> None:
    async def tell(*told: object) -> None:
        raise AssertionError

    for name in ("on_recorded", "on_error"):
        with pytest.raises(ApiTypeError, match=f"{name} must be a plain function"):
            make(**{name: tell})


def test_an_event_that_is_recorded_again_is_told_again(make: Callable[..., OpenMonetize]) -> None:
    told: Told = []
    om = make(on_recorded=lambda event, estimate: told.append((event, estimate)))
    page = {"event_type": "CUSTOM", "unit_type": "page", "quantity": 1, "timestamp": "2026-01-01T00:00:00Z", **OF_ADA}
    event_id = str(uuid.uuid4())
    for _ in range(2):
        om.track({**page, "event_id": event_id})
    assert [event.event_id for event, _ in told] == [event_id] * 2
    assert om.flush().accepted == 1


def test_a_client_that_is_disabled_tells_nothing() -> None:
    told: Told = []
    om = OpenMonetize(enabled=False, on_recorded=lambda event, estimate: told.append((event, estimate)))
    om.track_token_usage(**TOKENS, **OF_ADA)
    assert told == []


# The last usage


def test_the_last_usage_is_that_of_the_last_call(make: Callable[..., OpenMonetize]) -> None:
    om = make()
    assert om.last_usage() is None
    event_id = om.track_usage(answer(), **OF_ADA)
    om.track_token_usage(**TOKENS, **OF_ADA)  # no call of a provider that was read here
    last = om.last_usage()
    assert last is not None
    assert last.event_id == event_id
    assert last.credits == 3
    assert last.usage.details["gen_ai.usage.cache_read.input_tokens"] == 150_000
    assert last.event.feature_id == "chat"
    assert "claude-haiku-4-5" in last._repr_html_()


def test_a_metered_function_has_a_last_usage(make: Callable[..., OpenMonetize]) -> None:
    om = make()
    om.credits.grant(user_id="acme-ada", amount=100)
    om.metered(feature_id="chat", on_outage="allow", user_id="acme-ada")(answer)()
    last = om.last_usage()
    assert last is not None
    assert last.usage.output_tokens == 400


def test_threads_and_tasks_have_their_own(make: Callable[..., OpenMonetize]) -> None:
    om = make()
    om.track_usage(answer(), **OF_ADA)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(om.last_usage()))
    thread.start()
    thread.join(10)
    assert found == [None]

    async def call(model: str) -> str:
        om.track_usage(answer(model), **OF_ADA)
        await asyncio.sleep(0)
        last = om.last_usage()
        assert last is not None
        return last.usage.model

    async def both() -> list[str]:
        return list(await asyncio.gather(call("claude-haiku-4-5"), call("claude-sonnet-4-5")))

    assert asyncio.run(both()) == ["claude-haiku-4-5", "claude-sonnet-4-5"]
