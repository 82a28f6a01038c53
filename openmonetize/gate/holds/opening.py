"""Where holds are kept: the store that a setting names."""

from __future__ import annotations

import os
import re
from typing import Any

from openmonetize._arguments import described
from openmonetize._http.redaction import Secret
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.gate.holds.in_process import InProcessHolds
from openmonetize.gate.holds.store import HoldStore

FILE_IN_OUTBOX = ".holds.sqlite3"  # the outbox leaves names with a dot alone
_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]+:")
# What is meant as a URL, or as what libpq takes beside URLs, and would be a file's name that shows a password.
_NO_PATH = re.compile(_SCHEME.pattern + r"|.*:[^/\\]*@|.*password\s*=|.*\0", re.IGNORECASE | re.DOTALL)
_POSTGRES = ("postgresql://", "postgres://")
_REDIS = ("redis://", "rediss://", "unix://")


def named_store(holds: Any) -> Secret:
    """Return a setting that names a store. It is hidden, since a URL may have a password.

    Raises:
        ApiTypeError, ApiValueError: it names none.
    """
    hidden, holds = Secret(holds), None
    if hidden.value is None:
        return hidden
    if not isinstance(hidden.value, (str, os.PathLike)):
        raise ApiTypeError(f"holds must be a URL or a path, not {described(hidden.value)}")
    hidden = Secret(os.fspath(hidden.value))
    is_url = hidden.value.startswith(_POSTGRES + _REDIS)
    if not hidden.value or not (is_url or _NO_PATH.match(hidden.value) is None):
        scheme = _SCHEME.match(hidden.value)
        named = f"{scheme[0] if scheme else ''}..." if hidden.value else "empty"
        raise ApiValueError(f"holds must be postgresql://..., redis://... or the path of a file, not {named}")
    return hidden


def open_store(holds: Secret, outbox: str | os.PathLike[str] | None) -> HoldStore:
    """Return the store of a setting.

    Args:
        holds: what `named_store` returned: a URL of PostgreSQL or Redis, or the path of a SQLite database. None keeps
            holds within the outbox, or in memory if there is none.
        outbox: the directory of the outbox.

    Raises:
        MissingExtraError: the store's library is not installed.
        ApiValueError: the URL cannot be used.
    """
    if holds.value is None:
        if outbox is None:
            return InProcessHolds()
        holds = Secret(os.path.join(outbox, FILE_IN_OUTBOX))
    if holds.value.startswith(_POSTGRES):
        from openmonetize.gate.holds.postgres import PostgresHolds

        return PostgresHolds(holds)
    if holds.value.startswith(_REDIS):
        from openmonetize.gate.holds.redis import RedisHolds

        return RedisHolds(holds)
    from openmonetize.gate.holds.sqlite import SqliteHolds

    return SqliteHolds(holds.value)
