"""How many large request bodies are in memory at the same time, and how many bytes they may take."""

from __future__ import annotations

import threading

# Bodies up to this size are not counted.
SMALL_BODY_BYTES = 65_536

MAX_UPLOADS = 128
MAX_UPLOAD_BYTES = 128 * 1024 * 1024  # of all uploads together


class TooManyUploads(Exception):
    """There is no place for another large body; the client may come back."""


class Uploads:
    """The large bodies that are in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._bytes = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return self._count

    def upload(self) -> Upload:
        """Return the account of one body."""
        return Upload(self)

    def take(self, count: int, size: int) -> None:
        """Count `count` more bodies and `size` more bytes.

        Raises:
            TooManyUploads: that would be too many; nothing is counted then.
        """
        with self._lock:
            if self._count + count > MAX_UPLOADS or self._bytes + size > MAX_UPLOAD_BYTES:
                raise TooManyUploads
            self._count += count
            self._bytes += size

    def give_back(self, count: int, size: int) -> None:
        """Count fewer bodies and bytes."""
        with self._lock:
            self._count -= count
            self._bytes -= size


class Upload:
    """What one body takes of all uploads: nothing while it is small."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self._size = 0
        self._taken = 0

    def grow(self, size: int) -> None:
        """Count `size` more bytes.

        Raises:
            TooManyUploads: there is no place for them.
        """
        self._size += size
        if self._size > SMALL_BODY_BYTES:
            more = self._size - self._taken
            self._uploads.take(0 if self._taken else 1, more)
            self._taken += more

    def close(self) -> None:
        """Give everything back. Closing twice is fine."""
        if self._taken:
            self._uploads.give_back(1, self._taken)
        self._size = self._taken = 0
