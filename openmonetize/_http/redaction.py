"""Containers that never show an API key, and the removal of keys from texts that a server sends back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from openmonetize.exceptions import ApiKeyError, ApiTypeError

# Names under which ``Configuration.api_key`` takes the key, in order of precedence.
API_KEY_NAMES = ("bearerAuth", "ApiKeyAuth")

# Request headers that carry a key.
_CARRIERS = ("authorization", "x-api-key", "proxy-authorization")
_MASK = "***"


class Secret:
    """A string that ``repr`` does not show."""

    __slots__ = ("value",)

    def __init__(self, value: str | None) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(_MASK if self.value else None)


class Secrets(MutableMapping[str, str]):
    """A mapping of key names to keys whose ``repr`` does not show the keys.

    Attributes:
        changes: how often an entry was set or deleted.
    """

    __slots__ = ("_values", "changes")

    def __init__(self, values: Mapping[str, str | None] | None = None) -> None:
        self._values: dict[str, str] = {}
        self.changes = 0
        if values is not None and not isinstance(values, Mapping):
            raise ApiTypeError("api_key must be a dict: {'bearerAuth': key}")
        for name, value in (values or {}).items():
            if value is not None:
                self[name] = value

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __setitem__(self, name: str, value: str) -> None:
        if name not in API_KEY_NAMES:
            raise ApiKeyError(f"api_key has no entry {name!r}: use {' or '.join(map(repr, API_KEY_NAMES))}")
        self._values[name] = value
        self.changes += 1

    def __delitem__(self, name: str) -> None:
        del self._values[name]
        self.changes += 1

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(dict.fromkeys(self._values, _MASK))


class Redactor:
    """Masks a request's keys in texts, since a server may echo the request.

    Args:
        headers: the request's headers.
    """

    __slots__ = ("_headers",)

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, text: str) -> str:
        for name, value in self._headers.items():
            if name.lower() in _CARRIERS:
                for key in (value, value.rpartition(" ")[2]):
                    text = text.replace(key, _MASK) if key else text
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return Redactor, ({},)  # a pickled answer must not carry the key


def redacted(headers: Mapping[str, str], redact: Callable[[str], str]) -> Mapping[str, str]:
    """Return the headers of an answer, masked where they repeat a key."""
    if all(redact(value) == value for value in headers.values()):
        return headers
    from urllib3 import HTTPHeaderDict  # late: `Configuration` is imported without it

    return HTTPHeaderDict([(name, redact(value)) for name, value in headers.items()])
