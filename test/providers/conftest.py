from __future__ import annotations

import gc
from collections.abc import Iterator

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


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_for_other_tests() -> Iterator[None]:
    """Collect the sockets that dropped streams leave in reference cycles of their libraries before other tests run."""
    yield
    gc.collect()
