"""The key of a sandbox whose file holds an account from an earlier run."""

from __future__ import annotations

from pathlib import Path

import pytest

from openmonetize.sandbox import Sandbox

from .client import SandboxClient


def works(sandbox: Sandbox, key: str | None) -> bool:
    client = SandboxClient(sandbox, key)
    try:
        return client.get("/v1/customers/me").status == 200
    finally:
        client.close()


def test_a_rotated_key_survives_a_restart_and_another_may_replace_it(tmp_path: Path) -> None:
    file = str(tmp_path / "sandbox.db")
    with Sandbox(db=file) as sandbox:
        client = SandboxClient(sandbox)
        rotated = client.post("/v1/customers/rotate-key").body["data"]["apiKey"]
        client.close()
    with Sandbox(db=file) as sandbox:
        assert sandbox.key is None
        assert works(sandbox, rotated)
    with Sandbox(db=file, key="another-key") as sandbox:
        assert sandbox.key == "another-key"
        assert works(sandbox, "another-key")
        assert not works(sandbox, rotated)


@pytest.mark.parametrize("accounts", ["dev", "none"])
def test_a_custom_key_may_change_between_runs(tmp_path: Path, accounts: str) -> None:
    for key in ("first-key", "second-key"):
        with Sandbox(db=str(tmp_path / "sandbox.db"), key=key, accounts=accounts) as sandbox:
            assert works(sandbox, key)


def test_after_a_reset_the_key_of_the_start_works(tmp_path: Path) -> None:
    file = str(tmp_path / "sandbox.db")
    with Sandbox(db=file) as sandbox:
        client = SandboxClient(sandbox)
        client.post("/v1/customers/rotate-key")
        client.close()
    with Sandbox(db=file) as sandbox:
        sandbox.reset()
        assert works(sandbox, sandbox.key)
