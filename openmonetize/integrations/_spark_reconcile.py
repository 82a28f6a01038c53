"""Three data frames become the rows and reasons of a reconciliation.

Each event is read and priced on the executors, by the functions of `openmonetize.reconcile`, and Spark joins and adds
them up, by the queries that the command has DuckDB run. What is left, some rows a day, model and feature, is judged on
the driver by the command's own code.
"""

from __future__ import annotations

import json
import pickle
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Context, localcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
from pydantic_core import from_json
from pyspark.sql.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructType,
)

from openmonetize.exceptions import ApiValueError
from openmonetize.files.row import Row
from openmonetize.integrations._spark_frames import batch_of, cells_of
from openmonetize.models import V1EventsListGet200ResponseDataInner as StoredEvent
from openmonetize.pricing import PriceBook
from openmonetize.pricing.model_names import ModelNames
from openmonetize.reconcile import queries, report_files
from openmonetize.reconcile.joining import Reason, Sums, money, sums_of, values_of
from openmonetize.reconcile.known_events import KnownEvent, moment_of, recorded_events, stored_event
from openmonetize.reconcile.reconcile import DIGITS, estimator
from openmonetize.reconcile.result import Difference, ReconciledRow
from openmonetize.reconcile.statement import Place, Statement

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Batches = Iterable[pa.RecordBatch]

# By the type in SQL, those of Spark and Arrow.
_TYPES = {
    "BIGINT": (LongType(), pa.int64()),
    "INTEGER": (IntegerType(), pa.int32()),
    "VARCHAR": (StringType(), pa.string()),
    "DOUBLE": (DoubleType(), pa.float64()),
    "BOOLEAN": (BooleanType(), pa.bool_()),
    queries.MONEY: (DecimalType(*queries.MONEY_DIGITS), pa.decimal128(*queries.MONEY_DIGITS)),
}
_COLUMNS = {**queries.COLUMNS, "place": "VARCHAR", "feature": "VARCHAR"}
_KINDS = {name: _TYPES[kind][1] for name, kind in _COLUMNS.items()}
_SUM = DecimalType(38, queries.MONEY_DIGITS[1])
# Those of the results.
_RESULTS = {
    "day": DateType(),
    **dict.fromkeys(("provider", "model", "feature", "reason"), StringType()),
    **dict.fromkeys(("recorded_usd", "platform_usd", "provider_usd", "usd"), _SUM),
}


class Judge(NamedTuple):
    """What tasks read events by.

    Attributes:
        statement: the provider's prices; finished.
        first, last: the days (UTC), both included.
        book: prices of models that the usual ones lack.
        nobody: users without a wallet.
    """

    statement: Statement
    first: date
    last: date
    book: PriceBook
    nobody: frozenset[str]

    def row(self, event: KnownEvent, number: int) -> tuple[Any, ...]:
        """Return an event as a row of a table."""
        place = json.dumps([event.place.day.isoformat(), event.place.provider, event.place.model])
        return values_of(event, number, place, event.feature, event.user not in self.nobody)


def recorded_of(events: DataFrame, state: int, judge: Judge) -> DataFrame:
    """Return the table of what was recorded.

    Args:
        events: with events in JSON, as they were sent, in a column ``event``.
        state: `ACCEPTED` or `DEAD`.
        judge: reads them.
    """
    if "event" not in events.columns:
        raise ApiValueError("the data frame of what was recorded has no column 'event'")
    return events.select("event").mapInArrow(lambda batches: _recorded(batches, state, judge), _schema())


def stored_of(rows: DataFrame, judge: Judge) -> DataFrame:
    """Return the table of what the platform has stored.

    Args:
        rows: of the platform's list of events; ``metadata`` may be JSON text, a struct or a map.
        judge: reads them.
    """
    names = set(rows.columns)
    if not {"id", "timestamp"} <= names or not names & {"creditsBurned", "credits_burned"}:
        raise ApiValueError("the platform's data frame has no columns 'id', 'timestamp' and 'credits_burned'")
    return rows.mapInArrow(lambda batches: _stored(batches, judge), _schema())


def compared(
    spark: SparkSession, recorded: DataFrame, stored: DataFrame, old: float
) -> tuple[list[Sums], list[Reason], int]:
    """Join two tables, and return the sums, the reasons, and how many events were not recorded here.

    Args:
        spark: the session.
        recorded: see `recorded_of`.
        stored: see `stored_of`.
        old: see `queries.join`.
    """
    joined = spark.sql(queries.join("{recorded}", "{stored}", None, old), recorded=recorded, stored=stored).persist()
    try:

        def rows(query: Callable[[str], str]) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in spark.sql(query("{joined}"), joined=joined).collect()]

        sums = [sums_of(_place(place), *rest) for place, *rest in rows(queries.sums)]
        reasons = [Reason(_place(place), *rest) for place, *rest in rows(queries.reasons)]
        return sums, reasons, int(rows(queries.elsewhere)[0][0])
    finally:
        joined.unpersist()


