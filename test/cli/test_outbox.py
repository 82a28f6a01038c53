"""``openmonetize outbox``: what a look at it says, and that it delivers what a dead process has left."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

from .conftest import KEY, Run, die

pytestmark = pytest.mark.slow  # a process for each command


@pytest.fixture
def outbox(platform: Sandbox, tmp_path: Path) -> str:
    """Return an outbox with 5 events of a process that has died."""
    path = str(tmp_path / "outbox")
    die(path, KEY, platform.url, 5)
    return path


def as_json(run: Run, *arguments: str, **environment: str | None) -> Any:
    return json.loads(run("outbox", *arguments, "--json", **environment).stdout)


def test_status_needs_no_key_and_changes_nothing(om: Run, outbox: str) -> None:
    before = sorted((path, os.stat(path).st_mtime_ns) for path in map(str, Path(outbox).rglob("*")))
    (part,) = as_json(om, "status", outbox, OPENMONETIZE_API_KEY=None)
    assert (part["queued"], part["dead"], part["accepted"]) == (5, 0, 0)
    assert "5 wait" in om("outbox", "status", outbox).stdout
    assert sorted((path, os.stat(path).st_mtime_ns) for path in map(str, Path(outbox).rglob("*"))) == before


def test_drain_delivers_what_waits(om: Run, platform: Sandbox, outbox: str) -> None:
    before = len(platform.events(feature_id="ocr"))
    done = om("outbox", "drain", outbox)
    assert (done.returncode, done.stdout) == (0, "5 accepted, 0 duplicates, 0 refused, 0 left\n")
    assert len(platform.events(feature_id="ocr")) == before + 5
    assert om("outbox", "drain", OPENMONETIZE_OUTBOX=outbox).stdout.startswith("0 accepted")
    assert as_json(om, "status", outbox)[0]["accepted"] == 5


def test_drain_says_what_is_left_and_why(om: Run, tmp_path: Path) -> None:
    with Sandbox(key=KEY) as fresh:
        path = str(tmp_path / "left")
        die(path, KEY, fresh.url, 5)
        fresh.fail_next("402:path=/v1/events", times=50)
        done = om("outbox", "drain", path, "--timeout", "3", OPENMONETIZE_BASE_URL=fresh.url)
    assert (done.returncode, "5 left" in done.stdout) == (1, True)
    assert "the last reason: " in done.stderr


def test_events_of_another_key_are_named(om: Run, platform: Sandbox, tmp_path: Path) -> None:
    path = str(tmp_path / "other")
    die(path, "om_live_of_yesterday_4713", platform.url, 2)
    done = om("outbox", "drain", path, "--timeout", "3")
    assert "2 events wait for another key" in done.stderr


def test_refused_events_are_listed_exported_and_sent_again(om: Run, outbox: str, tmp_path: Path) -> None:
    with Sandbox(key=KEY) as fresh:
        path = str(tmp_path / "refused")
        die(path, KEY, fresh.url, 1)
        fresh.fail_next("413:path=/v1/events")
        at = {"OPENMONETIZE_BASE_URL": fresh.url}
        assert om("outbox", "drain", path, **at).returncode == 1
        (letter,) = as_json(om, "dead", path, OPENMONETIZE_API_KEY=None)
        assert letter["status"] == 413
        assert letter["event"]["feature_id"] == "ocr"
        assert "413" in om("outbox", "dead", path).stdout

        exported = json.loads(om("outbox", "export", path).stdout)
        assert exported["event"] == letter["event"]
        target = str(tmp_path / "refused.jsonl")
        assert om("outbox", "export", path, "--output", target).returncode == 0
        assert json.loads(Path(target).read_text()) == exported
        assert om("outbox", "export", path, "--output", target).returncode == 2

        done = om("outbox", "replay", path, **at)
        assert (done.returncode, "1 accepted" in done.stdout) == (0, True)
        assert len(fresh.events()) == 1
        assert om("outbox", "replay", path, **at).stdout == "no event was refused\n"
    assert om("outbox", "dead", outbox).stdout == "no event was refused\n"


def test_a_damaged_account_is_said(om: Run, platform: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "damaged"
    die(str(path), KEY, platform.url, 1)
    for file in path.glob("*/*"):
        file.write_bytes(b"\xff" * 300)
    done = om("outbox", "status", str(path))
    assert (done.returncode, "damaged, nothing there says which account" in done.stdout) == (0, True)
    assert om("outbox", "status", str(path), "--json").stdout == "[]\n"


def test_a_directory_of_something_else_is_left_alone(om: Run, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to_ada.txt").write_text("Dear Ada")
    for command in ("status", "drain", "dead", "replay", "export"):
        done = om("outbox", command, str(tmp_path / "letters"))
        assert (done.returncode, done.stdout) == (2, "")
        assert "directory of something else" in done.stderr
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["to_ada.txt"]


def test_verify_finds_and_repairs_what_the_platform_has_lost(om: Run, tmp_path: Path) -> None:
    with Sandbox(key=KEY) as fresh:
        path, at = str(tmp_path / "verified"), {"OPENMONETIZE_BASE_URL": fresh.url}
        with OpenMonetize(KEY, fresh.url, outbox=path, verify="report") as client:
            client.credits.grant(user_id="acme-ada", amount=100)
            fresh.fail_next("accept-nothing", times=2)
            fresh.fail_next("bill-zero")
            for _ in range(4):
                client.track_custom_event(unit_type="page", quantity=1, user_id="acme-ada", feature_id="ocr")
        die(path, KEY, fresh.url, 1)  # what waits is delivered, and kept as well
        done = om("outbox", "verify", path, **at)
        assert done.returncode == 1
        assert "--repair sends the 2 lost again" in done.stdout + done.stderr
        assert (done.stdout + done.stderr).count("lost: ") == 2
        assert len(fresh.events()) == 3
        done = om("outbox", "verify", path, "--repair", "--timeout", "3", "--json", **at)
        (report,) = json.loads(done.stdout)
        assert done.returncode == 1  # one is stored for nothing
        assert (report["accepted"], report["billed"], report["repaired"], report["unpaid"]) == (5, 4, 2, 1)
        assert [finding["kind"] for finding in report["findings"]] == ["unpaid", "unbooked"]  # a user without a wallet
        assert "2 lost events are sent again: each counts for the monthly quota" in done.stderr
        assert om("outbox", "verify", path, "--since", "2999-01-01", **at).returncode == 0


def test_verify_of_an_outbox_that_was_not_verified_gives_no_all_clear(
    om: Run, platform: Sandbox, tmp_path: Path
) -> None:
    path = str(tmp_path / "kept-only")
    with OpenMonetize(KEY, platform.url, outbox=path, keep="35d") as client:
        client.track_custom_event(unit_type="page", quantity=1, user_id="acme-ada", feature_id="ocr")
    done = om("outbox", "verify", path, OPENMONETIZE_BASE_URL=platform.url)
    assert (done.returncode, "nothing is known of 1 more accepted event" in done.stdout + done.stderr) == (1, True)


def test_verify_of_an_outbox_that_keeps_nothing_says_so(om: Run, platform: Sandbox, tmp_path: Path) -> None:
    path = str(tmp_path / "plain")
    with OpenMonetize(KEY, platform.url, outbox=path):
        pass
    (tmp_path / "plain").mkdir(exist_ok=True)
    done = om("outbox", "verify", path, OPENMONETIZE_BASE_URL=platform.url)
    assert (done.returncode, done.stdout) == (0, "nothing is kept here that was accepted\n")
