"""Rows of CSV files (RFC 4180), with any of the usual delimiters."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

from openmonetize.files.errors import FilesError
from openmonetize.files.row import TEXT_COLUMN, Row

_DELIMITERS = ",;\t|"
_QUOTED = re.compile('"[^"]*"')
_MAX_CELL = 16 * 1024 * 1024  # characters


def delimiter_in(start: bytes) -> str:
    """Return the delimiter that the first line of a file has most of.

    Args:
        start: the file's first bytes.
    """
    line = start.split(b"\n", 1)[0].decode("utf-8", "replace")
    return max(_DELIMITERS, key=_QUOTED.sub("", line).count)


def read_csv(file: BinaryIO, name: str, delimiter: str, header: list[str]) -> Iterator[Row]:
    """Yield the rows of a file with a header. Their values are texts.

    Args:
        file: its bytes.
        name: its name, for errors.
        delimiter: between two values.
        header: an empty list, which takes the names of the columns.

    Raises:
        FilesError: it has no header, or a column twice.
    """
    if csv.field_size_limit() < _MAX_CELL:
        csv.field_size_limit(_MAX_CELL)  # of the whole process; the standard library has no other
    text = io.TextIOWrapper(file, "utf-8-sig", "surrogateescape", newline="")
    line = 0
    try:
        first = text.readline()
        if not first.strip():
            if text.read(1):
                raise FilesError(f"{name} has no header: its first line is empty")
            return
        reader = csv.reader(chain([first], text), delimiter=delimiter)
        header += [column.strip() for column in next(reader)]
        if len(set(header)) < len(header):
            twice = next(column for column in header if header.count(column) > 1)
            raise FilesError(f"{name} has the column {twice!r} twice")
        width = len(header)
        line = reader.line_num
        for cells in reader:
            number, line = line + 1, reader.line_num
            if len(cells) == width:
                yield Row(number, dict(zip(header, cells)))
            elif "".join(cells).strip():
                yield _ragged(number, header, cells)
    except csv.Error as error:
        raise FilesError(f"{name}, after line {line}: {error}") from error
    finally:
        text.detach()


def _ragged(number: int, header: list[str], cells: list[str]) -> Row:
    values: dict[str, Any] = dict(zip(header, cells))
    if len(cells) > len(header):
        values[TEXT_COLUMN] = cells[len(header) :]
    return Row(number, values, f"has {len(cells)} values for {len(header)} columns")
