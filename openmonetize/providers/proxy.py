"""Objects that stand in for a provider's client or stream and behave as it does.

Both pass on every attribute, read or set, and answer ``isinstance`` for the class they stand for; ``type()``
tells the truth. The original is never changed.
"""

from __future__ import annotations

import _thread
import atexit
import functools
import weakref
from typing import Any, Callable, Dict, Iterator, List, Optional

_OWN = ("_proxied", "_replaced", "_iterator", "_take", "_end")


class Proxy:
    """Stands in for ``proxied``, with some attributes replaced."""

    def __init__(self, proxied: Any, replaced: Optional[Dict[str, Any]] = None) -> None:
        self._proxied = proxied
        self._replaced = replaced or {}

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._proxied)

    def __getattr__(self, name: str) -> Any:
        # Only reached for names this class lacks. Before __init__ (copy, pickle) there is nothing to ask yet.
        if name in _OWN:
            raise AttributeError(name)
        replaced = self._replaced
        return replaced[name] if name in replaced else getattr(self._proxied, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
        else:
            setattr(self._proxied, name, value)

    def __dir__(self) -> List[str]:
        return dir(self._proxied)

    def __repr__(self) -> str:
        return f"<metered {self._proxied!r}>"

    def __enter__(self) -> Any:
        self._proxied.__enter__()
        return self

    def __exit__(self, *error: Any) -> Any:
        return self._proxied.__exit__(*error)

    async def __aenter__(self) -> Any:
        await self._proxied.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> Any:
        return await self._proxied.__aexit__(*error)


class _Stream(Proxy):
    """A stream whose chunks are shown to ``take`` on their way, and whose end, whatever it is, calls ``finish`` once.

    The end is exhaustion, an exception, a close, or the stream being dropped (or still alive at exit).
    """

    def __init__(self, stream: Any, take: Callable[[Any], bool], finish: Callable[[], None]) -> None:
        super().__init__(stream)
        dropped = weakref.finalize(self, _finish_dropped, finish)
        _notice_exit()

        def end() -> None:
            if dropped.detach():
                finish()

        self._take = take
        self._end = end
        _on_close(getattr(stream, "response", None), end)


class MeteredStream(_Stream):
    """A metered iterator of chunks."""

    def __init__(self, stream: Any, take: Callable[[Any], bool], finish: Callable[[], None]) -> None:
        super().__init__(stream, take, finish)
        self._iterator = stream if hasattr(stream, "__next__") else iter(stream)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            chunk = next(self._iterator)
            while not self._take(chunk):
                chunk = next(self._iterator)
        except BaseException:
            self._end()
            raise
        return chunk

    def __exit__(self, *error: Any) -> Any:
        try:
            return super().__exit__(*error)
        finally:
            self._end()

    def close(self) -> Any:
        try:
            return self._proxied.close()
        finally:
            self._end()


class AsyncMeteredStream(_Stream):
    """A metered asynchronous iterator of chunks."""

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        try:
            chunk = await self._proxied.__anext__()
            while not self._take(chunk):
                chunk = await self._proxied.__anext__()
        except BaseException:
            self._end()
            raise
        return chunk

    async def __aexit__(self, *error: Any) -> Any:
        try:
            return await super().__aexit__(*error)
        finally:
            self._end()

    async def close(self) -> Any:
        try:
            return await self._proxied.close()
        finally:
            self._end()

    async def aclose(self) -> Any:
        try:
            return await self._proxied.aclose()
        finally:
            self._end()


def is_stream(answer: Any) -> bool:
    """Is this an iterator of chunks, rather than a whole response?"""
    return hasattr(answer, "__next__") or hasattr(answer, "__anext__")


def metered_stream(stream: Any, take: Callable[[Any], bool], finish: Callable[[], None]) -> Any:
    """The stream with a meter in it: ``take`` gets every chunk and says whether the caller sees it."""
    return (AsyncMeteredStream if hasattr(stream, "__anext__") else MeteredStream)(stream, take, finish)


_exiting = False


def _finish_dropped(finish: Callable[[], None]) -> None:
    """Finish a stream that nobody holds any more, on a thread of its own.

    Garbage collection may strike anywhere, also where this thread holds a lock that recording would wait for. A bare
    thread is started because ``threading`` takes locks itself; at exit there are no more threads to be had.
    """
    if not _exiting:
        try:
            _thread.start_new_thread(finish, ())
            return
        except RuntimeError:
            pass
    finish()


@functools.lru_cache(maxsize=None)
def _notice_exit() -> None:
    """Know that the interpreter exits before ``weakref.finalize`` does: what is registered last runs first."""

    def note() -> None:
        global _exiting
        _exiting = True

    atexit.register(note)


def _on_close(response: Any, end: Callable[[], None]) -> None:
    """MeteredCall ``end`` after the HTTP response of a stream is closed.

    The stream managers of the OpenAI library close the response itself, not the stream, when their ``with``
    block ends.
    """
    close, aclose = getattr(response, "close", None), getattr(response, "aclose", None)

    def closing() -> None:
        try:
            close()  # type: ignore[misc]
        finally:
            end()

    async def aclosing() -> None:
        try:
            await aclose()  # type: ignore[misc]
        finally:
            end()

    try:
        if close is not None:
            response.close = closing
        if aclose is not None:
            response.aclose = aclosing
    except AttributeError:
        pass  # a response that takes no attributes: the stream's own end will do
