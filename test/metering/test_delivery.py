from __future__ import annotations

import math
from typing import Any

import pytest

from openmonetize import ApiClient
from openmonetize.events.ingest import MAX_BYTES
from openmonetize.metering.buffers.base import Account, Buffer
from openmonetize.metering.buffers.memory import MemoryBuffer
from openmonetize.metering.delivery import FIRST_PROBE_INTERVAL, MAX_PROBE_INTERVAL, SET_ASIDE_SECONDS, Delivery
from openmonetize.metering.incidents import Incident, Incidents
from openmonetize.metering.request import send_batch

from .conftest import Clock, adds_up, new_events
from .fault_server import TRANSIENT, FaultServer


class Pipeline:
    """A buffer and its delivery, with a clock of their own, stepped by the test."""

    def __init__(self, client: ApiClient) -> None:
        self.clock = Clock()
        self.timeout = 20.0
        self.account = Account(client.configuration.host, client.configuration.account_fingerprint())
        self.buffer: Buffer = MemoryBuffer(clock=self.clock)
        self.buffer.serve([self.account])
        self.incidents: list[Incident] = []
        self.delivery = Delivery(
            lambda batch: send_batch(client, batch.wires, deadline=self.timeout),
            self.buffer,
            Incidents(self.incidents.append),
            fingerprint=client.configuration.account_fingerprint,
            clock=self.clock,
        )

    def put(self, events: list[Any]) -> None:
        for event in events:
            self.buffer.put(event.to_wire(), self.account)

    def step(self) -> int:
        """Take one step as soon as it is due."""
        self.clock.now = max(self.clock.now, self.delivery.next_at())
        return self.delivery.step()

    def run(self, steps: int = 60) -> None:
        for _ in range(steps):
            if not self.step():
                if not self.buffer.stats().retrying:
                    return
                self.clock.now += 10.0


@pytest.fixture
def pipeline(client: ApiClient) -> Pipeline:
    return Pipeline(client)


def test_a_request_takes_a_thousand_events(pipeline: Pipeline, server: FaultServer) -> None:
    pipeline.put(new_events(2100))
    pipeline.run()
    assert server.sizes == [1000, 1000, 100]
    assert len(server.ledger) == 2100


def test_a_request_stays_below_the_platforms_bytes(pipeline: Pipeline, server: FaultServer) -> None:
    events = new_events(40)
    for event in events:
        event.metadata = {"text": "x" * 50_000}
    pipeline.put(events)
    pipeline.run()
    assert len(server.ledger) == 40
    assert max(server.sizes) == MAX_BYTES // len(events[-1].to_wire())


@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_failure_costs_nothing_but_time(pipeline: Pipeline, server: FaultServer, fault: str) -> None:
    if fault.startswith("timeout"):
        pipeline.timeout = 0.3
    server.faults.extend([fault, fault, fault])
    pipeline.put(new_events(5))
    pipeline.run()
    assert len(server.ledger) == 5
    assert server.billed_once()
    stats = pipeline.buffer.stats()
    assert stats.accepted + stats.duplicate == 5
    assert adds_up(stats)
    assert [incident.kind for incident in pipeline.incidents] == ["retrying"]


def test_a_lost_response_makes_duplicates_on_the_platforms_side_only(pipeline: Pipeline, server: FaultServer) -> None:
    server.faults.append("reset_after")
    pipeline.put(new_events(5))
    pipeline.run()
    assert pipeline.buffer.stats().duplicate == 5
    assert server.billed_once()


def test_a_response_that_confirms_too_few_events_is_a_failure(pipeline: Pipeline, server: FaultServer) -> None:
    server.faults.append("garbage")
    pipeline.put(new_events(3))
    pipeline.step()
    assert pipeline.buffer.stats().retrying == 3
    pipeline.run()
    assert pipeline.buffer.stats().pending == 0


