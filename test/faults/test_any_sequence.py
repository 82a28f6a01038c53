"""Whatever sequence of answers a call meets, it is sent as often as a model of four lines says, and never else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from http_client.loopback import Loopback, Responder, answer, raw, reset, vanish
from hypothesis import given, strategies as st

from openmonetize import ApiClient, ApiConnectionError, ApiException, Configuration, CreditsApi, EventsApi, RetryPolicy

from .callers import events
from .corpus import cases, many
from .ledger import KEY

COUNTS = {"accepted": 3, "rejected": 0, "duplicates": 0, "batch_id": "b", "status": "processing"}
BODY = {"data": {"balance": "5", "walletId": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}, **COUNTS}
# What repeats a call that may be repeated.
AGAIN = ("429", "502", "503", "504", "503 0", "429 soon", "503 2001", "reset", "closed", "cut head", "cut body")
FINAL = ("200", "202", "400", "401", "404", "409", "500", "501", "418", "503 99999999999", "429 2099", "302")
DATES = {"2001": "Mon, 01 Jan 2001 00:00:00 GMT", "2099": "Thu, 01 Jan 2099 00:00:00 GMT"}


def responder(name: str) -> Responder:
    """Return what gives an answer, and closes the connection: its reuse is another matter."""
    broken = {
        "reset": reset,
        "closed": vanish,
        "cut head": raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"),
        "cut body": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
    }
    if name in broken:
        return broken[name]
    status, _, wait = name.partition(" ")
    body = BODY if status[0] == "2" else {"error": "E", "message": "m"}
    return answer(int(status), body, connection="close", **({"retry_after": DATES.get(wait, wait)} if wait else {}))


def expected(sequence: list[str], attempts: int, repeatable: bool) -> tuple[int, str]:
    """Return how often a call is sent, and which answer is its last."""
    for number, name in enumerate(sequence, 1):
        if not repeatable or name not in AGAIN or number == attempts:
            return number, name
    return len(sequence) + 1, "200"


def calls(client: ApiClient) -> dict[str, tuple[Callable[[], Any], bool]]:
    """Return calls, and whether each may be repeated."""
    grant = partial(CreditsApi(client).grant, user_id="u", amount=1)
    return {
        "GET": (CreditsApi(client).balance, True),
        "grant": (partial(grant, idempotency_key="k"), True),
        "grant without a key": (grant, False),
        "ingest": (lambda: EventsApi(client).ingest(events=events()), True),
    }


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


def check(sequence: list[str], attempts: int, caller: str, server: Loopback) -> None:
    """A call is sent as often as expected, the same each time, and ends with the answer that was the last."""
    server.script.clear()
    server.then(*map(responder, sequence))
    server.default = responder("200")
    server.requests.clear()
    policy = RetryPolicy(attempts=attempts, base=0.0, cap=0.0)
    with ApiClient(Configuration(server.url, {"bearerAuth": KEY}, retries=policy, timeout=20)) as client:
        call, repeatable = calls(client)[caller]
        started = time.monotonic()
        error: ApiException | None = None
        try:
            call()
        except ApiException as raised:
            error = raised
        assert time.monotonic() - started < 20
    count, last = expected(sequence, attempts, repeatable)
    assert len(server.requests) == count
    assert len({(one.method, one.target, one.body, one.headers["x-request-id"]) for one in server.requests}) == 1
    if last[0] == "2":
        assert error is None
    elif last[0].isdigit():
        assert error is not None
        assert error.status == int(last[:3])
    else:
        assert isinstance(error, ApiConnectionError)


@many(120)
@given(
    sequence=st.lists(st.sampled_from(AGAIN) | st.sampled_from(AGAIN + FINAL), max_size=6),
    attempts=st.integers(1, 5),
    caller=st.sampled_from(["GET", "grant", "grant without a key", "ingest"]),
)
def test_any_sequence_of_answers(sequence: list[str], attempts: int, caller: str, server: Loopback) -> None:
    check(sequence, attempts, caller, server)


@pytest.mark.parametrize("case", cases("sequences"))
def test_kept_sequences(case: Any, server: Loopback) -> None:
    check(case["answers"], case["attempts"], case["caller"], server)
