"""Checks: an answer with its reasons, a short-lived cache, and a policy for outages."""

from __future__ import annotations

import pickle
import signal
import threading
from decimal import Decimal
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError, BadRequestException
from openmonetize.client import OpenMonetize
from openmonetize.gate.checks import EntitlementDenied
from openmonetize.sandbox import Sandbox

from .canned import Canned, CannedReply
from .conftest import USER, Open, targets

YES = CannedReply(body={"allowed": True, "reason": None, "currentBalance": 5, "actions": []})
NO = CannedReply(body={"allowed": False, "reason": "Insufficient credits", "currentBalance": 0, "actions": []})
USE: Any = {"provider": "openai", "model": "gpt-4o-2024-08-06", "input_tokens": 1000, "output_tokens": 500}


def eventually(condition: Any) -> None:
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it never happened")


def test_an_answer_says_why_and_what_to_do(om: OpenMonetize) -> None:
    denied = om.check("chat", user_id=USER, on_outage="allow", **USE)
    assert not denied
    assert (denied.reason, denied.balance, denied.source) == ("No credit wallet found", None, "platform")
    assert [action.type for action in denied.actions] == ["create_wallet"]
    om.credits.grant(user_id=USER, amount=8)
    allowed = om.check("chat", user_id=USER, on_outage="deny", **USE)
    assert allowed
    assert (allowed.estimated_credits, allowed.estimated_usd, allowed.balance) == (8, Decimal("0.0075"), 8)


def test_a_denial_can_be_raised(om: OpenMonetize) -> None:
    with pytest.raises(EntitlementDenied, match=r"may not use 'chat': No credit wallet found") as caught:
        om.require("chat", user_id=USER, on_outage="allow")
    assert caught.value.check.actions[0].label == "Create Credit Wallet"
    assert caught.value.question.user_id == USER
    sent = pickle.loads(pickle.dumps(caught.value))
    assert (str(sent), sent.check) == (str(caught.value), caught.value.check)
    om.credits.grant(user_id=USER, amount=1)
    assert om.require("chat", user_id=USER, on_outage="allow").balance == 1


def test_an_answer_is_cached_for_a_few_seconds(sandbox: Sandbox, om: OpenMonetize) -> None:
    om.credits.grant(user_id=USER, amount=100)
    sources = [om.check("chat", user_id=USER, on_outage="deny", **USE).source for _ in range(3)]
    assert sources == ["platform", "cache", "cache"]
    om.check("search", user_id=USER, on_outage="deny", **USE)
    om.check("chat", user_id=USER, on_outage="deny", **{**USE, "input_tokens": 5})
    om.check("chat", user_id="acme-corp-other", on_outage="deny", **USE)
    assert targets(sandbox).count("POST /v1/entitlements/check 200") == 4


def test_a_grant_or_purchase_is_noticed_at_once(om: OpenMonetize) -> None:
    assert not om.check("chat", user_id=USER, on_outage="deny")
    om.credits.purchase(user_id=USER, amount=5, purchase_price=1)
    assert om.check("chat", user_id=USER, on_outage="deny").balance == 5
    om.credits.grant(user_id=USER, amount=5)
    assert om.check("chat", user_id=USER, on_outage="deny").balance == 10


def test_without_a_cache_every_check_asks(canned: Canned, opened: Open) -> None:
    canned.reply = YES
    om = opened(canned, check_cache_seconds=0)
    assert [om.check("chat", user_id=USER, on_outage="deny").source for _ in range(3)] == ["platform"] * 3
    assert len(canned.asked) == 3


def test_an_old_answer_is_refreshed_in_the_background(canned: Canned, opened: Open) -> None:
    canned.reply = YES
    om = opened(canned, check_cache_seconds=1.0)
    assert om.check("chat", user_id=USER, on_outage="deny")
    canned.reply = NO
    eventually(lambda: not om.check("chat", user_id=USER, on_outage="deny"))
    answers = [om.check("chat", user_id=USER, on_outage="deny") for _ in range(10)]
    assert {(answer.allowed, answer.source) for answer in answers} == {(False, "cache")}


