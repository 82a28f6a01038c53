"""Reading of provider responses, which may be library objects, plain dictionaries or JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Optional, Sequence, Tuple

from openmonetize.providers.usage import UsageError


def parsed(response: Any) -> Any:
    """JSON text or bytes decoded; anything else as it is.

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
    """The first of these keys (of a mapping) or attributes (of an object) that is not None."""
    if source is None:
        return None
    mapping = isinstance(source, Mapping)
    for name in names:
        value = source.get(name) if mapping else getattr(source, name, None)
        if value is not None:
            return value
    return None


def text(source: Any, *names: str) -> Optional[str]:
    """As :func:`get`, but only a non-empty string counts."""
    value = get(source, *names)
    return value if isinstance(value, str) and value else None


def count(source: Any, *names: str) -> Optional[int]:
    """As :func:`get`, for a number of tokens or images.

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
    """As :func:`get`, for a list; an empty one when there is none."""
    value = get(source, *names)
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__getitem__") or not hasattr(value, "__len__"):
        return ()
    return value  # type: ignore[no-any-return]


def token_pair(usage: Any, input_name: str, output_name: str) -> Tuple[int, int]:
    """The input and output counters of a usage block; one of them may be missing and is then 0.

    Raises:
        UsageError: both are missing.
    """
    pair = count(usage, input_name), count(usage, output_name)
    if pair == (None, None):
        raise UsageError(f"the usage block has neither {input_name} nor {output_name}")
    return pair[0] or 0, pair[1] or 0
