"""Which usage is burned already: found out by looking for its events in the platform's list of events."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from openmonetize._fork import ProcessMark
from openmonetize._schema import timestamps
from openmonetize.events.ids import SOURCE_ID_KEY
from openmonetize.exceptions import ApiException, NotFoundException, OpenApiException

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient

# The platform stores an event and debits the wallet one after the other, at 26 to 30 events a second (measured). An
# event that has been in the list for so many seconds is burned in a balance that is asked for then, or never will be.
BOOKING_SECONDS = 1.0
# Of usage on a deployment that lists no events: it is taken to be burned after so many seconds.
UNLISTED_SECONDS = 600.0
# Seconds between two looks, for all wallets together: the platform takes 100 requests a minute. A wallet that has too
# little without one does not wait.
LOOK_INTERVAL = 5.0
_PAGE_SIZE = 100  # rows; the platform's own limit
_MAX_PAGES = 5  # of one look from the beginning of the list
_MAX_STEPS = 12  # requests of a search further back, which halves the list with each
_SEARCH_INTERVAL = 60.0  # seconds between two searches: the platform takes 100 requests a minute
_CLOCK_SKEW = 120.0  # seconds that the clocks of the store and of those who record may be apart
_MAX_REMEMBERED = 50_000


class Look(NamedTuple):
    """What a look found.

    Attributes:
        burned: the usage that every balance contains that is asked for from now on.
        settles: the monotonic time at which all that is listed will be burned; None if it is.
        unlisted: whether there is usage that was not seen in the list.
    """

    burned: frozenset[str] = frozenset()
    settles: Optional[float] = None
    unlisted: bool = False


NOTHING = Look()


class BilledEvents:
    """Remembers which events the platform has listed, and since when.

    Args:
        client: asks for the list.
        timeout: seconds that one look may take.
    """

    def __init__(self, client: ApiClient, timeout: float) -> None:
        self._client = client
        self._timeout = timeout
        self._without_list: str | None = None  # the host that lists no events
        self._searched_at = float("-inf")
        self._next_look = float("-inf")
        self._start()

    def _start(self) -> None:
        self._listed: dict[str, float] = {}  # when each was first seen, by a monotonic clock
        self._lock = threading.RLock()  # reentrant: a signal handler may look while its thread does
        self._mark = ProcessMark()

    def look(self, wanted: Mapping[str, float], now: float, at_once: bool) -> Look:
        """Return which usage is burned. The platform is asked only if some of it was not listed before.

        Args:
            wanted: when the usage was counted, by the key of `usage_key`.
            now: the present time by the same clock.
            at_once: ask also if it was asked a moment ago.
        """
        if self._mark.forked():
            self._start()
        if not all(key in self._listed for key in wanted) and (at_once or time.monotonic() >= self._next_look):
            self._ask({key: now - counted for key, counted in wanted.items()})
        if self._without_list == self._client.configuration.host:
            old = [key for key, counted in wanted.items() if now - counted >= UNLISTED_SECONDS]
            return Look(frozenset(old))
        moment = time.monotonic()
        times = {key: self._listed[key] + BOOKING_SECONDS for key in wanted if key in self._listed}
        burned = frozenset(key for key, settled in times.items() if settled <= moment)
        settles = max((settled for settled in times.values() if settled > moment), default=None)
        return Look(burned, settles, len(times) < len(wanted))

    def _ask(self, ages: Mapping[str, float]) -> None:
        if self._without_list == self._client.configuration.host:
            return
        self._next_look = time.monotonic() + LOOK_INTERVAL
        try:
            self._read(ages)
        except NotFoundException:
            self._without_list = self._client.configuration.host
        except OpenApiException:
            pass  # what is not seen counts as not burned

    def _read(self, ages: Mapping[str, float]) -> None:
        """Read the list, newest first, as far back as the usage that is not seen yet; `ages` are in seconds."""
        deadline = time.monotonic() + self._timeout
        offset, last, total, missing = 0, "", 0, dict(ages)
        for _ in range(_MAX_PAGES):
            last, rows, total = self._take(offset, deadline)
            offset += _PAGE_SIZE
            missing = {key: age for key, age in ages.items() if key not in self._listed}
            if not missing or rows < _PAGE_SIZE or last < _second(max(missing.values()) + _CLOCK_SKEW):
                return
        if time.monotonic() - self._searched_at >= _SEARCH_INTERVAL:
            self._searched_at = time.monotonic()
            self._search(max(missing.values()), offset, total, deadline)

    def _search(self, age: float, low: int, high: int, deadline: float) -> None:
        """Read the pages around the oldest missing usage, which is `age` seconds old, between two rows of the list."""
        newest, oldest = _second(age - _CLOCK_SKEW), _second(age + _CLOCK_SKEW)
        for _ in range(_MAX_STEPS):
            if high - low <= _PAGE_SIZE:
                break
            middle = (low + high) // 2
            last, _, _ = self._take(middle, deadline)
            low, high = (middle, high) if last > newest else (low, middle)
        for offset in range(low, low + _MAX_PAGES * _PAGE_SIZE, _PAGE_SIZE):
            last, rows, _ = self._take(offset, deadline)
            if rows < _PAGE_SIZE or last < oldest:
                return

    def _take(self, offset: int, deadline: float) -> tuple[str, int, int]:
        """Read one page. Return the second of its last row, the number of its rows, and of those of the list.

        Raises:
            ApiException: it cannot be had.
        """
        from openmonetize.api.events_api import V1_EVENTS_LIST_GET

        if time.monotonic() >= deadline:
            raise ApiException(None, "the list of events takes too long")
        options: Any = {}
        query = {"limit": _PAGE_SIZE, "offset": offset}
        answer = self._client.call(V1_EVENTS_LIST_GET, query, None, options, attempts=1, deadline=deadline)
        rows, page, seen = answer.data.data or [], answer.data.pagination, time.monotonic()
        with self._lock:
            for row in rows:
                for key in (row.id, _source_of(row.metadata)):
                    if isinstance(key, str):
                        self._listed.setdefault(key, seen)
            while len(self._listed) > _MAX_REMEMBERED:
                del self._listed[next(iter(self._listed))]
        last = ""
        if rows and rows[-1].timestamp is not None:
            try:
                last = timestamps.wire(rows[-1].timestamp)[:19]
            except (TypeError, ValueError, AttributeError):  # a row's field that cannot be read is kept as it came
                pass
        return last, len(rows), (page.total if page is not None and page.total is not None else 0)


def usage_key(event_id: str, metadata: Any) -> str:
    """Return the key of an event's usage.

    An id of the caller's own takes its final form when the event is sent; the caller's text stays the same.
    """
    return _source_of(metadata) or event_id


def _source_of(metadata: Any) -> str | None:
    source = metadata.get(SOURCE_ID_KEY) if isinstance(metadata, Mapping) else None
    return source if isinstance(source, str) else None


def _second(age: float) -> str:
    """Return the time so many seconds ago, as the platform's list has it."""
    return (datetime.now(timezone.utc) - timedelta(seconds=age)).isoformat()[:19]
