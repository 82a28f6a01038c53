"""Rows of Parquet files, read by DuckDB."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from openmonetize.exceptions import MissingExtraError
from openmonetize.files.errors import FilesError
from openmonetize.files.objects import connected
from openmonetize.files.row import Row

_BATCH = 1000  # rows
_EPOCH = datetime(1970, 1, 1)


def read_parquet(file: BinaryIO, name: str) -> Iterator[Row]:
    """Yield the rows of a file.

    Raises:
        FilesError: it is no Parquet file, or damaged.
        MissingExtraError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError("to read Parquet files: pip install 'openmonetize[files]'") from None
    # Of one thread: more hold more of the file in memory, and take the processor from the rest.
    with duckdb.connect(":memory:", config={"threads": 1}) as database, _on_disk(file) as path:
        try:
            yield from _rows(database, path)
        except duckdb.Error as error:
            raise FilesError(f"{name} cannot be read as Parquet: {error}") from error


def read_remote_parquet(address: str) -> Iterator[Row]:
    """Yield the rows of a file that is on a server, and is read there piece by piece.

    Raises:
        FilesError: it cannot be read.
        MissingExtraError: DuckDB or its extension is not installed.
    """
    with connected(address) as database:
        yield from _rows(database, address)


def _rows(database: Any, path: str) -> Iterator[Row]:
    table = "read_parquet(?, hive_partitioning = false)"  # what a row is must not depend on where the file is
    columns = database.execute(f"DESCRIBE SELECT * FROM {table}", [path]).fetchall()
    # DuckDB needs another package to make a datetime with a zone.
    zoned = [place for place, column in enumerate(columns) if column[1] == "TIMESTAMP WITH TIME ZONE"]
    chosen = ", ".join(
        f"epoch_us({_quoted(column[0])})" if place in zoned else _quoted(column[0])
        for place, column in enumerate(columns)
    )
    names = [column[0] for column in columns]
    result = database.execute(f"SELECT {chosen} FROM {table}", [path])
    number = 0
    while True:
        rows = result.fetchmany(_BATCH)
        if not rows:
            return
        for cells in rows:
            number += 1
            values = dict(zip(names, cells))
            for place in zoned:
                if cells[place] is not None:
                    values[names[place]] = _EPOCH + timedelta(microseconds=cells[place])
            yield Row(number, values)


def _quoted(column: str) -> str:
    return '"{}"'.format(column.replace('"', '""'))


@contextmanager
def _on_disk(file: Any) -> Iterator[str]:
    """Give the path of a file; one that is not on a disk, or is compressed, is copied there."""
    raw = getattr(file, "raw", None)
    if isinstance(raw, io.FileIO) and isinstance(raw.name, str):
        name = raw.name
        # DuckDB takes patterns.
        yield name.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")
        return
    with tempfile.NamedTemporaryFile(suffix=".parquet") as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        yield copy.name
