"""One pace for the processes of a host: the state of an account's rate limit, in a small file beside its segments."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from zlib import crc32

from openmonetize.metering.buffers.spool.system import OPEN_FLAGS, is_named, lock, read_at, unlock, write_at
from openmonetize.metering.pace import Change, Pace

_LOG = logging.getLogger("openmonetize.metering")
_LOCK_TIMEOUT = 0.1  # seconds; the lock is held for some 20 µs, unless its holder is stopped
_MAX_BYTES = 65_536  # a state has about 100 bytes, and 20 for each request under way


class PaceFile:
    """Keeps the state in a file: its CRC-32, a blank, JSON and a newline, written in place under a lock.

    Delivery never depends on the file. One that is damaged or cannot be used only means that this process goes on with
    what it knows itself.

    Args:
        path: the file; made if there is none.
        clock: seconds that all processes agree on, also those of the next boot.
    """

    def __init__(self, path: str, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._known = Pace()  # the last state that this process has seen or made
        self._fd = -1  # kept open: this is done twice a request

    def update(self, change: Change) -> Pace:
        """Exchange the state; see `PaceStore.update`."""
        pace = None
        try:
            fd = self._open()
            lock(fd, _LOCK_TIMEOUT)
            try:
                stored = _decode(read_at(fd, _MAX_BYTES, 0))
                pace = self._change(stored, change)
                if pace != stored:
                    text = pace.to_json()
                    write_at(fd, b"%08x %s\n" % (crc32(text), text), 0)
            finally:
                unlock(fd)
        except OSError as error:
            _LOG.debug("the pace is not shared with other processes: %s", error)
            self.close()
            if pace is None:
                pace = self._change(self._known, change)
        self._known = pace
        return pace

    def _open(self) -> int:
        if self._fd >= 0 and not is_named(self._fd, self._path):
            self.close()
        if self._fd < 0:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | OPEN_FLAGS, 0o600)
        return self._fd

    def close(self) -> None:
        """Close the file, which is opened again when it is needed."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()

    def _change(self, stored: Pace, change: Change) -> Pace:
        """Change the file's state, or this process's own if that is newer: it was damaged, or could not be written."""
        now = self._clock()
        if self._known.sent_at > stored.sent_at:
            stored = max(stored, self._known, key=lambda pace: pace.at(now).sent_at)
        return change(stored, now)


def _decode(data: bytes) -> Pace:
    """Return the state in the file's first line; the rest may be left from a longer one."""
    checksum, _, text = data.partition(b"\n")[0].partition(b" ")
    try:
        if int(checksum, 16) == crc32(text):
            return Pace.from_json(text)
    except ValueError:
        pass
    return Pace()
