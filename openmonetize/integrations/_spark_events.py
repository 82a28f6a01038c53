"""Rows of a data frame become events: what `to_events` does, on the driver and on the executors."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

import pyarrow as pa
from pyspark.sql import Window, functions as F
from pyspark.sql.types import BinaryType, LongType, StringType, StructType

from openmonetize.files.canonical import text_of_value
from openmonetize.files.encoding import EventEncoder
from openmonetize.files.identity import RowIds
from openmonetize.files.ingest import NO_USER
from openmonetize.files.mapping import RowMapping
from openmonetize.files.preparation import Preparation, Prepared
from openmonetize.files.reading import RowFile
from openmonetize.files.row import ERROR_COLUMN, ID_COLUMN, Row
from openmonetize.files.row_policy import RowPolicy
from openmonetize.files.sources import Source
from openmonetize.integrations._spark_frames import batch_of, cells_of
from openmonetize.pricing.model_names import ModelNames
from openmonetize.providers.policy import REPORTED

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from openmonetize.providers.usage import TokenPolicy

EVENT, LEFT_OUT, REPEATED, REFUSED = "event", "left out", "repeated", "refused"

# Columns between two passes.
_DIGEST, _FORM, _NUMBER, _KEY = (f"openmonetize_{name}" for name in ("digest", "form", "number", "key"))
_NO_EVENT = "-"  # how keys begin of rows that have no event
_EVENT_COLUMNS = ("event_id", "event", "outcome", "error", "row")


class Settings(NamedTuple):
    """How rows become events: what each task makes its own functions of."""

    customer_id: str
    source: str
    columns: Optional[Mapping[str, str]]
    constants: Optional[Mapping[str, Any]]
    preset: Optional[str]
    providers: Optional[Mapping[str, str]]
    id_column: Optional[str]
    token_policy: TokenPolicy
    resolve_models: bool
    require_user: bool

    def mapping(self) -> RowMapping:
        return RowMapping(self.columns, self.constants, self.preset, self.providers)

    def policy(self, mapping: RowMapping) -> RowPolicy | None:
        return None if self.token_policy == REPORTED else RowPolicy(self.token_policy, calls=not mapping.sums)


def events_of(df: DataFrame, settings: Settings) -> DataFrame:
    """Return the events of rows; see `openmonetize.integrations.spark.to_events`.

    Args:
        df: the rows.
        settings: how they become events.

    Raises:
        ApiValueError: an argument is wrong.
        FilesError: a column that is named is not there.
    """
    mapping = settings.mapping()
    mapping.check_columns("the data frame", df.columns)
    settings.policy(mapping)
    _ids(_NumberedIds, settings, mapping)
    if settings.id_column is None or ID_COLUMN in df.columns:
        df = _numbered(df, settings)
    schema = StructType()
    for name in (*_EVENT_COLUMNS, _KEY):
        schema.add(name, StringType())
    events = df.mapInArrow(lambda batches: _prepare(batches, settings), schema)
    if settings.id_column is None and mapping.id_column is None:
        return events.drop(_KEY)
    return _without_repeated(events)


class _NumberedIds(RowIds):
    """Ids of rows whose number among equal rows of all partitions is known."""

    number = 1

    def number_of(self, digest: bytes) -> int:
        return self.number

    def is_kept_twice(self, event_id: str) -> bool:
        return self.number > 1

    def is_repeated(self, event_id: str) -> bool:
        return False  # found among the events of all partitions


class _Digests(RowIds):
    """Finds what a row is counted by, in place of counting it."""

    digest: bytes | None = None

    def number_of(self, digest: bytes) -> int:
        self.digest = digest
        return 1

    def is_kept_twice(self, event_id: str) -> bool:
        self.digest = bytes.fromhex(event_id.replace("-", ""))
        return False


def _ids(kind: type[Any], settings: Settings, mapping: RowMapping) -> Any:
    required = settings.id_column is not None
    return kind(settings.customer_id, settings.source, settings.id_column or mapping.id_column, required)


def _preparation(settings: Settings, mapping: RowMapping, ids: RowIds) -> Preparation:
    encoder = EventEncoder(ModelNames(settings.resolve_models))
    return Preparation(ids, mapping, encoder, policy=settings.policy(mapping))


def _numbered(df: DataFrame, settings: Settings) -> DataFrame:
    """Return rows with their numbers among equal rows."""
    schema = StructType([*df.schema.fields]).add(_DIGEST, BinaryType()).add(_FORM, LongType())
    digests = df.mapInArrow(lambda batches: _digest(batches, settings), schema)
    # Rows of one content may be written differently (1.5 and 1.50). A retried task has to number them as before.
    equal = Window.partitionBy(_DIGEST).orderBy(_FORM)
    return digests.withColumn(_NUMBER, F.row_number().over(equal)).drop(_DIGEST, _FORM)


def _without_repeated(events: DataFrame) -> DataFrame:
    """Return events in which no two have the same id."""
    number = F.row_number().over(Window.partitionBy(_KEY).orderBy("event"))
    repeated = (F.col(_NUMBER) > 1) & ~F.col(_KEY).startswith(_NO_EVENT)
    return events.withColumn(_NUMBER, number).select(
        "event_id",
        F.when(~repeated, F.col("event")).alias("event"),
        F.when(repeated, F.lit(REPEATED)).otherwise(F.col("outcome")).alias("outcome"),
        F.when(~repeated, F.col("error")).alias("error"),
        F.when(~repeated, F.col("row")).alias("row"),
    )


def _form_of(cells: tuple[Any, ...]) -> int:
    return zlib.crc32(repr(cells).encode("utf-8", "surrogatepass"))


def _digest(batches: Iterable[pa.RecordBatch], settings: Settings) -> Iterator[pa.RecordBatch]:
    mapping = settings.mapping()
    ids = _ids(_Digests, settings, mapping)
    preparation = _preparation(settings, mapping, ids)
    for batch in batches:
        names = batch.schema.names
        digests, forms = [], []
        for cells in cells_of(batch):
            form = _form_of(cells)
            ids.digest = None
            preparation.identify(Row(0, dict(zip(names, cells))))
            # A row that is not counted goes anywhere, but to the same place in each attempt: null would be one place.
            digests.append(form.to_bytes(4, "big") if ids.digest is None else ids.digest)
            forms.append(form)
        yield pa.RecordBatch.from_arrays(
            [*batch.columns, pa.array(digests, pa.binary()), pa.array(forms, pa.int64())], [*names, _DIGEST, _FORM]
        )


def _prepare(batches: Iterable[pa.RecordBatch], settings: Settings) -> Iterator[pa.RecordBatch]:
    mapping = settings.mapping()
    ids = _ids(_NumberedIds, settings, mapping)
    preparation = _preparation(settings, mapping, ids)
    file = RowFile(Source("the data frame", ""))
    for batch in batches:
        names = batch.schema.names
        made = []
        for cells in cells_of(batch):
            values = dict(zip(names, cells))
            ids.number = values.pop(_NUMBER, 1)
            prepared = preparation.prepare_row(file, Row(0, values))
            made.append((*_outcome(prepared, settings.require_user), _key(prepared, cells)))
        yield batch_of(made, dict.fromkeys((*_EVENT_COLUMNS, _KEY), pa.string()))


def _outcome(prepared: Prepared, require_user: bool) -> tuple[str | None, str | None, str, str | None, str | None]:
    """Return the values of `_EVENT_COLUMNS`."""
    event_id, reason = prepared.event_id or None, prepared.refused
    if prepared.wire and require_user and prepared.fields.get("user_id") is None:
        reason = NO_USER
    if reason is not None:
        marks = {ERROR_COLUMN: " ".join(reason.split()), ID_COLUMN: prepared.event_id}
        line = json.dumps({**marks, **prepared.row.values}, ensure_ascii=False, default=text_of_value)
        return event_id, None, REFUSED, reason, line
    if not prepared.wire:
        return event_id, None, LEFT_OUT, None, None
    return event_id, prepared.wire.decode(), EVENT, None, None


def _key(prepared: Prepared, cells: tuple[Any, ...]) -> str:
    return prepared.event_id if prepared.wire else f"{_NO_EVENT}{_form_of(cells)}"
