"""Bill what is in topics of Kafka: each message once, whatever ends, restarts, or is read again.

    source = KafkaSource(om, {"bootstrap.servers": "kafka:9092", "group.id": "billing"}, ["usage"],
                         dead_letters="/var/lib/app/usage.dead.jsonl")
    signal.signal(signal.SIGTERM, lambda *_: source.stop())
    source.run()
    source.close()

A message's offset is committed after its event is safe, never before:

- with ``OpenMonetize(outbox=...)`` when it is in the outbox. The outbox delivers it, in this process or another.
- without an outbox when the platform has it: the messages themselves are what a crash is survived by. Each batch then
  waits for its delivery. So it is too while the outbox's disk takes nothing.

So a message may be read several times (a crash before the commit, a rebalance, a replay), and its event has the same id
each time, under which the platform bills it once. See `message_event_id` for where the id comes from.

``durability="process"`` (the default) survives any end of the process, and not a loss of power of the machine, which
may take the last events out of the outbox that are committed already; ``durability="power"`` survives that too.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple, Union
from urllib.parse import parse_qsl, unquote, urlsplit

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from openmonetize.client import OpenMonetize
from openmonetize.events.ids import derive_id, is_uuid
from openmonetize.events.model import EventModel
from openmonetize.exceptions import ApiException, ApiTypeError, ApiValueError
from openmonetize.integrations._kafka_dead_letters import TOPIC_PREFIX, open_dead_letters
from openmonetize.metering import BufferFull, MeteringError, OutboxError, Recorder
from openmonetize.providers import Usage, event_id_for

_LOG = logging.getLogger("openmonetize.kafka")
_BATCH = 500  # messages
_POLL = 0.5  # seconds that a batch is waited for, after which a stop is noticed
_PAUSE, _LONGEST_PAUSE = 1.0, 16.0  # seconds before another attempt: the first, and those of a long outage
_FLUSH = 5.0  # seconds
_NEVER = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED)

# What a message may be turned into: the fields of an event, or a provider's usage, alone or with arguments of
# `OpenMonetize.track_usage`. None if there is nothing to bill.
Decoded = Union[Mapping[str, Any], EventModel, Usage, "tuple[Usage, Mapping[str, Any]]", None]
Decode = Callable[[Message], Decoded]


class Counts(NamedTuple):
    """What became of messages.

    Attributes:
        messages: messages that were read.
        recorded: events that were recorded. Those that the platform had already are among them.
        skipped: messages without anything to bill: without a value, or those that ``decode`` returned None for.
        dead_letters: messages that cannot be billed, and events that the platform refused.
    """

    messages: int = 0
    recorded: int = 0
    skipped: int = 0
    dead_letters: int = 0


class KafkaSource:
    """Reads topics, and records an event for each message. One thread runs it; several processes may share a group.

    Args:
        om: records the events; enabled, and not with ``on_full="drop_newest"``.
        settings: of the consumer, those of librdkafka: ``bootstrap.servers`` and ``group.id`` at the least. It does not
            commit by itself. A new group begins with the first message (``auto.offset.reset`` is ``earliest``), since
            what is produced before it is there, or to new partitions, has to be billed too. A `Consumer` is not taken:
            it does not say whether it commits by itself.
        topics: names; those that begin with ``^`` are regular expressions.
        dead_letters: for messages that cannot be billed: the path of a file of JSON Lines, or ``kafka:NAME``, a topic.
            They are committed when they are there.
        decode: turns a message into what is to be recorded, see ``Decoded``. By default the value is JSON, with the
            fields of an event (``event_type``, ``user_id``, ...). What it raises makes a dead letter. It should return
            the same each time.
        source: a part of the ids that derive from where a message is. Topics of the same name need different ones if
            they are of different clusters, and also if a topic was deleted and made anew: its offsets begin again.
        id_field: the field of the decoded event that is its id, such as an order's number.
        id_header: the header that is the event's id. Without a value there a message is a dead letter, and so with
            ``id_field``.
        from_beginning: begin with the first message of each partition, whatever was committed. What is billed already
            is not billed again.
        batch_size: messages that are committed together, at the most.

    Raises:
        ApiTypeError, ApiValueError: an argument cannot be used.
        OSError: the file of dead letters cannot be opened.
        KafkaException: a setting is refused.
    """

    def __init__(
        self,
        om: OpenMonetize,
        settings: Mapping[str, Any],
        topics: Sequence[str],
        *,
        dead_letters: str | os.PathLike[str],
        decode: Decode | None = None,
        source: str = "kafka",
        id_field: str | None = None,
        id_header: str | None = None,
        from_beginning: bool = False,
        batch_size: int = _BATCH,
    ) -> None:
        self._om = om
        self._recorder = _checked_recorder(om)
        own = _checked_settings(settings)
        self._topics = _checked_topics(topics, os.fspath(dead_letters))
        if id_field is not None and id_header is not None:
            raise ApiTypeError("id_field and id_header exclude each other")
        self._decode = decode or json_event
        self._source = source
        self._id_field, self._id_header = id_field, id_header
        self._from_beginning = from_beginning
        self._batch_size = batch_size
        self._incremental = "cooperative" in str(own.get("partition.assignment.strategy")) or (
            own.get("group.protocol") == "consumer"
        )
        self._customer_id: str | None = None
        self._stopped = False
        self._stop: Callable[[], bool] = lambda: False
        self._counts = Counts()
        self._waiting: deque[Message] = deque()  # read, and neither recorded nor a dead letter yet
        self._handled: dict[tuple[str, int], int] = {}  # the next offset by partition: recorded, and not committed yet
        self._unsaved: dict[str, Message] = {}  # by event id: what the platform may still refuse, and no outbox keeps
        self._begun: set[tuple[str, int]] = set()
        self._told: set[str] = set()
        self._failures = 0  # attempts that failed one after another
        self._dead_letters = open_dead_letters(dead_letters, own)
        self._consumer = Consumer(own, logger=_LOG)
        self._subscribed = False

    @property
    def counts(self) -> Counts:
        """What became of the messages so far."""
        return self._counts

    def check(self, timeout: float = 10.0) -> None:
        """Make sure that a broker answers, for a service's start.

        Args:
            timeout: seconds to wait at the most.

        Raises:
            KafkaException: none does.
        """
        self._consumer.list_topics(timeout=timeout)

    def stop(self) -> None:
        """Have :meth:`run` return after what it is doing. Signal handlers and other threads may call it."""
        self._stopped = True

    def run(self, stop: Callable[[], bool] | None = None, *, max_messages: int | None = None) -> Counts:
        """Read and record until it is stopped. What it has recorded is committed then. It can be run again.

        Nothing is lost where it has to wait: for room in the buffer, for a disk, for the platform. If that takes longer
        than ``max.poll.interval.ms`` the group gives its partitions to others, which changes nothing.

        Args:
            stop: asked several times a second whether to stop, such as an event's ``is_set``.
            max_messages: stop after so many.

        Returns:
            What became of the messages since the source was made.

        Raises:
            KafkaException: the consumer cannot go on: a broker refuses it for good, or it was fenced off.
            ApiException: the platform refuses the key.
            MeteringError: ``om`` is closed.
        """
        self._stopped = False
        self._stop = stop or (lambda: False)
        if not self._identify():
            return self._counts
        if not self._subscribed:
            self._consumer.subscribe(
                self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
            self._subscribed = True
        left = max_messages
        while not self._asked() and left != 0:
            if not self._waiting:
                size = self._batch_size if left is None else min(left, self._batch_size)
                self._waiting.extend(self._sound(self._consumer.consume(size, _POLL)))
            if left is not None:
                left -= min(left, len(self._waiting))
            while self._waiting and self._handle(self._waiting[0]):
                message = self._waiting.popleft()
                self._handled[message.topic(), message.partition()] = message.offset() + 1
            if self._handled and self._settle():
                self._commit()
        return self._counts

    def close(self) -> None:
        """Leave the group. What is recorded and safe is committed; ``om`` is left open."""
        if self._handled and self._is_safe():
            self._commit()
        self._consumer.close()
        self._dead_letters.close()

    def __enter__(self) -> KafkaSource:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # Waiting

    def _asked(self) -> bool:
        return self._stopped or self._stop()

    def _again(self, why: object) -> bool:
        """Wait before another attempt. Return False if the loop is to stop instead."""
        self._tell(f"waiting, and nothing is committed meanwhile: {why}")
        until = time.monotonic() + min(_PAUSE * 2**self._failures, _LONGEST_PAUSE)
        self._failures = min(self._failures + 1, 10)
        while time.monotonic() < until and not self._asked():
            time.sleep(0.05)
        return not self._asked()

    def _tell(self, text: str) -> None:
        """Log a text once."""
        if text not in self._told:
            self._told.add(text)
            _LOG.warning("%s", text)

    def _identify(self) -> bool:
        """Learn whose events these are, a part of their ids. Return False if the loop is to stop instead."""
        while self._customer_id is None:
            try:
                self._customer_id = self._recorder.require_customer() or self._om.customer_id
            except ApiException as error:
                if error.status is not None and error.status < 500 and error.status != 429:
                    raise
                if not self._again(error):
                    return False
        return True

    # Messages

    def _sound(self, messages: Iterable[Message]) -> list[Message]:
        """Return the messages that are no errors. Errors that pass by themselves are logged once."""
        sound = []
        for message in messages:
            error = message.error()
            if error is None:
                sound.append(message)
            elif error.fatal() or error.code() in _NEVER:
                raise KafkaException(error)
            elif error.code() != KafkaError._PARTITION_EOF:
                self._tell(f"Kafka: {error.str()}")
        return sound

    def _handle(self, message: Message) -> bool:
        """Record a message, or write it to the dead letters. Return False if the loop is to stop instead."""
        while True:
            try:
                event_id = self._record(message)
            except (BufferFull, OutboxError) as error:
                if not self._om.flush(_FLUSH) and not self._again(error):  # the flush makes room at once
                    return False
            except MeteringError:
                raise
            except Exception as error:  # one message must not keep the others from being billed
                return self._bury(message, f"{type(error).__name__}: {error}")
            else:
                self._failures = 0
                counts = self._counts
                if event_id is None:
                    self._counts = counts._replace(messages=counts.messages + 1, skipped=counts.skipped + 1)
                else:
                    self._unsaved[event_id] = message
                    self._counts = counts._replace(messages=counts.messages + 1, recorded=counts.recorded + 1)
                return True

    def _bury(self, message: Message, reason: str, messages: int = 1) -> bool:
        """Write a message to the dead letters. Return False if the loop is to stop instead."""
        while True:
            try:
                self._dead_letters.write(message, reason)
            except (OSError, KafkaException) as error:
                if not self._again(f"dead letters cannot be written: {error}"):
                    return False
            else:
                break
        _LOG.warning("%s is a dead letter: %s", _place(message), reason)
        counts = self._counts
        self._counts = counts._replace(messages=counts.messages + messages, dead_letters=counts.dead_letters + 1)
        return True

    def _record(self, message: Message) -> str | None:
        """Record what a message says. Return the event's id on the wire; None if there is nothing to bill."""
        decoded = self._decode(message)
        if decoded is None:
            return None
        if isinstance(decoded, Usage):
            decoded = decoded, {}
        if isinstance(decoded, tuple):
            usage, arguments = decoded
            fields = self._complete(message, arguments, event_id_for(usage))
            fields.pop("customer_id", None)
            return self._om.track_usage(usage, **fields)
        if isinstance(decoded, EventModel):  # without what the model has made up itself
            decoded = {name: value for name, value in decoded.to_dict().items() if name in decoded.model_fields_set}
        if not isinstance(decoded, Mapping):
            raise ApiTypeError(f"decode must return an event, a Usage or None, not {type(decoded).__name__}")
        return self._om.track(self._complete(message, decoded, None))

    def _complete(self, message: Message, fields: Mapping[str, Any], derived: str | None) -> dict[str, Any]:
        """Return the fields of an event with its id and time.

        Args:
            derived: the id that another layer of the program would give it.
        """
        event = dict(fields)
        named: Any = event.get("event_id")
        if self._id_field is not None:
            named = _named(event.pop(self._id_field, None), f"the field {self._id_field!r}")
        elif self._id_header is not None:
            named = _named(dict(message.headers() or ()).get(self._id_header), f"the header {self._id_header!r}")
        if named:
            event["event_id"] = named
            unowned = not event.get("customer_id") and not self._om.configuration.id_namespace
            if unowned and isinstance(named, str) and not is_uuid(named.lower()):
                event["customer_id"] = self._customer_id
        elif derived is None:
            event["event_id"] = message_event_id(
                str(self._customer_id), self._source, message.topic(), message.partition(), message.offset()
            )
        if event.get("timestamp") is None:  # the same each time that the message is read
            kind, milliseconds = message.timestamp()
            if kind and milliseconds >= 0:
                seconds, rest = divmod(milliseconds, 1000)
                moment = datetime.fromtimestamp(seconds, timezone.utc)
                event["timestamp"] = moment.replace(microsecond=rest * 1000)
        return event

    # Safety and commits

    def _is_safe(self) -> bool:
        """Return whether the end of this process would lose none of the recorded events."""
        return not self._recorder.in_memory() and self._bury_refused()

    def _settle(self) -> bool:
        """Wait until the recorded events are safe. Return False if the loop is to stop before that."""
        while self._recorder.in_memory() and not self._om.flush(_FLUSH):
            if not self._again("the platform does not take the events"):
                return False
        self._failures = 0
        return self._bury_refused()

    def _bury_refused(self) -> bool:
        """Write to the dead letters what the platform has refused and no outbox keeps."""
        for letter in self._recorder.refused_in_memory() if self._unsaved else ():
            message = self._unsaved.pop(str(letter.event.get("event_id")), None)
            if message is not None and not self._bury(message, f"the platform refused it: {letter.reason}", 0):
                self._unsaved[str(letter.event.get("event_id"))] = message
                return False
        self._unsaved.clear()
        return True

    def _commit(self) -> None:
        """Commit what is handled. What fails is tried again with the next batch."""
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in self._handled.items()]
        try:
            done = self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:  # the partitions may be another's by now: it will read the messages again
            self._tell(f"Kafka: the commit failed: {error.args[0].str()}")
            if error.args[0].fatal():
                raise
            return
        for one in done or ():
            if one.error is None:
                self._handled.pop((one.topic, one.partition), None)
            else:
                self._tell(f"Kafka: the commit failed: {one.error.str()}")

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if not self._from_beginning:
            return
        for one in partitions:
            if (one.topic, one.partition) not in self._begun:
                self._begun.add((one.topic, one.partition))
                one.offset = OFFSET_BEGINNING
        if self._incremental:
            consumer.incremental_assign(partitions)
        else:
            consumer.assign(partitions)

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Commit what is recorded and safe, before other consumers get the partitions."""
        if self._handled and self._is_safe():
            self._commit()
        self._on_lost(consumer, partitions)

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Forget what another consumer commits from now on."""
        for one in partitions:
            self._handled.pop((one.topic, one.partition), None)


