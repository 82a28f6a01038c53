"""One pace for a fleet: processes that share a store in PostgreSQL, Redis or a file send no more than the limit."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from openmonetize import ApiValueError, OpenMonetize
from openmonetize._http.redaction import Secret
from openmonetize._stores.documents import DocumentStore, StoreError, Written
from openmonetize._stores.opening import open_documents
from openmonetize.metering import shared_pace
from openmonetize.metering.rate_limiter import RateLimiter
from openmonetize.metering.shared_pace import SharedPace
from openmonetize.sandbox import Sandbox

from .conftest import limit_headers as headers
from .programs import program, start

ACCOUNT = ("http://platform", "digest")


@pytest.fixture(params=["postgres", "redis", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What `OpenMonetize(pace=...)` takes for each kind of store."""
    if request.param == "file":
        return str(tmp_path / "pace.sqlite3")
    return str(request.getfixturevalue({"postgres": "database", "redis": "redis_url"}[request.param]))


def limiter(store: str, account: tuple[str, str] = ACCOUNT) -> RateLimiter:
    """Return the limiter of one more process."""
    return RateLimiter(1.0, store=SharedPace(open_documents(Secret(store), "pace"), *account))


def test_what_one_process_learns_the_others_know(store: str) -> None:
    one, other, third = limiter(store), limiter(store), limiter(store, ("http://platform", "other key"))
    one.learn({**headers(0, reset=30), "x-monthly-quota-remaining": "12"})
    assert not other.reserve()
    assert other.next_at() == pytest.approx(time.monotonic() + 31, abs=5)
    assert other.quota == 12
    assert third.reserve()


def test_two_processes_do_not_both_send_the_last_request(store: str) -> None:
    one, other = limiter(store), limiter(store)
    one.learn(headers(1))
    assert [one.reserve(urgent=True), other.reserve(urgent=True)] == [True, False]


def test_a_state_of_another_release_is_begun_anew(store: str) -> None:
    documents, one = open_documents(Secret(store), "pace"), limiter(store)
    one.learn(headers(0))
    name = one._store._name  # type: ignore[attr-defined]
    documents.change(name, lambda text, now: (None, Written("[]", now + 60)))
    assert limiter(store).reserve()
    documents.close()


class _Broken(DocumentStore):
    """A store that cannot be reached for some time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.away = 0, True
        self.text: str | None = None

    def load(self, name: str) -> tuple[str | None, float]:
        self.asked += 1
        if self.away:
            raise StoreError("away")
        return self.text, time.time()

    def swap(self, name: str, old: str | None, new: Written) -> bool:
        self.text = new.document
        return True


def test_without_the_store_a_process_goes_on_with_what_it_knows(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    documents = _Broken()
    one = RateLimiter(1.0, store=SharedPace(documents, *ACCOUNT))
    assert one.reserve()
    one.learn(headers(1))
    asked = documents.asked
    assert one.reserve(urgent=True) and not one.reserve(urgent=True)
    assert documents.asked == asked, "it is left alone for a while"
    assert caplog.text.count("not shared") == 1
    monkeypatch.setattr(shared_pace, "_RETRY_INTERVAL", 0.0)
    one._store._skip_until = 0.0  # type: ignore[attr-defined]
    documents.away = False
    one.learn(headers(0))
    assert not one.reserve()


class _Busy(_Broken):
    """A store that others use all the time."""

    def __init__(self) -> None:
        super().__init__()
        self.away, self.busy = False, True

    def swap(self, name: str, old: str | None, new: Written) -> bool:
        return not self.busy and super().swap(name, old, new)


def test_where_others_use_the_store_all_the_time_a_process_sends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("openmonetize._stores.documents.STORE_TIMEOUT", 0.05)
    store = _Busy()
    one = RateLimiter(1.0, store=SharedPace(store, *ACCOUNT))
    assert not one.reserve() and not one.reserve(urgent=True)
    assert time.monotonic() < one.next_at() < time.monotonic() + 1
    one.learn(headers(50))
    assert not caplog.text
    store.busy = False
    assert one.reserve()


@pytest.mark.parametrize("url", ["mysql://user:secret-word@host/none", "", 5])
def test_a_setting_that_names_no_store_is_refused(url: Any) -> None:
    with pytest.raises((ApiValueError, TypeError), match="pace") as caught:
        OpenMonetize("om_test_1", "http://127.0.0.1:1", pace=url)
    assert "secret-word" not in str(caught.value)


LIMIT, PROCESSES = 100, 40
MINUTES = 5 if os.environ.get("OPENMONETIZE_SOAK") else 1  # and the first moments of one more, when all may send again
SECONDS = 60 * MINUTES + 8
WORK = """
from openmonetize import OpenMonetize

key, store, seconds = sys.argv[3:]
om = OpenMonetize(key, url, pace=store, rate_share=0.95, flush_interval=0.05, flush_at=1)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(5 * int(seconds)):
    om.track_api_call(user_id="acme-ada-lovelace", feature_id="chat")
    time.sleep(0.2)
"""


@pytest.mark.slow
@pytest.mark.parametrize("store", ["postgres", "redis"], indirect=True)
def test_forty_processes_use_nine_tenths_of_the_limit_and_meet_no_refusal(store: str, tmp_path: Path) -> None:
    """Each has something to send all the time, until it is killed. The sandbox counts as the platform does."""
    with Sandbox(rate_limit=LIMIT) as sandbox:
        path = program(tmp_path, WORK)
        running = [
            start(path, sandbox.url, "", str(sandbox.key), store, str(2 * SECONDS), stdin=subprocess.PIPE)
            for _ in range(PROCESSES)
        ]
        for process in running:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        time.sleep(SECONDS)
        for process in running:
            process.kill()
            process.communicate()
        requests = [request for request in sandbox.requests if request["keyed"]]
        times = [datetime.fromisoformat(request["at"].replace("Z", "+00:00")).timestamp() for request in requests]
        minutes = Counter(int((at - times[0]) // 60) for at in times)  # a window begins with its first request
    assert sum(request["status"] == 429 for request in requests) == 0
    assert min(minutes[minute] for minute in range(MINUTES)) >= 0.9 * LIMIT
    assert minutes[MINUTES] > 0
