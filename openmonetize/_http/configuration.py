"""The settings of a client: host, API key, time-outs, retries, TLS and proxy."""

from __future__ import annotations

import copy
import inspect
import os
import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Callable, ClassVar, NoReturn, Optional, cast
from urllib.parse import urlsplit

from openmonetize._arguments import described, explains, refuse, require, suggestion
from openmonetize._http.redaction import API_KEY_NAMES, Secret, Secrets
from openmonetize._http.retry import RetryPolicy
from openmonetize._servers import SERVERS
from openmonetize.exceptions import ApiAttributeError, ApiKeyError, ApiTypeError, ApiValueError

DEFAULT_HOST = SERVERS[0]["url"]
API_KEY_VARIABLE = "OPENMONETIZE_API_KEY"
BASE_URL_VARIABLE = "OPENMONETIZE_BASE_URL"
# A time-out of more than a day is taken for a mistake, such as milliseconds for seconds.
MAX_TIMEOUT = 86_400

_QUOTES = ("", "'", '"')  # what a key that can be sent does not begin with

_TYPO = 0.8  # how alike a name that is set must be to a setting's; OpenAPI Generator's clients have other settings

_AUTHORITY = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?", re.IGNORECASE)
_LOOPBACK = re.compile(r"localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|::1")
# Settings of connections: those that are open are not used any more after a change.
_OF_CONNECTIONS = frozenset(
    (
        "verify_ssl",
        "ssl_ca_cert",
        "cert_file",
        "key_file",
        "assert_hostname",
        "proxy",
        "proxy_headers",
        "connection_pool_maxsize",
    )
)
# Settings that may have a key or a password in them.
_SECRETS = frozenset(("api_key", "access_token", "proxy", "proxy_headers"))


