"""``grant``, ``profile`` and ``completion``."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from openmonetize.sandbox import Sandbox

from .conftest import KEY, Run


def test_a_grant_to_a_user_is_booked_once_for_a_key(om: Run, platform: Sandbox) -> None:
    arguments = ("grant", "50", "--user", "acme_grantee", "--idempotency-key", "tests-1", "--json")
    first, second = (json.loads(om(*arguments).stdout) for _ in range(2))
    assert first["transaction_id"] == second["transaction_id"]
    assert platform.balance("acme_grantee") == 50


def test_a_grant_to_the_own_wallet_is_not_made_by_mistake(om: Run, platform: Sandbox) -> None:
    before = platform.balance()
    assert om("grant", "50").returncode == 2  # nobody is there to be asked
    assert platform.balance() == before
    assert om("grant", "50", "--yes").returncode == 0
    assert platform.balance() == before + 50


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_grant_to_the_own_wallet_asks_at_a_terminal(platform: Sandbox, home: Path) -> None:
    before = platform.balance()
    for answer, granted, code in ((b"n\n", 0, 1), (b"y\n", 50, 0)):
        shown, status = at_terminal(["grant", "50"], answer, platform, home)
        assert "which no user's usage is paid from? [y/N]" in shown
        assert status == code
        assert platform.balance() == before + granted


def at_terminal(arguments: list[str], typed: bytes, platform: Sandbox, home: Path) -> tuple[str, int]:
    """Run the command at a pseudo-terminal. Return what it shows, and its exit code."""
    import pty

    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(OPENMONETIZE_API_KEY=KEY, OPENMONETIZE_BASE_URL=platform.url, XDG_CONFIG_HOME=str(home))
        os.execv(sys.executable, [sys.executable, "-m", "openmonetize", *arguments])
    os.write(fd, typed)
    shown = b""
    try:
        while part := os.read(fd, 4096):
            shown += part
    except OSError:  # the end, on Linux
        pass
    os.close(fd)
    return " ".join(shown.decode().split()), os.WEXITSTATUS(os.waitpid(pid, 0)[1])


def test_a_profile_is_used_by_name_and_by_default(om: Run, platform: Sandbox, home: Path) -> None:
    added = om("profile", "add", "tests", "--url", platform.url, given=KEY + "\n")
    assert added.returncode == 0
    file = Path(om("profile", "path").stdout.strip())
    assert file == home / "openmonetize" / "config.toml"
    if os.name != "nt":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    nothing = {"OPENMONETIZE_API_KEY": None, "OPENMONETIZE_BASE_URL": None}
    for arguments, environment in (
        (["me", "--profile", "tests"], nothing),
        (
            ["--profile", "tests", "me"],
            {"OPENMONETIZE_API_KEY": "another", "OPENMONETIZE_BASE_URL": "http://127.0.0.1:9"},
        ),
        (["me"], nothing),
        (["me"], {**nothing, "OPENMONETIZE_PROFILE": "tests"}),
    ):
        assert om(*arguments, **environment).returncode == 0
    assert json.loads(om("profile", "list", "--json").stdout)[0]["default"] is True


def test_a_profiles_key_never_goes_to_the_url_of_the_environment(om: Run, platform: Sandbox) -> None:
    om("profile", "add", "tests", "--url", "https://api.example.com", given=KEY + "\n")
    asked = len(platform.requests)
    done = om("me", OPENMONETIZE_API_KEY=None)
    assert (done.returncode, len(platform.requests)) == (3, asked)
    assert "--profile tests" in done.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("profiles = 1", "profiles are tables"),
        ("[profiles.a]\napi_kee = 'x'", "api_kee"),
        ("[profiles.a]\napi_key = 5", "a text in quotes"),
        (f"[profiles.a]\napi_key = {KEY}", "is not TOML"),
        ("[profiles.b]", "no profile 'a'"),
        ("[profiles.a]", "no API key"),
    ],
)
def test_a_wrong_configuration_is_one_line(om: Run, home: Path, text: str, expected: str) -> None:
    (home / "openmonetize").mkdir()
    (home / "openmonetize" / "config.toml").write_text(text)
    done = om("me", "--profile", "a")
    assert done.returncode in (2, 3)
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_profile_is_not_replaced_and_a_key_must_be_one(om: Run) -> None:
    assert om("profile", "add", "one", given=KEY + "\n").returncode == 0
    assert om("profile", "add", "one", given=KEY + "\n").returncode == 2
    assert om("profile", "add", "two", given="\n").returncode == 2
    assert om("profile", "add", "a b", given=KEY + "\n").returncode == 2


_FILE = f"""# of the tests
default_profile = "two"

