"""Whether accepted events are billed: found out by looking for them in the platform's list of events."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count, islice
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from openmonetize.exceptions import (
    ApiConnectionError,
    ApiTimeoutError,
    ServiceException,
    TooManyRequestsException,
)
from openmonetize.metering.buffers.base import Account, Batch

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize._http.redaction import Secret

_LOG = logging.getLogger("openmonetize.metering")
MAX_WATCHED = 10_000  # accepted events that are looked for; of more, the last
# Seconds between two looks: an idle platform bills within 63 to 305 ms, a busy one minutes later (measured).
FIRST_LOOK_INTERVAL, MAX_LOOK_INTERVAL = 0.1, 3.0
PAGE_SIZE = 100  # rows; the platform's own limit
_MAX_PAGES = 10  # of one look
# Least time for a page where a look takes several, of those beyond the first: the platform takes 100 requests a minute.
_SECONDS_PER_PAGE = 1.0
_FREE_PAGES = 30

# The first match is the event's own: quotes within another text are escaped, and the metadata comes later.
_ID = re.compile(rb'"event_id":"([0-9a-f-]{36})"')
_TIME = re.compile(rb'"timestamp":"([^"]+)"')

# What may be over at the next look.
_PASSING = (ApiConnectionError, ApiTimeoutError, ServiceException, TooManyRequestsException)


def event_id_in(wire: bytes) -> str | None:
    """Return the id of an event."""
    found = _ID.search(wire)
    return found[1].decode() if found else None


def time_in(wire: bytes) -> str | None:
    """Return the timestamp of an event."""
    found = _TIME.search(wire)
    return found[1].decode() if found else None


def second_in(wire: bytes) -> str | None:
    """Return the second of an event's timestamp, such as ``2026-01-31T12:00:00``."""
    moment = time_in(wire)
    if moment is None:
        return None
    return moment[:19] if moment[16:17] == ":" else f"{moment[:16]}:00"  # seconds may be left out


class _Watched(NamedTuple):
    """An accepted event: its place in the order of acceptance, its account, and the second of its timestamp."""

    number: int
    account: Account
    second: str


class Page(NamedTuple):
    """A page of the platform's list, which is sorted by timestamp, the latest first.

    Attributes:
        ids: the ids of its events.
        last_second: of the last row's timestamp, as ``2026-01-31T12:00:00``; empty if it cannot be told.
        full: whether there may be another page.
        zero: the ids of those that cost something, and are billed 0 credits.
        credits: what each event was billed, by id.
        total: how many events the list has; None if that is not said.
        headers: of the answer.
    """

    ids: Collection[str]
    last_second: str
    full: bool
    zero: Collection[str] = ()
    credits: Mapping[str, int] = {}
    total: Optional[int] = None
    headers: Mapping[str, str] = {}


