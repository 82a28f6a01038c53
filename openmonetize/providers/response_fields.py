"""Reading of single fields from provider responses: library objects, dictionaries or JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from openmonetize.providers.usage import UsageError


def parsed(response: Any) -> Any:
    """Return JSON text or bytes decoded, and anything else as it is.

    Raises:
        UsageError: the text is not JSON.
    """
    if not isinstance(response, (str, bytes, bytearray)):
        return response
    try:
        return json.loads(response)
    except ValueError as error:
        raise UsageError(f"the response is text but not JSON: {error}") from None


def get(source: Any, *names: str) -> Any:
    """Return the first of these keys (of a mapping) or attributes (of an object) that is not None."""
    if source is None:
        return None
    mapping = isinstance(source, Mapping)
    for name in names:
        value = source.get(name) if mapping else getattr(source, name, None)
        if value is not None:
            return value
    return None


def text(source: Any, *names: str) -> str | None:
    """Return what :func:`get` finds if it is a string that is not empty, else None."""
    value = get(source, *names)
    return value if isinstance(value, str) and value else None


def count(source: Any, *names: str) -> int | None:
    """Return what :func:`get` finds as a number of tokens or images.

    Whole floats are accepted (Cohere's units are floats), and so are the "unset" markers of generated
    libraries, which are false and mean None.

    Raises:
        UsageError: the value is there and is not a whole number, or is negative.
    """
    value = get(source, *names)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not value and not isinstance(value, (int, float)):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UsageError(f"{names[0]} is {value!r}, not a whole number")
    return value


def items(source: Any, *names: str) -> Sequence[Any]:
    """Return what :func:`get` finds if it is a list, else an empty one."""
    value = get(source, *names)
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__getitem__") or not hasattr(value, "__len__"):
        return ()
    return value  # type: ignore[no-any-return]


def token_pair(usage: Any, input_name: str, output_name: str) -> tuple[int, int]:
    """Return the input and output counters of a usage block; one of them may be missing and is then 0.

    Raises:
        UsageError: both are missing.
    """
    pair = count(usage, input_name), count(usage, output_name)
    if pair == (None, None):
        raise UsageError(f"the usage block has neither {input_name} nor {output_name}")
    return pair[0] or 0, pair[1] or 0
