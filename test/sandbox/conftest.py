"""One running sandbox for each combination of settings that tests ask for; every test gets it clean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

from openmonetize.sandbox import Sandbox

from .talk import Talk

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def _running() -> Iterator[dict[Any, Sandbox]]:
    found: dict[Any, Sandbox] = {}
    yield found
    for sandbox in found.values():
        sandbox.stop()


@pytest.fixture
def start(_running: dict[Any, Sandbox]) -> Iterator[Callable[..., Talk]]:
    """Return a client of a clean sandbox with these settings; the sandbox is shared between tests."""
    talks = []

    def start(**settings: Any) -> Talk:
        name = tuple(sorted((key, repr(value)) for key, value in settings.items()))
        if name not in _running:
            _running[name] = Sandbox(**settings).start()
        _running[name].reset()
        talk = Talk(_running[name])
        talks.append(talk)
        return talk

    yield start
    for talk in talks:
        talk.close()


@pytest.fixture
def talk(start: Callable[..., Talk]) -> Talk:
    """Return a client of a clean sandbox of the present era, in contract mode."""
    return start()


@pytest.fixture
def seed(start: Callable[..., Talk]) -> Talk:
    """Return a client of a clean sandbox of the seed era."""
    return start(era="seed")


@pytest.fixture
def faithful(start: Callable[..., Talk]) -> Talk:
    """Return a client of a clean sandbox with the present servers' defects."""
    return start(mode="faithful")
