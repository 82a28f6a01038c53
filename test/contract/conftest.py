"""One echo server and one client for all tests of the contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from openmonetize import ApiClient, Configuration

from .echo import Echo

KEY = "om_test_contract"


@pytest.fixture(scope="session")
def _echo() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.stop()


@pytest.fixture(scope="session")
def client(_echo: Echo) -> Iterator[ApiClient]:
    """Yield a client of the echo server, without retries."""
    with ApiClient(Configuration(host=_echo.url, api_key={"bearerAuth": KEY}, retries=0)) as client:
        yield client


@pytest.fixture
def echo(_echo: Echo) -> Echo:
    """Return the echo server, with no requests seen yet."""
    _echo.seen.clear()
    _echo.answer(200, b"{}", "application/json")
    return _echo
