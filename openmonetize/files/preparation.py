"""From rows to events that are ready to be sent, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple, Optional

from openmonetize.events.ids import is_uuid
from openmonetize.files.encoding import EventEncoder
from openmonetize.files.identity import RowIds
from openmonetize.files.mapping import RowMapping, RowRefused
from openmonetize.files.reading import CSV, PARQUET, RowFile
from openmonetize.files.row import ERROR_COLUMN, ID_COLUMN, TEXT_COLUMN, Row
from openmonetize.files.row_policy import RowPolicy
from openmonetize.files.sources import Source

# What a row raises whose values are of kinds that nobody thought of.
_UNMAPPED = (TypeError, ValueError, ArithmeticError, RecursionError)


class Prepared(NamedTuple):
    """A row, and what became of it.

    Attributes:
        file: its file.
        row: the row.
        event_id: the id that it has, or would have.
        wire: its event; empty if it has none.
        fields: of its event; empty if it has none.
        refused: why it cannot be sent; None if it can, or is not one of usage.
        repeated: whether an earlier row of the run has its id, by the column that identifies rows.
    """

    file: RowFile
    row: Row
    event_id: str
    wire: bytes
    fields: dict[str, Any]
    refused: Optional[str]
    repeated: bool = False


class Preparation:
    """Reads files and prepares their rows.

    Args:
        ids: gives rows their ids.
        mapping: computes the fields of events.
        encoder: writes events.
        format: of the files; by default what each of them says.
        policy: computes the tokens to bill, if not those of the row.
    """

    def __init__(
        self,
        ids: RowIds,
        mapping: RowMapping,
        encoder: EventEncoder,
        format: str | None = None,
        policy: RowPolicy | None = None,
    ) -> None:
        self._ids = ids
        self._mapping = mapping
        self._encoder = encoder
        self._policy = policy
        self._format = format

    def prepare(self, sources: Iterable[Source]) -> Iterator[Prepared]:
        """Yield the rows of files."""
        for source in sources:
            file = RowFile(source, self._format, self._mapping.records)
            rows = iter(file)
            for first in islice(rows, 1):
                if file.form.format in (CSV, PARQUET):  # all rows have the same columns
                    self._mapping.check_columns(file.name, file.columns or list(first.values))
                yield self.prepare_row(file, first)
            for row in rows:
                yield self.prepare_row(file, row)

    def identify(self, row: Row) -> None:
        """Have a row counted by the `RowIds` as `prepare_row` does, without making its event."""
        with suppress(RowRefused, *_UNMAPPED):
            self._id_of(row, self._kept_id(row.values))

    def prepare_row(self, file: RowFile, row: Row) -> Prepared:
        """Return what becomes of a row.

        Args:
            file: its file.
            row: the next row.
        """
        event_id = ""
        fields: dict[str, Any] = {}
        try:
            event_id = self._kept_id(row.values)
            event_id = self._id_of(row, event_id)
            if not event_id:
                return Prepared(file, row, "", b"", fields, None)
            fields = self._mapping.fields(row.values)
            if self._policy is not None:
                fields = self._policy.apply(fields)
            if fields["event_type"] == "TOKEN_USAGE" and not (
                fields.get("input_tokens") or fields.get("output_tokens")
            ):
                return Prepared(file, row, event_id, b"", fields, None)  # it would count for the quota
            wire = self._encoder.encode(fields, event_id)
            if self._ids.is_repeated(event_id):
                return Prepared(file, row, event_id, b"", fields, None, True)
            return Prepared(file, row, event_id, wire, fields, None)
        except RowRefused as error:
            return Prepared(file, row, event_id, b"", fields, str(error))
        except _UNMAPPED as error:
            return Prepared(file, row, event_id, b"", fields, f"cannot be mapped: {error}")

    def _kept_id(self, values: dict[str, Any]) -> str:
        """Take what a file of refused rows adds out of a row. Return the id that it has kept; empty if none."""
        if ERROR_COLUMN not in values and ID_COLUMN not in values:
            return ""
        values.pop(ERROR_COLUMN, None)
        return self._id_of_mended(values.pop(ID_COLUMN, None))

    def _id_of(self, row: Row, kept_id: str) -> str:
        """Return the id of a row's event; empty if it is not one of usage."""
        if row.problem is not None:
            raise RowRefused(row.problem)
        if TEXT_COLUMN in row.values:
            raise RowRefused(f"still has {TEXT_COLUMN}: put the columns of the row in its place")
        if not self._mapping.applies_to(row.values):
            return ""
        return kept_id or self._ids.id_of(row.values)

    def _id_of_mended(self, given: Any) -> str:
        """Return the id that a mended row has kept; empty if it has none.

        The row has other values now. Under a new id it could meet that of an equal row that was sent before.
        """
        if given is None or given == "":
            return ""
        event_id = str(given).lower()
        if not is_uuid(event_id):
            raise RowRefused(f"{ID_COLUMN} {event_id[:60]!r} is no UUID: leave the column as it is")
        if self._ids.is_kept_twice(event_id):
            raise RowRefused(f"{ID_COLUMN} {event_id} is that of another row: remove it from this one")
        return event_id
