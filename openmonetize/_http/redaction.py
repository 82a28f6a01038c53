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
    """A value that ``repr`` does not show, and pickling refuses.

    It is no string, because tools that report errors show those as they are: a key must be in no local variable of a
    frame as plain text.

    Attributes:
        value: the value.
        source: where it came from.
    """

    __slots__ = ("source", "value")

    def __init__(self, value: Any, source: str = "") -> None:
        self.value: Any = value.value if isinstance(value, Secret) else value
        self.source: str = value.source if isinstance(value, Secret) else source

    def ending(self) -> str:
        """Return the last four characters, by which its owner knows it; nothing of a short one."""
        return f"...{self.value[-4:]}" if len(self.value) >= 12 else _MASK

    def __repr__(self) -> str:
        return repr(_MASK if self.value else None)

    def __reduce__(self) -> Any:
        raise ApiTypeError("an API key is not pickled")


class Secrets(MutableMapping[str, str]):
    """A mapping of key names to keys whose ``repr`` does not show the keys.

    Attributes:
        changes: how often an entry was set or deleted.
    """

    __slots__ = ("_values", "changes")

    def __init__(self, values: Mapping[str, str | None] | Secret | None = None) -> None:
        given: Secret = Secret(values)
        values = None
        self._values: dict[str, str] = {}
        self.changes = 0
        if given.value is not None and not isinstance(given.value, Mapping):
            raise ApiTypeError("api_key must be a dict: {'bearerAuth': key}")
        for name in given.value or ():
            one = Secret(given.value[name])  # type: ignore[index]  # it is a mapping
            if one.value is not None:
                self._set(name, one)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __setitem__(self, name: str, value: str) -> None:
        given, value = Secret(value), ""
        self._set(name, given)

    def _set(self, name: str, given: Secret) -> None:
        if name not in API_KEY_NAMES:
            raise ApiKeyError(f"api_key has no entry {name!r}: use {' or '.join(map(repr, API_KEY_NAMES))}")
        self._values[name] = given.value
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

    __sentry_repr__ = __repr__  # Sentry's client shows the values of other mappings


class Redactor:
    """Masks a request's keys in texts, since a server may echo the request.

    Args:
        headers: the request's headers, and those for a proxy.
    """

    __slots__ = ("_secrets",)

    def __init__(self, *headers: Mapping[str, str | Secret]) -> None:
        values = [Secret(own[name]) for own in headers for name in own if name.lower() in _CARRIERS]
        self._secrets = values + [Secret(secret.value.rpartition(" ")[2]) for secret in values]

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret.value, _MASK) if secret.value else text
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return Redactor, ()  # a pickled answer must not carry the key


def hide_keys(headers: dict[str, Any]) -> None:
    """Have the headers that carry a key not show it."""
    for name in headers:
        if isinstance(name, str) and name.lower() in _CARRIERS and not isinstance(headers[name], Secret):
            headers[name] = Secret(headers[name])


def hide_keys_of(options: Any) -> None:
    """Have the options of a call not show the keys in them. Frames that share the dict do not show them either."""
    if options.get("_request_auth") is not None:
        options["_request_auth"] = Secret(options["_request_auth"], "_request_auth")
    if isinstance(options.get("_headers"), Mapping):
        options["_headers"] = dict(options["_headers"])
        hide_keys(options["_headers"])


def redacted(headers: Mapping[str, str], redact: Callable[[str], str]) -> Mapping[str, str]:
    """Return the headers of an answer, masked where they repeat a key."""
    if all(redact(value) == value for value in headers.values()):
        return headers
    from urllib3 import HTTPHeaderDict  # late: `Configuration` is imported without it

    return HTTPHeaderDict([(name, redact(value)) for name, value in headers.items()])
