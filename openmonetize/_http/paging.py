"""Reads a list that comes in pages, row by row, while others add to it."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, cast

from openmonetize._arguments import described
from openmonetize.exceptions import ApiTypeError, ApiValueError, OpenApiException

if TYPE_CHECKING:
    from openmonetize._schema.list_model import ListModel

Row = TypeVar("Row")
# Told after each page: how many rows were read, and how many there were when the reading began.
Progress = Callable[[int, Optional[int]], object]


def rows_of_pages(
    page_at: Callable[[int, int], ListModel[Row]],
    page_size: int,
    progress: Progress | None,
    *,
    largest: int,
    key: str,
    total: str,
) -> Iterator[Row]:
    """Yield the rows of all pages, newest first.

    Rows that are added meanwhile push others to later pages. So each page is asked for from the last row that was read,
    and goes on behind the last one that is known: no row is left out or comes twice.

    Args:
        page_at: asks for a page, by the most rows that it may have and the rows to skip.
        page_size: rows to ask for at a time.
        progress: is told how far it is after each page.
        largest: the largest page that there is.
        key: the attribute that tells rows apart.
        total: the attribute of a page that says how many rows there are.

    Raises:
        ApiTypeError, ApiValueError: ``page_size`` or ``progress`` is not usable.
    """
    if isinstance(page_size, bool) or not isinstance(page_size, int):
        raise ApiTypeError(f"page_size must be a whole number, not {described(page_size)}")
    if not 1 <= page_size <= largest:
        raise ApiValueError(f"page_size must be 1 to {largest}, not {page_size}")
    if progress is not None and not callable(progress):
        raise ApiTypeError(f"progress must be a function, not {described(progress)}")
    return _rows(page_at, page_size, progress, attrgetter(key), total)


def _rows(
    page_at: Callable[[int, int], ListModel[Row]],
    page_size: int,
    progress: Progress | None,
    key: Callable[[Row], Any],
    total: str,
) -> Iterator[Row]:
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
        if progress is not None and (new or not known):
            progress(done, first_total)
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
