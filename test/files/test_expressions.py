"""Expressions of a mapping."""

from __future__ import annotations

from typing import Any

import pytest

from openmonetize import ApiValueError
from openmonetize.exceptions import ApiTypeError
from openmonetize.files.expressions import compiled, template
from openmonetize.files.times import event_time

ROW = {
    "a": 1,
    "b": "2",
    "c": "",
    "Input Tokens": "5",
    "u": {"in": 7, "text": '{"deep": 8}'},
    "u.x": 9,
    "m": "openai/gpt/4",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", 1),
        ("c", None),
        ("missing", None),
        ("a + b", 3),
        ("a + missing", 1),
        ("missing + c", None),
        ("c or missing or b", "2"),
        ("missing or a + b", 3),
        ("Input Tokens", "5"),
        ("[Input Tokens] + a", 6),
        ("u.in", 7),
        ("u.text.deep", 8),
        ("u.x", 9),
        ("u.in.deeper", None),
        ('before(m, "/")', "openai"),
        ('after(m, "/")', "gpt/4"),
        ('before(b, "/")', None),
        ('after(b, "/")', "2"),
        ('c or "none"', "none"),
        ("before(c or m, '/')", "openai"),
        ("order", None),
    ],
)
def test_an_expression_has_its_value(text: str, value: Any) -> None:
    assert compiled(text)(ROW) == value


@pytest.mark.parametrize(
    "text", ["a +", "+ a", "(a)", "before(a)", 'before(a, "")', "upper(a)", 'a "b"', "a + b)", "[a"]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ApiValueError):
        compiled(text)


def test_an_expression_is_a_text() -> None:
    with pytest.raises(ApiTypeError):
        compiled(7)  # type: ignore[arg-type]


def test_templates_take_parts_from_the_row() -> None:
    assert template("acme_{b}")(ROW) == "acme_2"
    assert template("{a}-{missing or b}-x")(ROW) == "1-2-x"
    assert template("acme_{c}")(ROW) is None
    assert template("plain")(ROW) == "plain"
    assert template(2)(ROW) == 2


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01", "2026-11-01T00:00:00Z"),
        ("2026-11-01T10:20", "2026-11-01T10:20:00Z"),
        ("2026-11-01 10:20:30.1234567", "2026-11-01T10:20:30.123456Z"),
        ("2026-11-01 00:20:30+02", "2026-10-31T22:20:30Z"),
        ("2026-11-01T10:20:30-0330", "2026-11-01T13:50:30Z"),
        ("2026-11-01 10:20:30 UTC", "2026-11-01T10:20:30Z"),
        ("1730419200", "2024-11-01T00:00:00Z"),
        ("1730419200.25", "2024-11-01T00:00:00.25Z"),
        ("1730419200123", "2024-11-01T00:00:00.123Z"),
        ("1730419200123456", "2024-11-01T00:00:00.123456Z"),
        ("1730419200123456789", "2024-11-01T00:00:00.123456Z"),
        ("2026-02-30", None),
        ("2026-11-01 24:00", None),
        ("2026-11-01 10:20:60", None),
        ("0000-01-01 00:00", None),
        ("0001-01-01 00:00+05", None),
        ("yesterday", None),
        ("20261101", None),
    ],
)
def test_times_are_read_in_the_forms_that_files_have(text: str, moment: str | None) -> None:
    assert event_time(text) == moment
