"""The event that stands for usage whose price is wanted."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from typing_extensions import TypedDict

from openmonetize.exceptions import ApiTypeError

_COUNTS = {
    "TOKEN_USAGE": ("input_tokens", "output_tokens"),
    "IMAGE_GENERATION": ("image_count",),
    "CUSTOM": ("quantity",),
}


class Amounts(TypedDict, total=False):
    """One kind of usage: tokens, images, or a custom quantity.

    ``provider`` and ``model``: whose model, and its name; dated names count as the names that are sent for them.
    ``input_tokens``, ``output_tokens``: tokens read and written.
    ``image_count``: images made; ``image_size`` (width x height in pixels) and ``quality`` are part of the price of
    some models.
    ``quantity``: units of your own; ``unit_type`` is their name.
    """

    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    image_count: int
    image_size: str
    quality: str
    unit_type: str
    quantity: float


def usage_event(usage: Mapping[str, Any]) -> Dict[str, Any]:
    """The fields of an event with this usage.

    Raises:
        ApiTypeError: more than one kind of usage, or none.
    """
    kinds = [kind for kind, counts in _COUNTS.items() if any(usage.get(count) is not None for count in counts)]
    if len(kinds) != 1:
        raise ApiTypeError("estimate one kind of usage: input_tokens and output_tokens, image_count, or quantity")
    event = {"event_type": kinds[0], "feature_id": "estimate", **usage}
    if kinds[0] == "CUSTOM":
        event.setdefault("unit_type", "unit")
    return event
