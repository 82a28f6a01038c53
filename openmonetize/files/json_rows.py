"""Rows of JSON: one object a line (JSON Lines), or a list of objects, or objects that hold lists of them."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from openmonetize.files.errors import FilesError
from openmonetize.files.row import TEXT_COLUMN, Row

_CHUNK = 256 * 1024  # bytes
_MAX_VALUE = 64 * 1024 * 1024  # characters of one value, such as a page of an API
_MAX_SHOWN = 100_000  # characters of an unreadable line that are kept
_BLANKS = " \t\r\n"
_PARSE = json.JSONDecoder()


def read_json_lines(file: BinaryIO, name: str) -> Iterator[Row]:
    """Yield the objects of a file that has one a line. A line that is none becomes a row with a problem."""
    parse = _PARSE.decode
    for number, line in enumerate(file, 1):
        try:
            value = parse(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except (ValueError, RecursionError) as error:
            if line.strip():
                text = line.decode("utf-8", "replace").rstrip("\r\n")[:_MAX_SHOWN]
                yield Row(number, {TEXT_COLUMN: text}, f"is no JSON: {error}")
            continue
        if type(value) is dict:
            yield Row(number, value)
        else:
            yield Row(number, {TEXT_COLUMN: json.dumps(value)}, "is no JSON object")


def read_json(file: BinaryIO, name: str) -> Iterator[Row]:
    """Yield the objects of a file that is a list of them, or one, or several after each other.

    Raises:
        FilesError: the file is no JSON.
    """
    for number, value in enumerate(_values(file, name), 1):
        if type(value) is dict:
            yield Row(number, value)
        else:
            yield Row(number, {TEXT_COLUMN: json.dumps(value)}, "is no JSON object")


def _values(file: BinaryIO, name: str) -> Iterator[Any]:
    """Yield the values after each other in a file, and the items of a list instead of the list."""
    decode = codecs.getincrementaldecoder("utf-8-sig")().decode
    text, at, in_list, after, ended = "", 0, False, "", False
    while True:
        while at < len(text) and text[at] in _BLANKS:
            at += 1
        if at < len(text):
            if not in_list and text[at] == "[":
                in_list, after, at = True, "", at + 1
                continue
            if in_list and text[at] == "]" and after != ",":
                in_list, after, at = False, "", at + 1
                continue
            if in_list and text[at] == "," and after == "value":
                after, at = ",", at + 1
                continue
            try:
                if in_list and after == "value":
                    raise ValueError("a comma is missing")
                value, end = _PARSE.raw_decode(text, at)
                # A number or a word at the end of the text may go on in the next bytes.
                if end < len(text) or ended or text[at] in '{["':
                    yield value
                    at, after = end, "value"
                    continue
            except (ValueError, RecursionError) as error:
                if ended or len(text) - at > _MAX_VALUE:
                    raise FilesError(f"{name} is no JSON: {error}") from error
        if ended:
            if in_list:
                raise FilesError(f"{name} is no JSON: its list does not end")
            return
        # A value that is longer than the bytes read is parsed again only after as many again were read.
        wanted = max(_CHUNK, len(text) - at)
        chunk = file.read(wanted)
        ended = not chunk
        try:
            text, at = text[at:] + decode(chunk, ended), 0
        except UnicodeDecodeError as error:
            raise FilesError(f"{name} is no UTF-8: {error}") from error


def records_in(row: Row, path: Sequence[str]) -> Iterator[Row]:
    """Yield the records that lists within a row hold, each with the row's own values.

    Args:
        row: such as a page of an API's answer.
        path: the names of the lists, from the outermost to the innermost. A row that does not have them is yielded
            as it is. What an object with the outermost list says besides, such as where the next page is, is no part
            of the records.
    """
    rows = [row.values]
    found = False
    for name in path:
        inner = []
        for values in rows:
            items = values.get(name)
            if not isinstance(items, list):
                inner.append(values)
                continue
            found = True
            outer = {} if name == path[0] else {key: value for key, value in values.items() if key != name}
            inner += [{**outer, **item} for item in items if isinstance(item, Mapping)]
        rows = inner
    if not found:
        yield row
        return
    for values in rows:
        yield Row(row.number, values, row.problem)
