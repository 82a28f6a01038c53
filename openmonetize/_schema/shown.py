"""How answers are shown, and turned into data frames and plots.

Models and iterators know nothing of it: `openmonetize.notebook` is imported by the first call, and the libraries that
it needs by its functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from types import ModuleType

    from openmonetize._schema.time_range import TimeRange

T = TypeVar("T")


class Shown:
    """The base of what people look at: answers, their parts, and the iterators of pages."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __repr__(self) -> str:
            return _notebook().text(self)

        __str__ = __repr__

    def _repr_html_(self) -> str:
        """Return the answer as HTML, for notebooks."""
        return str(_notebook().html(self))

    def to_dataframe(self, table: str | None = None, *, money: str = "float") -> Any:
        """Return a ``pandas.DataFrame``; needs ``pip install 'openmonetize[notebook]'``.

        Columns have the fields' names (``date``, not ``var_date``). Times and days are ``datetime64[us, UTC]``, whole
        numbers ``Int64``, which may be missing. Objects of free form, such as metadata, stay dicts.

        Args:
            table: which part of an answer with several, such as ``"by_feature"`` of a usage report; by default the
                one that is plotted, or the rows of a list. ``"summary"`` and other single parts have one row.
            money: ``"float"`` for amounts as ``float64``, ``"decimal"`` for exact ``Decimal`` objects.

        Raises:
            ApiValueError: There is no such table, or ``money`` is neither.
            MissingExtraError: pandas is not installed.
        """
        return _notebook().to_pandas(self, table, money)

    def to_polars(self, table: str | None = None, *, money: str = "float") -> Any:
        """Return a ``polars.DataFrame``; see :meth:`to_dataframe`. Objects of free form become JSON text."""
        return _notebook().to_polars(self, table, money)

    def to_arrow(self, table: str | None = None, *, money: str = "float") -> Any:
        """Return a ``pyarrow.Table``; see :meth:`to_dataframe`. Objects of free form become JSON text."""
        return _notebook().to_arrow(self, table, money)

    def plot(self, ax: Any = None) -> Any:
        """Plot usage, costs, a burn rate, a forecast, transactions or estimates, with matplotlib.

        Args:
            ax: the Axes to draw on; by default those of a new figure.

        Returns:
            The ``matplotlib.axes.Axes``.

        Raises:
            ApiTypeError: There is no plot of this answer.
            MissingExtraError: matplotlib is not installed.
        """
        return _notebook().plot(self, ax)


def facts_html(title: str, facts: Mapping[str, Any]) -> str:
    """Return named values as HTML, for the results that are no answers. Those without a value are left out."""
    return str(_notebook().facts_html(title, facts))


def lines_html(title: str, lines: Iterable[str]) -> str:
    """Return lines of text as HTML; those that begin with blanks belong to the one before."""
    return str(_notebook().lines_html(title, lines))


def asked_range(answer: Any) -> TimeRange | None:
    """Return the range of time that an answer was asked for, if it is known."""
    return getattr(answer, "_asked_range", None)


def remember_range(answer: T, asked: TimeRange | None) -> T:
    """Return an answer that knows, as does its ``data``, the range of time that it was asked for."""
    if asked is not None:
        for each in (answer, getattr(answer, "data", None)):
            if isinstance(each, Shown):
                object.__setattr__(each, "_asked_range", asked)
    return answer


def _notebook() -> ModuleType:
    import openmonetize.notebook as notebook  # late, and upwards: the one place that knows of it

    return notebook
