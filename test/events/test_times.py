"""Times are sent in UTC with a final Z, and ambiguous values are refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from openmonetize import ApiValueError, TokenUsageEvent

from .build import token_fields, tokens
from .rules import problems, wire

AFTERNOON = timezone(timedelta(hours=5, minutes=45))

MOMENTS = [
    ("2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"),
    ("2026-07-01T12:00Z", "2026-07-01T12:00Z"),
    ("2026-07-01T12:00:00.5Z", "2026-07-01T12:00:00.5Z"),
    ("2026-07-01T12:00:00.1234567Z", "2026-07-01T12:00:00.1234567Z"),  # .NET has seven digits; the wire takes them
    ("2026-07-01T12:00:00.123456789Z", "2026-07-01T12:00:00.123456789Z"),
    ("2026-07-01T12:00:00+00:00", "2026-07-01T12:00:00Z"),
    ("2026-07-01T12:00:00-00:00", "2026-07-01T12:00:00Z"),
    ("2026-07-01T12:00:00+05:45", "2026-07-01T06:15:00Z"),
    ("2026-07-01T12:00:00-0930", "2026-07-01T21:30:00Z"),
    ("2026-07-01T12:00:00+02", "2026-07-01T10:00:00Z"),
    ("2026-07-01T12:00:00.123+02:00", "2026-07-01T10:00:00.123000Z"),
    ("2026-07-01T12:00:00.1234567+02:00", "2026-07-01T10:00:00.123456Z"),
    ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z"),
    ("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00Z"),
    ("2026-07-01t12:00:00z", "2026-07-01T12:00:00Z"),
    ("2026-07-01 12:00:00+00:00", "2026-07-01T12:00:00Z"),
    ("2026-07-01T24:00:00Z", "2026-07-02T00:00:00Z"),
    ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
    ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"),
    ("2024-02-29T23:30:00-01:00", "2024-03-01T00:30:00Z"),
    ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ("1969-12-31T23:59:59.999999+00:00", "1969-12-31T23:59:59.999999Z"),
    ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    (datetime(2026, 7, 1, 12, tzinfo=timezone.utc), "2026-07-01T12:00:00Z"),
    (datetime(2026, 7, 1, 12, 0, 0, 120, tzinfo=timezone.utc), "2026-07-01T12:00:00.000120Z"),
    (datetime(2026, 7, 1, 12, tzinfo=AFTERNOON), "2026-07-01T06:15:00Z"),
    (datetime(1900, 1, 1, 0, 0, 0, 1, tzinfo=AFTERNOON), "1899-12-31T18:15:00.000001Z"),
]


@pytest.mark.parametrize(("given", "sent"), MOMENTS)
def test_a_moment_is_sent_in_utc(given: Any, sent: str) -> None:
    event = tokens(timestamp=given)
    assert event.timestamp == wire(event)["timestamp"] == sent
    assert problems(wire(event)) == []


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "now",
        "yesterday",
        "2026-07-01",
        "2026",
        "20260701",
        "12:00:00",
        "1782907200",
        "Wed, 01 Jul 2026 12:00:00 GMT",
        "01/07/2026 12:00",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-07-00T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0000-02-29T00:00:00Z",
        "2026-07-01T25:00:00Z",
        "2026-07-01T12:60:00Z",
        "2026-07-01T23:59:60Z",
        "2026-07-01T12:00:00ZZ",
        "2026-07-01T12:00:00 Z",
        "2026-07-01T12:00:00Z\n",
        "\u0662\u0660\u0662\u0666-07-01T12:00:00Z",
        "2026-07-01T12:00:00.\u0661Z",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        1782907200,
        1782907200.5,
        True,
        date(2026, 7, 1),
        b"2026-07-01T12:00:00Z",
        [],
    ],
)
def test_a_value_that_is_not_a_time_is_refused(odd: Any) -> None:
    with pytest.raises(ApiValueError, match="timestamp"):
        tokens(timestamp=odd)
    if isinstance(odd, (str, int, float, list)):
        with pytest.raises(ApiValueError, match="timestamp"):
            TokenUsageEvent.from_json(json.dumps(token_fields(timestamp=odd)))


def test_a_missing_time_is_now() -> None:
    before = datetime.now(timezone.utc)
    sent = tokens().timestamp
    assert before <= datetime.fromisoformat(str(sent)[:-1] + "+00:00") <= datetime.now(timezone.utc)


ZONES: dict[str, dict[str, str]] = {
    "UTC": {
        "2026-07-01T12:00:00": "2026-07-01T12:00:00Z",
    },
    "America/New_York": {
        "2026-07-01T12:00:00": "2026-07-01T16:00:00Z",
        "2026-01-01T12:00:00.25": "2026-01-01T17:00:00.250000Z",
        "2026-03-08T02:30:00": "2026-03-08T07:30:00Z",  # the hour that is skipped: as before the change
        "2026-11-01T01:30:00": "2026-11-01T05:30:00Z",  # the hour that comes twice: its first time
        "2026-07-01T12:00:00+02:00": "2026-07-01T10:00:00Z",
    },
    "Asia/Kathmandu": {"2026-07-01 12:00:00": "2026-07-01T06:15:00Z"},
    "Australia/Lord_Howe": {"2026-10-04T02:15:00": "2026-10-03T15:45:00Z", "2026-04-05T12:00": "2026-04-05T01:30:00Z"},
    "Pacific/Kiritimati": {"2026-01-01T00:00:00": "2025-12-31T10:00:00Z"},
}

PROGRAM = """
import json, os, sys, time
from datetime import datetime
from openmonetize import TokenUsageEvent
zones, answers = json.load(sys.stdin), {}
for zone, times in zones.items():
    os.environ["TZ"] = zone
    time.tzset()
    answers[zone] = {
        text: [TokenUsageEvent(feature_id="f", timestamp=given).timestamp for given in (text, read)]
        for text in times
        for read in [datetime.fromisoformat(text.replace(".25", ".250000"))]
    }
os.environ["TZ"] = "America/New_York"
time.tzset()
twice = datetime(2026, 11, 1, 1, 30, fold=1)
answers["fold"] = TokenUsageEvent(feature_id="f", timestamp=twice).timestamp
print(json.dumps(answers))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the zone of a process cannot be set here")
def test_a_time_without_a_zone_is_local() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(ZONES),
        env={**os.environ, "TZ": "UTC"},
        check=True,
        capture_output=True,
        text=True,
    )
    answers = json.loads(done.stdout)
    assert answers.pop("fold") == "2026-11-01T06:30:00Z"
    assert answers == {zone: {text: [utc, utc] for text, utc in times.items()} for zone, times in ZONES.items()}


def test_pandas_times_are_times() -> None:
    pandas = pytest.importorskip("pandas")
    assert tokens(timestamp=pandas.Timestamp("2026-07-01T12:00:00.123456789Z")).timestamp == (
        "2026-07-01T12:00:00.123456Z"
    )
    with pytest.raises(ApiValueError, match="timestamp"):
        tokens(timestamp=pandas.NaT)
