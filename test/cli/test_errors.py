"""Errors of commands: one plain line on the standard error, a documented exit code, no key."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from openmonetize.cli import exit_codes
from openmonetize.sandbox import Sandbox

from .conftest import KEY, Run
from .program import run


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["nothing"], 2, "No such command 'nothing'"),
        (["usge"], 2, "did you mean usage?"),
        (["outbox", "drian"], 2, "did you mean drain?"),
        (["sandbox", "--fautl", "500"], 2, "unrecognized arguments: --fautl 500 (see openmonetize sandbox --help)"),
        (["grant", "ten", "--user", "acme_ada"], 2, "'ten' is not a valid whole number"),
        (["usage", "--from", "tomorrow"], 2, "'tomorrow' is not a day such as 2026-11-01"),
        (["balance", "--user"], 2, "--user"),
        (["usage", "--from", "2026-13-01"], 2, "'2026-13-01' is not a day such as 2026-11-01"),
        (["usage", "--last", "month"], 2, "30d"),
        (["usage", "--last", "3d", "--from", "2026-11-01"], 2, "exclude each other"),
        (["usage", "--from", "2026-11-02", "--to", "2026-11-01"], 2, "ends before it begins"),
        (["usage", "--last", "999999d"], 2, "before the year 1"),
        (["events", "--last", "999999d"], 2, "before the year 1"),
        (["usage", "--to", "0001-01-01"], 2, "before the year 1"),
        (["events", "--limit", "9" * 20], 2, "--limit"),
        (["grant", "10", "--user", "acme_ada", "--expires", "2020-01-01"], 2, "all credits of the wallet would expire"),
        (["balance", "\x1b[31mred"], 2, "unexpected extra argument (\\x1b[31mred)"),
        (["usage", "--json", "--csv"], 2, "exclude each other"),
        (["grant", "0"], 2, "0"),
        (["grant", "10"], 2, "--user"),
        (["estimate"], 2, "input_tokens"),
        (["transactions"], 2, "--user"),
        (["balance", "--base-url", "ftp://example"], 2, "host must be a URL"),
        (["balance", "--profile", "production"], 2, "no profile 'production'"),
        (["balance", "--unsafe-api-key", "om_live_wrong_4712"], 3, "the key is from the command line"),
        (["balance", "--user", "nobody"], 4, "openmonetize grant AMOUNT --user ID"),
        (["balance", "--base-url", "http://127.0.0.1:9"], 7, "connection refused"),
        (["outbox", "status"], 2, "which outbox?"),
        (["outbox", "status", "/nowhere"], 2, "there is no outbox '/nowhere'"),
        (["completion", "cmd"], 2, "'cmd'"),
    ],
)
def test_an_error_is_one_line(om: Run, arguments: list[str], code: int, expected: str) -> None:
    done = om(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("openmonetize")
    assert ": error: " in done.stderr
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
    assert "om_live_wrong" not in done.stderr


@pytest.mark.parametrize("group", ["outbox", "profile"])
def test_a_group_without_a_command_shows_its_commands(om: Run, group: str) -> None:
    done = om(group)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == om(group, "--help").stdout
    assert "\nCommands:\n" in done.stdout


def test_without_a_key_it_says_where_to_put_one(om: Run) -> None:
    done = om("balance", OPENMONETIZE_API_KEY=None)
    assert done.returncode == 3
    assert "OPENMONETIZE_API_KEY" in done.stderr
    assert "profile add" in done.stderr


def test_the_servers_answers_have_codes_of_their_own(om: Run, platform: Sandbox) -> None:
    for fault, code in (("429:retry-after=999", 6), ("503", 8), ("402", 6), ("400", 5), ("500", 8)):
        platform.fail_next(fault, times=20)
        done = om("balance")
        assert done.returncode == code, (fault, done.stderr)
        assert done.stderr.count("\n") == 1
        drain(platform)


def drain(platform: Sandbox) -> None:
    """Use up the faults that are left."""
    import urllib3

    for _ in range(100):
        answer = urllib3.request("GET", f"{platform.url}/v1/credits/balance", headers={"X-API-Key": KEY}, retries=False)
        if answer.status == 200:
            return


def test_a_traceback_is_shown_on_request_only(om: Run) -> None:
    assert "Traceback" in om("--debug", "balance", "--user", "nobody").stderr
    assert "Traceback" in om("balance", "--user", "nobody", "--debug").stderr


def test_every_exit_code_is_in_the_help() -> None:
    shown = run("--help").stdout
    for code, meaning in exit_codes.MEANINGS.items():
        assert f"\n  {code} " in shown
        assert meaning[:20] in shown


@pytest.mark.skipif(sys.platform == "win32", reason="sh")
@pytest.mark.parametrize(
    ("arguments", "code"), [("balance >&-", 0), ("users >&-", 0), ("--help >&-", 0), ("grant 5 <&-", 2), ("me 2>&-", 0)]
)
def test_a_process_without_the_standard_streams_does_the_same(platform: Sandbox, arguments: str, code: int) -> None:
    environment = {**os.environ, "OPENMONETIZE_API_KEY": KEY, "OPENMONETIZE_BASE_URL": platform.url}
    command = f"exec {shlex.quote(sys.executable)} -m openmonetize {arguments}"
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=30)
    assert (done.returncode, "NoneType" in done.stderr) == (code, False)


def test_a_reader_that_has_seen_enough_is_no_error(platform: Sandbox) -> None:
    program = (
        "import os, sys; os.environ.update(OPENMONETIZE_API_KEY=sys.argv[1], OPENMONETIZE_BASE_URL=sys.argv[2]);"
        "from openmonetize.cli import main; sys.exit(main(['pricing', '--json']))"
    )
    command = [sys.executable, "-c", program, KEY, platform.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 0


def test_without_the_extra_the_other_commands_name_it() -> None:
    done = run("balance", without="click")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "openmonetize: error: 'balance' needs the packages click and rich: pip install 'openmonetize[cli]'\n"
    )
    assert "'openmonetize[cli]'" in run("demo", without="rich").stderr
    assert "'openmonetize[sandbox]'" in run("demo", without="werkzeug").stderr
    assert "sandbox" in run("--help", without="click").stdout
    assert run("sandbox", "--help", without="click").returncode == 0


def test_help_needs_no_network_and_imports_no_command() -> None:
    program = (
        "import sys; from openmonetize.cli import main; main(['--help']);"
        "print([name for name in sys.modules if name.startswith(('rich', 'pydantic', 'urllib3',"
        " 'openmonetize.cli.commands.', 'openmonetize.client'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
