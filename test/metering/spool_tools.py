"""What the tests of the spool share: processes on a directory, and a reader of its files that is not the product's."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable
from zlib import crc32

import pytest

from openmonetize.metering import OutboxError
from openmonetize.metering.buffers.base import Account, Batch
from openmonetize.metering.buffers.spool import reader, segment, space, spool
from openmonetize.metering.buffers.spool.account_directory import directory_name
from openmonetize.metering.buffers.spool.records import encode
from openmonetize.metering.buffers.spool.spool import Spool

URL = "http://127.0.0.1:1"
ALICE = Account(URL, "a" * 16)
BOB = Account(URL, "b" * 16)

_HEAD = re.compile(rb"\n([0-9a-f]{5})([0-9a-f]{8})([0-9a-f]{5}) ")


def wire_of(number: int, size: int = 0) -> bytes:
    """Return an event of about ``size`` bytes that nothing else is like."""
    return b'{"event_id":"%08d","filler":"%s"}' % (number, b"x" * max(0, size - 36))


class JumpingTime:
    """The time as the spool sees it, which a test can move on."""

    def __init__(self) -> None:
        self.offset = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.offset

    def time(self) -> float:
        return time.time() + self.offset

    def time_ns(self) -> int:
        return time.time_ns()

    def install(self, patch: pytest.MonkeyPatch) -> None:
        for module in (spool, segment, reader, space):
            patch.setattr(module, "time", self)


class Process:
    """A process that has the spool open. Locks belong to open files, so that one process can play several.

    Attributes:
        told: what it was told of damage.
        batches: what it is sending.
    """

    def __init__(self, path: str | Path, account: Account = ALICE, **options: Any) -> None:
        self.told: list[tuple[str, int]] = []
        self.batches: list[Batch] = []
        self.account = account
        options.setdefault("min_free_bytes", 0)
        self.spool = Spool(os.fspath(path), on_damage=lambda text, events: self.told.append((text, events)), **options)
        self.spool.open()
        self.spool.serve((account,))

    def put(self, *wires: bytes) -> None:
        for wire in wires:
            assert self.spool.put(wire, self.account) >= 0

    def lease(self, max_events: int = 1000) -> Batch | None:
        batch = self.spool.lease(max_events, 1_000_000)
        if batch is not None:
            self.batches.append(batch)
        return batch

    def ack(self, batch: Batch) -> None:
        self.batches.remove(batch)
        batch.source.ack(batch)

    def drain(self, failures: int = 0) -> list[bytes]:
        """Deliver everything that can be leased, and return it. So many calls may fail."""
        self.spool.clear_delays()
        found: list[bytes] = []
        for _ in range(10_000):
            try:
                batch = self.lease()
            except OutboxError:
                failures -= 1
                if failures < 0:
                    raise
                continue
            if batch is None:
                return found
            found += batch.wires
            self.ack(batch)
        raise AssertionError("there is no end of it")

    def close(self) -> None:
        for batch in self.batches:
            batch.source.nack(batch)
        self.batches = []
        self.spool.close()

    def crash(self) -> None:
        """End as after kill -9: the files are closed, and nothing is written."""
        self.spool.after_fork()
        self.batches = []


def folders(path: str | Path, account: Account | None = None) -> list[Path]:
    """Return the directories of the accounts, or of one."""
    found = sorted(folder for folder in Path(path).glob("*") if re.fullmatch("[0-9a-f]{16}", folder.name))
    return [folder for folder in found if account is None or folder.name == directory_name(account)]


def files(path: str | Path, ending: str = "", account: Account | None = None) -> list[Path]:
    """Return the files of all accounts, or of one."""
    found = (file for folder in folders(path, account) for file in folder.iterdir())
    return sorted(file for file in found if file.name.endswith(ending) and file.is_file())


def records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the numbers and payloads of the whole records in a file."""
    for head in _HEAD.finditer(data):
        size, checksum, number = (int(digits, 16) for digits in head.groups())
        payload = data[head.end() : head.end() + size]
        if len(payload) == size and crc32(payload, number) == checksum:
            yield number, payload


def pending(path: str | Path, account: Account | None = None) -> list[bytes]:
    """Return the events without outcome in the segments on disk: what a crash now would leave."""
    found = []
    for file in files(path, ".events", account):
        position = file.with_suffix(".pos")
        last: dict[str, Any] = {"done": []}
        data = _read(file)
        of_its_own = b'{"format":1,"name":"%s"' % file.name.encode() in data or b'{"format"' not in data
        for _, payload in records(_read(position)) if of_its_own else ():
            last = json.loads(payload)
        for number, payload in records(data):
            if not payload.startswith(b'{"format"') and not any(a <= number < b for a, b in last["done"]):
                found.append(payload)
    return found


def dead(path: str | Path, account: Account | None = None) -> list[bytes]:
    """Return the events in the files of dead letters."""
    return [
        payload.partition(b"\t")[2] for file in files(path, ".dead", account) for _, payload in records(_read(file))
    ]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (FileNotFoundError, IsADirectoryError):  # a process has removed it meanwhile
        return b""


# Damage to one file. Each returns whether something was done.


def _rewrite(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Return a function that overwrites a file in place."""

    def act(path: Path) -> None:
        data = change(path.read_bytes())
        with open(path, "r+b") as file:
            file.write(data)
            file.truncate()

    return act


def _replace(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Return a function that puts another file in a file's place."""

    def act(path: Path) -> None:
        new = path.with_name("replacement")
        new.write_bytes(change(path.read_bytes()))
        os.replace(new, path)

    return act


def _flip(data: bytes) -> bytes:
    flipped = bytearray(data)
    for place in range(7, len(data), 211):
        flipped[place] ^= 0x15
    return bytes(flipped)


def _move(path: Path) -> None:
    path.rename(path.with_name(path.name + ".old"))


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


ANOTHER = [wire_of(1_000_000 + number) for number in range(20)]


def _replace_by_another(path: Path) -> None:
    """Put another segment in a segment's place."""
    if path.suffix == ".events":
        account = ALICE if path.parent.name == directory_name(ALICE) else BOB
        name = f"{segment.new_name()}.events"
        events = [encode(wire, number) for number, wire in enumerate(ANOTHER)]
        path.with_name("replacement").write_bytes(segment.header(account, name) + b"".join(events))
        os.replace(path.with_name("replacement"), path)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "removed": os.unlink,
    "cut to nothing": _rewrite(lambda data: b""),
    "cut in the middle": _rewrite(lambda data: data[: len(data) // 2]),
    "cut at the end": _rewrite(lambda data: data[:-1]),
    "grown": _rewrite(lambda data: data + bytes(100_000)),
    "zeroed": _rewrite(lambda data: bytes(len(data))),
    "zeroed in part": _rewrite(lambda data: data[: len(data) // 2].ljust(len(data) - 40, b"\0") + data[-40:]),
    "flipped": _rewrite(_flip),
    "overwritten": _rewrite(lambda data: os.urandom(len(data))),
    "replaced by nothing": _replace(lambda data: b""),
    "replaced by text": _replace(lambda data: b"hello" * 100),
    "replaced by JSON": _replace(lambda data: b"[" * 100_000),
    "replaced by another": _replace_by_another,
    "replaced by a copy": _replace(lambda data: data),
    "moved": _move,
    "a directory": _directory,
}  # fmt: skip
