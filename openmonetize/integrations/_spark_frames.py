"""Rows of Arrow's batches, as tasks read and write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa


def cells_of(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a batch. A map is a dict, as it is in the rows of a Parquet file."""
    return zip(*(column.to_pylist(maps_as_pydicts="lossy") for column in batch.columns))


def rows_of(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """Yield the rows of batches by the names of their columns."""
    for batch in batches:
        names = batch.schema.names
        for cells in cells_of(batch):
            yield dict(zip(names, cells))


def arrays_of(rows: Sequence[Sequence[Any]], kinds: Iterable[Any]) -> list[pa.Array]:
    """Return rows as columns of these types."""
    types = list(kinds)
    columns: Iterable[Sequence[Any]] = zip(*rows) if rows else [()] * len(types)
    return [pa.array(column, kind) for column, kind in zip(columns, types)]


def batch_of(rows: Sequence[Sequence[Any]], kinds: Mapping[str, Any]) -> pa.RecordBatch:
    """Return rows as a batch with the types of these columns."""
    return pa.RecordBatch.from_arrays(arrays_of(rows, kinds.values()), list(kinds))
