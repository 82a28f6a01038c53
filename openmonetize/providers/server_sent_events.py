"""Server-sent events, split without changing a byte.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re

# An empty line. Lines end with CRLF, LF or CR.
_EMPTY_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))")
_LONGEST_EMPTY_LINE = 4


class EventSplitter:
    """Splits a body into its events. The events joined are the body, whatever the pieces were."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def rest_so_far(self) -> bytes:
        """What has come after the last complete event."""
        return self._rest

    def split(self, piece: bytes) -> list[bytes]:
        """Return the events, each with its empty line, that are complete with this piece of the body."""
        if not self._rest and 0 <= piece.find(b"\n\n") == len(piece) - 2 and b"\r" not in piece:
            return [piece]  # what servers send: one event at a time
        searched = max(0, len(self._rest) - _LONGEST_EMPTY_LINE)
        body = self._rest + piece
        events, start = [], 0
        for end in _EMPTY_LINE.finditer(body, searched):
            if end.end() == len(body) and body.endswith(b"\r"):
                break  # the LF of this CR may be still to come
            events.append(body[start : end.end()])
            start = end.end()
        self._rest = body[start:]
        return events

    def rest(self) -> bytes:
        """Return what has come after the last complete event, and forget it."""
        rest, self._rest = self._rest, b""
        return rest


def data_of(event: bytes) -> bytes:
    """Return the data of an event, or nothing for an event without data."""
    lines = [line[5:].strip() for line in event.splitlines() if line.startswith(b"data:")]
    return lines[0] if len(lines) == 1 else b"\n".join(lines)
