"""LiteLLM's proxy with two workers that share an outbox: each request is one event, also if they are killed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("litellm.proxy.proxy_cli", exc_type=ImportError)

from openmonetize import OpenMonetize
from openmonetize.cli.outbox_directory import DirectoryReader
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders

from .conftest import free_port

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "examples" / "integrations" / "litellm_config.yaml"
RICH, POOR = "acme-user-with-credits", "acme-user-without-credits"
KEY = "sk-of-the-proxy"
WORKERS = 2
START_TIMEOUT = 600.0  # seconds; each process imports LiteLLM


class Proxy:
    """A running proxy with two workers.

    Args:
        fake: the providers.
        sandbox: the platform.
        directory: for its log and its outbox.
        options: of LiteLLM's command.
    """

    def __init__(self, fake: FakeProviders, sandbox: Sandbox, directory: Path, *options: str) -> None:
        self.port = free_port()
        self.outbox = directory / "outbox"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OPENMONETIZE_")},
            "PYTHONPATH": str(ROOT),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_MASTER_KEY": KEY,
            "OPENAI_API_KEY": "unused",
            "OPENAI_BASE_URL": fake.openai_url,
            "ANTHROPIC_API_KEY": "unused",
            "ANTHROPIC_BASE_URL": fake.anthropic_url,
            "OPENMONETIZE_API_KEY": str(sandbox.key),
            "OPENMONETIZE_BASE_URL": sandbox.url,
            "OPENMONETIZE_OUTBOX": str(self.outbox),
            "OPENMONETIZE_FEATURE_ID": "chat",
            "OPENMONETIZE_GATE": "deny",
        }
        command = [str(Path(sys.executable).with_name("litellm")), "--config", str(CONFIG), *options]
        command += ["--num_workers", str(WORKERS), "--host", "127.0.0.1", "--port", str(self.port)]
        self._log = directory / "proxy.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, env=environment, cwd=directory, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait(self, workers: int = WORKERS) -> None:
        """Wait until so many workers have started, since the beginning."""
        wait_for(lambda: len(self.started()) >= workers, self, START_TIMEOUT)

    def started(self) -> list[int]:
        """Return the processes of the workers that serve, or have served."""
        log = self.log()
        pids = [int(pid) for pid in re.findall(r"Started server process \[(\d+)\]", log)]
        return pids[: log.count("Application startup complete.")]

    def kill_workers(self) -> None:
        """Kill all workers at once. The master replaces them."""
        before = self.started()
        for pid in before[-WORKERS:]:
            os.kill(pid, signal.SIGKILL)
        self.wait(len(before) + WORKERS)

    def post(self, path: str, **body: Any) -> tuple[int, str]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def chat(self, model: str = "fast", **body: Any) -> tuple[int, str]:
        return self.post("/v1/chat/completions", model=model, messages=[{"role": "user", "content": "hi"}], **body)

    def chat_often(self, times: int) -> int:
        """Let eight clients make so many calls of each kind. Return how many these are."""
        kinds = [("fast", False), ("fast", True), ("good", True), ("good", False)] * times
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda kind: self.chat(kind[0], user=RICH, stream=kind[1]), kinds))
        assert [status for status, _ in answers] == [200] * len(kinds), answers
        return len(answers)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        finally:
            self.kill()

    def kill(self) -> None:
        """Kill all processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)


def wait_for(condition: Callable[[], bool], proxy: Proxy, timeout: float = 300.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert proxy.process.poll() is None and time.monotonic() < deadline, proxy.log()[-3000:]
        time.sleep(0.05)


@pytest.fixture
def fake() -> Iterator[FakeProviders]:
    with FakeProviders(script=Answer(input_tokens=1000, output_tokens=200)) as running:
        yield running


@pytest.fixture
def sandbox(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox with a user who has credits."""
    with OpenMonetize(sandbox.key, sandbox.url) as om:
        om.credits.grant(user_id=RICH, amount=1_000_000)
    return sandbox


def check_events(sandbox: Sandbox, count: int) -> None:
    events = sandbox.events()
    assert len(events) == count
    assert {(event["user_id"], event["feature_id"]) for event in events} == {(RICH, "chat")}
    assert {(event["input_tokens"], event["output_tokens"]) for event in events} == {(1000, 200)}
    assert Counter(event["provider"] for event in events) == {"OPENAI": count // 2, "ANTHROPIC": count // 2}


def test_each_request_is_one_event_and_an_empty_wallet_is_answered_402(
    fake: FakeProviders, sandbox: Sandbox, tmp_path: Path
) -> None:
    # Imports take long where a machine is busy.
    proxy = Proxy(fake, sandbox, tmp_path, "--timeout_worker_healthcheck", "300")
    try:
        proxy.wait()
        made = proxy.chat_often(10)

        status, text = proxy.chat(user=POOR)
        assert status == 402, text
        assert POOR in text and "actions" in text and "reason" in text
        asked = len(fake.requests)  # each worker has asked for the list of models, too
        assert proxy.chat(user=POOR, stream=True)[0] == 402 and len(fake.requests) == asked
        status, text = proxy.chat()
        assert status == 400 and "name its user" in text, text

        wait_for(lambda: len(sandbox.events()) >= made, proxy)
    finally:
        proxy.stop()
    with OpenMonetize(sandbox.key, sandbox.url, outbox=proxy.outbox) as om:
        assert om.flush().complete  # what a worker has left behind
    check_events(sandbox, made)


def _waiting(proxy: Proxy) -> int:
    return DirectoryReader(str(proxy.outbox)).contents().waiting


def test_what_killed_workers_have_recorded_is_delivered_by_others(
    fake: FakeProviders, sandbox: Sandbox, tmp_path: Path
) -> None:
    proxy = Proxy(fake, sandbox, tmp_path, "--run_gunicorn")  # whose new workers need not import LiteLLM again
    try:
        proxy.wait()
        made = 0
        for fault in ("503:100%,path=/v1/events", "reset-after:100%,path=/v1/events"):  # not taken; taken, not told
            sandbox._faults.set([fault])
            for _ in range(2):
                made += proxy.chat_often(4)
                wait_for(lambda: _waiting(proxy) == made, proxy)  # noqa: B023 - at once
                proxy.kill_workers()
        sandbox._faults.set([])
        proxy.kill_workers()  # new ones do not wait, as those that have met faults do
        wait_for(lambda: _waiting(proxy) == 0, proxy)
    finally:
        proxy.kill()
    check_events(sandbox, made)
