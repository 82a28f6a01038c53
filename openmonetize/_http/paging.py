"""Reads a list that comes in pages, row by row, while others add to it."""

from __future__ import annotations

from collections.abc import Generator
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Callable, Generic, Optional, TypeVar, Union, cast

from openmonetize._arguments import described
from openmonetize._schema.resolver import model_named
from openmonetize._schema.shown import Shown
from openmonetize.exceptions import ApiTypeError, ApiValueError, OpenApiException

if TYPE_CHECKING:
    from openmonetize._schema.list_model import ListModel

Row = TypeVar("Row")
# Told after each page: how many rows were read, and how many there were when the reading began. True draws a bar.
Progress = Union[Callable[[int, Optional[int]], object], bool]
_Told = Callable[[int, Optional[int]], object]


class Rows(Shown, Generic[Row]):
    """An iterator over the rows of all pages. `to_dataframe` and its like read those that are left.

    Attributes:
        done: the rows that were read.
        total: the rows that there were when the reading began; None before the first page.
    """

    def __init__(self, pages: Callable[[_Told], Generator[Row, None, None]], row: str, progress: _Told | None) -> None:
        self.done = 0
        self.total: int | None = None
        self._row = row
        self._progress = progress
        self._rows = pages(self._tell)

    @property
    def row_model(self) -> Any:
        """The model of a row; None if it is no model."""
        return model_named(self._row) if self._row else None

    def __iter__(self) -> Rows[Row]:
        return self

    def __next__(self) -> Row:
        return next(self._rows)

    def close(self) -> None:
        """End the reading: no further page is asked for."""
        self._rows.close()

    def _tell(self, done: int, total: int | None) -> None:
        self.done, self.total = done, total
        if self._progress is not None:
            self._progress(done, total)


def rows_of_pages(
    page_at: Callable[[int, int], ListModel[Row]],
    page_size: int,
    progress: Progress | None,
    *,
    largest: int,
    key: str,
    total: str,
    row: str = "",
) -> Rows[Row]:
    """Return an iterator over the rows of all pages, newest first.

    Rows that are added meanwhile push others to later pages. So each page is asked for from the last row that was read,
    and goes on behind the last one that is known: no row is left out or comes twice.

    Args:
        page_at: asks for a page, by the most rows that it may have and the rows to skip.
        page_size: rows to ask for at a time.
        progress: is told how far it is after each page; True for a bar.
        largest: the largest page that there is.
        key: the attribute that tells rows apart.
        total: the attribute of a page that says how many rows there are.
        row: the name of the model of a row, if it is one.

    Raises:
        ApiTypeError, ApiValueError: ``page_size`` or ``progress`` is not usable.
        MissingExtraError: ``progress`` is True, and tqdm is not installed.
    """
    if isinstance(page_size, bool) or not isinstance(page_size, int):
        raise ApiTypeError(f"page_size must be a whole number, not {described(page_size)}")
    if not 1 <= page_size <= largest:
        raise ApiValueError(f"page_size must be 1 to {largest}, not {page_size}")
    if isinstance(progress, bool):
        progress = _bar() if progress else None
    if progress is not None and not callable(progress):
        raise ApiTypeError(f"progress must be a function, not {described(progress)}")
    return Rows(lambda tell: _rows(page_at, page_size, tell, attrgetter(key), total), row, progress)


def _bar() -> _Told:
    from openmonetize.notebook.progress import Bar  # late, and upwards: only people want a bar

    return Bar()


def _rows(
    page_at: Callable[[int, int], ListModel[Row]],
    page_size: int,
    tell: _Told,
    key: Callable[[Row], Any],
    total: str,
) -> Generator[Row, None, None]:
    offset, done, first_total = 0, 0, None
    known: set[Any] = set()  # the rows of the last page, one of which the next one begins with
    has_place = True
    while True:
        limit = max(page_size, 2) if known else page_size  # one row leaves no room for a new one beside a known one
        page = page_at(limit, offset)
        there = _number(page, total)
        first_total = there if first_total is None else first_total
        keys = [key(row) for row in page]
        last = max((index for index, each in enumerate(keys) if each in known), default=-1)
        has_place = last >= 0 or not known or (has_place and not keys)
        new = page[last + 1 :] if has_place else []
        done += len(new)
        if new or not known:
            tell(done, first_total)
        yield from new
        end = offset + len(keys)
        if not keys and there is not None and end < there and has_place:
            raise OpenApiException(f"only {done} of {there} rows are shown by this deployment")
        if not keys or (end >= there if there is not None else len(keys) < limit):
            break
        known = set(keys) if new else known
        offset = end - 1 if has_place and (new or len(keys) > 1) else end
    if not has_place:
        raise OpenApiException("rows were removed while they were read: read them again")


def _number(page: Any, path: str) -> int | None:
    found: Any = page
    for name in path.split("."):
        found = getattr(found, name, None)
    return cast("Optional[int]", found)
