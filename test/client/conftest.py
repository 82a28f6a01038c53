"""A clean sandbox of each kind for every test, and clients that are closed at its end."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List

import pytest

from openmonetize.client import OpenMonetize
from openmonetize.sandbox import Sandbox

from .canned import Canned

Start = Callable[..., Sandbox]
Open = Callable[..., OpenMonetize]

USER = "acme-corp-user-000001"


@pytest.fixture(scope="session")
def _running() -> Iterator[Dict[Any, Sandbox]]:
    found: Dict[Any, Sandbox] = {}
    yield found
    for sandbox in found.values():
        sandbox.stop()


@pytest.fixture
def start(_running: Dict[Any, Sandbox]) -> Start:
    """Give a clean sandbox with these settings, shared between tests."""

    def start(**settings: Any) -> Sandbox:
        name = tuple(sorted((key, repr(value)) for key, value in settings.items()))
        if name not in _running:
            _running[name] = Sandbox(**settings).start()
        _running[name].reset()
        return _running[name]

    return start


@pytest.fixture
def sandbox(start: Start) -> Sandbox:
    """The present era, as its contract says."""
    return start()


@pytest.fixture
def faithful(start: Start) -> Sandbox:
    """The present era, with its servers' defects."""
    return start(mode="faithful")


@pytest.fixture
def seed(start: Start) -> Sandbox:
    """The first release."""
    return start(era="seed")


@pytest.fixture
def opened() -> Iterator[Open]:
    """Make clients of a sandbox or of a URL; they are closed at the end."""
    made: List[OpenMonetize] = []

    def opened(server: Any, api_key: Any = None, **options: Any) -> OpenMonetize:
        om = OpenMonetize(api_key or getattr(server, "key", "om_live_test"), server.url, **options)
        made.append(om)
        return om

    yield opened
    for om in made:
        om.close(1.0)


@pytest.fixture
def om(sandbox: Sandbox, opened: Open) -> OpenMonetize:
    """A client of the clean sandbox."""
    return opened(sandbox)


@pytest.fixture
def canned() -> Iterator[Canned]:
    """A server that answers what the test says."""
    with Canned() as running:
        yield running


def targets(sandbox: Sandbox) -> List[str]:
    """Method, target and status of the requests so far."""
    return [f"{request['method']} {request['target']} {request['status']}" for request in sandbox.requests]


def accepted(om: OpenMonetize) -> int:
    """Deliver everything; how many events the platform has taken so far."""
    assert om.flush()
    return om.stats().accepted
