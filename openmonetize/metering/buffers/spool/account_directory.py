"""The part of a spool that belongs to one account: its segments, its dead letters, and what became of its events."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from openmonetize.metering.buffers.base import Account, Batch
from openmonetize.metering.buffers.spool import segment
from openmonetize.metering.buffers.spool.counts import Counts
from openmonetize.metering.buffers.spool.dead_letters import encode_refused, read_refused
from openmonetize.metering.buffers.spool.kept import read_events
from openmonetize.metering.buffers.spool.place import FULL, failure, misuse
from openmonetize.metering.buffers.spool.position import Position, read_position
from openmonetize.metering.buffers.spool.reader import Lock, SegmentReader, count_lines, ends_torn
from openmonetize.metering.buffers.spool.segment import DEAD, EVENTS, FORMAT, KEPT, NEW, POSITION
from openmonetize.metering.buffers.spool.system import (
    OPEN_FLAGS,
    RENAMES_OPEN_FILES,
    TOO_MANY_FILES,
    append_whole,
    flush_directory,
    flush_to_device,
    locked_file,
    replace_file,
    unlink,
)
from openmonetize.metering.results import DeadLetter, Stats

_LOCK_TIMEOUT = 5.0  # seconds for which another process may hold the dead letters
_MAX_DEAD_BYTES = 4 * 1024 * 1024  # of a file of dead letters, before another is begun
_MAX_LOOKS = 5  # at a directory that changes while it is counted


class NotCounted(Exception):
    """There was no time to count events."""


def directory_name(account: Account) -> str:
    """Return the name of an account's directory."""
    return hashlib.sha256("\n".join(account).encode()).hexdigest()[:16]


