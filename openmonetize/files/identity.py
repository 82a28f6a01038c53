"""The ids of rows: the same row has the same id in every run, whatever is read before it, and in whatever format.

A row's id is a UUID (version 5, RFC 9562) of the namespace that the customer and the source's name make, and of the
row's canonical content (see `openmonetize.files.canonical`) with the number of its occurrence: of equal rows the
first is number 1. So appended, inserted and reordered rows leave the ids of the others as they were.

Where a column identifies the rows, a row's id is a UUID of another namespace, and of the text in that column alone:
it stays when the rest of the row changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha1
from typing import Any

from openmonetize.events.ids import derive_id
from openmonetize.files.canonical import content_of, text_of_value
from openmonetize.files.expressions import compiled
from openmonetize.files.mapping import RowRefused
from openmonetize.files.occurrences import Occurrences

_MAX_LAYOUTS = 1000
_VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}


class RowIds:
    """Gives rows their ids.

    Args:
        customer_id: the customer: an id is unique among all customers of the platform.
        source: the name of where the rows come from.
        id_column: the column that identifies a row, or an expression of columns; None if none does.
        required: whether a row without a value there is refused; otherwise its content identifies it.
    """

    def __init__(self, customer_id: str, source: str, id_column: str | None = None, required: bool = True) -> None:
        self._hash = _namespace(customer_id, f"openmonetize.files\n{source}")
        self._named_hash = _namespace(customer_id, f"openmonetize.files.id_column\n{source}")
        self._name_of = None if id_column is None else compiled(id_column)
        self._column, self._required = id_column, required
        self._seen = Occurrences()
        self._named = Occurrences()  # ids by a column, of rows that are to be sent
        self._kept = Occurrences()  # ids of rows that were refused in an earlier run
        self._layouts: dict[tuple[str, ...], list[str]] = {}

    def id_of(self, values: Mapping[str, Any]) -> str:
        """Return the id of the next row.

        Args:
            values: by column.

        Raises:
            RowRefused: the column that identifies it has no value.
        """
        if self._name_of is not None:
            name = self._name_of(values)
            if name is not None:
                return self._id_of_name(name if type(name) is str else text_of_value(name))
            if self._required:
                raise RowRefused(f"{self._column} is missing, which identifies the rows")
        columns = tuple(values)
        names = self._layouts.get(columns)
        if names is None:
            if len(self._layouts) >= _MAX_LAYOUTS:
                self._layouts.clear()
            self._layouts[columns] = names = sorted(columns)
        hashed = self._hash.copy()
        hashed.update(content_of(values, names).encode("utf-8", "surrogatepass"))
        hashed.update(b"\0%d" % self.number_of(hashed.digest()))
        return _uuid(hashed.hexdigest())

    def number_of(self, digest: bytes) -> int:
        """Return the number of a row among those of the same content, given the content's digest."""
        return self._seen.add(digest)

    def is_kept_twice(self, event_id: str) -> bool:
        """Return whether an earlier row of this run has the id that a mended row has kept."""
        return self._kept.add(bytes.fromhex(event_id.replace("-", ""))) > 1

    def is_repeated(self, event_id: str) -> bool:
        """Return whether an earlier row of this run, one with usage, has the same text in the column of the ids."""
        if self._name_of is None:
            return False
        return self._named.add(bytes.fromhex(event_id.replace("-", ""))) > 1

    def _id_of_name(self, name: str) -> str:
        hashed = self._named_hash.copy()
        hashed.update(name.encode("utf-8", "surrogatepass"))
        return _uuid(hashed.hexdigest())


def _namespace(customer_id: str, name: str) -> Any:
    return sha1(bytes.fromhex(derive_id(customer_id, name).replace("-", "")), usedforsecurity=False)


def _uuid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:32]}"
