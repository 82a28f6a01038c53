from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from openmonetize import ApiClient, Configuration
from openmonetize._http.retry import RetryPolicy

from .loopback import Loopback

PEM = str(Path(__file__).with_name("loopback.pem"))
KEY = "om_live_SECRET0123456789"

# Short delays, so that tests do not wait for backoff.
QUICK = RetryPolicy(base=0.001, cap=0.002)

MakeClient = Callable[..., ApiClient]


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENMONETIZE_API_KEY", "OPENMONETIZE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture
def secure() -> Iterator[Loopback]:
    """Yield a server with TLS, whose certificate is trusted through :data:`PEM` only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    with Loopback(tls=context) as running:
        yield running


@pytest.fixture
def elsewhere() -> Iterator[Loopback]:
    """Yield a server of another origin."""
    with Loopback() as running:
        yield running


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Yield a function that makes clients, which are closed after the test."""
    made: list[ApiClient] = []

    def make(host: str, **settings: Any) -> ApiClient:
        settings = {"api_key": {"bearerAuth": KEY}, "retries": QUICK, **settings}
        made.append(ApiClient(Configuration(host, **settings)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def client(server: Loopback, make_client: MakeClient) -> ApiClient:
    return make_client(server.url)
