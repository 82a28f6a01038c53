from __future__ import annotations

import gc
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from openmonetize.providers import Usage
from openmonetize.testing.fake_providers import FakeProviders


@pytest.fixture
def server() -> Iterator[FakeProviders]:
    with FakeProviders() as started:
        yield started


@pytest.fixture
def recorded() -> list[Usage]:
    """The usages recorded so far: give ``recorded.append`` to ``wrap`` as ``record``."""
    return []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Collect the sockets that dropped streams leave in reference cycles of their libraries before other tests run.

    A fixture would come too early: what the last test of a file was given is let go only after all fixtures have ended.
    Workers of pytest-xdist call this for the tests of other directories too.
    """
    result = yield
    if item.path.parent == Path(__file__).parent and (nextitem is None or nextitem.path != item.path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            for _ in range(3):  # finalizers of the first let go of more
                gc.collect()
    return result
