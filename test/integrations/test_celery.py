"""Celery with real workers, whose broker is a directory: the user travels with the task."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("celery")
pytest.importorskip("openai")

from celery import Celery, chain, chord, group

from openmonetize import OpenMonetize
from openmonetize.integrations.celery import HEADER, install
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

from . import web

ONE, OTHER = "acme-celery-user-1", "acme-celery-user-2"

TASKS = """
import json, os, sys, time, uuid
import openai
from celery import Celery, chain, chord, group
from kombu.transport import filesystem
from kombu.utils.json import dumps
from openmonetize import OpenMonetize
from openmonetize.integrations.celery import install

folder = os.environ["TASKS_FOLDER"]

def put_whole(channel, queue, payload, **_):
    # The transport's own lets a worker read a message before it is written, and end.
    name = os.path.join(folder, f"{time.monotonic_ns()}_{uuid.uuid4()}.{queue}.msg")
    with open(name + ".part", "w") as file:
        file.write(dumps(payload))
    os.rename(name + ".part", name)

filesystem.Channel._put = put_whole
app = Celery("metered_tasks", broker="filesystem://", backend="file://" + folder)
app.conf.broker_transport_options = {"data_folder_in": folder, "data_folder_out": folder, "polling_interval": 0.05}
app.conf.result_chord_retry_interval = 0.1
app.conf.worker_prefetch_multiplier = 1
om = OpenMonetize(flush_interval=3600)
install(app, om)
install(app, om)  # which changes nothing
client = om.wrap(openai.OpenAI())

def call(tokens):
    client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "word" * tokens}])
    return tokens

@app.task
def use(tokens):
    return call(tokens)

@app.task
def add(results, tokens):
    return call(tokens)

@app.task(bind=True, max_retries=2, default_retry_delay=0)
def again(self, tokens):
    call(tokens + self.request.retries)
    if self.request.retries < 2:
        raise self.retry()

@app.task
def sends(tokens):
    call(tokens)
    use.delay(tokens + 1)

@app.task
def left():
    scope = om._scope.get()
    return scope is not None
"""

SENDER = """
import sys
from metered_tasks import *

one, other = ({"user_id": f"acme-celery-user-{n}"} for n in "12")
results = []
with om.context(feature_id="reports", metadata={"origin": "sender"}):
    with om.context(user_id=lambda: "acme-celery-user-1"):
        for number in range(20):
            results.append(use.delay(100 + number))
        results.append(chain(use.s(200), add.s(201), add.s(202)).apply_async())
        results.append(chord([use.s(210), use.s(211)], add.s(212)).apply_async())
        results.append(group([use.s(220), use.s(221)]).apply_async())
        results.append(use.apply_async([230], link=add.s(231)))
        results.append(again.delay(240))
        results.append(sends.delay(250))
    with om.context(**other):
        for number in range(20):
            results.append(use.delay(300 + number))
for header in ("text", 7, ["a"], {"user_id": 7}, {"user_id": ""}, {"user_id": "x", "metadata": "none"}):
    assert left.apply_async(headers={"openmonetize": header}).get(timeout=60, interval=0.05) is False
for result in results:
    result.get(timeout=60, interval=0.05)
print(left.delay().get(timeout=60, interval=0.05))
"""


class Worker:
    """A Celery worker, and those who give it tasks."""

    def __init__(self, folder: Path, environment: dict[str, str], *pool: str) -> None:
        self._folder = folder
        (folder / "metered_tasks.py").write_text(TASKS)
        (folder / "sender.py").write_text(SENDER)
        (folder / "broker").mkdir()
        self._environment = {**environment, "TASKS_FOLDER": str(folder / "broker")}
        self._environment["PYTHONPATH"] += os.pathsep + str(folder)
        command = ["-m", "celery", "--app", "metered_tasks", "worker", *pool]
        self.process = self._start(*command, "--without-gossip", "--without-mingle", "--loglevel", "WARNING")

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self._folder,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def log(self) -> str:
        return (self._folder / "log").read_text()

    def work(self) -> str:
        """Send the tasks, and return what the last one saw of their contexts."""
        process = self._start("sender.py")
        try:
            output, _ = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert process.returncode == 0, self.log()
        return output.strip()

    def end(self) -> None:
        """Stop the worker as an operator does, and wait for it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise


