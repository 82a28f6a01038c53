"""Answers with single values that cannot be read: the rest is read, and the value is kept as it came."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from openmonetize import ApiValueError
from openmonetize.models.v1_credits_balance_get200_response import V1CreditsBalanceGet200Response
from openmonetize.models.v1_events_list_get200_response import V1EventsListGet200Response

GOOD: dict[str, Any] = {
    "id": "5b0d3c86-1f2a-4c7e-8a95-d4e60b7f1c23",
    "eventType": "TOKEN_USAGE",
    "inputTokens": "1840",
    "creditsBurned": "9",
    "costUsd": "0.0088000000",
    "timestamp": "2026-11-23T09:31:05.000Z",
    "metadata": {"conversation": "c-5519"},
}
BAD = {
    "timestamp": ["2026-13-01T00:00:00Z", "yesterday", ""],
    "inputTokens": ["many", "1.5", "NaN", True],
    "costUsd": ["0,5", "free", "Infinity"],
}


def page(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"data": list(rows), "pagination": {"limit": 50, "offset": 0, "total": len(rows)}}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_value_that_cannot_be_read_leaves_the_page_readable(name: str, value: Any) -> None:
    rows = [dict(GOOD) for _ in range(10)]
    rows[7][name] = value
    for read in (
        V1EventsListGet200Response.from_json(json.dumps(page(*rows))),
        V1EventsListGet200Response.from_dict(page(*rows)),
    ):
        assert read.data is not None
        assert len(read.data) == 10
        odd = read.data[7]
        (field,) = odd.unreadable
        assert odd.unreadable == {field: value}
        assert getattr(odd, field) is None
        assert odd.to_dict()[name] == value
        assert odd.id == GOOD["id"]
        assert not any(row.unreadable for row in read.data[:7] + read.data[8:])


def test_several_values_of_a_row_are_kept() -> None:
    odd = {**GOOD, **{name: values[0] for name, values in BAD.items()}}
    read = V1EventsListGet200Response.from_dict(page(GOOD, odd, GOOD)).data
    assert read is not None
    assert read[1].unreadable == {"timestamp": BAD["timestamp"][0], "input_tokens": "many", "cost_usd": "0,5"}


@pytest.mark.parametrize("answer", [{"data": "oops"}, {"data": [1]}, [], "text", {"data": {"a": 1}}])
def test_another_answer_than_the_promised_one_is_an_error(answer: Any) -> None:
    with pytest.raises(ApiValueError):
        V1EventsListGet200Response.from_json(json.dumps(answer))


@pytest.mark.parametrize("text", ["", "{", "<html>", b"\xff"])
def test_what_is_no_json_is_an_error(text: Any) -> None:
    with pytest.raises(ApiValueError):
        V1CreditsBalanceGet200Response.from_json(text)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, _VALUES)), max_size=4))
@example([{"costUsd": [None, None, None]}])  # a triple, of which Python's Decimal makes a number
@example([{"costUsd": [0, [1], 2]}])
def test_any_single_values_are_read_or_kept(rows: list[dict[str, Any]]) -> None:
    try:
        read = V1EventsListGet200Response.from_json(json.dumps(page(*rows))).data
    except ApiValueError:
        of_another_shape = [value for row in rows for value in row.values() if isinstance(value, (list, dict))]
        assert of_another_shape or any(row.get("metadata") is not None for row in rows)
        return
    assert read is not None
    for row, model in zip(rows, read):
        assert set(model.to_dict()) == set(row)