def message_event_id(customer_id: str, source: str, topic: str, partition: int, offset: int) -> str:
    """Return the id of the event of a message that names none.

    It is the UUID (version 5, RFC 9562) of the text ``openmonetize.kafka``, source, topic, partition and offset, parted
    by line feeds, in the namespace of the customer, which is itself a UUID of version 5 (of the customer's id, in the
    namespace 6d3c1f0e-2a57-5b7e-9c1d-0f6f5d0f7a11). Nothing else is a part of it, neither brokers nor groups. It is the
    same in all releases.

    Args:
        customer_id: the customer behind the key.
        source: the source's name.
        topic, partition, offset: where the message is.
    """
    return derive_id(customer_id, f"openmonetize.kafka\n{source}\n{topic}\n{partition}\n{offset}")


def json_event(message: Message) -> dict[str, Any] | None:
    """Return the event that a message's value is, as JSON; None if it has no value.

    Raises:
        ValueError: it is no JSON object.
    """
    value = message.value()
    if value is None:
        return None
    event = json.loads(value)
    if not isinstance(event, dict):
        raise ValueError("the value is JSON, but not an object")
    return event


def read_url(url: str) -> tuple[dict[str, str], list[str]]:
    """Return the settings and the topics of ``kafka://host:9092,host:9092/topic,topic?group=NAME&setting=value``.

    Raises:
        ApiValueError: it is not of that form.
    """
    parts = urlsplit(url)
    topics = [unquote(topic) for topic in parts.path.strip("/").split(",") if topic]
    if parts.scheme != "kafka" or not parts.netloc or "@" in parts.netloc or not topics:
        raise ApiValueError(f"{url.rpartition('@')[2]!r} is not of the form kafka://HOST:PORT/TOPIC?group=NAME")
    settings = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "group" in settings:
        settings["group.id"] = settings.pop("group")
    return {**settings, "bootstrap.servers": parts.netloc}, topics


