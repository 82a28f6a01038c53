"""Usage that nobody pays for never looks like success."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from openmonetize import ApiException, ApiValueError, OpenMonetize
from openmonetize.sandbox import Sandbox

from .canned import Canned, CannedReply
from .conftest import USER, Open

CHAT: dict[str, Any] = {"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "feature_id": "chat"}

Learn = Callable[[OpenMonetize], Any]


def unpaid_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if "pays for it" in record.message]


def test_usage_without_a_user_is_counted_and_logged_once(om: OpenMonetize, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        om.track_token_usage(**CHAT)
    om.track_image_generation(provider="openai", model="dall-e-3", feature_id="art")
    om.track_custom_event(unit_type="page", quantity=1, feature_id="ocr")
    om.track({"event_type": "CUSTOM", "unit_type": "page", "quantity": 1, "feature_id": "ocr"})
    assert om.warning_counts()["no_user"] == om.stats().unpaid == 6
    assert "unpaid=6" in repr(om.stats())
    assert len(unpaid_lines(caplog)) == 1
    assert om.flush()


def test_what_costs_nothing_needs_no_user(om: OpenMonetize, caplog: pytest.LogCaptureFixture) -> None:
    om.track_api_call(feature_id="chat")
    assert om.stats().unpaid == 0 and not unpaid_lines(caplog)


def refused_check(om: OpenMonetize) -> None:
    assert not om.check("chat", user_id=USER, on_outage="allow")


def asked_for_balance(om: OpenMonetize) -> None:
    with pytest.raises(ApiException):
        om.credits.user_balance(USER)


@pytest.mark.parametrize("learn", [refused_check, asked_for_balance])
@pytest.mark.parametrize("mode", ["contract", "faithful"])
def test_usage_of_a_user_known_to_have_no_wallet_is_counted_and_logged_once(
    start: Callable[..., Sandbox], opened: Open, caplog: pytest.LogCaptureFixture, learn: Learn, mode: str
) -> None:
    om = opened(start(mode=mode))
    learn(om)
    assert om.stats().unpaid == 0
    for _ in range(3):
        om.track_token_usage(**CHAT, output_tokens=5, user_id=USER)
    assert om.warning_counts()["no_wallet"] == om.stats().unpaid == 3
    (line,) = unpaid_lines(caplog)
    assert USER in line and "grant" in line


def test_a_grant_ends_that(om: OpenMonetize) -> None:
    refused_check(om)
    om.track_token_usage(**CHAT, user_id=USER)
    om.credits.grant(user_id=USER, amount=100)
    om.track_token_usage(**CHAT, user_id=USER)
    assert om.stats().unpaid == 1


@pytest.mark.parametrize("user_id", [USER, "user_1"])
def test_wait_billed_looks_for_the_wallets_of_users_of_whom_nothing_is_known(
    om: OpenMonetize, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, user_id: str
) -> None:
    om.track_token_usage(**CHAT, user_id=user_id)
    assert om.flush() and om.stats().unpaid == 0
    assert om.wait_billed(timeout=5)
    assert om.stats().unpaid == 1 and len(unpaid_lines(caplog)) == 1
    om.track_token_usage(**CHAT, user_id=user_id)
    assert om.stats().unpaid == 2


def test_its_lookups_are_few(om: OpenMonetize, sandbox: Sandbox) -> None:
    def lookups() -> int:
        return sum(request["target"].endswith("/credits") for request in sandbox.requests)

    om.credits.grant(user_id=USER, amount=1000)
    for number in range(50):
        om.track_token_usage(**CHAT, user_id=f"{USER}-{number}")
    om.track_token_usage(**CHAT, user_id=USER)
    assert om.wait_billed(timeout=5)
    assert lookups() == 10
    assert om.stats().unpaid == 10


def test_a_user_with_a_wallet_is_asked_for_once(om: OpenMonetize, sandbox: Sandbox, opened: Open) -> None:
    om.credits.grant(user_id=USER, amount=1000)
    other = opened(sandbox)
    for _ in range(2):
        other.track_token_usage(**CHAT, user_id=USER)
        assert other.wait_billed(timeout=5)
    assert other.stats().unpaid == 0
    assert sum(request["target"].endswith("/credits") for request in sandbox.requests) == 1


@pytest.mark.parametrize("enabled", [True, False])
def test_usage_without_a_user_is_refused_on_request(sandbox: Sandbox, opened: Open, enabled: bool) -> None:
    om = opened(sandbox, require_user=True, enabled=enabled)
    events: list[Callable[[], Any]] = [
        lambda: om.track_token_usage(**CHAT),
        lambda: om.track_token_usage(**CHAT, output_tokens=5),
        lambda: om.track_api_call(feature_id="chat"),
        lambda: om.track({"event_type": "CUSTOM", "unit_type": "page", "quantity": 1, "feature_id": "ocr"}),
    ]
    for record in events:
        with pytest.raises(ApiValueError, match="user_id is missing"):
            record()
    assert om.warning_counts()["refused"] == len(events)
    assert om.stats().tracked == 0
    with om.context(user_id=USER):
        for record in events:
            record()
    assert om.warning_counts()["refused"] == len(events)
    assert om.estimate_credits(provider="openai", model="gpt-4o", input_tokens=1000).credits == 3


def test_a_metered_function_has_its_user(sandbox: Sandbox, opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    om = opened(sandbox, require_user=True)

    @om.metered(feature_id="chat", on_outage="allow", user_id=USER)
    def ask() -> dict[str, Any]:
        usage = {"prompt_tokens": 1, "completion_tokens": 1}
        return {"object": "chat.completion", "model": "gpt-4o", "choices": [], "usage": usage}

    om.credits.grant(user_id=USER, amount=100)
    ask()
    assert om.stats().tracked == 1
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("row", "zero"),
    [
        ({"eventType": "TOKEN_USAGE", "provider": "OPENAI", "model": "gpt-4o", "inputTokens": "5"}, 1),
        ({"eventType": "IMAGE_GENERATION", "provider": "OPENAI", "model": "dall-e-3"}, 1),
        ({"eventType": "CUSTOM"}, 1),
        ({"eventType": "TOKEN_USAGE", "provider": "OPENAI", "model": "gpt-4o", "inputTokens": "0"}, 0),
        ({"eventType": "TOKEN_USAGE", "provider": None, "model": None, "inputTokens": "5"}, 0),
        ({"eventType": "API_CALL"}, 0),
        ({"eventType": "CUSTOM", "creditsBurned": None}, 0),
        ({"eventType": "CUSTOM", "creditsBurned": "?", "timestamp": "yesterday"}, 0),
    ],
)
def test_usage_that_is_billed_zero_is_not_billed(
    canned: Canned, opened: Open, caplog: pytest.LogCaptureFixture, row: dict[str, Any], zero: int
) -> None:
    event_id = "7b0c6f0e-5f0c-4c9a-8f0e-0d2f5a7f9b11"
    listed = {"id": event_id, "creditsBurned": "0", "timestamp": "2026-01-01T00:00:00.000Z", **row}
    canned.replies.extend(
        [
            CannedReply(202, {"accepted": 1, "rejected": 0, "duplicates": 0, "batch_id": "b"}),
            CannedReply(body={"data": {"id": "11111111-1111-1111-1111-111111111111"}}),
            CannedReply(body={"data": [listed], "pagination": {"total": 1, "limit": 100, "offset": 0}}),
        ]
    )
    om = opened(canned)
    om.track_api_call(feature_id="chat", event_id=event_id)
    assert tuple(om.wait_billed(timeout=5)) == (not zero, 1 - zero, 0, 0, zero)
    assert ("nobody pays" in caplog.text) == bool(zero)