[profiles.one]
api_key = "{KEY}1"  # [one]
[profiles."two"]
api_key = "{KEY}2"
outbox = "/[profiles.three]"

[ profiles . three ]
api_key = "{KEY}3"
"""


def test_a_profile_is_removed_and_the_rest_is_left_as_it_is(om: Run, home: Path) -> None:
    file = home / "openmonetize" / "config.toml"
    file.parent.mkdir()
    file.write_text(_FILE)
    assert om("profile", "remove", "two").returncode == 0
    begin, rest = _FILE.split('default_profile = "two"\n\n')
    assert (
        file.read_text()
        == begin + rest.split('[profiles."two"]')[0] + "[ profiles . three ]" + (_FILE.split("[ profiles . three ]")[1])
    )
    assert om("profile", "remove", "three").returncode == 0
    assert om("profile", "remove", "three").returncode == 2
    assert om("profile", "remove", "one").returncode == 0
    assert file.read_text() == "# of the tests\n"
    assert om("profile", "add", "one", given=KEY + "\n").returncode == 0


@pytest.mark.parametrize("text", ['profiles = {one = {api_key = "x"}}', 'profiles.one.api_key = "x"'])
def test_a_profile_that_cannot_be_told_from_the_rest_is_left(om: Run, home: Path, text: str) -> None:
    file = home / "openmonetize" / "config.toml"
    file.parent.mkdir()
    file.write_text(text)
    done = om("profile", "remove", "one")
    assert (done.returncode, "by hand" in done.stderr, file.read_text()) == (2, True, text)


_KEYRING = """
import json, os, pathlib
from keyring.backend import KeyringBackend
FILE = pathlib.Path(os.environ["KEYRING_FILE"])
class Keyring(KeyringBackend):
    priority = 1
    def get_password(self, service, name):
        if not FILE.exists():
            raise OSError("the keyring is locked")
        return json.loads(FILE.read_text()).get(service + name)
    def set_password(self, service, name, key):
        FILE.write_text(json.dumps({service + name: key}))
    def delete_password(self, service, name):
        FILE.write_text("{}")
"""


def test_a_key_in_the_keyring_is_in_no_file_of_ours(om: Run, platform: Sandbox, home: Path) -> None:
    pytest.importorskip("keyring")
    (home / "of_the_tests.py").write_text(_KEYRING)
    variables: dict[str, str | None] = {
        "PYTHON_KEYRING_BACKEND": "of_the_tests.Keyring",
        "PYTHONPATH": os.pathsep.join([str(home), os.environ.get("PYTHONPATH", "")]),
        "KEYRING_FILE": str(home / "keys.json"),
        "OPENMONETIZE_API_KEY": None,
        "OPENMONETIZE_BASE_URL": None,
    }
    added = om("profile", "add", "ring", "--url", platform.url, "--keyring", given=KEY + "\n", **variables)
    assert (added.returncode, added.stderr) == (0, "")
    assert KEY not in (home / "openmonetize" / "config.toml").read_text()
    assert om("me", "--profile", "ring", **variables).returncode == 0
    assert om("profile", "add", "other", "--keyring", given=KEY + "\n", **variables).returncode == 0
    assert om("profile", "remove", "other", **variables).returncode == 0
    assert (home / "keys.json").read_text() == "{}"
    (home / "keys.json").unlink()
    locked = om("me", "--profile", "ring", **variables)
    assert (locked.returncode, locked.stderr.count("\n")) == (2, 1)
    assert "the keyring is locked" in locked.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_complete_commands(om: Run, shell: str) -> None:
    assert "_OPENMONETIZE_COMPLETE" in om("completion", shell).stdout


def test_commands_and_options_are_completed(om: Run) -> None:
    variables = {"_OPENMONETIZE_COMPLETE": "bash_complete", "COMP_CWORD": "1"}
    assert om(COMP_WORDS="openmonetize bal", **variables).stdout == "plain,balance\n"
