"""Metadata is JSON; values that are not, or that lose the event, are refused with an error that names the place."""

from __future__ import annotations

import enum
import json
import types
import uuid
from collections import OrderedDict, UserString
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError, TokenUsageEvent, UsageEvent

from .build import token_fields, tokens
from .rules import problems, wire


class Plan(str, enum.Enum):
    pro = "pro"


class Level(enum.IntEnum):
    high = 3


class Label(str):
    pass


SAYABLE: list[Any] = [
    {},
    {"a": None, "b": True, "c": False},
    {"n": 0, "m": -7, "f": 1.5, "big": 10**30, "tiny": 5e-324},
    {"text": "", "quote": '"\\/\b\f\n\r\t', "wide": "é 漢 😀 \u2028", "key é": 1, "": 2},
    {"list": [], "nested": [[1, [2, {"x": [None]}]]], "dict": {"a": {"b": {"c": {}}}}},
    {"constructor": "me", "prototype": {}, "nested": {"constructor": {"name": "me"}}},
    {"source_event_id": "mine"},
]


@pytest.mark.parametrize("metadata", SAYABLE)
def test_json_values_are_kept(metadata: Any) -> None:
    before = json.dumps(metadata)
    event = tokens(metadata=metadata)
    assert wire(event)["metadata"] == metadata
    assert problems(wire(event)) == []
    assert json.dumps(metadata) == before
    assert wire(TokenUsageEvent.from_json(json.dumps(token_fields(metadata=metadata))))["metadata"] == metadata


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ((1, (2, 3)), [1, [2, 3]]),
        (OrderedDict(a=1), {"a": 1}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (Plan.pro, "pro"),
        (Level.high, 3),
        (Label("x"), "x"),
        (Decimal("1.5"), 1.5),
        (Decimal("10"), 10),
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (datetime(2026, 7, 1, 12, tzinfo=timezone.utc), "2026-07-01T12:00:00+00:00"),
        (date(2026, 7, 1), "2026-07-01"),
        (time(12, 30), "12:30:00"),
    ],
    ids=repr,
)
def test_values_with_an_equivalent_in_json_are_converted(given: Any, sent: Any) -> None:
    assert wire(tokens(metadata={"x": [given]}))["metadata"] == {"x": [sent]}


def test_metadata_may_be_any_mapping() -> None:
    assert wire(tokens(metadata=types.MappingProxyType({"a": 1})))["metadata"] == {"a": 1}


