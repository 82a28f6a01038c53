"""Profiles: accounts with a name, in ``config.toml`` of the user's configuration directory."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Optional

from openmonetize._http.redaction import Secret
from openmonetize._stores.opening import named_place
from openmonetize.cli.errors import CommandError
from openmonetize.exceptions import ApiValueError, MissingExtraError

DEFAULT = "default_profile"
KEYRING_SERVICE = "openmonetize"
PROFILE_VARIABLE = "OPENMONETIZE_PROFILE"
_SETTINGS = ("api_key", "keyring", "base_url", "outbox")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Profile(NamedTuple):
    """One account.

    Attributes:
        name: its name.
        key: the API key, hidden; None if neither the file nor the keyring has one.
        key_place: where the key is, in words.
        base_url: the platform's URL; None is the hosted platform.
        outbox: the directory of the outbox or the URL of its database, hidden, for the commands that look into one.
    """

    name: str
    key: Optional[Secret]
    key_place: str
    base_url: Optional[str]
    outbox: Optional[Secret]


def path() -> Path:
    """Return the file of the profiles: where the platform's conventions put the configuration of programs."""
    if sys.platform == "win32":
        folder = os.environ.get("APPDATA") or str(Path.home() / "AppData" / "Roaming")
    elif os.environ.get("XDG_CONFIG_HOME"):  # https://specifications.freedesktop.org/basedir-spec
        folder = os.environ["XDG_CONFIG_HOME"]
    elif sys.platform == "darwin":
        folder = str(Path.home() / "Library" / "Application Support")
    else:
        folder = str(Path.home() / ".config")
    return Path(folder) / "openmonetize" / "config.toml"


def names() -> list[str]:
    """Return the names of the profiles, in the order of the file."""
    return list(_profiles(_read()))


def default_name() -> str | None:
    """Return the name of the profile that is used if none is named; None without one."""
    config = _read()
    named = os.environ.get(PROFILE_VARIABLE) or config.get(DEFAULT)
    if named is not None and not isinstance(named, str):
        raise CommandError(f"{path()}: {DEFAULT} must be the name of a profile")
    return named


def load(name: str) -> Profile:
    """Return a profile.

    Raises:
        CommandError: there is none of this name, or the file cannot be read.
        MissingExtraError: it needs a package that is not installed.
    """
    profiles = _profiles(_read())
    if name not in profiles:
        known = f"it has {', '.join(profiles)}" if profiles else "it has none; see `openmonetize profile add --help`"
        raise CommandError(f"no profile {name!r} in {path()}: {known}")
    values = profiles[name]
    for setting, value in values.items():
        if setting not in _SETTINGS:
            raise CommandError(f"{path()}: profile {name!r} has {setting!r}; known are {', '.join(_SETTINGS)}")
        if not isinstance(value, bool if setting == "keyring" else str):
            raise CommandError(f"{path()}: {setting} of profile {name!r} must be {_kind(setting)}")
    key, place = values.get("api_key"), f"profile {name!r} in {path()}"
    if key is None and values.get("keyring"):
        key, place = keyring().get_password(KEYRING_SERVICE, name), f"the keyring, for profile {name!r}"
    try:
        outbox = named_place("outbox", values.get("outbox"), redis=False)
    except ApiValueError as error:
        raise CommandError(f"{path()}: profile {name!r}: {error}") from None
    url = values.get("base_url")
    return Profile(name, Secret(key) if key else None, place, url, outbox if outbox.value is not None else None)


def remove(name: str) -> Path:
    """Remove a profile from the file, and its key from the keyring. Return the file.

    Raises:
        CommandError: there is none of this name, it is written in another way than `add` does, or the file cannot be
            read.
        MissingExtraError: its key is in the keyring, and the package for it is not installed.
    """
    config = _read()
    profiles = _profiles(config)
    if name not in profiles:
        raise CommandError(f"no profile {name!r} in {path()}")
    file = path()
    text = file.read_text(encoding="utf-8")
    # The lines from the table's head to the next one. A text with a head within, or another way to write a table,
    # leaves other profiles than it should; then nothing is changed.
    head = rf"[ \t]*\[[ \t]*profiles[ \t]*\.[ \t]*([\"']?){re.escape(name)}\1[ \t]*\][^\n]*\n"
    left = re.sub(rf"^{head}(?:(?![ \t]*\[)[^\n]*(?:\n|\Z))*", "", text + "\n", count=1, flags=re.MULTILINE)
    if config.get(DEFAULT) == name:
        left = re.sub(rf"^[ \t]*{DEFAULT}[ \t]*=[^\n]*\n+", "", left, count=1, flags=re.MULTILINE)
    others = {other: values for other, values in profiles.items() if other != name}
    try:
        whole = _profiles(_parsed(left)) == others
    except CommandError:
        whole = False
    if not whole:
        raise CommandError(f"profile {name!r} cannot be told from the rest of {file}: remove it by hand")
    if profiles[name].get("keyring"):
        keyring().delete_password(KEYRING_SERVICE, name)
    _write(left.rstrip("\n") + "\n")
    return file


