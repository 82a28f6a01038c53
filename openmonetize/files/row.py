"""A row of a usage file, whatever the file's format."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

# Columns that the file of refused rows has and its input has not. They are no part of a row's content.
ERROR_COLUMN = "openmonetize_error"
ID_COLUMN = "openmonetize_row_id"
# The text of a line that could not be read at all.
TEXT_COLUMN = "openmonetize_text"


class Row(NamedTuple):
    """A row.

    Attributes:
        number: its line, or its place among the records of a file without lines; 1 is the first.
        values: by column.
        problem: why it cannot be read; its values are then what is left of it.
    """

    number: int
    values: dict[str, Any]
    problem: Optional[str] = None
