"""The keys of several accounts, in a file or in profiles."""

from __future__ import annotations

import json
import os
import re
import stat
from typing import Any, Optional

from openmonetize._http.redaction import Secret
from openmonetize.cli.errors import CommandError

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # as those of profiles
_MAX_BYTES = 1024 * 1024


def read_keys(path: str) -> dict[str, Secret]:
    """Return the keys in a file, hidden, by the names of their accounts.

    A line is ``name = key``; empty lines and those that begin with ``#`` say nothing. Or the file is an object of JSON,
    ``{"name": "key"}``.

    Raises:
        CommandError: others may read it, or it cannot be understood. The text never shows what is in it.
        OSError: it cannot be read.
    """
    pairs, problem = _parsed(_private(path))
    found: dict[str, Secret] = {}
    for where, name, key in pairs:
        if problem is None and not _NAME.fullmatch(name):
            problem = f"{where} is no account's name: letters, digits, - and _"
        elif problem is None and name in found:
            problem = f"it has {name!r} twice"
        found[name] = key
    if problem is None and not found:
        problem = "there is no key in it"
    if problem is not None:
        raise CommandError(f"{path}: {problem}")
    return found


def _private(path: str) -> Secret:
    """Return the text of a file that only its user may read, or, as libpq has it for keys, root's group as well."""
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        allowed = 0o040 if status.st_uid == 0 else 0
        if os.name != "nt" and status.st_mode & 0o077 & ~allowed and stat.S_ISREG(status.st_mode):
            raise CommandError(f"others may read the keys in {path}", hint=f"chmod 600 {path}")
        return Secret(file.read(_MAX_BYTES + 1))


def _parsed(content: Secret) -> tuple[list[tuple[str, str, Secret]], Optional[str]]:
    """Return where each key is, its account's name and the key, and what is wrong. What is raised would show keys."""
    if len(content.value) > _MAX_BYTES:
        return [], "it is too large"
    try:
        content = Secret(content.value.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return [], "it is not a text in UTF-8"
    return _parsed_json(content) if content.value.lstrip().startswith("{") else _parsed_lines(content)


def _parsed_lines(content: Secret) -> tuple[list[tuple[str, str, Secret]], Optional[str]]:
    pairs = []
    for number, line in enumerate(map(Secret, content.value.splitlines()), 1):
        if line.value.strip() and not line.value.lstrip().startswith("#"):
            name, equals, key = map(Secret, line.value.partition("="))
            if not equals.value or not key.value.strip():
                return [], f"line {number} is not of the form name = key"
            pairs.append((f"line {number}: what stands before =", name.value.strip(), Secret(key.value.strip())))
    return pairs, None


def _parsed_json(content: Secret) -> tuple[list[tuple[str, str, Secret]], Optional[str]]:
    try:
        found: Any = Secret(json.loads(content.value))
    except (ValueError, RecursionError):
        return [], "it is not JSON"
    if not all(isinstance(key, str) and key for key in found.value.values()):
        return [], 'it is not of the form {"name": "key"}'
    return [("what stands before a key", name, Secret(key)) for name, key in found.value.items()], None
