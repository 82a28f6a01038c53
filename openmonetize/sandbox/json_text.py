"""JSON that may be nested deeply: the platform's runtime reads hundreds of levels, where Python's reader gives up."""

from __future__ import annotations

import json
import re
from typing import Any

# Levels of arrays and objects. The platform has a limit too, of its call stack; where it is, has not been measured.
MAX_NESTING = 5_000

_BLANKS = re.compile(r"[ \t\n\r]*")
_plain = json.JSONDecoder()


def read_json(text: str, decoder: json.JSONDecoder = _plain) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is no JSON, or nested deeper than `MAX_NESTING`.
    """
    try:
        return decoder.decode(text)
    except RecursionError:
        return _read_nested(text, decoder)


def write_json(value: Any, *, ensure_ascii: bool = True, separators: tuple[str, str] = (", ", ": ")) -> str:
    """Return a value as JSON text, as `json.dumps` does."""
    try:
        return json.dumps(value, ensure_ascii=ensure_ascii, separators=separators)
    except RecursionError:
        return _write_nested(value, ensure_ascii, separators)


def _read_nested(text: str, decoder: json.JSONDecoder) -> Any:
    """Read without recursion: `open_items` has the arrays and objects around a value, with the name of an object's."""
    open_items: list[tuple[Any, str]] = []
    position = _after_blanks(text, 0)
    while True:
        char = text[position : position + 1]
        if char == "[" or char == "{":
            if len(open_items) >= MAX_NESTING:
                raise ValueError("nested too deeply")
            value: Any = [] if char == "[" else {}
            position = _after_blanks(text, position + 1)
            if text[position : position + 1] != "]}"[char == "{"]:
                name, position = _name(text, position, decoder) if char == "{" else ("", position)
                open_items.append((value, name))
                continue
            position += 1
        else:
            value, position = decoder.raw_decode(text, position)
        while True:  # `value` is complete
            position = _after_blanks(text, position)
            if not open_items:
                if position != len(text):
                    raise ValueError("extra data")
                return value
            around, name = open_items[-1]
            if isinstance(around, list):
                around.append(value)
            else:
                around[name] = value
            char = text[position : position + 1]
            if char == ",":
                position = _after_blanks(text, position + 1)
                if isinstance(around, dict):
                    name, position = _name(text, position, decoder)
                    open_items[-1] = (around, name)
                break
            if char != ("]" if isinstance(around, list) else "}"):
                raise ValueError("a comma or the end of an array or object is missing")
            value = open_items.pop()[0]
            position += 1


def _name(text: str, position: int, decoder: json.JSONDecoder) -> tuple[str, int]:
    """Return the name of an object's field, and where its value begins."""
    if text[position : position + 1] != '"':
        raise ValueError("a field has no name")
    name, position = decoder.raw_decode(text, position)
    position = _after_blanks(text, position)
    if text[position : position + 1] != ":":
        raise ValueError("a field has no value")
    return name, _after_blanks(text, position + 1)


def _after_blanks(text: str, position: int) -> int:
    found = _BLANKS.match(text, position)
    assert found is not None
    return found.end()


class _Written(str):
    """Text that is JSON already."""


def _write_nested(value: Any, ensure_ascii: bool, separators: tuple[str, str]) -> str:
    comma, colon = separators
    written: list[str] = []
    waiting: list[Any] = [value]  # the last one is next
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Written):
            written.append(item)
        elif isinstance(item, dict):
            waiting.append(_Written("}"))
            for index, (name, inner) in reversed(list(enumerate(item.items()))):
                start = (comma if index else "") + json.dumps(name, ensure_ascii=ensure_ascii) + colon
                waiting += [inner, _Written(start)]
            written.append("{")
        elif isinstance(item, (list, tuple)):
            waiting.append(_Written("]"))
            for index, inner in reversed(list(enumerate(item))):
                waiting += [inner, _Written(comma if index else "")]
            written.append("[")
        else:
            written.append(json.dumps(item, ensure_ascii=ensure_ascii))
    return "".join(written)
