"""Providers' list prices, from `genai-prices`, for what a provider's own report does not price."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Optional

from openmonetize.reconcile.kinds import CACHE_READ, CACHE_WRITE_1H, CACHE_WRITE_5M, OUTPUT

# Tokens that a price is asked for: below those of every long-context price.
_SAMPLE = 1000
_NAMES = {
    CACHE_READ: "cache_read_tokens",
    CACHE_WRITE_5M: "cache_write_tokens",
    CACHE_WRITE_1H: "cache_write_1h_tokens",
}


@lru_cache(maxsize=4096)
def list_price(provider: str, model: str, kind: str) -> Optional[Decimal]:
    """Return what one token costs in US dollars; None where that is not known, or `genai-prices` is not installed.

    Args:
        provider: the gateway's name, in upper case.
        model: the vendor's name.
        kind: one of `TOKEN_KINDS`.
    """
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return None
    counts = {"output_tokens": _SAMPLE} if kind == OUTPUT else {"input_tokens": _SAMPLE}
    if kind in _NAMES:
        counts[_NAMES[kind]] = _SAMPLE
    if kind == CACHE_WRITE_1H:  # it is a part of the cache writes
        counts[_NAMES[CACHE_WRITE_5M]] = _SAMPLE
    try:
        price = calc_price(Usage(**counts), model_ref=model, provider_id=provider.lower())
    except (LookupError, ValueError):  # it has no such model, or no price of this kind
        return None
    found = price.output_price if kind == OUTPUT else price.input_price
    return Decimal(found) / _SAMPLE
