"""Look-up of price rows: exact provider and model, no aliasing, as the platform does it."""

from __future__ import annotations

from datetime import datetime
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from openmonetize.pricing.rows import (
    IMAGE_PRICES,
    INPUT_TOKEN,
    OUTPUT_TOKEN,
    SEED_TEXT_PRICES,
    TEXT_PRICES,
    VIDEO_PRICES,
    Price,
)


class TextRates(NamedTuple):
    """US dollars for so many input tokens, the same for output tokens, and since when both rows are valid."""

    usd_in: float
    per_in: int
    usd_out: float
    per_out: int
    valid_from: datetime


class PriceBook:
    """A set of price rows that can be asked for the row of one provider, model and unit.

    Names are compared exactly: ``gpt-4o-mini-2024-07-18`` and ``GPT-4o`` match no row. That is the platform's rule.
    """

    def __init__(self, prices: Iterable[Price]) -> None:
        self._prices: Tuple[Price, ...] = tuple(prices)
        self._index: Dict[Tuple[str, str, str], Price] = {
            (price.provider, price.model, price.unit): price for price in self._prices
        }
        self._text = {model: rates for model in self.models() for rates in self._text_rates(*model)}

    def find(self, provider: str, model: str, unit: str, at: Optional[datetime] = None) -> Optional[Price]:
        """The row for `unit` of a model, or None. With `at`, a row that is not yet valid then does not count."""
        price = self._index.get((provider, model, unit))
        if price is None or (at is not None and price.valid_from > at):
            return None
        return price

    def text_rates(self, provider: str, model: str, at: Optional[datetime] = None) -> Optional[TextRates]:
        """Both rates of a text model as doubles, or None unless both rows are there (and valid, with `at`)."""
        rates = self._text.get((provider, model))
        return None if rates is None or (at is not None and rates.valid_from > at) else rates

    def _text_rates(self, provider: str, model: str) -> Iterator[TextRates]:
        price_in = self.find(provider, model, INPUT_TOKEN)
        price_out = self.find(provider, model, OUTPUT_TOKEN)
        if price_in is not None and price_out is not None:
            valid_from = max(price_in.valid_from, price_out.valid_from)
            yield TextRates(float(price_in.usd), price_in.per, float(price_out.usd), price_out.per, valid_from)

    def models(self) -> List[Tuple[str, str]]:
        """Every (provider, model) that has a row, in the order of the rows."""
        return list(dict.fromkeys((price.provider, price.model) for price in self._prices))

    def __iter__(self) -> Iterator[Price]:
        return iter(self._prices)

    def __len__(self) -> int:
        return len(self._prices)


TEXT_BOOK = PriceBook(TEXT_PRICES)
"""What a present installation has out of the box: text models only."""

FULL_BOOK = PriceBook(TEXT_PRICES + IMAGE_PRICES + VIDEO_PRICES)
"""Text, image and video rows: an installation where the optional price script was run."""

SEED_BOOK = PriceBook(SEED_TEXT_PRICES)
"""The first release of the platform."""


def price_book(era: str = "current", prices: str = "text") -> PriceBook:
    """The rows of an installation.

    Args:
        era: ``"current"`` or ``"seed"``, the platform's first release.
        prices: ``"text"`` (what every installation has) or ``"all"`` (image and video rows as well).
    """
    if prices not in ("text", "all"):
        raise ValueError(f"prices must be 'text' or 'all', not {prices!r}")
    if era not in ("current", "seed"):
        raise ValueError(f"era must be 'current' or 'seed', not {era!r}")
    if era == "seed":
        return SEED_BOOK if prices == "text" else PriceBook(SEED_TEXT_PRICES + IMAGE_PRICES + VIDEO_PRICES)
    return TEXT_BOOK if prices == "text" else FULL_BOOK
