"""What became of an account's events, over all processes: a record for each segment, summed up from time to time."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from openmonetize.metering.buffers.spool.position import Position
from openmonetize.metering.buffers.spool.records import decode_json, encode_json
from openmonetize.metering.buffers.spool.system import append_whole, locked_file, replace_file

_OUTCOMES = ("accepted", "duplicate", "dropped")
_MAX_BYTES = 64 * 1024  # of the file, before its records are summed up
_LOCK_TIMEOUT = 5.0  # seconds


class Counts:
    """The counts of an account.

    A segment is counted before it is removed, under its name: one that a crash has left is known to be counted.

    Args:
        path: the file.
        outcomes: what is counted.
    """

    def __init__(self, path: str, outcomes: Sequence[str] = _OUTCOMES) -> None:
        self._path = path
        self._outcomes = outcomes
        self._seen: tuple[int, int, int] | None = None  # inode, size and time of the file at the last look
        self._values: dict[str, dict[str, int]] = {}

    def _records(self) -> dict[str, dict[str, int]]:
        """Return the counts by name; those of what has gone have none."""
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            return {}
        seen = status.st_ino, status.st_size, status.st_mtime_ns
        if self._seen != seen:
            with open(self._path, "rb") as file:
                found = [self._counted(value) for value in decode_json(file.read())]
            self._values = dict(filter(None, found))
            self._seen = seen
        return self._values

    def names(self) -> Collection[str]:
        """Return the names of what was counted, as far as it may be there still."""
        return self._records().keys() - {""}

    def totals(self) -> dict[str, int]:
        """Return how many events had each outcome."""
        return self._sum(self._records().values())

    def add(self, name: str, position: Position) -> None:
        """Count what became of a segment's events."""
        self.add_counts(name, {outcome: getattr(position, outcome) for outcome in self._outcomes})

    def add_counts(self, name: str, counts: Mapping[str, int]) -> None:
        """Count outcomes under a name."""
        if not any(counts.values()):
            return
        with locked_file(self._path, _LOCK_TIMEOUT) as fd:
            append_whole(fd, encode_json({"name": name, **counts}))
            if os.fstat(fd).st_size > _MAX_BYTES:
                self._sum_up()

    def _sum_up(self) -> None:
        """Replace the records of what has gone by their sum. Call it under the lock."""
        folder = os.path.dirname(self._path)
        values = self._records()
        there = set(os.listdir(folder))
        # The dead letters that a segment was made of may be there still, after a crash.
        kept = [name for name in values if name in there or os.path.splitext(name)[0] + ".dead" in there]
        gone = [value for name, value in values.items() if name not in kept]
        records: list[dict[str, Any]] = [{**self._sum(gone)}, *({"name": name, **values[name]} for name in kept)]
        replace_file(self._path, self._path + ".new", b"".join(map(encode_json, records)))

    def _counted(self, value: dict[str, Any]) -> tuple[str, dict[str, int]] | None:
        """Return the name and the counts in a record; None if it is of another kind of file."""
        name, counts = value.pop("name", ""), value
        if isinstance(name, str) and counts.keys() == {*self._outcomes} and {*map(type, counts.values())} == {int}:
            return name, counts
        return None

    def _sum(self, values: Iterable[dict[str, int]]) -> dict[str, int]:
        values = list(values)
        return {outcome: sum(value[outcome] for value in values) for outcome in self._outcomes}
