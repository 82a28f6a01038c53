"""``openmonetize sandbox`` as a process, from its first output to its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import urllib3

from .program import TIMEOUT, Serving

pytestmark = [
    pytest.mark.slow,  # a process for each test
    pytest.mark.skipif(os.name == "nt", reason="signals and lines to paste are those of a POSIX shell"),
]


def get(url: str, key: str | None = None, **options: Any) -> Any:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return urllib3.request("GET", url, headers=headers, retries=False, timeout=TIMEOUT, **options)


def pasted(serving: Serving, *lines: str) -> str:
    """Return what a shell prints for the lines to paste, and for further lines."""
    script = "\n".join([line.strip() for line in serving.welcome if line.startswith("  ")] + list(lines))
    path = f"{os.path.dirname(serving.process.args[0])}:{os.environ['PATH']}"  # type: ignore[index]
    done = subprocess.run(
        ["sh", "-euc", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    with Serving() as serving:
        assert get(f"{serving.url}/v1/customers/me", "om_dev_test_key").status == 200
        assert get(f"{serving.url}/").status == 200
        assert serving.end(number) == 0


def test_the_lines_to_paste_work() -> None:
    with Serving() as serving:
        assert pasted(serving) == "10000\n"


def test_a_key_with_special_characters_is_quoted_in_the_lines() -> None:
    key = "it's-$HOME"
    with Serving("--key", key) as serving:
        assert f"key: {key}" in serving.welcome
        assert pasted(serving, 'printf %s "$OPENMONETIZE_API_KEY"').endswith(key)


def test_without_an_account_it_says_how_to_register() -> None:
    with Serving("--accounts", "none") as serving:
        lines = [line.strip() for line in serving.welcome if line.startswith("  ")]
        assert lines[0].startswith(f"curl {serving.url}/v1/customers/register")
        body = json.loads(lines[0].split("-d ")[1].strip("'"))
        reply = urllib3.request("POST", f"{serving.url}/v1/customers/register", json=body, timeout=TIMEOUT)
        assert reply.status == 201


def test_every_option_reaches_the_sandbox() -> None:
    with Serving(
        *("--era", "seed", "--mode", "faithful", "--defect", "summary-500", "--accounts", "dev", "--prices", "all"),
        *("--rate-limit", "50", "--quota", "7", "--processing-delay", "1.5"),
        *("--processing-rate", "28", "--fault", "accept-and-lose:5%"),
        *("--fault", "429:5%,retry-after=2", "--fault", "slow=3s:0%"),
    ) as serving:
        state: dict[str, Any] = get(f"{serving.url}/_sandbox/state").json()
        faults = get(f"{serving.url}/_sandbox/faults").json()
        assert (state["era"], state["mode"], list(state["defects"])) == ("seed", "faithful", ["summary-500"])
        assert (state["accounts"], state["rateLimit"], state["processingDelaySeconds"]) == ("dev", 50, 1.5)
        assert set(state["quota"].values()) == {7}
        assert state["processingRate"] == 28
        assert faults["standing"] == ["accept-and-lose:5%", "429:5%,retry-after=2", "slow=3s:0%"]


def test_the_processing_delay_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENMONETIZE_SANDBOX_PROCESSING_DELAY", "2.5")
    with Serving() as serving:
        assert get(f"{serving.url}/_sandbox/state").json()["processingDelaySeconds"] == 2.5
    with Serving("--processing-delay", "0") as serving:
        assert get(f"{serving.url}/_sandbox/state").json()["processingDelaySeconds"] == 0


def test_quota_without_a_number_is_the_platforms_own() -> None:
    with Serving("--quota") as serving:
        assert get(f"{serving.url}/_sandbox/state").json()["quota"]["STARTER"] == 10_000


def test_a_file_keeps_everything_including_a_rotated_key(tmp_path: Path) -> None:
    file = str(tmp_path / "sandbox.db")
    with Serving("--db", file) as serving:
        headers = {"Authorization": "Bearer om_dev_test_key"}
        answer = urllib3.request("POST", f"{serving.url}/v1/customers/rotate-key", headers=headers, timeout=TIMEOUT)
        rotated = answer.json()["data"]["apiKey"]
        serving.end(signal.SIGTERM)
    with Serving("--db", file) as serving:
        assert get(f"{serving.url}/v1/customers/me", rotated).status == 200
        assert any(line.startswith("key: the one that was rotated to") for line in serving.welcome)


def test_other_machines_can_reach_it_only_with_the_key() -> None:
    with Serving("--host", "0.0.0.0", "--key", "a-key-of-my-own") as serving:
        local = serving.url.replace("0.0.0.0", "127.0.0.1")
        assert get(f"{local}/").status == 401
        assert get(f"{local}/", "a-key-of-my-own").status == 200


def test_it_goes_on_when_its_output_is_closed() -> None:
    with Serving() as serving:
        assert serving.process.stdout is not None
        serving.process.stdout.close()
        serving.process.stdout = None
        assert get(f"{serving.url}/v1/customers/me", "om_dev_test_key").status == 200
        assert serving.end(signal.SIGTERM) == 0
