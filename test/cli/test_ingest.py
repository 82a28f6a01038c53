"""``openmonetize ingest`` in processes of its own."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from openmonetize.files.presets import PRESETS
from openmonetize.files.reading import FORMATS

pytest.importorskip("click")
pytest.importorskip("werkzeug")

from openmonetize.cli.commands import ingest
from openmonetize.sandbox import Sandbox

Run = Callable[..., "subprocess.CompletedProcess[str]"]

TRACE = Path(__file__).parents[2] / "examples" / "data" / "AzureLLMInferenceTrace_code.csv.gz"
MODEL = ["--preset", "azure-llm-trace", "--set", "provider=openai", "--set", "model=gpt-4o"]
USER = ["--set", "user_id=acme_ada"]


@pytest.fixture(scope="module")
def platform() -> Iterator[Sandbox]:
    """Yield a sandbox."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def om(platform: Sandbox, tmp_path: Path) -> Run:
    """Return a function that runs the command with the sandbox's URL and key."""

    def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "openmonetize", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            input=given,
            env=environment(platform, tmp_path),
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return run


def environment(platform: Sandbox, home: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("OPENMONETIZE")}
    key, url = str(platform.key), platform.url
    return {**own, "OPENMONETIZE_API_KEY": key, "OPENMONETIZE_BASE_URL": url, "XDG_CONFIG_HOME": str(home)}


def trace(path: Path, start: int, stop: int) -> Path:
    """Write some rows of the trace."""
    with gzip.open(TRACE, "rt") as lines:
        header, *rows = list(csv.reader(lines))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows[start:stop]])
    return path


def test_the_choices_are_those_of_the_library() -> None:
    assert set(ingest._PRESETS) == set(PRESETS)
    assert set(ingest._FORMATS) == set(FORMATS)


def test_a_file_is_loaded_once(om: Run, platform: Sandbox, tmp_path: Path) -> None:
    path = trace(tmp_path / "a.csv", 0, 50)
    before = len(platform.events())
    dry = om("ingest", str(path), *MODEL, *USER, "--dry-run")
    assert dry.returncode == 0
    assert "50 events would be sent, in 1 request" in dry.stdout and "credits" in dry.stdout
    assert len(platform.events()) == before
    for said in ("50 events sent", "the platform had already"):
        done = om("ingest", str(path), *MODEL, *USER)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
    assert len(platform.events()) == before + 50
    assert sorted(file.name for file in tmp_path.iterdir() if file.is_file()) == ["a.csv"]


def test_refused_rows_are_written_beside_the_file(om: Run, tmp_path: Path) -> None:
    path = trace(tmp_path / "b.csv", 50, 60)
    path.write_text(path.read_text() + "2023-11-16 18:17:03,?,1\n")
    done = om("ingest", str(path), *MODEL, *USER, "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["sent"], report["refused"]) == (10, 1)
    assert report["refusals"][0]["row"] == 12
    rejected = tmp_path / "b.csv.rejected.csv"
    assert report["rejected_files"] == [str(rejected)]
    rejected.write_text(rejected.read_text().replace("?", "17"))
    assert "1 event sent" in om("ingest", str(rejected), *MODEL, *USER).stdout


def test_rows_are_identified_by_a_column(om: Run, platform: Sandbox, tmp_path: Path) -> None:
    path, before = tmp_path / "calls.csv", len(platform.events())
    for pages, said in ((3, "1 event sent"), (4, "a row that changed and kept its call stays billed as it was")):
        path.write_text(f"call,pages\nc1,{pages}\n")
        mapping = ["--map", "quantity=pages", "--set", "unit_type=page", "--set", "feature_id=ocr", *USER]
        done = om("ingest", str(path), "--id-column", "call", *mapping)
        assert (done.returncode, said in done.stdout) == (0, True), done.stdout + done.stderr
    assert len(platform.events()) == before + 1


def test_standard_input_and_templates(om: Run, platform: Sandbox) -> None:
    line = json.dumps({"who": "ada", "in": 1000, "out": 10, "at": "2026-11-01T00:00:00Z", "m": "openai/gpt-4o"})
    mapping = [
        "--map",
        "input_tokens=in",
        "--map",
        "output_tokens=out",
        "--map",
        "timestamp=at",
        "--set",
        "feature_id=x",
    ]
    names = ["--map", 'provider=before(m, "/")', "--map", 'model=after(m, "/")', "--set", "user_id=acme_{who}"]
    done = om("ingest", "-", *mapping, *names, "--source", "stdin", given=line)
    assert done.returncode == 0, done.stderr
    assert [event["user_id"] for event in platform.events(feature_id="x")] == ["acme_ada"]


def test_errors_are_one_line(om: Run, tmp_path: Path) -> None:
    path = trace(tmp_path / "c.csv", 60, 61)
    for arguments, code, said in (
        (["nowhere.csv"], 2, "there is no file nowhere.csv"),
        ([str(path), "--map", "tokens"], 2, "FIELD=COLUMN"),
        ([str(path), "--map", "tokens=x"], 2, "no field 'tokens'"),
        ([str(path), "--preset", "azure"], 2, "azure-llm-trace"),
        ([str(path), "--checkpoint", "x", "--no-checkpoint"], 2, "exclude each other"),
        ([str(path), "--unsafe-api-key", "om_wrong"], 3, "401"),
    ):
        done = om("ingest", *arguments)
        assert done.returncode == code, done.stderr
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "code.csv.gz"
    path.write_bytes(TRACE.read_bytes())
    with Sandbox(rate_limit=100) as sandbox:
        command = [sys.executable, "-m", "openmonetize", "ingest", str(path), *MODEL, *USER, "--rate-share", "0.1"]
        variables = environment(sandbox, tmp_path)
        process = subprocess.Popen(command, env=variables)
        while len(sandbox.events()) < 2000:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        sent = len(sandbox.events())
        assert (tmp_path / "code.csv.gz.openmonetize-sent").exists()
        done = subprocess.run(
            [*command[:-1], "1.0"], env=variables, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "not sent again" in done.stdout
        assert sent < 8819 == len(sandbox.events())
        assert not (tmp_path / "code.csv.gz.openmonetize-sent").exists()
