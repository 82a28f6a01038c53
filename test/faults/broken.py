"""Faults: connections that break, hang or drip, and answers that are cut, mislabelled, too large or no answers."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from typing import Any, Callable

from .server import MAX_SENT, Exchange, Fault, Respond

MEBIBYTE = 1024 * 1024
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_PAUSE = 0.02  # seconds between two bytes of a drip: less than any time-out of a read


def _cut(share: float, ending: str) -> Respond:
    """Do the work, send a part of the answer, then end or reset the connection, or say nothing more."""

    def respond(exchange: Exchange) -> bool:
        status, body = exchange.process()
        head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        whole = head + body
        end = int(len(head) * 2 * share) if share <= 0.5 else len(head) + int(len(body) * (share - 0.5) * 2)
        exchange.send(whole[:end])
        if ending == "hang":
            exchange.pause(60)
        elif ending == "reset":
            time.sleep(_PAUSE)  # what was sent arrives
            return exchange.reset()
        return False

    return respond


def _unanswered(ending: str, after: bool) -> Respond:
    def respond(exchange: Exchange) -> bool:
        if after:
            exchange.process()
        if ending == "hang":
            exchange.pause(60)
        return exchange.reset() if ending == "reset" else False

    return respond


def _drip(in_head: bool) -> Respond:
    """Do the work, then send one byte after the other, for longer than any deadline."""

    def respond(exchange: Exchange) -> bool:
        exchange.process()
        exchange.send(b"HTTP/1.1 200 OK\r\n" + (b"X-Slow: " if in_head else b"Content-Length: 5000\r\n\r\n"))
        while exchange.pause(_PAUSE):
            exchange.send(b" ")
        return False

    return respond


def _with(change: Callable[[bytes], bytes], **headers: str) -> Respond:
    """Do the work, and answer with a changed body, or headers; one of them empty leaves it out."""

    def respond(exchange: Exchange) -> bool:
        status, body = exchange.process()
        exchange.answer(status, change(body), {name.replace("_", "-"): value for name, value in headers.items()})
        return True

    return respond


def _length(length: Callable[[int], str | None], junk: bytes = b"") -> Respond:
    """Do the work, and answer with a wrong length, then end the connection."""

    def respond(exchange: Exchange) -> bool:
        status, body = exchange.process()
        exchange.answer(status, body + junk, length=length(len(body)))
        return False

    return respond


def _lengths(respond_with: str) -> Respond:
    def respond(exchange: Exchange) -> bool:
        status, body = exchange.process()
        if respond_with == "two":
            exchange.answer(status, body, {"content-length": "3"})
        else:
            chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            exchange.answer(status, chunks, {"Transfer-Encoding": "chunked"}, length="3")
        return False

    return respond


def _raw(data: bytes) -> Respond:
    """Do the work, and send these bytes instead of an answer."""

    def respond(exchange: Exchange) -> bool:
        exchange.process()
        exchange.send(data)
        return False

    return respond


def _first(*interim: bytes) -> Respond:
    """Send interim answers, with pauses after them, and then the answer."""

    def respond(exchange: Exchange) -> bool:
        answer = exchange.process()
        for part in interim:
            exchange.send(part)
            time.sleep(_PAUSE)
        exchange.answer(*answer)
        return True

    return respond


def _endless(head: bytes, piece: bytes, status_line: bytes = b"HTTP/1.1 200 OK\r\n") -> Respond:
    """Do the work, and send pieces for as long as the client takes them."""

    def respond(exchange: Exchange) -> bool:
        exchange.process()
        exchange.send(status_line + head)
        for _ in range(MAX_SENT // len(piece)):
            exchange.send(piece)
        return False

    return respond


def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * MEBIBYTE) for _ in range(64)) + packer.flush()


BOMB = _bomb()


def _http10(exchange: Exchange) -> bool:
    exchange.answer(*exchange.process(), length=None, version="1.0")
    return False


def _shape(value: Any) -> Respond:
    return _with(lambda body: json.dumps(value).encode())


def _bytes(value: bytes) -> Respond:
    return _with(lambda body: value)


def _fault(group: str, name: str, respond: Respond, **expected: Any) -> Fault:
    return Fault(name, group, respond, **expected)


LOST, LATE, ODD = (
    {"error": "ApiConnectionError"},
    {"error": "ApiTimeoutError"},
    {"error": "UnexpectedBodyError", "repeats": False},
)
HARMLESS = {"harmless": True}
UNCLEAR: dict[str, Any] = {"repeats": False}  # once as good as always: it is an error, or it is read all the same

BREAKS = [
    _fault("Connections", "closed before the answer", _unanswered("close", False), **LOST),
    _fault("Connections", "reset before the answer", _unanswered("reset", False), **LOST),
    _fault("Connections", "closed after the work was done", _unanswered("close", True), **LOST),
    _fault("Connections", "reset after the work was done", _unanswered("reset", True), **LOST),
    _fault("Connections", "closed within the headers", _cut(0.3, "close"), **LOST),
    _fault("Connections", "reset within the headers", _cut(0.3, "reset"), **LOST),
    _fault("Connections", "closed within the body (a cut answer)", _cut(0.8, "close"), **LOST),
    _fault("Connections", "reset within the body", _cut(0.8, "reset"), **LOST),
    _fault("Slow", "no answer", _unanswered("hang", False), **LATE),
    _fault("Slow", "no answer, after the work was done", _unanswered("hang", True), **LATE),
    _fault("Slow", "stops within the headers", _cut(0.3, "hang"), **LATE),
    _fault("Slow", "stops within the body", _cut(0.8, "hang"), **LATE),
    _fault("Slow", "headers byte by byte, without an end", _drip(True), repeats=False, error="ApiTimeoutError"),
    _fault("Slow", "a body byte by byte, without an end", _drip(False), repeats=False, error="ApiTimeoutError"),
]
BODIES = [
    _fault("Bodies", "no body", _bytes(b""), **ODD),
    _fault("Bodies", "`204`", _raw(b"HTTP/1.1 204 No Content\r\n\r\n"), **ODD),
    _fault("Bodies", "a page with status `200`", _with(lambda _: b"<html>", Content_Type="text/html"), **ODD),
    _fault("Bodies", "half of the JSON", _with(lambda body: body[: len(body) // 2]), **ODD),
    _fault("Bodies", "`null`", _shape(None), **ODD),
    _fault("Bodies", "a list", _shape([1, 2]), **ODD),
    _fault("Bodies", "a text", _shape("ok"), **ODD),
    _fault("Bodies", "`{}`", _shape({}), **UNCLEAR),
    _fault("Bodies", "wrong types", _shape({"data": [], "accepted": {}, "duplicates": []}), **UNCLEAR),
    _fault("Bodies", "invalid UTF-8", _bytes(b'{"accepted": "\xff\xfe", "data": "\xc3\x28"}'), **ODD),
    _fault("Bodies", "UTF-16", _with(lambda body: body.decode().encode("utf-16")), **ODD),
    _fault("Bodies", "JSON after a byte order mark", _with(lambda body: b"\xef\xbb\xbf" + body), **UNCLEAR),
    _fault("Bodies", "JSON as `text/plain`", _with(bytes, Content_Type="text/plain"), **HARMLESS),
    _fault("Bodies", "JSON without a type", _with(bytes, Content_Type=""), **HARMLESS),
    _fault("Bodies", "JSON with gzip", _with(gzip.compress, Content_Encoding="gzip"), **HARMLESS),
    _fault("Bodies", "says gzip and is not", _with(bytes, Content_Encoding="gzip"), **ODD),
    _fault("Bodies", "an unknown encoding", _with(bytes, Content_Encoding="rot13"), **UNCLEAR),
    _fault("Lengths", "longer than it says", _length(str, b"JUNK"), **HARMLESS),
    _fault("Lengths", "shorter than it says", _length(lambda size: str(size + 5)), **LOST),
    _fault("Lengths", "says less than there is", _length(lambda size: str(size - 5)), **ODD),
    _fault("Lengths", "negative", _length(lambda size: "-5"), **UNCLEAR),
    _fault("Lengths", "no number", _length(lambda size: "abc"), **UNCLEAR),
    _fault("Lengths", "no length", _length(lambda size: None), **HARMLESS),
    _fault("Lengths", "two lengths", _lengths("two"), **UNCLEAR),
    _fault("Lengths", "a length, and chunks", _lengths("chunks"), **HARMLESS),
    _fault("Lengths", "a chunk of no length", _raw(_CHUNKED + b"zz\r\n"), **LOST),
    _fault("Lengths", "chunks without an end", _raw(_CHUNKED + b"5\r\n{\"a\":"), **LOST),
]  # fmt: skip
CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n"
BOMBS = [
    _fault("Too large", "a body of 256 MiB", _endless(b"Content-Length: 268435456\r\n\r\n", b" " * MEBIBYTE), **ODD),
    _fault("Too large", "chunks without an end", _endless(CHUNKS, b"10000\r\n" + b" " * 65536 + b"\r\n"), **ODD),
    _fault("Too large", "64 MiB in 64 KiB of gzip", _with(lambda body: BOMB, Content_Encoding="gzip"), **ODD),
    _fault("Too large", "JSON that is 200,000 deep", _bytes(b"[" * 200_000), **ODD),
    _fault("Too large", "a number of 1,000,000 digits", _bytes(b'{"accepted":' + b"9" * 1_000_000 + b"}"), **UNCLEAR),
    _fault("Too large", "headers without an end", _endless(b"", b"X-Long: " + b"a" * 1000 + b"\r\n"), **LOST),
    _fault("Too large", "one header without an end", _endless(b"X: ", b"a" * 65536), **LOST),
    _fault("Too large", "one chunk extension without an end", _endless(CHUNKS + b"5;", b"a" * 65536), **LOST),
]
_101 = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
_100 = b"HTTP/1.1 100 Continue\r\n\r\n"
_103 = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
INTERIM = [
    _fault("Interim", "`100` first", _first(_100), **HARMLESS),
    _fault("Interim", "`102` first", _first(b"HTTP/1.1 102 Processing\r\n\r\n"), **HARMLESS),
    _fault("Interim", "`103` first", _first(_103), **HARMLESS),
    _fault("Interim", "two `103` and a `100` first", _first(_103, _103, _100), **HARMLESS),
    _fault("Interim", "`100` without an end", _endless(b"", _100, status_line=b""), **UNCLEAR),
    _fault("Interim", "`101`", _raw(_101), **UNCLEAR),
    _fault("Protocols", "HTTP/1.0", _http10, **HARMLESS),
    _fault("Protocols", "HTTP/0.9", _raw(b"hello"), **LOST),
    _fault("Protocols", "HTTP/2", _raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80"), **LOST),
    _fault("Protocols", "SSH", _raw(b"SSH-2.0-OpenSSH_9\r\n"), **LOST),
    _fault("Protocols", "no number as the status", _raw(b"HTTP/1.1 abc OK\r\n\r\n"), **LOST),
    _fault("Protocols", "status `999`", _raw(b"HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\n{}"), **UNCLEAR),
    _fault("Protocols", "status `0`", _raw(b"HTTP/1.1 0 Odd\r\nContent-Length: 2\r\n\r\n{}"), **UNCLEAR),
]  # fmt: skip
FAULTS = [*BREAKS, *BODIES, *BOMBS, *INTERIM]
