"""The platform's arithmetic, compared with values seen on a running platform."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from openmonetize.exceptions import OpenApiException
from openmonetize.pricing import (
    FULL_BOOK,
    TEXT_BOOK,
    credits_for_custom,
    credits_for_event,
    credits_for_images,
    credits_for_tokens,
    credits_for_video,
    price_book,
)


@pytest.mark.parametrize(
    ("provider", "model", "input_tokens", "output_tokens", "burned"),
    [
        ("OPENAI", "gpt-4o", 1000, 500, 8),
        ("OPENAI", "gpt-4o", 1, 0, 1),
        ("OPENAI", "gpt-4o", 0, 0, 0),
        ("OPENAI", "gpt-4o", 400, 0, 1),
        ("OPENAI", "gpt-4o", 1200, 0, 3),
        ("OPENAI", "gpt-4o", 2800, 0, 7),
        ("OPENAI", "gpt-4o", 4400, 0, 12),  # 11 in exact arithmetic
        ("OPENAI", "gpt-4o", 6800, 0, 17),
        ("OPENAI", "gpt-4o", 0, 100, 1),
        ("OPENAI", "gpt-4o", 0, 700, 7),
        ("OPENAI", "gpt-4o", 0, 900, 9),
        ("OPENAI", "gpt-4o", 0, 1100, 12),  # 11 in exact arithmetic
        ("OPENAI", "gpt-4o", 0, 2300, 23),
        ("OPENAI", "gpt-4o-mini", 1000, 500, 1),
        ("OPENAI", "gpt-4o-mini", 1, 0, 1),
        ("ANTHROPIC", "claude-4.5-sonnet", 1000, 500, 11),
        ("ANTHROPIC", "claude-4.5-sonnet", 1000, 1000, 18),
        ("GOOGLE", "gemini-2.5-pro", 1000, 500, 7),
        ("OPENAI", "o1-pro", 1000, 1000, 375),
        ("OPENAI", "gpt-4", 1000, 500, 8),  # no row: the default price
        ("OPENAI", "GPT-4o", 1000, 500, 8),
        ("OPENAI", "gpt-4o-mini-2024-07-18", 1000, 500, 8),
        ("ANTHROPIC", "gpt-4o", 1000, 500, 8),
        ("OPENAI", "foo1-xyzo1", 1000, 500, 45),  # 'o1' anywhere in the name
        ("OPENAI", "", 1000, 500, 0),
        ("OPENAI", None, 1000, 500, 0),
        (None, "gpt-4o", 1000, 500, 0),
    ],
)
def test_tokens(provider: str | None, model: str | None, input_tokens: int, output_tokens: int, burned: int) -> None:
    assert credits_for_tokens(provider, model, input_tokens, output_tokens).credits == burned


def test_the_first_release_bills_nothing_for_an_unknown_model() -> None:
    seed = price_book("seed")
    assert credits_for_tokens("OPENAI", "gpt-4", 1000, 500, book=seed, era="seed").credits == 0
    assert credits_for_tokens("OPENAI", "gpt-4o", 1000, 500, book=seed, era="seed").credits == 8


@pytest.mark.parametrize(
    ("model", "count", "burned"),
    [
        ("dall-e-3", 1, 40),
        ("dall-e-3", 3, 120),
        ("dall-e-3-hd", 1, 80),
        ("dall-e-3-hd", 3, 240),
        ("gpt-image-1-high", 1, 167),
        ("gpt-image-1-high", 3, 501),
    ],
)
def test_images_with_a_row(model: str, count: int, burned: int) -> None:
    charge = credits_for_images("OPENAI", model, count, book=FULL_BOOK)
    assert (charge.credits, charge.basis) == (burned, "row")


def test_images_without_a_row_cost_four_cents_each() -> None:
    assert credits_for_images("OPENAI", "dall-e-3", 2) == (80, Decimal("0.08"), "fallback")
    assert credits_for_images("OPENAI", None, 2).credits == 0
    assert credits_for_images(None, "dall-e-3", 2).credits == 0


def test_video_shows_the_doubles() -> None:
    assert credits_for_video("GOOGLE", "veo-3-video", 7, book=FULL_BOOK).credits == 1401
    assert credits_for_video("OPENAI", "sora-2", 7, book=FULL_BOOK).credits == 701
    assert credits_for_video("OPENAI", "sora-2", 1).credits == 100


@pytest.mark.parametrize(
    ("quantity", "burned"),
    [(15.5, 155), (1.55, 0), (0.35, 0), (3, 30), (0.1, 1), (0.3, 3), (1.1, 11), (None, 0), (1e308, 0)],
)
def test_custom_quantities_are_billed_ten_credits_each_or_not_at_all(quantity: Any, burned: int) -> None:
    assert credits_for_custom("pages", quantity).credits == burned
    assert credits_for_custom(None, quantity).credits == 0
    assert credits_for_custom("", quantity).credits == 0


@pytest.mark.parametrize(
    ("event", "burned"),
    [
        ({"event_type": "TOKEN_USAGE", "provider": "OPENAI", "model": "gpt-4o", "input_tokens": 1000}, 3),
        ({"event_type": "TOKEN_USAGE", "input_tokens": 1000}, 0),
        ({"event_type": "IMAGE_GENERATION", "provider": "OPENAI", "model": "dall-e-3"}, 40),
        ({"event_type": "CUSTOM", "unit_type": "pages", "quantity": 3, "provider": "OPENAI", "input_tokens": 9}, 30),
        ({"event_type": "CUSTOM", "quantity": 3}, 0),
        ({"event_type": "API_CALL", "provider": "OPENAI", "model": "gpt-4o", "input_tokens": 1000}, 0),
        ({"event_type": "FEATURE_ACCESS"}, 0),
    ],
)
def test_events_by_their_wire_names(event: Any, burned: int) -> None:
    assert credits_for_event(event).credits == burned


def test_the_money_is_decimal_with_ten_places() -> None:
    assert credits_for_tokens("OPENAI", "gpt-4o", 1000, 500).usd == Decimal("0.0075")
    assert credits_for_tokens("OPENAI", "gpt-4o-mini", 1, 0).usd == Decimal("0.0000001500")
    assert credits_for_custom("pages", 15.5).usd == Decimal("0.155")


def test_a_row_counts_only_from_its_first_day() -> None:
    from datetime import datetime, timezone

    before, after = datetime(2025, 10, 31, tzinfo=timezone.utc), datetime(2025, 11, 1, tzinfo=timezone.utc)
    assert credits_for_tokens("OPENAI", "gpt-5", 1_000_000, 0, at=before).basis == "fallback"
    assert credits_for_tokens("OPENAI", "gpt-5", 1_000_000, 0, at=after) == (1250, Decimal("1.25"), "row")


@pytest.mark.parametrize("tokens", [-1, 1.5, True, "3", 2**53, math.nan])
def test_counts_must_be_whole(tokens: Any) -> None:
    with pytest.raises(ValueError, match="input_tokens must be a whole number"):
        credits_for_tokens("OPENAI", "gpt-4o", tokens)
    with pytest.raises(ValueError, match="image_count must be a whole number"):
        credits_for_images("OPENAI", "dall-e-3", tokens)


@pytest.mark.parametrize("quantity", [-1, math.nan, math.inf, True, "3"])
def test_quantities_must_be_finite(quantity: Any) -> None:
    with pytest.raises(ValueError, match="quantity must be a finite number"):
        credits_for_custom("pages", quantity)


@pytest.mark.parametrize(
    "refused",
    [
        lambda: credits_for_tokens("OPENAI", "gpt-4o", -1),
        lambda: credits_for_custom("pages", -1),
        lambda: price_book("tomorrow"),
        lambda: price_book(prices="some"),
    ],
)
def test_errors_of_pricing_belong_to_the_library(refused: Callable[[], object]) -> None:
    with pytest.raises(OpenApiException):
        refused()


_priced = st.sampled_from(TEXT_BOOK.models())
_tokens = st.integers(0, 2**53 - 1)


@given(_priced, _tokens, _tokens)
def test_rounding_is_up_and_by_less_than_a_credit(model: Any, input_tokens: int, output_tokens: int) -> None:
    charge = credits_for_tokens(*model, input_tokens, output_tokens)
    exact = charge.usd * 1000
    slack = exact * Decimal("1e-12") + Decimal("1e-6")  # the doubles, and the ten decimals of the cost
    assert exact - slack <= charge.credits < exact + 1 + slack
    assert charge.credits > 0 or input_tokens == output_tokens == 0


@given(_priced, _tokens, _tokens, _tokens)
def test_more_tokens_never_cost_less(model: Any, few: int, more: int, output_tokens: int) -> None:
    few, more = min(few, more), max(few, more)
    assert (
        credits_for_tokens(*model, few, output_tokens).credits
        <= credits_for_tokens(*model, more, output_tokens).credits
    )


@given(_priced, st.integers(1, 10**6), st.integers(1, 10**6))
def test_two_events_cost_at_least_what_their_sum_costs(model: Any, one: int, two: int) -> None:
    apart = credits_for_tokens(*model, one).credits + credits_for_tokens(*model, two).credits
    assert apart >= credits_for_tokens(*model, one + two).credits - 1


@given(st.floats(min_value=1e-9, max_value=1e12))
def test_a_custom_quantity_is_billed_exactly_or_not_at_all(quantity: float) -> None:
    burned = credits_for_custom("pages", quantity).credits
    assert burned in (0, quantity * 10)
