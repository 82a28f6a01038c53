"""What a change of the package's Python means for users is said in their words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .generated import ROOT

pytest.importorskip("griffe")
sys.path.insert(0, str(ROOT / "codegen"))

from comparing.change import ADDITIVE, BREAKING, Change
from comparing.signatures import signature_changes

# A package like ours: lazy, with public names that are defined in private modules.
PACKAGE = {
    "__init__.py": """
TYPE_CHECKING = False
if TYPE_CHECKING:
    from openmonetize._exports import *
    from openmonetize._inner.policy import Policy as Policy
    from openmonetize.client import Client as Client
""",
    "_exports.py": """
TYPE_CHECKING = False
if TYPE_CHECKING:
    from openmonetize.api.credits_api import CreditsApi as CreditsApi
    from openmonetize.models.balance import Balance as Balance
""",
    "_inner/__init__.py": "",
    "_inner/policy.py": """
from dataclasses import dataclass


class Base:
    def shared(self): ...


@dataclass(frozen=True)
class Policy(Base):
    attempts: int = 4
    cap: float = 8.0
""",
    "client.py": """
class Client:
    def __init__(self, key, *, limit=3): ...

    def flush(self, timeout=10.0): ...

    def _hidden(self, one): ...


def helper(first, second=None): ...
""",
    "api/__init__.py": "from openmonetize.api.credits_api import CreditsApi as CreditsApi\n",
    "api/credits_api.py": """
class CreditsApi:
    def v1_credits_grant_post(self, *, idempotency_key=None, **_options: Unpack[Options]): ...

    grant = v1_credits_grant_post
""",
    "models/__init__.py": "from openmonetize.models.balance import Balance as Balance\n",
    "models/balance.py": "class Balance:\n    credits: int\n",
}
FRIENDLY = {"CreditsApi.v1_credits_grant_post": "credits.grant"}


def package(directory: Path, name: str = "", old: str = "", new: str = "") -> Path:
    """Write the package, with a text replaced in one of its modules."""
    for path, text in PACKAGE.items():
        assert path != name or old in text
        (directory / "openmonetize" / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / "openmonetize" / path).write_text(text.replace(old, new) if path == name else text)
    return directory


def found(tmp_path: Path, name: str, old: str, new: str, with_generated: bool = False) -> list[Change]:
    before, after = package(tmp_path / "old"), package(tmp_path / "new", name, old, new)
    return signature_changes(before, after, FRIENDLY, with_generated)


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("client.py", "", "", []),
        ("client.py", "_hidden(self, one)", "_hidden(self)", []),
        ("client.py", "timeout=10.0", "seconds=10.0", [(BREAKING, "`Client.flush(timeout=…)` is now `seconds`")]),
        (
            "client.py",
            "timeout=10.0",
            "",
            [(BREAKING, "`Client.flush(timeout=…)` is gone")],
        ),
        ("client.py", "timeout=10.0", "timeout=10.0, more=1", [(ADDITIVE, "`Client.flush(more=…)` is new")]),
        (
            "client.py",
            "timeout=10.0",
            "more, timeout=10.0",
            [
                (BREAKING, "`Client.flush()` takes its arguments in another order"),
                (BREAKING, "`Client.flush(more=…)` is new, and required"),
            ],
        ),
        ("client.py", "timeout=10.0", "timeout", [(BREAKING, "`Client.flush(timeout=…)` is required")]),
        ("client.py", "key, *", "key=None, *", [(ADDITIVE, "`Client(key=…)` may be left out")]),
        (
            "client.py",
            "key, *",
            "*, key",
            [(BREAKING, "`Client(key=…)` is keyword-only, no longer positional or keyword")],
        ),
        ("client.py", "limit=3", "limit=4", [(BREAKING, "`Client(limit=…)` is `4` by default, no longer `3`")]),
        ("client.py", "    def flush(self, timeout=10.0): ...\n", "", [(BREAKING, "`Client.flush()` is gone")]),
        (
            "client.py",
            "def helper(first, ",
            "def helper(one, ",
            [(BREAKING, "`openmonetize.client.helper(first=…)` is now `one`")],
        ),
        (
            "client.py",
            "def flush",
            "flush = 1\n\n    def _flush",
            [(BREAKING, "`Client.flush` is no longer a function")],
        ),
        (
            "__init__.py",
            "Policy as Policy",
            "Base as Base",
            [(BREAKING, "`Policy` is gone"), (ADDITIVE, "`Base` is new")],
        ),
        ("_inner/policy.py", "cap", "most", [(BREAKING, "`Policy(cap=…)` is now `most`")]),
        ("_inner/policy.py", "    cap: float = 8.0\n", "", [(BREAKING, "`Policy(cap=…)` is gone")]),
        (
            "_inner/policy.py",
            "shared",
            "common",
            [(BREAKING, "`Base.shared()` is gone"), (ADDITIVE, "`Base.common()` is new")],
        ),
        (
            "_inner/policy.py",
            "(Base)",
            "",
            [(BREAKING, "`Policy` is no longer derived from `Base`"), (BREAKING, "`Base.shared()` is gone")],
        ),
        ("models/balance.py", "credits", "money", []),
    ],
)
def test_a_change_of_what_is_written_by_hand_is_told_once(
    name: str, old: str, new: str, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert found(tmp_path, name, old, new) == expected


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "api/credits_api.py",
            "idempotency_key",
            "idempotency_token",
            [(BREAKING, "`credits.grant(idempotency_key=…)` is now `idempotency_token`")],
        ),
        ("models/balance.py", "    credits: int\n", "    ...\n", [(BREAKING, "`Balance.credits` is gone")]),
        (
            "models/__init__.py",
            "Balance as Balance",
            "Balance as Money",
            [(BREAKING, "`Balance` is gone"), (ADDITIVE, "`openmonetize.models.Money` is new")],
        ),
    ],
)
def test_what_is_generated_is_compared_where_the_contracts_cannot_be(
    name: str, old: str, new: str, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert found(tmp_path, name, old, new, with_generated=True) == expected
