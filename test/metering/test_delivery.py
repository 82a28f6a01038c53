from __future__ import annotations

from typing import Any, List

import pytest

from openmonetize import ApiClient
from openmonetize.events.ingest import MAX_BYTES
from openmonetize.metering.buffers.base import Buffer
from openmonetize.metering.buffers.memory import MemoryBuffer
from openmonetize.metering.delivery import FIRST_PROBE, LAST_PROBE, SET_ASIDE, Delivery
from openmonetize.metering.incidents import Incident, Incidents
from openmonetize.metering.request import send_batch

from .conftest import Clock, adds_up, event, events
from .fault_server import TRANSIENT, FaultServer


class Line:
    """A delivery with a clock of its own, stepped by hand."""

    def __init__(self, client: ApiClient) -> None:
        self.clock = Clock()
        self.timeout = 20.0
        self.buffer: Buffer = MemoryBuffer(clock=self.clock)
        self.told: List[Incident] = []
        self.delivery = Delivery(
            lambda batch: send_batch(client, batch.wires, deadline=self.timeout),
            self.buffer,
            Incidents(self.told.append),
            fingerprint=client.configuration.account_fingerprint,
            clock=self.clock,
        )

    def put(self, made: List[Any]) -> None:
        for one in made:
            self.buffer.put(one.to_wire())

    def step(self) -> int:
        """One step, as soon as it is due."""
        self.clock.now = max(self.clock.now, self.delivery.next_at())
        return self.delivery.step()

    def run(self, steps: int = 60) -> None:
        for _ in range(steps):
            if not self.step():
                if not self.buffer.stats().retrying:
                    return
                self.clock.now += 10.0


@pytest.fixture
def line(client: ApiClient) -> Line:
    return Line(client)


def test_a_request_takes_a_thousand_events(line: Line, server: FaultServer) -> None:
    line.put(events(2100))
    line.run()
    assert server.sizes == [1000, 1000, 100]
    assert len(server.ledger) == 2100


def test_a_request_stays_below_the_platforms_bytes(line: Line, server: FaultServer) -> None:
    made = events(40)
    for one in made:
        one.metadata = {"text": "x" * 50_000}
    line.put(made)
    line.run()
    assert len(server.ledger) == 40
    assert max(server.sizes) == MAX_BYTES // len(made[-1].to_wire())


@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_failure_costs_nothing_but_time(line: Line, server: FaultServer, fault: str) -> None:
    if fault.startswith("timeout"):
        line.timeout = 0.3
    server.faults.extend([fault, fault, fault])
    line.put(events(5))
    line.run()
    assert len(server.ledger) == 5
    assert server.billed_once()
    stats = line.buffer.stats()
    assert stats.accepted + stats.duplicate == 5
    assert adds_up(stats)
    assert [incident.kind for incident in line.told] == ["retrying"]


def test_a_lost_answer_makes_duplicates_on_the_platforms_side_only(line: Line, server: FaultServer) -> None:
    server.faults.append("reset_after")
    line.put(events(5))
    line.run()
    assert line.buffer.stats().duplicate == 5
    assert server.billed_once()


def test_an_answer_that_confirms_too_little_is_no_success(line: Line, server: FaultServer) -> None:
    server.faults.append("garbage")
    line.put(events(3))
    line.step()
    assert line.buffer.stats().retrying == 3
    line.run()
    assert line.buffer.stats().pending == 0


def test_named_bad_events_are_buried_with_the_servers_words_and_the_rest_arrives(
    line: Line, server: FaultServer
) -> None:
    made = events(10)
    server.bad = {made[3].event_id, made[7].event_id}
    line.put(made)
    line.run()
    assert server.sizes == [10, 8]
    assert len(server.ledger) == 8
    letters = line.buffer.dead_letters()
    assert {letter.event["event_id"] for letter in letters} == server.bad
    assert letters[0].reason == "body/events/3/event_id Invalid UUID"
    assert letters[0].status == 400
    assert [(incident.kind, incident.events) for incident in line.told] == [("dead", 2)]


def test_unnamed_bad_events_are_found_by_halving(line: Line, server: FaultServer) -> None:
    server.names_bad = False
    made = events(64)
    server.bad = {made[17].event_id, made[63].event_id}
    line.put(made)
    line.run()
    assert len(server.ledger) == 62
    assert {letter.event["event_id"] for letter in line.buffer.dead_letters()} == server.bad
    assert server.requests < 30
    assert [(incident.kind, incident.events) for incident in line.told] == [("dead", 2)]


def test_isolation_survives_failures_half_way(line: Line, server: FaultServer) -> None:
    server.names_bad = False
    made = events(32)
    server.bad = {made[5].event_id}
    server.faults.extend([None, None, "500", None, "reset_after", "429", "html502"])
    line.put(made)
    line.run()
    assert len(server.ledger) == 31
    assert server.billed_once()
    assert line.buffer.stats().dead == 1


def test_a_body_that_is_too_large_is_halved(line: Line, server: FaultServer) -> None:
    server.max_body = 3000
    line.put(events(50))
    line.run(200)
    assert len(server.ledger) == 50
    assert line.buffer.stats().dead == 0


