"""The base of answers that are lists: they have a length, and their rows are read by index or one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from openmonetize._schema.model import ResponseModel

Row = TypeVar("Row")

if TYPE_CHECKING:

    class ListModel(ResponseModel, Generic[Row]):
        """The base of answers that are lists."""

        rows_field: ClassVar[str]

        def __len__(self) -> int: ...

        def __iter__(self) -> Iterator[Row]: ...  # type: ignore[override]

        @overload
        def __getitem__(self, index: int) -> Row: ...

        @overload
        def __getitem__(self, index: slice) -> list[Row]: ...

        def __getitem__(self, index: Any) -> Any: ...

else:

    class ListModel(ResponseModel):
        """The base of answers that are lists.

        Attributes:
            rows_field: the field that has the rows. One that the answer left out counts as empty.
        """

        rows_field: ClassVar[str]

        @classmethod
        def __class_getitem__(cls, row: Any) -> Any:
            return cls  # the kind of the rows is for type checkers

        def _rows(self) -> list[Any]:
            return getattr(self, self.rows_field) or []

        def __len__(self) -> int:
            return len(self._rows())

        def __iter__(self) -> Iterator[Any]:
            return iter(self._rows())

        def __getitem__(self, index: Any) -> Any:
            return self._rows()[index]
