"""Answers for people: short texts, HTML tables, data frames and plots.

pandas, polars, pyarrow and matplotlib are imported by the functions that need them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from openmonetize.notebook.lines import text as text
from openmonetize.notebook.tables import table_of

__all__ = ["facts_html", "html", "lines_html", "plot", "text", "to_arrow", "to_pandas", "to_polars"]


def html(answer: Any) -> str:
    """Return an answer as HTML."""
    from openmonetize.notebook.markup import html as written

    return written(answer)


def facts_html(title: str, facts: Mapping[str, Any]) -> str:
    """Return named values as HTML."""
    from openmonetize.notebook.markup import facts as written

    return written(title, facts)


def lines_html(title: str, lines: Iterable[str]) -> str:
    """Return lines of text as HTML."""
    from openmonetize.notebook.markup import lines as written

    return written(title, lines)


def to_pandas(answer: Any, table: str | None, money: str) -> Any:
    """Return a table of an answer as a ``pandas.DataFrame``."""
    from openmonetize.notebook.frames import check, to_pandas as made

    check("pandas", money)
    return made(table_of(answer, table), money)


def to_polars(answer: Any, table: str | None, money: str) -> Any:
    """Return a table of an answer as a ``polars.DataFrame``."""
    from openmonetize.notebook.frames import check, to_polars as made

    check("polars", money)
    return made(table_of(answer, table), money)


def to_arrow(answer: Any, table: str | None, money: str) -> Any:
    """Return a table of an answer as a ``pyarrow.Table``."""
    from openmonetize.notebook.frames import check, to_arrow as made

    check("pyarrow", money)
    return made(table_of(answer, table), money)


def plot(answer: Any, ax: Any) -> Any:
    """Plot an answer and return the Axes."""
    from openmonetize.notebook.plots import plot as drawn

    return drawn(answer, ax)
