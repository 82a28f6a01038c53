"""The token encoder writes the same event as the model, and leaves to the model what the model refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from openmonetize import ApiTypeError, ApiValueError, OpenMonetize, TokenUsageEvent
from openmonetize.events.fields import MODEL_KEY
from openmonetize.events.token_encoder import TokenEventEncoder
from openmonetize.sandbox import Sandbox

many = settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

texts = st.one_of(
    st.sampled_from(["acme-user-000000017", "user_1", "", 'a"b', "a\\b", "a\nb", "a\0b", "\ud800", "ü", "x" * 70_000]),
    st.text(max_size=12),
)
counts = st.one_of(
    st.integers(0, 5000), st.sampled_from([None, True, -1, 2**53 - 1, 2**53, 2**70, 1.0, 1.5, "7", float("nan")])
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts)
names = st.one_of(st.from_regex(r"[a-z_]{1,6}", fullmatch=True), texts, st.just("__proto__"), st.just(MODEL_KEY))
facts = st.one_of(
    st.none(),
    st.dictionaries(names, scalars, max_size=4),
    st.dictionaries(names, st.one_of(scalars, st.lists(scalars, max_size=2)), max_size=2),
    st.sampled_from([{}, {1: 2}, {"when": object()}, [], "", 0, "text", [("a", 1)]]),
)
models = st.sampled_from(["gpt-4o", "gpt-4o-2024-08-06", "claude-sonnet-4-5-20250929", 'odd "name"'])


def by_the_model(fields: dict[str, Any], sent_as: str) -> dict[str, Any] | None:
    """Return the event as the model writes it, or None where the model refuses it."""
    if sent_as != fields["model"]:
        metadata = fields["metadata"]
        if metadata is None or isinstance(metadata, dict):
            fields = {**fields, "metadata": {MODEL_KEY: fields["model"], **(metadata or {})}}
        fields = {**fields, "model": sent_as}
    try:
        written: dict[str, Any] = json.loads(TokenUsageEvent(**fields).to_wire())
    except (ApiTypeError, ApiValueError):
        return None
    return written


@many
@given(models, st.sampled_from(["openai", "OPENAI"]), texts, texts, counts, counts, facts, st.booleans())
@example("gpt-4o", "openai", "chat", "acme-user-000000017", 10, 5, {"trace": 7, "cold": True, "cost": 0.5}, True)
@example("gpt-4o-2024-08-06", "openai", "chat", "acme-user-000000017", 10, 5, {"trace": 7}, False)
@example("gpt-4o-2024-08-06", "openai", "chat", "acme-user-000000017", 10, 5, {}, False)
def test_the_encoder_and_the_model_write_the_same(
    model: str, provider: str, feature: str, user: Any, read: Any, wrote: Any, metadata: Any, named: bool
) -> None:
    sent_as = "gpt-4o" if model.startswith("gpt") else model
    customer = "3f0c2b9e-7a41-4d58-9b1e-6c2d8f5a4e70" if named else None
    shared = {"provider": provider, "model": model, "feature_id": feature, "customer_id": customer}
    lines = TokenEventEncoder()
    try:
        made = TokenUsageEvent(**{**shared, "model": sent_as}, user_id="somebody-else-entirely", input_tokens=1)
    except ApiValueError:
        return  # the encoder never learns such events
    lines.learn(shared, vars(made))
    line = lines.write((provider, model, feature, customer), user, read, wrote, metadata)
    fields = {**shared, "user_id": user, "input_tokens": read, "output_tokens": wrote, "metadata": metadata}
    expected = by_the_model(fields, sent_as)
    if line is None:
        return
    event_id, wire = line
    found = json.loads(wire)
    assert expected is not None, "the model refuses it"
    assert found["event_id"] == found["idempotency_key"] == event_id
    assert TokenUsageEvent.from_json(wire).to_dict() == found
    for event in (found, expected):
        for own in ("event_id", "idempotency_key", "timestamp"):
            del event[own]
        if not event.get("metadata"):
            event.pop("metadata", None)
    assert found == expected


def test_the_encoder_writes_usual_events() -> None:
    lines = TokenEventEncoder()
    shared = {"provider": "openai", "model": "gpt-4o", "feature_id": "chat", "customer_id": None}
    key = ("openai", "gpt-4o", "chat", None)
    assert lines.write(key, "acme-user-000000017", 10, 5, {"trace": 7}) is None
    lines.learn(shared, vars(TokenUsageEvent(**shared, user_id="acme-user-000000001")))
    assert lines.write(key, "acme-user-000000017", 10, 5, {"trace": 7}) is not None
    assert lines.write(([], "gpt-4o", "chat", None), "acme-user-000000017", 10, 5, None) is None


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o-2024-08-06"])
def test_events_of_the_encoder_and_of_the_model_are_billed_alike(model: str) -> None:
    with Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
        om.credits.grant(user_id="acme-user-000000017", amount=1000)
        for number in range(3):
            with om.context(feature_id="chat", metadata={"team": "blue"}):
                om.track_token_usage(
                    provider="openai",
                    model=model,
                    input_tokens=1000,
                    output_tokens=500,
                    user_id="acme-user-000000017",
                    metadata={"trace": number},
                )
        om.flush()
        events = sandbox.events(feature_id="chat")
        assert len({event["event_id"] for event in events}) == 3
        assert [event["metadata"]["trace"] for event in events] == [0, 1, 2]
        assert {event["metadata"]["team"] for event in events} == {"blue"}
        assert {event["metadata"].get(MODEL_KEY) for event in events} == {None if model == "gpt-4o" else model}
        assert len({event["credits"] for event in events}) == 1
        assert sandbox.billed(user_id="acme-user-000000017") == 3 * events[0]["credits"] > 0
