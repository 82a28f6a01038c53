"""LiteLLM's proxy with two workers: each request is one event, and an empty wallet is answered 402."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("litellm.proxy.proxy_cli", exc_type=ImportError)

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "examples" / "integrations" / "litellm_config.yaml"
RICH, POOR = "acme-user-with-credits", "acme-user-without-credits"
KEY = "sk-of-the-proxy"
START_TIMEOUT = 240.0  # seconds; each worker imports LiteLLM


class Proxy:
    """A running proxy."""

    def __init__(self, fake: FakeProviders, sandbox: Sandbox, directory: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
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
            "OPENMONETIZE_OUTBOX": str(directory / "outbox"),
            "OPENMONETIZE_FEATURE_ID": "chat",
            "OPENMONETIZE_GATE": "deny",
        }
        command = [str(Path(sys.executable).with_name("litellm")), "--config", str(CONFIG), "--num_workers", "2"]
        command += ["--timeout_worker_healthcheck", "300"]  # imports take long where a machine is busy
        self.log = directory / "proxy.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", str(self.port)],
                env=environment,
                cwd=directory,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()[-3000:]
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/liveliness", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)

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

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)


@pytest.fixture
def fake() -> Iterator[FakeProviders]:
    with FakeProviders(script=Answer(input_tokens=1000, output_tokens=200)) as running:
        yield running


def test_the_proxy(fake: FakeProviders, tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        with OpenMonetize(sandbox.key, sandbox.url) as om:
            om.credits.grant(user_id=RICH, amount=1_000_000)
        proxy = Proxy(fake, sandbox, tmp_path)
        try:
            proxy.wait()
            with ThreadPoolExecutor(8) as pool:
                plain = list(pool.map(lambda _: proxy.chat(user=RICH), range(20)))
                streams = list(pool.map(lambda _: proxy.chat("good", user=RICH, stream=True), range(10)))
                streams += pool.map(lambda _: proxy.chat(user=RICH, stream=True), range(10))
            assert [status for status, _ in plain + streams] == [200] * 40, (plain + streams)[0]

            status, text = proxy.chat(user=POOR)
            assert status == 402, text
            assert POOR in text and "actions" in text and "reason" in text
            asked = len(fake.requests)  # each worker has asked for the list of models, too
            assert proxy.chat(user=POOR, stream=True)[0] == 402 and len(fake.requests) == asked
            status, text = proxy.chat()
            assert status == 400 and "name its user" in text, text

            deadline = time.monotonic() + 60
            while len(sandbox.events()) < 40 and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            proxy.stop()
        with OpenMonetize(sandbox.key, sandbox.url, outbox=tmp_path / "outbox") as om:
            assert om.flush().complete  # what a worker has left behind
        events = sandbox.events()
        assert len(events) == 40, proxy.log.read_text()[-3000:]
        assert {(event["user_id"], event["feature_id"]) for event in events} == {(RICH, "chat")}
        assert {(event["input_tokens"], event["output_tokens"]) for event in events} == {(1000, 200)}