class AccountDirectory:
    """An account's directory. It is created with its first segment.

    Args:
        root: the spool.
        account: the account.
        on_damage: called with a text and how many events it is about.
        durable: have refused events on the device before they leave their segment.
    """

    def __init__(self, root: str, account: Account, on_damage: Callable[[str, int], None], durable: bool) -> None:
        self.account = account
        self.path = os.path.join(root, directory_name(account))
        self._on_damage = on_damage
        self._durable = durable
        self._facts = os.path.join(self.path, "account")
        self._counts = Counts(os.path.join(self.path, "counts"))
        self._reported: set[tuple[str, str]] = set()  # files, and what was told of them
        self._seen: dict[str, tuple[tuple[int, int], int]] = {}  # of a file: inode and size at the last look, records

    def ensure(self) -> None:
        """Create the directory if it is not there."""
        for path in (os.path.dirname(self.path), self.path):
            if not os.path.isdir(path):
                os.makedirs(path, 0o700, exist_ok=True)
        if not os.path.exists(self._facts):
            self._write_facts(None)

    def names(self, ending: str = EVENTS) -> list[str]:
        """Return the names of the segments, oldest first."""
        try:
            return sorted(name for name in os.listdir(self.path) if name.endswith(ending))
        except FileNotFoundError:
            return []

    def write_segment(self, wires: list[bytes]) -> None:
        """Write a complete segment."""
        self._write_segment(segment.new_name() + EVENTS, wires)

    def _write_segment(self, name: str, wires: list[bytes]) -> None:
        self.ensure()
        position = Position()
        position.records = len(wires)
        position.sent = None  # they may have been, from where they come
        position.append_to(self._position_path(name))
        segment.write_whole(os.path.join(self.path, name), self.account, wires)

    def create(self) -> segment.SegmentFile:
        """Create a segment."""
        self.ensure()
        return segment.create(self.path, self.account)

    def take_over(self, name: str, lock: Lock) -> SegmentReader | None:
        """Return a reader of a segment that no process holds, or None."""
        try:
            file = segment.take_over(os.path.join(self.path, name))
        except OSError as error:
            if error.errno in TOO_MANY_FILES or error.errno == errno.EROFS:
                raise
            self._report(name, f"cannot be read ({error.strerror}), and is left alone")
            return None
        if file is None:
            return None
        facts = segment.read_header(file.reading_fd)
        if facts is not None and facts.get("name") != name:  # it was put there: what is known of the name is not of it
            unlink(self._position_path(name))
        elif self._is_counted(name):  # a process ended between counting the segment and removing it
            self._remove(file, keep=False)
            file.close()
            return None
        if facts is None:
            self._report(name, "is damaged: its begin is missing, and events may be with it")
        elif (facts.get("format"), *_account_in(facts)) != (FORMAT, *self.account):
            file.close()
            self._report(name, "is of another account, or of a later release, and is left alone")
            return None
        return SegmentReader(self, file, lock)

    def _is_counted(self, name: str) -> bool:
        """Return whether the events of a segment were counted. Sending them again is better than to send none."""
        try:
            return name in self._counts.names()
        except OSError:
            return False

    def finish(self, reader: SegmentReader, keep: bool) -> None:
        """Count what became of a segment's events, and remove it, or keep it as delivered."""
        self.ensure()
        try:
            self._counts.add(reader.name, reader.position)
        except OSError as error:
            if error.errno not in FULL:
                raise
            self._remove(reader.file, keep)
            reader.close()
            self._counts.add(reader.name, reader.position)  # there is room for it now
        else:
            self._remove(reader.file, keep)
            reader.close()

    def _remove(self, file: segment.SegmentFile, keep: bool) -> None:
        stem, named = os.path.splitext(file.path)[0], file.is_named()
        try:
            unlink(stem + POSITION)
        except OSError:
            pass  # it is no file, and does no harm
        if not RENAMES_OPEN_FILES:
            file.close()  # who takes it over now finds that it is counted
        if named and keep:
            os.replace(file.path, stem + KEPT)
        elif named:
            unlink(file.path)

    def forget(self, reader: SegmentReader) -> None:
        """Count what became of the events of a segment whose file has gone, or is of no use any more."""
        self.ensure()
        self._counts.add(segment.new_name(), reader.position)  # what replaced it may have its name
        self._remove(reader.file, keep=False)
        reader.close()

    def _report(self, name: str, text: str) -> None:
        """Tell something about a file, once."""
        if (name, text) not in self._reported:
            self._reported.add((name, text))
            self._on_damage(f"outbox {self.path!r}: {name} {text}", 0)

    def report_damage(self, name: str, records: int) -> None:
        """Tell that records of a segment cannot be read."""
        self._on_damage(
            f"outbox {self.path!r}: {name} is damaged: {records} usage events in it were destroyed, and are not billed",
            records,
        )

    # Dead letters

    def add_dead_letters(self, name: str, batch: Batch, status: int | None, reason: str) -> None:
        """Keep refused events of a segment."""
        data = encode_refused(batch.wires, status, reason, name, batch.keys)
        try:
            self.ensure()
            new_names = iter(lambda: segment.new_name() + DEAD, "")
            for place in chain(self.names(DEAD)[-1:], new_names):  # another process may replay a new one at once
                with locked_file(os.path.join(self.path, place), _LOCK_TIMEOUT) as fd:
                    size = os.fstat(fd).st_size
                    if size < _MAX_DEAD_BYTES and not self._is_void(place):
                        try:
                            append_whole(fd, data)
                            if self._durable:
                                flush_to_device(fd)
                                flush_directory(self.path)
                        except OSError:
                            os.ftruncate(fd, size)  # the events are still to be sent
                            raise
                        return
        except OSError as error:
            raise failure(self.path, error) from error

    def _is_void(self, name: str) -> bool:
        """Return whether the dead letters in a file were given up or are a segment again, and it is about to go."""
        stem = os.path.splitext(name)[0]
        return not {name, stem + EVENTS}.isdisjoint(self._counts.names()) or os.path.exists(
            os.path.join(self.path, stem + EVENTS)
        )

    def dead_letters(self) -> list[DeadLetter]:
        """Return the refused events, oldest first."""
        names = [name for name in self.names(DEAD) if not self._is_void(name)]
        return [letter for name in names for letter in self._letters(os.path.join(self.path, name))]

    def _letters(self, path: str) -> list[DeadLetter]:
        letters, damaged = read_refused(path)
        if damaged:
            self._report(os.path.basename(path), f"is damaged: {damaged} dead letters in it were destroyed")
        return letters

    def replay_dead_letters(self) -> int:
        """Turn each file of dead letters into a segment, whose name says that it was. Return how many there were."""
        return self._each_dead(
            lambda path, wires: self._write_segment(os.path.splitext(os.path.basename(path))[0] + EVENTS, wires)
        )

    def discard_dead_letters(self) -> int:
        """Count the refused events as dropped, and remove them. Return how many there were."""

        def drop(path: str, wires: list[bytes]) -> None:
            position = Position()
            position.dropped = len(wires)
            self._counts.add(os.path.basename(path), position)

        return self._each_dead(drop)

    def _each_dead(self, action: Callable[[str, list[bytes]], None]) -> int:
        total = 0
        for name in self.names(DEAD):
            path = os.path.join(self.path, name)
            with locked_file(path, _LOCK_TIMEOUT):
                wires = [] if self._is_void(name) else [letter.wire for letter in self._letters(path)]
                if wires:
                    action(path, wires)
                    total += len(wires)
                unlink(path)
        return total

    # Counting

    def stats(self, held: Mapping[str, SegmentReader], until: float | None = None) -> Stats:
        """Return where the account's events are.

        Args:
            held: the segments that this process delivers, by name.
            until: monotonic time until which files may be counted.

        Raises:
            NotCounted: that was not enough.
        """
        for _ in range(_MAX_LOOKS):
            names = self.names()
            found = {name: self._look(name, held.get(name), until) for name in {*names, *held}}
            dead_names = [name for name in self.names(DEAD) if not self._is_void(name)]
            letters = {name: self._records(name, self._count_dead, until) for name in dead_names}
            if self.names() == names:  # no segment was finished meanwhile, and counted twice or not at all
                break
        self._seen = {name: seen for name, seen in self._seen.items() if name in found or name in letters}
        counted = self._counts.names()
        totals = self._counts.totals()
        queued = retrying = 0
        for name, (position, records) in found.items():
            if name in counted:
                continue
            for outcome in totals:
                totals[outcome] += getattr(position, outcome)
            under_way = max(0, min(position.taken, records) - position.settled)
            queued += max(0, records - position.settled - under_way)
            retrying += under_way
        dead = sum(letters.values())
        accepted, duplicate, dropped = totals["accepted"], totals["duplicate"], totals["dropped"]
        tracked = accepted + duplicate + queued + retrying + dead + dropped
        return Stats(tracked, accepted, duplicate, queued, retrying, dead, dropped)

    def is_written_to(self, name: str) -> bool:
        """Return whether a process may add events to a segment."""
        if self._position(name).records is not None:
            return False
        file = segment.take_over(os.path.join(self.path, name))
        if file is not None:
            file.close()
        return file is None

    def is_finished(self, name: str) -> bool:
        """Return whether every event of a complete segment has its outcome."""
        position = self._position(name)
        done = position.records is not None and position.settled >= position.records
        return done or not os.path.exists(os.path.join(self.path, name))

    def _position(self, name: str) -> Position:
        return read_position(self._position_path(name))

    def _position_path(self, name: str) -> str:
        return os.path.join(self.path, os.path.splitext(name)[0] + POSITION)

    def _look(self, name: str, reader: SegmentReader | None, until: float | None) -> tuple[Position, int]:
        if reader is not None:
            return reader.position, reader.position.settled + reader.pending()
        position = self._position(name)
        if position.records is not None:
            return position, position.records
        return position, self._records(name, _count_records, until)

    def _records(self, name: str, count: Callable[[str], int], until: float | None) -> int:
        """Count the records of a file, unless it has not changed since the last time."""
        path = os.path.join(self.path, name)
        try:
            status = os.stat(path)
            state = status.st_ino, status.st_size
            seen = self._seen.get(name)
            if seen is None or seen[0] != state:
                if until is not None and time.monotonic() > until:
                    raise NotCounted(f"outbox {self.path!r}: its events could not be counted in time")
                self._seen[name] = seen = state, count(path)
            return seen[1]
        except FileNotFoundError:
            return 0

    def _count_dead(self, path: str) -> int:
        return len(self._letters(path))

    # Delivered and other accounts' events

    def kept(self) -> Iterator[bytes]:
        """Yield the delivered events that are kept, oldest segment first."""
        for name in self.names(KEPT):
            yield from read_events(os.path.join(self.path, name)).values()

    def move_to(self, other: AccountDirectory, lock: Lock) -> int:
        """Move events and dead letters that no process holds to another account. Return how many there were.

        A segment is written there as a whole, under its name, before it is removed here.
        """
        moved = 0
        for name in self.names():
            reader = self.take_over(name, lock)
            if reader is None:
                continue
            wires = [wire for batch in reader.rest() for wire in batch.wires]
            if other._is_counted(name):  # it came from there
                other.write_segment(wires)
            elif wires and not os.path.exists(os.path.join(other.path, name)):
                other._write_segment(name, wires)
            self.finish(reader, keep=False)
            moved += len(wires)
        for name in self.names(DEAD):
            other.ensure()
            path = os.path.join(self.path, name)
            with locked_file(path, _LOCK_TIMEOUT):
                moved += len(self._letters(path))
                os.replace(path, os.path.join(other.path, name))
        return moved

    # The account

    def _write_facts(self, customer_id: str | None) -> None:
        facts = {"format": FORMAT, **self.account._asdict(), "customer_id": customer_id}
        new = os.path.join(self.path, segment.new_name() + NEW)
        replace_file(self._facts, new, json.dumps(facts).encode())

    def customer_id(self) -> str | None:
        """Return whose the account is, if that was noted."""
        facts = read_facts(self.path)
        return None if facts is None else facts[1]

    def note_customer(self, customer_id: str) -> None:
        """Note whose the account is."""
        self.ensure()
        self._write_facts(customer_id)


def read_facts(path: str) -> tuple[Account, str | None] | None:
    """Return whose events an account's directory holds; None if that cannot be read."""
    try:
        with open(os.path.join(path, "account"), encoding="utf-8") as file:
            facts = json.load(file)
        if facts["format"] > FORMAT:
            raise misuse(path, f"it has format {facts['format']} and this release reads {FORMAT}: update openmonetize")
        return _account_in(facts), facts.get("customer_id")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return _account_of_segments(path)


def _account_of_segments(path: str) -> tuple[Account, str | None] | None:
    """Return what the segments say, if the file that should say it was destroyed."""
    try:
        for name in os.listdir(path):
            if name.endswith(EVENTS):
                facts = segment.read_header_of(os.path.join(path, name))
                if facts is not None:
                    return _account_in(facts), None
    except OSError:
        pass
    return None


def _account_in(facts: Mapping[str, Any]) -> Account:
    return Account(str(facts["base_url"]), str(facts["fingerprint"]))


def _count_records(path: str) -> int:
    fd = os.open(path, os.O_RDONLY | OPEN_FLAGS)
    try:
        lines, end = count_lines(fd, 0)
        return max(0, lines - 1 - ends_torn(fd, end))  # one is the header
    finally:
        os.close(fd)
