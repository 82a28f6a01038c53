"""``openmonetize outbox``: what a look at it says, and that it delivers what a dead process has left."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Callable

import click
import engines
import pytest

from openmonetize import OpenMonetize
from openmonetize._http.redaction import Secret
from openmonetize.cli import outboxes
from openmonetize.cli.options import OutboxPlace
from openmonetize.exceptions import OpenApiException
from openmonetize.sandbox import Sandbox

from .conftest import KEY, Run, die

pytestmark = pytest.mark.slow  # a process for each command

Place = Callable[[str], str]


@pytest.fixture(params=["directory", "database"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return a function that names a new outbox, which is empty."""
    if request.param == "directory":
        return lambda name: str(tmp_path / name)
    server = request.getfixturevalue("postgres_url")
    return lambda name: engines.database(server)


@pytest.fixture
def outbox(platform: Sandbox, place: Place) -> str:
    """Return an outbox with 5 events of a process that has died."""
    path = place("outbox")
    die(path, KEY, platform.url, 5)
    return path


def as_json(run: Run, *arguments: str, **environment: str | None) -> Any:
    return json.loads(run("outbox", *arguments, "--json", **environment).stdout)


def test_status_needs_no_key(om: Run, outbox: str) -> None:
    (part,) = as_json(om, "status", outbox, OPENMONETIZE_API_KEY=None)
    assert (part["queued"], part["dead"], part["accepted"]) == (5, 0, 0)
    assert 0 <= part["oldest_seconds"] < 60
    shown = om("outbox", "status", outbox).stdout
    assert "5 wait" in shown
    assert "the oldest waits for less than a minute" in shown


def test_status_changes_nothing_in_a_directory(om: Run, platform: Sandbox, tmp_path: Path) -> None:
    outbox = str(tmp_path / "outbox")
    die(outbox, KEY, platform.url, 1)
    before = sorted((path, os.stat(path).st_mtime_ns) for path in map(str, Path(outbox).rglob("*")))
    assert om("outbox", "status", outbox).returncode == 0
    assert sorted((path, os.stat(path).st_mtime_ns) for path in map(str, Path(outbox).rglob("*"))) == before


def test_drain_delivers_what_waits(om: Run, platform: Sandbox, outbox: str) -> None:
    before = len(platform.events(feature_id="ocr"))
    done = om("outbox", "drain", outbox)
    assert (done.returncode, done.stdout) == (0, "5 accepted, 0 duplicates, 0 refused, 0 left\n")
    assert len(platform.events(feature_id="ocr")) == before + 5
    assert om("outbox", "drain", OPENMONETIZE_OUTBOX=outbox).stdout.startswith("0 accepted")
    assert as_json(om, "status", outbox)[0]["accepted"] == 5


def test_drain_says_what_is_left_and_why(om: Run, place: Place) -> None:
    with Sandbox(key=KEY) as fresh:
        path = place("left")
        die(path, KEY, fresh.url, 5)
        fresh.fail_next("402:path=/v1/events", times=50)
        done = om("outbox", "drain", path, "--timeout", "3", OPENMONETIZE_BASE_URL=fresh.url)
    assert (done.returncode, "5 left" in done.stdout) == (1, True)
    assert "the last reason: " in done.stderr


def test_events_of_another_key_are_named(om: Run, platform: Sandbox, place: Place) -> None:
    path = place("other")
    die(path, "om_live_of_yesterday_4713", platform.url, 2)
    done = om("outbox", "drain", path, "--timeout", "3")
    assert "2 events wait for another key" in done.stderr


def test_refused_events_are_listed_exported_and_sent_again(om: Run, outbox: str, place: Place, tmp_path: Path) -> None:
    with Sandbox(key=KEY) as fresh:
        path = place("refused")
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


def test_verify_finds_and_repairs_what_the_platform_has_lost(om: Run, place: Place) -> None:
    with Sandbox(key=KEY) as fresh:
        path, at = place("verified"), {"OPENMONETIZE_BASE_URL": fresh.url}
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


def test_verify_of_an_outbox_that_was_not_verified_gives_no_all_clear(om: Run, platform: Sandbox, place: Place) -> None:
    path = place("kept-only")
    with OpenMonetize(KEY, platform.url, outbox=path, keep="35d") as client:
        client.track_custom_event(unit_type="page", quantity=1, user_id="acme-ada", feature_id="ocr")
    done = om("outbox", "verify", path, OPENMONETIZE_BASE_URL=platform.url)
    assert (done.returncode, "nothing is known of 1 more accepted event" in done.stdout + done.stderr) == (1, True)


def test_verify_of_an_outbox_that_keeps_nothing_says_so(om: Run, platform: Sandbox, place: Place) -> None:
    path = place("plain")
    with OpenMonetize(KEY, platform.url, outbox=path):
        pass
    if "://" not in path:
        Path(path).mkdir(exist_ok=True)
    done = om("outbox", "verify", path, OPENMONETIZE_BASE_URL=platform.url)
    assert (done.returncode, done.stdout) == (0, "nothing is kept here that was accepted\n")


