"""The platform's price rows and its credit arithmetic, without any I/O.

The sandbox and offline estimates use the same functions, so that both arrive at what the platform bills.
"""

from __future__ import annotations

from openmonetize.pricing.book import FULL_BOOK, SEED_BOOK, TEXT_BOOK, PriceBook, TextRates, price_book
from openmonetize.pricing.credits import (
    CREDITS_PER_USD,
    Charge,
    credits_for_custom,
    credits_for_event,
    credits_for_images,
    credits_for_tokens,
    credits_for_video,
)
from openmonetize.pricing.rows import (
    IMAGE_PRICES,
    SEED_SOURCE,
    SEED_TEXT_PRICES,
    SOURCE,
    TEXT_PRICES,
    TOP_UP_TEXT_PRICES,
    VIDEO_PRICES,
    Price,
)

__all__ = [
    "CREDITS_PER_USD",
    "FULL_BOOK",
    "IMAGE_PRICES",
    "SEED_BOOK",
    "SEED_SOURCE",
    "SEED_TEXT_PRICES",
    "SOURCE",
    "TEXT_BOOK",
    "TEXT_PRICES",
    "TOP_UP_TEXT_PRICES",
    "VIDEO_PRICES",
    "Charge",
    "Price",
    "PriceBook",
    "TextRates",
    "credits_for_custom",
    "credits_for_event",
    "credits_for_images",
    "credits_for_tokens",
    "credits_for_video",
    "price_book",
]
