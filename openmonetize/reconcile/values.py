"""Counts, amounts and days in reports of others, of which any may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from openmonetize._schema import timestamps
from openmonetize.exceptions import ApiValueError

MAX_AMOUNT = Decimal(10**13)  # below it, sums are exact to 15 decimal places


def count(fields: Mapping[str, Any], name: str) -> int:
    """Return a whole number; 0 if it is missing.

    Raises:
        ApiValueError: it is no such number.
    """
    value = fields.get(name)
    if value in (None, ""):
        return 0
    try:
        number = amount(value)
    except ApiValueError:
        number = Decimal(-1)
    if number < 0 or number != number.to_integral_value():
        raise ApiValueError(f"{name} in the provider's report is {str(value)[:60]!r}, and no whole number")
    return int(number)


def amount(value: Any) -> Decimal:
    """Return a number exactly as it is written; 0 if it is missing.

    Raises:
        ApiValueError: it is no number.
    """
    if value in (None, ""):
        return Decimal(0)
    try:
        number = Decimal(str(value).strip().lstrip("$").replace(",", ""))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise ApiValueError(f"{str(value)[:60]!r} in the provider's report is no number")
    if abs(number) >= MAX_AMOUNT:
        raise ApiValueError(f"{str(value)[:60]!r} in the provider's report is too large")
    return number


def check_currency(currency: Any) -> None:
    """Check that an amount is in US dollars, as far as it is told.

    Raises:
        ApiValueError: it is in another currency.
    """
    if currency not in (None, "") and str(currency).upper() != "USD":
        raise ApiValueError(f"the provider's report is in {str(currency)[:60]!r}: only US dollars can be compared")


def day_of_text(value: Any) -> date:
    """Return the day (UTC) of a time.

    Raises:
        ApiValueError: it is no time.
    """
    try:
        return timestamps.utc(value).date()
    except (TypeError, ValueError, OverflowError):
        raise ApiValueError(f"{str(value)[:60]!r} in the provider's report is no day") from None


def day_of_seconds(value: Any) -> date:
    """Return the day (UTC) of a time in seconds since 1970.

    Raises:
        ApiValueError: it is no time.
    """
    try:
        return datetime.fromtimestamp(int(amount(value)), timezone.utc).date()
    except (OverflowError, OSError, ValueError):
        raise ApiValueError(f"{str(value)[:60]!r} in the provider's report is no day") from None