class Billing:
    """Watches accepted events until they are billed.

    The platform bills in the order of acceptance (measured), so an event that it does not list although it lists a
    later one is lost.

    Attributes:
        billed: how many were seen to be billed; None before the first look.
        billed_zero: how many were seen with 0 credits, although they cost something.
    """

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """Forget the parent's events, in a child process."""
        self.billed: int | None = None
        self.billed_zero = 0
        self._waiting: dict[str, _Watched] = {}
        self._missing: dict[str, _Watched] = {}
        self._numbers = count(1)
        self._last_billed = 0
        self._lock = threading.RLock()  # reentrant: a signal handler may look while its thread does

    def accepted(self, batch: Batch) -> None:
        """Watch events that the platform has just taken."""
        found = {}
        for wire in batch.wires[-MAX_WATCHED:]:
            event_id, second = event_id_in(wire), second_in(wire)
            if event_id and second:
                found[event_id] = _Watched(next(self._numbers), batch.account, second)
        with self._lock:
            # The oldest go first, so that the table never gets larger than it has to be.
            for watched, more in ((self._missing, 0), (self._waiting, len(found))):
                for oldest in list(islice(watched, max(0, len(watched) + more - MAX_WATCHED))):
                    del watched[oldest]
            self._waiting.update(found)

    def counts(self, served: Collection[Account]) -> tuple[int, int]:
        """Return how many accepted events of these accounts wait, and how many are missing."""
        return len(self._of(served, self._waiting)), len(self._of(served, self._missing))

    def _of(self, served: Collection[Account], watched: dict[str, _Watched]) -> dict[str, _Watched]:
        return {key: event for key, event in list(watched.items()) if event.account in served}

    def wait(self, fetch: Callable[[int], Page], served: Collection[Account], timeout: float) -> None:
        """Look for the events that wait, until all are found or missing.

        Args:
            fetch: returns the page of the list that begins at a row.
            served: the accounts whose events the list has.
            timeout: the most seconds to wait, not counting the last request.

        Raises:
            ApiException: the list cannot be had, now or later.
        """
        deadline, slept = time.monotonic() + timeout, 0.0  # the clock may be one that a test has stopped
        interval, offset, free = FIRST_LOOK_INTERVAL, 0, _FREE_PAGES
        before = self._last_billed
        while self.counts(served)[0]:
            if time.monotonic() >= deadline or slept >= timeout:
                return
            pages = 0
            try:
                offset, pages = self._look(fetch, served, offset, before)
            except _PASSING:
                pass
            if not offset:
                before = self._last_billed
            if not self.counts(served)[0]:
                return
            goes_on = bool(offset and pages)  # there is more to read at once
            wait = max(0.0 if goes_on else interval, (pages - free) * _SECONDS_PER_PAGE if pages > 1 else 0.0)
            free = max(0, free - pages) if pages > 1 else free
            wait = max(0.0, min(wait, deadline - time.monotonic()))
            time.sleep(wait)
            slept += wait
            interval = interval if goes_on else min(interval * 2.0, MAX_LOOK_INTERVAL)

    def _look(
        self, fetch: Callable[[int], Page], served: Collection[Account], offset: int, before: int
    ) -> tuple[int, int]:
        """Read pages from a row on, as far back as the events that wait.

        Args:
            before: number of the last event that was found before the reading began at the first row.

        Returns:
            The row to go on from, 0 if it was read as far as necessary; and the number of pages.
        """
        for pages in range(1, _MAX_PAGES + 1):
            waiting = self._of(served, self._waiting)
            if not waiting:
                return 0, pages - 1
            page = fetch(offset)
            self._found(page)
            offset += PAGE_SIZE
            if not page.full or "" < page.last_second < min(event.second for event in waiting.values()):
                self._miss(waiting, before)
                return 0, pages
        return offset, _MAX_PAGES

    def _found(self, page: Page) -> None:
        with self._lock:
            before, self.billed = self.billed_zero, self.billed or 0
            for watched in (self._waiting, self._missing):
                for event_id in watched.keys() & page.ids:
                    self._last_billed = max(self._last_billed, watched.pop(event_id).number)
                    if event_id in page.zero:
                        self.billed_zero += 1
                    else:
                        self.billed += 1
        if self.billed_zero and not before:
            _LOG.warning("the platform has billed 0 credits for usage that costs something: nobody pays for it")

    def _miss(self, waiting: Mapping[str, _Watched], before: int) -> None:
        """Give up events that were not found, although an event behind them had been found before the search."""
        with self._lock:
            for event_id, event in waiting.items():
                if event.number < before and event_id in self._waiting:
                    del self._waiting[event_id]
                    self._missing[event_id] = event


def page_of_events(
    client: ApiClient, offset: int, deadline: float, key: Secret | None = None, attempts: int | None = None
) -> Page:
    """Return a page of the platform's list of billed events.

    Args:
        client: sends the request.
        offset: the number of rows before it.
        deadline: monotonic time by which the request must end.
        key: the API key to send instead of the client's.
        attempts: how often to send the request at most.

    Raises:
        ApiException: the request failed.
    """
    from openmonetize._schema import timestamps
    from openmonetize.api.events_api import V1_EVENTS_LIST_GET

    options: Any = {} if key is None else {"_request_auth": key}
    query = {"limit": PAGE_SIZE, "offset": offset}
    answer = client.call(V1_EVENTS_LIST_GET, query, None, options, attempts, deadline)
    rows: Sequence[Any] = answer.data.data or []
    last = ""
    if rows:
        try:
            last = timestamps.wire(rows[-1].timestamp)[:19]
        except (TypeError, ValueError, AttributeError):  # a row's field that cannot be read is kept as it came
            last = ""
    zero = {row.id for row in rows if row.credits_burned == 0 and _costs(row)}
    credits = {row.id: row.credits_burned or 0 for row in rows}
    total = getattr(answer.data.pagination, "total", None)
    return Page(credits.keys(), last, len(rows) >= PAGE_SIZE, zero, credits, total, answer.headers)


def _costs(row: Any) -> bool:
    """Return whether the platform charges for an event: its general price applies where a model has none."""
    if row.event_type == "TOKEN_USAGE":
        return bool(row.provider and row.model and (row.input_tokens or row.output_tokens))
    if row.event_type == "IMAGE_GENERATION":
        return bool(row.provider and row.model)
    return bool(row.event_type == "CUSTOM")
