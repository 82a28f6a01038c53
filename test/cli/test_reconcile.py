"""``openmonetize reconcile``: tables, programs' forms, exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from reconcile.traffic import USER, Application, application

from openmonetize import OpenMonetize
from openmonetize.cli import exit_codes
from openmonetize.testing.fake_providers import Answer

from .program import COMMAND, TIMEOUT

pytest.importorskip("duckdb")
pytestmark = pytest.mark.slow  # a process for each command
PLAIN = Answer(input_tokens=1000, output_tokens=100)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    for started in application(tmp_path, monkeypatch):
        assert started.sandbox.key is not None
        monkeypatch.setenv("OPENMONETIZE_API_KEY", started.sandbox.key)
        monkeypatch.setenv("OPENMONETIZE_BASE_URL", started.sandbox.url)
        monkeypatch.setenv("HOME", str(tmp_path))
        started.call("openai", "gpt-4o", PLAIN)
        started.restart()
        yield started


def run(app: Application, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "reconcile", "--last", "1d", "--outbox", str(app.outbox), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT, check=False, env={**os.environ, "COLUMNS": "160"}
    )


def test_it_agrees(app: Application) -> None:
    done = run(app, "--provider", "openai")
    assert done.returncode == exit_codes.DONE, done.stderr
    assert done.stderr == ""
    assert "agrees, prices and rounding left out" in done.stdout
    assert "gpt-4o" in done.stdout
    assert "each event is rounded up to a whole credit" in done.stdout


def test_it_is_off(app: Application, tmp_path: Path) -> None:
    for _ in range(5):
        app.ask("openai", "gpt-4o", PLAIN)
    page = tmp_path / "page.html"
    done = run(app, "--provider", "openai", "--html", str(page), "--by", "model")
    assert done.returncode == exit_codes.NO, done.stderr
    assert "off by 0.0175 US dollars" in done.stdout
    assert "without_usage" in page.read_text(encoding="utf-8")
    assert run(app, "--provider", "openai", "--tolerance", "0.02").returncode == exit_codes.DONE


def test_programs_get_json_and_csv(app: Application) -> None:
    told = json.loads(run(app, "--provider", "openai", "--json").stdout)
    assert (told["recorded_usd"], told["platform_usd"], told["provider_usd"]) == ("0.004", "0.004", "0.0035")
    rows = list(csv.DictReader(io.StringIO(run(app, "--provider", "openai", "--csv").stdout)))
    assert [(row["model"], row["recorded_events"], row["provider_usd"]) for row in rows] == [("gpt-4o", "1", "0.0035")]


def test_it_repairs(app: Application) -> None:
    app.om.close()
    with OpenMonetize(app.sandbox.key, app.sandbox.url, outbox=app.outbox, verify=True) as om:
        app.om = om
        app.sandbox.fail_next("accept-and-lose", times=3)
        for _ in range(3):
            app.call("openai", "gpt-4o", PLAIN)
        assert om.flush()
        app.call("openai", "gpt-4o", PLAIN)
        assert om.flush()
    done = run(app, "--provider", "openai", "--repair")
    assert done.returncode == exit_codes.DONE, done.stdout + done.stderr
    assert app.sandbox.balance(USER) == 1_000_000 - 5 * 4


def test_nothing_is_delivered_or_removed(app: Application) -> None:
    before = {path: path.stat().st_size for path in app.outbox.rglob("*") if path.is_file()}
    assert run(app).returncode == exit_codes.DONE
    assert {path: path.stat().st_size for path in app.outbox.rglob("*") if path.is_file()} == before


def test_what_other_keys_have_recorded_is_left_out(app: Application) -> None:
    other = app.om.customers.register(name="Other", email="other@example.com").data.api_key
    with OpenMonetize(other, app.sandbox.url, outbox=app.outbox, keep="35d") as om:
        om.track_custom_event(unit_type="page", quantity=900, feature_id="ocr", user_id=USER)
    done = run(app, "--provider", "openai")
    assert done.returncode == exit_codes.DONE, done.stdout
    assert "the outbox has events of other keys or platforms, which are left out" in done.stdout


def test_a_rotated_key_has_recorded_the_same(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    key = app.om.customers.rotate_key().data.api_key
    app.om.configuration.api_key["bearerAuth"] = key
    app.call("openai", "gpt-4o", PLAIN)
    app.om.close()
    monkeypatch.setenv("OPENMONETIZE_API_KEY", key)
    (row,) = json.loads(run(app, "--provider", "openai", "--json").stdout)["rows"]
    assert (row["recorded_events"], row["platform_events"]) == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("--by", "user"), exit_codes.USAGE, "by must be some of"),
        (("--provider", "nowhere.csv"), exit_codes.USAGE, "there is no file nowhere.csv: a provider is 'openai'"),
        (("--provider", "-"), exit_codes.USAGE, "there is no file -"),
        (("--provider", ""), exit_codes.USAGE, "there is no file ''"),
        (("--html", __file__), exit_codes.USAGE, "exists, and is not overwritten"),
        (("--tolerance", "much"), exit_codes.USAGE, "tolerance must be"),
    ],
)
def test_mistakes_are_one_line(app: Application, arguments: tuple[str, ...], code: int, text: str) -> None:
    done = run(app, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_missing_admin_key_is_told(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_ADMIN_KEY")
    done = run(app, "--provider", "openai")
    assert done.returncode == exit_codes.KEY
    assert "set OPENAI_ADMIN_KEY" in done.stderr
    assert "OPENMONETIZE_API_KEY" not in done.stderr  # which is another key


def test_a_missing_package_is_told(app: Application) -> None:
    program = "import sys; sys.modules['duckdb'] = None; from openmonetize.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "reconcile"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == exit_codes.USAGE
    assert "pip install 'openmonetize[files]'" in done.stderr
