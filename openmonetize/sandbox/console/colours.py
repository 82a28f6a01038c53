"""Colours of models: one that is shown keeps its colour, whatever comes beside it and whichever measure is chosen."""

from __future__ import annotations

from collections.abc import Sequence


class Colours:
    """The colours that models have had. The style sheet has the classes m0, m1 and so on."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}  # the models shown last come last

    def assign(self, models: Sequence[str], count: int) -> dict[str, int]:
        """Return a colour from 0 to `count` - 1 for each model, all different.

        A model keeps the colour that it had; of two that had the same one, the model that was shown last keeps it. The
        others get free colours in the order given, at first those that no model has had.
        """
        given: dict[str, int] = {}
        for model, colour in reversed(list(self._known.items())):
            if model in models and colour < count and colour not in given.values():
                given[model] = colour
        used = set(self._known.values())
        free = sorted(set(range(count)) - set(given.values()), key=lambda colour: (colour in used, colour))
        for model in models:
            if model not in given:
                given[model] = free.pop(0)
        for model in models:
            self._known.pop(model, None)
            self._known[model] = given[model]
        return given

    def forget(self) -> None:
        """Forget all models."""
        self._known.clear()
