"""``@om.metered(...)``: check, call, read the usage, record it."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, AsyncGenerator, Callable, Generator, Optional, Tuple, TypeVar, Union, cast

from openmonetize.client.context import EMPTY, Scope, Seen

if TYPE_CHECKING:
    from openmonetize.client.tracking import Tracker
    from openmonetize.gate.checks import Question
    from openmonetize.providers import StreamMeter, Usage

F = TypeVar("F", bound=Callable[..., Any])
UserId = Union[str, Callable[..., str], None]


class Metered:
    """A decorator for functions that call a provider; see `OpenMonetize.metered`.

    Args:
        tracker: records.
        ask: makes the question for a user.
        admit: raises where the answer is no; it may wait for the platform.
        remembers: whether `admit` would answer at once.
        user_id: the user, or what finds the user among a call's arguments; None leaves it to the context.
        usage_of: what finds the provider's response in a function's result, or in each chunk of it.
    """

    def __init__(
        self,
        tracker: Tracker,
        *,
        ask: Callable[[Optional[str]], Question],
        admit: Callable[[Question], object],
        remembers: Callable[[Question], bool],
        user_id: UserId,
        usage_of: Optional[Callable[[Any], Any]],
    ) -> None:
        self.tracker = tracker
        self.usage_of = usage_of
        self._ask = ask
        self._admit = admit
        self._remembers = remembers
        self._user_id = user_id

    def __call__(self, function: F) -> F:
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
            question, scope = self._entry(args, kwargs)
            self._admit(question)
            with self.tracker._scope.using(scope):
                result = function(*args, **kwargs)
                return _Meter(self, function, scope).settle(result)

        return call

    def _coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            scope = await self._admitted(args, kwargs)
            with self.tracker._scope.using(scope):
                result = await function(*args, **kwargs)
                return _Meter(self, function, scope).settle(result)

        return call

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            question, scope = self._entry(args, kwargs)
            self._admit(question)
            return _Meter(self, function, scope).steps(function(*args, **kwargs))

        return call

    def _async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            scope = await self._admitted(args, kwargs)
            steps = _Meter(self, function, scope).async_steps(function(*args, **kwargs))
            try:
                async for chunk in steps:
                    yield chunk
            finally:
                await steps.aclose()

        return call

    def _entry(self, args: Any, kwargs: Any) -> Tuple[Question, Scope]:
        """The question of a call, and the scope for what happens within it."""
        user_id = self._user_id(*args, **kwargs) if callable(self._user_id) else self._user_id
        question = self._ask(user_id)
        outer = self.tracker._scope.get() or EMPTY
        scope = outer.within(question.user_id, question.feature_id, None)
        return question, scope._replace(seen=Seen(outer.seen))

    async def _admitted(self, args: Any, kwargs: Any) -> Scope:
        """As the synchronous way in, without holding up the event loop."""
        question, scope = self._entry(args, kwargs)
        if self._remembers(question):
            self._admit(question)
        else:
            import asyncio  # imported late: it costs milliseconds, and is there wherever a coroutine runs

            await asyncio.get_running_loop().run_in_executor(None, self._admit, question)
        return scope


class _Meter:
    """Reads the usage of one call of a metered function, and records it. Its trouble never reaches the caller."""

    def __init__(self, metered: Metered, function: Callable[..., Any], scope: Scope) -> None:
        self._tracker = metered.tracker
        self._usage_of = metered.usage_of
        self._name = getattr(function, "__qualname__", repr(function))
        self._scope = scope
        self._seen = scope.seen or Seen()
        self._stream: Optional[StreamMeter] = None

    def settle(self, result: Any) -> Any:
        """Record a whole result, or put a meter in a stream."""
        from openmonetize.providers.proxy import Proxy, is_stream, metered_stream

        if isinstance(result, Proxy):  # a wrapped client meters it already
            return result
        if is_stream(result):
            return metered_stream(result, self._take, self._finish)
        try:
            self._record(self._whole(result))
        except Exception as error:
            self._trouble(error)
        return result

    def steps(self, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """A generator's chunks; its body runs in the call's scope."""
        using = self._tracker._scope.using
        try:
            while True:
                with using(self._scope):
                    try:
                        chunk = next(generator)
                    except StopIteration as end:
                        return end.value
                self._take(chunk)
                yield chunk
        finally:
            with using(self._scope):
                generator.close()
            self._finish()

    async def async_steps(self, generator: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
        """An async generator's chunks; its body runs in the call's scope."""
        using = self._tracker._scope.using
        try:
            while True:
                with using(self._scope):
                    try:
                        chunk = await generator.__anext__()
                    except StopAsyncIteration:
                        return
                self._take(chunk)
                yield chunk
        finally:
            with using(self._scope):
                await generator.aclose()
            self._finish()

    def _whole(self, result: Any) -> Usage:
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
            pass  # not a provider's chunk: a text, for one; what matters is whether there is usage at the end
        return True

    def _finish(self) -> None:
        if self._stream is None:  # no chunk, no usage
            return
        stream, self._stream = self._stream, None
        try:
            self._record(stream.usage())
        except Exception as error:
            self._trouble(error)

    def _record(self, usage: Usage) -> None:
        if any(_same_call(usage, other) for other in self._seen.usages):
            return  # a client wrapped within the function has recorded it
        with self._tracker._scope.using(self._scope):
            self._tracker.track_usage(usage)

    def _trouble(self, error: Exception) -> None:
        if not self._seen.usages:  # else the result need not say what was metered within the function
            self._tracker._warnings.unmetered(self._name, error)


def _same_call(one: Usage, other: Usage) -> bool:
    if one.response_id and other.response_id:
        return (one.provider, one.response_id) == (other.provider, other.response_id)
    return one == other
