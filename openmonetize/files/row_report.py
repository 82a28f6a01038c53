"""Writes what becomes of each row, one JSON object a line."""

from __future__ import annotations

import json
import os
from typing import Any

from openmonetize.files.errors import FilesError
from openmonetize.files.sources import FilePath


class RowReport:
    """A file with one line for each row: ``file``, ``row``, ``outcome``, ``event_id``, and ``event`` or ``reason``.

    Args:
        path: of the file, which is written anew.

    Raises:
        FilesError: it cannot be written.
    """

    def __init__(self, path: FilePath) -> None:
        self._path = os.fspath(path)
        try:
            self._file = open(self._path, "w", encoding="utf-8")  # noqa: SIM115  # closed by `close`
        except OSError as error:
            raise FilesError(f"the report {self._path} cannot be written: {error}") from error

    def add(self, prepared: Any, outcome: str, reason: str | None = None) -> None:
        """Write what became of a row.

        Args:
            prepared: the `Prepared` row.
            outcome: ``would be sent``, ``sent``, ``refused``, ``left out``, ``repeated``, or ``sent by an earlier
                run``.
            reason: why it was refused.
        """
        line: dict[str, Any] = {"file": prepared.file.name, "row": prepared.row.number, "outcome": outcome}
        if prepared.event_id:
            line["event_id"] = prepared.event_id
        if reason is not None:
            line["reason"] = reason
        elif prepared.wire:
            line["event"] = json.loads(prepared.wire)
        try:
            self._file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise FilesError(f"the report {self._path} cannot be written: {error}") from error

    def close(self) -> None:
        """Write out and close the file.

        Raises:
            FilesError: it cannot be written.
        """
        try:
            self._file.close()
        except OSError as error:
            raise FilesError(f"the report {self._path} cannot be written: {error}") from error
