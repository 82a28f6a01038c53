"""Delivery for functions that are frozen between invocations: flush before each one ends."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from openmonetize._arguments import described, explained
from openmonetize.exceptions import ApiTypeError

F = TypeVar("F", bound=Callable[..., Any])


class Flushable(Protocol):
    """A recorder, or another object with its ``flush``."""

    def flush(self, timeout: float = ...) -> Any:
        """Deliver what was recorded."""


class flush_after:
    """Flushes when a block or a function ends, whether it returns or raises.

    ``@flush_after(recorder)`` over a handler, sync or async, or ``with flush_after(recorder):``.

    Args:
        recorder: what is flushed.
        timeout: the most seconds that the delivery may add to an invocation.
    """

    @explained
    def __init__(self, recorder: Flushable, timeout: float = 3.0) -> None:
        if isinstance(recorder, type) or not hasattr(recorder, "flush"):
            raise ApiTypeError(f"recorder must be a Recorder or an OpenMonetize, not {described(recorder)}")
        self._recorder = recorder
        self._timeout = timeout

    def __call__(self, function: F) -> F:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def async_wrapper(*args: Any, **kwargs: Any) -> Any:
                async with self:
                    return await function(*args, **kwargs)

            return cast(F, async_wrapper)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return cast(F, wrapper)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc_info: object) -> None:
        self._recorder.flush(self._timeout)

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *exc_info: object) -> None:
        import asyncio  # slow to import, and imported already in an async program

        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._recorder.flush, self._timeout)
