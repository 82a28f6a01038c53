"""Whatever is recorded is refused at the caller's line, or arrives as an event that the platform takes and bills."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from events.rules import problems
from events.test_properties import inputs
from hypothesis import given

from openmonetize import ApiTypeError, ApiValueError, Configuration
from openmonetize.events.ingest import body_of, prepare

from .corpus import cases, many
from .ledger import KEY

SETTINGS = Configuration("http://127.0.0.1:1", {"bearerAuth": KEY}, id_namespace="acme.example")


def check(event: dict[str, Any], billable: bool | None = None) -> None:
    """An event is refused with a text, or its bytes are those of a valid one; the caller's dict stays as it was."""
    before = copy.deepcopy(event)
    wire = b""
    try:
        _, wire = prepare(event, SETTINGS)
    except (ApiValueError, ApiTypeError) as error:
        refusal = str(error)
        assert refusal
    assert repr(event) == repr(before)
    if billable is not None:
        assert bool(wire) == billable
    if wire:
        (sent,) = json.loads(body_of([wire]))["events"]
        assert problems(sent) == [], sent


@many(200)
@given(inputs(wild=0.3))
def test_any_event(given: tuple[str, dict[str, Any]]) -> None:
    kind, fields = given
    check({"event_type": kind, **{name: value for name, value in fields.items() if name != "event_id"}})


@pytest.mark.parametrize("case", cases("events"))
def test_kept_events(case: Any) -> None:
    check(case["event"], case["billable"])
