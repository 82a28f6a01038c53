"""The sandbox: batches against a floor on the same server stack, analytics over a million events, and resets."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import urllib3
from fixtures import event_id
from measure import BENCH, QUICK, Pace, Sample, human, interleave, ratio, walls
from report import Row, Section

from openmonetize.sandbox import Sandbox

_KEY = "om_dev_test_key"
_USER = "user_001"
_DAYS = 60
_EVENTS = 1_000_000
_BATCH = 1000

_TEXT = """
Batches of 1,000 ready `TOKEN_USAGE` events of a user with a wallet, each with a random id of its own and all of about
the same time, go to the sandbox with a file database, which checks, prices, bills, sums up and stores them, and to a
*floor*: the same server stack, whose application does `json.loads` and one `executemany` into a table with the event's
id as its key, in a file as durable as the sandbox's (WAL, `synchronous = NORMAL`). *Without a key* it could not tell
a repeated event; that is shown, and not the target's measure. Analytics are asked over HTTP, over
{events:,} stored events of {days} days, 5 models and 4 features.
"""

_WHY = "besides being stored every event is validated, priced, billed to a wallet and added to the sums"

_MODELS = (
    ("OPENAI", "gpt-4o"),
    ("OPENAI", "gpt-4o-mini"),
    ("ANTHROPIC", "claude-4.5-sonnet"),
    ("ANTHROPIC", "claude-4.5-haiku"),
    ("GOOGLE", "gemini-2.5-pro"),
)


class _Process:
    """A server process, and a connection to it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._pid = process.pid
        self._url = process.stdout.readline().strip()
        self._http = urllib3.PoolManager(headers={"Authorization": f"Bearer {_KEY}", "X-API-Key": _KEY})

    def post(self, body: bytes) -> None:
        headers = {**self._http.headers, "Content-Type": "application/json"}
        response = self._http.request("POST", f"{self._url}/v1/events/ingest", body=body, headers=headers)
        assert response.status == 202, response.data
        assert json.loads(response.data)["accepted"] == _BATCH

    def open_wallet(self) -> None:
        grant = {"userId": _USER, "amount": 1000}
        response = self._http.request("POST", f"{self._url}/v1/credits/grant", json=grant)
        assert response.status == 200, response.data

    def get(self, path: str, **query: str) -> None:
        response = self._http.request("GET", f"{self._url}{path}?{urlencode(query)}")
        assert response.status == 200, response.data

    def resident(self) -> float:
        """Return the resident memory in MiB; 0 where the system does not tell."""
        statm = Path(f"/proc/{self._pid}/statm")
        return int(statm.read_text().split()[1]) * 4096 / 2**20 if statm.exists() else 0.0


