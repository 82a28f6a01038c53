"""Times of requests: what they may be given as, and how they are read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError, OpenMonetize
from openmonetize._schema import timestamps
from openmonetize._schema.shown import asked_range
from openmonetize._schema.time_range import TimeRange, ranged

MIDNIGHT = datetime(2026, 11, 1, tzinfo=timezone.utc)
END_OF_DAY = datetime(2026, 11, 1, 23, 59, 59, 999_000, tzinfo=timezone.utc)
NAMES = ("start_date", "end_date")


@pytest.fixture
def zone_of_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def read(**given: Any) -> TimeRange:
    values, asked = ranged({"start_date": None, "end_date": None, "last": None, **given}, NAMES)
    assert asked is not None
    assert (values["start_date"], values["end_date"]) == asked
    assert "last" not in values
    return asked


def of_numpy(text: str, unit: str = "ns") -> Any:
    return pytest.importorskip("numpy").datetime64(text, unit)


def of_pandas(text: str) -> Any:
    return pytest.importorskip("pandas").Timestamp(text)


@pytest.mark.parametrize("day", [date(2026, 11, 1), "2026-11-01"])
def test_a_day_is_one_of_utc(day: Any) -> None:
    assert read(start_date=day).start == MIDNIGHT


@pytest.mark.parametrize("day", [date(2026, 11, 1), "2026-11-01"])
def test_the_last_day_of_a_range_is_included(day: Any) -> None:
    assert read(start_date=day, end_date=day) == (MIDNIGHT, END_OF_DAY)


def test_an_instant_at_the_end_is_that_instant() -> None:
    assert read(end_date="2026-11-01T00:00:00Z").end == MIDNIGHT


@pytest.mark.parametrize("unit", ["D", "s", "ms", "us", "ns"])
def test_a_numpy_time_is_in_utc(unit: str) -> None:
    assert read(start_date=of_numpy("2026-11-01", unit)).start == MIDNIGHT


def test_a_numpy_day_is_a_day() -> None:
    assert read(end_date=of_numpy("2026-11-01", "D")).end == END_OF_DAY


def test_a_pandas_time_is_a_datetime() -> None:
    assert read(start_date=of_pandas("2026-11-01T01:00:00+01:00")).start == MIDNIGHT
    assert type(read(start_date=of_pandas("2026-11-01T00:00:00.000000001Z")).start) is datetime


def test_a_pandas_time_without_a_zone_is_in_utc(zone_of_berlin: None) -> None:
    assert read(start_date=of_pandas("2026-11-01")).start == MIDNIGHT


def test_a_datetime_without_a_zone_is_local(zone_of_berlin: None) -> None:
    assert read(start_date=datetime(2026, 11, 1, 1)).start == MIDNIGHT
    assert read(start_date="2026-11-01").start == MIDNIGHT


@pytest.mark.parametrize("unit", ["W", "M", "Y"])
def test_a_numpy_time_of_more_than_a_day_is_refused(unit: str) -> None:
    with pytest.raises(ApiValueError, match="is more than a day: give the day that is meant"):
        read(end_date=of_numpy("2026-11", "D").astype(f"datetime64[{unit}]"))


def test_a_column_of_times_is_no_time() -> None:
    pd = pytest.importorskip("pandas")
    for column in (pd.Series([pd.Timestamp("2026-11-01")]), pd.DatetimeIndex(["2026-11-01"])):
        with pytest.raises(ApiTypeError, match=f"not {type(column).__name__}"):
            read(start_date=column)


def test_what_is_no_time_is_refused() -> None:
    for nothing in (pytest.importorskip("pandas").NaT, of_numpy("NaT")):
        with pytest.raises(ApiValueError, match=r"start_date is not a time \(NaT\)"):
            read(start_date=nothing)


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-01", "0000-01-01", "2026-11", "20261101", "last week", ""])
def test_a_text_that_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ApiValueError, match="start_date"):
        read(start_date=text)


@pytest.mark.parametrize(
    ("last", "length"),
    [
        ("24h", timedelta(hours=24)),
        ("1 hour", timedelta(hours=1)),
        ("30d", timedelta(days=30)),
        ("last 30d", timedelta(days=30)),
        ("30 days", timedelta(days=30)),
        ("4W", timedelta(weeks=4)),
        (timedelta(minutes=5), timedelta(minutes=5)),
    ],
)
def test_last_is_a_length_that_ends_now(last: Any, length: timedelta) -> None:
    before = datetime.now(timezone.utc)
    asked = read(last=last)
    assert asked.start is not None
    assert asked.end is not None
    assert asked.end - asked.start == length
    assert abs(asked.end - before) < timedelta(minutes=1)


def test_last_may_end_at_another_time() -> None:
    assert read(last="1d", end_date="2026-11-02T00:00:00Z").start == MIDNIGHT


@pytest.mark.parametrize("last", ["1m", "3 months", "1y", "30", "d", "-1d", "0d", "1.5d", timedelta(0)])
def test_a_length_that_could_mean_something_else_is_refused(last: Any) -> None:
    with pytest.raises(ApiValueError, match="last="):
        read(last=last)


def test_a_length_before_all_times_is_refused() -> None:
    with pytest.raises(ApiValueError, match="begins before the year 1"):
        read(last="999999d")


def test_a_length_of_another_type_is_refused() -> None:
    with pytest.raises(ApiTypeError, match="last must be a str such as '30d', or a timedelta, not int"):
        read(last=30)


def test_a_range_that_is_reversed_is_refused_as_it_was_read() -> None:
    with pytest.raises(ApiValueError, match="read as from 2026-11-02 00:00 to 2026-11-01 23:59 UTC"):
        read(start_date="2026-11-02", end_date="2026-11-01")


def test_no_range_is_left_to_the_server() -> None:
    assert ranged({"start_date": None, "end_date": None, "last": None}, NAMES) == (dict.fromkeys(NAMES), None)


def test_a_request_carries_the_range_that_was_read(om: OpenMonetize) -> None:
    every = om.analytics.usage(last="40d").data
    assert every is not None
    assert every.summary is not None
    today = om.analytics.usage(start_date=datetime.now(timezone.utc).date()).data
    assert today is not None
    assert today.summary is not None
    assert (today.summary.total_events or 0) < (every.summary.total_events or 0)
    assert asked_range(om.analytics.usage()) is None


def test_a_body_takes_days_too(om: OpenMonetize) -> None:
    om.credits.grant(user_id="acme_expires", amount=5, expires_at="2999-12-31")  # type: ignore[arg-type]
    assert timestamps.utc(date(2999, 12, 31)) == datetime(2999, 12, 31, tzinfo=timezone.utc)