def test_the_cache_is_bounded(canned: Canned, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openmonetize.gate.gate._MAX_CACHED_RESULTS", 3)
    canned.reply = YES
    om = opened(canned)
    for number in range(5):
        om.check("chat", user_id=f"acme-corp-user-{number}", on_outage="deny")
    assert [question.user_id[-1] for question in om._gate._cache] == ["2", "3", "4"]


def test_equal_questions_at_the_same_time_are_asked_once(canned: Canned, opened: Open) -> None:
    canned.reply = YES
    canned.hold.clear()
    om = opened(canned)
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(om.check("chat", user_id=USER, on_outage="deny")))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: canned.asked)
    canned.hold.set()
    for thread in threads:
        thread.join()
    assert all(answers)
    assert len(answers) == 5
    assert len(canned.asked) == 1


@pytest.mark.parametrize("fault", ["500", "503", "429:retry-after=30", "html-200", "html-502", "reset-before", "401"])
def test_the_policy_decides_if_there_is_no_answer(sandbox: Sandbox, opened: Open, fault: str) -> None:
    om = opened(sandbox, check_timeout=0.3)
    om.credits.grant(user_id=USER, amount=100)
    sandbox.fail_next(fault, times=20)
    allowed = om.check("chat", user_id=USER, on_outage="allow")
    assert allowed
    assert allowed.source == "outage"
    denied = om.check("chat", user_id=USER, on_outage="deny")
    assert not denied
    assert "on_outage='deny'" in str(denied.reason)
    with pytest.raises(EntitlementDenied, match="did not answer"):
        om.require("chat", user_id=USER, on_outage="deny")


@pytest.mark.parametrize(
    "body", [None, {}, "blocked", {"message": "Bad Request"}, {"error": {"message": "no"}, "message": "no"}]
)
def test_a_proxys_400_is_no_answer(canned: Canned, opened: Open, body: Any) -> None:
    canned.reply = CannedReply(400, body)
    om = opened(canned)
    assert om.check("chat", user_id=USER, on_outage="allow").source == "outage"
    assert not om.check("chat", user_id=USER, on_outage="deny")


def test_without_a_key_the_policy_decides(canned: Canned, opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    om = opened(canned)
    om.api_client.configuration.api_key.clear()
    allowed = om.check("chat", user_id=USER, on_outage="allow")
    assert allowed
    assert "API key" in str(allowed.reason)
    assert not om.check("chat", user_id=USER, on_outage="deny")
    assert not canned.asked
    assert [record.levelname for record in caplog.records if "no entitlement checks" in record.message] == ["ERROR"]


def test_an_answer_that_was_asked_before_a_grant_is_not_remembered_after_it(canned: Canned, opened: Open) -> None:
    canned.reply = NO
    canned.hold.clear()
    om = opened(canned)
    answers: list[Any] = []

    def ask() -> None:
        answers.append(om.check("chat", user_id=USER, on_outage="deny"))

    early = threading.Thread(target=ask)
    early.start()
    eventually(lambda: canned.asked)
    om._gate.forget(USER)  # as a grant does
    late = threading.Thread(target=ask)
    late.start()
    eventually(lambda: len(canned.asked) == 2)
    canned.reply = YES
    canned.hold.set()
    early.join()
    late.join()
    assert len(answers) == 2
    assert om.check("chat", user_id=USER, on_outage="deny").allowed
    assert len(canned.asked) <= 3


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="interrupts a thread by a signal")
def test_an_interrupt_of_the_thread_that_asks_does_not_reach_the_others(canned: Canned, opened: Open) -> None:
    canned.reply = YES
    canned.hold.clear()
    om = opened(canned, check_timeout=20)
    answers: list[Any] = []

    def wait_for_the_answer() -> None:
        eventually(lambda: canned.asked)
        answers.append(om.check("chat", user_id=USER, on_outage="allow"))

    def interrupt() -> None:
        eventually(lambda: canned.asked)
        eventually(lambda: any(thread.name == "waits" and thread.is_alive() for thread in threads))
        threading.Event().wait(0.2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    class Interrupted(BaseException):
        pass

    def raise_it(*_: Any) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, raise_it)
    threads = [threading.Thread(target=wait_for_the_answer, name="waits") for _ in range(3)]
    threads.append(threading.Thread(target=interrupt))
    try:
        for thread in threads:
            thread.start()
        with pytest.raises(Interrupted):
            om.check("chat", user_id=USER, on_outage="deny")
    finally:
        signal.signal(signal.SIGUSR1, before)
        canned.hold.set()
        for thread in threads:
            thread.join()
    assert [answer.allowed for answer in answers] == [True, True, True]