def read_report(
    df: DataFrame, statement: Statement, preset: str | None, first: date, last: date, resolve: bool
) -> list[str]:
    """Add a data frame with the rows of a provider's report to a statement.

    Args:
        df: the rows, in the form of an exported file.
        statement: takes them.
        preset: of the columns; by default the one that they look like.
        first: the first day.
        last: the last day.
        resolve: whether models have the names that the platform prices.

    Returns:
        Sentences on rows that were left out.

    Raises:
        ApiValueError: a row cannot be read, or none has usage.
    """
    chosen = preset or report_files.preset_of(df.columns)
    report_files.mapping_of(chosen)
    schema = StructType().add("parts", BinaryType()).add("error", StringType())
    parts = df.mapInArrow(lambda batches: _parts(batches, chosen, first, last, resolve), schema).collect()
    errors = [part.error for part in parts if part.error is not None]
    if errors:
        raise ApiValueError(f"the provider's data frame: {min(errors)}")
    counts: Counter[str] = Counter()
    for part in parts:
        added, count = pickle.loads(part.parts)
        statement.merge(added)
        counts += count
    return report_files.notes_on("the provider's data frame", chosen, counts)


def frame_of(spark: SparkSession, kind: type[ReconciledRow] | type[Difference], rows: Iterable[Any]) -> DataFrame:
    """Return rows of a reconciliation as a data frame."""
    schema = StructType()
    for name in kind._fields:
        schema.add(name, _RESULTS.get(name, LongType()))
    amounts = [number for number, name in enumerate(kind._fields) if name.endswith("usd")]
    made = []
    for row in rows:
        cells = list(row)
        for number in amounts:
            cells[number] = money(cells[number])
        made.append(tuple(cells))
    return spark.createDataFrame(made, schema)


def statement_of(resolve: bool) -> Statement:
    """Return an empty statement.

    Args:
        resolve: whether models have the names that the platform prices.
    """
    names = ModelNames(resolve)
    return Statement(lambda vendor, model: names.find(vendor, model).model)


def _schema() -> StructType:
    schema = StructType()
    for name, kind in _COLUMNS.items():
        schema.add(name, _TYPES[kind][0])
    return schema


def _place(text: str) -> Place:
    day, provider, model = json.loads(text)
    return Place(date.fromisoformat(day), provider, model)


def _number(content: str) -> int:
    """Return what decides among events of one id: a data frame has no first one."""
    return zlib.crc32(content.encode("utf-8", "surrogatepass"))


def _recorded(batches: Batches, state: int, judge: Judge) -> Iterator[pa.RecordBatch]:
    estimate = estimator(lambda: judge.book)
    for batch in batches:
        made = []
        with localcontext(Context(prec=DIGITS)):
            for text in batch.column("event").to_pylist():
                events = [] if text is None else [from_json(text)]
                known = recorded_events(events, state, judge.statement, estimate, judge.first, judge.last)
                made += [judge.row(event, _number(text)) for event in known]
        yield batch_of(made, _KINDS)


def _stored(batches: Batches, judge: Judge) -> Iterator[pa.RecordBatch]:
    estimate = estimator(lambda: judge.book)
    for batch in batches:
        names = batch.schema.names
        made = []
        with localcontext(Context(prec=DIGITS)):
            for cells in cells_of(batch):
                values = dict(zip(names, cells))
                if isinstance(values.get("metadata"), str):
                    values["metadata"] = from_json(values["metadata"])
                row = StoredEvent(**values)
                at = moment_of(row.timestamp)
                if row.id is not None and at is not None and judge.first <= at.date() <= judge.last:
                    made.append(judge.row(stored_event(row, at, judge.statement, estimate), _number(repr(cells))))
        yield batch_of(made, _KINDS)


def _parts(batches: Batches, preset: str | None, first: date, last: date, resolve: bool) -> Iterator[pa.RecordBatch]:
    """Yield what the rows of a partition come to, or why one of them cannot be read."""
    statement, mapping = statement_of(resolve), report_files.mapping_of(preset)
    counts: Counter[str] = Counter()
    error = None
    with localcontext(Context(prec=DIGITS)):
        for batch in batches:
            names = batch.schema.names
            for cells in cells_of(batch):
                values = dict(zip(names, cells))
                try:
                    counts[report_files.add_row(statement, mapping, Row(0, values), first, last)] += 1
                except ApiValueError as refused:
                    error = error or f"{refused}, in {json.dumps(values, default=str)[:300]}"
    yield batch_of([(pickle.dumps((statement.parts(), counts)), error)], {"parts": pa.binary(), "error": pa.string()})
