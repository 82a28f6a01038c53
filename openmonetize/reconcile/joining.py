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
from openmonetize.reconcile.kinds import TOKEN_KINDS
from openmonetize.reconcile.known_events import KnownEvent
from openmonetize.reconcile.statement import Place

_MONEY = "DECIMAL(38, 15)"
_PLACES = Decimal("1e-15")  # far below what a token costs
_COLUMNS = {
    "number": "BIGINT",
    "id": "VARCHAR",
    "moment": "DOUBLE",
    "place": "INTEGER",
    "feature": "INTEGER",
    "paying": "BOOLEAN",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    **dict.fromkeys(TOKEN_KINDS, "BIGINT"),
    "credits": "BIGINT",
    "exact_usd": _MONEY,
    "base_usd": _MONEY,
    "provider_usd": _MONEY,
    "partial": "BOOLEAN",
    "unpriced": "BOOLEAN",
    "state": "INTEGER",
}

# `expected` is what an event should burn, `paid` what somebody pays for it. What is stored and was not recorded here is
# taken as it is stored.
_JOIN = """
CREATE TABLE joined AS
WITH once AS (SELECT * FROM recorded QUALIFY row_number() OVER (PARTITION BY id ORDER BY state, number) = 1),
     found AS (SELECT * FROM stored QUALIFY row_number() OVER (PARTITION BY id ORDER BY number) = 1),
     last AS (SELECT max(once.number) AS number FROM once JOIN found USING (id))
SELECT
    coalesce(once.place, found.place) AS place,
    coalesce(once.feature, found.feature) AS feature,
    once.id IS NOT NULL AS is_recorded,
    found.id IS NOT NULL AS is_stored,
    once.state AS state,
    once.number < last.number OR once.moment < $old AS is_late,
    coalesce(once.partial, found.partial) AS partial,
    coalesce(once.unpriced, found.unpriced) AS unpriced,
    once.input_tokens AS recorded_input, once.output_tokens AS recorded_output,
    found.input_tokens AS stored_input, found.output_tokens AS stored_output,
    {kinds},
    coalesce(once.credits, found.credits) AS expected,
    found.credits AS burned,
    CASE WHEN coalesce(once.paying, true) THEN found.credits ELSE 0 END AS paid,
    coalesce(once.exact_usd, found.exact_usd) AS exact_usd,
    coalesce(once.base_usd, found.base_usd) AS base_usd,
    coalesce(once.provider_usd, found.provider_usd) AS provider_usd
FROM once FULL JOIN found USING (id) CROSS JOIN last
"""

_SUMS = """
SELECT
    place, feature,
    count_if(is_recorded), count_if(is_stored), count_if(partial), count(*),
    sum(recorded_input), sum(recorded_output), sum(stored_input), sum(stored_output), {kinds},
    sum(expected) FILTER (is_recorded), sum(paid), sum(provider_usd)
FROM joined GROUP BY place, feature
"""

# Each reason, the amount in US dollars by which the platform's column is below what is due, and the events with it.
# The provider's part is left out where the provider's report is not known.
_REASONS = """
WITH amounts AS (
    SELECT *,
        (expected * 0.001::DECIMAL(4, 3))::{money} AS expected_usd,
        (coalesce(burned, 0) * 0.001::DECIMAL(4, 3))::{money} AS burned_usd,
        (coalesce(paid, 0) * 0.001::DECIMAL(4, 3))::{money} AS paid_usd
    FROM joined
),
reasons AS (
    SELECT place, feature, expected_usd AS usd,
        CASE WHEN state = 1 THEN 'dead_letters' WHEN is_late THEN 'lost' ELSE 'waiting' END AS reason
    FROM amounts WHERE NOT is_stored
    UNION ALL
    SELECT place, feature, expected_usd - burned_usd, CASE WHEN burned = 0 THEN 'billed_zero' ELSE 'platform_price' END
    FROM amounts WHERE is_stored
    UNION ALL
    SELECT place, feature, burned_usd - paid_usd, 'unfunded' FROM amounts
    UNION ALL
    SELECT place, feature, provider_usd - coalesce(base_usd, provider_usd), 'cache_policy'
    FROM amounts WHERE provider_usd IS NOT NULL
    UNION ALL
    SELECT place, feature, coalesce(base_usd, provider_usd) - exact_usd,
        CASE WHEN unpriced THEN 'unpriced_model' ELSE 'price' END
    FROM amounts WHERE provider_usd IS NOT NULL
    UNION ALL
    SELECT place, feature, exact_usd - expected_usd, 'rounding' FROM amounts WHERE provider_usd IS NOT NULL
)
SELECT place, feature, reason, sum(usd) AS usd, count(*) FROM reasons WHERE usd <> 0 GROUP BY place, feature, reason
""".format(money=_MONEY)


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
                values = (
                    count,
                    event.id if event.id.isascii() and event.id.replace("-", "").isalnum() else number(event.id),
                    repr(event.at),
                    number(event.place),
                    number(event.feature),
                    event.user not in nobody,
                    event.input_tokens,
                    event.output_tokens,
                    *event.kinds,
                    event.credits,
                    *map(_money, (event.exact_usd, event.base_usd, event.provider_usd)),
                    event.partial,
                    event.unpriced,
                    event.state,
                )
                file.write(",".join(map(str, values)) + "\n")
        self._execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in _COLUMNS.items())})")
        if count:  # DuckDB reads no empty file
            columns = ", ".join(f"'{name}': '{kind}'" for name, kind in _COLUMNS.items())
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
        kinds = ", ".join(f"coalesce(once.{kind}, found.{kind}) AS {kind}" for kind in TOKEN_KINDS)
        self._execute(_JOIN.format(kinds=kinds), {"old": old})

    def sums(self) -> list[Sums]:
        """Return the sums by day, model and feature."""
        kinds = ", ".join(f"sum({kind})" for kind in TOKEN_KINDS)
        return [_sums(row) for row in self._rows(_SUMS.format(kinds=kinds))]

    def reasons(self) -> list[Reason]:
        """Return why the two sides, and the provider's prices of what is known, differ."""
        return [Reason(*row) for row in self._rows(_REASONS) if row[3]]

    def elsewhere(self) -> int:
        """Return how many events the platform has that were not recorded here."""
        found = self._execute("SELECT count(*) FROM joined WHERE NOT is_recorded").fetchone()
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


def _sums(row: tuple[Any, ...]) -> Sums:
    place, feature, *counts, credits, paid, usd = row
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


def _money(value: Decimal | None) -> str:
    return "" if value is None else f"{value.quantize(_PLACES):f}"
