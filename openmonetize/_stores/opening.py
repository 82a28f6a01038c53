"""Which store a setting names."""

from __future__ import annotations

import os
import re
from typing import Any

from openmonetize._arguments import described
from openmonetize._http.redaction import Secret
from openmonetize._stores.documents import DocumentStore
from openmonetize.exceptions import ApiTypeError, ApiValueError

_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]+:")
# What is meant as a URL, or as what libpq takes beside URLs, and would be a file's name that shows a password.
_NO_PATH = re.compile(_SCHEME.pattern + r"|.*:[^/\\]*@|.*password\s*=|.*\0", re.IGNORECASE | re.DOTALL)
_POSTGRES = ("postgresql://", "postgres://")
_REDIS = ("redis://", "rediss://", "unix://")


def is_postgres(hidden: Secret) -> bool:
    """Return whether a setting is the URL of a PostgreSQL database."""
    return isinstance(hidden.value, str) and hidden.value.startswith(_POSTGRES)


def named_place(name: str, setting: Any, redis: bool = True) -> Secret:
    """Return a setting that names a place: a URL, or the path of a file. It is hidden: a URL may have a password.

    Args:
        name: the setting's name.
        setting: its value; None names nothing.
        redis: whether it may be Redis.

    Raises:
        ApiTypeError, ApiValueError: it names none.
    """
    hidden, setting = Secret(setting), None
    if hidden.value is None:
        return hidden
    if not isinstance(hidden.value, (str, os.PathLike)):
        raise ApiTypeError(f"{name} must be a URL or a path, not {described(hidden.value)}")
    hidden = Secret(os.fspath(hidden.value))
    is_url = hidden.value.startswith(_POSTGRES + (_REDIS if redis else ()))
    if not hidden.value or not (is_url or _NO_PATH.match(hidden.value) is None):
        scheme = _SCHEME.match(hidden.value)
        given = f"{scheme[0] if scheme else ''}..." if hidden.value else "empty"
        urls = "postgresql://..., redis://..." if redis else "postgresql://..."
        raise ApiValueError(f"{name} must be {urls} or a path, not {given}")
    return hidden


def open_documents(place: Secret, purpose: str) -> DocumentStore:
    """Return the store of a place.

    Args:
        place: what `named_place` returned, and not None.
        purpose: what the documents are, for messages.

    Raises:
        MissingExtraError: the store's library is not installed.
        ApiValueError: the URL cannot be used.
    """
    if is_postgres(place):
        from openmonetize._stores.postgres import PostgresDocuments

        return PostgresDocuments(place, purpose)
    if place.value.startswith(_REDIS):
        from openmonetize._stores.redis import RedisDocuments

        return RedisDocuments(place, purpose)
    from openmonetize._stores.sqlite import SqliteDocuments

    return SqliteDocuments(place.value, purpose)
