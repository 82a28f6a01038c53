from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from openmonetize import ApiClient, Configuration, TokenUsageEvent
from openmonetize._http.retry import RetryPolicy
from openmonetize.metering import Recorder

from .fault_server import FaultServer
from .web_server import WebServer

MakeRecorder = Callable[..., Recorder]

# Quick retries: tests wait for outcomes, not for backoff.
QUICK = RetryPolicy(base=0.002, cap=0.02, retry_after_cap=0.05)


class Clock:
    """Time that passes when a test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def client(server: FaultServer) -> Iterator[ApiClient]:
    with ApiClient(Configuration(server.url, access_token="om_live_a")) as client:
        yield client


@pytest.fixture
def make_recorder(client: ApiClient) -> Iterator[MakeRecorder]:
    """Makes recorders that are closed at the end."""
    recorders: list[Recorder] = []

    def make(**options: Any) -> Recorder:
        options.setdefault("retry", QUICK)
        options.setdefault("request_timeout", 20.0)
        options.setdefault("flush_interval", 0.05)
        recorders.append(Recorder(options.pop("client", client), **options))
        return recorders[-1]

    yield make
    for recorder in recorders:
        recorder.close(0.0)


@pytest.fixture(params=["memory", "directory", "database"])
def buffered(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Options of a recorder with each kind of buffer."""
    if request.param == "database":
        return {"outbox": request.getfixturevalue("database")}
    return {"outbox": tmp_path / "usage-outbox"} if request.param == "directory" else {}


@pytest.fixture(params=["directory", "database"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """What `OpenMonetize(outbox=...)` takes for each kind of outbox."""
    return request.getfixturevalue("database") if request.param == "database" else tmp_path / "usage-outbox"


@pytest.fixture
def started() -> Iterator[list[WebServer]]:
    """Web servers that are ended with the test."""
    servers: list[WebServer] = []
    yield servers
    for server in servers:
        server.end()


def new_event(number: int = 1) -> TokenUsageEvent:
    return TokenUsageEvent(
        user_id="acme_user_1",
        feature_id="chat",
        provider="OPENAI",
        model="gpt-4o",
        input_tokens=number,
        output_tokens=1,
    )


def new_events(count: int) -> list[TokenUsageEvent]:
    return [new_event(number) for number in range(count)]


def adds_up(stats: Any) -> bool:
    return stats.tracked == sum(stats[1:])


def sender_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "openmonetize-sender"]


def limit_headers(remaining: int, reset: int = 60, limit: int = 100) -> dict[str, str]:
    """Return what an answer says of the platform's rate limit."""
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(reset),
    }