def test_named_bad_events_are_dead_lettered_with_the_servers_words_and_the_rest_arrives(
    pipeline: Pipeline, server: FaultServer
) -> None:
    events = new_events(10)
    server.bad = {events[3].event_id, events[7].event_id}
    pipeline.put(events)
    pipeline.run()
    assert server.sizes == [10, 8]
    assert len(server.ledger) == 8
    letters = pipeline.buffer.dead_letters()
    assert {letter.event["event_id"] for letter in letters} == server.bad
    assert letters[0].reason == "body/events/3/event_id Invalid UUID"
    assert letters[0].status == 400
    assert [(incident.kind, incident.events) for incident in pipeline.incidents] == [("dead", 2)]


def test_unnamed_bad_events_are_found_by_halving(pipeline: Pipeline, server: FaultServer) -> None:
    server.names_bad = False
    events = new_events(64)
    server.bad = {events[17].event_id, events[63].event_id}
    pipeline.put(events)
    pipeline.run()
    assert len(server.ledger) == 62
    assert {letter.event["event_id"] for letter in pipeline.buffer.dead_letters()} == server.bad
    assert server.requests < 30
    assert [(incident.kind, incident.events) for incident in pipeline.incidents] == [("dead", 2)]


def test_halving_survives_failures_half_way(pipeline: Pipeline, server: FaultServer) -> None:
    server.names_bad = False
    events = new_events(32)
    server.bad = {events[5].event_id}
    server.faults.extend([None, None, "500", None, "reset_after", "429", "html502"])
    pipeline.put(events)
    pipeline.run()
    assert len(server.ledger) == 31
    assert server.billed_once()
    assert pipeline.buffer.stats().dead == 1


def test_a_body_that_is_too_large_is_halved(pipeline: Pipeline, server: FaultServer) -> None:
    server.max_body = 3000
    pipeline.put(new_events(50))
    pipeline.run(200)
    assert len(server.ledger) == 50
    assert pipeline.buffer.stats().dead == 0


def test_a_single_event_that_is_too_large_is_dead_lettered(pipeline: Pipeline, server: FaultServer) -> None:
    server.max_body = 100
    pipeline.put(new_events(1))
    pipeline.run()
    assert pipeline.buffer.dead_letters()[0].status == 413


def test_a_proxys_403_page_dead_letters_nothing(pipeline: Pipeline, server: FaultServer) -> None:
    server.faults.extend(["html403"] * 3)
    pipeline.put(new_events(3))
    pipeline.run()
    assert pipeline.buffer.stats().accepted == 3


@pytest.mark.parametrize(
    "answer",
    [
        "403:{}",
        '403:{"message":"Forbidden"}',
        '403:{"error":"Forbidden","message":"IP not allowed"}',
        '403:{"error":"FORBIDDEN"}',
        '403:{"detail":"no"}',
        "403:[]",
        "403:null",
        '400:{"message":"Bad Request"}',
        '400:{"error":{"message":"no","type":"invalid_request_error"}}',
        '400:{"error":"Bad Request","message":7}',
        '422:{"error":"Unprocessable Entity","message":"no"}',
    ],
)
def test_a_refusal_in_other_words_than_the_platforms_dead_letters_nothing(
    pipeline: Pipeline, server: FaultServer, answer: str
) -> None:
    server.always = f"json:{answer}"
    pipeline.put(new_events(1000))
    pipeline.run(5)
    assert server.sizes == [1000] * 5
    server.always = None
    pipeline.run()
    assert len(server.ledger) == 1000
    assert [incident.kind for incident in pipeline.incidents] == ["retrying"]


@pytest.mark.parametrize(
    "answer",
    [
        '403:{"error":"FORBIDDEN","message":"no"}',
        '400:{"error":"Bad Request","message":"Body is not valid JSON"}',
        '400:{"error":"VALIDATION_ERROR","message":"no","details":{}}',
        "413:<html></html>",
    ],
)
@pytest.mark.parametrize("count", [2, 3, 700, 1000])
def test_a_refusal_of_every_part_dead_letters_nothing(
    pipeline: Pipeline, server: FaultServer, answer: str, count: int
) -> None:
    server.always = f"json:{answer}"
    pipeline.put(new_events(count))
    pipeline.step()
    assert server.requests <= 2 * math.log2(count) + 2
    assert pipeline.buffer.stats().pending == count
    assert [(incident.kind, incident.events) for incident in pipeline.incidents] == [("parked", count)]
    assert "no event named" in pipeline.incidents[0].message
    first = server.requests
    for _ in range(3):
        pipeline.step()
    assert server.sizes[first:] == [1, 1, 1]
    server.always = None
    pipeline.run()
    assert len(server.ledger) == count
    assert pipeline.buffer.stats().dead == 0
    assert server.billed_once()


