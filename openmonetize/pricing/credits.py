"""Credits for usage, exactly as the platform computes them. No I/O.

The platform works in IEEE doubles, in one fixed order of operations, and rounds up once per event:
``ceil((input / unit * price + output / unit * price) * 1000)``. Decimal arithmetic would be more exact and
therefore wrong: 4,400 input tokens of ``gpt-4o`` burn 12 credits, not 11, because of the doubles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, NamedTuple

from openmonetize._arguments import explained, require
from openmonetize._schema.numbers import MAX_SAFE_INTEGER
from openmonetize._schema.shown import facts_html
from openmonetize.exceptions import ApiValueError
from openmonetize.pricing.book import TEXT_BOOK, PriceBook
from openmonetize.pricing.rows import IMAGE, VIDEO

CREDITS_PER_USD = 1000
CREDITS_PER_CUSTOM_UNIT = 10

FALLBACK_IMAGE_USD = 0.04
FALLBACK_VIDEO_USD_PER_SECOND = 0.10

ROW = "row"
FALLBACK = "fallback"
UNIT = "unit"
NONE = "none"

_TEN_DECIMALS = Decimal("1e-10")
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)

# Credits, US dollars as the platform's double, and the basis; the raw form that `Charge` wraps.
Cost = tuple[int, float, str]

NO_COST: Cost = (0, 0.0, NONE)


class Charge(NamedTuple):
    """The cost of one event.

    Attributes:
        credits: whole credits that the platform burns; 1,000 credits are one US dollar.
        usd: the cost in US dollars to ten decimals, as the platform stores it.
        basis: where the price came from: ``"row"`` (the model has a price row), ``"fallback"`` (it has none and
            the platform's default applies), ``"unit"`` (a custom quantity), ``"none"`` (nothing is billed).
    """

    credits: int
    usd: Decimal
    basis: str

    def _repr_html_(self) -> str:
        return facts_html("Charge", self._asdict())


@explained
def credits_for_tokens(
    provider: str | None,
    model: str | None,
    input_tokens: int = 0,
    output_tokens: int = 0,
    *,
    book: PriceBook = TEXT_BOOK,
    era: str = "current",
    at: datetime | None = None,
) -> Charge:
    """Return the credits for a text model's tokens.

    A model without rows is billed at the platform's default (2.50 and 10.00 US dollars for a million input and
    output tokens; 15 and 60 if its name contains ``o1``); in the seed era it is free. Without provider or model
    nothing is billed.

    Args:
        provider: the gateway's name of the provider, in upper case.
        model: the model's name, compared exactly.
        input_tokens: tokens read.
        output_tokens: tokens written.
        book: the price rows that the platform has; by default those of its text models.
        era: ``"current"`` or ``"seed"``, the deployment's.
        at: when the event is billed, an aware datetime: rows that are not yet valid then do not count. By default
            all rows do.

    Returns:
        The charge; its credits are rounded up to a whole number.

    Raises:
        ApiValueError: a count is not a whole number of 0 or more.
    """
    _require_whole("input_tokens", input_tokens)
    _require_whole("output_tokens", output_tokens)
    _require_era(era)
    return _charge(token_cost(provider, model, input_tokens, output_tokens, book, era, at))


@explained
def credits_for_images(
    provider: str | None,
    model: str | None,
    image_count: int = 1,
    *,
    book: PriceBook = TEXT_BOOK,
    at: datetime | None = None,
) -> Charge:
    """Return the credits for generated images.

    A model without a row is billed at 0.04 US dollars an image. Without provider or model nothing is billed.
    Arguments, result and errors are as for :func:`credits_for_tokens`.
    """
    _require_whole("image_count", image_count)
    return _charge(image_cost(provider, model, image_count, book, at))


@explained
def credits_for_video(
    provider: str | None,
    model: str | None,
    seconds: float = 1,
    *,
    book: PriceBook = TEXT_BOOK,
    at: datetime | None = None,
) -> Charge:
    """Return the credits for seconds of video.

    A model without a row is billed at 0.10 US dollars a second. Arguments, result and errors are as for
    :func:`credits_for_tokens`; ``seconds`` may be a fraction.
    """
    _require_finite("seconds", seconds)
    return _charge(_unit_cost(provider, model, seconds, VIDEO, FALLBACK_VIDEO_USD_PER_SECOND, book, at))


@explained
def credits_for_custom(unit_type: str | None, quantity: float | None) -> Charge:
    """Return the credits for a custom quantity: ten a unit.

    If ten times the quantity is not a whole number in doubles (1.55, 0.35), the platform bills **nothing**.

    Args:
        unit_type: the unit's name; nothing is billed without one.
        quantity: the number of units.

    Raises:
        ApiValueError: the quantity is not a finite number of 0 or more.
    """
    if quantity is not None:
        _require_finite("quantity", quantity)
    return _charge(custom_cost(unit_type, quantity))


@explained
def credits_for_event(
    event: Mapping[str, Any],
    *,
    book: PriceBook = TEXT_BOOK,
    era: str = "current",
    at: datetime | None = None,
) -> Charge:
    """Return the credits for a usage event.

    Args:
        event: the event's fields by their names on the wire (``event_type``, ``input_tokens``, ...).
        book: as for :func:`credits_for_tokens`.
        era: as for :func:`credits_for_tokens`.
        at: as for :func:`credits_for_tokens`.

    Returns:
        The charge, equal to what the platform burns for the event.
    """
    require("event", event, Mapping, "a dict of an event's fields")
    _require_era(era)
    return _charge(event_cost(event, book, era, at))


def event_cost(event: Mapping[str, Any], book: PriceBook, era: str, at: datetime | None) -> Cost:
    """Return what `credits_for_event` returns in its raw form, for a caller that prices thousands of events."""
    get = event.get
    kind = get("event_type")
    if kind == "TOKEN_USAGE":
        return token_cost(
            get("provider"), get("model"), get("input_tokens") or 0, get("output_tokens") or 0, book, era, at
        )
    if kind == "IMAGE_GENERATION":
        return image_cost(get("provider"), get("model"), get("image_count") or 1, book, at)
    if kind == "CUSTOM":
        return custom_cost(get("unit_type"), get("quantity"))
    return NO_COST


def token_cost(
    provider: str | None,
    model: str | None,
    input_tokens: int,
    output_tokens: int,
    book: PriceBook,
    era: str,
    at: datetime | None,
) -> Cost:
    if not provider or not model or not (input_tokens or output_tokens):
        return NO_COST
    rates = book.text_rates(provider, model, at)
    if rates is not None:
        usd = input_tokens / rates.per_in * rates.usd_in + output_tokens / rates.per_out * rates.usd_out
        return math.ceil(usd * CREDITS_PER_USD), usd, ROW
    if era == "seed":
        return NO_COST
    fallback_in, fallback_out = (15.0, 60.0) if "o1" in model else (2.5, 10.0)
    usd = input_tokens / 1_000_000 * fallback_in + output_tokens / 1_000_000 * fallback_out
    return math.ceil(usd * CREDITS_PER_USD), usd, FALLBACK


def image_cost(provider: str | None, model: str | None, image_count: int, book: PriceBook, at: datetime | None) -> Cost:
    return _unit_cost(provider, model, image_count, IMAGE, FALLBACK_IMAGE_USD, book, at)


def custom_cost(unit_type: str | None, quantity: float | None) -> Cost:
    if not unit_type or not quantity:
        return NO_COST
    tenfold = float(quantity) * CREDITS_PER_CUSTOM_UNIT
    if not math.isfinite(tenfold) or not tenfold.is_integer():
        return NO_COST
    return int(tenfold), tenfold / CREDITS_PER_USD, UNIT


def _unit_cost(
    provider: str | None,
    model: str | None,
    count: float,
    unit: str,
    fallback_usd: float,
    book: PriceBook,
    at: datetime | None,
) -> Cost:
    if not provider or not model or not count:
        return NO_COST
    price = book.find(provider, model, unit, at)
    usd = count * fallback_usd if price is None else count / price.per * float(price.usd)
    return math.ceil(usd * CREDITS_PER_USD), usd, FALLBACK if price is None else ROW


def usd_decimal(usd: float) -> Decimal:
    """Return the platform's double as the ten-decimal number that it stores."""
    return Decimal(repr(usd)).quantize(_TEN_DECIMALS, context=_EXACT)


def _charge(cost: Cost) -> Charge:
    burn, usd, basis = cost
    return Charge(burn, usd_decimal(usd), basis)


def _require_era(era: str) -> None:
    if era not in ("current", "seed"):
        raise ApiValueError(f"era must be 'current' or 'seed', not {era!r}")


def _require_whole(name: str, value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_SAFE_INTEGER:
        raise ApiValueError(f"{name} must be a whole number from 0 to {MAX_SAFE_INTEGER}, not {value!r}")


def _require_finite(name: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ApiValueError(f"{name} must be a finite number of at least 0, not {value!r}")
