"""Bodies as providers frame them: JSON, server-sent events, the binary event stream of AWS."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reply:
    """A response as it goes out.

    Attributes:
        status: the status.
        content_type: the content type of the body.
        parts: the body, in the parts in which it is sent.
        cut: break the connection where the end of the body should be.
        headers: further headers.
        delay: seconds before it begins.
    """

    status: int = 200
    content_type: str = "application/json"
    parts: Sequence[bytes] = ()
    cut: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


def json_reply(body: Any, status: int = 200, *, cut: bool = False) -> Reply:
    """Return a reply with a JSON body. One that is ``cut`` has only half of it."""
    content = json.dumps(body).encode()
    return Reply(status, parts=[content[: len(content) // 2] if cut else content], cut=cut)


def sse_reply(events: Sequence[Any], *, cut: bool = False, done: bool = False, named: bool = False) -> Reply:
    """Return a reply of server-sent events.

    ``named`` repeats the type of each event on an ``event:`` line, ``done`` ends with [DONE].
    """
    parts = [_sse(event, named) for event in events]
    if done and not cut:
        parts.append(b"data: [DONE]\n\n")
    return Reply(content_type="text/event-stream", parts=parts, cut=cut)


def aws_reply(events: Sequence[dict[str, Any]], *, cut: bool = False) -> Reply:
    """Return a reply in the binary event stream of AWS."""
    parts = [_aws_frame(name, payload) for event in events for name, payload in event.items()]
    return Reply(content_type="application/vnd.amazon.eventstream", parts=parts, cut=cut)


def _sse(event: Any, named: bool) -> bytes:
    name = f"event: {event['type']}\n" if named else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()


def _aws_frame(event_type: str, payload: dict[str, Any]) -> bytes:
    headers = b""
    for name, value in (
        (":event-type", event_type),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ):
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", len(headers) + len(body) + 16, len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack("!I", zlib.crc32(message))
