"""Any input is refused with an error of the library, or becomes an event that is valid and billed."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Callable

from hypothesis import HealthCheck, given, settings, strategies as st

from openmonetize import (
    ApiCallEvent,
    ApiTypeError,
    ApiValueError,
    CustomEvent,
    ImageGenerationEvent,
    TokenUsageEvent,
    UsageEvent,
)

from .rules import PROVIDERS, problems, wire

MODELS: dict[str, Any] = {
    "TOKEN_USAGE": TokenUsageEvent,
    "IMAGE_GENERATION": ImageGenerationEvent,
    "CUSTOM": CustomEvent,
    "API_CALL": ApiCallEvent,
}
many = settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def mostly(plausible: Any, other: Any) -> Any:
    return st.integers(0, 9).flatmap(lambda dice: other if dice == 0 else plausible)


texts = mostly(
    st.text(alphabet=st.characters(min_codepoint=33, exclude_categories=["Cs", "C"]), min_size=1, max_size=20),
    st.one_of(st.sampled_from(["", "a\0", "\ud800", "x" * 36]), st.text(alphabet=st.characters(), max_size=5)),
)
uuids = st.uuids().map(str)
moments = st.one_of(
    st.datetimes(timezones=st.just(timezone.utc)).map(lambda moment: moment.isoformat().replace("+00:00", "Z")),
    st.datetimes().map(datetime.isoformat),
    st.datetimes(timezones=st.sampled_from([timezone(timedelta(hours=h)) for h in (-12, 3, 14)])).map(str),
    st.from_regex(r"[0-9]{4}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9](:[0-6][0-9](\.[0-9]{1,9})?)?(Z|z|\+01:00)?"),
)
numbers = mostly(
    st.one_of(st.integers(0, 5), st.integers(0, 2**53 - 1), st.integers(1, 100).map(float)),
    st.one_of(st.integers(-2, 2**55), st.floats(0, 9).map(lambda number: round(number, 1)), st.floats(), st.booleans()),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
FIELDS: dict[str, Any] = {
    "event_id": st.one_of(uuids, texts, st.none()),
    "customer_id": texts,
    "user_id": texts,
    "team_id": mostly(st.none(), texts),
    "event_type": st.sampled_from([*MODELS, "FEATURE_ACCESS"]),
    "feature_id": texts,
    "provider": mostly(st.sampled_from([*sorted(PROVIDERS), "openai", "Mistral"]), st.sampled_from(["bedrock", ""])),
    "model": mostly(st.sampled_from(["gpt-4o", "é"]), st.sampled_from(["", "m\0"])),
    "input_tokens": numbers,
    "output_tokens": numbers,
    "image_count": numbers,
    "image_size": texts,
    "quality": texts,
    "unit_type": texts,
    "quantity": numbers,
    "timestamp": moments,
    "metadata": st.dictionaries(texts, json_values, max_size=3),
    "idempotency_key": texts,
    "inputTokens": numbers,
}


def field_names(kind: str) -> list[str]:
    return [name for name in MODELS[kind].model_fields if name != "event_type"]


@st.composite
def inputs(draw: Any, wild: float = 0.15) -> tuple[str, dict[str, Any]]:
    """Draw a kind of event, and fields for it: mostly plausible ones, some missing, some wrong."""
    kind = draw(st.sampled_from(sorted(MODELS)))
    names = draw(st.lists(st.sampled_from(field_names(kind)), unique=True))
    fields = {name: draw(FIELDS[name]) for name in names}
    for name, plausible in {"feature_id": "f", "unit_type": "u", "quantity": 1.5}.items():
        if name in field_names(kind) and draw(st.floats(0, 1)) > wild:
            fields.setdefault(name, plausible)
    for name in draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=1)) if draw(st.floats(0, 1)) < wild else ():
        fields[name] = draw(st.one_of(FIELDS[name], json_values))
    return kind, fields


def built(build: Callable[[], Any]) -> Any:
    """Return the event, or the type of the error that refuses it."""
    try:
        return build()
    except (ApiValueError, ApiTypeError) as error:
        return type(error)


@many
@given(inputs())
def test_accepted_events_are_valid_on_the_wire_and_billed(given: tuple[str, dict[str, Any]]) -> None:
    kind, fields = given
    before = copy.deepcopy(fields)
    event = built(lambda: MODELS[kind](**fields))
    assert repr(fields) == repr(before)
    if not isinstance(event, type):
        if "source" not in str(event.event_id):
            event.identify("acme.example")
        assert problems(wire(event)) == [], wire(event)


@many
@given(inputs(wild=0.5))
def test_constructors_dicts_and_json_give_the_same_event(given: tuple[str, dict[str, Any]]) -> None:
    kind, fields = given
    model = MODELS[kind]
    # Generated values differ between events, so they are given here.
    fields = {"event_id": "evt", "timestamp": "2026-07-01T12:00:00Z", **fields}
    if fields["event_id"] is None:
        fields["event_id"] = "evt"
    text = json.dumps(fields)
    typed = {"event_type": kind, **fields}
    outcomes = [
        built(lambda: model(**fields)),
        built(lambda: model.from_dict(fields)),
        built(lambda: model.from_json(text)),
        built(lambda: model.from_json(text.encode())),
    ]
    if typed["event_type"] == kind:
        outcomes += [
            built(lambda: UsageEvent.from_dict(typed)),
            built(lambda: UsageEvent.from_json(json.dumps(typed))),
            built(lambda: UsageEvent.list_from_json(json.dumps([typed]))[0]),
            built(lambda: UsageEvent.list_from_json(json.dumps([typed, {**typed, "provider": "openai"}]))[0])
            if kind != "CUSTOM" and "provider" not in typed
            else built(lambda: UsageEvent.from_dict(typed)),
        ]
    if isinstance(outcomes[0], type):
        assert all(isinstance(outcome, type) for outcome in outcomes), outcomes
    else:
        assert not any(isinstance(outcome, type) for outcome in outcomes), outcomes
        assert all(event == outcomes[0] for event in outcomes)
        assert {event.id_was_given for event in outcomes} == {True}
        # 3 and 3.0 are one number to JSON; everything else is equal to the byte.
        assert len({json.dumps(wire(event), sort_keys=True) for event in outcomes}) == 1


@many
@given(inputs(), st.sampled_from(sorted(FIELDS)), st.data())
def test_assigned_values_follow_the_same_rules(given: tuple[str, dict[str, Any]], name: str, data: Any) -> None:
    kind, fields = given
    event = built(lambda: MODELS[kind](**fields))
    if isinstance(event, type) or name not in field_names(kind):
        return
    event.identify("acme.example")
    before = event.to_wire()
    value = data.draw(st.one_of(FIELDS[name], st.none()))
    try:
        setattr(event, name, value)
    except (ApiValueError, ApiTypeError):
        assert event.to_wire() == before
    else:
        event.identify("acme.example")
        assert problems(wire(event)) == []


@many
@given(st.one_of(st.decimals(), st.decimals(allow_nan=False, allow_infinity=False, places=1), st.fractions()))
def test_any_exact_number_is_a_quantity_or_refused(number: Any) -> None:
    event = built(lambda: CustomEvent(feature_id="f", unit_type="u", quantity=number))
    if not isinstance(event, type):
        sent = wire(event)
        assert problems(sent) == []
        assert float(sent["quantity"]) == float(Decimal(number) if isinstance(number, Decimal) else number)


@many
@given(st.text(alphabet='{}[]",:0123456789.eE+-truefalsn \\ud', max_size=30) | st.binary(max_size=30))
def test_any_text_is_read_or_refused(text: Any) -> None:
    for read in (TokenUsageEvent.from_json, UsageEvent.from_json, UsageEvent.list_from_json):
        built(lambda read=read: read(text))  # type: ignore[misc]
