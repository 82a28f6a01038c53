"""The ledger on disk: accepted events in kept files, over restarts and for all processes of a spool."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence

from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.ledger import Sheet
from openmonetize.metering.buffers.spool import place, segment
from openmonetize.metering.buffers.spool.account_directory import AccountDirectory
from openmonetize.metering.buffers.spool.kept import SEEN, KeptSheet, append_record, verified
from openmonetize.metering.buffers.spool.records import encode, encode_json
from openmonetize.metering.buffers.spool.segment import KEPT
from openmonetize.metering.buffers.spool.space import Space
from openmonetize.metering.buffers.spool.system import (
    OPEN_FLAGS,
    append_whole,
    flush_to_device,
    is_named,
    try_lock,
    unlock,
)

# A kept file is appended to until it has this size, and this age in seconds.
MAX_KEPT_FILE_BYTES, MAX_KEPT_FILE_AGE = 4 * 1024 * 1024, 3600.0
_LOCK = ".verifier"  # its lock is held by the process that looks for the events


class _OpenFile:
    """A kept file that this process appends to."""

    def __init__(self, path: str, account: Account) -> None:
        self.path = path
        self.fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | OPEN_FLAGS, 0o600)
        self.begun = time.monotonic()
        self.next_number = 0
        append_whole(self.fd, segment.header(account, os.path.basename(path)))

    def is_usable(self) -> bool:
        fresh = time.monotonic() - self.begun < MAX_KEPT_FILE_AGE
        return fresh and os.fstat(self.fd).st_size < MAX_KEPT_FILE_BYTES and is_named(self.fd, self.path)

    def close(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()


class SpoolLedger:
    """Keeps accepted events in a spool. One thread adds, and any may look.

    Args:
        path: the spool.
        space: makes room.
        directory: returns an account's directory.
        durable: have the events on the device before they are given up elsewhere.
    """

    _lock_fd = -1  # until the constructor is done

    def __init__(
        self, path: str, space: Space, directory: Callable[[Account], AccountDirectory], durable: bool
    ) -> None:
        self._path = path
        self._space = space
        self._directory = directory
        self._durable = durable
        self._files: dict[Account, _OpenFile] = {}
        self._sheets: dict[str, KeptSheet] = {}

    def __del__(self) -> None:
        self.release()

    def after_fork(self) -> None:
        """Go on in a forked child with files of its own."""
        for file in self._files.values():
            file.close()
        self._files, self._sheets = {}, {}
        fd, self._lock_fd = self._lock_fd, -1
        if fd >= 0:
            os.close(fd)  # without unlocking it: the lock is the parent's

    def add(self, account: Account, wires: Sequence[bytes], sent: float | None, answered: float) -> None:
        """Keep events that the platform has just accepted; raise `OutboxError` if they cannot be kept."""
        try:
            file = self._file(account)
            first = file.next_number
            file.next_number = end = first + len(wires)
            append_whole(file.fd, b"".join(encode(wire, first + index) for index, wire in enumerate(wires)))
            if self._durable:
                flush_to_device(file.fd)
            record = {"accepted": [[first, end]], "sent": sent, "answered": answered}
            append_record(os.path.splitext(file.path)[0] + SEEN, encode_json(record))
        except OSError as error:
            self._files.pop(account, None)
            raise place.failure(self._path, error) from error

    def _file(self, account: Account) -> _OpenFile:
        file = self._files.get(account)
        if file is None or not file.is_usable():
            self._space.check(MAX_KEPT_FILE_BYTES // 16)
            directory = self._directory(account)
            directory.ensure()
            self._files.pop(account, None)
            file = _OpenFile(os.path.join(directory.path, segment.new_name() + KEPT), account)
            self._files[account] = file
        return file

    def sheets(self, accounts: Collection[Account]) -> list[Sheet]:
        """Return what is kept of these accounts, as it is now, oldest first."""
        found: dict[str, KeptSheet] = {}
        try:
            for account in accounts:
                directory = self._directory(account)
                for name in directory.names(SEEN):
                    path = os.path.join(directory.path, os.path.splitext(name)[0] + KEPT)
                    found[path] = self._sheets.get(path) or KeptSheet(path, account)
            self._sheets.update(found)
            for path in [path for path, sheet in self._sheets.items() if sheet.account in accounts]:
                if path not in found:
                    del self._sheets[path]
            for sheet in found.values():
                sheet.refresh()
                sheet.forget_settled()
        except OSError as error:
            raise place.failure(self._path, error) from error
        return [found[path] for path in sorted(found, key=os.path.basename)]

    def counts(self, accounts: Collection[Account]) -> Counter[str]:
        """Return how many events are, or were when they were removed, in each state."""
        total: Counter[str] = Counter()
        for account in accounts:
            removed = verified(self._directory(account).path)
            total.update(removed.totals())
            names = removed.names()
            for sheet in self.sheets([account]):
                assert isinstance(sheet, KeptSheet)
                if os.path.basename(sheet.seen_path) not in names:
                    total.update(sheet.counts())
        return total

    def hold(self, accounts: Collection[Account]) -> bool:
        """Keep other processes from looking for any events; return False if one is at it."""
        if self._lock_fd >= 0:
            return True
        try:
            fd = os.open(os.path.join(self._path, _LOCK), os.O_RDWR | os.O_CREAT | OPEN_FLAGS, 0o600)
        except OSError as error:
            raise place.failure(self._path, error) from error
        if not try_lock(fd):
            os.close(fd)
            return False
        self._lock_fd = fd
        return True

    def release(self) -> None:
        """Let others look."""
        fd, self._lock_fd = self._lock_fd, -1
        if fd >= 0:
            unlock(fd)
            os.close(fd)
