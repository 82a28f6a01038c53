"""Cost units, credits and US dollars."""

from __future__ import annotations

from decimal import Decimal

from openmonetize.pricing import CREDITS_PER_USD

# Stored cost units in one US dollar: the platform keeps ten decimals.
USD_UNITS = 10**10

_TEN_DECIMALS = Decimal("1e-10")


def usd(units: int) -> Decimal:
    """Return stored cost units as US dollars with ten decimals."""
    return (Decimal(units) / USD_UNITS).quantize(_TEN_DECIMALS)


def usd_text(units: int) -> str:
    """Return stored cost units as US dollars as the platform writes them: ten decimals, never an exponent."""
    return f"{usd(units):f}"


def revenue(credits: int) -> int:
    """Return what credits are sold for, in cost units."""
    return credits * USD_UNITS // CREDITS_PER_USD
