"""Counts are whole and quantities exact, for any numeric type; other values are refused."""

from __future__ import annotations

import enum
import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from openmonetize import ApiValueError, CustomEvent, ImageGenerationEvent, TokenUsageEvent

from .build import custom, token_fields, tokens
from .rules import LARGEST, problems, wire


class Size(enum.IntEnum):
    small = 3


NO_COUNTS = [-1, True, False, 5.5, float("nan"), float("inf"), "5", "", 2**53, 10**30, [5], {}, b"5", 5 + 0j]
NO_COUNTS += [Decimal("5.5"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1e400"), Fraction(5, 2)]


@pytest.mark.parametrize("given", [0, 1, 7, LARGEST, 7.0, Decimal(7), Decimal("7.00"), Size.small])
def test_a_whole_number_of_any_type_is_a_count(given: Any) -> None:
    sent = wire(tokens(input_tokens=given))
    assert sent["input_tokens"] == int(given)
    assert type(sent["input_tokens"]) is int
    assert problems(sent) == []


@pytest.mark.parametrize("odd", NO_COUNTS, ids=repr)
@pytest.mark.parametrize("name", ["input_tokens", "output_tokens"])
def test_any_other_count_of_tokens_is_refused(name: str, odd: Any) -> None:
    with pytest.raises(ApiValueError, match=name):
        tokens(**{name: odd})


@pytest.mark.parametrize("text", ["-1", "5.5", "NaN", "Infinity", "1e400", "true", '"5"', "[]", str(2**53)])
def test_any_other_count_in_json_is_refused(text: str) -> None:
    fields = json.dumps(token_fields()).replace("1000", text)
    with pytest.raises(ApiValueError, match="input_tokens"):
        TokenUsageEvent.from_json(fields)


def test_images_are_counted_from_one() -> None:
    fields = {"feature_id": "art", "provider": "OPENAI", "model": "dall-e-3"}
    assert wire(ImageGenerationEvent(image_count=1, **fields))["image_count"] == 1
    assert "image_count" not in wire(ImageGenerationEvent(**fields))
    for odd in (0, *NO_COUNTS):
        with pytest.raises(ApiValueError, match="image_count"):
            ImageGenerationEvent(image_count=odd, **fields)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (3, 3),
        (3.0, 3),
        (15.5, 15.5),
        (0.1, 0.1),
        (0.3, 0.3),
        (1.1, 1.1),
        (0.7, 0.7),
        (Decimal("15.5"), 15.5),
        (Decimal("10"), 10),
        (Decimal("1E+3"), 1000),
        (Size.small, 3),
        (Fraction(3, 2), 1.5),
        (10**12 - 1, 10**12 - 1),
        (99999999999.5, 99999999999.5),
    ],
)
def test_a_quantity_is_billed_exactly(given: Any, sent: float) -> None:
    found = wire(custom(quantity=given))
    assert found["quantity"] == sent
    assert problems(found) == []


@pytest.mark.parametrize("odd", [1.55, 0.35, 0.01, 1e-9, 1 / 3, Decimal("1.55"), 5e-324, 1.0000000000000002])
def test_a_quantity_that_is_never_billed_is_refused_with_the_reason(odd: Any) -> None:
    with pytest.raises(ApiValueError, match=r"never billed: the platform charges 10 credits a unit"):
        custom(quantity=odd)


@pytest.mark.parametrize(
    "odd",
    [
        0,
        -1,
        -0.0,
        True,
        None,
        "3",
        10**12,
        1e300,
        float("nan"),
        float("inf"),
        float("-inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("1e400"),
        Decimal("Infinity"),
        [3],
    ],
    ids=repr,
)
def test_any_other_quantity_is_refused(odd: Any) -> None:
    with pytest.raises(ApiValueError, match="quantity") as caught:
        custom(quantity=odd)
    assert "constrained" not in str(caught.value)
    assert str(caught.value).count("quantity") == 1


def test_a_quantity_is_required() -> None:
    with pytest.raises(ApiValueError, match="quantity is missing"):
        CustomEvent(feature_id="pages", unit_type="page")  # type: ignore[call-arg]  # pyright: ignore


def test_numpy_scalars_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    for kind in (numpy.int8, numpy.uint16, numpy.int64, numpy.uint64, numpy.float32, numpy.float64):
        assert wire(tokens(input_tokens=kind(7)))["input_tokens"] == 7
        assert wire(custom(quantity=kind(7)))["quantity"] == 7
    assert wire(custom(quantity=numpy.float64(1.5)))["quantity"] == 1.5
    for odd in (numpy.float64("nan"), numpy.float32(5.5), numpy.bool_(True), numpy.array([1, 2]), numpy.int64(-1)):
        with pytest.raises(ApiValueError, match="input_tokens"):
            tokens(input_tokens=odd)
    for odd in (numpy.float64("inf"), numpy.bool_(True), numpy.array([1.0, 2.0]), numpy.float32(1.1)):
        with pytest.raises(ApiValueError, match="quantity"):
            custom(quantity=odd)


def test_pandas_cells_are_numbers() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"tokens": [7, 8], "quantity": [1.5, 2.0]})
    assert wire(tokens(input_tokens=frame["tokens"].iloc[0]))["input_tokens"] == 7
    assert wire(custom(quantity=frame["quantity"].iloc[0]))["quantity"] == 1.5
    for odd in (pandas.NA, frame["tokens"]):
        with pytest.raises(ApiValueError, match="input_tokens"):
            tokens(input_tokens=odd)
