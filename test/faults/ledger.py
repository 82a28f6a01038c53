"""What the fault server does when it is well: it bills, once for each idempotency key, and keeps a ledger."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

KEY = "om_live_5ecret0123456789abcdef"
AMOUNT = 5  # credits of each grant


@dataclass
class Request:
    """One request, as it was received.

    Attributes:
        line: the request line.
        headers: its headers, by names in lower case.
        body: its body.
        clear: whether it came in clear text from another machine's point of view: to a proxy, outside of a tunnel.
        served: how many requests the same connection had answered before.
    """

    line: str
    headers: dict[str, str]
    body: bytes
    clear: bool = False
    served: int = 0

    @property
    def method(self) -> str:
        return self.line.split()[0]

    @property
    def target(self) -> str:
        return self.line.split()[1]

    def has_key(self) -> bool:
        return KEY in self.line or any(KEY in value for value in self.headers.values())


class Platform:
    """A ledger of what was asked for and what was done.

    Attributes:
        requests: all that were received as a whole, but for those that ask whose a key is.
        event_keys: by an event's number, the idempotency keys that it was billed under.
        grants: how often each idempotency key of a grant came; "" stands for grants without one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests: list[Request] = []
        self.event_keys: dict[int, set[str]] = {}
        self.grants: Counter[str] = Counter()

    def note(self, request: Request) -> None:
        """Note that a request came."""
        with self._lock:
            self.requests.append(request)

    def process(self, request: Request) -> tuple[int, bytes]:
        """Do what a request asks for, and return the status and the body of the answer."""
        status, answer = self._answer(request)
        return status, json.dumps(answer).encode()

    def _answer(self, request: Request) -> tuple[int, Any]:
        path = request.target.partition("?")[0]
        if path.endswith("/v1/customers/me"):
            return 200, {"data": {"id": "cust-1", "name": "n", "email": "e@example.com"}}
        if path.endswith("/v1/events/ingest"):
            return self._ingest(json.loads(request.body)["events"])
        if path.endswith("/v1/credits/grant"):
            with self._lock:
                self.grants[json.loads(request.body).get("idempotencyKey") or ""] += 1
            return 200, {"data": {"walletId": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "balance": "15"}}
        numbers = {"balance": "10", "reservedBalance": "0", "availableBalance": "10"}
        return 200, {"data": {**numbers, "currency": "credits"}}

    def _ingest(self, events: list[dict[str, Any]]) -> tuple[int, Any]:
        duplicates = 0
        with self._lock:
            for event in events:
                keys = self.event_keys.setdefault(event["metadata"]["number"], set())
                duplicates += event["idempotency_key"] in keys
                keys.add(event["idempotency_key"])
        accepted = len(events) - duplicates
        counts = {"accepted": accepted, "rejected": 0, "duplicates": duplicates}
        return (202 if accepted else 200), {**counts, "batch_id": "b-1", "status": "processing"}

    def events_billed(self) -> int:
        """Return how often events were billed: more than there are, if one was billed twice."""
        with self._lock:
            return sum(map(len, self.event_keys.values()))

    def grants_made(self) -> int:
        """Return how many grants were booked."""
        with self._lock:
            return len([key for key in self.grants if key]) + self.grants[""]
