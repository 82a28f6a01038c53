"""What all frameworks share that are measured with and without their adapters."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

from openmonetize import OpenMonetize

WITHOUT, OURS = "without", "with it"  # every function returns these two
IDLE, SPANS, OTHER_SPANS = "a callback that does nothing", "OpenLLMetry", "OpenInference"
MODEL, QUESTION = "gpt-4o", "Say hello"
MESSAGES: Any = [{"role": "user", "content": QUESTION}]
FEATURE = "chat"


class Servers(NamedTuple):
    """Where the servers are, see ``adapter_servers.py``.

    Attributes:
        openai, anthropic, google, mistral, cohere, bedrock: the fake providers' base URLs.
        platform, key: the sandbox's.
        user: who has credits there.
    """

    openai: str
    anthropic: str
    google: str
    mistral: str
    cohere: str
    bedrock: str
    platform: str
    key: str
    user: str


class Way(NamedTuple):
    """A way to make a call.

    Attributes:
        calls: makes so many calls, and returns when all that the framework does about them is done.
        om: records one event for each call; None where nothing is recorded.
        around: is entered before, and not measured.
    """

    calls: Callable[[int], object]
    om: OpenMonetize | None = None
    around: Callable[[], AbstractContextManager[Any]] = nullcontext


Ways = dict[str, Way]


def new_client(at: Servers) -> OpenMonetize:
    """Return a client of the sandbox, with its defaults."""
    return OpenMonetize(at.key, at.platform)


def repeated(call: Callable[[], object], then: Callable[[], object] = lambda: None) -> Callable[[int], None]:
    """Return a function that makes a call so many times, and then does something else."""

    def calls(count: int) -> None:
        for _ in range(count):
            call()
        then()

    return calls


def for_user(om: OpenMonetize, at: Servers, call: Callable[[], object]) -> Callable[[], object]:
    """Return a function that makes a call for a user and a feature."""

    def metered() -> object:
        with om.context(user_id=at.user, feature_id=FEATURE):
            return call()

    return metered


class Loop:
    """An event loop that stays, as connections do."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)

    def repeated(
        self, call: Callable[[], Awaitable[object]], then: Callable[[], Awaitable[object]] | None = None
    ) -> Callable[[int], None]:
        """Do as the function of this name."""

        async def calls(count: int) -> None:
            for _ in range(count):
                await call()
            if then is not None:
                await then()

        return lambda count: self._loop.run_until_complete(calls(count))

    def run(self, work: Awaitable[Any]) -> Any:
        """Return what a coroutine returns."""
        return self._loop.run_until_complete(work)


def for_user_async(
    om: OpenMonetize, at: Servers, call: Callable[[], Awaitable[object]]
) -> Callable[[], Awaitable[object]]:
    """Do as `for_user`."""

    async def metered() -> object:
        with om.context(user_id=at.user, feature_id=FEATURE):
            return await call()

    return metered


@contextmanager
def openllmetry(tracer_provider: Any = None) -> Iterator[None]:
    """Have OpenLLMetry trace the openai library; without a provider of one's own, its spans are exported nowhere."""
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    with _tracing(OpenAIInstrumentor(), tracer_provider):
        yield


@contextmanager
def openinference() -> Iterator[None]:
    """Have OpenInference do so."""
    from openinference.instrumentation.openai import OpenAIInstrumentor

    with _tracing(OpenAIInstrumentor(), None):
        yield


@contextmanager
def _tracing(instrumentor: Any, tracer_provider: Any) -> Iterator[None]:
    from opentelemetry.sdk.trace import TracerProvider

    before = [(kind, dict(vars(kind))) for kind in _classes_of_openai()]
    instrumentor.instrument(tracer_provider=tracer_provider or TracerProvider())
    try:
        yield
    finally:
        instrumentor.uninstrument()
        for kind, members in before:  # with wrapt 2, OpenLLMetry leaves what it has patched
            for name, value in dict(vars(kind)).items():
                if name in members and members[name] is not value:
                    setattr(kind, name, members[name])


def _classes_of_openai() -> set[type]:
    modules = [vars(module) for name, module in sys.modules.items() if name.startswith("openai.")]
    classes = {value for names in modules for value in names.values() if isinstance(value, type)}
    return {kind for kind in classes if kind.__module__.startswith(("openai.resources", "openai._client"))}