def test_a_single_event_that_is_too_large_is_buried(line: Line, server: FaultServer) -> None:
    server.max_body = 100
    line.put(events(1))
    line.run()
    assert line.buffer.dead_letters()[0].status == 413


def test_a_proxys_403_page_buries_nobody(line: Line, server: FaultServer) -> None:
    server.faults.extend(["html403"] * 3)
    line.put(events(3))
    line.run()
    assert line.buffer.stats().accepted == 3


@pytest.mark.parametrize(("fault", "remedy"), [("401", "valid API key"), ("402", "next month")])
def test_a_refused_account_is_probed_with_one_event_now_and_then(
    line: Line, server: FaultServer, fault: str, remedy: str
) -> None:
    server.always = fault
    line.put(events(5))
    started = line.clock.now
    for _ in range(8):
        line.step()
    assert server.sizes == [5, 1, 1, 1, 1, 1, 1, 1]
    assert line.clock.now - started == pytest.approx(FIRST_PROBE * (1 + 2 + 4 + 8 + 16) + 2 * LAST_PROBE)
    assert [incident.kind for incident in line.told] == ["parked"]
    assert remedy in line.told[0].message
    server.always = None
    line.run()
    assert len(server.ledger) == 5
    assert not line.delivery.parked


def test_a_new_key_ends_the_wait_at_once(line: Line, server: FaultServer, client: ApiClient) -> None:
    client.configuration.access_token = "om_live_wrong"
    line.put(events(2))
    line.step()
    assert line.delivery.next_at() > line.clock.now
    client.configuration.access_token = "om_live_a2"
    assert line.delivery.next_at() <= line.clock.now
    line.run()
    assert len(server.ledger) == 2


def test_without_a_key_events_wait(line: Line, server: FaultServer, client: ApiClient) -> None:
    client.configuration.access_token = None
    line.delivery._fingerprint = lambda: ""  # as the recorder's own does without a key
    line.put(events(2))
    line.step()
    assert line.told[0].kind == "parked"
    assert "no API key" in line.told[0].message
    assert line.buffer.stats().retrying == 2


@pytest.mark.parametrize("status", [404, 405, 307])
def test_a_wrong_address_parks_and_says_so(line: Line, server: FaultServer, client: ApiClient, status: int) -> None:
    client.configuration.host = server.url + f"/status/{status}"
    line.put(events(2))
    line.step()
    assert line.told[0].kind == "parked"
    assert "base URL" in line.told[0].message


def test_a_quota_that_ends_within_a_request_is_used_up(line: Line, server: FaultServer) -> None:
    server.quota = 7
    line.put(events(10))
    line.run(4)
    assert len(server.ledger) == 7
    assert line.delivery.parked
    assert line.buffer.stats().retrying == 3


def test_the_platforms_quota_header_keeps_requests_small_enough(line: Line, server: FaultServer) -> None:
    server.quota = 12
    line.put(events(3))
    line.run()
    line.put(events(20))
    line.step()
    assert server.sizes == [3, 9]


def test_an_event_that_makes_the_server_fail_does_not_hold_up_the_others(line: Line, server: FaultServer) -> None:
    made = events(16)
    server.poison = {made[0].event_id}
    line.put(made)
    for _ in range(16):
        line.step()
    assert len(server.ledger) == 15
    stats = line.buffer.stats()
    assert stats.retrying == 1
    assert stats.dead == 0
    assert SET_ASIDE > 0


def test_a_retry_after_is_a_floor(line: Line, server: FaultServer) -> None:
    server.limit, server.remaining = 100, 1
    server.faults.append("429_bare")
    line.put(events(1))
    line.step()
    assert line.delivery.next_at(urgent=True) - line.clock.now == pytest.approx(61.0)


def test_a_long_outage_is_told_once(line: Line, server: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "openmonetize.metering")
    server.faults.extend(["500", "reset", "html502", "429"] * 5)
    line.put(events(3))
    line.run(60)
    assert line.buffer.stats().pending == 0
    messages = [record.message for record in caplog.records if record.name == "openmonetize.metering"]
    assert len(messages) == 2
    assert "kept for later" in messages[0]
    assert "delivered again" in messages[1]


def test_a_callback_that_raises_does_not_matter(client: ApiClient, server: FaultServer) -> None:
    def broken(_: Any) -> None:
        raise RuntimeError("mine")

    buffer = MemoryBuffer()
    delivery = Delivery(lambda batch: send_batch(client, batch.wires), buffer, Incidents(broken, broken))
    buffer.put(event().to_wire())
    assert delivery.step() == 1
    assert buffer.stats().accepted == 1


def test_an_unexpected_error_keeps_the_events() -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError

    buffer = MemoryBuffer()
    buffer.put(b"{}")
    assert Delivery(broken, buffer, Incidents()).step() == 1
    assert buffer.stats().retrying == 1


def test_the_retry_budget_slows_a_long_failure_down(line: Line, server: FaultServer) -> None:
    server.always = "503"
    line.put(events(1))
    for _ in range(101):
        line.step()
    before = line.clock.now
    line.step()
    assert line.delivery.next_at() - max(before, line.clock.now) == pytest.approx(30.0)
