"""Metering of an HTTP response as its body is read, whatever the library or the caller makes of it afterwards.

The responses are those of httpx, which the libraries of OpenAI, Anthropic and Mistral use.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from openmonetize.providers.metered_call import MeteredCall
from openmonetize.providers.proxy import end_when_dropped
from openmonetize.providers.response_fields import get, items
from openmonetize.providers.server_sent_events import EventSplitter, data_of
from openmonetize.providers.usage import UsageError

# How a body of server-sent events begins, whatever its content type says: with a comment or a field.
_EVENTS = re.compile(rb"\s*(:|data|event|id|retry)")

MAX_WHOLE_BODY = 64 * 1024 * 1024  # bytes kept of a body that is read in pieces but has to be decoded as one


class MeteredBody:
    """The body of one response.

    Args:
        call: the call that the response answers.
        hide_usage: hide the chunk of a chat stream that carries nothing but usage.
        look_ahead: where the usage may come next, keep what came before back until it is there. The caller, or a
            library that fails to parse the end of an answer, may never read that far.
    """

    def __init__(self, call: MeteredCall, *, hide_usage: bool = False, look_ahead: bool = False) -> None:
        self._call = call
        self._hide_usage = hide_usage
        self._look_ahead = look_ahead
        self._changing = hide_usage or look_ahead  # whether the reader gets other pieces than came
        self._broken = False
        self._events: EventSplitter | None = None
        self._whole: list[bytes] | None = None
        self._size = 0
        self._held: list[bytes] = []
        self._complete = False
        self._failed = False
        self._ended = False
        self.reading = False  # whether a piece is being waited for
        self.end_once: Callable[[], None] = self.end

    def read(self, piece: bytes) -> bytes:
        """Meter a piece of the body, and return what the reader gets at this point."""
        if self._broken:
            return piece
        before = [*self._held, self._events.rest_so_far] if self._events is not None else []
        try:
            return self._read(piece)
        except Exception as error:  # nothing of the body may be lost by a fault of ours
            self._broken, self._held, self._events = True, [], None
            self._call.metering.report(error)
            return b"".join([*before, piece]) if self._changing else piece

    def _read(self, piece: bytes) -> bytes:
        if self._events is None and self._whole is None:
            # Some servers send streams with the wrong content type, so the first character tells.
            if piece.lstrip()[:1] in (b"{", b"["):
                if not self._call.keeps(piece):
                    self._broken = self._ended = True  # nothing of it is metered
                    return piece
                self._whole = []
            else:
                self._events = EventSplitter()
        if self._events is None:
            self._keep(piece)
            return piece
        passed: list[bytes] = []
        for event in self._events.split(piece):
            shown, waiting = self._take(event)
            if shown:
                self._held.append(event)
            if not waiting:
                passed += self._held
                self._held.clear()
        if not self._changing:
            return piece  # the reader gets it as it came
        return b"".join(passed)

    def rest(self, *, cut: bool = False) -> bytes:
        """Return what is still held back when the body has no more pieces, or was cut."""
        if self._events is None:
            return b""
        last = self._events.rest()  # an event without its empty line, or half an event
        if last and (cut or self._take(last)[0]):
            self._held.append(last)
        held, self._held = b"".join(self._held), []
        return held if self._changing else b""

    def finish(self) -> None:
        """Say that the body was read to its end."""
        self._complete = True
        self.end_once()

    def fail(self) -> None:
        """Say that the body cannot be read any further."""
        self._failed = True
        self.end_once()

    def closed(self) -> None:
        """Say that the response was closed. httpx does so itself with the last piece, which is not yet the end."""
        if not self.reading:
            self.end_once()

    def end(self) -> None:
        """Record the call; of a body that was not read to its end, what is known."""
        if self._ended:
            return
        self._ended = True
        if self._whole is None:
            if self._complete or self._failed:
                self._call.over()
            self._call.end()
        elif self._complete and self._size <= MAX_WHOLE_BODY:
            self._call.record_later(b"".join(self._whole))
        else:
            reason = "too large" if self._complete else "not read to its end"
            self._call.metering.report(UsageError(f"the body of the response was {reason}: its usage is not known"))
        self._whole = None if self._whole is None else []

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._whole is not None and self._size <= MAX_WHOLE_BODY:
            self._whole.append(piece)

    def _take(self, event: bytes) -> tuple[bool, bool]:
        """Show an event to the meter; return whether the reader may see it, and whether to hold it back for now."""
        meter = self._call.meter
        try:
            if meter is None or meter.may_skip(event):
                return True, False
            data = data_of(event)
            if not data.startswith(b"{"):  # a comment, a ping, [DONE]
                return True, False
            chunk = json.loads(data)
            meter.feed(chunk)
            if self._hide_usage and get(chunk, "usage") is not None and not items(chunk, "choices"):
                return False, False
            return True, self._look_ahead and meter.awaits_usage(chunk)
        except Exception as error:
            self._call.metering.report(error)
            return True, False


def meter_response(response: Any, call: MeteredCall, **options: bool) -> MeteredBody | None:
    """Meter a response that was answered well: at once if its body was read already, else while it is read.

    Args:
        response: the response.
        call: the call that it answers.
        options: see :class:`MeteredBody`.

    Returns:
        The body, if it is still to be read.
    """
    content = _content(response)
    if content is not None and not _EVENTS.match(content):
        call.record(content)
        return None
    if not call.begin():
        return None
    body = MeteredBody(call, **options)
    if content is None:
        _read_through(response, body)
        return body
    body.read(content)
    body.rest()
    body.finish()
    return None


def _content(response: Any) -> bytes | None:
    """Return the body, or None if it was not read yet."""
    try:
        content = response.content
    except Exception:  # httpx.ResponseNotRead, or that of another package that is httpx in all but name
        return None
    return content if isinstance(content, bytes) else None


def _read_through(response: Any, body: MeteredBody) -> None:
    """Make all reading of the response go through the body, by giving the response a class that does so."""
    kind: Any = type(response)
    response.__class__ = _metered_class(kind)
    response._metered_body = body
    body.end_once = end_when_dropped(response, body.end)


@functools.lru_cache(maxsize=64)
def _metered_class(kind: Any) -> Any:
    """Return a subclass of a class of responses. ``read``, ``iter_text`` and ``iter_lines`` use its ``iter_bytes``."""

    def iter_bytes(self: Any, chunk_size: int | None = None) -> Iterator[bytes]:
        if _content(self) is not None:  # read before
            return kind.iter_bytes(self, chunk_size)  # type: ignore[no-any-return]
        pieces = _pieces(self._metered_body, kind.iter_bytes(self))
        return pieces if chunk_size is None else _sized(pieces, chunk_size)

    def aiter_bytes(self: Any, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        if _content(self) is not None:
            return kind.aiter_bytes(self, chunk_size)  # type: ignore[no-any-return]
        pieces = _pieces_async(self._metered_body, kind.aiter_bytes(self))
        return pieces if chunk_size is None else _sized_async(pieces, chunk_size)

    def close(self: Any) -> None:
        try:
            kind.close(self)
        finally:
            self._metered_body.closed()

    async def aclose(self: Any) -> None:
        try:
            await kind.aclose(self)
        finally:
            self._metered_body.closed()

    methods = {"iter_bytes": iter_bytes, "aiter_bytes": aiter_bytes, "close": close, "aclose": aclose}
    return type(kind.__name__, (kind,), {"__slots__": (), "__module__": kind.__module__, **methods})


def _pieces(body: MeteredBody, source: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        body.reading = True
        try:
            piece = next(source, None)
        except Exception:
            body.reading = False
            rest = body.rest(cut=True)
            if rest:
                yield rest
            body.fail()
            raise
        except BaseException:
            body.end_once()
            raise
        body.reading = False
        if piece is None:
            break
        shown = body.read(piece)
        if shown:
            yield shown
    rest = body.rest()
    if rest:
        yield rest
    body.finish()


async def _pieces_async(body: MeteredBody, source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    while True:
        body.reading = True
        try:
            piece = await source.__anext__()
        except StopAsyncIteration:
            break
        except Exception:
            body.reading = False
            rest = body.rest(cut=True)
            if rest:
                yield rest
            body.fail()
            raise
        except BaseException:  # the task was cancelled
            body.end_once()
            raise
        body.reading = False
        shown = body.read(piece)
        if shown:
            yield shown
    body.reading = False
    rest = body.rest()
    if rest:
        yield rest
    body.finish()


def _sized(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield pieces of this size, as httpx does."""
    rest = b""
    for piece in pieces:
        rest += piece
        while len(rest) >= size:
            yield rest[:size]
            rest = rest[size:]
    if rest:
        yield rest


async def _sized_async(pieces: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    rest = b""
    async for piece in pieces:
        rest += piece
        while len(rest) >= size:
            yield rest[:size]
            rest = rest[size:]
    if rest:
        yield rest
