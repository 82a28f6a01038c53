"""Sixty-four threads on one client: every answer is its caller's, and no connection is left over."""

from __future__ import annotations

import logging
import random
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from http_client.loopback import Exchange, Loopback, message, reset

from openmonetize import ApiClient, ApiException, Configuration, CreditsApi, OpenMonetize
from openmonetize.sandbox import Sandbox

from .corpus import SOAK
from .ledger import KEY

THREADS = 64
ROUNDS = 200 if SOAK else 12
TURNS = 3  # of the mixed calls
PRICE = 10  # credits of each event
MAX_OPEN = 16  # connections that a client keeps, by default


def on_all_threads(work: Callable[[int], Any]) -> list[Any]:
    """Do something on all threads at once, and return the results."""
    start = threading.Barrier(THREADS)

    def one(number: int) -> Any:
        start.wait(20)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_every_answer_is_its_callers_and_no_connection_is_left_over(caplog: pytest.LogCaptureFixture) -> None:
    """A tenth of the requests meets a broken connection or a 503, after which connections change hands."""
    dice = random.Random(3)

    def respond(exchange: Exchange) -> bool:
        exchange.pause(0.002)
        what = dice.random()
        if what < 0.05:
            return reset(exchange)
        if what < 0.1:
            exchange.send(message(503, {"error": "E"}, {"retry-after": "0"}))
            return True
        number = re.findall(r"[0-9]+", exchange.request.target)[-1]
        exchange.send(message(200, {"data": {"userId": f"u{number}", "balance": number}}))
        return what < 0.9

    with Loopback(default=respond) as server:
        client = ApiClient(Configuration(server.url, {"bearerAuth": KEY}, timeout=60))

        def work(thread: int) -> list[tuple[int, Any]]:
            seen = []
            for turn in range(ROUNDS):
                number = thread * 1000 + turn
                try:
                    seen.append((number, CreditsApi(client).user_balance(f"u{number}").data.balance))
                except ApiException as error:  # four failures in a row
                    assert error.status in (None, 503)  # noqa: PT017
            return seen

        seen = [one for of_thread in on_all_threads(work) for one in of_thread]
        assert len(seen) > THREADS * ROUNDS * 0.9
        assert [one for one in seen if one[0] != one[1]] == []
        assert server.wait_until(lambda: server.open <= MAX_OPEN)
        client.close()
        assert server.wait_until(lambda: server.open == 0)
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_mixed_calls_against_the_sandbox() -> None:
    with Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url, check_cache_seconds=0.0) as om:

        def work(thread: int) -> None:
            user = f"acme-{thread}"
            granted = 1000 * (thread + 1)
            om.credits.grant(user_id=user, amount=granted)
            for turn in range(TURNS):
                assert granted - om.credits.user_balance(user).data.balance in range(0, PRICE * turn + 1, PRICE)
                event = {"event_type": "CUSTOM", "user_id": user, "feature_id": user, "unit_type": "u", "quantity": 1}
                result = om.events.ingest(events=[event])
                assert (result.accepted, result.duplicates) == (1, 0)
                om.track_custom_event(unit_type="u", quantity=1, feature_id=f"tracked-{thread}")
                assert om.check(user_id=user, feature_id=user, on_outage="deny").allowed
            amounts = [booking.amount for booking in om.credits.transactions(user).data]
            assert granted in amounts
            assert {abs(amount) for amount in amounts} <= {granted, PRICE}

        on_all_threads(work)
        assert om.flush(60).complete
        features = [event["feature_id"] for event in sandbox.events()]
        for thread in range(THREADS):
            assert features.count(f"acme-{thread}") == features.count(f"tracked-{thread}") == TURNS
