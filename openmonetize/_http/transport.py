"""The transport: sends one request over urllib3 and returns its answer.

There is one pool per client and host. Redirects are not followed and nothing is retried here; a total deadline and a
limit on the answer's size apply. Every failure is raised as an :class:`~openmonetize.exceptions.ApiException`.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, cast
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
    TimeoutError as Urllib3TimeoutError,
)
from urllib3.util import create_urllib3_context, parse_url

from openmonetize._fork import ProcessMark
from openmonetize._http.configuration import Configuration, is_loopback
from openmonetize._http.connection import CURRENT, TimedHTTPConnectionPool, TimedHTTPSConnectionPool
from openmonetize._http.redaction import Redactor, Secret, redacted
from openmonetize.exceptions import (
    ApiConnectionError,
    ApiException,
    ApiTimeoutError,
    ApiValueError,
    UnexpectedBodyError,
)

_CHUNK_SIZE = 65536
# Raised while reading from a broken connection, or from a server that does not speak HTTP.
_READ_ERRORS = (HTTPError, OSError, ValueError)
# What OpenSSL calls an answer in clear text.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
_CLOSE = {"Connection": "close"}
_POOLS = {"http": TimedHTTPConnectionPool, "https": TimedHTTPSConnectionPool}


class RESTResponse:
    """An answer: status and headers, and the body once it is read.

    Attributes:
        status: the HTTP status.
        reason: the reason phrase.
        headers: case-insensitive headers.
        redact: masks the request's key in a text.
    """

    __module__ = "openmonetize.rest"

    def __init__(self, response: Any, limit: int, request_id: str | None, redact: Redactor) -> None:
        self._response = response
        self._limit = limit
        self.redact = redact
        self._data: bytes | None = None
        self.status: int = response.status
        self.reason: str = response.reason or ""
        self.headers: Mapping[str, str] = response.headers
        self._request_id = request_id

    @property
    def request_id(self) -> str | None:
        """The request's id in the server's log."""
        return self.headers.get("x-request-id") or self._request_id

    @property
    def data(self) -> bytes:
        """The whole body. It is read once and kept."""
        return self.read()

    def read(self) -> bytes:
        """Read the whole body, decompressed.

        Raises:
            UnexpectedBodyError: it is larger than the limit, or cannot be decompressed.
            ApiTimeoutError: the call's deadline ran out.
            ApiConnectionError: the connection broke.
        """
        data = self._data
        if data is None:
            try:
                data = self._response.read(None if self._fits_by_length() else self._limit + 1)
            except _READ_ERRORS as error:
                raise self._broken(error) from without_frames(error)
            finally:
                self._close_unless_read()
            self._check(len(data))
            self._data = data
        return data

    def stream(self) -> Iterator[bytes]:
        """Read the body in chunks. Raises the same errors as :meth:`read`."""
        size = 0
        try:
            while True:
                chunk = self._response.read1(_CHUNK_SIZE)
                if not chunk:  # end of the message; urllib3 has returned the connection to its pool
                    return
                size += len(chunk)
                self._check(size)
                yield chunk
        except _READ_ERRORS as error:
            raise self._broken(error) from without_frames(error)
        finally:
            self._close_unless_read()

    def _fits_by_length(self) -> bool:
        """Return whether the body has a known size within the limit and can be read in one call."""
        length = self._response.length_remaining
        return length is not None and length <= self._limit and "Content-Encoding" not in self.headers

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise self.failure(UnexpectedBodyError, f"the answer is larger than {self._limit} bytes")

    def _close_unless_read(self) -> None:
        """Close the connection if the answer was not read to its end: it cannot be reused."""
        if not self._response.closed:
            self.close()

    def _broken(self, error: Exception) -> ApiException:
        if isinstance(error, ReadTimeoutError):
            return self.failure(ApiTimeoutError, "timed out while reading the answer")
        if isinstance(error, DecodeError):
            return self.failure(UnexpectedBodyError, "the answer cannot be decompressed")
        reason = f"the connection broke while reading the answer ({type(error).__name__})"
        return self.failure(ApiConnectionError, reason)

    def failure(self, kind: type[ApiException], reason: str, text: str | None = None) -> ApiException:
        """Return an error with this answer's details, with the request's keys masked.

        Args:
            kind: the class of the error.
            reason: what is wrong with the answer.
            text: its body.
        """
        incomplete = issubclass(kind, (ApiConnectionError, ApiTimeoutError))
        return kind(
            None if incomplete else self.status,
            self.redact(reason),
            body=None if text is None else self.redact(text),
            headers=redacted(self.headers, self.redact),
            request_id=self.redact(self.request_id or ""),
        )

    def getheaders(self) -> Mapping[str, str]:
        """Return all headers."""
        return self.headers

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """Return one header, regardless of case."""
        return self.headers.get(name, default)

    def close(self) -> None:
        """Close the connection without reading the rest."""
        self._response.close()
        self._response.release_conn()


class _Route(NamedTuple):
    """How a host is reached.

    Attributes:
        pool: the connections.
        prefix: what the target of each request begins with.
        headers: for a proxy that gets the requests themselves.
    """

    pool: Any
    prefix: str
    headers: Mapping[str, Secret]


class RESTClient:
    """Sends requests through pooled connections, with one pool per host."""

    __module__ = "openmonetize.rest"

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._lock = threading.RLock()  # a signal handler or a finalizer may call within a call
        self._routes: dict[str, _Route] = {}
        self._tls: ssl.SSLContext | None = None
        self._changes = configuration.connection_changes
        self._mark = ProcessMark()

    def request(
        self,
        method: str,
        host: str,
        target: str,
        *,
        headers: Mapping[str, str | Secret],
        body: bytes | None,
        deadline: float,
        connect_timeout: float,
        read_timeout: float,
        fresh: bool = False,
        request_id: str | None = None,
    ) -> RESTResponse:
        """Send one request, once.

        Args:
            method: the verb.
            host: base URL.
            target: path and query, quoted.
            headers: all headers to send.
            body: the body's bytes.
            deadline: monotonic time by which the call must end.
            connect_timeout: seconds.
            read_timeout: seconds between bytes.
            fresh: use a new connection. The server may have just closed a pooled one, which a request that must not
                be repeated cannot find out by sending again.
            request_id: the request's id, for error messages.

        Raises:
            ApiConnectionError, ApiTimeoutError: no answer was received.
        """
        if self._mark.forked():  # a forked child must not write to its parent's sockets, nor wait for its locks
            self._routes, self._lock, self._mark = {}, threading.RLock(), ProcessMark()
        if self._changes != self._configuration.connection_changes:
            self._changes, self._tls = self._configuration.connection_changes, None
            self.close()
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise ApiTimeoutError(None, "the call's deadline ran out", request_id=request_id)
            route = self._new_route(host, 1) if fresh else (self._routes.get(host) or self._route(host))
            if fresh or route.headers:
                headers = {**headers, **route.headers, **(_CLOSE if fresh else {})}
            CURRENT.begin(deadline, read_timeout)
            try:
                response = route.pool.urlopen(
                    method,
                    route.prefix + target,
                    body=body,
                    headers=headers,
                    retries=False,
                    redirect=False,
                    timeout=_timeout(min(connect_timeout, remaining), min(read_timeout, remaining)),
                    preload_content=False,
                    assert_same_host=False,
                )
            except (HTTPError, OSError) as error:
                failure = _failure(host, error, request_id)
                if not (CURRENT.reused and isinstance(failure, ApiConnectionError)):
                    raise failure from without_frames(error)
                # The server had closed the pooled connection, which is not a failure of this request.
                fresh = True
            else:
                limit = self._configuration.max_response_bytes
                return RESTResponse(response, limit, request_id, Redactor(headers, route.pool.proxy_headers or {}))

    def close(self) -> None:
        """Close all connections. The next request opens new ones."""
        with self._lock:
            routes, self._routes = self._routes, {}
        if not self._mark.forked():
            for route in routes.values():
                route.pool.close()

    def _route(self, host: str) -> _Route:
        with self._lock:
            found = self._routes.get(host)
            if found is None:
                found = self._routes[host] = self._new_route(host, self._configuration.connection_pool_maxsize)
            return found

    def _new_route(self, host: str, maxsize: int) -> _Route:
        settings = self._configuration
        parts = urlsplit(host)
        tls: dict[str, Any] = {}
        if parts.scheme == "https":
            tls = {
                "ssl_context": self._tls_context(),
                "cert_file": settings.cert_file,
                "key_file": settings.key_file,
                "assert_hostname": settings.assert_hostname,
            }
            tls = {name: value for name, value in tls.items() if value is not None}
        proxy_url = Secret(proxy_of_environment(host) if settings.proxy is None else settings.proxy)
        if not proxy_url.value:
            return _Route(
                _POOLS[parts.scheme](parts.hostname or "", parts.port, maxsize=maxsize, **tls), parts.path, {}
            )
        try:
            proxy = parse_url(proxy_url.value)
            headers = _proxy_headers(proxy.auth, settings.proxy_headers)
            proxy = proxy._replace(auth=None)  # keeps the password out of urllib3's errors
            if proxy.scheme == "https":
                tls = {"ssl_context": self._tls_context(), **tls, "proxy_ssl_context": self._tls_context()}
            tunnels = parts.scheme == "https"
            manager = urllib3.ProxyManager(
                proxy.url,
                maxsize=maxsize,
                proxy_headers=cast(Any, headers if tunnels else {}),  # as text, frames of urllib3 would show them
                **tls,
            )
            manager.pool_classes_by_scheme = _POOLS
            pool = manager.connection_from_url(host)
        except (LocationValueError, HTTPError, UnicodeError) as error:
            without_frames(error)  # they show the URL with its password
            raise ApiValueError("proxy must be a URL such as 'http://proxy.example:3128'") from None
        return _Route(pool, parts.path, {}) if tunnels else _Route(pool, host, headers)

    def _tls_context(self) -> ssl.SSLContext:
        """Return the TLS context of all connections: loading the authorities takes longer than most calls."""
        if self._tls is None:
            settings = self._configuration
            context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if settings.verify_ssl else ssl.CERT_NONE)
            if settings.ssl_ca_cert is not None:
                try:
                    context.load_verify_locations(settings.ssl_ca_cert)
                except OSError as error:
                    raise ApiValueError(f"ssl_ca_cert {settings.ssl_ca_cert!r} cannot be used: {error}") from None
            else:
                context.load_default_certs()
            self._tls = context
        return self._tls


def _proxy_headers(auth: str | None, given: Mapping[str, str] | None) -> dict[str, Secret]:
    """Return the headers for a proxy, with the user and password of its URL in one of them."""
    headers = urllib3.HTTPHeaderDict(urllib3.make_headers(proxy_basic_auth=unquote(auth)) if auth else {})
    headers.update(given or {})
    return {name: Secret(value) for name, value in headers.items()}


def proxy_of_environment(host: str) -> str | None:
    """Return the proxy that the environment names for a host, by the rules of the standard library.

    Loopback is never reached through one, also where ``NO_PROXY`` does not say so.
    """
    if is_loopback(host) or not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib import request  # late: it takes long to import

    parts, proxies = urlsplit(host), request.getproxies_environment()
    if request.proxy_bypass_environment(parts.netloc, proxies):  # type: ignore[attr-defined]
        return None
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


@lru_cache(maxsize=16)
def _timeout(connect: float, read: float) -> urllib3.Timeout:
    return urllib3.Timeout(connect=connect, read=read)


def without_frames(error: BaseException) -> BaseException:
    """Return an error, and what caused it, without the frames of urllib3 and http.client, which hold the request."""
    seen: list[BaseException] = []
    rest: list[Any] = [error]
    while rest:
        one = rest.pop()
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            one.__traceback__ = None
            rest += [one.__cause__, one.__context__, *one.args]
    return error


def _failure(host: str, error: Exception, request_id: str | None) -> ApiException:
    """Return the `ApiException` for an error of urllib3."""
    cause = error.args[-1] if isinstance(error, ProtocolError) else error
    kind: type[ApiException] = ApiConnectionError
    if isinstance(error, NewConnectionError):
        reason = f"cannot connect to {host}: {_why_not_connected(error)}"
    elif isinstance(error, ConnectTimeoutError):
        kind, reason = ApiTimeoutError, f"timed out connecting to {host}"
    elif isinstance(error, Urllib3TimeoutError) or isinstance(cause, socket.timeout):
        kind, reason = ApiTimeoutError, f"timed out waiting for an answer of {host}"
    elif isinstance(error, SSLError):
        reason = f"no trusted TLS connection to {host}: {_why_not_trusted(error)}"
    elif isinstance(error, ProxyError):
        reason = f"cannot reach {host} through the proxy: {_in_words(error.original_error)}"
    else:
        reason = f"the connection to {host} broke: {_in_words(cause)}"
    if isinstance(_system_error(error), ConnectionRefusedError) and is_loopback(host):
        reason += "; is the sandbox running?"
    return kind(None, reason, request_id=request_id)


def _why_not_connected(error: NewConnectionError) -> str:
    if isinstance(error, NameResolutionError):
        return "there is no such host, or no answer from the name servers"
    return _in_words(error)


def _why_not_trusted(error: SSLError) -> str:
    """Return the reason in OpenSSL's words, such as "certificate has expired"."""
    for cause in (*error.args, error.__cause__):
        message = getattr(cause, "verify_message", None)
        if message:
            return str(message)
        if getattr(cause, "reason", None) in _NOT_TLS:
            return "it does not answer in TLS; is its address http:// instead of https://?"
    return _in_words(error)


def _in_words(error: BaseException) -> str:
    """Return what went wrong, without the addresses and objects that urllib3 adds."""
    system = _system_error(error)
    if system is not None and system.strerror:
        return system.strerror[0].lower() + system.strerror[1:]
    return str(error) if isinstance(error, (ssl.SSLError, OSError)) and str(error) else type(error).__name__


def _system_error(error: BaseException | None) -> OSError | None:
    """Return the error of the operating system, or of OpenSSL, among an error and its causes."""
    for _ in range(5):
        if error is None or isinstance(error, OSError):
            return error
        error = error.__cause__ or error.__context__
    return None
