"""Events of a data frame are sent: what `deliver` does on the executors, one account after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql.types import LongType, StringType, StructType

from openmonetize.client import OpenMonetize
from openmonetize.exceptions import OpenApiException
from openmonetize.files.sending import Sending
from openmonetize.integrations._spark_frames import batch_of, cells_of

ACCEPTED, DUPLICATE, TAKEN, REJECTED, UNSENT = "accepted", "duplicate", "taken", "rejected", "unsent"
# The platform has these events: they need not be sent again.
SETTLED = (ACCEPTED, DUPLICATE, TAKEN)

_KINDS = {
    "account": pa.string(),
    "event_id": pa.string(),
    "outcome": pa.string(),
    "reason": pa.string(),
    "duplicates": pa.int64(),
}


class Settings(NamedTuple):
    """How events are sent.

    Attributes:
        key_of: returns the API key of an account.
        base_url: the platform.
        rate_share: the part of the platform's rate limit to use.
        max_outage: seconds of failures after which to give an account up.
        pace: the store in which a fleet shares the rate limit, if it does.
        run: another in each run. Spark would take the results that it has kept of an equal one, and send nothing.
    """

    key_of: Callable[[str], str]
    base_url: str
    rate_share: float
    max_outage: float
    pace: str | None
    run: str


class Event(NamedTuple):
    """An event to send, and its place in its batch."""

    number: int
    event_id: str
    wire: bytes


def schema() -> StructType:
    """Return the columns of the results."""
    found = StructType()
    for name, kind in _KINDS.items():
        found.add(name, LongType() if kind == pa.int64() else StringType())
    return found


def send(batches: Iterable[pa.RecordBatch], settings: Settings) -> Iterator[pa.RecordBatch]:
    """Send events, and yield what became of them.

    Args:
        batches: of account, id and event, sorted by account.
        settings: how to send them.
    """
    courier: Courier | None = None
    try:
        for batch in batches:
            results: list[tuple[Any, ...]] = []
            for account, rows in groupby(cells_of(batch), lambda row: str(row[0])):
                if courier is None or courier.account != account:
                    if courier is not None:
                        courier.close()
                    courier = Courier(account, settings)
                events = [Event(number, row[1], row[2].encode()) for number, row in enumerate(rows)]
                results += courier.deliver(events)
            yield batch_of(results, _KINDS)
    finally:
        if courier is not None:
            courier.close()


class Courier:
    """Sends the events of one account. What keeps it from that is told of each event, and stops no other account.

    Args:
        account: the account.
        settings: how to send.
    """

    def __init__(self, account: str, settings: Settings) -> None:
        self.account = account
        self._stopped: str | None = None  # why nothing more is sent
        self._client: OpenMonetize | None = None
        self._sending: Sending | None = None
        try:
            key = settings.key_of(account)
        except Exception as error:  # its text may have a key in it
            self._stopped = f"key_of raised {type(error).__name__}"
            return
        if not isinstance(key, str) or not key:
            self._stopped = f"key_of returned no key, but {'an empty text' if key == '' else type(key).__name__}"
            return
        try:
            self._client = client = OpenMonetize(key, settings.base_url, pace=settings.pace)
            self._sending = Sending(
                client.api_client, settings.rate_share, settings.max_outage, lambda: None, client._recorder.pace()
            )
        except OpenApiException as error:
            self._stopped = str(error)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close(0.0)

    def deliver(self, events: list[Event]) -> list[tuple[Any, ...]]:
        """Send events, and return a row of `_KINDS` for each."""
        outcomes: dict[int, tuple[str, str | None, int]] = {}

        def taken(sent: list[Event], duplicates: int) -> None:
            outcome = ACCEPTED if not duplicates else DUPLICATE if duplicates == len(sent) else TAKEN
            for index, event in enumerate(sent):  # the platform tells the number only
                outcomes[event.number] = (outcome, None, 0 if index else duplicates)

        def refused(event: Event, reason: str) -> None:
            outcomes[event.number] = (REJECTED, reason, 0)

        if self._sending is not None and self._stopped is None:
            try:
                self._sending.send(iter(events), taken, refused)
            except OpenApiException as error:
                self._stopped = " ".join(str(error).split())
        unsent = (UNSENT, f"account {self.account!r}: {self._stopped}", 0)
        return [(self.account, event.event_id, *outcomes.get(event.number, unsent)) for event in events]
