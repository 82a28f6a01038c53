"""The libraries of the extra, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from openmonetize.exceptions import MissingExtraError

_OF_THE_EXTRA = ("pandas", "matplotlib", "tqdm")
_OLDEST = {"pandas": 2}  # major versions: pandas 1 has no times but those of nanoseconds


def library(name: str) -> Any:
    """Return a module of a library.

    Raises:
        MissingExtraError: the library is not installed, or is too old.
    """
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        root = name.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != root:
            raise
        package = "openmonetize[notebook]" if root in _OF_THE_EXTRA else root
        raise MissingExtraError(f"{root} is not installed: pip install '{package}'") from None
    if name in _OLDEST and major_version(module) < _OLDEST[name]:
        raise MissingExtraError(f"{name} {module.__version__} is too old: pip install 'openmonetize[notebook]'")
    return module


def major_version(module: Any) -> int:
    """Return the first number of a library's version."""
    return int(module.__version__.partition(".")[0])
