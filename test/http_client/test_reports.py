"""What tools that report errors show, with the values of local variables: neither a key nor a proxy's password."""

from __future__ import annotations

import faulthandler
import importlib
import io
import json
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Callable

import pytest

from .failures import FAILURES, MARK, SECRETS, Interrupted, answered
from .loopback import hang

TESTS = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (TESTS, TESTS.parent)))}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="interrupts a thread by a signal"),
]


def raised_by(fail: Callable[[], None]) -> BaseException:
    with pytest.raises((Exception, Interrupted)) as caught:
        fail()
    return caught.value


def check(shown: str) -> None:
    assert MARK in shown
    for secret in SECRETS:
        assert secret not in shown


@pytest.fixture(scope="module")
def sent_to_sentry() -> dict[str, str]:
    pytest.importorskip("sentry_sdk")
    program = [sys.executable, "-m", f"{__package__}.report_to_sentry"]
    done = subprocess.run(
        program, cwd=TESTS, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE, text=True, timeout=60
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["failure"]: line["sent"] for line in lines}


@pytest.mark.parametrize("name", FAILURES)
def test_sentry(name: str, sent_to_sentry: dict[str, str]) -> None:
    check(sent_to_sentry[name])


@pytest.mark.parametrize("fail", FAILURES.values(), ids=list(FAILURES))
def test_rich_and_cgitb(fail: Callable[[], None]) -> None:
    error = raised_by(fail)
    check(as_rich_shows(error))
    if sys.version_info < (3, 13):  # later, cgitb has left the standard library
        shown = as_cgitb_shows(error)
        assert "failures.py" in shown
        for secret in SECRETS:
            assert secret not in shown


def as_rich_shows(error: BaseException) -> str:
    console = importlib.import_module("rich.console").Console(file=io.StringIO(), width=10_000)
    traceback = importlib.import_module("rich.traceback").Traceback
    every = {"show_locals": True, "locals_max_string": 10_000, "locals_max_length": 1_000}
    console.print(traceback.from_exception(type(error), error, error.__traceback__, **every))
    return str(console.file.getvalue())


def as_cgitb_shows(error: BaseException) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        cgitb = importlib.import_module("cgitb")
    return str(cgitb.text((type(error), error, error.__traceback__)))


def test_pytest_with_locals(tmp_path: Path) -> None:
    suite = tmp_path / "test_failures.py"
    suite.write_text(
        "import pytest\n"
        f"from {__package__}.failures import FAILURES\n"
        "@pytest.mark.parametrize('name', FAILURES)\n"
        "def test_it(name):\n"
        "    FAILURES[name]()\n"
    )
    options = ["-l", "--tb=long", "-vv", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "--showlocals"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(suite)],
        env=ENVIRONMENT, check=False, stdout=subprocess.PIPE, text=True, timeout=60,
    )  # fmt: skip
    assert f"{len(FAILURES)} failed" in done.stdout
    assert done.stdout.count(MARK) >= len(FAILURES)
    check(done.stdout)


def test_faulthandler(tmp_path: Path) -> None:
    with open(tmp_path / "dump", "w+") as file:
        faulthandler.dump_traceback_later(0.1, file=file)
        try:
            raised_by(lambda: answered(hang, 0.4))
        finally:
            faulthandler.cancel_dump_traceback_later()
        file.seek(0)
        shown = file.read()
    assert "connection.py" in shown
    for secret in SECRETS:
        assert secret not in shown