class Configuration:
    """Settings of an :class:`~openmonetize.ApiClient`.

    The API key is looked for in ``api_key['bearerAuth']``, ``api_key['ApiKeyAuth']``, ``access_token`` and, last,
    the environment variable ``OPENMONETIZE_API_KEY``. It is never shown by ``repr``, logs or errors, survives
    ``copy.deepcopy`` and is not pickled.

    Args:
        host: base URL; a trailing slash and a trailing ``/v1`` are tolerated. Default: the environment variable
            ``OPENMONETIZE_BASE_URL``, else the hosted platform.
        api_key: ``{'bearerAuth': key}``; None for a key counts as none.
        access_token: the key, by its other usual name.
        timeout: total seconds that one call may take, retries and waits included. Only the look-up of the host's
            name may take longer: it has the operating system's time-outs.
        connect_timeout: seconds to wait for a connection to each address of the host.
        read_timeout: seconds to wait for the next bytes of an answer.
        retries: a :class:`~openmonetize.RetryPolicy`, or how many retries after the first attempt (0: none).
            Only what is safe to repeat is ever retried.
        max_response_bytes: an answer larger than this, decompressed, is an error.
        allow_http: send the key over plain ``http://`` to hosts other than loopback as well.
        id_namespace: makes stable UUIDs of event ids that are not UUIDs, for events without ``customer_id``; use a
            string that is unique to you, such as your domain.
        debug: log every request and answer (never the key) on the logger ``openmonetize``.
        verify_ssl: check the server's certificate.
        ssl_ca_cert: file with the certificates of the authorities to trust.
        cert_file: client certificate file.
        key_file: key of the client certificate.
        assert_hostname: the name that the certificate must have instead of the host's.
        proxy: URL of an HTTP proxy; a user and a password in it are sent to the proxy only. Default: what the
            environment variables ``HTTPS_PROXY``, ``HTTP_PROXY`` (for ``http://``) or ``ALL_PROXY`` name, unless
            ``NO_PROXY`` names the host; loopback is never reached through those. ``""`` is no proxy.
        proxy_headers: headers for the proxy.
        connection_pool_maxsize: the largest number of connections that are kept open.

    Raises:
        ApiValueError: the host is no http(s) URL, or a number is out of range.
    """

    __module__ = "openmonetize.configuration"

    _default: ClassVar[Configuration | None] = None

    connection_changes = 0  # how often a setting of connections was set

    @explains
    def __init__(
        self,
        host: str | None = None,
        api_key: Mapping[str, str | None] | None = None,
        access_token: str | None = None,
        *surplus: NoReturn,
        timeout: float = 60.0,
        connect_timeout: float = 10.0,
        read_timeout: float = 30.0,
        retries: RetryPolicy | int | None = None,
        max_response_bytes: int = 32 * 1024 * 1024,
        allow_http: bool = False,
        id_namespace: str | None = None,
        debug: bool = False,
        verify_ssl: bool = True,
        ssl_ca_cert: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        assert_hostname: str | bool | None = None,
        proxy: str | None = None,
        proxy_headers: Mapping[str, str] | None = None,
        connection_pool_maxsize: int = 16,
        **unknown: NoReturn,
    ) -> None:
        # Hidden first, since what raises below shows this frame to tools that report errors.
        api_key, access_token, proxy, proxy_headers = (
            cast(Any, Secret(value)) for value in (api_key, access_token, proxy, proxy_headers)
        )
        excess, surplus = len(surplus), ()
        if excess or unknown:
            refuse(Configuration.__init__, excess, unknown)
        self.api_key = api_key
        self.access_token = access_token
        self.proxy = proxy
        self.proxy_headers = proxy_headers
        self.host = os.environ.get(BASE_URL_VARIABLE) or DEFAULT_HOST if host is None else host
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self.read_timeout = read_timeout
        self.retries = retries
        self.max_response_bytes = max_response_bytes
        self.allow_http = allow_http
        self.id_namespace = id_namespace
        self.debug = debug
        self.verify_ssl = verify_ssl
        self.ssl_ca_cert = ssl_ca_cert
        self.cert_file = cert_file
        self.key_file = key_file
        self.assert_hostname = assert_hostname
        self.connection_pool_maxsize = connection_pool_maxsize

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SECRETS:
            value = Secret(value)
        if name in _OF_CONNECTIONS:
            self.connection_changes += 1
        check = _CHECKS.get(name)
        if check is not None:
            check(name, value)
        elif (
            type(self) is Configuration
            and name not in _SETTINGS
            and name[:1] != "_"
            and not hasattr(Configuration, name)
        ):
            meant = suggestion(name, _SETTINGS, _TYPO)
            if meant:
                raise ApiAttributeError(f"Configuration has no setting {name!r}: did you mean {meant}?")
        super().__setattr__(name, value)

    @property
    def host(self) -> str:
        """The base URL, without a trailing slash or ``/v1``."""
        return self._host

    @host.setter
    def host(self, value: str) -> None:
        if not isinstance(value, str):
            raise ApiValueError(f"host must be a URL such as {DEFAULT_HOST!r}, not {described(value)}")
        url = value.strip().rstrip("/")
        if url.endswith("/v1") and not DEFAULT_HOST.endswith("/v1"):
            url = url[:-3].rstrip("/")
        secure = _secure(url)
        if secure is None:
            scheme = "" if "://" in url else "; https:// is missing (http:// for this machine)"
            raise ApiValueError(
                f"host must be a URL such as {DEFAULT_HOST!r}, without a key, query or blanks in it{scheme}"
            )
        self._host = url
        self._plain_http = not secure

    @property
    def api_key(self) -> MutableMapping[str, str]:
        """The key, as ``api_key['bearerAuth']`` or ``api_key['ApiKeyAuth']``."""
        return self._api_key

    @api_key.setter
    def api_key(self, values: Mapping[str, str | None]) -> None:  # hidden by `__setattr__`, as those below
        self._api_key = Secrets(values)

    @property
    def access_token(self) -> str | None:
        """The key, under the other name that OpenAPI Generator's clients use."""
        return cast(Optional[str], self._access_token.value)

    @access_token.setter
    def access_token(self, value: str | None) -> None:
        self._access_token = Secret(value)

    @property
    def proxy(self) -> str | None:
        """The URL of an HTTP proxy."""
        return cast(Optional[str], self._proxy.value)

    @proxy.setter
    def proxy(self, value: str | None) -> None:
        self._proxy = Secret(value)

    @property
    def proxy_headers(self) -> Mapping[str, str] | None:
        """Headers for the proxy."""
        return cast(Optional[Mapping[str, str]], self._proxy_headers.value)

    @proxy_headers.setter
    def proxy_headers(self, value: Mapping[str, str] | None) -> None:
        self._proxy_headers = Secret(value)

    @property
    def retries(self) -> RetryPolicy:
        """The retry policy of calls."""
        return self._retries

    @retries.setter
    def retries(self, value: RetryPolicy | int | None) -> None:
        if value is None:
            value = RetryPolicy()
        elif not isinstance(value, RetryPolicy):
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ApiValueError("retries must be a RetryPolicy or a number of retries, 0 or more")
            value = RetryPolicy(attempts=value + 1)
        self._retries = value

    @property
    def debug(self) -> bool:
        """Whether requests and answers are logged, without the key."""
        return self._debug

    @debug.setter
    def debug(self, value: bool) -> None:
        self._debug = bool(value)
        if self._debug:
            import logging

            logger = logging.getLogger("openmonetize")
            logger.setLevel(logging.DEBUG)
            if not logger.hasHandlers():
                logger.addHandler(logging.StreamHandler())

    def key(self) -> str:
        """Return the API key to send.

        Raises:
            ApiKeyError: there is none, it cannot travel in a header, or the host is plain ``http://``.
        """
        return cast(str, self.secret().value)

    def secret(self) -> Secret:
        """Return the API key to send, hidden from frames; see :meth:`key`."""
        key = self._find_key()
        if not key.value:
            raise ApiKeyError(
                "no API key: pass OpenMonetize(api_key=...), set config.api_key['bearerAuth'], or the environment "
                f"variable {API_KEY_VARIABLE}"
            )
        if not _can_be_sent(key.value):
            key = Secret(key.value.strip() if isinstance(key.value, str) else "", key.source)
            if not _can_be_sent(key.value):
                raise ApiKeyError(f"the API key {_why_not_sent(key)}; copy it again, without blanks")
        if not self.allow_http and self._host.startswith("http:"):
            if self._plain_http:
                raise ApiKeyError(
                    f"refusing to send the API key in clear text to {self._host}: use https://, or allow_http=True"
                )
            if self._proxy.value:
                raise ApiKeyError(
                    f"refusing to send the API key for {self._host} in clear text to a proxy: leave the proxy out, or "
                    "use allow_http=True"
                )
        return key

    def _find_key(self) -> Secret:
        for name in API_KEY_NAMES:
            if self._api_key.get(name):
                return Secret(self._api_key[name], f"api_key[{name!r}]")
        if self._access_token.value:
            return Secret(self._access_token.value, "access_token")
        return Secret(os.environ.get(API_KEY_VARIABLE), API_KEY_VARIABLE)

    def account_mark(self) -> object:
        """Return something that is unequal to what this returned before the host or the key was set anew.

        It reveals neither. A key of the environment is not looked at, because this is asked for every recorded event.
        """
        return self._host, self._api_key, self._api_key.changes, self._access_token

    def account_fingerprint(self) -> str:
        """Return a short digest that identifies the key without revealing it."""
        return fingerprint_of(self.secret())

    def get_host_settings(self) -> list[dict[str, Any]]:
        """Return the servers of the contract, for ``_host_index``."""
        return [dict(server) for server in SERVERS]

    def get_host_from_settings(self, index: int) -> str:
        """Return the URL of server number ``index`` of the contract.

        Raises:
            ApiValueError: there is no such server.
        """
        servers = self.get_host_settings()
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(servers):
            raise ApiValueError(f"_host_index must be 0 to {len(servers) - 1}, not {index!r}")
        return str(servers[index]["url"])

    @classmethod
    def set_default(cls, default: Configuration | None) -> None:
        """Make a copy of ``default`` the configuration of an ``ApiClient()`` without arguments."""
        if default is not None:
            require("default", default, Configuration, "a Configuration")
        cls._default = copy.deepcopy(default)

    @classmethod
    def get_default(cls) -> Configuration:
        """Return the default configuration, or a new one if none was set."""
        if cls._default is None:
            cls._default = cls()
        return cls._default

    @classmethod
    def get_default_copy(cls) -> Configuration:
        """Return a copy of the default configuration."""
        return copy.deepcopy(cls.get_default())

    def __copy__(self) -> Configuration:
        return copy.deepcopy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Configuration:
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        twin.__dict__.update(self.__dict__)
        twin._api_key = Secrets(self._api_key)
        twin._access_token = Secret(self._access_token)
        return twin

    def __reduce__(self) -> Any:
        raise ApiValueError(
            "a Configuration holds an API key and is not pickled: build one in the other process, "
            f"with the key from {API_KEY_VARIABLE}"
        )

    def __repr__(self) -> str:
        shown = {"host": vars(self).get("_host"), "api_key": vars(self).get("_api_key")}  # it may be half made
        return f"Configuration({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def fingerprint_of(key: str | Secret) -> str:
    """Return a short digest that identifies a key without revealing it."""
    import hashlib

    return hashlib.sha256(Secret(key).value.encode()).hexdigest()[:16]


