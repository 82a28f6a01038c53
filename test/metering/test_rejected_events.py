from __future__ import annotations

import json
from typing import Any

import pytest

from openmonetize.exceptions import BadRequestException, PaymentRequiredException
from openmonetize.metering.rejected_events import named_events, quota_left


def refusal(message: str, body: Any = None) -> BadRequestException:
    class Data:
        pass

    data = Data()
    data.message = message  # type: ignore[attr-defined]
    return BadRequestException(400, "Bad Request", body=json.dumps(body), data=data)


def test_every_named_event_gets_the_words_about_it() -> None:
    found = named_events(
        refusal(
            "body/events/0/event_id Invalid UUID, body/events/12/timestamp Invalid input, body/events/0/quantity x"
        ),
        20,
    )
    assert found == {
        0: "body/events/0/event_id Invalid UUID, body/events/0/quantity x",
        12: "body/events/12/timestamp Invalid input",
    }


def test_an_event_that_is_bad_as_a_whole_is_found() -> None:
    assert list(named_events(refusal("body/events/3 Invalid input"), 5)) == [3]


@pytest.mark.parametrize(
    "message",
    ["body/events Too big: expected array to have <=1000 items", "Body is not valid JSON", "", "see body/events/1/x"],
)
def test_a_refusal_that_names_no_event(message: str) -> None:
    assert named_events(refusal(message), 5) == {}


def test_an_index_outside_the_request_is_ignored() -> None:
    assert named_events(refusal("body/events/7/event_id Invalid UUID"), 5) == {}


def test_the_tree_of_the_ingestion_service_names_events() -> None:
    tree = {"events": {"_errors": [], "2": {"event_id": {"_errors": ["Invalid uuid"]}}, "9": {}}}
    assert list(named_events(refusal("Invalid", {"details": tree}), 5)) == [2]


@pytest.mark.parametrize("body", [None, [], {"details": []}, {"details": {"events": []}}, "x"])
def test_other_bodies_name_no_event(body: Any) -> None:
    assert named_events(refusal("Invalid", body), 5) == {}


@pytest.mark.parametrize(
    ("details", "left"),
    [({"currentUsage": 9990, "limit": 10000}, 10), ({"currentUsage": 10000, "limit": 10000}, 0), ({}, 0), (None, 0)],
)
def test_the_events_that_a_quota_still_takes(details: Any, left: int) -> None:
    assert quota_left(PaymentRequiredException(402, body=json.dumps({"details": details}))) == left
    assert quota_left(BadRequestException(400, body=json.dumps({"details": details}))) == 0
