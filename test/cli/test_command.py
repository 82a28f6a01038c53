"""The command itself: version, help, and errors in one line."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from openmonetize import __version__
from openmonetize.cli import main
from openmonetize.sandbox import Sandbox

from .program import run


def test_the_process_prints_its_version_and_errors_of_one_line() -> None:
    assert run("--version").stdout == f"openmonetize {__version__}\n"
    wrong = run("sandbox", "--host", "0.0.0.0")
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count("\n")) == (2, "", 1)


def test_without_a_command_it_shows_the_commands() -> None:
    done = run()
    assert (done.returncode, "sandbox" in done.stdout) == (2, True)


def test_help_names_every_option() -> None:
    shown = run("sandbox", "--help").stdout
    options = "port host db key era mode defect accounts prices rate-limit quota fault quiet"
    options += " processing-delay processing-rate"
    assert [name for name in options.split() if f"--{name} " not in shown] == []


def error_line(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command in this process, and return its error of one line."""
    try:
        code: object = main(arguments)
    except SystemExit as end:
        code = end.code
    output = capsys.readouterr()
    assert (code, output.out) == (2, "")
    assert output.err.count("\n") == 1
    return output.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--era", "future"], "'future'"),
        (["--port", "65536"], "0 to 65535, not '65536'"),
        (["--port", "http"], "not 'http'"),
        (["--quota", "-1"], "0 or more"),
        (["--rate-limit", "0"], "at least 1"),
        (["--processing-delay", "nan"], "0 to 86400 seconds"),
        (["--processing-rate", "0"], "above 0"),
        (["--fault", "bill-zero:path=/v1"], "cannot read the fault 'bill-zero:path=/v1'"),
        (["--fault", "teapot"], "cannot read the fault 'teapot'"),
        (["--defect", "summary-500"], "mode='faithful'"),
        (["--mode", "faithful", "--defect", "nothing"], "unknown defect 'nothing'"),
        (["--host", "0.0.0.0"], "a key of your own"),
        (["--host", "0.0.0.0", "--key", "om_dev_test_key"], "a key of your own"),
        (["--db", "/nowhere/at/all.db"], "'/nowhere/at/all.db'"),
        (["--db", ""], "has no name"),
        (["--colour", "red"], "--colour"),
        (["--acc", "none"], "--acc"),
    ],
)
def test_a_bad_option_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    line = error_line(capsys, "sandbox", *arguments)
    assert line.startswith("openmonetize")
    assert expected in line


def test_a_port_in_use_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    handler = signal.getsignal(signal.SIGINT)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = error_line(capsys, "sandbox", "--port", port)
        assert f"cannot listen on 127.0.0.1 port {port}" in line
        assert "--port 0 takes any free one" in line
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_file_that_is_not_a_database_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "letter.db"
    file.write_text("Dear Sir or Madam, " * 100)
    assert "letter.db" in error_line(capsys, "sandbox", "--db", str(file))
    assert file.read_text().startswith("Dear Sir")


def test_a_file_in_use_by_another_sandbox_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = str(tmp_path / "sandbox.db")
    with Sandbox(db=file):
        assert f"'{file}' is in use" in error_line(capsys, "sandbox", "--port", "0", "--db", file)


def test_without_the_extra_the_error_names_the_extra() -> None:
    done = run("sandbox", without="werkzeug")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "openmonetize sandbox: error: the sandbox needs the package werkzeug: pip install 'openmonetize[sandbox]'"
    ]
    assert run("--version", without="werkzeug").returncode == 0


def test_without_click_a_misspelt_sandbox_is_recognised() -> None:
    assert "did you mean sandbox?" in run("sandbx", without="click").stderr
    assert "openmonetize[cli]" in run("balance", without="click").stderr
