"""The platform's part of ingest: a ledger that bills each idempotency key once."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from openmonetize import TokenUsageEvent

from .loopback import Exchange, Responder, message


def event(**fields: Any) -> TokenUsageEvent:
    return TokenUsageEvent(
        **{"user_id": "acme_1", "feature_id": "chat", "provider": "OPENAI", "model": "gpt-4o", **fields}
    )


class Ledger:
    """Answers ``POST /v1/events/ingest`` as the platform does.

    Attributes:
        billed: how often each event id was billed.
        batches: the events of each request.
        faults: what answers instead, by the number of the request, from 1.
        after: the same, but the events are billed before.
    """

    def __init__(
        self,
        faults: dict[int, Responder] | None = None,
        after: dict[int, Responder] | None = None,
        closes: bool = False,
    ) -> None:
        self.faults = faults or {}
        self.after = after or {}
        self.closes = closes
        self.billed: Counter[str] = Counter()
        self.batches: list[list[dict[str, Any]]] = []
        self.sizes: list[int] = []
        self._keys: dict[str, str] = {}
        self._lock = threading.Lock()

    @property
    def billed_once(self) -> bool:
        return all(count == 1 for count in self.billed.values())

    def __call__(self, exchange: Exchange) -> bool | None:
        events = exchange.request.json["events"]
        with self._lock:
            self.batches.append(events)
            self.sizes.append(len(exchange.request.body))
            number = len(self.batches)
            if number in self.faults:
                return self.faults[number](exchange)
            new = [one for one in events if one["idempotency_key"] not in self._keys]
            for one in new:
                self._keys[one["idempotency_key"]] = one["event_id"]
                self.billed[one["event_id"]] += 1
        if number in self.after:
            return self.after[number](exchange)
        counts = {"accepted": len(new), "rejected": 0, "duplicates": len(events) - len(new)}
        if new:
            body = {**counts, "batch_id": f"batch-{number}", "status": "processing", "processing_time_ms": 1}
            exchange.send(message(202, body))
        else:
            exchange.send(message(200, {**counts, "batch_id": None, "status": "all_duplicates", "message": "seen"}))
        return not self.closes
