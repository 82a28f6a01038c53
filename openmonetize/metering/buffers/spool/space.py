"""The room that a spool takes on its disk: its bounds, and the files that may go."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator

from openmonetize.metering.buffers.spool import kept, place
from openmonetize.metering.buffers.spool.segment import EVENTS, KEPT, NEW, POSITION
from openmonetize.metering.buffers.spool.system import unlink
from openmonetize.metering.errors import OutboxError

MAX_SPOOL_BYTES = 1024 * 1024 * 1024
# Free space that is left to others: so many bytes, or this part of a small disk.
MIN_FREE_BYTES, MIN_FREE_PART = 64 * 1024 * 1024, 0.05
_MAX_WRITING = 3600.0  # seconds that writing a file can take
_KEPT_INTERVAL = 60.0  # seconds after which delivered segments are looked through again: there may be many


class Space:
    """The files of a spool.

    Args:
        path: the spool's directory.
        max_bytes: bound on its size.
        min_free_bytes: free space on the disk that is left to others. Default: 64 MiB, or 5 % of a smaller disk.
        keep_seconds: how long delivered segments are kept.
    """

    def __init__(self, path: str, max_bytes: int, min_free_bytes: int | None, keep_seconds: float) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._keep_seconds = keep_seconds
        self._look_at = 0.0  # for delivered segments that are too old

    def account_paths(self) -> list[str]:
        """Return the directories of the accounts."""
        try:
            names = sorted(name for name in os.listdir(self._path) if place.ACCOUNT_NAME.fullmatch(name))
        except FileNotFoundError:
            return []
        return [os.path.join(self._path, name) for name in names]

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        """Yield the path and the status of every file."""
        for folder in self.account_paths():
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        try:
                            yield entry.path, entry.stat()
                        except FileNotFoundError:
                            pass
            except (FileNotFoundError, NotADirectoryError):
                pass

    def check(self, wanted: int) -> None:
        """Raise `OutboxError` if there is no room for so many bytes, not even without the delivered segments."""
        files = list(self._files())
        excess = sum(status.st_size for _, status in files) + wanted - self._max_bytes
        for path, status in sorted(files, key=lambda file: os.path.basename(file[0])):
            if excess > 0 and path.endswith(KEPT):
                kept.remove(path)
                excess -= status.st_size
        if excess > 0:
            raise OutboxError(f"outbox {self._path!r}: it is full, at {self._max_bytes} bytes (outbox_max_bytes)")
        disk = shutil.disk_usage(self._path if os.path.isdir(self._path) else os.path.dirname(self._path))
        reserve = self._min_free_bytes
        if reserve is None:
            reserve = min(MIN_FREE_BYTES, int(disk.total * MIN_FREE_PART))
        if disk.free < reserve:
            raise OutboxError(
                f"outbox {self._path!r}: its disk has {disk.free} bytes left, and {reserve} are left to others"
            )

    def remove_kept(self) -> None:
        """Remove delivered segments that are too old."""
        if self._keep_seconds > 0.0 and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + min(_KEPT_INTERVAL, self._keep_seconds)
            oldest = time.time() - self._keep_seconds
            for path, status in self._files():
                if path.endswith(KEPT) and status.st_mtime < oldest:
                    kept.remove(path)

    def remove_leftovers(self) -> None:
        """Remove what processes have left that were killed while they wrote it, or were about to write its segment."""
        oldest = time.time() - _MAX_WRITING
        for path, status in self._files():
            stem, ending = os.path.splitext(path)
            left = (
                ending == NEW
                or (ending == POSITION and not os.path.exists(stem + EVENTS))
                or (ending == kept.SEEN and not os.path.exists(stem + KEPT))
            )
            if left and status.st_mtime < oldest:
                unlink(path)
