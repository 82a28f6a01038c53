"""The model names that events are sent with."""

from __future__ import annotations

from typing import NamedTuple

from openmonetize.pricing.vendor_names import priced_name

_MAX_REMEMBERED_NAMES = 10_000


class Name(NamedTuple):
    """A model's name on the wire.

    Attributes:
        model: the name that is sent.
        priced: whether the platform has a price under it.
    """

    model: str
    priced: bool


class ModelNames:
    """The names on the wire for vendors' model names, remembered.

    The platform bills an unknown name at a general price, up to 16 times too high, so a vendor's name is replaced by
    the one that the platform prices. The platform's own proxy does not do that: it sends the name of the vendor's
    response.

    Args:
        resolve: whether to replace names; otherwise they are sent as they are.
    """

    def __init__(self, resolve: bool) -> None:
        self._resolve = resolve
        self._known: dict[tuple[str, str, str | None, str | None], Name] = {}

    def find(self, provider: str, model: str, size: str | None = None, quality: str | None = None) -> Name:
        """Return the name to send for a model, and whether it has a price.

        Args:
            provider: the gateway's name of the provider, in upper case.
            model: the vendor's name.
            size: of an image, such as ``1792x1024``; it may be part of the priced name.
            quality: of an image, such as ``hd``; it may be part of the priced name.
        """
        key = (provider, model, size, quality)
        known = self._known.get(key)
        if known is None:
            known = self._find(provider, model, size, quality)
            if len(self._known) >= _MAX_REMEMBERED_NAMES:
                self._known.clear()
            self._known[key] = known
        return known

    def _find(self, provider: str, model: str, size: str | None, quality: str | None) -> Name:
        priced = priced_name(provider, model, image_size=size, image_quality=quality)
        if self._resolve and priced is not None:
            return Name(priced, True)
        return Name(model, priced == model)
