"""``@om.metered(...)``: check, call, read the usage, record it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar, Union, cast

from openmonetize._arguments import require_function
from openmonetize.client.context import EMPTY, RecordedUsage, Scope
from openmonetize.client.recording import Recording
from openmonetize.gate.checks import OnOutage, Question, require_policy
from openmonetize.gate.gate import Gate

if TYPE_CHECKING:
    from openmonetize.gate.holds import Hold
    from openmonetize.providers import StreamMeter, Usage

F = TypeVar("F", bound=Callable[..., Any])
UserId = Union[str, Callable[..., str], None]


class Metered:
    """A decorator for functions that call a provider; see `OpenMonetize.metered`.

    Args:
        recording: records the events, and has the scope in which the functions run.
        gate: answers the checks.
        question: returns the question for a user, or for the user of the scope.
        on_outage: the answer if the platform gives none.
        user_id: the user, or a function that returns the user for a call's arguments; None leaves it to the scope.
        usage_of: finds the provider's response in a function's result, or in each chunk of it.
        reserve: holds credits for a question instead of only checking it, or raises; None for checks.

    Raises:
        ApiValueError: `on_outage` is no policy.
    """

    def __init__(
        self,
        recording: Recording,
        gate: Gate,
        *,
        question: Callable[[str | None], Question],
        on_outage: OnOutage,
        user_id: UserId,
        usage_of: Callable[[Any], Any] | None,
        reserve: Callable[[Question], Hold] | None = None,
    ) -> None:
        require_policy(on_outage)
        self._reserve = reserve
        self._recording = recording
        self._gate = gate
        self._question = question
        self._on_outage: OnOutage = on_outage
        self._user_id = user_id
        self._usage_of = usage_of

    def __call__(self, function: F) -> F:
        require_function("what is metered", function)
        if inspect.isasyncgenfunction(function):
            wrapped: Callable[..., Any] = self._async_generator(function)
        elif inspect.iscoroutinefunction(function):
            wrapped = self._coroutine(function)
        elif inspect.isgeneratorfunction(function):
            wrapped = self._generator(function)
        else:
            wrapped = self._plain(function)
        return cast(F, functools.wraps(function)(wrapped))

    def _plain(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            meter = self._require(function, args, kwargs)
            with meter.scope():
                try:
                    return meter.settle(function(*args, **kwargs))
                except BaseException as error:
                    meter.settle_error(error)
                    raise

        return call

    def _coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            meter = await self._require_async(function, args, kwargs)
            with meter.scope():
                try:
                    return meter.settle(await function(*args, **kwargs))
                except BaseException as error:
                    meter.settle_error(error)
                    raise

        return call

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            meter = self._require(function, args, kwargs)
            steps = meter.steps(function(*args, **kwargs))
            if self._reserve is not None:  # one that is never begun does not come to its end
                from openmonetize.providers.proxy import end_when_dropped

                end_when_dropped(steps, meter.abandon)
            return steps

        return call

    def _async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            meter = await self._require_async(function, args, kwargs)
            steps = meter.async_steps(function(*args, **kwargs))
            try:
                async for chunk in steps:
                    yield chunk
            finally:
                await steps.aclose()

        return call

    def _require(self, function: Callable[..., Any], args: Any, kwargs: Any) -> _Meter:
        """Return the meter of a call, or raise if the user may not make it."""
        question = self._question_for(args, kwargs)
        meter = self._meter(function, question)
        if self._reserve is not None:
            meter.use(self._reserve(question))
        else:
            self._gate.require(question, self._on_outage)
        return meter

    async def _require_async(self, function: Callable[..., Any], args: Any, kwargs: Any) -> _Meter:
        """Do as :meth:`_require`, without blocking the event loop."""
        question = self._question_for(args, kwargs)
        meter = self._meter(function, question)
        if self._reserve is None and self._gate.cached(question) is not None:
            self._gate.require(question, self._on_outage)
            return meter
        import asyncio  # The import takes milliseconds; where a coroutine runs, it was made already.

        run = asyncio.get_running_loop().run_in_executor
        if self._reserve is None:
            await run(None, self._gate.require, question, self._on_outage)
        else:
            reserve = self._reserve
            try:
                await run(None, lambda: meter.use(reserve(question)))
            except BaseException:
                meter.abandon()  # a task that is cancelled leaves the thread to go on
                raise
        return meter

    def _question_for(self, args: Any, kwargs: Any) -> Question:
        return self._question(self._user_id(*args, **kwargs) if callable(self._user_id) else self._user_id)

    def _meter(self, function: Callable[..., Any], question: Question) -> _Meter:
        outer = self._recording.scope.get() or EMPTY
        scope = outer.nested(question.user_id, question.feature_id, None)
        name = getattr(function, "__qualname__", repr(function))
        return _Meter(self._recording, scope._replace(recorded=RecordedUsage(outer.recorded)), name, self._usage_of)


class _Meter:
    """Reads the usage of one call of a metered function and records it. Its errors never reach the caller.

    Args:
        recording: records the event.
        scope: the scope of the call.
        name: the function's name, for warnings.
        usage_of: as for `Metered`.
    """

    def __init__(self, recording: Recording, scope: Scope, name: str, usage_of: Callable[[Any], Any] | None) -> None:
        self._recording = recording
        self._scope = scope
        self._name = name
        self._usage_of = usage_of
        self._recorded = scope.recorded or RecordedUsage()
        self._stream: StreamMeter | None = None
        self._hold: Hold | None = None
        self._abandoned = False

    def use(self, hold: Hold) -> None:
        """Have a hold take what is recorded in the call's scope, and end with the call."""
        self._hold = hold
        self._scope = self._scope._replace(hold=hold.held)
        if self._abandoned:
            hold.release()

    def abandon(self) -> None:
        """Release the hold, also one that is made later: there will be no call."""
        self._abandoned = True
        self._release()

    def scope(self) -> AbstractContextManager[None]:
        """Make the call's scope that of a block."""
        return self._recording.scope.using(self._scope)

    def settle(self, result: Any) -> Any:
        """Record the usage of a whole result, or meter the result if it is a stream. Return what the caller gets."""
        from openmonetize.providers.proxy import Proxy, is_stream, metered_stream

        if isinstance(result, Proxy):  # A wrapped client meters it already. A hold ends by itself.
            return result
        if is_stream(result):
            return metered_stream(result, self._take, self._finish)
        try:
            self._record(self._usage_in(result))
        except Exception as error:
            self._warn(error)
        self._release()
        return result

    def settle_error(self, error: BaseException) -> None:
        """Record the answer that an exception carries: a provider has billed what its library could not parse."""
        answer = getattr(error, "completion", None)  # of openai's LengthFinishReasonError
        if answer is not None:
            from openmonetize.providers import usage_from

            try:
                self._record(usage_from(answer))
            except Exception as another:
                self._warn(another)
        self._release()

    def steps(self, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Yield a generator's chunks. Its body runs in the call's scope."""
        try:
            while True:
                with self.scope():
                    try:
                        chunk = next(generator)
                    except StopIteration as end:
                        return end.value
                self._take(chunk)
                yield chunk
        finally:
            with self.scope():
                generator.close()
            self._finish()

    async def async_steps(self, generator: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
        """Yield an async generator's chunks. Its body runs in the call's scope."""
        try:
            while True:
                with self.scope():
                    try:
                        chunk = await generator.__anext__()
                    except StopAsyncIteration:
                        return
                self._take(chunk)
                yield chunk
        finally:
            with self.scope():
                await generator.aclose()
            self._finish()

    def _usage_in(self, result: Any) -> Usage:
        from openmonetize.providers import Usage, usage_from

        found = result if self._usage_of is None else self._usage_of(result)
        return found if isinstance(found, Usage) else usage_from(found)

    def _take(self, chunk: Any) -> bool:
        from openmonetize.providers import StreamMeter

        if self._stream is None:
            self._stream = StreamMeter()
        try:
            self._stream.feed(chunk if self._usage_of is None else self._usage_of(chunk))
        except Exception:
            pass  # Not every chunk is a provider's; some are texts. Only the usage at the end matters.
        return True

    def _finish(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:  # Without a chunk there is no usage.
            try:
                self._record(stream.usage())
            except Exception as error:
                self._warn(error)
        self._release()

    def _release(self) -> None:
        if self._hold is not None:
            self._hold.release()

    def _record(self, usage: Usage) -> None:
        if self._recorded.has(usage):
            return  # A wrapped client within the function has recorded it.
        with self.scope():
            self._recording.record_usage(usage)

    def _warn(self, error: Exception) -> None:
        if not self._recorded.usages:  # Otherwise the function's calls were recorded, and its result needs no usage.
            self._recording.warnings.unmetered(self._name, error)
