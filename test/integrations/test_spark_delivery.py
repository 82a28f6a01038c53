"""Events of a data frame are billed once, whatever is killed or repeated, and each has an outcome."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from files.tools import ASSUMED, trace_rows, write_csv

from openmonetize import ApiTypeError, ApiValueError, OpenMonetize
from openmonetize.sandbox import Sandbox

pytest.importorskip("pyspark")
pytest.importorskip("pandas")

from openmonetize.integrations.spark import deliver, rate, to_events

from .spark_session import ROOT, SPARK_WARNINGS, read_csv

pytestmark = SPARK_WARNINGS

INGEST = "/v1/events/ingest"
WRONG = "om_live_wrong0key0that0nobody0may0see"


@pytest.fixture
def slow() -> Iterator[Sandbox]:
    """Yield a sandbox that takes a while for each request."""
    with Sandbox(faults=["slow=0.2s:path=/v1/events"]) as running:
        yield running


def events_of(spark: Any, folder: Path, count: int, user: str = "acme_ada", customer_id: str = "customer") -> Any:
    """Return the events of the first rows of the trace."""
    table = write_csv(folder / f"{user}.csv", trace_rows(count))
    constants = {**ASSUMED, "user_id": user}
    return to_events(
        read_csv(spark, table).repartition(3), customer_id=customer_id, preset="azure-llm-trace", constants=constants
    )


def key_of_all(key: str) -> Callable[[str], str]:
    return lambda account: key


def outcomes(results: Any) -> Counter[str]:
    return Counter(row.outcome for row in results.collect())


def duplicates(results: Any) -> int:
    return sum(row.duplicates for row in results.collect())


def sent(sandbox: Sandbox) -> int:
    """Return how many requests with events there were."""
    return sum(request["target"].startswith(INGEST) for request in sandbox.requests)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_each_event_is_billed_once_and_repeated_as_often_as_one_likes(
    spark: Any, sandbox: Sandbox, om: OpenMonetize, tmp_path: Path
) -> None:
    om.credits.grant(user_id="acme_ada", amount=10_000_000)
    events = events_of(spark, tmp_path, 2500).persist()
    results = deliver(events, key_of=key_of_all(sandbox.key), base_url=sandbox.url)
    assert outcomes(results) == {"accepted": 2500}
    assert {row.event_id for row in results.collect()} == {row.event_id for row in events.collect()}
    assert sent(sandbox) == 3
    assert len(sandbox.events()) == 2500
    assert sandbox.billed("acme_ada") == rate(events).agg({"credits": "sum"}).collect()[0][0]
    again = deliver(events, key_of=key_of_all(sandbox.key), base_url=sandbox.url)
    assert outcomes(again) == {"duplicate": 2500}
    assert duplicates(again) == 2500
    before = sent(sandbox)
    for done in (results, again):
        assert deliver(events, key_of=key_of_all(sandbox.key), base_url=sandbox.url, done=done).count() == 0
    assert sent(sandbox) == before
    assert len(sandbox.events()) == 2500


def test_the_command_goes_on_with_what_spark_has_sent(
    spark: Any, sandbox: Sandbox, om: OpenMonetize, tmp_path: Path
) -> None:
    events = events_of(spark, tmp_path, 30, customer_id=om.customer_id)
    assert outcomes(deliver(events, key_of=key_of_all(sandbox.key), base_url=sandbox.url)) == {"accepted": 30}
    report = om.ingest_files(
        tmp_path / "acme_ada.csv", preset="azure-llm-trace", constants={**ASSUMED, "user_id": "acme_ada"}
    )
    assert (report.sent, report.duplicates) == (0, 30)


def test_of_a_request_with_old_and_new_events_the_number_is_told(spark: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    events = events_of(spark, tmp_path, 40).persist()
    some = events.orderBy("event_id").limit(15)
    assert outcomes(deliver(some, key_of=key_of_all(sandbox.key), base_url=sandbox.url)) == {"accepted": 15}
    results = deliver(events, key_of=key_of_all(sandbox.key), base_url=sandbox.url)
    assert outcomes(results) == {"taken": 40}
    assert duplicates(results) == 15
    assert len(sandbox.events()) == 40


def test_accounts_are_sent_under_their_own_keys_by_one_task_each(
    spark: Any, sandbox: Sandbox, om: OpenMonetize, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    other = om.customers.register(name="Other", email="other@example.com").data
    keys = {"ours": sandbox.key, "theirs": other.api_key}

    def key_of(account: str) -> str:
        with calls.open("a") as file:
            file.write(f"{account}\n")
        return keys[account]

    events = events_of(spark, tmp_path, 1500).selectExpr("*", "'ours' account")
    events = events.union(events_of(spark, tmp_path, 1200, "other_bob", "other").selectExpr("*", "'theirs' account"))
    results = deliver(events, key_of=key_of, account="account", base_url=sandbox.url)
    assert Counter((row.account, row.outcome) for row in results.collect()) == {
        ("ours", "accepted"): 1500,
        ("theirs", "accepted"): 1200,
    }
    assert sorted(calls.read_text().split()) == ["ours", "theirs"]
    with OpenMonetize(other.api_key, sandbox.url) as theirs:
        assert theirs.events.list(limit=1).pagination.total == 1200
    assert om.events.list(limit=1).pagination.total == 1500


def test_what_the_platform_refuses_is_told_with_the_reason(spark: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    event = json.loads(events_of(spark, tmp_path, 1).first().event)
    wrong = [
        {**event, "event_id": str(uuid.uuid4()), **told} for told in ({"provider": "NOBODY"}, {"input_tokens": "many"})
    ]
    rows = [(event["event_id"], json.dumps(event)) for event in wrong] + [("no JSON", '{"event_id": "')]
    events = events_of(spark, tmp_path, 20).select("event_id", "event")
    events = events.union(spark.createDataFrame(rows, "event_id string, event string"))
    results = deliver(events, key_of=key_of_all(sandbox.key), base_url=sandbox.url).collect()
    assert Counter(row.outcome for row in results) == {"accepted": 20, "rejected": 3}
    reasons = {row.event_id: row.reason for row in results if row.outcome == "rejected"}
    assert set(reasons) == {event_id for event_id, _ in rows}
    assert all("refused by the platform (4" in reason for reason in reasons.values())
    assert "provider" in reasons[wrong[0]["event_id"]]
    assert "input_tokens" in reasons[wrong[1]["event_id"]]
    assert len(sandbox.events()) == 20


def test_an_account_with_a_wrong_key_is_named_and_stops_no_other(
    spark: Any, sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    good = sandbox.key

    def key_of(account: str) -> Any:
        if account == "broken":
            raise ValueError(f"{WRONG} is not for {account}")
        return {"good": good, "wrong": WRONG, "unusable": f"'{WRONG}'", "empty": ""}.get(account)

    names = ("good", "wrong", "unusable", "empty", "broken", "none")
    events = events_of(spark, tmp_path, 10)
    all_events = events.selectExpr("*", "'good' account")
    for name in names[1:]:
        all_events = all_events.union(events.selectExpr("*", f"'{name}' account"))
    with caplog.at_level(logging.DEBUG):
        results = deliver(all_events, key_of=key_of, account="account", base_url=sandbox.url)
    rows = results.collect()
    expected = {(name, "accepted" if name == "good" else "unsent"): 10 for name in names}
    assert Counter((row.account, row.outcome) for row in rows) == expected
    reasons = {row.account: row.reason for row in rows}
    assert "401" in reasons["wrong"]
    assert "quotes around it" in reasons["unusable"]
    assert reasons["empty"] == "account 'empty': key_of returned no key, but an empty text"
    assert reasons["none"] == "account 'none': key_of returned no key, but NoneType"
    assert reasons["broken"] == "account 'broken': key_of raised ValueError"
    told = [record.getMessage() for record in caplog.records if record.name == "openmonetize.spark"]
    assert sorted(text.split("'")[1] for text in told) == sorted(names[1:])
    assert all(text.startswith("10 usage events are not sent: account") for text in told)
    shown = [str(rows), caplog.text, *capfd.readouterr(), results._jdf.queryExecution().toString()]
    assert not [text for text in shown if WRONG in text or good in text]
    # Once the key is right, only what is left is sent.
    later = deliver(all_events, key_of=key_of_all(good), account="account", base_url=sandbox.url, done=results)
    assert later.count() == 50
    assert len(sandbox.events()) == 10


def test_a_platform_that_is_away_leaves_the_events_for_another_run(
    spark: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    events = events_of(spark, tmp_path, 10)
    sandbox.fail_next(f"503:path={INGEST}", times=1000)
    results = deliver(events, key_of=key_of_all(sandbox.key), base_url=sandbox.url, max_outage=0)
    assert outcomes(results) == {"unsent": 10}
    assert "503" in results.first().reason
    sandbox.reset()
    assert outcomes(deliver(events, key_of=key_of_all(sandbox.key), base_url=sandbox.url)) == {"accepted": 10}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_a_task_that_is_killed_and_tried_again_bills_nothing_twice(spark: Any, slow: Sandbox, tmp_path: Path) -> None:
    pids, key = tmp_path / "pids", slow.key

    def key_of(account: str) -> Any:
        with pids.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return key

    def kill() -> None:
        wait_for(lambda: sent(slow) >= 2)
        os.kill(int(pids.read_text().split()[0]), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    results = deliver(events_of(spark, tmp_path, 5000), key_of=key_of, base_url=slow.url)
    killer.join()
    assert len(set(pids.read_text().split())) == 2
    counts = outcomes(results)
    assert set(counts) == {"accepted", "duplicate"}
    assert counts["duplicate"] >= 2000
    assert sum(counts.values()) == len(slow.events()) == 5000


RUN = """
import sys
from pathlib import Path
from integrations.spark_session import started
from openmonetize.integrations.spark import deliver
folder, key, url = sys.argv[1:]
spark = started(Path(folder, "work"))
deliver(spark.read.parquet(folder + "/events"), key_of=lambda account: key, base_url=url)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_a_run_that_is_killed_goes_on_where_it_was(spark: Any, slow: Sandbox, tmp_path: Path) -> None:
    events_of(spark, tmp_path, 5000).write.parquet(str(tmp_path / "events"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "test")])}
    command = [sys.executable, "-c", RUN, str(tmp_path), str(slow.key), slow.url]
    with subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL) as run:
        try:
            wait_for(lambda: sent(slow) >= 2 or run.poll() is not None)
        finally:
            os.killpg(run.pid, signal.SIGKILL)
    assert run.returncode == -signal.SIGKILL
    results = deliver(spark.read.parquet(str(tmp_path / "events")), key_of=key_of_all(slow.key), base_url=slow.url)
    counts = outcomes(results)
    assert counts["duplicate"] >= 2000
    assert sum(counts.values()) == len(slow.events()) == 5000


def test_wrong_arguments_are_said_before_anything_is_sent(spark: Any, sandbox: Sandbox) -> None:
    events = spark.createDataFrame([("1", "{}")], "event_id string, event string")
    with pytest.raises(ApiTypeError, match="key_of"):
        deliver(events, key_of="key")
    with pytest.raises(ApiValueError, match="no column 'account'"):
        deliver(events, key_of=str, account="account")
    with pytest.raises(ApiValueError, match="rate_share"):
        deliver(events, key_of=str, rate_share=2)
    with pytest.raises(ApiValueError, match="max_outage"):
        deliver(events, key_of=str, max_outage=-1)
    with pytest.raises(ApiValueError, match="host"):
        deliver(events, key_of=str, base_url="nowhere at all")
    assert sandbox.requests == []