def test_kept_events_of_both_kinds_are_exported(om: Run, platform: Sandbox, place: Place) -> None:
    path = place("kept")
    with OpenMonetize(KEY, platform.url, outbox=path, keep="35d") as client:
        client.track_custom_event(unit_type="page", quantity=3, user_id="acme-ada", feature_id="ocr")
    assert [part["accepted"] for part in as_json(om, "status", path)] == [1]
    exported = json.loads(om("outbox", "export", path, "--kept", OPENMONETIZE_API_KEY=None).stdout)
    assert (exported["unit_type"], exported["quantity"]) == ("page", 3)


def test_doctor_looks_into_a_database(om: Run, platform: Sandbox, database: str) -> None:
    die(database, KEY, platform.url, 2)
    found = {each["check"]: each for each in json.loads(om("doctor", "--json", OPENMONETIZE_OUTBOX=database).stdout)}
    assert (found["outbox"]["state"], found["outbox"]["text"]) == ("ok", "2 events wait, 0 were refused")


def test_migrate_makes_the_tables_once(om: Run, postgres_url: str) -> None:
    url = engines.database(postgres_url, tables=False)
    done = om("outbox", "status", url)
    assert (done.returncode, "run `openmonetize outbox migrate`" in done.stderr) == (2, True)
    done = om("outbox", "migrate", url, OPENMONETIZE_API_KEY=None)
    assert (done.returncode, done.stdout.endswith(": the tables were made, of version 1\n")) == (0, True)
    done = om("outbox", "migrate", OPENMONETIZE_OUTBOX=url)
    assert (done.returncode, "nothing is to be done" in done.stdout) == (0, True)
    assert as_json(om, "status", url) == []


def test_migrate_prints_what_it_would_run(om: Run, postgres_url: str) -> None:
    import psycopg

    url = engines.database(postgres_url, tables=False)
    sql = om("outbox", "migrate", "--sql", OPENMONETIZE_API_KEY=None).stdout
    with psycopg.connect(url) as connection:
        connection.execute(sql.encode())
    assert "nothing is to be done" in om("outbox", "migrate", url).stdout


def test_migrate_of_a_directory_is_refused(om: Run, tmp_path: Path) -> None:
    done = om("outbox", "migrate", str(tmp_path))
    assert (done.returncode, "is a directory: only postgresql://HOST/DATABASE has tables" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:pass-w0rd@127.0.0.1:1/usage",
        "postgresql://127.0.0.1:1/usage?password=pass-w0rd&user=ada",
        "postgresql://ada:pass-w0rd@127.0.0.1:65536/usage",
        "postgresql://ada:pass-w0rd/x@127.0.0.1:1/usage",
        "postgresql://ada:x/pass-w0rd@127.0.0.1:1/usage",
        "postgresql://ada:x/pass-w0rd/y@127.0.0.1:1/usage",
        "postgresql://ada:x?pass-w0rd@127.0.0.1:1/usage",
        "postgresql://ada:pass-w0rd@127.0.0.1:1/usage?no-such-option",
        "mysql://ada:pass-w0rd@127.0.0.1:1/usage",
        "host=127.0.0.1 password=pass-w0rd",
    ],
)
def test_a_password_is_in_no_error(url: str) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    hidden = Secret(url)
    with pytest.raises((OpenApiException, click.UsageError)) as caught:
        outboxes.open_reader(OutboxPlace().convert(hidden.value, None, None))
    assert "pass-w0rd" not in str(caught.value)
    frames = [entry.frame.f_locals for entry in caught.traceback[1:] if "openmonetize" in str(entry.path)]
    assert not any("pass-w0rd" in repr(value) for frame in frames[1:] for value in frame.values())
    if "postgresql" in url:
        assert "pass-w0rd" not in outboxes.shown_place(hidden)


def test_a_password_is_in_no_output(om: Run, home: Path) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    url = "postgresql://ada:pass-w0rd@127.0.0.1:1/usage"
    (home / "openmonetize").mkdir()
    (home / "openmonetize" / "config.toml").write_text(f'[profiles.pg]\napi_key = "{KEY}"\noutbox = "{url}"\n')
    for arguments in (
        ["outbox", "status", url, "--debug"],
        ["outbox", "drain", "--dsn", url, "--watch"],
        ["outbox", "migrate", url],
        ["doctor", "--profile", "pg"],
        ["profile", "list"],
    ):
        done = om(*arguments, OPENMONETIZE_API_KEY=None)
        assert "pass-w0rd" not in done.stdout + done.stderr, arguments
        assert done.returncode != 0 or arguments[0] == "profile"