def _can_be_sent(key: Any) -> bool:
    return isinstance(key, str) and key.isascii() and key.isprintable() and key[:1] not in _QUOTES and " " not in key


def _why_not_sent(key: Secret) -> str:
    if not key.value:
        return "is not a text"
    if key.value.lower().startswith("bearer "):
        return "begins with 'Bearer', which is added to it"
    return "has quotes around it" if key.value[:1] in _QUOTES else "has characters that cannot be sent"


def seconds(name: str, value: Any) -> float:
    """Return a time-out in seconds; raise `ApiValueError` if it is not one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= MAX_TIMEOUT:
        raise ApiValueError(f"{name} must be a number of seconds, above 0 and at most {MAX_TIMEOUT}, not {value!r}")
    return value


def _count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ApiValueError(f"{name} must be a whole number, 1 or more, not {value!r}")


def _text(name: str, value: Any) -> None:
    value = Secret(value)
    if value.value is not None and not isinstance(value.value, str):
        raise ApiTypeError(f"{name} must be a str, not {described(value.value)}")


def _headers(name: str, value: Any) -> None:
    value = Secret(value)
    if value.value is not None and not isinstance(value.value, Mapping):
        raise ApiTypeError(f"{name} must be a dict of headers, not {described(value.value)}")


def _path(name: str, value: Any) -> None:
    if value is not None:
        require(name, value, (str, os.PathLike), "the path of a file")


def _flag(name: str, value: Any) -> None:
    if isinstance(value, str) or value not in (True, False):
        raise ApiTypeError(f"{name} must be True or False, not {value!r}")


_SETTINGS = tuple(inspect.signature(Configuration.__init__).parameters)[1:]

_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "allow_http": _flag,
    "debug": _flag,
    "verify_ssl": _flag,
    "id_namespace": _text,
    "ssl_ca_cert": _path,
    "cert_file": _path,
    "key_file": _path,
    "proxy": _text,
    "proxy_headers": _headers,
    "timeout": seconds,
    "connect_timeout": seconds,
    "read_timeout": seconds,
    "max_response_bytes": _count,
    "connection_pool_maxsize": _count,
}


def _secure(url: str) -> bool | None:
    """Return whether a key may be sent to ``url`` (TLS or loopback), or None if it is not a usable URL."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises if it is not a number
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not _AUTHORITY.fullmatch(parts.netloc):
        return None
    if not (url.isascii() and url.isprintable()) or any(sign in url for sign in " ?#\\"):
        return None
    return parts.scheme == "https" or is_loopback(url)


def is_loopback(url: str) -> bool:
    """Return whether a URL's host is this machine."""
    return _LOOPBACK.fullmatch(urlsplit(url).hostname or "") is not None
