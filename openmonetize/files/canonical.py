"""The canonical content of a row: what it says, apart from the format of its file.

The content is the sequence of the names and texts of the row's columns, sorted by name and separated by NUL. A
column without a value (null, or an empty text, which CSV cannot tell apart) is left out. A value's text is

- of a number, and of a text that is written as a JSON number: its digits without an exponent or needless zeros
  (``1.50``, ``15e-1`` and 1.5 are ``1.5``, ``2.0`` is ``2``);
- of a boolean, and of the texts ``True`` and ``TRUE``: ``true``, and so for false;
- of a date with a time of day, and of a text in such a form: the time in UTC to the microsecond, as events have it
  (``2023-11-16 18:17:03.9799600`` is ``2023-11-16T18:17:03.97996Z``); one without a zone is UTC;
- of an object or a list, and of a text that is JSON of one: JSON with sorted names and no blanks, whose values are in
  this form and without empty ones;
- of another text: the text itself.

If a text has a NUL, the content is instead JSON of the list of names and texts.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Context, Decimal, DecimalException
from typing import Any

from openmonetize.files.times import file_time, text_of

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_EXACT = Context(prec=400)
_MAX_EXPONENT = 60  # of a number that is written without one
_MAX_DEPTH = 64
# The first characters of texts that may have another form.
_DOUBTFUL = frozenset("-0123456789{[tTfF")
_BOOLEANS = {"true": "true", "True": "true", "TRUE": "true", "false": "false", "False": "false", "FALSE": "false"}


def content_of(values: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the canonical content of a row.

    Args:
        values: by column.
        names: the columns, sorted.
    """
    parts = []
    for name in names:
        value = values[name]
        if type(value) is str:
            if not value:
                continue
            if value[0] in _DOUBTFUL and not (value.isdigit() and value[0] != "0"):
                value = text_in_form(value)
        elif value is None:
            continue
        elif type(value) is int:
            value = str(value)
        else:
            value = text_of_value(value)
            if not value:
                continue
        parts.append(name)
        parts.append(value)
    content = "\0".join(parts)
    if content.count("\0") >= max(len(parts), 1):
        return json.dumps(parts)
    return content


def text_in_form(text: str) -> str:
    """Return the canonical text of a text."""
    first = text[0]
    if first in "{[":
        return _json_text(text)
    if first in "tTfF":
        return _BOOLEANS.get(text, text)
    if len(text) >= 16 and text[4] == "-" and text[13] == ":":
        return file_time(text) or text
    return _number_text(text) if _NUMBER.fullmatch(text) else text


def text_of_value(value: Any, depth: int = 0) -> str:
    """Return the canonical text of a value; empty if it has none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return text_in_form(value) if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number_text(repr(value)) if math.isfinite(value) else repr(value)
    if isinstance(value, Decimal):
        return _number_text(str(value)) if value.is_finite() else str(value)
    if isinstance(value, datetime):
        return text_of(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (Mapping, list, tuple)):
        return json.dumps(_in_form(value, depth), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    return str(value)


def _in_form(value: Any, depth: int) -> Any:
    """Return an object or a list with the texts of its values, without those that have none."""
    if depth > _MAX_DEPTH:
        return str(value)
    if isinstance(value, Mapping):
        items = ((str(name), _in_form(item, depth + 1)) for name, item in value.items())
        return {name: item for name, item in items if item not in ("", {}, [])}
    if isinstance(value, (list, tuple)):
        return [_in_form(item, depth + 1) for item in value]
    return text_of_value(value, depth)


def _json_text(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text_of_value(value)


def _number_text(text: str) -> str:
    try:
        number = Decimal(text).normalize(_EXACT)
    except DecimalException:  # its exponent is beyond all bounds
        return text
    if not number:
        return "0"
    if abs(number.adjusted()) > _MAX_EXPONENT:
        return str(number)
    return format(number, "f")