@contextmanager
def _server(kind: str, directory: str) -> Iterator[_Process]:
    command = [sys.executable, str(BENCH / "sandbox_server.py"), kind, str(Path(directory) / f"{kind}.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield _Process(process)
        process.communicate()


def measure(pace: Pace) -> Section:
    """Measure the sandbox."""
    stored = 20_000 if pace is QUICK else _EVENTS
    with TemporaryDirectory() as directory, _server("sandbox", directory) as sandbox:
        sandbox.open_wallet()
        with _server("floor", directory) as floor, _server("bare", directory) as bare:
            servers = {"sandbox": sandbox, "floor": floor, "without a key": bare}
            rows = [_ingest(servers, _batches(_EVENTS, "ingest"), pace)]
        rows += _stored(sandbox, _batches(stored, "stored"), stored, pace)
    rows.append(_reset(pace))
    return Section("Sandbox", _TEXT.format(events=stored, days=_DAYS), rows)


def _batches(events: int, name: str) -> Iterator[bytes]:
    """Yield the bodies of requests; this many events cover the days up to now, one after the other.

    The ids of events differ between names.
    """
    first = int.from_bytes(name.encode(), "big")
    start, apart = datetime.now(timezone.utc) - timedelta(days=_DAYS), timedelta(days=_DAYS) / events
    for number in count():
        batch = []
        for index in range(number * _BATCH, (number + 1) * _BATCH):
            provider, model = _MODELS[index % len(_MODELS)]
            moment = start + index * apart
            batch.append(
                {
                    "event_id": event_id(first + index),
                    "customer_id": event_id(0),
                    "user_id": _USER,
                    "event_type": "TOKEN_USAGE",
                    "feature_id": f"feature-{index % 4}",
                    "provider": provider,
                    "model": model,
                    "input_tokens": 1000,
                    "output_tokens": 500,
                    "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                    "metadata": {"trace": index},
                    "idempotency_key": event_id(first + index),
                }
            )
        yield json.dumps({"events": batch}, separators=(",", ":")).encode()


def _ingest(servers: Mapping[str, _Process], batches: Iterator[bytes], pace: Pace) -> Row:
    def side(server: _Process) -> Callable[[], Sample]:
        def send() -> Sample:
            bodies = [next(batches) for _ in range(2 if pace is QUICK else 5)]
            start = time.perf_counter()
            for body in bodies:
                server.post(body)
            return Sample((time.perf_counter() - start) / len(bodies), 0.0)

        return send

    sides = {name: side(server) for name, server in servers.items()}
    interleave(sides, 1)
    samples = interleave(sides, pace.rounds)
    found = ratio(walls(samples["sandbox"]), walls(samples["floor"]))
    text = ", ".join(f"{name} {human(median(walls(values)))}" for name, values in samples.items())
    return Row("batch of 1,000 events, file database", "≤ 2.00 × floor", str(found), found.within(2.0), text, _WHY)


def _stored(sandbox: _Process, batches: Iterator[bytes], stored: int, pace: Pace) -> list[Row]:
    before = sandbox.resident()
    for number in range(stored // _BATCH):
        sandbox.post(next(batches))
        if number == stored // _BATCH // 10:
            before = sandbox.resident()
    after = sandbox.resident()
    now = datetime.now(timezone.utc)
    windows: dict[str, tuple[datetime, datetime]] = {
        "all of it, odd ends": (now - timedelta(days=_DAYS + 1, seconds=1234.5), now - timedelta(seconds=77.7)),
        "30 days": (now - timedelta(days=30), now),
        "36 hours, odd ends": (now - timedelta(days=20, hours=36.123), now - timedelta(days=20)),
        "25 minutes": (now - timedelta(days=10, minutes=25), now - timedelta(days=10)),
    }
    times: dict[str, list[float]] = {}
    for _ in range(pace.rounds):
        for path in ("usage", "costs"):
            for name, (start, end) in windows.items():
                began = time.perf_counter()
                sandbox.get(f"/v1/analytics/{path}", startDate=_iso(start), endDate=_iso(end))
                times.setdefault(f"{path}, {name}", []).append(time.perf_counter() - began)
    slowest = max(median(values) for values in times.values())
    sides = ", ".join(f"{name} {human(median(values))}" for name, values in times.items())
    return [
        Row("analytics over any window, the slowest", "< 50 ms", human(slowest), slowest < 0.050, sides),
        Row(
            "memory of the server",
            "flat",
            f"{after - before:+.0f} MiB for 10 × the events",
            after - before <= 10,
            f"{before:.0f} MiB after a tenth, {after:.0f} MiB after {stored:,}",
        ),
    ]


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _reset(pace: Pace) -> Row:
    """Measure the reset that the pytest fixture does before each test."""
    body, times = next(_batches(_EVENTS, "reset")), []
    with Sandbox() as sandbox:
        http = urllib3.PoolManager(headers={"Authorization": f"Bearer {_KEY}", "Content-Type": "application/json"})
        for _ in range(5 * pace.rounds):
            assert http.request("POST", f"{sandbox.url}/v1/events/ingest", body=body).status == 202
            start = time.perf_counter()
            sandbox.reset()
            times.append(time.perf_counter() - start)
    low, middle, high = quantiles(times, n=4, method="inclusive")
    measured = f"{human(middle)} ({human(low)} to {human(high)})"
    return Row("reset after 1,000 events, in memory", "< 20 ms", measured, middle < 0.020)
