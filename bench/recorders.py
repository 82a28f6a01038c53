"""Recorders to compare: each takes the same usage event and delivers it in the background.

Every function makes one of them, for a server's URL, and returns a function that records event number n and one that
delivers everything and ends; ours takes the most seconds for that. The libraries are imported late, because no
environment has all of them.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from fixtures import CUSTOMER, INGEST_PATH, KEY

Recorder = tuple[Callable[[int], object], Callable[..., Any]]

MAX_BUFFERED = 200_000  # events that each may buffer
_MAX_OUTBOX_BYTES = 8 * 2**30
_CLOSE_TIMEOUT = 60.0  # seconds
_USER = "acme_user_456"
_FACTS: dict[str, Any] = {
    "feature_id": "chat-completion",
    "provider": "OPENAI",
    "model": "gpt-4o",
    "input_tokens": 1000,
    "output_tokens": 500,
}


def floor(url: str) -> Recorder:
    """Make the least: a pydantic model, a queue, a background post. Id and time are given; nothing is retried."""
    return _by_hand(url, lambda number: f"{number:08x}-1f2a-4c7e-8a95-d4e60b7f1c23", lambda: "2026-11-23T09:31:05.000Z")


def by_hand(url: str) -> Recorder:
    """Make the same, with an id and a time for each event."""
    return _by_hand(
        url, lambda _: str(uuid.uuid4()), lambda: datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
    )


def _by_hand(url: str, new_id: Callable[[int], str], now: Callable[[], str]) -> Recorder:
    from clients import by_hand

    request = by_hand.connect(url)
    to_json = by_hand.TokenUsage.__pydantic_serializer__.to_json
    queue: deque[bytes] = deque()
    full, done = threading.Event(), threading.Event()

    def send() -> None:
        while not done.is_set() or queue:
            full.wait(5.0)
            full.clear()
            while len(queue) >= 1000 or (done.is_set() and queue):
                body = b'{"events":[' + b",".join([queue.popleft() for _ in range(min(1000, len(queue)))]) + b"]}"
                response = request("POST", INGEST_PATH, body=body, headers=by_hand.EVENT_HEADERS)
                by_hand.Accepted.model_validate_json(response.data)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()

    def record(number: int) -> None:
        event = by_hand.TokenUsage(
            event_id=new_id(number),
            timestamp=now(),
            user_id=_USER,
            metadata={"trace": number},
            **_FACTS,
        )
        queue.append(to_json(event, exclude_none=True))
        if len(queue) >= 1000:
            full.set()

    def finish() -> None:
        done.set()
        full.set()
        thread.join()

    return record, finish


def memory(url: str, **settings: Any) -> Recorder:
    """Make a `Recorder`; an event model is built for each event."""
    from openmonetize import ApiClient, Configuration, TokenUsageEvent
    from openmonetize.metering import Recorder as OurRecorder

    configuration = Configuration(url, {"bearerAuth": KEY})
    recorder = OurRecorder(ApiClient(configuration), max_events=MAX_BUFFERED, max_bytes=2**30, **settings)

    def record(number: int) -> None:
        recorder.record(TokenUsageEvent(user_id=_USER, metadata={"trace": number}, **_FACTS))

    return record, lambda timeout=_CLOSE_TIMEOUT: recorder.close(timeout)


def client(url: str, **settings: Any) -> Recorder:
    """Make an `OpenMonetize`, whose `track_token_usage` keeps events in memory."""
    from openmonetize import OpenMonetize

    om = OpenMonetize(KEY, url, customer_id=CUSTOMER, max_events=MAX_BUFFERED, max_bytes=2**30, **settings)

    def record(number: int) -> None:
        om.track_token_usage(user_id=_USER, metadata={"trace": number}, **_FACTS)

    return record, lambda timeout=_CLOSE_TIMEOUT: om.close(timeout)


def outbox(url: str, path: str, **settings: Any) -> Recorder:
    """Make the same with an outbox: events are kept on disk until they are delivered."""
    return client(url, outbox=path, outbox_max_bytes=_MAX_OUTBOX_BYTES, **settings)


def posthog(url: str) -> Recorder:
    """Make PostHog's client."""
    from posthog import Posthog

    client = Posthog(KEY, host=url, max_queue_size=MAX_BUFFERED, disable_geoip=True)

    def record(number: int) -> None:
        client.capture("usage", distinct_id=_USER, properties={**_FACTS, "trace": number})

    return record, client.shutdown


def segment(url: str) -> Recorder:
    """Make Segment's client."""
    from segment.analytics.client import Client

    client = Client(KEY, host=url, max_queue_size=MAX_BUFFERED)

    def record(number: int) -> None:
        client.track(_USER, "usage", {**_FACTS, "trace": number})

    def finish() -> None:
        client.flush()
        client.join()

    return record, finish


def otel(url: str) -> Recorder:
    """Make OpenTelemetry's batching log processor with its exporter over HTTP."""
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(
        BatchLogRecordProcessor(OTLPLogExporter(endpoint=f"{url}/v1/logs"), max_queue_size=MAX_BUFFERED)
    )
    logger = provider.get_logger("bench")

    def record(number: int) -> None:
        logger.emit(body="usage", attributes={**_FACTS, "user_id": _USER, "trace": number})

    def finish() -> None:
        provider.force_flush(60_000)
        provider.shutdown()

    return record, finish
