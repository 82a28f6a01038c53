"""Recording: each call records an event, or raises at the caller's line."""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timezone
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError, TokenUsageEvent
from openmonetize.client import OpenMonetize
from openmonetize.events.ids import derive_id
from openmonetize.metering import BufferFull, Delivered, Incident, MeteringError, flush_after
from openmonetize.sandbox import Sandbox

from .canned import Canned, CannedReply
from .conftest import USER, Open, accepted

CHAT: Any = {"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 500}


def stored(om: OpenMonetize, sandbox: Sandbox) -> list[Any]:
    assert om.flush()
    return sandbox.events()


def test_each_kind_of_usage_is_recorded_and_billed(om: OpenMonetize, sandbox: Sandbox) -> None:
    om.credits.grant(user_id=USER, amount=1000)
    who: Any = {"user_id": USER, "feature_id": "studio"}
    ids = [
        om.track_token_usage(**CHAT, **who),
        om.track_image_generation(provider="openai", model="dall-e-3", image_count=2, **who),
        om.track_custom_event(unit_type="page", quantity=1.5, **who),
        om.track_api_call(**who),
    ]
    events = stored(om, sandbox)
    assert [event["event_id"] for event in events] == ids
    assert [(event["event_type"], event["credits"]) for event in events] == [
        ("TOKEN_USAGE", 8),
        ("IMAGE_GENERATION", 80),
        ("CUSTOM", 15),
        ("API_CALL", 0),
    ]
    assert om.credits.user_balance(USER).data.balance == 1000 - 103


def test_every_given_field_is_sent(om: OpenMonetize, sandbox: Sandbox) -> None:
    moment = datetime(2026, 11, 20, 13, 30, tzinfo=timezone.utc)
    event_id = str(uuid.uuid4())
    recorded = om.track_token_usage(
        **CHAT,
        user_id=USER,
        feature_id="chat",
        metadata={"plan": "pro"},
        event_id=event_id,
        timestamp=moment,
        idempotency_key="acme-key-1",
    )
    assert recorded == event_id
    (event,) = stored(om, sandbox)
    assert (event["event_id"], event["idempotency_key"]) == (event_id, "acme-key-1")
    assert event["timestamp"] == "2026-11-20T13:30:00.000Z"
    assert event["metadata"] == {"plan": "pro"}


def test_a_bad_event_raises_at_the_callers_line_and_is_not_recorded(om: OpenMonetize) -> None:
    bad: list[Any] = [
        lambda: om.track_token_usage(**{**CHAT, "input_tokens": -1}, feature_id="chat"),
        lambda: om.track_token_usage(**{**CHAT, "input_tokens": 1.5}, feature_id="chat"),
        lambda: om.track_token_usage(**{**CHAT, "provider": "bedrock"}, feature_id="chat"),
        lambda: om.track_custom_event(unit_type="page", quantity=0.35, feature_id="chat"),
        lambda: om.track_token_usage(**CHAT, feature_id="chat", metadata={"a": {1, 2}}),
        lambda: om.track_token_usage(**CHAT, feature_id="chat", event_id="evt_1"),
        lambda: om.track_token_usage(**CHAT),
        lambda: om.track({"event_type": "FEATURE_ACCESS", "feature_id": "chat"}),
        lambda: om.track({"event_type": "TOKEN_USAGE", "feature_id": "chat", "tokens": 1}),
        lambda: om.track("TOKEN_USAGE"),  # type: ignore[arg-type]
    ]
    for attempt in bad:
        with pytest.raises((ApiTypeError, ApiValueError)):
            attempt()
    assert om.stats().tracked == 0
    assert om.warning_counts()["refused"] == len(bad)


def test_a_missing_feature_says_what_to_do(om: OpenMonetize) -> None:
    with pytest.raises(ApiTypeError, match=r"feature_id is missing.*om\.context"):
        om.track_api_call()


def test_track_takes_models_and_dicts_and_does_not_change_them(om: OpenMonetize, sandbox: Sandbox) -> None:
    model = TokenUsageEvent(feature_id="chat", **CHAT)
    plain = {"event_type": "CUSTOM", "feature_id": "chat", "unit_type": "page", "quantity": 1}
    before = (model.to_dict(), dict(plain))
    with om.context(user_id=USER, metadata={"team": "blue"}):
        ids = [om.track(model), om.track(plain)]
    assert (model.to_dict(), plain) == before
    events = stored(om, sandbox)
    assert [event["event_id"] for event in events] == ids
    assert [event["user_id"] for event in events] == [USER, USER]
    assert [event["metadata"] for event in events] == [{"team": "blue"}, {"team": "blue"}]


def test_a_custom_id_is_derived_in_the_namespace_of_the_named_customer(start: Any, opened: Open) -> None:
    server = start()
    customer = opened(server).customer_id
    om = opened(server, customer_id=customer)
    first = om.track_token_usage(**CHAT, feature_id="chat", event_id="evt_1")
    model = TokenUsageEvent(feature_id="chat", event_id="evt_2", **CHAT)
    second = om.track(model)
    assert first == derive_id(customer, "evt_1")
    assert accepted(om) == 2
    assert {event["event_id"]: event["metadata"]["source_event_id"] for event in server.events()} == {
        first: "evt_1",
        second: "evt_2",
    }


def test_a_dated_model_is_sent_as_the_one_that_is_priced(om: OpenMonetize, sandbox: Sandbox) -> None:
    om.track_token_usage(**{**CHAT, "model": "gpt-4o-mini-2024-07-18"}, user_id=USER, feature_id="chat")
    om.track_image_generation(provider="openai", model="dall-e-3", quality="hd", user_id=USER, feature_id="chat")
    tokens, image = stored(om, sandbox)
    assert (tokens["model"], tokens["credits"]) == ("gpt-4o-mini", 1)
    assert tokens["metadata"] == {"gen_ai.response.model": "gpt-4o-mini-2024-07-18"}
    assert image["model"] == "dall-e-3-hd"


def test_model_names_are_left_unchanged_on_request(
    sandbox: Sandbox, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    om = opened(sandbox, resolve_models=False)
    for _ in range(3):
        om.track_token_usage(**{**CHAT, "model": "gpt-4o-mini-2024-07-18"}, user_id=USER, feature_id="chat")
    events = stored(om, sandbox)
    assert {(event["model"], event["credits"]) for event in events} == {("gpt-4o-mini-2024-07-18", 8)}
    assert om.warning_counts()["unpriced_model"] == 3
    assert sum("no price" in record.message for record in caplog.records) == 1


def test_doubtful_usage_is_recorded_logged_once_and_counted(om: OpenMonetize, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        om.track_token_usage(**{**CHAT, "model": "llama-3"}, user_id="user_1", feature_id="chat")
        om.track_token_usage(**CHAT, user_id="42", feature_id="chat")
    om.track_token_usage(**CHAT, user_id="anna@example.com", feature_id="chat")
    om.track_token_usage(**CHAT, user_id="u" * 101, feature_id="chat")
    om.track_token_usage(**CHAT, user_id=str(uuid.uuid4()), feature_id="chat")
    assert om.stats().tracked == 7
    assert om.warning_counts() == {
        "refused": 0,
        "unmetered": 0,
        "unpriced_model": 2,
        "unbilled_tokens": 0,
        "unbilled_tool": 0,
        "no_list_price": 0,
        "partial_stream": 0,
        "job_unbilled": 0,
        "job_unfollowed": 0,
        "short_user_id": 4,
        "long_user_id": 1,
        "no_user": 0,
        "no_wallet": 0,
        "foreign_customer_id": 0,
        "unknown_duplicate": 0,
    }
    logged = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(logged) == 3
    assert "llama-3" in logged[0] or "llama-3" in logged[1]


def test_callbacks_and_counts_report_what_became_of_events(sandbox: Sandbox, opened: Open) -> None:
    delivered: list[Delivered] = []
    om = opened(sandbox, on_delivered=delivered.append)
    event_id = om.track_token_usage(**CHAT, feature_id="chat")
    assert accepted(om) == 1
    om.track_token_usage(**CHAT, feature_id="chat", event_id=event_id)
    assert accepted(om) == 1
    assert [(one.accepted, one.duplicate) for one in delivered] == [(1, 0), (0, 1)]
    stats = om.stats()
    assert (stats.tracked, stats.accepted, stats.duplicate) == (2, 1, 1)


def test_refused_events_can_be_read_exported_and_replayed(canned: Canned, opened: Open, tmp_path: Any) -> None:
    incidents: list[Incident] = []
    canned.reply = CannedReply(400, {"error": "Bad Request", "message": "body/events/0/feature_id no such thing"})
    om = opened(canned, on_error=incidents.append)
    event_id = om.track_token_usage(**CHAT, feature_id="chat")
    assert om.flush()
    assert om.stats().dead == 1
    (letter,) = om.dead_letters()
    assert (letter.event["event_id"], letter.status) == (event_id, 400)
    assert om.export_dead_letters(tmp_path / "dead.jsonl") == 1
    assert [incident.kind for incident in incidents] == ["dead"]
    canned.reply = CannedReply(
        202, {"accepted": 1, "rejected": 0, "duplicates": 0, "batch_id": "b", "status": "processing"}
    )
    assert om.replay_dead_letters() == 1
    assert accepted(om) == 1
    assert om.discard_dead_letters() == 0


def test_a_full_buffer_is_an_error_and_not_a_loss(canned: Canned, opened: Open) -> None:
    canned.hold.clear()
    om = opened(canned, max_events=2)
    om.track_token_usage(**CHAT, feature_id="chat")
    om.track_token_usage(**CHAT, feature_id="chat")
    with pytest.raises(BufferFull):
        om.track_token_usage(**CHAT, feature_id="chat")
    assert om.stats().tracked == 2
    canned.hold.set()


def test_an_outbox_keeps_events_for_the_next_start(
    canned: Canned, sandbox: Sandbox, opened: Open, tmp_path: Any
) -> None:
    path = tmp_path / "usage-outbox"
    down = OpenMonetize(sandbox.key, sandbox.url, outbox=path, flush_interval=60)
    sandbox.fail_next("503:path=/v1/events", times=50)
    down.track_token_usage(**CHAT, user_id=USER, feature_id="chat")
    down.close(timeout=0.5)
    sandbox.reset()
    again = opened(sandbox, outbox=path)
    assert again.flush()
    assert len(sandbox.events()) == 1


def test_a_function_may_end_with_a_flush(om: OpenMonetize) -> None:
    @flush_after(om)
    def handler() -> None:
        om.track_token_usage(**CHAT, feature_id="chat")

    handler()
    assert om.stats().accepted == 1


def test_nothing_is_recorded_after_close(sandbox: Sandbox) -> None:
    with OpenMonetize(sandbox.key, sandbox.url) as om:
        om.track_token_usage(**CHAT, feature_id="chat")
    assert len(sandbox.events()) == 1
    with pytest.raises(MeteringError, match="closed"):
        om.track_token_usage(**CHAT, feature_id="chat")
