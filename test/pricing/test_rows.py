"""The price rows themselves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from openmonetize.pricing import (
    FULL_BOOK,
    IMAGE_PRICES,
    SEED_BOOK,
    SEED_SOURCE,
    SEED_TEXT_PRICES,
    SOURCE,
    TEXT_BOOK,
    TEXT_PRICES,
    VIDEO_PRICES,
    price_book,
)


def test_an_installation_has_34_text_rows_and_may_have_68_more() -> None:
    assert len(TEXT_PRICES) == 34
    assert len(IMAGE_PRICES) + len(VIDEO_PRICES) == 68
    assert len(FULL_BOOK) == 102
    assert len(SEED_TEXT_PRICES) == 28


def test_every_row_is_there_once_and_costs_something() -> None:
    for book in (FULL_BOOK, SEED_BOOK):
        keys = [(price.provider, price.model, price.unit) for price in book]
        assert len(set(keys)) == len(keys)
        assert all(price.usd > 0 and price.per > 0 for price in book)


def test_some_rows() -> None:
    assert TEXT_BOOK.find("OPENAI", "gpt-4o", "INPUT_TOKEN").usd == Decimal("2.50")  # type: ignore[union-attr]
    assert TEXT_BOOK.find("MISTRAL", "mistral-large", "OUTPUT_TOKEN").usd == 12  # type: ignore[union-attr]
    assert TEXT_BOOK.find("GOOGLE", "gemini-2.5-flash", "INPUT_TOKEN") is None
    assert TEXT_BOOK.find("OPENAI", "dall-e-3", "IMAGE") is None
    assert FULL_BOOK.find("AMAZON", "nova-canvas-premium-2k", "IMAGE").usd == Decimal("0.08")  # type: ignore[union-attr]
    assert FULL_BOOK.find("REPLICATE", "kling-v2.0-pro", "VIDEO").usd == Decimal("0.115")  # type: ignore[union-attr]
    assert SEED_BOOK.find("OPENAI", "gpt-5", "INPUT_TOKEN") is None


def test_the_rows_say_where_they_come_from() -> None:
    assert "2025-12-24" in SOURCE
    assert "2025-11-19" in SEED_SOURCE


def test_an_unknown_set_of_rows_is_an_error() -> None:
    with pytest.raises(ValueError, match="prices must be"):
        price_book("current", "some")
    with pytest.raises(ValueError, match="era must be"):
        price_book("future")
