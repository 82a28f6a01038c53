"""One running sandbox for each combination of settings that tests ask for; every test gets it clean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from openmonetize.sandbox import Sandbox

from .client import SandboxClient


@pytest.fixture(scope="session")
def _running() -> Iterator[dict[Any, Sandbox]]:
    found: dict[Any, Sandbox] = {}
    yield found
    for sandbox in found.values():
        sandbox.stop()


@pytest.fixture
def start(_running: dict[Any, Sandbox]) -> Iterator[Callable[..., SandboxClient]]:
    """Return a client of a clean sandbox with these settings; the sandbox is shared between tests."""
    clients = []

    def start(**settings: Any) -> SandboxClient:
        name = tuple(sorted((key, repr(value)) for key, value in settings.items()))
        if name not in _running:
            _running[name] = Sandbox(**settings).start()
        _running[name].reset()
        client = SandboxClient(_running[name])
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.close()


@pytest.fixture
def client(start: Callable[..., SandboxClient]) -> SandboxClient:
    """Return a client of a clean sandbox of the present era, in contract mode."""
    return start()


@pytest.fixture
def seed(start: Callable[..., SandboxClient]) -> SandboxClient:
    """Return a client of a clean sandbox of the seed era."""
    return start(era="seed")


@pytest.fixture
def faithful(start: Callable[..., SandboxClient]) -> SandboxClient:
    """Return a client of a clean sandbox with the present servers' defects."""
    return start(mode="faithful")
