"""The join of what was recorded with what the platform has stored, event by event, by DuckDB.

DuckDB reads the events from files and joins on disk where memory is short. The files have numbers in place of texts of
others, so nothing in them has to be quoted.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from openmonetize.exceptions import MissingExtraError
from openmonetize.files.errors import FilesError
from openmonetize.reconcile import queries
from openmonetize.reconcile.known_events import KnownEvent
from openmonetize.reconcile.statement import Place

_PLACES = Decimal("1e-15")  # far below what a token costs


class Sums(NamedTuple):
    """The sums of the events of one model, day and feature."""

    place: Place
    feature: str
    recorded_events: int
    stored_events: int
    partial_events: int
    events: int
    recorded_input: int
    recorded_output: int
    stored_input: int
    stored_output: int
    kinds: tuple[int, ...]
    recorded_credits: int
    paid_credits: int
    provider_usd: Decimal


class Reason(NamedTuple):
    """Why the events of one model, day and feature differ, and by how many US dollars."""

    place: Place
    feature: str
    reason: str
    usd: Decimal
    events: int


def values_of(event: KnownEvent, number: int, place: Any, feature: Any, is_paying: bool) -> tuple[Any, ...]:
    """Return an event as a row of `queries.COLUMNS`.

    Args:
        event: the event.
        number: see `queries.join`.
        place: what stands for its place.
        feature: what stands for its feature.
        is_paying: whether its user has a wallet.
    """
    return (
        number,
        event.id,
        event.at,
        place,
        feature,
        is_paying,
        event.input_tokens,
        event.output_tokens,
        *event.kinds,
        event.credits,
        *map(money, (event.exact_usd, event.base_usd, event.provider_usd)),
        event.partial,
        event.unpriced,
        event.state,
    )


class Texts:
    """Numbers for values, so that files of numbers can stand for them."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._values: list[Any] = []

    def number(self, value: Any) -> int:
        """Return the number of a value; a new one if it has none."""
        found = self._numbers.setdefault(value, len(self._values))
        if found == len(self._values):
            self._values.append(value)
        return found

    def value(self, number: int) -> Any:
        """Return the value of a number."""
        return self._values[number]


class Join:
    """The events of both sides, joined by their ids. A context manager, which removes its files.

    Raises:
        MissingExtraError: DuckDB is not installed.
    """

    def __init__(self) -> None:
        try:
            import duckdb
        except ImportError:
            raise MissingExtraError("to reconcile: pip install 'openmonetize[files]'") from None
        self._error = duckdb.Error
        self._folder = tempfile.TemporaryDirectory(prefix="openmonetize-reconcile-")
        self._database = duckdb.connect(
            ":memory:", config={"threads": 1, "temp_directory": os.path.join(self._folder.name, "spill")}
        )
        self._texts = Texts()

    def __enter__(self) -> Join:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._database.close()
        self._folder.cleanup()

    def load(self, table: str, events: Iterable[KnownEvent], unpaid: Iterable[str] = ()) -> int:
        """Load one side.

        Args:
            table: ``recorded`` or ``stored``.
            events: in the order in which they were accepted.
            unpaid: users without a wallet.

        Returns:
            How many events there are.
        """
        path, nobody, count = os.path.join(self._folder.name, f"{table}.csv"), set(unpaid), 0
        number = self._texts.number
        with open(path, "w", encoding="ascii") as file:
            for count, event in enumerate(events, 1):
                named = event.id.isascii() and event.id.replace("-", "").isalnum()
                known = event if named else event._replace(id=str(number(event.id)))
                values = values_of(known, count, number(event.place), number(event.feature), event.user not in nobody)
                file.write(",".join(map(_text, values)) + "\n")
        self._execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in queries.COLUMNS.items())})")
        if count:  # DuckDB reads no empty file
            columns = ", ".join(f"'{name}': '{kind}'" for name, kind in queries.COLUMNS.items())
            self._execute(
                f"INSERT INTO {table} SELECT * FROM read_csv(?, header = false, auto_detect = false, "
                f"columns = {{{columns}}})",
                [path],
            )
        os.remove(path)
        return count

    def run(self, old: float) -> None:
        """Join the two sides.

        Args:
            old: seconds since 1970: what was recorded before and is not stored is lost, and does not wait.
        """
        found = self._execute(queries.last_stored("recorded", "stored")).fetchone()
        last = found[0] if found else None
        self._execute(f"CREATE TABLE joined AS {queries.join('recorded', 'stored', last, old)}")

    def sums(self) -> list[Sums]:
        """Return the sums by day, model and feature."""
        return [sums_of(*row) for row in self._rows(queries.sums("joined"))]

    def reasons(self) -> list[Reason]:
        """Return why the two sides, and the provider's prices of what is known, differ."""
        return [Reason(*row) for row in self._rows(queries.reasons("joined")) if row[3]]

    def elsewhere(self) -> int:
        """Return how many events the platform has that were not recorded here."""
        found = self._execute(queries.elsewhere("joined")).fetchone()
        return int(found[0]) if found else 0

    def _execute(self, query: str, values: Any = None) -> Any:
        """Run a query.

        Raises:
            FilesError: DuckDB has no room for its files, for one.
        """
        try:
            return self._database.execute(query, values)
        except self._error as error:
            raise FilesError(f"the events could not be joined: {error}") from error

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        value = self._texts.value
        rows = self._execute(query).fetchall()
        return [(value(place), value(feature), *rest) for place, feature, *rest in rows]


def sums_of(place: Place, feature: str, *values: Any) -> Sums:
    """Return the sums of a row of `queries.sums`."""
    *counts, credits, paid, usd = values
    whole = [int(value or 0) for value in counts]
    return Sums(
        place=place,
        feature=feature,
        recorded_events=whole[0],
        stored_events=whole[1],
        partial_events=whole[2],
        events=whole[3],
        recorded_input=whole[4],
        recorded_output=whole[5],
        stored_input=whole[6],
        stored_output=whole[7],
        kinds=tuple(whole[8:]),
        recorded_credits=int(credits or 0),
        paid_credits=int(paid or 0),
        provider_usd=usd or Decimal(0),
    )


def money(value: Decimal | None) -> Decimal | None:
    """Return an amount with the digits that it is compared in."""
    return None if value is None else value.quantize(_PLACES)


def _text(value: Any) -> str:
    return "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)
