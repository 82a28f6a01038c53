"""Where messages of Kafka go that cannot be billed: a file of JSON Lines, or a topic."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Protocol

from confluent_kafka import KafkaException, Message, Producer

TOPIC_PREFIX = "kafka:"
_TIMEOUT = 30.0  # seconds that the brokers may take to store a dead letter
# Settings of a consumer that its producer has to share, to reach the same brokers.
_SHARED = ("bootstrap.servers", "metadata.broker.list", "security.protocol", "client.id", "client.dns.lookup")
_SHARED_PREFIXES = ("sasl.", "ssl.", "enable.ssl.", "socket.", "broker.")


class DeadLetters(Protocol):
    """Takes messages that cannot be billed. A message is safe there when ``write`` returns."""

    def write(self, message: Message, reason: str) -> None:
        """Write a message. Raises OSError or KafkaException if that is impossible now."""

    def close(self) -> None:
        """End it."""


class DeadLetterFile:
    """A file that grows by one line of JSON for each message; several processes may share it.

    Args:
        path: the file; it is made if it is missing, and only its user may read it.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, message: Message, reason: str) -> None:
        """Write a message to the disk. It may be there twice, if the process ends before it is committed."""
        line = json.dumps(_described(message, reason), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        written = os.write(self._fd, line)  # at once, so that processes do not mix their lines
        if written < len(line):
            os.write(self._fd, b"\n")  # it is written again as a whole, on a line of its own
            raise OSError(f"{written} of {len(line)} bytes were written")
        os.fsync(self._fd)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


class DeadLetterTopic:
    """A topic that gets each message as it was, with headers that say where it was and why it is there.

    Args:
        topic: its name.
        settings: those of the consumer, for the way to the brokers.
    """

    def __init__(self, topic: str, settings: Mapping[str, Any]) -> None:
        shared = {
            name: value for name, value in settings.items() if name in _SHARED or name.startswith(_SHARED_PREFIXES)
        }
        self._producer = Producer({**shared, "acks": "all", "message.timeout.ms": round(_TIMEOUT * 1000)})
        self.topic = topic

    def write(self, message: Message, reason: str) -> None:
        """Send a message, and wait until all brokers have it."""
        errors: list[Any] = []
        where = f"{message.topic()}/{message.partition()}/{message.offset()}"
        headers = [*(message.headers() or ()), ("openmonetize.from", where), ("openmonetize.reason", reason)]
        try:
            self._producer.produce(
                self.topic,
                message.value(),
                message.key(),
                headers=headers,
                on_delivery=lambda error, _: errors.append(error),
            )
        except BufferError as error:
            raise OSError(str(error)) from None
        self._producer.flush(_TIMEOUT + 1)
        if errors != [None]:
            raise KafkaException(*errors) if errors else OSError("the brokers do not answer")

    def close(self) -> None:
        """End what is still being sent."""
        self._producer.flush(1)


def open_dead_letters(place: str | os.PathLike[str], settings: Mapping[str, Any]) -> DeadLetters:
    """Return where to write to.

    Args:
        place: a path, or ``kafka:NAME`` for a topic.
        settings: those of the consumer.

    Raises:
        OSError: the file cannot be opened.
    """
    name = os.fspath(place)
    if name.startswith(TOPIC_PREFIX):
        return DeadLetterTopic(name[len(TOPIC_PREFIX) :], settings)
    return DeadLetterFile(name)


def _described(message: Message, reason: str) -> dict[str, Any]:
    """Return a message as a line of the file."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    kind, milliseconds = message.timestamp()
    return {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "timestamp": milliseconds if kind else None,
        "reason": reason,
        "at": now.replace("+00:00", "Z"),
        **_text("key", message.key()),
        **_text("value", message.value()),
        "headers": [{"name": name, **_text("value", value)} for name, value in message.headers() or ()],
    }


def _text(name: str, value: Any) -> dict[str, Any]:
    """Return bytes as text where they are, else in base64 under another name."""
    if value is None or isinstance(value, str):
        return {name: value}
    try:
        return {name: value.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value).decode("ascii")}
