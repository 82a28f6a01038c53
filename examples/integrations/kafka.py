"""Bill the messages of a Kafka topic. Run it: it starts a broker and a sandbox of its own.

For your service: `consume` below, with your broker, and the key in OPENMONETIZE_API_KEY.
"""

from __future__ import annotations

import json
import signal
import tempfile
from pathlib import Path

from confluent_kafka import Producer

from openmonetize import OpenMonetize
from openmonetize.integrations.kafka import Counts, KafkaSource
from openmonetize.sandbox import Sandbox


def consume(om: OpenMonetize, brokers: str, dead_letters: Path, max_messages: int | None = None) -> Counts:
    """Record an event for each message of the topic ``usage`` until SIGTERM. Each is billed once."""
    settings = {"bootstrap.servers": brokers, "group.id": "billing"}
    with KafkaSource(om, settings, ["usage"], dead_letters=dead_letters) as source:
        signal.signal(signal.SIGTERM, lambda *_: source.stop())
        return source.run(max_messages=max_messages)


def produce(producer: Producer) -> None:
    """Do what your services do: write what was used."""
    for page in range(3):
        event = {"event_type": "CUSTOM", "unit_type": "page", "quantity": 1, "feature_id": "ocr", "user_id": "acme_ada"}
        producer.produce("usage", json.dumps({**event, "metadata": {"page": page}}))
    producer.produce("usage", "this is no event")
    producer.flush()


def main() -> None:
    producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "ignored", "log_level": 0})
    brokers = ",".join(f"{one.host}:{one.port}" for one in producer.list_topics(timeout=10).brokers.values())
    produce(producer)
    with tempfile.TemporaryDirectory() as folder, Sandbox() as sandbox:
        dead_letters = Path(folder, "dead-letters.jsonl")
        with OpenMonetize(sandbox.key, sandbox.url, outbox=Path(folder, "outbox")) as om:
            om.credits.grant(user_id="acme_ada", amount=1000)
            counts = consume(om, brokers, dead_letters, max_messages=4)
        print(f"{counts.messages} messages, {counts.recorded} recorded, {len(sandbox.events())} events billed")
        print(f"{sandbox.billed()} credits")
        print("not billed:", json.loads(dead_letters.read_text())["reason"])


if __name__ == "__main__":
    main()
