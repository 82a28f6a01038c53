from __future__ import annotations

from typing import Any, Callable, Iterator, List

import pytest

from openmonetize import ApiClient, Configuration, TokenUsageEvent
from openmonetize._http.retry import RetryPolicy
from openmonetize.metering import Recorder

from .fault_server import FaultServer
from .web_server import WebServer

#: Quick retries: tests wait for outcomes, not for backoff.
QUICK = RetryPolicy(base=0.002, cap=0.02, retry_after_cap=0.05)


class Clock:
    """Time that passes when a test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def client(server: FaultServer) -> Iterator[ApiClient]:
    with ApiClient(Configuration(server.url, access_token="om_live_a")) as made:
        yield made


@pytest.fixture
def recorder(client: ApiClient) -> Iterator[Callable[..., Recorder]]:
    """Makes recorders that are closed at the end."""
    made: List[Recorder] = []

    def make(**options: Any) -> Recorder:
        options.setdefault("retry", QUICK)
        options.setdefault("request_timeout", 20.0)
        options.setdefault("flush_interval", 0.05)
        made.append(Recorder(options.pop("client", client), **options))
        return made[-1]

    yield make
    for one in made:
        one.close(0.0)


def event(number: int = 1) -> TokenUsageEvent:
    return TokenUsageEvent(
        user_id="acme_user_1",
        feature_id="chat",
        provider="OPENAI",
        model="gpt-4o",
        input_tokens=number,
        output_tokens=1,
    )


def events(count: int) -> List[TokenUsageEvent]:
    return [event(number) for number in range(count)]


def adds_up(stats: Any) -> bool:
    return stats.tracked == sum(stats[1:])


@pytest.fixture
def started() -> Iterator[List[WebServer]]:
    """Web servers that are ended with the test."""
    running: List[WebServer] = []
    yield running
    for one in running:
        one.end()