def _checked_recorder(om: OpenMonetize) -> Recorder:
    recorder = om._recorder
    if not isinstance(recorder, Recorder):
        raise ApiValueError("this OpenMonetize is disabled and records nothing: committed messages would be lost")
    if recorder.drops_newest:
        raise ApiValueError("with on_full='drop_newest' committed messages would be lost: use 'block', or an outbox")
    return recorder


def _checked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(settings, Mapping):
        raise ApiTypeError(
            f"settings must be a dict of librdkafka's settings, not {type(settings).__name__}: a Consumer does not say "
            "whether it commits by itself"
        )
    if not settings.get("group.id"):
        raise ApiValueError("group.id is missing from the settings: the group whose offsets are committed")
    if str(settings.get("enable.auto.commit", False)).lower() != "false":
        raise ApiValueError("enable.auto.commit commits messages before they are recorded: leave it out")
    # A broker that is away is tried every second, and logged as often: librdkafka would do so ten times as often.
    usual = {"auto.offset.reset": "earliest", "reconnect.backoff.ms": 1000}
    return {**usual, **settings, "enable.auto.commit": False}


def _checked_topics(topics: Sequence[str], dead_letters: str) -> list[str]:
    if isinstance(topics, str) or not topics:
        raise ApiTypeError('topics must be a list of names, such as ["usage"]')
    if dead_letters.startswith(TOPIC_PREFIX):
        dead = dead_letters[len(TOPIC_PREFIX) :]
        if any(re.search(topic, dead) if topic.startswith("^") else topic == dead for topic in topics):
            raise ApiValueError(f"the dead letters in {dead!r} would be read again: it is one of the topics")
    return list(topics)


def _named(value: Any, place: str) -> str:
    """Return an id as text."""
    if isinstance(value, bytes):
        value = value.decode("utf-8")
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise ApiValueError(f"{place} is missing or no text, which identifies the event")
    return str(value)


def _place(message: Message) -> str:
    return f"{message.topic()} [{message.partition()}] offset {message.offset()}"