POOLS = {"prefork": ["--pool", "prefork", "--concurrency", "2"], "threads": ["--pool", "threads", "--concurrency", "4"]}


@pytest.mark.parametrize("pool", POOLS)
def test_tasks_have_the_user_of_their_sender(sandbox: Sandbox, fake: FakeProviders, tmp_path: Path, pool: str) -> None:
    worker = Worker(tmp_path, web.environment(sandbox, fake), *POOLS[pool])
    try:
        assert worker.work() == "False"  # nothing stays in a thread or process
    finally:
        worker.end()
    # The worker's end has delivered everything: its interval is an hour.
    expected = [(ONE, 100 + number) for number in range(20)] + [(OTHER, 300 + number) for number in range(20)]
    expected += [
        (ONE, tokens) for tokens in (200, 201, 202, 210, 211, 212, 220, 221, 230, 231, 240, 241, 242, 250, 251)
    ]
    found = web.stored(sandbox)
    assert sorted((user, tokens) for user, _, tokens in found) == sorted(expected), worker.log()
    assert {feature for _, feature, _ in found} == {"reports"}
    assert {event["metadata"]["origin"] for event in sandbox.events()} == {"sender"}
    assert worker.log().count("is ignored") == 6


class Sent:
    """An application in eager mode or with a broker in memory, and what its tasks have recorded."""

    def __init__(self, om: OpenMonetize, eager: bool) -> None:
        self.app = Celery("shop", broker="memory://", backend="cache+memory://", set_as_current=False)
        self.app.conf.task_always_eager = eager
        self.app.conf.task_store_eager_result = False
        install(self.app, om)
        self.seen: list[Any] = []

        @self.app.task(bind=True, max_retries=1, default_retry_delay=0)
        def use(task: Any, *results: Any, retry: bool = False) -> int:
            scope = om._scope.get()
            self.seen.append(scope and scope.fill(None, None, None)[0])
            if retry and not task.request.retries:
                raise task.retry()
            return 1

        self.use: Any = use

    def headers(self) -> Any:
        """Return the headers of the message that was sent last."""
        with self.app.connection_for_read() as connection:
            message = connection.SimpleQueue("celery").get(timeout=10)
            return message.headers


@pytest.fixture
def disconnected() -> Iterator[None]:
    """Forget the signals' receivers of a test."""
    from celery import signals

    watched = (signals.before_task_publish, signals.task_prerun, signals.task_postrun)
    before = [list(signal.receivers or ()) for signal in watched]
    yield
    for signal_, receivers in zip(watched, before):
        signal_.receivers = receivers


def test_eager_tasks_run_in_the_context_of_their_caller(om: OpenMonetize, disconnected: None) -> None:
    sent = Sent(om, eager=True)
    with om.context(user_id=ONE):
        sent.use.delay()
        sent.use.delay(retry=True)
        chain(sent.use.s(), sent.use.s()).apply_async()
        group([sent.use.s(), sent.use.s()]).apply_async()
        chord([sent.use.s()], sent.use.s()).apply_async()
        assert om._scope.get() is not None
    assert set(sent.seen) == {ONE}
    assert len(sent.seen) == 9
    sent.use.delay()
    assert sent.seen[-1] is None


def test_what_is_sent(om: OpenMonetize, disconnected: None, caplog: pytest.LogCaptureFixture) -> None:
    sent = Sent(om, eager=False)
    sent.use.delay()
    assert HEADER not in sent.headers()
    with om.context(user_id=lambda: ONE, metadata={"n": 1}):
        sent.use.delay()
    headers = sent.headers()
    assert headers[HEADER] == {"user_id": ONE, "metadata": {"n": 1}}
    assert json.loads(json.dumps(headers))
    with om.context(user_id=lambda: str(1 / 0)):
        sent.use.delay()  # metering does not keep a task from being sent
    assert HEADER not in sent.headers()
    assert "context of a task" in caplog.text


def test_the_example() -> None:
    assert "acme-ada-lovelace reports" in web.run_example("celery_tasks.py")
