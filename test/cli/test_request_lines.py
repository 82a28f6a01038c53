"""What ``openmonetize sandbox`` prints about requests and events."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from typing import Any

import pytest
import urllib3

from .program import COMMAND, TIMEOUT, Serving

pytestmark = [
    pytest.mark.slow,  # a process for each test
    pytest.mark.skipif(os.name == "nt", reason="signals and terminals are those of POSIX"),
]

HEADERS = {"X-API-Key": "om_dev_test_key"}
RED = "\x1b[31m"


def event(**fields: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": "TOKEN_USAGE",
        "feature_id": "chat",
        "provider": "OPENAI",
        "model": "gpt-4o",
        "input_tokens": 1000,
        "output_tokens": 500,
        "timestamp": "2026-11-20T12:00:00Z",
        **fields,
    }


def use(url: str, user_id: str = "nobody") -> None:
    """Send requests of every kind."""
    twice = event(user_id=user_id)
    for method, path, body in (
        ("GET", "/v1/customers/me", None),
        ("GET", "/v1/users/nobody%1B/credits", None),
        ("POST", "/v1/events/ingest", {"events": [event()]}),
        ("POST", "/v1/events/ingest", {"events": [twice, event(user_id=user_id)]}),
        ("POST", "/v1/events/ingest", {"events": [twice]}),
    ):
        urllib3.request(method, url + path, headers=HEADERS, json=body, retries=False, timeout=TIMEOUT)


def rest_of(serving: Serving) -> str:
    """End the process, and return what it has printed after its first lines."""
    serving.process.send_signal(signal.SIGTERM)
    output, errors = serving.process.communicate(timeout=TIMEOUT)
    assert (serving.process.returncode, errors) == (0, "")
    return output


def test_each_request_has_a_line_and_so_has_what_was_not_paid() -> None:
    with Serving() as serving:
        use(serving.url)
        lines = rest_of(serving).splitlines()
    assert lines[-1] == "stopped"
    said = [line.split(" ", 1)[1].rsplit(", ", 1)[0] for line in lines if line[:1].isdigit()]
    assert said == [
        "GET /v1/customers/me 200",
        "GET /v1/users/nobody%1B/credits 404: Credit wallet not found",
        "POST /v1/events/ingest 202: 1 accepted, 0 duplicates",
        "POST /v1/events/ingest 202: 2 accepted, 0 duplicates",
        "POST /v1/events/ingest 202: 1 accepted, 0 duplicates",
    ]
    assert sum("unfunded: " in line for line in lines) >= 1
    assert sum("dead letter: event" in line and "is stored already" in line for line in lines) == 1
    assert RED not in "".join(lines)  # it is not a terminal


def test_quiet_prints_none_of_them() -> None:
    with Serving("--quiet") as serving:
        use(serving.url)
        time.sleep(0.6)
        assert rest_of(serving).split() == ["stopped"]


def test_text_of_a_client_cannot_steer_the_terminal() -> None:
    with Serving() as serving:
        use(serving.url, user_id="\x1b]0;title\x07\u202egood\nbad")
        shown = rest_of(serving)
    assert r"user '\x1b]0;title\x07\u202egood\nbad'" in shown
    assert all(char.isprintable() or char == "\n" for char in shown)


def test_it_goes_on_and_ends_when_nobody_reads_its_output() -> None:
    with Serving() as serving:
        pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT)
        for _ in range(1_500):  # more lines than fit into a pipe
            pool.request("GET", f"{serving.url}/v1/customers/me", headers={"X-API-Key": "x" * 100})
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(timeout=TIMEOUT) == 0


@pytest.mark.parametrize(("no_color", "red"), [(None, True), ("", True), ("1", False)])
def test_on_a_terminal_they_are_red_unless_that_is_not_wanted(no_color: str | None, red: bool) -> None:
    pty = pytest.importorskip("pty")
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment["TERM"] = "xterm"
    if no_color is not None:
        environment["NO_COLOR"] = no_color
    ours, theirs = pty.openpty()
    command = [*COMMAND, "sandbox", "--port", "0"]
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=environment)
    os.close(theirs)
    shown = ""
    try:
        shown = _read_until(ours, shown, "Ctrl-C stops it.")
        use(shown.split()[3])
        shown = _read_until(ours, shown, "is stored already")
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 0
    finally:
        process.kill()
        process.communicate(timeout=TIMEOUT)
        os.close(ours)
    lines = [line for line in shown.splitlines() if "unfunded: " in line or "dead letter: " in line]
    assert len(lines) >= 2
    assert [line.startswith(RED) for line in lines] == [red] * len(lines)
    assert f"{RED}2" not in shown  # lines of requests are plain


def _read_until(file: int, shown: str, text: str) -> str:
    end = time.monotonic() + TIMEOUT
    while text not in shown:
        assert time.monotonic() < end, shown
        shown += os.read(file, 65_536).decode()
    return shown
