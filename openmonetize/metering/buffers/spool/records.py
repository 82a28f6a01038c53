"""The records that the spool's files consist of, and how they are found again in a damaged file.

A record is a newline, 18 hexadecimal digits, a blank and the payload, in which no newline occurs. The digits are the
payload's length in bytes (5), its CRC-32 with the record's number as start value (8), and that number (5).
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from zlib import crc32

MAX_PAYLOAD = 2**20 - 1  # bytes
_HEAD = 19  # bytes before the payload, without the newline
_DIGITS = frozenset(b"0123456789abcdef")


Record = tuple[int, bytes]  # a record's number, which is its own within a segment, and its payload


class Found(NamedTuple):
    """What was found in a piece of a file.

    Attributes:
        records: those that are whole, in order.
        end: how many bytes were understood. An unfinished record may follow.
        damaged: how many were changed after they had been written. One that was not written to its end, because the
            process was killed or the disk was full, is not counted: nobody was told that it was there.
    """

    records: list[Record]
    end: int
    damaged: int = 0


def encode(payload: bytes, number: int = 0) -> bytes:
    """Return a payload as a record."""
    return b"\n%05x%08x%05x %s" % (len(payload), crc32(payload, number), number, payload)


def encode_json(value: dict[str, Any]) -> bytes:
    """Return a JSON object as a record."""
    return encode(json.dumps(value, separators=(",", ":")).encode())


def decode(data: bytes, complete: bool) -> Found:
    """Return the records in a piece of a file.

    Args:
        data: the piece, from the begin of a record.
        complete: nothing will be written behind it.
    """
    lines = data[1:].split(b"\n")  # whatever is where the first newline was
    end = len(data)
    if not complete and _record(lines[-1]) is None:
        end -= len(lines.pop()) + 1
    records = _intact(lines)
    if records is not None:
        return Found(records, max(end, 0))
    records, damaged = [], 0
    for line in lines:
        rest = line
        while rest:
            record = _record(rest)
            if record is None:
                damaged += not is_torn(rest)
                break
            records.append(record)
            rest = rest[_HEAD + len(record[1]) + 1 :]  # the same between two records
    return Found(records, max(end, 0), damaged)


def decode_json(data: bytes) -> list[dict[str, Any]]:
    """Return the JSON objects in a file of them, without those that are damaged."""
    found = []
    for _, payload in decode(data, complete=True).records:
        try:
            value = json.loads(payload)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _intact(lines: list[bytes]) -> list[Record] | None:
    """Return the records in lines if each of them is one: together they are checked twice as fast as one by one."""
    try:
        heads = [int(line[:18], 16) for line in lines]
    except ValueError:
        return None
    payloads = [line[_HEAD:] for line in lines]
    numbers = [head & 0xFFFFF for head in heads]
    checksums = map(crc32, payloads, numbers)
    sizes = map(len, payloads)
    expected = [size << 52 | crc << 20 | number for size, crc, number in zip(sizes, checksums, numbers)]
    return list(zip(numbers, payloads)) if heads == expected and all(payloads) else None


def _record(line: bytes) -> Record | None:
    """Return the record that a line begins with. No payload can pose as one, because it has no newline in it.

    The checksum decides: a record whose length was changed is whole. An empty payload has none.
    """
    try:
        size, number = int(line[:5], 16), int(line[13:18], 16)
        payload = line[_HEAD : _HEAD + size]
        if payload and int(line[5:13], 16) == crc32(payload, number):
            return number, payload
    except ValueError:
        pass
    return None


def is_torn(line: bytes) -> bool:
    """Return whether a line is the begin of a record that goes on behind it."""
    if not _DIGITS.issuperset(line[: _HEAD - 1]):
        return False
    return len(line) < _HEAD or int(line[:5], 16) > len(line) - _HEAD
