"""The examples of the guides that need frameworks run as written, and the platform gets what they say.

Each section is a program of its own, with the fake providers, in a new directory. A section of this environment that
cannot run fails; none is skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

from .guides import EXAMPLES

ROOT = Path(__file__).parents[2]
# Frameworks say nothing to their makers, and fetch nothing.
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CREWAI_DISABLE_TELEMETRY": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}
HERE = [place for place, example in EXAMPLES.items() if example.environment == os.environ["OPENMONETIZE_FRAMEWORKS"]]


@pytest.mark.parametrize("place", HERE, ids=": ".join)
def test_the_example_of_a_section(
    place: tuple[str, str], sandbox: Sandbox, fake: FakeProviders, tmp_path: Path
) -> None:
    example = EXAMPLES[place]
    if example.answers:
        fake.script = list(example.answers)
    environment = {
        **os.environ,
        **fake.environment(),
        **QUIET,
        "OPENMONETIZE_BASE_URL": sandbox.url,
        "OPENMONETIZE_API_KEY": str(sandbox.key),
        "CLAUDE_CONFIG_DIR": str(tmp_path / "claude"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "test")]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "docs.reader", *place],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    events = [(one["user_id"], one["feature_id"], one.get("model") or one["unit_type"]) for one in sandbox.events()]
    assert sorted(events) == sorted(example.events), done.stderr