def add(name: str, key: Secret, *, base_url: str | None, use_keyring: bool) -> Path:
    """Add a profile to the file, which only its user may read. Return the file.

    Raises:
        CommandError: the name is taken or is not one, or the file cannot be read.
    """
    if not _NAME.fullmatch(name):
        raise CommandError(f"{name!r} is not a name of a profile: letters, digits, - and _")
    if name in names():
        raise CommandError(f"there is a profile {name!r} already", hint=f"take another name, or edit {path()}")
    lines = [f"[profiles.{name}]"]
    if base_url is not None:
        lines.append(f"base_url = {json.dumps(base_url)}")
    if use_keyring:
        keyring().set_password(KEYRING_SERVICE, name, key.value)
        lines.append("keyring = true")
    else:
        lines.append(f"api_key = {json.dumps(key.value)}")
    file = path()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = file.read_text(encoding="utf-8") if file.exists() else f"{DEFAULT} = {json.dumps(name)}\n"
    _write(before.rstrip("\n") + "\n\n" + "\n".join(lines) + "\n")
    return file


def _write(text: str) -> None:
    """Write the file, which only its user may read, whole or not at all."""
    file = path()
    new = file.with_name(f"{file.name}.{os.getpid()}")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
        written.write(text)
    os.replace(new, file)


def others_may_read() -> bool:
    """Return whether the file has a key or a password in it and others than its user may read it."""
    file = path()
    if os.name == "nt" or not file.exists() or not file.stat().st_mode & 0o077:
        return False
    return any("api_key" in values or "@" in str(values.get("outbox")) for values in _profiles(_read()).values())


def keyring() -> Any:
    """Return the package that reads the operating system's keyring.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        package = importlib.import_module("keyring")
    except ImportError:
        raise MissingExtraError("keys in a keyring need the package keyring: pip install keyring") from None
    return _Keyring(package)


class _Keyring:
    """A keyring whose failures are errors of one line."""

    def __init__(self, package: Any) -> None:
        self._package = package

    def get_password(self, service: str, name: str) -> Any:
        return self._do(self._package.get_password, service, name)

    def set_password(self, service: str, name: str, key: str) -> None:
        self._do(self._package.set_password, service, name, key)

    def delete_password(self, service: str, name: str) -> None:
        if self.get_password(service, name) is not None:
            self._do(self._package.delete_password, service, name)

    def _do(self, action: Any, *arguments: str) -> Any:
        try:
            return action(*arguments)
        except Exception as error:  # each backend has errors of its own
            raise CommandError(f"the keyring cannot be used: {type(error).__name__}: {error}") from None


def _read() -> Mapping[str, Any]:
    file = path()
    try:
        text = file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not a text in UTF-8") from None
    return _parsed(text)


def _parsed(text: str) -> Mapping[str, Any]:
    toml = _toml()
    try:
        found: Mapping[str, Any] = toml.loads(text)
    except ValueError as error:
        # Not the error's own text alone: it may show the line with the key in newer releases.
        raise CommandError(f"{path()} is not TOML: {_place_of(error)}") from None
    return found


def _place_of(error: ValueError) -> str:
    found = re.search(r"\(at (?:line [0-9]+, column [0-9]+|end of document)\)", str(error))
    return found.group(0).strip("()") if found else "it cannot be parsed"


def _toml() -> Any:
    try:
        return importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ImportError:
        raise MissingExtraError("profiles need the package tomli: pip install 'openmonetize[cli]'") from None


def _profiles(config: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    profiles = config.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(values, dict) for values in profiles.values()):
        raise CommandError(f"{path()}: profiles are tables, such as [profiles.production]")
    return profiles


def _kind(setting: str) -> str:
    return "true or false" if setting == "keyring" else "a text in quotes"
