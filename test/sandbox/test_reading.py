"""The fast reader and the validators, with generated input."""

from __future__ import annotations

import contextlib
import json
import uuid
from typing import Any

import pytest
from hypothesis import given, strategies as st

from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.http.body import parse_body
from openmonetize.sandbox.http.responses import Refusal
from openmonetize.sandbox.validation import formats
from openmonetize.sandbox.validation.batch_reader import read_batch
from openmonetize.sandbox.validation.event_batches import BATCH, SEED_BATCH
from openmonetize.sandbox.validation.javascript_numbers import number_text, parse_number
from openmonetize.sandbox.validation.rules import AJV, OLD_ZOD, ZOD, Rules
from openmonetize.sandbox.validation.schema import validate
from openmonetize.sandbox.validation.unstorable_text import has_unstorable_text

from .client import SandboxClient, event, events

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_count = st.integers(-2, 5) | st.sampled_from([5.0, 1.5, 2**53 - 1, 2**53, "5", True]) | _json
_when = st.sampled_from(
    [
        "2026-01-31T00:00:00Z",
        "2024-02-29T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "0001-01-01T00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-01-31T23:59:59.1Z",
        "2026-01-31T00:00:00.123456789Z",
        "2026-01-31T00:00:00+00:00",
        "2026-01-31T00:00:00Z\n",
    ]
)
_id = st.uuids().map(str) | st.sampled_from(
    ["00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "x", str(uuid.uuid4()).upper()]
)
_some_text = st.text(max_size=4) | st.sampled_from(["NaN", "a\x00b", "\ud83d\ude00", "\ud83d", "__proto__", "ü"])

_event = st.fixed_dictionaries(
    {
        "event_id": _id,
        "event_type": st.sampled_from(["TOKEN_USAGE", "CUSTOM", "API_CALL", "VIDEO_GENERATION"]),
        "feature_id": _some_text,
        "timestamp": _when,
    },
    optional={
        "user_id": _some_text,
        "customer_id": _some_text | _json,
        "provider": st.sampled_from(["OPENAI", "openai", "MISTRAL"]),
        "model": _some_text,
        "input_tokens": _count,
        "image_count": _count,
        "quantity": st.floats(allow_nan=False) | _count,
        "metadata": st.dictionaries(_some_text, _json, max_size=3) | _json,
        "idempotency_key": _some_text,
        "unknown": _json,
        "__proto__": st.just(1),
    },
)
_batch = st.fixed_dictionaries({"events": st.lists(_event, max_size=2)}, optional={"more": _json})


def exact(raw: bytes) -> Any:
    """Return the cleaned value of a body by the exact validator, or None."""
    try:
        value = parse_body(raw, "application/json", declares_400=True)
    except Refusal:
        return None
    cleaned, issues = validate(BATCH, value, ZOD)
    return None if issues else cleaned


@given(_batch, st.booleans())
def test_the_fast_reader_accepts_only_what_the_exact_one_does(batch: dict[str, Any], escaped: bool) -> None:
    try:
        raw = json.dumps(batch, ensure_ascii=escaped).encode()
    except UnicodeEncodeError:
        return
    fast = read_batch(raw)
    if fast is not None:
        assert fast == exact(raw)
        assert not has_unstorable_text(fast)


def test_the_fast_reader_does_accept_ordinary_batches() -> None:
    special = event(metadata={"name": "Zoë", "n": [1, 2.5, None, {"a": True}]}, user_id="ü", quantity=2, image_count=1)
    batch = {"events": [*events(5), special]}
    for escaped in (True, False):
        assert read_batch(json.dumps(batch, ensure_ascii=escaped).encode()) == batch


@pytest.mark.parametrize(
    "raw",
    [
        b'{"events": [{"metadata": {"a": NaN}}]}',
        b'{"events": []}',
        b"\xff",
        b"",
        b"[]",
        b'{"events": [' + b"[" * 5000 + b"]" * 5000 + b"]}",
    ],
)
def test_the_fast_reader_leaves_the_rest(raw: bytes) -> None:
    assert read_batch(raw) is None


@given(_json, st.sampled_from([ZOD, AJV, OLD_ZOD]))
def test_validators_find_words_for_anything(value: Any, rules: Rules) -> None:
    for node in (BATCH, SEED_BATCH):
        _, issues = validate(node, value, rules)
        assert rules.describe("body", issues) or not issues
        assert rules.tree(issues)["_errors"] is not None


@given(_batch)
def test_accepted_batches_are_accepted_again_unchanged(batch: dict[str, Any]) -> None:
    cleaned, issues = validate(BATCH, batch, ZOD)
    if not issues:
        assert validate(BATCH, cleaned, ZOD) == (cleaned, [])


@given(st.binary(max_size=60) | _json.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_parsed_or_refused(raw: bytes) -> None:
    for kind in ("application/json", "text/plain", None):
        with contextlib.suppress(Refusal):
            parse_body(raw, kind, declares_400=False)


@given(st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z"))
def test_instants_are_read_exactly(text: str) -> None:
    ms = formats.zulu_ms(text)
    assert ms is not None
    assert iso(ms) == text
    assert formats.instant_ms(text) == formats.instant_ms(text) == ms
    assert formats.offset_ms(text) == ms
    assert formats.offset_ms(text.replace("Z", "+01:30")) == ms - 90 * 60_000


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        (" 12 ", 12),
        ("1e3", 1000),
        ("0x10", 16),
        ("0b11", 3),
        (".5", 0.5),
        ("-5.", -5),
        ("1e400", float("inf")),
    ],
)
def test_numbers_as_javascript_reads_them(text: str, number: float) -> None:
    assert parse_number(text) == number
    assert parse_number("1_0") != parse_number("1_0")  # NaN


@pytest.mark.parametrize(("number", "text"), [(1.0, "1"), (2.5, "2.5"), (10, "10"), (1e20, "100000000000000000000")])
def test_numbers_as_javascript_writes_them(number: float, text: str) -> None:
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        ({"input_tokens": 0, "output_tokens": 0}, "0.0000000000"),
        ({"model": None}, "0.0000000000"),
        ({"model": "gpt-4o-mini", "input_tokens": 1, "output_tokens": 0}, "0.0000001500"),
        ({"input_tokens": 400, "output_tokens": 0}, "0.0010000000"),
    ],
)
def test_amounts_have_ten_decimals_and_no_exponent(client: SandboxClient, fields: dict[str, Any], cost: str) -> None:
    client.ingest(event(**fields))
    assert client.get("/v1/events").body["data"][0]["costUsd"] == cost
    assert client.get("/_sandbox/events").body["data"][0]["cost_usd"] == cost
    assert client.sandbox.events()[0]["cost_usd"] == cost
