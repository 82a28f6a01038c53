"""Writes refused rows to a file in the form of their own, each with the reason, ready to be mended and given again.

The column of the reason is ignored when the file is given again. That of the id is kept with a mended row: under the
id of the refused row, the mended one cannot meet another row's.
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

from openmonetize.files.canonical import text_of_value
from openmonetize.files.errors import FilesError
from openmonetize.files.reading import CSV, JSON_LINES, format_of_suffix
from openmonetize.files.row import ERROR_COLUMN, ID_COLUMN, TEXT_COLUMN
from openmonetize.files.sources import FilePath


class RejectedRows:
    """Files of refused rows, one for each form: CSV with the same columns and delimiter, or JSON Lines for all others.

    An existing file is never overwritten, since somebody may be mending it: another number is put to the name.

    Attributes:
        paths: the files that were written.

    Args:
        path: of the first file.
    """

    def __init__(self, path: FilePath) -> None:
        self._path = Path(os.fspath(path))
        self._files: dict[tuple[str, ...], Any] = {}
        self.paths: list[str] = []

    def add(self, prepared: Any, reason: str) -> None:
        """Write a row.

        Args:
            prepared: the `Prepared` row.
            reason: why it was refused.

        Raises:
            FilesError: the file cannot be written.
        """
        row, form = prepared.row, prepared.file.form
        marks = {ERROR_COLUMN: " ".join(reason.split()), ID_COLUMN: prepared.event_id}
        try:
            if form.format == CSV:
                columns = [name for name in prepared.file.columns if name not in marks]
                surplus = row.values.get(TEXT_COLUMN, [])  # of a row that has more values than columns
                cells = [*marks.values(), *(row.values[name] for name in columns if name in row.values), *surplus]
                self._table(form.delimiter, columns).writerow(cells)
            else:
                line = json.dumps({**marks, **row.values}, ensure_ascii=False, default=text_of_value)
                self._lines().write(line.encode("utf-8", "surrogatepass").decode("utf-8", "replace") + "\n")
        except OSError as error:
            raise FilesError(f"the file of refused rows cannot be written: {error}") from error

    def _table(self, delimiter: str, columns: list[str]) -> Any:
        key = (delimiter, *columns)
        if key not in self._files:
            file = self._opened(CSV)
            writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
            writer.writerow([ERROR_COLUMN, ID_COLUMN, *columns])
            self._files[key] = (file, writer)
        return self._files[key][1]

    def _lines(self) -> Any:
        if () not in self._files:
            file = self._opened(JSON_LINES)
            self._files[()] = (file, file)
        return self._files[()][1]

    def _opened(self, format: str) -> Any:
        number, first = 1, self._path
        if format_of_suffix(first.suffix) not in (None, format):  # the name would say the wrong thing
            first = first.with_suffix(f".{format}")
        while True:
            path = first
            if number > 1:
                path = path.with_name(f"{path.stem}-{number}{path.suffix}")
            try:
                file = path.open("x", encoding="utf-8", errors="surrogateescape", newline="")
            except FileExistsError:
                number += 1
                continue
            self.paths.append(str(path))
            return file

    def close(self) -> None:
        """Write out and close the files.

        Raises:
            FilesError: one cannot be written.
        """
        while self._files:
            file, _ = self._files.popitem()[1]
            try:
                file.close()
            except OSError as error:
                raise FilesError(f"the file of refused rows cannot be written: {error}") from error
