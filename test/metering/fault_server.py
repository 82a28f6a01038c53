"""A small platform on loopback that keeps a ledger and fails on demand."""

from __future__ import annotations

import json
import math
import random
import re
import socket
import struct
import threading
import time
from collections import Counter, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HTML = b"<html><body><h1>Welcome to the airport Wi-Fi</h1></body></html>"

# Every way in which a request can fail although its events are valid.
TRANSIENT = (
    "429", "429_bare", "500", "500_after", "reset", "reset_after", "timeout", "timeout_after", "truncated", "empty",
    "html200", "html502", "html403", "503",
)  # fmt: skip


class FaultServer:
    """A server like the platform: it bills an event once, by idempotency key and id.

    Attributes:
        faults: one is used per ingest request, oldest first; None is a good response. "413" spares billed events,
            "json:403:{}" is a response of that status and body.
        ledger: the events that were billed, by id.
        billed: how often each id was billed.
        sizes: events in each ingest request.
        keys: key -> customer; other keys get 401.
        poison: ids that make the server fail with 500.
        bad: ids that are refused with 400, naming the index or not.
        limit, window: requests that are taken in a window of so many seconds; others get 429. None: all are taken.
        remaining: requests that are still taken in the present window.
        windows: requests taken in each window so far.
        limited: requests that were not taken.
    """

    def __init__(self) -> None:
        self.faults: deque[str | None] = deque()
        self.always: str | None = None
        self.rate = 0.0  # of `TRANSIENT` faults
        self.random = random.Random(7)
        self.ledger: dict[str, dict[str, Any]] = {}
        self.billed: Counter[str] = Counter()
        self.seen_keys: set[str] = set()
        self.customers: dict[str, str] = {}
        self.sizes: list[int] = []
        self.request_keys: list[str] = []
        self.in_flight: Counter[str] = Counter()
        self.sent_at_once: set[str] = set()
        self.keys: dict[str, str] = {"om_live_a": "cust-a", "om_live_a2": "cust-a", "om_live_b": "cust-b"}
        self.poison: set[str] = set()
        self.bad: set[str] = set()
        self.names_bad = True
        self.max_body = 1024 * 1024
        self.quota: int | None = None
        self.limit: int | None = None
        self.window = 60.0
        self.remaining = 0
        self.windows: list[int] = []
        self.limited = 0
        self._window_ends = 0.0
        self.hang = 0.6
        self.identify_asked = threading.Event()  # set when a request asks whose a key is
        self.may_identify = threading.Event()  # while it is clear, such a request waits
        self.may_identify.set()
        self.delay = 0.0
        self.lock = threading.Lock()
        self.arrived = threading.Condition(self.lock)
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.platform = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def requests(self) -> int:
        return len(self.sizes)

    def wait_for(self, count: int, timeout: float = 20.0) -> bool:
        """Wait until that many events are billed, and return whether they are."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.ledger) >= count, timeout)

    def billed_once(self) -> bool:
        return all(count == 1 for count in self.billed.values())

    def count_request(self) -> tuple[bool, dict[str, str]]:
        """Return whether the limit takes one more request, and the headers that tell of the limit."""
        if self.limit is None:
            return True, {}
        with self.lock:
            now = time.monotonic()
            if now >= self._window_ends:
                self.remaining = self.limit if self.windows else self.remaining
                self._window_ends = now + self.window
                self.windows.append(0)
            taken = self.remaining > 0
            self.windows[-1] += taken
            self.remaining -= taken
            self.limited += not taken
            return taken, {
                "x-ratelimit-limit": str(self.limit),
                "x-ratelimit-remaining": str(self.remaining),
                "x-ratelimit-reset": str(math.ceil(self._window_ends - now)),
            }

    def process(self, events: list[dict[str, Any]], customer: str) -> int:
        """Bill the new events, and return how many are duplicates."""
        duplicates = 0
        with self.arrived:
            for event in events:
                key = event.get("idempotency_key") or event["event_id"]
                if key in self.seen_keys or event["event_id"] in self.ledger:
                    duplicates += 1
                    continue
                self.seen_keys.add(key)
                self.ledger[event["event_id"]] = event
                self.customers[event["event_id"]] = customer
                self.billed[event["event_id"]] += 1
            self.arrived.notify_all()
        return duplicates

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> FaultServer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    platform: FaultServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that were killed or gave up: tests provoke them."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        _, self.limits = self.server.platform.count_request()
        self.server.platform.identify_asked.set()
        self.server.platform.may_identify.wait(20)
        customer = self.server.platform.keys.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if self.path == "/v1/customers/me" and customer:
            self._json(200, {"data": {"id": customer, "name": "n", "email": "e@example.com"}})
        else:
            self._unauthorized()

    def do_POST(self) -> None:
        platform = self.server.platform
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/status/"):
            self.limits: dict[str, str] = {}  # unknown paths are not counted
            self._json(int(self.path.split("/")[2]), {"error": "Not Found", "message": "Route POST:/x not found"})
            return
        taken, self.limits = platform.count_request()
        if not taken:
            headers = {"Retry-After": self.limits["x-ratelimit-reset"]}
            self._json(
                429, {"statusCode": 429, "error": "Too Many Requests", "message": "Rate limit exceeded"}, headers
            )
            return
        with platform.lock:
            fault = platform.faults.popleft() if platform.faults else platform.always
            if fault is None and platform.random.random() < platform.rate:
                fault = platform.random.choice(TRANSIENT)
        key = self.headers.get("X-API-Key", "")
        events = json.loads(body)["events"]
        ids = [event["event_id"] for event in events]
        with platform.lock:
            platform.sizes.append(len(events))
            platform.request_keys.append(key)
            platform.sent_at_once.update(name for name in ids if platform.in_flight[name])
            platform.in_flight.update(ids)
        try:
            time.sleep(platform.delay)
            self._respond(platform, fault, key, events, len(body))
        finally:
            with platform.lock:
                platform.in_flight.subtract(ids)

    def _respond(self, platform: FaultServer, fault: str | None, key: str, events: list[Any], size: int) -> None:
        if key not in platform.keys or fault == "401":
            self._unauthorized()
        elif fault and fault.startswith("json:"):
            _, status, text = fault.split(":", 2)
            self._send(int(status), "application/json", text.encode(), {})
        elif size > platform.max_body or (fault == "413" and self._any_new(platform, events)):
            self._html(413)
        elif fault in ("429", "429_bare", "500", "503", "reset", "timeout", "html200", "html502", "html403", "402"):
            self._fail(platform, fault)
        elif platform.poison.intersection(event["event_id"] for event in events):
            self._json(500, {"error": "Internal Server Error", "message": "Failed to ingest events"})
        elif self._invalid(platform, events):
            self._refuse(platform, events)
        elif platform.quota is not None and platform.quota < len(events):
            details = {"currentUsage": 10_000 - platform.quota, "limit": 10_000, "period": "2026-11"}
            self._json(402, {"error": "Payment Required", "message": "Monthly quota exceeded", "details": details})
        else:
            if platform.quota is not None:
                platform.quota -= len(events)
            self._accept(platform, fault, events, platform.process(events, platform.keys[key]))

    def _accept(self, platform: FaultServer, fault: str | None, events: list[Any], duplicates: int) -> None:
        accepted = len(events) - duplicates
        response = {
            "accepted": accepted,
            "rejected": 0,
            "duplicates": duplicates,
            "batch_id": "b",
            "status": "processing",
        }
        if fault == "500_after":
            self._json(500, {"error": "Internal Server Error", "message": "Failed to ingest events"})
        elif fault == "reset_after":
            self._reset()
        elif fault == "timeout_after":
            time.sleep(platform.hang)
            self._reset()
        elif fault == "truncated":
            body = json.dumps(response).encode()
            self.send_response(202)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif fault == "empty":
            self._json(200, {})
        elif fault == "garbage":
            self._json(200, {**response, "accepted": 0})
        else:
            self._json(202 if accepted else 200, response)

    def _fail(self, platform: FaultServer, fault: str) -> None:
        if fault == "reset":
            self._reset()
        elif fault == "timeout":
            time.sleep(platform.hang)
            self._reset()
        elif fault.startswith("html"):
            self._html(int(fault[4:]))
        elif fault == "402":
            self._json(402, {"error": "Payment Required", "message": "Monthly quota exceeded (10000 events)."})
        else:
            headers = {"Retry-After": "0"} if fault == "429" else {}
            self._json(int(fault[:3]), {"statusCode": int(fault[:3]), "error": "E", "message": "not now"}, headers)

    @staticmethod
    def _any_new(platform: FaultServer, events: list[Any]) -> bool:
        return any(event["event_id"] not in platform.ledger for event in events)

    @staticmethod
    def _invalid(platform: FaultServer, events: list[Any]) -> list[int]:
        return [
            index
            for index, event in enumerate(events)
            if event["event_id"] in platform.bad
            or not UUID.fullmatch(event["event_id"])
            or not event["timestamp"].endswith("Z")
        ]

    def _refuse(self, platform: FaultServer, events: list[Any]) -> None:
        message = "body/events Invalid input"
        if platform.names_bad:
            bad = self._invalid(platform, events)
            message = ", ".join(f"body/events/{index}/event_id Invalid UUID" for index in bad)
        self._json(400, {"error": "Bad Request", "message": message})

    def _unauthorized(self) -> None:
        self._json(401, {"error": "Unauthorized", "message": "Invalid or missing API key"})

    def _json(self, status: int, response: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, "application/json", json.dumps(response).encode(), headers or {})

    def _html(self, status: int) -> None:
        self._send(status, "text/html", HTML, {})

    def _send(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        platform = self.server.platform
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        headers = {**headers, **self.limits}
        if platform.quota is not None:
            headers = {**headers, "X-Monthly-Quota-Remaining": str(platform.quota)}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
