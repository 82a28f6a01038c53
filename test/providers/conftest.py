from __future__ import annotations

import gc
from typing import Iterator, List

import pytest

from openmonetize.providers import Usage

from .server import ProviderServer


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    started = ProviderServer()
    yield started
    started.close()


@pytest.fixture
def recorded() -> List[Usage]:
    """Give ``recorded.append`` to ``wrap`` as ``record``."""
    return []


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_for_other_tests() -> Iterator[None]:
    """Dropped streams leave sockets in reference cycles of their libraries: collected here, not in another's test."""
    yield
    gc.collect()