@pytest.mark.parametrize("place", [0, 1, 2, 499, 500, 999])
def test_a_bad_event_is_found_wherever_it_is(pipeline: Pipeline, server: FaultServer, place: int) -> None:
    server.names_bad = False
    events = new_events(1000)
    server.bad = {events[place].event_id}
    pipeline.put(events)
    pipeline.run()
    assert len(server.ledger) == 999
    assert [letter.event["event_id"] for letter in pipeline.buffer.dead_letters()] == [events[place].event_id]
    assert server.requests <= 22


def test_every_second_event_that_is_bad_is_found(pipeline: Pipeline, server: FaultServer) -> None:
    server.names_bad = False
    events = new_events(40)
    server.bad = {event.event_id for event in events[::2]}
    pipeline.put(events)
    pipeline.run(200)
    assert len(server.ledger) == 20
    assert {letter.event["event_id"] for letter in pipeline.buffer.dead_letters()} == server.bad


def test_a_bad_event_by_itself_is_dead_lettered_when_the_platform_has_taken_another(
    pipeline: Pipeline, server: FaultServer
) -> None:
    server.names_bad = False
    bad, good = new_events(2)
    server.bad = {bad.event_id}
    pipeline.put([bad])
    for _ in range(3):
        pipeline.step()
    assert pipeline.buffer.stats().pending == 1
    pipeline.put([good])
    pipeline.run(200)
    assert set(server.ledger) == {good.event_id}
    assert pipeline.buffer.stats().dead == 1


def test_halving_keeps_to_the_rate_limit(pipeline: Pipeline, server: FaultServer) -> None:
    server.names_bad = False
    server.limit, server.remaining, server.window = 8, 8, 3600.0
    events = new_events(1000)
    server.bad = {events[700].event_id}
    pipeline.put(events)
    pipeline.step()
    assert not server.limited
    assert server.requests <= 8


@pytest.mark.parametrize(("fault", "remedy"), [("401", "valid API key"), ("402", "next month")])
def test_a_refused_account_is_probed_with_one_event_now_and_then(
    pipeline: Pipeline, server: FaultServer, fault: str, remedy: str
) -> None:
    server.always = fault
    pipeline.put(new_events(5))
    started = pipeline.clock.now
    for _ in range(8):
        pipeline.step()
    assert server.sizes == [5, 1, 1, 1, 1, 1, 1, 1]
    assert pipeline.clock.now - started == pytest.approx(
        FIRST_PROBE_INTERVAL * (1 + 2 + 4 + 8 + 16) + 2 * MAX_PROBE_INTERVAL
    )
    assert [incident.kind for incident in pipeline.incidents] == ["parked"]
    assert remedy in pipeline.incidents[0].message
    server.always = None
    pipeline.run()
    assert len(server.ledger) == 5
    assert not pipeline.delivery.parked


def test_a_new_key_ends_the_wait_at_once(pipeline: Pipeline, server: FaultServer, client: ApiClient) -> None:
    client.configuration.access_token = "om_live_wrong"
    pipeline.put(new_events(2))
    pipeline.step()
    assert pipeline.delivery.next_at() > pipeline.clock.now
    client.configuration.access_token = "om_live_a2"
    assert pipeline.delivery.next_at() <= pipeline.clock.now
    pipeline.run()
    assert len(server.ledger) == 2


def test_a_new_keys_failures_are_followed_by_waits(pipeline: Pipeline, server: FaultServer, client: ApiClient) -> None:
    client.configuration.access_token = "om_live_wrong"
    pipeline.put(new_events(2))
    pipeline.step()
    client.configuration.access_token = "om_live_a2"
    server.always = "503"
    for _ in range(3):
        pipeline.step()
        assert pipeline.delivery.next_at() > pipeline.clock.now


