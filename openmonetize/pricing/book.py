"""Look-up of price rows by exact provider and model, as the platform does it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from openmonetize._arguments import explained, require
from openmonetize._schema.shown import Shown
from openmonetize.exceptions import ApiValueError
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
    """Both rates of a text model.

    Attributes:
        usd_in: US dollars for `per_in` input tokens.
        per_in: the number of input tokens that `usd_in` pays for.
        usd_out: US dollars for `per_out` output tokens.
        per_out: the number of output tokens that `usd_out` pays for.
        valid_from: since when both rows are valid.
    """

    usd_in: float
    per_in: int
    usd_out: float
    per_out: int
    valid_from: datetime


class PriceBook(Shown):
    """A set of price rows, looked up by provider, model and unit; shown as a table, and turned into data frames.

    Names are compared exactly: ``gpt-4o-mini-2024-07-18`` and ``GPT-4o`` match no row. That is the platform's rule.

    Args:
        prices: the rows.
    """

    @explained
    def __init__(self, prices: Iterable[Price]) -> None:
        require("prices", prices, Iterable, "a list of Price")
        self._prices = tuple(prices)
        self._index = {(price.provider, price.model, price.unit): price for price in self._prices}
        self._text: dict[tuple[str, str], TextRates] = {}
        for provider, model in self.models():
            price_in = self.find(provider, model, INPUT_TOKEN)
            price_out = self.find(provider, model, OUTPUT_TOKEN)
            if price_in is not None and price_out is not None:
                valid_from = max(price_in.valid_from, price_out.valid_from)
                self._text[provider, model] = TextRates(
                    float(price_in.usd), price_in.per, float(price_out.usd), price_out.per, valid_from
                )

    @explained
    def find(self, provider: str, model: str, unit: str, at: datetime | None = None) -> Price | None:
        """Return the row for `unit` of a model, or None. With `at`, rows that are not yet valid then do not count."""
        price = self._index.get((provider, model, unit))
        if price is None or (at is not None and price.valid_from > at):
            return None
        return price

    @explained
    def text_rates(self, provider: str, model: str, at: datetime | None = None) -> TextRates | None:
        """Return both rates of a text model, or None unless both rows are there (and valid, with `at`)."""
        rates = self._text.get((provider, model))
        return None if rates is None or (at is not None and rates.valid_from > at) else rates

    def models(self) -> list[tuple[str, str]]:
        """Return every (provider, model) that has a row, in the order of the rows."""
        return list(dict.fromkeys((price.provider, price.model) for price in self._prices))

    def __iter__(self) -> Iterator[Price]:
        return iter(self._prices)

    def __len__(self) -> int:
        return len(self._prices)


# What a present installation has out of the box: text models only.
TEXT_BOOK = PriceBook(TEXT_PRICES)

# Text, image and video rows: an installation where the optional script for images and video was run.
FULL_BOOK = PriceBook(TEXT_PRICES + IMAGE_PRICES + VIDEO_PRICES)

# The first release of the platform.
SEED_BOOK = PriceBook(SEED_TEXT_PRICES)


@explained
def price_book(era: str = "current", prices: str = "text") -> PriceBook:
    """Return the rows of an installation.

    Args:
        era: ``"current"`` or ``"seed"``, the platform's first release.
        prices: ``"text"`` (what every installation has) or ``"all"`` (image and video rows as well).

    Raises:
        ApiValueError: `era` or `prices` is another value.
    """
    if prices not in ("text", "all"):
        raise ApiValueError(f"prices must be 'text' or 'all', not {prices!r}")
    if era not in ("current", "seed"):
        raise ApiValueError(f"era must be 'current' or 'seed', not {era!r}")
    if era == "seed":
        return SEED_BOOK if prices == "text" else PriceBook(SEED_TEXT_PRICES + IMAGE_PRICES + VIDEO_PRICES)
    return TEXT_BOOK if prices == "text" else FULL_BOOK
