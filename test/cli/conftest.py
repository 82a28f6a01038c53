"""A platform with some usage, and the command in processes that talk to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

from .program import COMMAND, TIMEOUT

Run = Callable[..., "subprocess.CompletedProcess[str]"]

KEY = "om_live_of_the_tests_4711"
EVIL = "chat\x1b[31m[red]"  # a feature that would steer a terminal, and rich's markup


_DIES = """
import os, sys
from openmonetize import OpenMonetize
key, url, outbox, events = sys.argv[1:]
om = OpenMonetize(key, url, outbox=outbox, flush_interval=3600, deliver="://" not in outbox)
for _ in range(int(events)):
    om.track_custom_event(unit_type="page", quantity=1, user_id="acme_ada", feature_id="ocr")
os._exit(0)
"""


@pytest.fixture(scope="module")
def platform() -> Iterator[Sandbox]:
    """Yield a sandbox with 46 events of three users, one of whom has no wallet."""
    with Sandbox(key=KEY) as sandbox:
        client = OpenMonetize(KEY, sandbox.url)
        client.credits.grant(user_id="acme_ada", amount=1000)
        client.credits.grant(user_id="acme_grace", amount=30_000)
        tokens: dict[str, Any] = {"provider": "openai", "input_tokens": 1000, "output_tokens": 300}
        for _ in range(40):
            client.track_token_usage(model="gpt-4o", user_id="acme_ada", feature_id="chat", **tokens)
        for _ in range(5):
            client.track_token_usage(model="gpt-4o-mini", user_id="acme_grace", feature_id="code", **tokens)
        client.track_token_usage(model="gpt-9-odd", user_id="acme_nobody", feature_id=EVIL, **tokens)
        assert client.flush()
        client.close()
        yield sandbox


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home directory without a configuration."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def om(platform: Sandbox, home: Path) -> Run:
    """Return a function that runs the command with the sandbox's URL and key, and checks that no key is shown."""

    def run(
        *arguments: str, columns: int | None = None, given: str | None = None, **environment: str | None
    ) -> subprocess.CompletedProcess[str]:
        variables: dict[str, str | None] = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OPENMONETIZE")},
            "OPENMONETIZE_API_KEY": KEY,
            "OPENMONETIZE_BASE_URL": platform.url,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "APPDATA": str(home),
            "PYTHONIOENCODING": "utf-8",
            "COLUMNS": None if columns is None else str(columns),
            **environment,
        }
        done = subprocess.run(
            [*COMMAND, *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT,
            input=given or "",
            env={name: value for name, value in variables.items() if value is not None},
            check=False,
        )
        assert KEY not in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr or "--debug" in arguments
        return done

    return run


def die(path: str, key: str, url: str, events: int) -> None:
    """Record events in an outbox, in a process that dies then."""
    subprocess.run([sys.executable, "-c", _DIES, key, url, path, str(events)], timeout=60, check=True)
