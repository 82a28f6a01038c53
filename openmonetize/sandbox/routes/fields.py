"""Declarations of parameters that several routes take."""

from __future__ import annotations

from openmonetize._schema.numbers import MAX_SAFE_INTEGER
from openmonetize.sandbox.validation.schema import Fields, Node, Number, OneOf, Optionally, Text

UUID = Text(format="uuid")
EMAIL = Text(format="email")
NON_EMPTY = Text(min_length=1)
NAME = Text(min_length=1, max_length=255)
OPTIONAL_TEXT = Optionally(Text())
OPTIONAL_TIME = Optionally(Text(format="date-time"))

# Start and end of a report, see `windows`.
WINDOW: dict[str, Node] = {"startDate": OPTIONAL_TIME, "endDate": OPTIONAL_TIME}
PERIOD = OneOf("day", "week", "month")


def page_fields(integer: bool = True) -> dict[str, Node]:
    """Return limit and offset of a list, both optional. `integer` says whether they must be whole."""
    return {
        "limit": Optionally(Number(minimum=1, maximum=100, integer=integer, from_text=True), default=50),
        "offset": Optionally(Number(minimum=0, integer=integer, from_text=True), default=0),
    }


# The present servers' transactions of a user: every limit or offset is a text, and so refused.
UNREADABLE_PAGE = Fields({"limit": Optionally(Number(), default=50), "offset": Optionally(Number(), default=0)})


def whole_number_problem(value: float) -> str | None:
    """Return why a number cannot be stored as credits or as a limit, in the gateway's words; None if it can.

    2^53 can: it is the double that 2^53 + 1 becomes.
    """
    if not isinstance(value, int) and not value.is_integer():
        return "Invalid input: expected int, received number"
    if abs(value) > MAX_SAFE_INTEGER + 1:
        return f"Too big: expected number to be <={MAX_SAFE_INTEGER}"
    return None
