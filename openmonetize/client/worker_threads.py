"""A few threads that wait for the network and the disk, so that event loops need not."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from openmonetize._fork import ProcessMark

T = TypeVar("T")

THREADS = 8  # of each `OpenMonetize`; further calls wait for one


class WorkerThreads:
    """Runs functions on threads of its own, in the caller's context. Safe over forks."""

    def __init__(self) -> None:
        self._mark = ProcessMark()
        self._pool: ThreadPoolExecutor | None = None

    async def run(
        self,
        function: Callable[..., T],
        *args: Any,
        undo: Callable[[T], object] | None = None,
        always: bool = False,
        **kwargs: Any,
    ) -> T:
        """Call a function on a thread, and return what it returns.

        Args:
            function: the function.
            args, kwargs: its arguments.
            undo: called with what the function returns if the task that waits for it is cancelled meanwhile: a thread
                cannot be stopped.
            always: call the function even if the task is cancelled before a thread was free. anyio, for one, cancels a
                task again at each thing that it waits for.
        """
        context = contextvars.copy_context()
        future = self._threads().submit(context.run, functools.partial(function, *args, **kwargs))
        waiting = asyncio.wrap_future(future)
        try:
            return await (asyncio.shield(waiting) if always else waiting)
        except asyncio.CancelledError:
            if undo is not None:
                future.add_done_callback(functools.partial(_undo, undo))
            raise

    def close(self) -> None:
        """End the threads when they have done what they were given."""
        pool, self._pool = self._pool, None
        if pool is not None and not self._mark.forked():
            pool.shutdown(wait=False)

    def _threads(self) -> ThreadPoolExecutor:
        if self._mark.forked():  # the parent's threads are not in this process
            self._mark.renew()
            self._pool = None
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="openmonetize-async")
        return self._pool


def _undo(undo: Callable[[T], object], future: Future[T]) -> None:
    if not future.cancelled() and future.exception() is None:
        undo(future.result())
