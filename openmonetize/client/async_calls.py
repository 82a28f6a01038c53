"""The methods of `OpenMonetize` that wait, for event loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from typing_extensions import Unpack

from openmonetize._arguments import explained
from openmonetize.client.reserving import HOLD_TTL, require_reservation
from openmonetize.gate.checks import require_policy

if TYPE_CHECKING:
    from datetime import date, datetime
    from types import TracebackType

    from openmonetize.client.async_hold import AsyncHold
    from openmonetize.client.openmonetize import OpenMonetize
    from openmonetize.client.ping import Ping
    from openmonetize.client.worker_threads import WorkerThreads
    from openmonetize.gate import CheckResult, Estimate, OnOutage
    from openmonetize.gate.holds import Hold
    from openmonetize.metering import BillingResult, FlushResult, VerifyReport


class AsyncCalls:
    """The methods of `OpenMonetize` that wait for the platform, the disk or a store, as coroutines.

    They do what the methods without the ``a`` do, on a few threads, while the event loop goes on. Recording needs none
    of them: ``om.track_...`` and wrapped clients put events into memory or a file, and wait for nobody. A task that is
    cancelled leaves its thread to go on; what was reserved for it is given back.
    """

    _async_threads: WorkerThreads | None = None

    @property
    def _waiting(self) -> OpenMonetize:
        """This object, by whose methods threads wait."""
        return cast("OpenMonetize", self)

    def _threads(self) -> WorkerThreads:
        if self._async_threads is None:
            from openmonetize.client.worker_threads import WorkerThreads  # asyncio takes milliseconds to import

            self._async_threads = WorkerThreads()
        return self._async_threads

    @explained
    async def aping(self, timeout: float = 5.0) -> Ping:
        """Make sure that the platform answers; see `OpenMonetize.ping`."""
        return await self._threads().run(self._waiting.ping, timeout)

    @explained
    async def acheck(
        self,
        feature_id: str | None = None,
        *,
        on_outage: OnOutage,
        user_id: str | None = None,
        **estimate: Unpack[Estimate],
    ) -> CheckResult:
        """Ask whether a user may use a feature now; see `OpenMonetize.check`. A cached answer is returned at once."""
        question = self._waiting._question(user_id, feature_id, estimate)
        if self._waiting._gate.cached(question) is not None:
            return self._waiting._gate.check(question, on_outage)
        return await self._threads().run(self._waiting._gate.check, question, on_outage)

    @explained
    async def arequire(
        self,
        feature_id: str | None = None,
        *,
        on_outage: OnOutage,
        user_id: str | None = None,
        **estimate: Unpack[Estimate],
    ) -> CheckResult:
        """Do as :meth:`acheck`, but raise on a denial; see `OpenMonetize.require`."""
        question = self._waiting._question(user_id, feature_id, estimate)
        if self._waiting._gate.cached(question) is not None:
            return self._waiting._gate.require(question, on_outage)
        return await self._threads().run(self._waiting._gate.require, question, on_outage)

    @explained
    def areserve(
        self,
        feature_id: str | None = None,
        *,
        on_outage: OnOutage,
        user_id: str | None = None,
        credits: int | None = None,
        ttl: float = HOLD_TTL,
        **estimate: Unpack[Estimate],
    ) -> AsyncHold:
        """Check, and hold credits for the use: ``async with om.areserve(...) as hold:``; see `OpenMonetize.reserve`.

        ``await hold.settle(answer)`` records what the call has used. What a wrapped client records within the block
        changes the store of the holds on the event loop's thread: microseconds in memory, a millisecond elsewhere. In
        memory, ``credits`` of a user whose balance is known are held and settled there too.

        Returns:
            The hold; ``hold = await om.areserve(...)`` makes it without a block.
        """
        from openmonetize.client.async_hold import AsyncHold

        def reserve() -> Hold:
            return self._waiting.reserve(
                feature_id, on_outage=on_outage, user_id=user_id, credits=credits, ttl=ttl, **estimate
            )

        def reserve_at_once() -> Hold | None:
            if credits is None:
                return None  # what the estimate costs may have to be asked
            require_policy(on_outage)
            require_reservation(credits, ttl)
            return self._waiting._hold_at_once(self._waiting._question(user_id, feature_id, estimate), credits, ttl)

        return AsyncHold(self._threads(), reserve, reserve_at_once, self._waiting._holds.scope)

    @explained
    async def aflush(self, timeout: float = 10.0) -> FlushResult:
        """Deliver everything recorded so far; see `OpenMonetize.flush`."""
        return await self._threads().run(self._waiting.flush, timeout)

    @explained
    async def await_billed(self, timeout: float = 30.0) -> BillingResult:
        """Wait until the platform has billed what was recorded; see `OpenMonetize.wait_billed`."""
        return await self._threads().run(self._waiting.wait_billed, timeout)

    @explained
    async def averify(
        self,
        since: datetime | date | str | None = None,
        *,
        repair: bool | None = None,
        timeout: float = 60.0,
    ) -> VerifyReport:
        """Find out whether all that is kept was billed and booked; see `OpenMonetize.verify`."""
        return await self._threads().run(self._waiting.verify, since, repair=repair, timeout=timeout)

    @explained
    async def aclose(self, timeout: float = 10.0) -> FlushResult:
        """Deliver what is recorded, then end threads and connections; see `OpenMonetize.close`."""
        return await self._threads().run(self._waiting.close, timeout)

    async def __aenter__(self) -> OpenMonetize:
        return self._waiting

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
