"""Which rows the platform has taken already, so that a second run does not use up quota for them.

Nothing depends on it but that: without it, the platform drops what it has. The file has a line of JSON, which says
whose it is, and then the ids, 16 bytes each.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from types import TracebackType

from openmonetize.files.errors import FilesError
from openmonetize.files.occurrences import Occurrences
from openmonetize.files.sources import FilePath

_FORMAT = "openmonetize checkpoint 1"
_ID_BYTES = 16
_READ_BYTES = _ID_BYTES * 4096


class Checkpoint:
    """The ids of the rows that were sent.

    Args:
        path: of the file, which is made if it does not exist.
        host: the server.
        customer_id: the customer.
        source: the name of where the rows come from.

    Raises:
        FilesError: it cannot be used, or belongs to other rows.
    """

    def __init__(self, path: FilePath, host: str, customer_id: str, source: str) -> None:
        self.path = os.fspath(path)
        self._sent = Occurrences()
        head = {"format": _FORMAT, "host": host, "customer_id": customer_id, "source": source}
        try:
            self._file = open(self.path, "a+b", buffering=0)  # noqa: SIM115  # closed by `close`
        except OSError as error:
            raise FilesError(f"the checkpoint {self.path} cannot be used: {error}") from error
        try:
            self._load(json.dumps(head).encode() + b"\n")
        except BaseException:
            self._file.close()
            raise

    def _load(self, head: bytes) -> None:
        try:
            self._file.seek(0)
            start = self._file.read(len(head))
            if not start or (head.startswith(start) and len(start) < len(head)):  # new, or killed at once
                self._file.truncate(0)
                self._file.write(head)
                return
            if start != head:
                raise FilesError(
                    f"{self.path} is no checkpoint of these rows for this server and customer: name another file"
                )
            end = len(head)
            while True:
                ids = self._file.read(_READ_BYTES)
                whole = len(ids) - len(ids) % _ID_BYTES
                for place in range(0, whole, _ID_BYTES):
                    self._sent.add(ids[place : place + _ID_BYTES])
                end += whole
                if not ids or whole < len(ids):
                    break
            self._file.truncate(end)  # without half an id of a run that was killed
        except OSError as error:
            raise FilesError(f"the checkpoint {self.path} cannot be used: {error}") from error

    def __len__(self) -> int:
        return len(self._sent)

    def has(self, event_id: str) -> bool:
        """Return whether an event was sent."""
        return bytes.fromhex(event_id.replace("-", "")) in self._sent

    def add(self, event_ids: Iterable[str]) -> None:
        """Add events that the platform has taken."""
        ids = bytes.fromhex("".join(event_ids).replace("-", ""))
        try:
            whole = self._file.write(ids) == len(ids)  # a disk may have room for a part
        except OSError as error:
            raise FilesError(f"the checkpoint {self.path} cannot be written: {error}") from error
        if not whole:
            raise FilesError(f"the checkpoint {self.path} cannot be written: there is no room for it")

    def remove(self) -> None:
        """Remove the file."""
        self.close()
        try:
            os.remove(self.path)
        except OSError:
            pass

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