def test_without_a_key_events_wait(pipeline: Pipeline, server: FaultServer, client: ApiClient) -> None:
    client.configuration.access_token = None
    pipeline.delivery._fingerprint = lambda: ""  # as the recorder's does without a key
    pipeline.put(new_events(2))
    pipeline.step()
    assert pipeline.incidents[0].kind == "parked"
    assert "no API key" in pipeline.incidents[0].message
    assert pipeline.buffer.stats().retrying == 2


@pytest.mark.parametrize("status", [404, 405, 307])
def test_a_wrong_address_parks_and_says_so(
    pipeline: Pipeline, server: FaultServer, client: ApiClient, status: int
) -> None:
    client.configuration.host = server.url + f"/status/{status}"
    pipeline.put(new_events(2))
    pipeline.step()
    assert pipeline.incidents[0].kind == "parked"
    assert "base URL" in pipeline.incidents[0].message


def test_a_quota_that_ends_within_a_request_is_used_up(pipeline: Pipeline, server: FaultServer) -> None:
    server.quota = 7
    pipeline.put(new_events(10))
    pipeline.run(4)
    assert len(server.ledger) == 7
    assert pipeline.delivery.parked
    assert pipeline.buffer.stats().retrying == 3


def test_the_platforms_quota_header_keeps_requests_small_enough(pipeline: Pipeline, server: FaultServer) -> None:
    server.quota = 12
    pipeline.put(new_events(3))
    pipeline.run()
    pipeline.put(new_events(20))
    pipeline.step()
    assert server.sizes == [3, 9]


def test_an_event_that_makes_the_server_fail_does_not_hold_up_the_others(
    pipeline: Pipeline, server: FaultServer
) -> None:
    events = new_events(16)
    server.poison = {events[0].event_id}
    pipeline.put(events)
    for _ in range(16):
        pipeline.step()
    assert len(server.ledger) == 15
    stats = pipeline.buffer.stats()
    assert stats.retrying == 1
    assert stats.dead == 0
    assert SET_ASIDE_SECONDS > 0


def test_a_retry_after_is_a_floor(pipeline: Pipeline, server: FaultServer) -> None:
    server.limit, server.remaining = 100, 1
    server.faults.append("429_bare")
    pipeline.put(new_events(1))
    pipeline.step()
    assert pipeline.delivery.next_at(urgent=True) - pipeline.clock.now == pytest.approx(61.0)


def test_a_long_outage_is_reported_once(
    pipeline: Pipeline, server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "openmonetize.metering")
    server.faults.extend(["500", "reset", "html502", "429"] * 5)
    pipeline.put(new_events(3))
    pipeline.run(60)
    assert pipeline.buffer.stats().pending == 0
    messages = [record.message for record in caplog.records if record.name == "openmonetize.metering"]
    assert len(messages) == 2
    assert "kept for later" in messages[0]
    assert "delivered again" in messages[1]


def test_a_callback_that_raises_does_not_matter(client: ApiClient, server: FaultServer) -> None:
    def broken(_: Any) -> None:
        raise RuntimeError("mine")

    pipeline = Pipeline(client)
    buffer = pipeline.buffer
    delivery = Delivery(lambda batch: send_batch(client, batch.wires), buffer, Incidents(broken, broken))
    pipeline.put(new_events(1))
    assert delivery.step() == 1
    assert buffer.stats().accepted == 1


def test_an_unexpected_error_keeps_the_events(pipeline: Pipeline) -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError

    pipeline.put(new_events(1))
    assert Delivery(broken, pipeline.buffer, Incidents()).step() == 1
    assert pipeline.buffer.stats().retrying == 1


def test_the_retry_budget_slows_a_long_failure_down(pipeline: Pipeline, server: FaultServer) -> None:
    server.always = "503"
    pipeline.put(new_events(1))
    for _ in range(101):
        pipeline.step()
    before = pipeline.clock.now
    pipeline.step()
    assert pipeline.delivery.next_at() - max(before, pipeline.clock.now) == pytest.approx(30.0)
