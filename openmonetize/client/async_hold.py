"""A hold for event loops: what waits for the platform or the store does so on a thread."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from openmonetize._arguments import MISSING
from openmonetize.gate.holds import Hold

if TYPE_CHECKING:
    from openmonetize.client.worker_threads import WorkerThreads
    from openmonetize.gate.checks import CheckResult


class AsyncHold:
    """Credits that are set aside for a call. Made by `OpenMonetize.areserve`.

    ``async with om.areserve(...) as hold:`` releases at the end of the block what is held then. Without a block, it is
    ``hold = await om.areserve(...)``, and `settle` or `release` has to be called.

    Args:
        threads: wait for the platform and the store.
        reserve: makes the hold.
        reserve_at_once: makes it if that waits for nothing, else returns None.
        scope: returns the scope of a hold's block.
    """

    def __init__(
        self,
        threads: WorkerThreads,
        reserve: Callable[[], Hold],
        reserve_at_once: Callable[[], Hold | None],
        scope: Callable[[Hold], AbstractContextManager[None]],
    ) -> None:
        self._threads = threads
        self._reserve = reserve
        self._reserve_at_once = reserve_at_once
        self._scope_of = scope
        self._scope: AbstractContextManager[None] | None = None
        self._hold: Hold | None = None

    @property
    def hold(self) -> Hold:
        """The hold itself, whose methods wait on the calling thread.

        Raises:
            RuntimeError: nothing is reserved yet.
        """
        if self._hold is None:
            raise RuntimeError("nothing is reserved yet: write `async with om.areserve(...) as hold:`")
        return self._hold

    @property
    def credits(self) -> int:
        """How many credits are held at the beginning."""
        return self.hold.credits

    @property
    def check(self) -> CheckResult:
        """The answer of the check, with the platform's balance."""
        return self.hold.check

    async def settle(self, usage: Any = MISSING, **fields: Any) -> str | None:
        """Record what the call has used, and release the rest. See `Hold.settle`."""
        if usage is MISSING and fields.get("credits") is not None and self.hold.held.in_memory:
            return self.hold.settle(**fields)  # microseconds; what else costs may have to be asked
        return await self._threads.run(self.hold.settle, usage, always=True, **fields)

    async def release(self) -> None:
        """Give back what is held. A second time does nothing."""
        await self._threads.run(self.hold.release, always=True)

    async def _reserved(self) -> AsyncHold:
        self._hold = self._reserve_at_once()  # a thread would take longer to wake up
        if self._hold is None:
            self._hold = await self._threads.run(self._reserve, undo=Hold.release)
        return self

    def __await__(self) -> Generator[Any, None, AsyncHold]:
        return self._reserved().__await__()

    async def __aenter__(self) -> AsyncHold:
        if self._hold is None:
            await self._reserved()
        self._scope = self._scope_of(self.hold)  # on the loop's own thread: a thread of the pool has its own context
        self._scope.__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        scope, self._scope = self._scope, None
        try:
            if not self.hold.held.ended:
                await self._threads.run(self.hold.release, always=True)
        finally:
            if scope is not None:
                scope.__exit__(None, None, None)

    def __repr__(self) -> str:
        return f"AsyncHold({self._hold!r})" if self._hold is not None else "AsyncHold()"
