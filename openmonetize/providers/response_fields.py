"""Reading of single fields from provider responses: library objects, dictionaries or JSON text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from openmonetize._schema.numbers import MAX_SAFE_INTEGER
from openmonetize.providers.usage import UsageError

_LARGE = 64 * 1024  # bytes
_END = 2048
_MODEL_FIELD = re.compile(rb'"model"\s*:\s*"[^"\\]*"')
_ID_FIELD = re.compile(rb'"id"\s*:\s*"[^"\\]*"')
_USAGE_FIELD = re.compile(rb'"usage"\s*:\s*\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}')


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


def without_data(response: bytes) -> Any:
    """Return what a large JSON response says of its model and usage, or the whole response where it is not found.

    It is looked for before and after the data. Decoding megabytes of embeddings takes as long as the library's own
    work.
    """
    if len(response) <= _LARGE:
        return response
    ends = response[:_END] + response[-_END:]
    model, usage = _MODEL_FIELD.search(ends), _USAGE_FIELD.search(ends)
    if model is None or usage is None:
        return response
    identity = _ID_FIELD.search(ends)
    fields = (b'"object":"list"', model[0], usage[0], *([] if identity is None else [identity[0]]))
    return b"{%s}" % b",".join(fields)


def get(source: Any, *names: str) -> Any:
    """Return the first of these keys (of a mapping) or attributes (of an object) that is not None."""
    if source is None:
        return None
    mapping = type(source) is dict or isinstance(source, Mapping)  # the second takes three times as long
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
    if value is None or (type(value) is int and value >= 0):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not value and not isinstance(value, (int, float)):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UsageError(f"{names[0]} is {value!r}, not a whole number")
    return value


def counts(source: Any, names: Mapping[str, str]) -> dict[str, int]:
    """Return the counts of a block under other names; None and what has no other name are left out.

    Args:
        source: the block, which usually has few of the fields.
        names: its own names of the fields to the others.

    Raises:
        UsageError: see :func:`count`.
    """
    found: dict[str, int] = {}
    if source is not None:
        for field in fields_of(source) or ():
            if field in names:
                value = count(source, field)
                if value:
                    found[names[field]] = value
    return found


def units(source: Any, *names: str) -> int:
    """Return what :func:`get` finds as a number of units, rounded up; 0 where it is none.

    For what is told beside tokens: a call is not lost for an odd value of it.
    """
    value = get(source, *names)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= MAX_SAFE_INTEGER:
        return 0
    return math.ceil(value)


def items(source: Any, *names: str) -> Sequence[Any]:
    """Return what :func:`get` finds if it is a list, else an empty one."""
    value = get(source, *names)
    if type(value) is list:
        return value
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


def merged(known: Any, block: Any) -> Any:
    """Return two usage blocks of one response as one, in which each counter has its larger value.

    The counters of a stream only grow. Servers that send the block again without its values (a last chunk of zeros)
    must not erase what was reported before.
    """
    fields = fields_of(block)
    if fields is None:
        return known if block is None else block
    result = dict(known) if isinstance(known, Mapping) else {}
    for name, value in fields.items():
        before = result.get(name)
        if isinstance(value, (int, float)):
            if not isinstance(before, (int, float)) or value > before:
                result[name] = value
        elif value:  # None, an empty list and the "unset" markers of generated libraries say nothing
            result[name] = value if isinstance(value, (str, list, tuple)) else merged(before, value)
    return result or known


def fields_of(block: Any) -> Mapping[str, Any] | None:
    """Return the fields of a usage block by their names, or None where it is none."""
    if type(block) is dict or isinstance(block, Mapping):
        return block
    if not hasattr(block, "__dict__"):
        return None
    extra = getattr(block, "__pydantic_extra__", None)  # what the library's model does not know
    return {**vars(block), **extra} if extra else vars(block)
