"""An hour of real traffic on a platform that loses something every hundredth time: in the end all is billed, or named.

The requests are the Azure LLM inference trace 2023 (CC BY 4.0; Patel et al., "Splitwise", ISCA 2024), as shipped with
the examples.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("werkzeug")

from openmonetize import Incident, OpenMonetize
from openmonetize.pricing import credits_for_tokens
from openmonetize.sandbox import Sandbox

from .test_trace import requests

# Each way of the running platform with accepted events. A restart of its database and a deployment of its worker lose
# the backlog, a queue that refuses loses without a trace, a frozen worker bills 0, a stalled database does not book.
FAULTS = ("accept-and-lose:1%", "accept-nothing:1%", "bill-zero:1%", "store-without-burn:1%")
USERS = [f"acme_user_{number}" for number in range(5)]
GRANT = 200_000


@pytest.mark.parametrize(
    ("count", "buffer"),
    [
        (1500, "memory"),
        (1500, "outbox"),
        pytest.param(28_185, "memory", marks=pytest.mark.slow),
        pytest.param(28_185, "outbox", marks=pytest.mark.slow),
    ],
)
def test_each_request_is_billed_once_or_named(tmp_path: Path, count: int, buffer: str) -> None:
    settings: dict[str, Any] = {"outbox": tmp_path / "usage-outbox"} if buffer == "outbox" else {}
    incidents: list[Incident] = []
    with (
        Sandbox(db=str(tmp_path / "sandbox.db"), processing_delay=0.05, faults=FAULTS) as sandbox,
        OpenMonetize(
            sandbox.key, sandbox.url, verify=True, flush_interval=0.2, on_error=incidents.append, **settings
        ) as om,
    ):
        for user in USERS:
            om.credits.grant(user_id=user, amount=GRANT)
        costs = {}
        for number, (provider, model, tokens_in, tokens_out) in zip(range(count), requests()):
            event_id = om.track_token_usage(
                provider=provider,
                model=model,
                input_tokens=tokens_in,
                output_tokens=tokens_out,
                user_id=USERS[number % 5],
                feature_id="trace",
            )
            costs[event_id] = USERS[number % 5], credits_for_tokens(provider, model, tokens_in, tokens_out).credits
        assert om.flush(60)

        for _ in range(5):  # what is lost again can be found as soon as there is later traffic
            om.track_api_call(user_id=USERS[0], feature_id="end")
            om.flush()
            report = om.verify(timeout=30, repair=True)
            if not (report.lost or report.waiting or report.unchecked_users):
                break
        assert (report.lost, report.waiting, report.unchecked_users) == (0, 0, 0)
        assert report.repaired > count * 0.01
        assert {incident.kind for incident in incidents} == {"lost", "unpaid"}

        # Each is stored once, and none was sent again too early.
        stored = Counter(event["event_id"] for event in sandbox.events(feature_id="trace"))
        assert stored == Counter(costs.keys())
        assert not any("stored already" in letter["reason"] for letter in sandbox.dead_letters())

        # The balance is exact, without what is named: what is stored for nothing, and what was not booked.
        unpaid = {finding.event["event_id"] for finding in report.findings if finding.event is not None}
        assert unpaid == {event["event_id"] for event in sandbox.events(feature_id="trace") if not event["credits"]}
        unbooked = {finding.user_id: finding.credits for finding in report.findings if finding.kind == "unbooked"}
        for user in USERS:
            owed = sum(credits for event_id, (its, credits) in costs.items() if its == user and event_id not in unpaid)
            assert sandbox.balance(user) == GRANT - owed + (unbooked.get(user) or 0)
        stats = om.stats()
        assert (stats.billed, stats.lost, stats.repaired) == (report.billed, 0, report.repaired)