def test_a_signal_handler_may_ask_what_its_thread_is_asking(canned: Canned, opened: Open) -> None:
    canned.reply = YES
    canned.hold.clear()
    om = opened(canned, check_timeout=20)
    answers: list[Any] = []

    def ask(*_: Any) -> None:
        canned.hold.set()
        answers.append(om.check("chat", user_id=USER, on_outage="deny"))

    def interrupt() -> None:
        eventually(lambda: canned.asked)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, ask)
    thread = threading.Thread(target=interrupt)
    try:
        thread.start()
        assert om.check("chat", user_id=USER, on_outage="deny")
    finally:
        signal.signal(signal.SIGUSR1, before)
        thread.join()
    assert [answer.source for answer in answers] == ["platform"]


def test_a_server_that_hangs_costs_the_timeout_once(canned: Canned, opened: Open, caplog: Any) -> None:
    canned.reply = YES
    om = opened(canned, check_timeout=0.2)
    canned.hold.clear()
    for number in range(20):
        assert not om.check("chat", user_id=f"acme-corp-user-{number}", on_outage="deny")
    assert len(canned.asked) == 1
    assert sum("no entitlement checks" in record.message for record in caplog.records) == 1
    canned.hold.set()
    eventually(lambda: om.check("chat", user_id=USER, on_outage="deny"))


def test_an_answer_without_a_decision_counts_as_no_answer(canned: Canned, opened: Open) -> None:
    canned.reply = CannedReply(body={})
    assert opened(canned).check("chat", user_id=USER, on_outage="allow").source == "outage"


def test_a_question_that_the_platform_does_not_understand_is_an_error(canned: Canned, opened: Open) -> None:
    canned.reply = CannedReply(400, {"error": "Bad Request", "message": "body/action nonsense"})
    with pytest.raises(BadRequestException):
        opened(canned).check("chat", user_id=USER, on_outage="allow")


def test_a_wrong_question_is_refused_before_it_is_sent(om: OpenMonetize, sandbox: Sandbox) -> None:
    bad: list[Any] = [
        {"user_id": USER},
        {"on_outage": "perhaps", "user_id": USER},
        {"on_outage": "deny"},
        {"on_outage": "deny", "user_id": ""},
        {"on_outage": "deny", "user_id": USER, "provider": "bedrock", "model": "x"},
        {"on_outage": "deny", "user_id": USER, "input_tokens": -1},
        {"on_outage": "deny", "user_id": USER, "image_count": 1.5},
        {"on_outage": "deny", "user_id": USER, "estimatedInputTokens": 5},
        {"on_outage": "deny", "user_id": USER, "action": "video"},
    ]
    for arguments in bad:
        with pytest.raises((ApiTypeError, ApiValueError, TypeError)):
            om.check("chat", **arguments)
    assert sandbox.requests == []


def test_the_question_is_made_of_context_and_estimate(canned: Canned, opened: Open) -> None:
    canned.reply = YES
    om = opened(canned)
    with om.context(user_id=USER, feature_id="studio"):
        om.check(on_outage="deny", **USE)
        om.check(on_outage="deny", provider="openai", model="dall-e-3", image_count=2)
        om.check(on_outage="deny", seconds=2.5)
        om.check(on_outage="deny", action="api_call")
    assert [asked.body["action"] for asked in canned.asked] == [
        {
            "type": "token_usage",
            "provider": "OPENAI",
            "model": "gpt-4o",
            "estimated_input_tokens": 1000,
            "estimated_output_tokens": 500,
        },
        {"type": "image_generation", "provider": "OPENAI", "model": "dall-e-3", "estimated_count": 2},
        {"type": "video_generation", "estimated_duration_seconds": 2.5},
        {"type": "api_call"},
    ]
    assert canned.asked[0].body["userId"] == USER
    assert canned.asked[0].body["featureId"] == "studio"
