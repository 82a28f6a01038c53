"""The transport: sends one request over urllib3 and returns its answer.

There is one pool per client and host. Redirects are not followed and nothing is retried here; a total deadline and a
limit on the answer's size apply. Every failure is raised as an :class:`~openmonetize.exceptions.ApiException`.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
    TimeoutError as Urllib3TimeoutError,
)
from urllib3.util import create_urllib3_context, parse_url

from openmonetize._fork import ProcessMark
from openmonetize._http.configuration import Configuration
from openmonetize._http.connection import CURRENT, TimedHTTPConnectionPool, TimedHTTPSConnectionPool
from openmonetize._http.redaction import Redactor, redacted
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
                raise self._broken(error) from None
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
            raise self._broken(error) from None
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


class RESTClient:
    """Sends requests through pooled connections, with one pool per host."""

    __module__ = "openmonetize.rest"

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._lock = threading.RLock()  # a signal handler or a finalizer may call within a call
        self._pools: dict[str, tuple[Any, str]] = {}
        self._tls: ssl.SSLContext | None = None
        self._mark = ProcessMark()

    def request(
        self,
        method: str,
        host: str,
        target: str,
        *,
        headers: Mapping[str, str],
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
            self._pools, self._lock, self._mark = {}, threading.RLock(), ProcessMark()
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise ApiTimeoutError(None, "the call's deadline ran out", request_id=request_id)
            pool, prefix = self._new_pool(host, 1) if fresh else (self._pools.get(host) or self._pool(host))
            CURRENT.begin(deadline, read_timeout)
            try:
                response = pool.urlopen(
                    method,
                    prefix + target,
                    body=body,
                    headers={**headers, "Connection": "close"} if fresh else headers,
                    retries=False,
                    redirect=False,
                    timeout=_timeout(min(connect_timeout, remaining), min(read_timeout, remaining)),
                    preload_content=False,
                    assert_same_host=False,
                )
            except (HTTPError, OSError) as error:
                failure = _failure(host, error, request_id)
                if not (CURRENT.reused and isinstance(failure, ApiConnectionError)):
                    raise failure from None
                # The server had closed the pooled connection, which is not a failure of this request.
                fresh = True
            else:
                limit = self._configuration.max_response_bytes
                sent = {**headers, **pool.proxy_headers} if pool.proxy_headers else headers
                return RESTResponse(response, limit, request_id, Redactor(sent))

    def close(self) -> None:
        """Close all connections. The next request opens new ones."""
        with self._lock:
            pools, self._pools = self._pools, {}
        if not self._mark.forked():
            for pool, _ in pools.values():
                pool.close()

    def _pool(self, host: str) -> tuple[Any, str]:
        with self._lock:
            found = self._pools.get(host)
            if found is None:
                found = self._pools[host] = self._new_pool(host, self._configuration.connection_pool_maxsize)
            return found

    def _new_pool(self, host: str, maxsize: int) -> tuple[Any, str]:
        """Return a pool for ``host``, and the prefix of its request targets."""
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
        if settings.proxy:
            try:
                proxy = parse_url(settings.proxy)
                if proxy.scheme == "https":
                    tls = {"ssl_context": self._tls_context(), **tls, "proxy_ssl_context": self._tls_context()}
                manager = urllib3.ProxyManager(
                    proxy._replace(auth=None).url,  # keeps the password out of urllib3's errors
                    maxsize=maxsize,
                    proxy_headers=_proxy_headers(proxy.auth, settings.proxy_headers),
                    **tls,
                )
                manager.pool_classes_by_scheme = _POOLS
                pool: Any = manager.connection_from_url(host)
            except (LocationValueError, HTTPError, UnicodeError):
                raise ApiValueError("proxy must be a URL such as 'http://proxy.example:3128'") from None
            prefix = host if parts.scheme == "http" else parts.path
            return pool, prefix
        return _POOLS[parts.scheme](parts.hostname or "", parts.port, maxsize=maxsize, **tls), parts.path

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


def _proxy_headers(auth: str | None, given: Mapping[str, str] | None) -> dict[str, str]:
    """Return the headers for a proxy, with the user and password of its URL in one of them."""
    headers = urllib3.HTTPHeaderDict(urllib3.make_headers(proxy_basic_auth=unquote(auth)) if auth else {})
    headers.update(given or {})
    return dict(headers)


@lru_cache(maxsize=16)
def _timeout(connect: float, read: float) -> urllib3.Timeout:
    return urllib3.Timeout(connect=connect, read=read)


def _failure(host: str, error: Exception, request_id: str | None) -> ApiException:
    """Return the `ApiException` for an error of urllib3."""
    cause = error.args[-1] if isinstance(error, ProtocolError) else error
    kind: type[ApiException] = ApiConnectionError
    if isinstance(error, NewConnectionError):
        reason = f"cannot connect to {host}"
    elif isinstance(error, ConnectTimeoutError):
        kind, reason = ApiTimeoutError, f"timed out connecting to {host}"
    elif isinstance(error, Urllib3TimeoutError) or isinstance(cause, socket.timeout):
        kind, reason = ApiTimeoutError, f"timed out waiting for an answer of {host}"
    elif isinstance(error, SSLError):
        reason = f"no trusted TLS connection to {host}: {type(error).__name__}"
    elif isinstance(error, ProxyError):
        reason = f"cannot reach {host} through the proxy"
    else:
        reason = f"the connection to {host} broke ({type(cause).__name__})"
    return kind(None, reason, request_id=request_id)
