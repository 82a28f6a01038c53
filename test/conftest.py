"""Fixtures for all tests."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

# How long an example of a property test takes says nothing, on a machine that others use too.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    """Leave the tests and all that they have imported to the garbage collector no more: it takes half a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _forget_owners() -> Iterator[None]:
    """Forget whose keys are whose: a server may get the port, and has the key, of one of an earlier test."""
    yield
    from openmonetize.events.key_owners import forget_owners

    forget_owners()


@pytest.fixture
def sandbox() -> Iterator[object]:
    """Yield a running sandbox with the development account."""
    from openmonetize.sandbox import Sandbox

    with Sandbox() as running:
        yield running
