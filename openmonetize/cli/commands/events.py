"""``openmonetize events``: usage events, or those that come in."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import takewhile
from typing import Any

import click

from openmonetize.cli.options import Command, Last, Moment, before, output, row_limit
from openmonetize.cli.rows import Limited, row, rows
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, TIME, USD, Column, Output, json_line, shown

_COLUMNS = (
    Column("timestamp", "time (UTC)", TIME),
    Column("event_type", "type", optional=3),
    Column("feature_id", "feature"),
    Column("provider", "provider", optional=4),
    Column("model", "model"),
    Column("input_tokens", "in", COUNT),
    Column("output_tokens", "out", COUNT),
    Column("credits", "credits", COUNT),
    Column("cost_usd", "cost USD", USD, 2),
    Column("id", None),
    Column("metadata", None),
)
_FIELDS = {**{column.key: column.key for column in _COLUMNS}, "credits": "credits_burned"}
_FOLLOW_INTERVAL = 2.0  # seconds; the platform takes about 100 requests a minute
_MAX_FOLLOW_PAGES = 10  # that are read at once to catch up
_MAX_KNOWN = 20_000  # ids of events that were shown


@click.command(cls=Command)
@click.option("--feature", "feature_id", metavar="ID", help="Of this feature only.")
@click.option("--model", metavar="NAME", help="Of this model only.")
@click.option("--last", type=Last(), metavar="LENGTH", help="Such as 30d, 12h, 2w.")
@click.option("--from", "start", type=Moment(), metavar="DAY", help="Begin: a day such as 2026-11-01, or a time.")
@click.option("--to", "end", type=Moment(end=True), metavar="DAY", help="End, that day included.")
@click.option("--follow", is_flag=True, help="Go on with the events that come in, until Ctrl-C.")
@row_limit()
@output()
def command(
    session: Session,
    feature_id: str | None,
    model: str | None,
    last: Any,
    start: datetime | None,
    end: datetime | None,
    follow: bool,
    limit: int | None,
    out: Output,
) -> None:
    """List usage events, newest first. The platform does not say which user they are of.

    With --follow oldest first, and JSON is one object a line.
    """
    if last is not None and start is not None:
        raise click.UsageError("--last and --from exclude each other", click.get_current_context())
    if last is not None:
        start = before(datetime.now().astimezone(), last)
    wanted = _Filter(feature_id, model, start, end)
    if follow:
        _follow(session, wanted, 0 if limit is None else limit, out)
        return
    part = Limited(limit)
    found = session.client().events.iter_list(page_size=100 if wanted else part.page_size, progress=part.progress)
    out.table(
        _COLUMNS,
        rows(part.first(wanted.of(found)), _FIELDS),
        notes=() if wanted else part.notes(),
        empty="no events" if not wanted else "no such events",
    )


class _Filter:
    """Which events are wanted. The platform's list has no filters of its own."""

    def __init__(self, feature_id: str | None, model: str | None, start: datetime | None, end: datetime | None) -> None:
        self._fields = {name: value for name, value in (("feature_id", feature_id), ("model", model)) if value}
        self._start, self._end = start, end

    def __bool__(self) -> bool:
        return bool(self._fields or self._start or self._end)

    def of(self, events: Iterable[Any]) -> Iterator[Any]:
        """Yield the wanted ones of events that come newest first."""
        recent = takewhile(
            lambda event: self._start is None or _time(event) is None or _time(event) >= self._start, events
        )
        return (event for event in recent if self.takes(event))

    def takes(self, event: Any) -> bool:
        """Return whether an event is wanted."""
        moment = _time(event)
        if moment is not None and (
            (self._start is not None and moment < self._start) or (self._end is not None and moment > self._end)
        ):
            return False
        return all(getattr(event, name, None) == value for name, value in self._fields.items())


def _time(event: Any) -> Any:
    return getattr(event, "timestamp", None)


def _follow(session: Session, wanted: _Filter, limit: int, out: Output) -> None:
    """Print the newest events, and then the new ones as they come in, oldest first."""
    known: dict[str, None] = {}
    if out.form == "csv":
        out.table(_COLUMNS, ())
    elif out.is_for_people:
        print(_line([str(column.title) for column in _shown_columns()]))
    first = True
    while True:
        new = list(_new_events(session, known))
        known.update(dict.fromkeys(event.id for event in reversed(new)))
        while len(known) > _MAX_KNOWN:
            del known[next(iter(known))]
        chosen = [event for event in new if wanted.takes(event)]
        for event in reversed(chosen[:limit] if first else chosen):
            _print_event(row(event, _FIELDS), out)
        sys.stdout.flush()
        first = False
        time.sleep(_FOLLOW_INTERVAL)


def _new_events(session: Session, known: dict[str, None]) -> Iterator[Any]:
    """Yield the events that are not known, newest first, up to the first page that has none."""
    for page_number in range(_MAX_FOLLOW_PAGES if known else 1):
        page = session.client().events.list(limit=100, offset=page_number * 100).data or []
        fresh = [event for event in page if event.id not in known]
        yield from fresh
        if len(fresh) < len(page) or len(page) < 100:
            return


def _shown_columns() -> list[Column]:
    return [column for column in _COLUMNS if column.title is not None and column.optional < 3]


def _print_event(event: dict[str, Any], out: Output) -> None:
    if out.form == "json":
        print(json_line(_COLUMNS, event))
    elif out.form == "csv":
        out.csv_row(_COLUMNS, event)
    else:
        print(_line([shown(event[column.key], column.kind) for column in _shown_columns()]))


_WIDTHS = (-19, -16, -22, 7, 7, 7, 9)  # of the columns of a line; negative: to the left


def _line(cells: list[str]) -> str:
    return "  ".join(
        f"{cell[:-width]:<{-width}}" if width < 0 else f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS)
    ).rstrip()
