"""The result of a reconciliation: rows of three columns, and the reasons why they differ."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Optional, Union

from openmonetize._arguments import explained
from openmonetize._schema.time_range import TimeRange
from openmonetize.exceptions import ApiValueError
from openmonetize.reconcile.reasons import EXPECTED, REASONS

FilePath = Union[str, "os.PathLike[str]"]

BY = ("day", "model", "feature")
_ZERO = Decimal(0)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets take for the begin of one
_CENT = Decimal("0.01")


class ReconciledRow(NamedTuple):
    """One row of the three columns. What it is not grouped by is None, and so is what nobody has told.

    Attributes:
        day: the day (UTC).
        provider: the provider of the model.
        model: the model, by the name that the platform prices.
        feature: the feature; empty for what the provider charges and no event has.
        recorded_events: events that were recorded.
        platform_events: events that the platform has.
        provider_requests: requests that the provider has counted.
        recorded_input_tokens: as they were recorded to be billed.
        recorded_output_tokens: as they were recorded to be billed.
        platform_input_tokens: as the platform has them.
        platform_output_tokens: as the platform has them.
        provider_input_tokens: everything read, caches included.
        provider_output_tokens: everything written, reasoning included.
        recorded_usd: what was recorded should burn, in US dollars; 1,000 credits are one.
        platform_usd: what was burned, of wallets that there are.
        provider_usd: what the provider charges.
    """

    day: Optional[date]
    provider: Optional[str]
    model: Optional[str]
    feature: Optional[str]
    recorded_events: int
    platform_events: int
    provider_requests: Optional[int]
    recorded_input_tokens: int
    recorded_output_tokens: int
    platform_input_tokens: int
    platform_output_tokens: int
    provider_input_tokens: Optional[int]
    provider_output_tokens: Optional[int]
    recorded_usd: Decimal
    platform_usd: Decimal
    provider_usd: Optional[Decimal]


class Difference(NamedTuple):
    """A reason why columns differ.

    Attributes:
        day: as of the row that it belongs to.
        provider: the same.
        model: the same.
        feature: the same.
        reason: one of `REASONS`.
        usd: by how many US dollars the platform's column is below the provider's because of it; below zero: above.
            Where the provider was not asked, below that of what was recorded.
        events: how many events or requests it concerns, as far as that is known.
    """

    day: Optional[date]
    provider: Optional[str]
    model: Optional[str]
    feature: Optional[str]
    reason: str
    usd: Decimal
    events: int


class Reconciliation:
    """What was recorded, what the platform billed, and what the provider charges, side by side.

    True if nothing differs by more than the tolerance for another reason than prices and rounding.

    Attributes:
        range: the days (UTC) that are compared.
        by: what rows are grouped by.
        rows: the three columns.
        differences: the reasons, the largest first.
        notes: sentences on what the columns leave out.
        tolerance: in US dollars.
    """

    def __init__(
        self,
        asked: TimeRange,
        by: Sequence[str],
        rows: Iterable[ReconciledRow],
        differences: Iterable[Difference],
        notes: Iterable[str] = (),
        tolerance: Decimal = _CENT,
    ) -> None:
        self.range = asked
        self.by = tuple(by)
        self.rows = list(rows)
        self.differences = list(differences)
        self.notes = list(notes)
        self.tolerance = tolerance

    @property
    def recorded_usd(self) -> Decimal:
        """What was recorded should burn, in US dollars."""
        return sum((row.recorded_usd for row in self.rows), _ZERO)

    @property
    def platform_usd(self) -> Decimal:
        """What was burned, in US dollars."""
        return sum((row.platform_usd for row in self.rows), _ZERO)

    @property
    def provider_usd(self) -> Decimal | None:
        """What the provider charges, in US dollars; None if no provider was asked."""
        amounts = [row.provider_usd for row in self.rows if row.provider_usd is not None]
        return sum(amounts, _ZERO) if amounts else None

    @property
    def off_usd(self) -> Decimal:
        """The sum of all differences without their signs, prices and rounding left out, in US dollars."""
        return sum((abs(each.usd) for each in self.differences if each.reason not in EXPECTED), _ZERO)

    def by_reason(self) -> dict[str, Decimal]:
        """Return the sums of the differences in US dollars, by reason."""
        return _by_reason(self.differences)

    def __bool__(self) -> bool:
        return self.off_usd <= self.tolerance

    def __repr__(self) -> str:
        provider = self.provider_usd
        columns = f"recorded {_usd(self.recorded_usd)}, platform {_usd(self.platform_usd)}"
        columns += "" if provider is None else f", provider {_usd(provider)}"
        reasons = ", ".join(f"{reason} {_usd(usd)}" for reason, usd in self.by_reason().items())
        return f"Reconciliation({self.range}: {columns}{f'; {reasons}' if reasons else ''})"

    def _repr_html_(self) -> str:
        from openmonetize.reconcile.shown import html

        return html(self)

    # Other forms

    @explained
    def to_dataframe(self, table: str = "rows", *, money: str = "float") -> Any:
        """Return a ``pandas.DataFrame``; needs ``pip install 'openmonetize[notebook]'``.

        Args:
            table: ``"rows"``, or ``"differences"`` for the reasons.
            money: ``"float"`` for amounts as ``float64``, ``"decimal"`` for exact ``Decimal`` objects.

        Raises:
            ApiValueError: there is no such table, or ``money`` is neither.
            MissingExtraError: pandas is not installed.
        """
        from openmonetize.reconcile.shown import frame

        return frame(self, table, money)

    @explained
    def plot(self, ax: Any = None) -> Any:
        """Plot the three columns by model (or by what there is), with matplotlib.

        Args:
            ax: the Axes to draw on; by default those of a new figure.

        Returns:
            The ``matplotlib.axes.Axes``.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        from openmonetize.reconcile.shown import plot

        return plot(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON values; amounts are texts, since a number of JSON is rarely exact."""
        provider = self.provider_usd
        return {
            "start": None if self.range.start is None else self.range.start.isoformat().replace("+00:00", "Z"),
            "end": None if self.range.end is None else self.range.end.isoformat().replace("+00:00", "Z"),
            "by": list(self.by),
            "recorded_usd": _exact(self.recorded_usd),
            "platform_usd": _exact(self.platform_usd),
            "provider_usd": None if provider is None else _exact(provider),
            "off_usd": _exact(self.off_usd),
            "tolerance_usd": _exact(self.tolerance),
            "rows": [_jsonable(row._asdict()) for row in self.rows],
            "differences": [
                {**_jsonable(each._asdict()), "explanation": REASONS[each.reason]} for each in self.differences
            ],
            "notes": self.notes,
        }

    def to_json(self) -> str:
        """Return all of it as JSON."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    @explained
    def to_csv(self, path: FilePath | None = None, *, table: str = "rows") -> str:
        """Return the rows as CSV, and write them to a file if one is named.

        A name that a spreadsheet would take for a formula has an apostrophe before it.

        Args:
            path: a new file.
            table: ``"rows"`` or ``"differences"``.

        Raises:
            ApiValueError: there is no such table, or the file cannot be written.
        """
        kind, rows = self.table(table)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(kind._fields)
        writer.writerows([[_cell(value) for value in row] for row in rows])
        return _written(path, text.getvalue())

    @explained
    def to_html(self, path: FilePath | None = None) -> str:
        """Return a page of HTML with the rows and the reasons, and write it to a file if one is named.

        Args:
            path: a new file.

        Raises:
            ApiValueError: the file cannot be written.
        """
        from openmonetize.reconcile.shown import page

        return _written(path, page(self))

    def table(self, name: str) -> tuple[Any, Sequence[tuple[Any, ...]]]:
        """Return the class and the values of ``"rows"`` or ``"differences"``.

        Raises:
            ApiValueError: there is no such table.
        """
        if name == "rows":
            return ReconciledRow, self.rows
        if name == "differences":
            return Difference, self.differences
        raise ApiValueError(f"table must be 'rows' or 'differences', not {name!r}")


def _by_reason(differences: Iterable[Difference]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for each in differences:
        sums[each.reason] = sums.get(each.reason, _ZERO) + each.usd
    return {reason: sums[reason] for reason in REASONS if reason in sums}


def _usd(amount: Decimal) -> str:
    """Return an amount for people: to the hundredth of a cent."""
    shown = round(amount, 4)
    return f"{'-' if shown < 0 else ''}${abs(shown):,.4f}"


def _exact(amount: Decimal) -> str:
    """Return all digits of an amount, without zeros at its end."""
    return f"{amount.normalize() + 0:f}"


def _jsonable(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) if value is not None else None for name, value in fields.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _exact(value)
    return value.isoformat() if isinstance(value, date) else value


def _cell(value: Any) -> Any:
    """Return a cell of CSV (https://owasp.org/www-community/attacks/CSV_Injection)."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return _plain(value)


def _written(path: FilePath | None, text: str) -> str:
    if path is not None:
        try:
            with open(path, "x", encoding="utf-8", newline="") as file:
                file.write(text)
        except FileExistsError:
            raise ApiValueError(f"{os.fspath(path)} exists, and is not overwritten") from None
        except OSError as error:
            raise ApiValueError(f"{os.fspath(path)} cannot be written: {error.strerror}") from None
    return text
