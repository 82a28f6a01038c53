"""Requests of the log as curl commands, which are safe in a shell for any content of the request."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from openmonetize.sandbox import Sandbox
from openmonetize.sandbox.console.request_list import curl

from .payloads import PAYLOAD, call, event, ingest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands are for a POSIX shell")


def in_shell(command: str, directory: Path, key: str = "om_dev_test_key") -> bytes:
    environment = {**os.environ, "OPENMONETIZE_API_KEY": key, "http_proxy": ""}
    done = subprocess.run(
        ["sh", "-euc", command], cwd=directory, env=environment, capture_output=True, timeout=60, check=True
    )
    return done.stdout


def words(command: str, directory: Path) -> list[str]:
    """Return the words that a shell passes to the program."""
    shown = in_shell('curl() { printf "%s\\0" "$@"; }\n' + command, directory)
    return shown.decode().split("\0")[:-1]


def entry(**fields: Any) -> dict[str, Any]:
    body = fields.get("body", "")
    made: dict[str, Any] = {"method": "GET", "target": "/v1/events", "headers": {}, "keyed": False, "body": body}
    return {**made, "body_bytes": len(body), **fields}


def test_the_key_comes_from_the_environment(tmp_path: Path) -> None:
    command = curl(entry(keyed=True), "http://127.0.0.1:3000")
    assert words(command, tmp_path) == [
        "http://127.0.0.1:3000/v1/events",
        "-H",
        "Authorization: Bearer om_dev_test_key",
    ]


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("GET", "", []),
        ("HEAD", "", ["--head"]),
        ("POST", "{}", []),
        ("POST", "", ["--request", "POST"]),
        ("DELETE", "", ["--request", "DELETE"]),
        ("PATCH", "{}", ["--request", "PATCH"]),
        ("$(id)", "", ["--request", "$(id)"]),
    ],
)
def test_methods(tmp_path: Path, method: str, body: str, expected: list[str]) -> None:
    found = words(curl(entry(method=method, body=body), "http://h"), tmp_path)
    assert found[: len(expected) + 1] == [*expected, "http://h/v1/events"]


HOSTILE = [
    "'; touch stolen; '",
    "$(touch stolen)",
    "`touch stolen`",
    '"; touch stolen; "',
    "\\'; touch stolen #",
    PAYLOAD,
]


@pytest.mark.parametrize("text", [*HOSTILE, "-o stolen", "@/etc/passwd", "two\nlines", "naïve 日本 🎉"])
def test_a_hostile_body_stays_a_body(tmp_path: Path, text: str) -> None:
    command = curl(entry(method="POST", body=text, body_bytes=len(text.encode())), "http://h")
    assert words(command, tmp_path) == ["http://h/v1/events", "--data-raw", text]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_target_or_header_is_quoted(tmp_path: Path, text: str) -> None:
    target = "/" + text.replace(" ", "+")
    command = curl(entry(target=target, headers={"content-type": text}), "http://h")
    found = words(command, tmp_path)
    assert [word for word in found if word not in ("--globoff", "--path-as-is")] == [
        f"http://h{target}",
        "-H",
        f"Content-Type: {text}",
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["\x1b[201~\ntouch stolen\n", "a\x00b", "\x03", "\x9b", "bad\ufffdbytes"])
def test_control_characters_are_not_repeated(text: str) -> None:
    """A control character can end the quoting of a pasted text in the terminal itself, before any shell sees it."""
    command = curl(entry(method="PO\x1bST", target=f"/{text}", headers={"content-type": text}, body=text), "http://h")
    assert all(char.isprintable() or char == "\n" for char in command)
    assert "it is not plain text" in command


def test_a_body_that_was_not_kept_is_left_out() -> None:
    assert "only 4,096 of its 5,000 bytes were kept" in curl(
        entry(method="POST", body="x" * 4096, body_bytes=5000), "http://h"
    )


def test_bytes_of_a_target_come_back_as_they_were(tmp_path: Path) -> None:
    assert words(curl(entry(target="/caf\xc3\xa9%20[1]"), "http://h"), tmp_path) == [
        "--globoff",
        "http://h/caf%C3%A9%20[1]",
    ]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_real_curl_sends_the_same_request_again(sandbox: Sandbox, tmp_path: Path) -> None:
    ingest(sandbox, event(user_id=PAYLOAD, feature_id="$HOME `id` 日本"))
    call(sandbox, "GET", "/v1/users?search=[a-c]{x,y}&limit=5")
    call(sandbox, "DELETE", "/v1/entitlements/" + "0" * 8 + "-0000-4000-8000-" + "0" * 12)
    call(sandbox, "PATCH", "/v1/users/../nowhere", {"it's": "@me"})
    before = sandbox.requests
    for each in before:
        in_shell('curl() { command curl --silent --output /dev/null "$@"; }\n' + curl(each, sandbox.url), tmp_path)
    after = sandbox.requests[len(before) :]
    same = ("method", "target", "keyed", "body")
    assert [[each[name] for name in same] for each in after] == [[each[name] for name in same] for each in before]
    assert [each["status"] for each in before] == [202, 200, 404, 404]
    assert [each["status"] for each in after] == [202, 200, 404, 404]
