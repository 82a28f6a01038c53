"""Clean sandboxes of each kind, and clients that are closed at the end of a test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

import pytest

from openmonetize.client import OpenMonetize
from openmonetize.sandbox import Sandbox

from .canned import Canned

Start = Callable[..., Sandbox]
Open = Callable[..., OpenMonetize]

USER = "acme-corp-user-000001"


@pytest.fixture(scope="session")
def _running() -> Iterator[dict[Any, Sandbox]]:
    found: dict[Any, Sandbox] = {}
    yield found
    for sandbox in found.values():
        sandbox.stop()


@pytest.fixture
def start(_running: dict[Any, Sandbox]) -> Start:
    """Return a function that returns a clean sandbox with these settings; tests share it."""

    def start(**settings: Any) -> Sandbox:
        name = tuple(sorted((key, repr(value)) for key, value in settings.items()))
        if name not in _running:
            _running[name] = Sandbox(**settings).start()
        _running[name].reset()
        return _running[name]

    return start


@pytest.fixture
def sandbox(start: Start) -> Sandbox:
    """Return a sandbox of the present era, in contract mode."""
    return start()


@pytest.fixture
def faithful(start: Start) -> Sandbox:
    """Return a sandbox of the present era, with its servers' defects."""
    return start(mode="faithful")


@pytest.fixture
def seed(start: Start) -> Sandbox:
    """Return a sandbox of the first release."""
    return start(era="seed")


@pytest.fixture
def opened() -> Iterator[Open]:
    """Yield a function that makes clients of a server, which are closed after the test."""
    made: list[OpenMonetize] = []

    def opened(server: Any, api_key: Any = None, **options: Any) -> OpenMonetize:
        om = OpenMonetize(api_key or getattr(server, "key", "om_live_test"), server.url, **options)
        made.append(om)
        return om

    yield opened
    for om in made:
        om.close(1.0)


@pytest.fixture
def om(sandbox: Sandbox, opened: Open) -> OpenMonetize:
    """Return a client of the clean sandbox."""
    return opened(sandbox)


@pytest.fixture
def canned() -> Iterator[Canned]:
    """Yield a server with canned answers."""
    with Canned() as running:
        yield running


def targets(sandbox: Sandbox) -> list[str]:
    """Return method, target and status of the requests so far."""
    return [f"{request['method']} {request['target']} {request['status']}" for request in sandbox.requests]


def accepted(om: OpenMonetize) -> int:
    """Deliver everything, and return how many events the platform has taken so far."""
    assert om.flush()
    return om.stats().accepted
