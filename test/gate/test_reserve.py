"""Reservations over HTTP, against a sandbox that bills a moment after it accepts."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from metering.programs import fork

from openmonetize import (
    ApiTypeError,
    ApiValueError,
    EntitlementDenied,
    OpenMonetize,
    Usage,
    UsageError,
)
from openmonetize.gate.holds import billed_events
from openmonetize.sandbox import Sandbox

from .conftest import Open

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-4o",
    "choices": [],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500},
}  # burns 8 credits


def free(om: OpenMonetize, user: str) -> int:
    """Return the credits that can be held now."""
    low, high = 0, 1000
    while low < high:
        middle = (low + high + 1) // 2
        try:
            om.reserve("chat", user_id=user, credits=middle, on_outage="deny").release()
            low = middle
        except EntitlementDenied:
            high = middle - 1
    return low


def test_what_is_held_is_not_free_until_the_block_ends(om: OpenMonetize, user: str) -> None:
    with om.reserve("chat", user_id=user, credits=70, on_outage="deny") as hold:
        assert (hold.credits, hold.user_id, hold.feature_id, hold.check.balance) == (70, user, "chat", 100)
        with pytest.raises(EntitlementDenied, match="Insufficient credits: 30 are free, 31 are needed") as denied:
            om.reserve("chat", user_id=user, credits=31, on_outage="allow")
        assert (denied.value.check.source, denied.value.check.balance) == ("holds", 100)
        assert [remedy.type for remedy in denied.value.check.actions] == ["purchase"]
    assert free(om, user) == 100


def test_an_error_in_the_block_releases_the_hold(om: OpenMonetize, user: str) -> None:
    with pytest.raises(KeyError), om.reserve("chat", user_id=user, credits=100, on_outage="deny"):
        raise KeyError
    assert free(om, user) == 100


def test_a_hold_can_be_released_early_and_more_than_once(om: OpenMonetize, user: str) -> None:
    hold = om.reserve("chat", user_id=user, credits=100, on_outage="deny")
    hold.release()
    hold.release()
    assert free(om, user) == 100


def test_the_estimate_says_how_much_is_held(om: OpenMonetize, user: str) -> None:
    with om.reserve(
        "chat", user_id=user, provider="openai", model="gpt-4o", input_tokens=1000, output_tokens=500, on_outage="deny"
    ) as hold:
        assert hold.credits == 8


@pytest.mark.parametrize(
    ("settle", "cost"),
    [
        (lambda hold: hold.settle(ANSWER), 8),
        (lambda hold: hold.settle(Usage("OPENAI", "gpt-4o", 1000, 500)), 8),
        (lambda hold: hold.settle(credits=37), 37),
        (lambda hold: hold.settle(provider="openai", model="gpt-4o", input_tokens=1000, output_tokens=500), 8),
        (lambda hold: hold.settle(unit_type="page", quantity=0.5), 5),
        (lambda hold: hold.settle(provider="openai", model="dall-e-3", image_count=1), 40),
    ],
    ids=["answer", "usage", "credits", "tokens", "units", "images"],
)
def test_what_was_used_counts_at_once_and_is_billed_once(
    om: OpenMonetize, user: str, sandbox: Sandbox, settle: Any, cost: int
) -> None:
    sandbox.set_processing(delay=3600)
    with om.reserve("chat", user_id=user, credits=80, on_outage="deny") as hold:
        assert isinstance(settle(hold), str)
    assert free(om, user) == 100 - cost
    om.flush()
    assert sandbox.balance(user) == 100
    sandbox.advance(seconds=3600)
    assert sandbox.balance(user) == 100 - cost
    assert len(sandbox.events(user_id=user)) == 1


def test_counts_are_by_default_of_the_model_that_was_reserved(om: OpenMonetize, user: str, sandbox: Sandbox) -> None:
    with om.reserve(
        "chat", user_id=user, provider="openai", model="gpt-4o", output_tokens=5000, on_outage="deny"
    ) as hold:
        hold.settle(input_tokens=1000, output_tokens=500)
    assert om.wait_billed()
    assert sandbox.balance(user) == 92


def test_usage_is_counted_once_while_it_is_being_billed(opened: Open, user: str, sandbox: Sandbox) -> None:
    om = opened(check_cache_seconds=0.2)
    for spent in range(0, 100, 10):
        assert free(om, user) == 100 - spent
        with om.reserve("chat", user_id=user, credits=10, on_outage="deny") as hold:
            hold.settle(credits=10)
        if spent % 30 == 0:
            time.sleep(0.25)  # the balance that is read next lacks some of it, and has some
    assert free(om, user) == 0
    assert om.wait_billed()
    assert sandbox.balance(user) == 0


def test_more_used_than_held_counts_in_full(om: OpenMonetize, user: str) -> None:
    with om.reserve("chat", user_id=user, credits=10, on_outage="deny") as hold:
        hold.settle(credits=60)
    assert free(om, user) == 40


def test_a_hold_that_has_ended_still_records(om: OpenMonetize, user: str, sandbox: Sandbox) -> None:
    with om.reserve("chat", user_id=user, credits=60, ttl=0.05, on_outage="deny") as hold:
        time.sleep(0.1)
        assert free(om, user) == 100
        hold.settle(credits=60)
    assert free(om, user) == 40
    assert om.wait_billed()
    assert sandbox.balance(user) == 40


def test_an_answer_without_usage_leaves_the_hold(om: OpenMonetize, user: str) -> None:
    with om.reserve("chat", user_id=user, credits=60, on_outage="deny") as hold:
        with pytest.raises(UsageError):
            hold.settle({"id": "x", "object": "chat.completion", "model": "gpt-4o", "choices": []})
        assert free(om, user) == 40
        hold.settle(ANSWER)
    assert free(om, user) == 92


def test_what_is_recorded_within_the_block_takes_the_place_of_what_is_held(om: OpenMonetize, user: str) -> None:
    with om.reserve("chat", user_id=user, credits=60, on_outage="deny"):
        om.track_token_usage(provider="openai", model="gpt-4o", input_tokens=1000, output_tokens=500)
        assert free(om, user) == 40
        om.track_custom_event(unit_type="page", quantity=2)
        assert free(om, user) == 40
        om.track_custom_event(unit_type="page", quantity=1, user_id="acme-somebody-else")
    assert free(om, user) == 72


def test_usage_of_another_user_within_a_block_counts_against_that_user(
    om: OpenMonetize, user: str, sandbox: Sandbox
) -> None:
    other = f"{user}-2"
    om.credits.grant(user_id=other, amount=100)
    sandbox.set_processing(delay=3600)
    with (
        om.reserve("chat", user_id=other, credits=50, on_outage="deny"),
        om.reserve("chat", user_id=user, credits=50, on_outage="deny"),
    ):
        om.track_custom_event(unit_type="page", quantity=1, user_id=other, feature_id="ocr")
        om.track_custom_event(unit_type="page", quantity=2)
    assert (free(om, other), free(om, user)) == (90, 80)


def test_an_answer_that_was_recorded_within_the_block_is_settled_without_recording_it_again(
    om: OpenMonetize, user: str, sandbox: Sandbox
) -> None:
    with om.reserve("chat", user_id=user, credits=60, on_outage="deny") as hold:
        om.track_usage(ANSWER)
        assert hold.settle(ANSWER) is None
    assert free(om, user) == 92
    assert om.wait_billed()
    assert sandbox.balance(user) == 92


@pytest.mark.parametrize("names_customer", [True, False])
def test_an_id_of_the_callers_own_is_recognised_when_it_is_billed(
    opened: Open, user: str, monkeypatch: pytest.MonkeyPatch, names_customer: bool
) -> None:
    monkeypatch.setattr(billed_events, "BOOKING_SECONDS", 0.05)
    om = opened(check_cache_seconds=0.05, customer_id="acme" if names_customer else None)
    om.configuration.id_namespace = "acme"
    with om.reserve("chat", user_id=user, credits=60, on_outage="deny"):
        om.track_custom_event(unit_type="page", quantity=1, event_id="order-17")
    assert om.wait_billed()
    time.sleep(0.2)
    om.reserve("chat", user_id=user, credits=90, on_outage="deny").release()
    time.sleep(0.1)
    assert free(om, user) == 90
    store = om._reservations.store  # type: ignore[union-attr]
    assert not store.begin(om._reservations.wallet_of(user)).unburned  # type: ignore[union-attr]


def test_a_grant_is_free_at_once(om: OpenMonetize, user: str) -> None:
    assert free(om, user) == 100
    om.credits.grant(user_id=user, amount=50)
    assert free(om, user) == 150


def test_what_others_spend_is_seen_when_the_balance_is_read_again(opened: Open, user: str) -> None:
    om, other = opened(check_cache_seconds=0.3), opened()
    assert free(om, user) == 100
    other.track_custom_event(unit_type="page", quantity=5, user_id=user, feature_id="chat")
    assert other.wait_billed()
    time.sleep(0.3)
    assert free(om, user) == 50


def test_a_denial_of_the_platform_stands(om: OpenMonetize, user: str) -> None:
    with pytest.raises(EntitlementDenied, match="No credit wallet found"):
        om.reserve("chat", user_id="acme-nobody", credits=1, on_outage="allow")
    om.entitlements.create(feature_id="report", limit_type="HARD", limit_value=0)
    with pytest.raises(EntitlementDenied, match="Usage limit of 0 reached"):
        om.reserve("report", user_id=user, credits=1, on_outage="allow")
    assert free(om, user) == 100


def test_threads_together_spend_no_more_than_there_is(om: OpenMonetize, user: str, sandbox: Sandbox) -> None:
    barrier = threading.Barrier(64)

    def call(number: int) -> bool:
        barrier.wait()
        try:
            with om.reserve("chat", user_id=user, credits=10, on_outage="deny") as hold:
                time.sleep(0.01)
                hold.settle(credits=10)
        except EntitlementDenied:
            return False
        return True

    with ThreadPoolExecutor(64) as pool:
        assert sum(pool.map(call, range(64))) == 10
    assert om.wait_billed()
    assert sandbox.balance(user) == 0


def test_few_requests_serve_many_reservations(om: OpenMonetize, user: str, sandbox: Sandbox) -> None:
    before = len(sandbox.requests)
    for _ in range(50):
        om.reserve("chat", user_id=user, credits=1, on_outage="deny").release()
    assert len(sandbox.requests) - before == 1


@pytest.mark.parametrize("fault", ["500", "503", "reset-before", "html-200"])
def test_the_policy_decides_if_the_platform_does_not_answer(
    sandbox: Sandbox, opened: Open, user: str, fault: str
) -> None:
    om = opened(check_timeout=0.3)
    sandbox.fail_next(fault, times=40)
    with om.reserve("chat", user_id=user, credits=60, on_outage="allow") as hold:
        assert hold.check.source == "outage"
    with pytest.raises(EntitlementDenied, match="did not answer"):
        om.reserve("chat", user_id=user, credits=60, on_outage="deny")


def test_the_policy_decides_if_the_store_cannot_be_used(
    opened: Open, user: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    om = opened(holds=tmp_path / "none" / "holds.sqlite3")
    with om.reserve("chat", user_id=user, credits=60, on_outage="allow") as hold:
        assert hold.check.source == "outage"
        assert "cannot be used" in str(hold.check.reason)
        hold.settle(credits=10)
    with pytest.raises(EntitlementDenied, match="cannot be used"):
        om.reserve("chat", user_id=user, credits=60, on_outage="deny")
    om.credits.grant(user_id=user, amount=1)
    assert om.wait_billed()
    assert sandbox.balance(user) == 91


def test_processes_that_share_an_outbox_share_their_holds(opened: Open, user: str, tmp_path: Any) -> None:
    one, other = opened(outbox=tmp_path / "outbox"), opened(outbox=tmp_path / "outbox")
    with one.reserve("chat", user_id=user, credits=60, on_outage="deny"):
        assert free(other, user) == 40
    assert free(other, user) == 100


def test_a_forked_child_does_not_release_the_hold_of_its_parent(opened: Open, user: str, tmp_path: Any) -> None:
    om = opened(holds=tmp_path / "holds.sqlite3")
    with om.reserve("chat", user_id=user, credits=60, on_outage="deny") as hold:
        child = fork()
        if child == 0:
            hold.release()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert free(om, user) == 40


def test_a_metered_function_holds_what_its_estimate_costs(om: OpenMonetize, user: str, sandbox: Sandbox) -> None:
    seen: list[int] = []

    @om.metered(
        feature_id="chat",
        user_id=user,
        on_outage="deny",
        reserve=True,
        provider="openai",
        model="gpt-4o",
        input_tokens=8000,
        output_tokens=4000,
    )
    def ask() -> Any:
        seen.append(free(om, user))
        return ANSWER

    assert ask() is ANSWER
    assert seen == [40]
    assert free(om, user) == 92
    assert om.wait_billed()
    assert sandbox.balance(user) == 92


def test_a_metered_function_that_fails_releases_its_hold(om: OpenMonetize, user: str) -> None:
    @om.metered(feature_id="chat", user_id=user, on_outage="deny", reserve=60)
    def ask() -> Any:
        raise KeyError

    with pytest.raises(KeyError):
        ask()
    assert free(om, user) == 100


def test_metered_coroutines_and_generators_hold_credits_too(om: OpenMonetize, user: str) -> None:
    meter = om.metered(feature_id="chat", user_id=user, on_outage="deny", reserve=60)

    @meter
    async def coroutine() -> Any:
        await asyncio.sleep(0)
        assert await asyncio.to_thread(free, om, user) == 40
        return ANSWER

    @meter
    def generator() -> Any:
        assert free(om, user) == 32
        yield ANSWER

    asyncio.run(coroutine())
    assert free(om, user) == 92
    assert list(generator()) == [ANSWER]
    assert free(om, user) == 84


def test_a_task_that_is_cancelled_while_it_reserves_holds_nothing(opened: Open, user: str, sandbox: Sandbox) -> None:
    om = opened(check_timeout=10.0)
    entered = []

    @om.metered(feature_id="chat", user_id=user, on_outage="deny", reserve=100)
    async def ask() -> None:
        entered.append(1)

    async def main() -> None:
        sandbox.fail_next("slow=0.5s:path=/v1/entitlements")
        task = asyncio.create_task(ask())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())  # its end waits for the thread
    assert not entered
    assert free(om, user) == 100


def test_a_metered_generator_that_is_never_begun_holds_nothing(om: OpenMonetize, user: str) -> None:
    @om.metered(feature_id="chat", user_id=user, on_outage="deny", reserve=60)
    def generator() -> Any:
        yield ANSWER

    steps = generator()
    assert free(om, user) == 40
    del steps
    deadline = time.monotonic() + 10
    while free(om, user) < 100 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert free(om, user) == 100


def test_a_metered_function_is_denied_what_is_held(om: OpenMonetize, user: str) -> None:
    @om.metered(feature_id="chat", user_id=user, on_outage="allow", reserve=60)
    def ask() -> Any:
        return ANSWER

    with om.reserve("chat", user_id=user, credits=60, on_outage="deny"), pytest.raises(EntitlementDenied):
        ask()


MISTAKES = [
    ({}, ApiTypeError, "credits is missing"),
    ({"credits": 0}, ApiValueError, "credits must be 1 or more"),
    ({"credits": 1.5}, ApiTypeError, "whole number"),
    ({"credits": True}, ApiTypeError, "whole number"),
    ({"credits": 1, "ttl": 0}, ApiValueError, "ttl must be"),
    ({"credits": 1, "ttl": 1e9}, ApiValueError, "ttl must be"),
    ({"credits": 1, "on_outage": "maybe"}, ApiValueError, "on_outage must be"),
    ({"credits": 1, "output_token": 1}, ApiTypeError, "output_token"),
]


@pytest.mark.parametrize(("arguments", "error", "text"), MISTAKES, ids=[str(mistake[0]) for mistake in MISTAKES])
def test_a_reservation_says_what_is_wrong_with_it(
    om: OpenMonetize, user: str, arguments: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        om.reserve("chat", user_id=user, **{"on_outage": "deny", **arguments})


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "settle\\(\\) takes one of"),
        ({"credits": 1, "image_count": 1}, "credits or image_count"),
        ({"usage": ANSWER, "credits": 1}, "a response or credits"),
        ({"input_tokens": 1}, "provider is missing"),
        ({"quantity": 1}, "unit_type is missing"),
    ],
)
def test_settling_says_what_is_wrong_with_it(om: OpenMonetize, user: str, arguments: Any, text: str) -> None:
    with om.reserve("chat", user_id=user, credits=10, on_outage="deny") as hold:
        with pytest.raises(ApiTypeError, match=text):
            hold.settle(**arguments)
        assert free(om, user) == 90


def test_a_disabled_client_reserves_nothing_and_checks_events(monkeypatch: pytest.MonkeyPatch) -> None:
    om = OpenMonetize(enabled=False)
    with om.reserve("chat", user_id="acme-u", credits=10, on_outage="deny") as hold:
        assert hold.check.source == "disabled"
        assert uuid.UUID(str(hold.settle(credits=5)))
        with pytest.raises(ApiValueError):
            hold.settle(provider="openai", model="gpt-4o", input_tokens=-1)
    om.close()
