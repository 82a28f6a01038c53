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


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Yield the URL of a database of a PostgreSQL server that runs for these tests."""
    import engines

    with engines.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Yield the URL of a Redis server that runs for these tests."""
    import engines

    with engines.redis() as url:
        yield url


@pytest.fixture
def database(postgres_url: str) -> str:
    """Return the URL of a new database with the tables of an outbox."""
    import engines

    return engines.database(postgres_url)


@pytest.fixture
def sandbox() -> Iterator[object]:
    """Yield a running sandbox with the development account."""
    from openmonetize.sandbox import Sandbox

    with Sandbox() as running:
        yield running
