"""Which records of a segment have their outcome: kept beside it, in a file of records of which the last counts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from openmonetize.metering.buffers.spool.records import Record, decode_json, encode_json
from openmonetize.metering.buffers.spool.system import OPEN_FLAGS, TOO_MANY_FILES, append_whole

_COUNTS = ("taken", "accepted", "duplicate", "dead", "dropped")


class Numbers:
    """A set of numbers, as ranges: nearly all of them follow one another."""

    def __init__(self, ranges: Iterable[Sequence[int]] = ()) -> None:
        self.ranges = [(first, end) for first, end in ranges]

    def __len__(self) -> int:
        return sum(end - first for first, end in self.ranges)

    def __contains__(self, number: int) -> bool:
        return any(first <= number < end for first, end in self.ranges)

    def without(self, records: list[Record]) -> list[Record]:
        """Return the records whose numbers are not among these, which come after them as a rule."""
        end = self.ranges[-1][1] if self.ranges else 0
        if not records or min(records)[0] >= end:
            return records
        return [record for record in records if record[0] not in self]

    def add(self, numbers: Iterable[int]) -> None:
        """Add numbers."""
        numbers = sorted(set(numbers))
        if not numbers:
            return
        if numbers[-1] - numbers[0] + 1 == len(numbers):
            ranges = [(numbers[0], numbers[-1] + 1)]
        else:
            ranges = [(number, number + 1) for number in numbers]
        merged: list[tuple[int, int]] = []
        for first, end in sorted([*self.ranges, *ranges]):
            if merged and first <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(end, merged[-1][1])
            else:
                merged.append((first, end))
        self.ranges = merged


class Position:
    """How far the delivery of a segment came.

    Attributes:
        done: the numbers of the records that have their outcome.
        sent: the numbers of those that may have been sent; None if that is not known.
        taken: how many were sent at least once.
        accepted, duplicate, dead, dropped: how many had each outcome.
        records: how many there are; None while more may come.
    """

    def __init__(self) -> None:
        self.done = Numbers()
        self.sent: Numbers | None = Numbers()
        self.taken = self.accepted = self.duplicate = self.dead = self.dropped = 0
        self.records: int | None = None

    @property
    def settled(self) -> int:
        """How many records have their outcome."""
        return self.accepted + self.duplicate + self.dead + self.dropped

    def encode(self) -> bytes:
        """Return the position as a record."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        sent = None if self.sent is None else self.sent.ranges
        return encode_json({"done": self.done.ranges, "sent": sent, **counts, "records": self.records})

    def append_to(self, path: str) -> None:
        """Append the position to a file."""
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | OPEN_FLAGS, 0o600)
        try:
            append_whole(fd, self.encode())
        finally:
            os.close(fd)


def read_position(path: str) -> Position:
    """Return the last position in a file; the begin of the segment if there is none."""
    try:
        with open(path, "rb") as file:
            found = decode_json(file.read())
    except OSError as error:
        if error.errno in TOO_MANY_FILES:
            raise
        return Position()  # at worst the events are sent again, under the same ids
    for values in reversed(found):
        position = Position()
        try:
            position.done = _numbers(values["done"])
            position.sent = None if values.get("sent") is None else _numbers(values["sent"])
            position.records = None if values["records"] is None else int(values["records"])
            for name in _COUNTS:
                setattr(position, name, int(values[name]))
        except (KeyError, TypeError, ValueError, OverflowError):
            continue  # of another kind of file
        return position
    return Position()


def _numbers(ranges: Iterable[Sequence[int]]) -> Numbers:
    return Numbers((int(first), int(end)) for first, end in ranges)
