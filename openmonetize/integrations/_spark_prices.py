"""What events burn: what `rate` does on the executors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
from pydantic_core import from_json
from pyspark.sql.types import DecimalType, LongType, StringType

from openmonetize.integrations._spark_frames import arrays_of
from openmonetize.pricing import PriceBook
from openmonetize.pricing.credits import event_cost, usd_decimal

CHARGE_COLUMNS = {"credits": LongType(), "usd": DecimalType(38, 10), "basis": StringType()}
_KINDS = (pa.int64(), pa.decimal128(38, 10), pa.string())


def charge(batches: Iterable[pa.RecordBatch], book: PriceBook, era: str) -> Iterator[pa.RecordBatch]:
    """Yield batches with `CHARGE_COLUMNS` after the others, by their column ``event``."""
    for batch in batches:
        made: list[tuple[Any, Any, Any]] = []
        for text in batch.column("event").to_pylist():
            if text is None:
                made.append((None, None, None))
                continue
            burned, usd, basis = event_cost(from_json(text), book, era, None)
            made.append((burned, usd_decimal(usd), basis))
        columns = [*batch.columns, *arrays_of(made, _KINDS)]
        yield pa.RecordBatch.from_arrays(columns, [*batch.schema.names, *CHARGE_COLUMNS])
