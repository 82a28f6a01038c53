"""The rows of a usage file in any format."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import Callable, NamedTuple

from openmonetize.files.csv_rows import delimiter_in, read_csv
from openmonetize.files.json_rows import read_json, read_json_lines, records_in
from openmonetize.files.parquet_rows import read_parquet, read_remote_parquet
from openmonetize.files.row import Row
from openmonetize.files.sources import Source, opened
from openmonetize.files.texts import as_utf8

CSV, JSON, JSON_LINES, PARQUET = "csv", "json", "jsonl", "parquet"
FORMATS = (CSV, JSON, JSON_LINES, PARQUET)
_BY_SUFFIX = {
    ".csv": CSV,
    ".tsv": CSV,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".parquet": PARQUET,
    ".pq": PARQUET,
}
_PARQUET_START = b"PAR1"
_PEEKED = 4096  # bytes


class Form(NamedTuple):
    """How a file is written.

    Attributes:
        format: one of `FORMATS`.
        delimiter: between two values of CSV.
    """

    format: str
    delimiter: str = ","


class RowFile:
    """The rows of a file in their order, in constant memory.

    Attributes:
        name: of the file.
        form: how it is written, once it was looked into.
        columns: of CSV, once the first row was read.

    Args:
        source: the file.
        format: one of `FORMATS`; by default what the name, else the first bytes say.
        records: the names of lists within JSON objects that hold the rows, from the outermost.
    """

    def __init__(self, source: Source, format: str | None = None, records: Sequence[str] = ()) -> None:
        self.name = source.name
        self.form = Form(format or JSON_LINES)
        self.columns: list[str] = []
        self._source, self._format, self._records = source, format, records
        self._position: Callable[[], int] = int

    def position(self) -> int:
        """Return how many bytes of the file were read, as far as that is known."""
        return self._position()

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows.

        Raises:
            FilesError: the file cannot be read.
            MissingExtraError: it needs a package that is not installed.
        """
        if self._source.address and self._is_plain_parquet():
            self.form = Form(PARQUET)
            yield from read_remote_parquet(self._source.address)
            return
        with opened(self._source) as (file, position):
            self._position = position
            start = file.peek(_PEEKED)
            if not start.startswith(_PARQUET_START) and self._format != PARQUET:
                file = as_utf8(file, start, self.name)
                start = file.peek(_PEEKED)
            found = self._format or format_of(self._source, start)
            if found == CSV:
                self.form = Form(CSV, delimiter_in(start))
                yield from read_csv(file, self.name, self.form.delimiter, self.columns)
            elif found == PARQUET:
                self.form = Form(PARQUET)
                yield from read_parquet(file, self.name)
            else:
                self.form = Form(found)
                rows = (read_json if found == JSON else read_json_lines)(file, self.name)
                if not self._records:
                    yield from rows
                else:
                    for row in rows:
                        yield from records_in(row, self._records)
            size = position()
        self._position = lambda: size

    def _is_plain_parquet(self) -> bool:
        """Return whether name or format say that it is Parquet, and not compressed as a whole."""
        last = os.path.splitext(self._source.name.lower())[1]
        return self._format in (None, PARQUET) and _BY_SUFFIX.get(last) == PARQUET


def format_of(source: Source, start: bytes) -> str:
    """Return the format of a file.

    Args:
        source: the file.
        start: its first bytes.
    """
    known = format_of_suffix(source.suffix)
    if known is not None:
        return known
    text = start[3:] if start.startswith(b"\xef\xbb\xbf") else start
    text = text.lstrip()
    if text.startswith(_PARQUET_START):
        return PARQUET
    if text.startswith(b"["):
        return JSON
    if text.startswith(b"{"):
        return JSON_LINES if _is_object(text.split(b"\n", 1)[0]) or b"\n" not in text else JSON
    return JSON if source.suffix == ".json" else CSV


def format_of_suffix(suffix: str) -> str | None:
    """Return the format that a name's suffix says, or None."""
    return _BY_SUFFIX.get(suffix.lower())


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
