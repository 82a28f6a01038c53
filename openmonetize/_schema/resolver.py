"""Model classes by name, for the layers below the generated models."""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it for True; importing it from `typing` would be slow
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_MODULES: dict[str, str] = {}
_MODELS: dict[str, Any] = {}


def declare(modules: Mapping[str, str]) -> None:
    """Name the module of each class that :func:`model_named` can find."""
    _MODULES.update(modules)


def has_model(name: str) -> bool:
    """Return whether there is a class of that name."""
    return name in _MODULES


def model_named(name: str) -> Any:
    """Return the generated model class of that name, imported on first use."""
    model = _MODELS.get(name)
    if model is None:
        from importlib import import_module

        model = _MODELS[name] = getattr(import_module(_MODULES[name]), name)
    return model