@pytest.mark.parametrize(
    ("odd", "place"),
    [
        ({"a": {1, 2}}, "metadata.a is a set"),
        ({"a": [b"x"]}, r"metadata.a\[0\] is a bytes"),
        ({"a": {"b": object()}}, "metadata.a.b is a object"),
        ({"a": timedelta(1)}, "metadata.a is a timedelta"),
        ({"a": 1j}, "metadata.a is a complex"),
        ({"a": UserString("x")}, "metadata.a is a UserString"),
        ({"a": iter([])}, "metadata.a is a list_iterator"),
        ({1: 2}, "metadata has the key 1"),
        ({"a": {None: 2}}, "metadata.a has the key None"),
        ({"a": {("b",): 2}}, "metadata.a has the key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_without_an_equivalent_in_json_are_refused(odd: Any, place: str) -> None:
    with pytest.raises(ApiTypeError, match=place):
        tokens(metadata=odd)


@pytest.mark.parametrize(
    ("odd", "place"),
    [
        ({"a": float("nan")}, "metadata.a is nan"),
        ({"a": [1, float("-inf")]}, r"metadata.a\[1\] is -inf"),
        ({"a": Decimal("NaN")}, "metadata.a is NaN"),
        ({"a": Decimal("sNaN")}, "metadata.a is sNaN"),
        ({"a": Decimal("1e400")}, "metadata.a is 1E"),
        ({"a": "x\0y"}, "metadata.a contains a NUL"),
        ({"a": {"b": ["\0"]}}, r"metadata.a.b\[0\] contains a NUL"),
        ({"a": {"b\0": 1}}, "a key of metadata.a contains a NUL"),
        ({"a": "\ud83d"}, "metadata.a contains a lone surrogate"),
        ({"\udc00": 1}, "a key of metadata contains a lone surrogate"),
        ({"\ud800": "a\0"}, "a key of metadata contains a lone surrogate"),
        ({"a": [{"b": "x\udfff"}]}, r"metadata.a\[0\].b contains a lone surrogate"),
        ({"__proto__": 1}, "metadata has the key '__proto__', for which the platform refuses the whole request"),
        ({"a": [{"constructor": {"prototype": 1}}]}, r"metadata.a\[0\] has the key 'constructor'"),
    ],
    ids=ascii,
)
def test_values_that_fail_or_lose_the_event_are_refused(odd: Any, place: str) -> None:
    with pytest.raises(ApiValueError, match=place):
        tokens(metadata=odd)
    if "Decimal" not in repr(odd):
        text = json.dumps(token_fields(metadata=odd))
        with pytest.raises(ApiValueError, match=place):
            TokenUsageEvent.from_json(text)
        with pytest.raises(ApiValueError, match=f"event 1: .*{place}"):
            UsageEvent.list_from_json(
                json.dumps([{**token_fields(metadata=each), "event_type": "TOKEN_USAGE"} for each in ({}, odd)])
            )


@pytest.mark.parametrize("odd", ["x", [1], 5, True, (("a", 1),)], ids=repr)
def test_metadata_must_be_an_object(odd: Any) -> None:
    with pytest.raises(ApiValueError, match="metadata"):
        tokens(metadata=odd)


def test_a_value_that_contains_itself_is_refused() -> None:
    ring: list[Any] = []
    ring.append(ring)
    tree: dict[str, Any] = {"children": [{}, {}]}
    for child in tree["children"]:
        child["parent"] = tree
    for odd in ({"ring": ring}, tree):
        with pytest.raises(ApiValueError, match="contains itself"):
            tokens(metadata=odd)


def test_nesting_is_limited() -> None:
    def nested(depth: int) -> dict[str, Any]:
        return {"a": nested(depth - 1)} if depth else {}

    assert problems(wire(tokens(metadata=nested(60)))) == []
    with pytest.raises(ApiValueError, match="nested more than 64 deep"):
        tokens(metadata=nested(70))
    for depth in (70, 100_000):
        with pytest.raises(ApiValueError, match=r"nested more than 64 deep|recursion"):
            TokenUsageEvent.from_json(
                '{"feature_id":"f","metadata":' + '{"a":' * depth + "1" + "}" * depth + "}",
            )


def test_the_same_value_may_appear_twice() -> None:
    shared = {"x": [1]}
    assert wire(tokens(metadata={"a": shared, "b": [shared, shared]}))["metadata"]["b"] == [shared, shared]


def test_the_event_holds_a_copy() -> None:
    inner: list[int] = [1]
    mine: dict[str, Any] = {"a": {"b": inner}}
    event = tokens(metadata=mine)
    inner.append(2)
    mine["c"] = 3
    assert wire(event)["metadata"] == {"a": {"b": [1]}}


def test_a_bad_value_that_is_added_later_raises_a_clear_error() -> None:
    event = tokens(metadata={"a": 1})
    event.metadata["b"] = object()
    with pytest.raises(ApiValueError, match="TokenUsageEvent cannot be sent as JSON"):
        event.to_wire()


def test_numpy_and_pandas_values_are_converted() -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    given = {
        "int": numpy.int64(1),
        "float": numpy.float32(1.5),
        "bool": numpy.bool_(True),
        "array": numpy.array([[1, 2], [3, 4]]),
        "series": pandas.Series([1.5, 2.5]),
        "time": pandas.Timestamp("2026-07-01T12:00:00Z"),
        "day": numpy.datetime64("2026-07-01"),
    }
    assert wire(tokens(metadata=given))["metadata"] == {
        "int": 1,
        "float": 1.5,
        "bool": True,
        "array": [[1, 2], [3, 4]],
        "series": [1.5, 2.5],
        "time": "2026-07-01T12:00:00+00:00",
        "day": "2026-07-01",
    }
    for odd in (numpy.float64("nan"), numpy.array([1.0, numpy.inf])):
        with pytest.raises(ApiValueError, match=r"metadata\.x"):
            tokens(metadata={"x": odd})
    with pytest.raises(ApiTypeError, match=r"metadata\.x"):
        tokens(metadata={"x": pandas.NA})
