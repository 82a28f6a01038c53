"""Rows of tables from the models of answers, of which any field may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any


def field(model: Any, path: str) -> Any:
    """Return a field, or the field of a field; None if it is missing."""
    for name in path.split("."):
        model = getattr(model, name, None)
    return model


def row(model: Any, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of a model.

    Args:
        model: an answer, or a part of one.
        fields: paths of fields, by the key in the row.
    """
    return {key: field(model, path) for key, path in fields.items()}


def rows(models: Iterable[Any] | None, fields: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield a row for each model."""
    return (row(model, fields) for model in models or ())


class Limited:
    """The first rows of a list that comes in pages, and how many there are.

    Args:
        limit: the most rows; None for all.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.total: int | None = None

    @property
    def page_size(self) -> int:
        """Rows to ask for at a time."""
        return 100 if self.limit is None else min(self.limit, 100)

    def progress(self, done: int, total: int | None) -> None:
        """Take note of how many there are."""
        self.total = total

    def first(self, found: Iterator[Any]) -> Iterator[Any]:
        """Yield as many as there may be."""
        return islice(found, self.limit)

    def notes(self) -> Iterator[str]:
        """Yield a line if there are more. Ask once the rows were read."""
        if self.limit is not None and self.total is not None and self.total > self.limit:
            yield f"{self.limit:,} of {self.total:,}; --limit N or --all shows more"
