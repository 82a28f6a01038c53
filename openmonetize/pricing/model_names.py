"""Under which name a model's usage goes out."""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional, Tuple

#: Metadata key of the model's name as the provider gave it, where another one is billed.
MODEL_KEY = "gen_ai.response.model"
_MOST_REMEMBERED = 10_000


class Name(NamedTuple):
    """A model's name on the wire.

    Attributes:
        model: the name that is sent.
        priced: whether the platform has a price under it.
    """

    model: str
    priced: bool


class ModelNames:
    """Turns vendors' model names into those that the platform prices.

    An unknown name is billed at a general price, up to 16 times too high; this deviates on purpose from the
    platform's own proxy, which sends whatever the vendor's answer says.

    Args:
        resolve: whether names are turned at all.
    """

    def __init__(self, resolve: bool) -> None:
        self._resolve = resolve
        self._known: Dict[Tuple[str, str, Any, Any], Name] = {}

    def find(self, provider: str, model: str, size: Optional[str] = None, quality: Optional[str] = None) -> Name:
        """The name to send for a model, and whether it has a price.

        Args:
            provider: the gateway's name of the provider, in upper case.
            model: the vendor's name.
            size: of an image, such as ``1792x1024``; it may be part of the priced name.
            quality: of an image, such as ``hd``; likewise.
        """
        key = (provider, model, size, quality)
        known = self._known.get(key)
        if known is None:
            known = self._find(provider, model, size, quality)
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = known
        return known

    def _find(self, provider: str, model: str, size: Optional[str], quality: Optional[str]) -> Name:
        from openmonetize.providers import priced_name

        priced = priced_name(provider, model, image_size=size, image_quality=quality)
        if self._resolve and priced is not None:
            return Name(priced, True)
        return Name(model, priced == model)
