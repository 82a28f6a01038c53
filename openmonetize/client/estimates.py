"""Offline estimates: what an event, or usage that is no event yet, would cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from typing_extensions import TypedDict

from openmonetize._arguments import refuse_unknown, require
from openmonetize.events.model import EventModel
from openmonetize.exceptions import ApiTypeError
from openmonetize.pricing import TEXT_BOOK, Charge, PriceBook, credits_for_event, credits_for_video
from openmonetize.pricing.credits import FALLBACK

_COUNTS = {
    "TOKEN_USAGE": ("input_tokens", "output_tokens"),
    "IMAGE_GENERATION": ("image_count",),
    "VIDEO_GENERATION": ("seconds",),
    "CUSTOM": ("quantity",),
}


class Amounts(TypedDict, total=False):
    """One kind of usage: tokens, images, video, or a custom quantity.

    ``provider`` and ``model``: the model; a dated name counts as the name that is sent for it.
    ``input_tokens``, ``output_tokens``: number of tokens read and written.
    ``image_count``: number of images; ``image_size`` (width x height in pixels) and ``quality`` are part of the price
    of some models.
    ``seconds``: length of a video. Its model is compared exactly.
    ``quantity``: number of units of your own; ``unit_type`` is their name.
    """

    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    image_count: int
    image_size: str
    quality: str
    seconds: float
    unit_type: str
    quantity: float


def charge_for(
    event: EventModel | Mapping[str, Any] | None,
    usage: Mapping[str, Any],
    *,
    complete: Callable[[Mapping[str, Any] | EventModel], EventModel],
    book: PriceBook,
    era: str,
) -> Charge:
    """Return the charge for an event, or for usage.

    Args:
        event: the event; None if usage is given instead.
        usage: see `Amounts`.
        complete: returns an event as it would be recorded.
        book: the platform's prices.
        era: ``"current"`` or ``"seed"``.

    Raises:
        ApiTypeError: there is more than one kind of usage, or none.
        ApiValueError: a value cannot be billed.
    """
    refuse_unknown("estimate_credits()", usage, ("event", "book", "era", *Amounts.__annotations__))
    require("book", book, PriceBook, "a PriceBook, such as openmonetize.pricing.FULL_BOOK")
    if event is None:
        kind = _kind_of(usage)
        if kind == "VIDEO_GENERATION":  # The gateway takes no such events, so there is no event model for them.
            return _video_charge(book, **usage)
        event = {"event_type": kind, "feature_id": "estimate", **usage}
        if kind == "CUSTOM":
            event.setdefault("unit_type", "unit")
    return credits_for_event(complete(event).to_dict(), book=book, era=era)


def installed_charge_for(
    event: EventModel | Mapping[str, Any] | None,
    usage: Mapping[str, Any],
    *,
    complete: Callable[[Mapping[str, Any] | EventModel], EventModel],
    installed: Callable[[], PriceBook],
    era: str,
) -> Charge:
    """Do as :func:`charge_for`, by the prices of all installations; by those of this one where they lack the model.

    Args:
        installed: returns the prices of this installation, for which it may ask the platform.
    """
    charge = charge_for(event, usage, complete=complete, book=TEXT_BOOK, era=era)
    if charge.basis == FALLBACK:
        charge = charge_for(event, usage, complete=complete, book=installed(), era=era)
    return charge


def _kind_of(usage: Mapping[str, Any]) -> str:
    kinds = [kind for kind, counts in _COUNTS.items() if any(usage.get(count) is not None for count in counts)]
    if len(kinds) != 1:
        raise ApiTypeError(
            "estimate one kind of usage: input_tokens and output_tokens, image_count, seconds, or quantity"
        )
    return kinds[0]


def _video_charge(
    book: PriceBook, *, seconds: float, provider: Any = None, model: Any = None, **unexpected: Any
) -> Charge:
    if unexpected:
        raise ApiTypeError(f"{next(iter(unexpected))} does not belong to seconds: video has a provider and a model")
    for name, value in (("provider", provider), ("model", model)):
        if not isinstance(value, str) or not value:
            raise ApiTypeError(f"{name} must be a text that is not empty, not {value!r}: video is priced by model")
    return credits_for_video(provider.upper(), model, seconds, book=book)
