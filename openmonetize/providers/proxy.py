"""Objects that stand in for a provider's client or stream and behave as it does.

Both pass on every attribute, read or set, and ``isinstance`` holds for the class that they stand in for; ``type()``
returns their own class. The original is never changed.
"""

from __future__ import annotations

import atexit
import functools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from openmonetize._finalizers import run_aside

_OWN_ATTRIBUTES = ("_proxied", "_replaced", "_iterator", "_on_chunk", "_end", "_over", "_metering")


class Proxy:
    """A stand-in for ``proxied``, with some attributes replaced."""

    def __init__(self, proxied: Any, replaced: dict[str, Any] | None = None) -> None:
        self._proxied = proxied
        self._replaced = replaced or {}

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self._proxied.__class__  # which is not its type where it is a proxy of another library

    def __getattr__(self, name: str) -> Any:
        # Only called for names that this class lacks. Before __init__ (copy, pickle) there is nothing to ask yet.
        if name in _OWN_ATTRIBUTES:
            raise AttributeError(name)
        replaced = self._replaced
        return replaced[name] if name in replaced else getattr(self._proxied, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN_ATTRIBUTES:
            object.__setattr__(self, name, value)
        else:
            setattr(self._proxied, name, value)

    def __dir__(self) -> list[str]:
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
    """The base of metered streams: ``on_chunk`` is called with every chunk, ``on_end`` once when the stream ends.

    A stream ends when it is exhausted, raises, is closed, or is dropped (or still alive at exit). In the first two
    cases ``on_over`` is called before.
    """

    def __init__(
        self,
        stream: Any,
        on_chunk: Callable[[Any], bool],
        on_end: Callable[[], None],
        on_over: Callable[[], None],
    ) -> None:
        super().__init__(stream)
        self._on_chunk = on_chunk
        self._over = on_over
        self._end = end_when_dropped(self, on_end)
        response = getattr(stream, "response", None)
        if not hasattr(response, "_metered_body"):  # that ends with its response by itself
            # The stream managers of the OpenAI library close the response itself, not the stream.
            _call_on_close(response, self._end)


class MeteredStream(_Stream):
    """A metered iterator of chunks."""

    def __init__(self, stream: Any, *callbacks: Callable[..., Any]) -> None:
        super().__init__(stream, *callbacks)
        self._iterator = stream if hasattr(stream, "__next__") else iter(stream)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            chunk = next(self._iterator)
            while not self._on_chunk(chunk):
                chunk = next(self._iterator)
        except Exception:
            self._over()
            self._end()
            raise
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
            while not self._on_chunk(chunk):
                chunk = await self._proxied.__anext__()
        except Exception:
            self._over()
            self._end()
            raise
        except BaseException:  # such as a cancelled task
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


def is_stream(response: Any) -> bool:
    """Return whether this is an iterator of chunks, rather than a whole response."""
    return hasattr(response, "__next__") or hasattr(response, "__anext__")


def metered_stream(
    stream: Any,
    on_chunk: Callable[[Any], bool],
    on_end: Callable[[], None],
    on_over: Callable[[], None] = lambda: None,
) -> Any:
    """Return the stream with a meter in it.

    Args:
        stream: a synchronous or asynchronous iterator of chunks.
        on_chunk: called with every chunk; returns whether the caller gets it.
        on_end: called once when the stream ends, for whatever reason.
        on_over: called before that if it is exhausted or raises, and not ended by the caller.
    """
    bare = getattr(stream, "__wrapped__", stream)  # OpenInference's proxies have the methods of both kinds
    return (AsyncMeteredStream if hasattr(bare, "__anext__") else MeteredStream)(stream, on_chunk, on_end, on_over)


_exiting = False


def end_when_dropped(owner: Any, on_end: Callable[[], None]) -> Callable[[], None]:
    """Return a function that calls ``on_end`` once; it is called anyway when the owner is dropped, or at exit."""
    dropped = weakref.finalize(owner, _end_dropped, on_end)
    _notice_exit()

    def end() -> None:
        if dropped.detach():
            on_end()

    return end


def _end_dropped(on_end: Callable[[], None]) -> None:
    """Call ``on_end`` for a stream that was dropped, on a thread of its own.

    The thread that collects garbage may hold a lock that recording would wait for. At exit no other thread can be
    started any more.
    """
    if not _exiting:
        try:
            run_aside(on_end)
            return
        except RuntimeError:
            pass
    on_end()


@functools.lru_cache(maxsize=None)
def _notice_exit() -> None:
    """Register, once, a note of the interpreter's exit that runs before ``weakref.finalize`` does its work at exit.

    What is registered last runs first, and ``weakref.finalize`` registers itself on its first use.
    """

    def note() -> None:
        global _exiting
        _exiting = True

    atexit.register(note)


def _call_on_close(response: Any, end: Callable[[], None]) -> None:
    """Make an HTTP response call ``end`` after it is closed."""
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
        pass  # the response takes no attributes: the end of the stream itself has to do
